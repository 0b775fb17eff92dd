//! The panel at a host of its own.

use crate::fixture::{PATIENCE, Secure};
use berth_domain::{account::SessionView, panel_domain::PanelDomainView};
use berth_tests::{
    acme::Manners,
    berth::{OWNER, PASSWORD},
    http,
    prelude::*,
    sse::Events,
};
use std::net::SocketAddr;

const PANEL: &str = "panel.example.net";
/// What somebody claims to be.
const FORGED: &str = "203.0.113.66";

/// Gives the panel a host and waits until it answers there over HTTPS, for somebody who believes the authority alone.
async fn at_its_host(secure: &Secure) -> Result<Client> {
    secure.pebble.points_here(PANEL).await?;
    secure.owner.put("/panel-domain", json!({ "host": PANEL })).await?.done()?;
    let browser = Client::at_host(PANEL, secure.berth.https_port, &secure.pebble.root().await?)?;
    eventually_within(PATIENCE, "the panel answers over HTTPS", || async {
        let answer = Answer::of(browser.request(Method::GET, "/sign-in")).await?;
        ensure!(answer.status == 200 && answer.text.contains("Sign in"), "{answer:?}");
        Ok(())
    })
    .await?;
    Ok(browser)
}

/// One answer over plain HTTP, through the proxy.
async fn plainly(secure: &Secure, host: &str) -> Result<http::Response> {
    http::get(SocketAddr::from(([127, 0, 0, 1], secure.berth.http_port)), host, "/sign-in").await
}

/// R-TLS-5: the certificate comes as for a service's domain; sessions are kept to HTTPS, and links lead there.
#[tokio::test]
async fn r_tls_5_the_panel_answers_over_https_at_a_host_of_its_own() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    let browser = at_its_host(&secure).await?;
    let seen: PanelDomainView = secure.owner.get("/panel-domain").await?.ok()?;
    ensure!(seen.url == browser.base() && seen.certificate.is_some_and(|one| one.serves), "{}", seen.url);
    ensure!(secure.pebble.orders()? == 1, "{} orders", secure.pebble.orders()?);
    signs_in(&browser).await?;
    follows_events(&browser).await?;
    let hook = secure.owner.webhook(&secure.web).await?;
    ensure!(hook.url.starts_with(browser.base()), "{}", hook.url);
    let sent_on = plainly(&secure, PANEL).await?;
    ensure!((301..400).contains(&sent_on.status), "plain HTTP answered {}", sent_on.status);
    ensure!(sent_on.header("location") == format!("{}/sign-in", browser.base()), "{sent_on:?}");
    git_is_answered(&secure, &browser).await?;
    // The proofs of other hosts go past it.
    secure.add_here("shop.example.net").await?;
    secure.answers("shop.example.net", "one").await.map(drop)
}

/// R-SEC-7: the session's cookie is for HTTPS alone, other sites are refused, and only the proxy says who asks.
async fn signs_in(browser: &Client) -> Result<()> {
    let body = json!({ "email": OWNER, "password": PASSWORD });
    let request =
        browser.request(Method::POST, "/api/v1/session").header("x-forwarded-for", FORGED).json(&body);
    let signed_in = Answer::of(request).await?;
    let cookie = signed_in.header("set-cookie").to_owned();
    ensure!(cookie.starts_with("__Host-berth_session=") && cookie.ends_with("; Secure"), "{cookie}");
    signed_in.done()?;
    let sessions: Vec<SessionView> = browser.get("/me/sessions").await?.ok()?;
    let own = sessions.iter().find(|session| session.current).context("the session is listed")?;
    ensure!(own.address != FORGED && own.address.parse::<std::net::IpAddr>().is_ok(), "{own:?}");
    let evil = browser.from_origin(Some("https://evil.example.net"));
    evil.post("/projects", json!({ "name": "evil" })).await?.refused(403)?;
    browser.post("/projects", json!({ "name": "by-https" })).await?.done()
}

/// What happens arrives at once, not when the stream ends.
async fn follows_events(browser: &Client) -> Result<()> {
    let mut events = Events::open(browser, "/events/stream", None).await?;
    browser.post("/projects", json!({ "name": "followed" })).await?.done()?;
    events.find(PATIENCE, |event| event.data.contains("followed")).await.map(drop)
}

/// A push begins so.
async fn git_is_answered(secure: &Secure, browser: &Client) -> Result<()> {
    let made = secure.owner.post("/me/tokens", json!({ "name": "git", "role": "developer" })).await?;
    let token = made.ok::<Value>()?["secret"].as_str().context("the secret")?.to_owned();
    let at = "/git/shop/fresh.git/info/refs?service=git-receive-pack";
    let answer = Answer::of(browser.request(Method::GET, at).basic_auth("git", Some(token))).await?;
    let kind = answer.header("content-type").to_owned();
    ensure!(answer.status == 200 && kind.contains("git-receive-pack"), "{answer:?}");
    Ok(())
}

/// A name of this machine is not sent on to a certificate that no browser believes; a name that is taken away leads nowhere,
/// and the port has answered all the time.
#[tokio::test]
async fn a_panels_host_can_be_changed_and_taken_away() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    at_its_host(&secure).await?;
    secure.owner.put("/panel-domain", json!({ "host": "panel.localhost" })).await?.done()?;
    eventually_within(PATIENCE, "the new name answers, and the old one no more", || async {
        let (new, old) = (plainly(&secure, "panel.localhost").await?, plainly(&secure, PANEL).await?);
        ensure!(new.status == 200 && new.text().contains("Sign in"), "{} {}", new.status, new.text());
        ensure!(old.status == 404, "{} {}", old.status, old.text());
        Ok(())
    })
    .await?;
    secure.owner.delete("/panel-domain", Value::Null).await?.done()?;
    eventually_within(PATIENCE, "no name leads to the panel", || async {
        let gone = plainly(&secure, "panel.localhost").await?;
        ensure!(gone.status == 404, "{} {}", gone.status, gone.text());
        Ok(())
    })
    .await?;
    let seen: PanelDomainView = secure.owner.get("/panel-domain").await?.ok()?;
    ensure!(seen.host.is_none() && seen.url == secure.berth.url(), "{seen:?}");
    Ok(())
}
