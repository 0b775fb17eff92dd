//! What opens the door at whoever keeps a zone, as it is sealed in the store.

use berth_domain::zone::{KeepZone, TsigAlgorithm};
use serde::Deserialize;
use serde_json::json;

use crate::vault::Secret;

/// What opens the door at whoever keeps a zone.
pub(crate) struct Access {
    pub token: Secret,
    pub key_name: String,
    pub consumer_key: Secret,
    pub server: String,
    pub algorithm: TsigAlgorithm,
}

/// How it is written down. Never shown: it only exists between the vault and [`Access`].
#[derive(Deserialize)]
struct Written {
    token: String,
    key_name: String,
    consumer_key: String,
    server: String,
    algorithm: TsigAlgorithm,
}

impl Access {
    /// What is sealed of a request.
    pub fn to_seal(request: &KeepZone) -> Secret {
        let text = json!({
            "token": request.token,
            "key_name": request.key_name,
            "consumer_key": request.consumer_key,
            "server": request.server,
            "algorithm": request.algorithm.unwrap_or(TsigAlgorithm::HmacSha256),
        });
        Secret::new(text.to_string())
    }

    /// Reads what was sealed. Earlier versions sealed the token alone.
    pub fn of(unsealed: Secret) -> Self {
        match serde_json::from_slice::<Written>(unsealed.expose()) {
            Ok(written) => Self {
                token: Secret::new(written.token),
                key_name: written.key_name,
                consumer_key: Secret::new(written.consumer_key),
                server: written.server,
                algorithm: written.algorithm,
            },
            Err(_) => Self { token: unsealed, ..Self::default() },
        }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self {
            token: Secret::new(""),
            key_name: String::new(),
            consumer_key: Secret::new(""),
            server: String::new(),
            algorithm: TsigAlgorithm::HmacSha256,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use berth_domain::zone::DnsHost;

    #[test]
    fn what_is_sealed_is_read_again_also_from_an_earlier_version() {
        let request = KeepZone {
            host: DnsHost::Rfc2136,
            token: "dG9rZW4=".into(),
            key_name: "berth".into(),
            consumer_key: String::new(),
            server: "ns1.example.com".into(),
            algorithm: Some(TsigAlgorithm::HmacSha512),
        };
        let read = Access::of(Access::to_seal(&request));
        assert_eq!((read.token.expose_text(), read.key_name.as_str()), (Some("dG9rZW4="), "berth"));
        assert_eq!((read.server.as_str(), read.algorithm), ("ns1.example.com", TsigAlgorithm::HmacSha512));
        assert_eq!(Access::of(Secret::new("an-older-token")).token.expose_text(), Some("an-older-token"));
    }
}
