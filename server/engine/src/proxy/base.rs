//! The proxy's own file: the guarded way to Traefik's API, ping and metrics.

use super::error::ProxyError;
use super::render::is_word;
use super::yaml::Document;

/// Its name in the watched folder; no service's file can have it, since their names have no `_`.
pub(super) const FILE: &str = "_berth.yaml";
/// The header that opens the internal entry point.
pub(super) const KEY_HEADER: &str = "X-Berth-Key";
/// The internal entry point.
pub(super) const ENTRY_POINT: &str = "berth";

/// The file's text. The port is on the loopback only, but every program of the machine reaches that: hence the key.
pub(super) fn render(key: &str) -> Result<String, ProxyError> {
    if !is_word(key) {
        return Err(ProxyError::Invalid {
            service: "proxy".into(),
            reason:
                "the key of the internal entry point is damaged; remove the file `key` in the proxy's folder"
                    .into(),
        });
    }
    let mut file = Document::default();
    file.line(0, "# Written by Berth at its start: edits are lost.").line(0, "http:").line(1, "routers:");
    let guarded = [
        ("berth-api", "PathPrefix(`/api`)", "api@internal"),
        ("berth-ping", "Path(`/ping`)", "ping@internal"),
        ("berth-metrics", "Path(`/metrics`)", "prometheus@internal"),
    ];
    for (name, path, service) in guarded {
        file.head(2, name);
        file.entry(3, "rule", &format!("Header(`{KEY_HEADER}`, `{key}`) && {path}"));
        file.list(3, "entryPoints", [ENTRY_POINT]).entry(3, "service", service);
    }
    Ok(file.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internal_entry_point_asks_for_the_key() {
        insta::assert_snapshot!(render("k3y").expect("a file"));
    }

    #[test]
    fn a_damaged_key_is_not_written() {
        assert!(render("").is_err() && render("a`) || Path(`/").is_err());
    }
}
