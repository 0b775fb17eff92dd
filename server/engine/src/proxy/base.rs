//! The proxy's own file: the guarded way to Traefik's API, ping and metrics.

use std::net::SocketAddr;

use super::error::ProxyError;
use super::render::is_word;
use super::render_ports;
use super::waiting_room;
use super::yaml::Document;

/// Its name in the watched folder; no service's file can have it, since their names have no `_`.
pub(super) const FILE: &str = "_berth.yaml";
/// The header that opens the internal entry point.
pub(super) const KEY_HEADER: &str = "X-Berth-Key";
/// The internal entry point.
pub(super) const ENTRY_POINT: &str = "berth";

/// The file's text, with the way to the waiting room once it is known where that listens. The port of the API is on the
/// loopback only, but every program of the machine reaches that: hence the key.
pub(super) fn render(
    key: &str,
    waiting_room_at: Option<SocketAddr>,
    secure: bool,
    ports: &[u16],
) -> Result<String, ProxyError> {
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
    if let Some(at) = waiting_room_at {
        waiting_room::routers(&mut file, secure);
        waiting_room::middlewares(&mut file, &waiting_room::key(key));
        waiting_room::service(&mut file, at);
    }
    render_ports::nobody(&mut file, ports);
    Ok(file.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internal_entry_point_asks_for_the_key() {
        insta::assert_snapshot!(render("k3y", None, true, &[]).expect("a file"));
    }

    #[test]
    fn what_no_route_takes_goes_to_the_waiting_room() {
        let at = "172.18.0.1:40123".parse().expect("an address");
        insta::assert_snapshot!(render("k3y", Some(at), true, &[]).expect("a file"));
    }

    #[test]
    fn a_port_that_leads_nowhere_is_closed_below_every_services_router() {
        let text = render("k3y", None, true, &[5432, 20000]).expect("a file");
        let (_, tcp) = text.split_once("\ntcp:\n").expect("a part of its own");
        assert!(tcp.contains(r#"entryPoints: ["tcp-5432", "tcp-20000"]"#), "{tcp}");
        assert!(tcp.contains("priority: 1\n") && tcp.contains("servers: []"), "{tcp}");
    }

    #[test]
    fn a_damaged_key_is_not_written() {
        assert!(render("", None, true, &[]).is_err() && render("a`) || Path(`/", None, true, &[]).is_err());
    }
}
