//! A change of a domain's settings: what is not named stays.

use super::{DomainSettings, Header, Hsts, IpRange, RateLimit, Redirect, Upstream};
use crate::domain_name::PathPrefix;
use serde::{Deserialize, Deserializer, Serialize};

/// A user who may come in. Without a password the one that is kept stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetLogin {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// What is to be changed at a domain. A field that is not there stays as it is; `null` takes a setting away.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ChangeDomain {
    /// Another port of the same instances; the service's own when null.
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u16>))]
    pub port: Option<Option<u16>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub https_redirect: Option<bool>,
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Hsts>))]
    pub hsts: Option<Option<Hsts>>,
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Redirect>))]
    pub redirect: Option<Option<Redirect>>,
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<PathPrefix>))]
    pub forwarded_path: Option<Option<PathPrefix>>,
    /// All users who may come in; nobody is asked when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logins: Option<Vec<SetLogin>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allow: Option<Vec<IpRange>>,
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<RateLimit>))]
    pub rate_limit: Option<Option<RateLimit>>,
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<u64>))]
    pub max_body_bytes: Option<Option<u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compress: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_headers: Option<Vec<Header>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_headers: Option<Vec<Header>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sticky: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Upstream>,
    #[serde(deserialize_with = "named", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub page: Option<Option<String>>,
}

/// Tells `null` from a field that is not there.
fn named<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    T::deserialize(from).map(Some)
}

impl ChangeDomain {
    /// The settings with this change.
    pub fn onto(self, old: DomainSettings) -> DomainSettings {
        let names = |logins: Vec<SetLogin>| logins.into_iter().map(|login| login.name).collect();
        DomainSettings {
            https_redirect: self.https_redirect.unwrap_or(old.https_redirect),
            hsts: self.hsts.unwrap_or(old.hsts),
            redirect: self.redirect.unwrap_or(old.redirect),
            forwarded_path: self.forwarded_path.unwrap_or(old.forwarded_path),
            logins: self.logins.map_or(old.logins, names),
            allow: self.allow.unwrap_or(old.allow),
            rate_limit: self.rate_limit.unwrap_or(old.rate_limit),
            max_body_bytes: self.max_body_bytes.unwrap_or(old.max_body_bytes),
            compress: self.compress.unwrap_or(old.compress),
            request_headers: self.request_headers.unwrap_or(old.request_headers),
            response_headers: self.response_headers.unwrap_or(old.response_headers),
            sticky: self.sticky.unwrap_or(old.sticky),
            upstream: self.upstream.unwrap_or(old.upstream),
            page: self.page.unwrap_or(old.page),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_named_stays_and_null_takes_away() {
        let read = |text: &str| serde_json::from_str::<ChangeDomain>(text);
        let old = DomainSettings {
            compress: true,
            max_body_bytes: Some(7),
            forwarded_path: Some(PathPrefix::root()),
            ..DomainSettings::default()
        };
        let change = read(r#"{"max_body_bytes":null,"sticky":true,"logins":[{"name":"a"}]}"#).unwrap();
        assert_eq!(change.port, None);
        let new = change.onto(old.clone());
        let wanted =
            DomainSettings { max_body_bytes: None, sticky: true, logins: vec!["a".into()], ..old.clone() };
        assert_eq!(new, wanted);
        assert_eq!(read(r#"{"port":null}"#).unwrap().port, Some(None));
        assert_eq!(read("{}").unwrap().onto(old.clone()), old);
        assert!(read(r#"{"stickky":true}"#).is_err());
    }
}
