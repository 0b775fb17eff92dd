//! The waiting room: maintenance, pauses, releases that stop first, and what visitors read when nobody answers.

use crate::fixture::{Shipped, with};
use berth_tests::{
    http::Connection,
    load::Report,
    prelude::*,
    verbs::{self, DEPLOYMENT},
};
use futures::future::try_join_all;
use std::{net::SocketAddr, time::Instant};

/// How soon a change of what visitors get is in effect.
const AT_ONCE: Duration = Duration::from_secs(1);

/// What a visitor who reads `accept` is answered at a host.
async fn visit(shipped: &Shipped, host: &str, accept: &str) -> Result<reqwest::Response> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://127.0.0.1:{}/", shipped.berth.http_port);
    Ok(client.get(url).header("host", host).header("accept", accept).send().await?)
}

/// Waits until a program that visits a host is told this.
async fn is_told(shipped: &Shipped, host: &str, kind: &str, status: u16) -> Result<Value> {
    eventually_within(Duration::from_secs(40), &format!("visitors of {host} are told {kind}"), || async {
        let response = visit(shipped, host, "application/json").await?;
        let seen = response.status().as_u16();
        let text = response.text().await?;
        let told: Value = serde_json::from_str(&text).with_context(|| format!("{seen} {text}"))?;
        ensure!(seen == status && told["kind"] == kind, "{seen} {text}");
        ensure!(told["request_id"].is_string() && told["time"].is_string(), "{told}");
        Ok(told)
    })
    .await
}

fn header<'a>(response: &'a reqwest::Response, name: &str) -> &'a str {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// Fails when a request was lost in another way than by being told what is so.
fn only_told(report: &Report, what: &str) -> Result<()> {
    let lost: Vec<_> =
        report.failures.iter().filter(|f| !f.why.starts_with(&format!("503 {what}"))).collect();
    ensure!(lost.is_empty(), "{} were lost: {:#?}", lost.len(), lost.iter().take(20).collect::<Vec<_>>());
    Ok(())
}

/// R-TRF-1: maintenance is in effect at once, says what it should, outlives a deployment, and stops nothing.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_1_maintenance_is_in_effect_at_once_and_stops_nothing() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web, host) = (&shipped.owner, &shipped.web, shipped.host.as_str());
    let at = format!("{}/maintenance", verbs::of(web));
    let load = shipped.under_load(100);
    load.sent(50).await?;
    let (from, asked) = (load.elapsed(), Instant::now());
    let view: ServiceView = owner.put(&at, json!({ "message": "Back at <nine>." })).await?.ok()?;
    let took = asked.elapsed();
    let page = visit(&shipped, host, "text/html").await?;
    ensure!(page.status() == 503 && took < AT_ONCE, "{} after {took:?}", page.status());
    ensure!(view.maintenance.is_some_and(|now| now.message.as_deref() == Some("Back at <nine>.")));
    ensure!(
        header(&page, "cache-control") == "no-store" && !header(&page, "retry-after").is_empty(),
        "{page:?}"
    );
    ensure!(page.text().await?.contains("Back at &lt;nine&gt;."), "the message is text");
    is_told(&shipped, host, "maintenance", 503).await?;

    shipped.only_runs(1).await?;
    owner.ship_version(web, "two").await?;
    is_told(&shipped, host, "maintenance", 503).await?;
    let asked = Instant::now();
    owner.delete(&at, Value::Null).await?.done()?;
    let took = asked.elapsed();
    ensure!(shipped.body("/").await? == "two" && took < AT_ONCE, "after {took:?}");
    let to = load.elapsed();
    let report = load.stop().await;
    println!("maintenance: {report}");
    report.lost_only_between(from, to)?;
    only_told(&report, "Maintenance")
}

