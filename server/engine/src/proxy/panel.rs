//! The way to the panel: its own host leads to the listener of the waiting room, with a word that no service has.

use berth_domain::domain_name::HostName;

use super::error::ProxyError;
use super::yaml::Document;
use super::{Proxy, SECURE, WEB, files, waiting_room};

/// Its name in the watched folder; no service's file can have it, since their names have no `_`.
const FILE: &str = "_panel.yaml";
/// Its router and its middleware; no service's names begin so.
const NAME: &str = "berth-panel";
/// Above every router of a service, and below what authorities ask for.
const PRIORITY: usize = 1_900_000;
/// Stands where the waiting room is told which service a request is for.
const WORD: &str = "panel";

/// Where the panel is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PanelRoute {
    pub host: HostName,
    /// The public HTTPS port, once there is a certificate.
    pub https: Option<u16>,
}

impl PanelRoute {
    /// Whether what the proxy says of a request means the panel.
    pub fn is_meant(sent: Option<&str>) -> bool {
        sent == Some(WORD)
    }
}

impl Proxy {
    /// Leads the panel's host to it, or nothing when it has none; `true` when that changed anything.
    pub async fn lead_to_panel(&self, route: Option<&PanelRoute>) -> Result<bool, ProxyError> {
        match route {
            Some(route) => files::write(&self.config.folder, FILE, &render(route)).await,
            None => files::remove(&self.config.folder, FILE).await.map(|()| false),
        }
    }
}

fn render(route: &PanelRoute) -> String {
    let mut file = Document::default();
    file.line(0, "# Written by Berth, and written again at the next change: edits are lost.")
        .line(0, "http:");
    file.line(1, "routers:");
    let rule = format!("Host(`{}`)", route.host);
    let redirect = format!("{NAME}-https");
    // A browser would warn of what only this Berth vouches for: nobody is sent there.
    let sent_on = route.https.filter(|_| !route.host.as_str().ends_with(".localhost"));
    let router = |file: &mut Document, name: &str, point: &str, first: Option<&str>| {
        file.head(2, name).entry(3, "rule", &rule).line(3, &format!("priority: {PRIORITY}"));
        file.list(3, "entryPoints", [point]).entry(3, "service", waiting_room::NAME);
        file.list(3, "middlewares", first.into_iter().chain([waiting_room::NAME, NAME]));
    };
    router(&mut file, NAME, WEB, sent_on.map(|_| redirect.as_str()));
    if route.https.is_some() {
        router(&mut file, &format!("{NAME}-tls"), SECURE, None);
        file.line(3, "tls: {}");
    }
    file.line(1, "middlewares:");
    file.head(2, NAME).line(3, "headers:").line(4, "customRequestHeaders:");
    file.entry(5, waiting_room::FOR_HEADER, WORD);
    if let Some(port) = sent_on {
        // Not for ever: the name may be taken from the panel again.
        file.head(2, &redirect).line(3, "redirectScheme:").entry(4, "scheme", "https");
        if port != 443 {
            file.entry(4, "port", &port.to_string());
        }
    }
    file.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use saphyr::{LoadableYamlNode, Yaml};

    fn read(host: &str, https: Option<u16>) -> String {
        render(&PanelRoute { host: host.parse().expect("a host"), https })
    }

    #[test]
    fn plain_http_goes_on_to_https_once_there_is_a_certificate() {
        for (host, https, sent_on) in [
            ("panel.example.com", None, false),
            ("panel.example.com", Some(443), true),
            ("panel.localhost", Some(443), false),
        ] {
            let text = read(host, https);
            let file = Yaml::load_from_str(&text).expect("valid YAML");
            let http = &file[0]["http"];
            let plain = &http["routers"]["berth-panel"]["middlewares"];
            assert_eq!(plain[0].as_str() == Some("berth-panel-https"), sent_on, "{text}");
            let secure = http["routers"].as_mapping().map(|routers| routers.len());
            assert_eq!(secure, Some(1 + usize::from(https.is_some())), "{text}");
            let word = &http["middlewares"]["berth-panel"]["headers"]["customRequestHeaders"]["X-Berth-For"];
            assert_eq!(word.as_str(), Some("panel"), "{text}");
        }
        assert!(read("panel.example.com", Some(8443)).contains("port: \"8443\""));
    }
}
