//! What a domain does with its requests, as fields.

use super::{
    invalid, optional,
    settings::{number, port, scaled, shown},
    text_area,
};
use crate::api::PanelError;
use berth_domain::{
    domain_name::DomainView,
    domain_settings::{ChangeDomain, Header, Hsts, IpRange, RateLimit, Redirect},
};
use serde::{Deserialize, Serialize};

const DAY: f64 = 86_400.0;
const MIB: f64 = 1_048_576.0;

/// All settings but the users, who have a form of their own.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DomainForm {
    pub port: String,
    /// Anything here: yes. So are the others of its kind.
    pub https_redirect: String,
    /// Days; empty for none.
    pub hsts_days: String,
    pub hsts_subdomains: String,
    pub hsts_preload: String,
    pub redirect_to: String,
    pub redirect_permanent: String,
    pub redirect_keep_path: String,
    pub forwarded_path: String,
    /// An address or network in each line.
    pub allow: String,
    pub rate_average: String,
    pub rate_period: String,
    pub rate_burst: String,
    pub max_body_mib: String,
    pub compress: String,
    /// `Name: value` in each line.
    pub request_headers: String,
    pub response_headers: String,
    pub sticky: String,
    pub upstream: String,
    pub page: String,
}

impl DomainForm {
    /// The fields of a domain.
    pub fn of(domain: &DomainView) -> Self {
        let settings = domain.settings.clone();
        let yes = |on: bool| if on { "true".to_owned() } else { String::new() };
        let hsts = settings.hsts.as_ref();
        let (redirect, rate) = (settings.redirect.as_ref(), settings.rate_limit.as_ref());
        let allow: Vec<_> = settings.allow.iter().map(ToString::to_string).collect();
        Self {
            port: shown(domain.port),
            https_redirect: yes(settings.https_redirect),
            hsts_days: shown(hsts.map(|hsts| f64::from(hsts.max_age_s) / DAY)),
            hsts_subdomains: yes(hsts.is_some_and(|hsts| hsts.include_subdomains)),
            hsts_preload: yes(hsts.is_some_and(|hsts| hsts.preload)),
            redirect_to: redirect.map(|redirect| redirect.to.clone()).unwrap_or_default(),
            redirect_permanent: yes(redirect.is_some_and(|redirect| redirect.permanent)),
            redirect_keep_path: yes(redirect.is_none_or(|redirect| redirect.keep_path)),
            forwarded_path: shown(settings.forwarded_path),
            allow: allow.join("\n"),
            rate_average: shown(rate.map(|rate| rate.average)),
            rate_period: shown(rate.map(|rate| rate.period_s)),
            rate_burst: shown(rate.map(|rate| rate.burst)),
            max_body_mib: shown(settings.max_body_bytes.map(|bytes| bytes as f64 / MIB)),
            compress: yes(settings.compress),
            request_headers: header_lines(&settings.request_headers),
            response_headers: header_lines(&settings.response_headers),
            sticky: yes(settings.sticky),
            upstream: settings.upstream.to_string(),
            page: settings.page.unwrap_or_default(),
        }
    }

    /// What was typed.
    pub fn change(&self) -> Result<ChangeDomain, PanelError> {
        let yes = |text: &str| Some(!text.is_empty());
        let forwarded_path = match optional(&self.forwarded_path) {
            Some(text) => Some(text.parse().map_err(|why: String| invalid("forwarded_path", why))?),
            None => None,
        };
        let allow = text_area(&self.allow);
        let allow = allow.lines().filter_map(optional).map(str::parse::<IpRange>);
        let allow = allow.collect::<Result<Vec<_>, _>>().map_err(|why| invalid("allow", why))?;
        Ok(ChangeDomain {
            port: Some(port(&self.port)?),
            https_redirect: yes(&self.https_redirect),
            hsts: Some(self.hsts()?),
            redirect: Some(self.redirect()),
            forwarded_path: Some(forwarded_path),
            logins: None,
            allow: Some(allow),
            rate_limit: Some(self.rate_limit()?),
            max_body_bytes: Some(self.max_body_bytes()?),
            compress: yes(&self.compress),
            request_headers: Some(read_headers("request_headers", &self.request_headers)?),
            response_headers: Some(read_headers("response_headers", &self.response_headers)?),
            sticky: yes(&self.sticky),
            upstream: Some(self.upstream.parse().map_err(|why: String| invalid("upstream", why))?),
            page: Some(optional(&self.page).map(text_area)),
        })
    }

    fn hsts(&self) -> Result<Option<Hsts>, PanelError> {
        let Some(days) = optional(&self.hsts_days) else { return Ok(None) };
        Ok(Some(Hsts {
            max_age_s: scaled("hsts_days", days, DAY)?,
            include_subdomains: !self.hsts_subdomains.is_empty(),
            preload: !self.hsts_preload.is_empty(),
        }))
    }