/// Requests of a pause wait for its end and are all answered, whether a person ends it or its time.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_requests_and_loses_none() -> Result<()> {
    let shipped = Shipped::live().await?;
    let at = format!("{}/pause", verbs::of(&shipped.web));
    let load = shipped.under_load(100);
    load.sent(50).await?;

    shipped.owner.post(&at, json!({ "seconds": 60 })).await?.done()?;
    requests_wait(&load, 30).await?;
    let body = vec![b'x'; 1 << 20];
    let (echoed, resumed) = tokio::join!(send(&shipped, &body), async {
        requests_wait(&load, 100).await?;
        shipped.owner.delete(&at, Value::Null).await?.done()
    });
    resumed?;
    ensure!(echoed? == body, "a body that had waited came to the instance otherwise");
    shipped.answers("one").await?;

    let view: ServiceView = shipped.owner.post(&at, json!({ "seconds": 3 })).await?.ok()?;
    ensure!(view.paused_until.is_some());
    requests_wait(&load, 30).await?;
    eventually("the pause ends by itself", || async {
        ensure!(shipped.owner.service(&shipped.web).await?.paused_until.is_none());
        Ok(())
    })
    .await?;
    shipped.answers("one").await?;
    let report = load.stop().await;
    println!("two pauses: {report}");
    report.lost_nothing(200)
}

/// Waits until so many requests have been sent and not answered.
async fn requests_wait(load: &Load, least: u64) -> Result<()> {
    eventually("requests wait", || async {
        let report = load.report();
        let answered: u64 = report.counts.values().map(|count| count.answered).sum();
        let open = report.requests() - answered - report.failures.len() as u64;
        ensure!(open >= least, "only {open} wait");
        Ok(())
    })
    .await
}

/// Sends a body through the proxy to where it comes back.
async fn send(shipped: &Shipped, body: &[u8]) -> Result<Vec<u8>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://127.0.0.1:{}/body", shipped.berth.http_port);
    let answer = client.post(url).header("host", &shipped.host).body(body.to_vec()).send().await?;
    Ok(answer.error_for_status()?.bytes().await?.to_vec())
}

/// A pause is over when its time is, also when the Berth that began it was killed meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_pause_ends_by_itself_also_after_a_kill() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let at = format!("{}/pause", verbs::of(&shipped.web));
    shipped.owner.post(&at, json!({ "seconds": 2 })).await?.done()?;
    shipped.berth.kill()?;
    shipped.berth.start_again().await?;
    shipped.answers("one").await?;
    ensure!(shipped.owner.service(&shipped.web).await?.paused_until.is_none());
    let load = shipped.under_load(100);
    load.sent(50).await?;
    load.stop().await.lost_nothing(50)
}

/// R-DEP-1b: who waits when Berth is killed or upgraded waits on, and is answered by the next one.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1b_requests_wait_on_while_berth_is_away() -> Result<()> {
    let mut shipped = Shipped::live().await?;
    let at = format!("{}/pause", verbs::of(&shipped.web));
    let load = shipped.under_load(100);
    load.sent(50).await?;
    for is_killed in [true, false] {
        shipped.owner.post(&at, json!({ "seconds": 60 })).await?.done()?;
        requests_wait(&load, 30).await?;
        match is_killed {
            true => shipped.berth.kill()?,
            false => ensure!(shipped.berth.terminate()? == Some(0), "it ends softly"),
        }
        requests_wait(&load, 100).await?;
        shipped.berth.start_again().await?;
        requests_wait(&load, 150).await?;
        shipped.owner.delete(&at, Value::Null).await?.done()?;
        shipped.answers("one").await?;
    }
    let report = load.stop().await;
    println!("a pause over a kill and a restart: {report}");
    report.lost_nothing(200)
}

/// What cannot wait is told to come again.
#[tokio::test(flavor = "multi_thread")]
async fn a_web_socket_does_not_wait() -> Result<()> {
    let shipped = Shipped::live().await?;
    let pause = format!("{}/pause", verbs::of(&shipped.web));
    shipped.owner.post(&pause, json!({ "seconds": 60 })).await?.done()?;
    let proxy = SocketAddr::from(([127, 0, 0, 1], shipped.berth.http_port));
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let answer = Connection::open(proxy).await?.head_of(&shipped.host, "/ws", upgrade).await?;
    ensure!(answer.status == 503 && !answer.header("retry-after").is_empty(), "{answer:?}");
    Ok(())
}

