//! Where certificates come from, as an operator sets it.

use super::{Address, address, given};
use berth_engine::{Config, config::ExternalBinding, vault::Secret};
use clap::Args;
use std::path::PathBuf;

/// Where certificates come from.
#[derive(Debug, Clone, Args)]
pub struct AcmeArgs {
    /// The ACME directory of the authority that gives certificates, or `staging`, or `off` for none
    #[arg(long, env = "BERTH_ACME_DIRECTORY", default_value = LETS_ENCRYPT)]
    pub acme_directory: String,

    /// Where the authority can write to about certificates
    #[arg(long, env = "BERTH_ACME_EMAIL")]
    pub acme_email: Option<String>,

    /// A file of roots in PEM that vouch for the authority's server, beside those of the machine
    #[arg(long, env = "BERTH_ACME_CA_ROOT")]
    pub acme_ca_root: Option<PathBuf>,

    /// The key id of an account that exists at the authority already (external account binding)
    #[arg(long, env = "BERTH_ACME_EAB_KID")]
    pub acme_eab_kid: Option<String>,

    /// The key of that account, in base64
    #[arg(long, env = "BERTH_ACME_EAB_HMAC", hide_env_values = true, value_parser = secret)]
    pub acme_eab_hmac: Option<Secret>,

    /// The directory of another authority, asked when the first one gives none for a reason that is not the domain's
    #[arg(long, env = "BERTH_ACME_FALLBACK")]
    pub acme_fallback: Option<String>,

    /// The key id of an account that exists there already
    #[arg(long, env = "BERTH_ACME_FALLBACK_EAB_KID")]
    pub acme_fallback_eab_kid: Option<String>,

    /// The key of that account, in base64
    #[arg(long, env = "BERTH_ACME_FALLBACK_EAB_HMAC", hide_env_values = true, value_parser = secret)]
    pub acme_fallback_eab_hmac: Option<Secret>,

    /// The directory at which new domains are tried before a real one is asked; `staging` for Let's Encrypt's
    #[arg(long, env = "BERTH_ACME_STAGING")]
    pub acme_staging: Option<String>,

    /// How many orders an organisation may make at an authority in three hours; Let's Encrypt allows 300
    #[arg(long, env = "BERTH_ACME_ORDERS", default_value_t = 200)]
    pub acme_orders: u32,

    /// How many first certificates of a registered domain in a week; Let's Encrypt allows 50
    #[arg(long, env = "BERTH_ACME_DOMAIN_ORDERS", default_value_t = 40)]
    pub acme_domain_orders: u32,

    /// A program of yours that puts proofs into zones of the DNS: POST <this>/set-txt and /clear-txt
    #[arg(long, env = "BERTH_DNS_WEBHOOK")]
    pub dns_webhook: Option<String>,

    /// The port at which the authority looks for proofs; 80 for every public one
    #[arg(long, env = "BERTH_ACME_HTTP_PORT", default_value_t = 80)]
    pub acme_http_port: u16,

    /// The name server that is asked about domains, such as 9.9.9.9:53; the machine's own when unset
    #[arg(long, env = "BERTH_RESOLVER", default_value = "", value_parser = address)]
    pub resolver: Address,
}

/// The directories of Let's Encrypt.
const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

impl AcmeArgs {
    /// What is set, put over a configuration.
    pub(super) fn over(&self, config: Config) -> Config {
        let second = |text: &Option<String>| text.as_deref().and_then(directory);
        Config {
            acme_directory: directory(&self.acme_directory),
            acme_email: given(&self.acme_email),
            acme_ca_root: self.acme_ca_root.clone().filter(|path| !path.as_os_str().is_empty()),
            acme_binding: binding(&self.acme_eab_kid, &self.acme_eab_hmac),
            acme_fallback: second(&self.acme_fallback),
            acme_fallback_binding: binding(&self.acme_fallback_eab_kid, &self.acme_fallback_eab_hmac),
            acme_staging: second(&self.acme_staging),
            acme_orders: self.acme_orders.max(1),
            acme_domain_orders: self.acme_domain_orders.max(1),
            dns_webhook: given(&self.dns_webhook),
            acme_http_port: self.acme_http_port,
            resolver: self.resolver.0,
            ..config
        }
    }
}

/// The address of a directory; none when nothing is to be asked.
fn directory(text: &str) -> Option<String> {
    match text.trim() {
        "" | "off" => None,
        "staging" => Some(LETS_ENCRYPT_STAGING.to_owned()),
        url => Some(url.to_owned()),
    }
}

fn binding(key_id: &Option<String>, hmac: &Option<Secret>) -> Option<ExternalBinding> {
    let hmac = hmac.clone().filter(|hmac| !hmac.is_empty())?;
    Some(ExternalBinding { key_id: given(key_id)?, hmac })
}

fn secret(text: &str) -> Result<Secret, String> {
    Ok(Secret::new(text.trim()))
}

#[cfg(test)]
mod tests {
    use super::{super::tests::read, *};

    #[test]
    fn no_authority_is_asked_where_that_is_said() {
        assert_eq!(read(&[]).acme_directory.as_deref(), Some(LETS_ENCRYPT));
        assert_eq!(read(&["--acme-directory", ""]).acme_directory, None);
        let staging = read(&["--acme-directory", "staging"]).acme_directory;
        assert_eq!(staging.as_deref(), Some(LETS_ENCRYPT_STAGING));
        assert!(read(&["--acme-eab-kid", "k", "--acme-eab-hmac", "aGk"]).acme_binding.is_some());
        let shown = format!("{:?}", read(&["--acme-eab-kid", "k", "--acme-eab-hmac", "aGk"]));
        assert!(!shown.contains("aGk"), "{shown}");
    }

    #[test]
    fn another_authority_and_staging_are_only_asked_where_that_is_set() {
        let none = read(&["--acme-fallback", "", "--acme-staging", "off"]);
        assert_eq!((none.acme_fallback, none.acme_staging), (None, None));
        let key = ["--acme-fallback-eab-kid", "k", "--acme-fallback-eab-hmac", "aGk"];
        let both = [&["--acme-fallback", "https://ca.example/dir", "--acme-staging", "staging"], &key[..]];
        let set = read(&both.concat());
        assert_eq!(set.acme_fallback.as_deref(), Some("https://ca.example/dir"));
        assert_eq!(set.acme_staging.as_deref(), Some(LETS_ENCRYPT_STAGING));
        assert!(set.acme_fallback_binding.is_some() && set.acme_binding.is_none());
    }
}