    fn redirect(&self) -> Option<Redirect> {
        optional(&self.redirect_to).map(|to| Redirect {
            to: to.to_owned(),
            permanent: !self.redirect_permanent.is_empty(),
            keep_path: !self.redirect_keep_path.is_empty(),
        })
    }

    fn rate_limit(&self) -> Result<Option<RateLimit>, PanelError> {
        let Some(average) = optional(&self.rate_average) else { return Ok(None) };
        let average = number("rate_average", average)?;
        let period_s = optional(&self.rate_period).map_or(Ok(1), |text| number("rate_period", text))?;
        let burst = optional(&self.rate_burst).map_or(Ok(average), |text| number("rate_burst", text))?;
        Ok(Some(RateLimit { average, period_s, burst }))
    }

    fn max_body_bytes(&self) -> Result<Option<u64>, PanelError> {
        let Some(text) = optional(&self.max_body_mib) else { return Ok(None) };
        let wrong = || invalid("max_body_mib", format!("{text:?} is no size in MiB."));
        let mib: f64 = text.parse().map_err(|_| wrong())?;
        match (0.0..=1_000_000.0).contains(&mib) {
            true => Ok(Some((mib * MIB).round() as u64)),
            false => Err(wrong()),
        }
    }
}

/// The form's name for a field of a change.
pub fn form_field(field: &str) -> &str {
    match field {
        "hsts.max_age_s" => "hsts_days",
        "hsts.preload" => "hsts_preload",
        "redirect.to" => "redirect_to",
        "rate_limit.average" => "rate_average",
        "rate_limit.period_s" => "rate_period",
        "rate_limit.burst" => "rate_burst",
        "max_body_bytes" => "max_body_mib",
        other => other,
    }
}

fn header_lines(headers: &[Header]) -> String {
    let lines: Vec<_> = headers.iter().map(|header| format!("{}: {}", header.name, header.value)).collect();
    lines.join("\n")
}

fn read_headers(field: &str, text: &str) -> Result<Vec<Header>, PanelError> {
    let line = |line: &str| {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| invalid(field, format!("{line:?} is no header such as X-Frame-Options: DENY.")))?;
        Ok(Header { name: name.trim().to_owned(), value: value.trim().to_owned() })
    };
    text_area(text).lines().filter_map(optional).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::{domain_settings::DomainSettings, ids::DomainId};

    fn domain(settings: DomainSettings) -> DomainView {
        DomainView {
            certificate: None,
            passwords_gone: false,
            id: DomainId(uuid::Uuid::nil()),
            host: "a.test".parse().unwrap(),
            path: Default::default(),
            port: Some(9_000),
            default: false,
            url: "http://a.test".into(),
            settings,
            created_at: Default::default(),
        }
    }

    #[test]
    fn settings_survive_their_form() {
        let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
        let settings = DomainSettings {
            https_redirect: false,
            hsts: Some(Hsts { max_age_s: 31_536_000, include_subdomains: true, preload: true }),
            redirect: Some(Redirect { to: "https://b.test".into(), permanent: true, keep_path: false }),
            forwarded_path: Some("/v2".parse().unwrap()),
            allow: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            rate_limit: Some(RateLimit { average: 5, period_s: 60, burst: 9 }),
            max_body_bytes: Some(1_572_864),
            compress: true,
            request_headers: vec![header("X-A", "b: c"), header("X-Gone", "")],
            response_headers: vec![header("X-B", "{{ x }}")],
            sticky: true,
            page: Some("<h1>Hi</h1>\n".into()),
            ..DomainSettings::default()
        };
        for settings in [settings, DomainSettings::default()] {
            let change = DomainForm::of(&domain(settings.clone())).change().unwrap();
            assert_eq!(change.port, Some(Some(9_000)));
            let page = settings.page.as_deref().map(|page| page.trim().to_owned());
            assert_eq!(change.onto(DomainSettings::default()), DomainSettings { page, ..settings });
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        let form = DomainForm { upstream: "http".into(), ..DomainForm::default() };
        assert!(form.change().is_ok());
        let field = |form: DomainForm| form.change().unwrap_err().0.field.unwrap_or_default();
        assert_eq!(field(DomainForm { allow: "x".into(), ..form.clone() }), "allow");
        assert_eq!(field(DomainForm { hsts_days: "x".into(), ..form.clone() }), "hsts_days");
        assert_eq!(field(DomainForm { rate_average: "-1".into(), ..form.clone() }), "rate_average");
        assert_eq!(field(DomainForm { max_body_mib: "much".into(), ..form.clone() }), "max_body_mib");
        assert_eq!(field(DomainForm { request_headers: "x".into(), ..form }), "request_headers");
    }
}
