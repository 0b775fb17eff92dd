//! Settings of domains while requests come: what is changed harms nobody, and what is bad never holds.

use crate::{
    domain::{Domain, header},
    fixture::{Shipped, with},
};
use berth_tests::{
    prelude::*,
    verbs::{self, image},
};
use rand::{Rng, SeedableRng, rngs::StdRng};

/// R-TRF-1: settings are changed again and again, and no request is lost.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_1_changes_under_load_lose_no_request() -> Result<()> {
    let shipped = Shipped::live_with(with(json!({ "replicas": 2 }))).await?;
    let domain = Domain::default_of(&shipped).await?;
    let mix = Mix { kept: 50, fresh: 50, streams: true, ..Mix::default() };
    let load = Load::mixed(shipped.berth.http_port, &domain.host, &mix);
    load.sent(50).await?;
    let changes = [
        json!({ "compress": true }),
        json!({ "sticky": true }),
        json!({ "response_headers": [{ "name": "X-A", "value": "{{ a }}" }] }),
        json!({ "rate_limit": { "average": 100_000, "burst": 100_000 } }),
        json!({ "allow": ["0.0.0.0/0", "::/0"] }),
        json!({ "max_body_bytes": 1_000_000 }),
        json!({ "hsts": { "max_age_s": 60 } }),
        json!({ "compress": false, "sticky": false, "response_headers": [], "rate_limit": null }),
        json!({ "allow": [], "max_body_bytes": null, "hsts": null }),
    ];
    for _ in 0..4 {
        for change in &changes {
            domain.set(change.clone()).await?;
        }
    }
    let report = load.stop().await;
    println!("36 changes of a domain: {report}");
    report.lost_nothing(200)
}

/// R-TRF-3: a thousand edits, most of them bad: each bad one is refused at its field, every good one is in effect, and
/// nobody at a domain beside notices.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_3_a_thousand_edits_never_leave_the_proxy_broken() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::added(&shipped, "edited.example.localhost", "/").await?;
    let load = shipped.under_load(50);
    let mut dice = StdRng::seed_from_u64(5);
    let (mut good, mut bad) = (0, 0);
    for number in 0..1_000 {
        let (change, field) = edit(&mut dice, number);
        let answer = shipped.owner.patch(&domain.at, &change).await?;
        match field {
            Some(field) => {
                answer.refuses_field(field).with_context(|| change.to_string())?;
                bad += 1;
            }
            None => {
                answer.done().with_context(|| change.to_string())?;
                good += 1;
            }
        }
    }
    let seen: Value = shipped.owner.get(&format!("{}/proxy", verbs::of(&shipped.web))).await?.ok()?;
    let routers = seen["routers"].as_array().context("routers")?;
    ensure!(routers.len() >= 2 && routers.iter().all(|router| router["status"] == "enabled"), "{seen}");
    let report = load.stop().await;
    println!("{good} good and {bad} bad edits: {report}");
    ensure!(good > 100 && bad > 500, "{good} good, {bad} bad");
    report.lost_nothing(200)
}

/// A change and the field at which it is refused, when it is.
fn edit(dice: &mut StdRng, number: u32) -> (Value, Option<&'static str>) {
    let text = ["{{ env \"HOME\" }}", "}}{{", "`", "\"", "plain", "ü", "$1"][dice.random_range(0..7)];
    match dice.random_range(0..16) {
        0 => (json!({ "response_headers": [{ "name": "X-Edit", "value": text }] }), None),
        1 => (json!({ "compress": number.is_multiple_of(2) }), None),
        2 => (json!({ "hsts": { "max_age_s": 1 + number } }), None),
        3 => (
            json!({ "redirect": { "to": format!("https://{text}") } }),
            (text != "plain").then_some("redirect.to"),
        ),
        4 => (json!({ "redirect": null, "logins": [] }), None),
        5 => (json!({ "response_headers": [{ "name": text, "value": "x" }] }), bad_name(text)),
        6 => (
            json!({ "request_headers": [{ "name": "X-A", "value": format!("{text}\n") }] }),
            Some("request_headers"),
        ),
        7 => (
            json!({ "request_headers": [{ "name": "X-Berth-For", "value": text }] }),
            Some("request_headers"),
        ),
        8 => (json!({ "allow": ["10.0.0.0/8", text] }), Some("allow[1]")),
        9 => (json!({ "forwarded_path": format!("/{text}") }), (text != "plain").then_some("forwarded_path")),
        10 => (json!({ "rate_limit": { "average": 0, "burst": 1 } }), Some("rate_limit.average")),
        11 => (json!({ "logins": [{ "name": format!("{text}:"), "password": "x" }] }), Some("logins")),
        12 => (json!({ "logins": [{ "name": text }] }), Some("logins")),
        13 => (json!({ "max_body_bytes": 0 }), Some("max_body_bytes")),
        14 => (json!({ "upstream": text }), Some("upstream")),
        _ => (json!({ "hsts": { "max_age_s": 1, "preload": true } }), Some("hsts.preload")),
    }
}

/// What is no token of HTTP.
fn bad_name(text: &str) -> Option<&'static str> {
    (!matches!(text, "plain" | "$1")).then_some("response_headers")
}