/// R-DEP-1b: a service that must stop first loses no request, whether its new release gets live or dies at its start.
#[tokio::test(flavor = "multi_thread")]
async fn r_dep_1b_a_release_that_stops_first_loses_no_request() -> Result<()> {
    let settings = with(json!({ "strategy": { "type": "stop_first" }, "drain_ms": 300 }));
    let shipped = Shipped::waiting(settings).await?;
    let (owner, web) = (&shipped.owner, &shipped.web);
    owner.ship_version(web, "one").await?;
    shipped.answers("one").await?;
    let load = shipped.under_load(100);
    for (number, delay) in [0, 500, 1_500].into_iter().enumerate() {
        owner.set_plain(web, "START_DELAY_MS", &delay.to_string()).await?;
        let version = format!("v{number}");
        let live = owner.ship_version(web, &version).await?;
        shipped.answers(&version).await?;
        let log = owner.deployment_log(web, live.number).await?;
        ensure!(log.contains("Let requests wait"), "{log}");
        let measured = live.measured.context("it was measured")?;
        ensure!(measured.failed == 0, "{measured:?}");
    }
    owner.set_plain(web, "EXIT_AFTER_MS", "0").await?;
    let broken = owner.deploy(web).await?;
    owner.failed(web, broken.number, DEPLOYMENT).await?;
    shipped.answers("v2").await?;
    let report = load.stop().await;
    println!("4 deployments that stop first: {report}");
    report.lost_nothing(200)
}

/// R-TRF-4: what was never deployed, what starts, what runs and what was stopped are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_4_visitors_read_how_a_service_stands() -> Result<()> {
    let shipped = Shipped::waiting(with(json!({}))).await?;
    let (owner, web, host) = (&shipped.owner, &shipped.web, shipped.host.as_str());
    is_told(&shipped, "nobody.example.com", "no_such_domain", 404).await?;
    is_told(&shipped, host, "never_deployed", 503).await?;
    owner.set_plain(web, "START_DELAY_MS", "3000").await?;
    owner.set_plain(web, "VERSION", "one").await?;
    let number = owner.deploy(web).await?.number;
    is_told(&shipped, host, "starting", 503).await?;
    owner.live(web, number, DEPLOYMENT).await?;
    shipped.answers("one").await?;

    // What the program itself answers is its own, whatever it is.
    shipped.body("/health?status=503").await?;
    let own = verbs::visit(shipped.berth.http_port, host, "/healthz").await?;
    ensure!(own.status == 503 && own.text() == "healthz" && own.header("x-version") == "one", "{own:?}");
    owner.post(&format!("{}/stop", verbs::of(web)), Value::Null).await?.done()?;
    let told = is_told(&shipped, host, "stopped", 503).await?;
    ensure!(!told.to_string().contains("shop/production"), "a visitor reads a name: {told}");
    Ok(())
}

/// R-TRF-4: a service that does not run, and one that listens elsewhere, are told apart.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_4_visitors_read_what_is_wrong() -> Result<()> {
    let shipped = Shipped::live().await?;
    let (owner, web, host) = (&shipped.owner, &shipped.web, shipped.host.as_str());
    let other = json!({ "host": "other.example.com", "path": "/", "port": 9999 });
    owner.post(&format!("{}/domains", verbs::of(web)), other).await?.done()?;
    is_told(&shipped, "other.example.com", "wrong_port", 503).await?;
    shipped.answers("one").await?;

    // Nobody starts it again: it stays down.
    shipped.configure(json!({ "restart": "never" })).await?;
    owner.delete(&domain_at(&shipped, "other.example.com").await?, Value::Null).await?.done()?;
    owner.ship_version(web, "two").await?;
    shipped.answers("two").await?;
    let _ = verbs::visit(shipped.berth.http_port, host, "/exit?code=3").await;
    is_told(&shipped, host, "down", 503).await?;
    owner.ship_version(web, "three").await?;
    shipped.answers("three").await
}

