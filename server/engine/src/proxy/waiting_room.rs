//! The way to the waiting room, in the proxy's own file: where it listens, what it recognises the proxy by, and that
//! whatever no route takes goes there.

use std::net::SocketAddr;
use std::path::Path;

use berth_domain::waiting::LONGEST_WAIT_S;
use sha2::{Digest, Sha256};

use super::error::ProxyError;
use super::files;
use super::yaml::Document;
use super::{CHALLENGES, SECURE, WEB};

/// Its service and its middleware; no service's names begin so.
pub(super) const NAME: &str = "berth-waiting-room";
/// The router of what no other router takes.
const NOBODY: &str = "berth-nobody";
/// Has the proxy ask again while the waiting room is away: a Berth that is killed or upgraded loses none of those who wait.
pub(super) const PATIENCE: &str = "berth-waiting-patience";
/// The router of what authorities ask for before they give a certificate.
const CHALLENGE: &str = "berth-challenge";
/// Above every router of a service, the confirming ones too.
const CHALLENGE_PRIORITY: usize = 2_000_000;
/// Proves to the waiting room that the proxy asks.
pub(super) const KEY_HEADER: &str = "X-Berth-Waiting";
/// Tells it whom a request is for; absent when nobody is.
pub(super) const FOR_HEADER: &str = "X-Berth-For";
/// The file that remembers where it listens, so that a Berth that starts again finds the port that the routes lead to.
const FILE: &str = "waiting-room";

/// A key of its own: who takes the waiting room's port while Berth is away must not learn the one of Traefik's API.
pub(super) fn key(proxys: &str) -> String {
    hex::encode(&Sha256::digest(format!("waiting-room {proxys}"))[..20])
}

/// Where it listened last.
pub(super) async fn last(folder: &Path) -> Option<SocketAddr> {
    let text = files::read_beside(folder, FILE).await?;
    text.trim().parse().ok()
}

/// Remembers where it listens.
pub(super) async fn remember(folder: &Path, at: SocketAddr) -> Result<(), ProxyError> {
    files::write_beside(folder, FILE, &at.to_string()).await
}

pub(super) fn routers(file: &mut Document, secure: bool) {
    let answers = |file: &mut Document, first: Option<&'static str>| {
        let all = first.into_iter().chain([NAME, NOBODY]);
        file.entry(3, "service", NAME).list(3, "middlewares", all);
    };
    file.head(2, NOBODY).entry(3, "rule", "PathPrefix(`/`)").line(3, "priority: 1");
    file.list(3, "entryPoints", [WEB]);
    answers(file, None);
    file.head(2, CHALLENGE).entry(3, "rule", &format!("PathPrefix(`{CHALLENGES}`)"));
    file.line(3, &format!("priority: {CHALLENGE_PRIORITY}")).list(3, "entryPoints", [WEB]);
    // An order goes on while Berth is killed or upgraded.
    answers(file, Some(PATIENCE));
    if secure {
        file.head(2, &format!("{NOBODY}-tls")).entry(3, "rule", "PathPrefix(`/`)").line(3, "priority: 1");
        file.list(3, "entryPoints", [SECURE]).line(3, "tls: {}");
        answers(file, None);
    }
}

pub(super) fn middlewares(file: &mut Document, key: &str) {
    let head = |file: &mut Document, name: &str| {
        file.head(2, name).line(3, "headers:").line(4, "customRequestHeaders:");
    };
    file.line(1, "middlewares:");
    head(file, NAME);
    file.entry(5, KEY_HEADER, key);
    head(file, NOBODY);
    // Empty: what a client sends is taken away.
    file.entry(5, FOR_HEADER, "");
    patience(file);
}

/// A connection that is refused is tried again whatever was asked, and one that broke off is where asking twice is
/// harmless: that is what the proxy takes a 502 for, and why nothing but a Berth that stops answers so in the waiting room.
/// <https://doc.traefik.io/traefik/reference/routing-configuration/http/middlewares/retry/>
fn patience(file: &mut Document) {
    file.head(2, PATIENCE).line(3, "retry:");
    // Each interval is up to twice the first: these attempts last longer than the time-out, which ends the asking.
    file.line(4, "attempts: 400").entry(4, "initialInterval", "200ms");
    file.entry(4, "timeout", &format!("{LONGEST_WAIT_S}s")).list(4, "status", ["502"]);
}

pub(super) fn service(file: &mut Document, at: SocketAddr) {
    file.line(1, "services:").head(2, NAME).line(3, "loadBalancer:").line(4, "passHostHeader: true");
    file.line(4, "responseForwarding:").entry(5, "flushInterval", "100ms");
    file.line(4, "servers:").entry(5, "- url", &format!("http://{at}"));
}