/// R-TRF-3: a protocol that the instances do not speak is refused before a visitor notices, and the page beside shows
/// what the proxy has.
#[tokio::test(flavor = "multi_thread")]
async fn r_trf_3_a_protocol_that_nobody_speaks_is_refused() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    let load = shipped.under_load(50);
    let wrong = shipped.owner.patch(&domain.at, json!({ "upstream": "h2c" })).await?.refused(409)?;
    ensure!(wrong.message.contains("Nothing was changed"), "{wrong:?}");
    load.stop().await.lost_nothing(50)?;
    let view: Value = shipped.owner.get(&domain.at).await?.ok()?;
    ensure!(view["settings"]["upstream"] == "http", "{view}");

    domain.set(json!({ "compress": true })).await?;
    let seen: Value = shipped.owner.get(&format!("{}/proxy", verbs::of(&shipped.web))).await?.ok()?;
    let router = &seen["routers"][0];
    ensure!(router["rule"].as_str().is_some_and(|rule| rule.contains(&domain.host)), "{seen}");
    ensure!(
        router["middlewares"].to_string().contains("compress") && !seen.to_string().contains("Confirm"),
        "{seen}"
    );
    ensure!(seen["services"].to_string().contains(":8080"), "{seen}");
    Ok(())
}

/// R-TRF-1: a program that speaks HTTP/2 without TLS gets it so, and another of its ports at another domain.
#[tokio::test]
async fn r_trf_1_a_domain_has_its_protocol_and_its_port() -> Result<()> {
    let shipped = Shipped::waiting(with(json!({}))).await?;
    let (owner, speaks) = (&shipped.owner, path("shop/production/speaks"));
    // The proxy's own program, as a service: it speaks both protocols, and logs which.
    let proxy = std::env::var("BERTH_PROXY_IMAGE").unwrap_or_else(|_| "traefik:v3.7".to_owned());
    let command = [
        "--entryPoints.web.address=:8080",
        "--entryPoints.other.address=:8081",
        "--ping=true",
        "--ping.entryPoint=web",
        "--accesslog=true",
        "--accesslog.addInternals=true",
        "--accesslog.format=json",
    ];
    let probe = json!({ "kind": { "type": "tcp" }, "start_period_ms": 20_000 });
    let settings = with(json!({ "command": command, "probe": probe }));
    let view = owner.create_service(&speaks, image(&proxy), settings).await?;
    owner.ship(&speaks).await?;
    let id = view.domains.first().context("a domain")?.id;
    let host = verbs::host(&view)?;
    let domain = Domain { shipped: &shipped, host, at: format!("{}/domains/{id}", verbs::of(&speaks)) };
    let logged = async |protocol: &str| {
        eventually(&format!("a request came as {protocol}"), || async {
            ensure!(domain.status("/ping").await? == 200);
            let log = verbs::text(&owner.log(&speaks, "limit=500").await?);
            let wanted = format!("\"RequestProtocol\":\"{protocol}\"");
            ensure!(log.lines().any(|line| line.contains("/ping") && line.contains(&wanted)), "{log}");
            Ok(())
        })
        .await
    };
    logged("HTTP/1.1").await?;
    domain.set(json!({ "upstream": "h2c" })).await?;
    logged("HTTP/2.0").await?;
    domain.set(json!({ "upstream": "http", "port": 8081 })).await?;
    domain.becomes("/ping", 404).await?;
    domain.set(json!({ "port": null })).await?;
    domain.becomes("/ping", 200).await
}

/// R-V6-1: a trusted proxy says who asks; nobody else does.
#[tokio::test]
async fn r_v6_1_a_trusted_proxy_says_who_asks() -> Result<()> {
    let trusting = vec![("BERTH_EDGE_PROXIES".to_owned(), "private".to_owned())];
    let shipped = Shipped::live_where(trusting).await?;
    let domain = Domain::default_of(&shipped).await?;
    let from = |address: &str| {
        Ok::<_, anyhow::Error>(domain.request(Method::GET, "/headers")?.header("x-forwarded-for", address))
    };
    for address in ["203.0.113.9", "2001:db8::9"] {
        let inside = domain.headers_inside(from(address)?).await?;
        ensure!(inside["x-forwarded-for"].as_str().is_some_and(|seen| seen.starts_with(address)), "{inside}");
    }
    domain.set(json!({ "allow": ["203.0.113.0/24", "2001:db8::/32"] })).await?;
    for (address, status) in [
        ("203.0.113.9", 200),
        ("2001:db8::9", 200),
        ("198.51.100.1", 403),
        ("2001:db9::1", 403),
        // Who is named first says it; what the last one that is no trusted proxy said counts.
        ("203.0.113.9, 198.51.100.1", 403),
        ("198.51.100.1, 203.0.113.9, 10.0.0.1", 200),
    ] {
        let answer = from(address)?.send().await?;
        ensure!(answer.status() == status, "{address}: {}", answer.status());
    }
    domain
        .set(json!({ "allow": [], "hsts": { "max_age_s": 31_536_000, "include_subdomains": true } }))
        .await?;
    let secure = domain.request(Method::GET, "/")?.header("x-forwarded-proto", "https").send().await?;
    ensure!(
        header(&secure, "strict-transport-security") == "max-age=31536000; includeSubDomains",
        "{secure:?}"
    );
    ensure!(
        header(&domain.visit("/").await?, "strict-transport-security").is_empty(),
        "HSTS over plain HTTP"
    );
    Ok(())
}

/// R-V6-1: without a trusted proxy, what a visitor claims about itself is taken away.
#[tokio::test]
async fn r_v6_1_a_visitors_claims_are_taken_away() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    let request = domain.request(Method::GET, "/headers")?.header("x-forwarded-for", "203.0.113.9");
    let inside = domain.headers_inside(request.header("x-forwarded-proto", "https")).await?;
    ensure!(!inside.to_string().contains("203.0.113.9") && inside["x-forwarded-proto"] == "http", "{inside}");
    ensure!(inside["x-real-ip"].is_string(), "{inside}");
    Ok(())
}
