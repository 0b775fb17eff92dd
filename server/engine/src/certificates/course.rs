//! The authorities that are asked, one after the other: staging for what is new, the first, then the fallback.

use berth_domain::authority::AuthorityRole;

use crate::{Config, Engine, acme::Authority, store::CertificateRow};

impl Engine {
    /// Every authority that is set, in the order in which they are asked for what is not new.
    pub(super) fn authorities(&self) -> Vec<Authority> {
        authorities(self.config())
    }

    /// Whether any authority gives certificates.
    pub(super) fn orders_certificates(&self) -> bool {
        self.authorities().iter().any(|authority| authority.role != AuthorityRole::Staging)
    }

    /// The authority with this directory, or the first one for what was given before Berth knew several.
    pub(super) fn authority_at(&self, directory: Option<&str>) -> Option<Authority> {
        let mut all = self.authorities().into_iter();
        all.find(|authority| directory.is_none_or(|directory| authority.directory == directory))
    }

    /// Who is asked for a certificate, one after the other until one gives it.
    pub(super) fn course(&self, row: &CertificateRow) -> Vec<Authority> {
        course(self.authorities(), row)
    }
}

impl Authority {
    /// Whether an order is its own. Those of earlier versions of Berth name nobody, and are the first one's.
    pub(super) fn has(&self, directory: Option<&str>) -> bool {
        directory.map_or(self.role == AuthorityRole::First, |directory| directory == self.directory)
    }
}

fn authorities(config: &Config) -> Vec<Authority> {
    if config.https_port == 0 {
        return Vec::new();
    }
    let roles = [
        (AuthorityRole::First, &config.acme_directory, &config.acme_binding),
        (AuthorityRole::Fallback, &config.acme_fallback, &config.acme_fallback_binding),
        (AuthorityRole::Staging, &config.acme_staging, &None),
    ];
    let mut all: Vec<Authority> = Vec::new();
    for (role, directory, binding) in roles {
        let Some(directory) = directory.clone() else { continue };
        // What is named twice is asked once.
        if all.iter().all(|authority| authority.directory != directory) {
            all.push(Authority {
                role,
                directory,
                email: config.acme_email.clone(),
                root: config.acme_ca_root.clone(),
                binding: binding.clone(),
            });
        }
    }
    all
}

fn course(all: Vec<Authority>, row: &CertificateRow) -> Vec<Authority> {
    let staged = row.staged_at.is_some() || row.issued.is_some();
    let (staging, mut real): (Vec<_>, Vec<_>) =
        all.into_iter().partition(|authority| authority.role == AuthorityRole::Staging);
    // An order that is open is gone on with before another one is opened.
    let has = |authority: &Authority| {
        row.order.as_ref().is_some_and(|order| authority.has(order.directory.as_deref()))
    };
    real.sort_by_key(|authority| !has(authority));
    let open = real.first().is_some_and(has);
    if real.is_empty() || staged || open {
        return real;
    }
    staging.into_iter().chain(real).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::OpenOrder;

    fn all() -> Vec<Authority> {
        let mut config = Config::new("/data");
        config.https_port = 443;
        config.acme_directory = Some("first".into());
        config.acme_fallback = Some("fallback".into());
        config.acme_staging = Some("staging".into());
        authorities(&config)
    }

    fn row() -> CertificateRow {
        super::super::plan::tests::row(1, "a.example.com", berth_domain::certificate::CertificateOrigin::Acme)
    }

    fn asked(row: &CertificateRow) -> Vec<String> {
        course(all(), row).into_iter().map(|authority| authority.directory).collect()
    }

    /// R-TLS-3: what is new is tried at staging, and the fallback is the last that is asked.
    #[test]
    fn r_tls_3_staging_goes_first_for_what_is_new_and_the_fallback_goes_last() {
        assert_eq!(asked(&row()), ["staging", "first", "fallback"]);
        let staged = CertificateRow { staged_at: Some(chrono::DateTime::UNIX_EPOCH), ..row() };
        assert_eq!(asked(&staged), ["first", "fallback"]);
    }

    #[test]
    fn an_open_order_is_gone_on_with_where_it_is() {
        let at = |directory: Option<&str>| {
            let directory = directory.map(str::to_owned);
            let order = OpenOrder { directory, url: "url".into(), sealed_key: Vec::new() };
            asked(&CertificateRow { order: Some(order), ..row() })
        };
        assert_eq!(at(Some("fallback")), ["fallback", "first"]);
        assert_eq!(at(Some("staging")), ["staging", "first", "fallback"]);
        // Orders of earlier versions are the first one's.
        assert_eq!(at(None), ["first", "fallback"]);
        assert_eq!(at(Some("nobody's any more")), ["staging", "first", "fallback"]);
    }

    #[test]
    fn nobody_is_asked_twice_or_without_https() {
        let mut config = Config::new("/data");
        config.acme_directory = Some("first".into());
        assert_eq!(authorities(&config).len(), 0);
        config.https_port = 443;
        config.acme_fallback = Some("first".into());
        assert_eq!(authorities(&config).len(), 1);
    }
}