/// The REST path of a domain.
async fn domain_at(shipped: &Shipped, host: &str) -> Result<String> {
    let domains = format!("{}/domains", verbs::of(&shipped.web));
    let all: Vec<Value> = shipped.owner.get(&domains).await?.ok()?;
    let one = all.into_iter().find(|domain| domain["host"] == host).context("the domain")?;
    Ok(format!("{domains}/{}", one["id"].as_str().context("its id")?))
}

/// R-TRF-4: a first release that listens on another port than the one that is set.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_4_visitors_read_that_a_first_release_listens_elsewhere() -> Result<()> {
    let probe = json!({ "kind": { "type": "tcp" }, "start_period_ms": 1_500 });
    let shipped = Shipped::waiting(with(json!({ "port": 9999, "probe": probe }))).await?;
    shipped.owner.set_plain(&shipped.web, "PORT", "8080").await?;
    let number = shipped.owner.deploy(&shipped.web).await?.number;
    shipped.owner.failed(&shipped.web, number, DEPLOYMENT).await?;
    is_told(&shipped, &shipped.host, "wrong_port", 503).await.map(drop)
}

/// R-SEC-13: nobody but the proxy is in the waiting room, and no visitor chooses whose door it is at.
#[tokio::test(flavor = "multi_thread")]
async fn r_sec_13_only_the_proxy_reaches_the_waiting_room() -> Result<()> {
    let shipped = Shipped::live().await?;
    is_told(&shipped, "nobody.example.com", "no_such_domain", 404).await?;
    let at = std::fs::read_to_string(shipped.berth.data().join("proxy/waiting-room"))?;
    let through = |from: &str| format!("/fetch?from={}", from.trim());
    let fetched = verbs::visit(shipped.berth.http_port, &shipped.host, &through(&at)).await?;
    ensure!(fetched.status == 500, "a service is in the waiting room: {fetched:?}");

    let service = shipped.owner.service(&shipped.web).await?;
    let maintenance = format!("{}/maintenance", verbs::of(&shipped.web));
    shipped.owner.put(&maintenance, json!({})).await?.done()?;
    let proxy = SocketAddr::from(([127, 0, 0, 1], shipped.berth.http_port));
    let claim = format!("X-Berth-For: {}\r\nAccept: application/json\r\nConnection: close\r\n", service.id);
    let mut connection = Connection::open(proxy).await?;
    let answer = connection.head_of("nobody.example.com", "/", &claim).await?;
    ensure!(answer.status == 404, "the claim of a visitor was believed: {answer:?}");
    Ok(())
}

/// Two services are paused together: who waits for one does not keep the places of another.
#[tokio::test(flavor = "multi_thread")]
async fn services_wait_beside_each_other() -> Result<()> {
    let shipped = Shipped::live().await?;
    let other = path("shop/production/other");
    let view = shipped.owner.create_shipped(&other).await?;
    shipped.owner.ship_version(&other, "other").await?;
    let host = verbs::host(&view)?;
    verbs::answers(shipped.berth.http_port, &host, "/", "other").await?;
    let both = [&shipped.web, &other].map(|service| format!("{}/pause", verbs::of(service)));
    let owner = &shipped.owner;
    let pause = |at| async move { owner.post(at, json!({ "seconds": 60 })).await?.done() };
    try_join_all(both.iter().map(|at| pause(at.as_str()))).await?;
    let loads = [shipped.under_load(50), Load::on(shipped.berth.http_port, &host, "/", 50)];
    for load in &loads {
        requests_wait(load, 30).await?;
    }
    shipped.owner.delete(&both[1], Value::Null).await?.done()?;
    verbs::answers(shipped.berth.http_port, &host, "/", "other").await?;
    ensure!(shipped.owner.service(&shipped.web).await?.paused_until.is_some(), "the other still waits");
    shipped.owner.delete(&both[0], Value::Null).await?.done()?;
    for load in loads {
        load.stop().await.lost_nothing(30)?;
    }
    Ok(())
}
