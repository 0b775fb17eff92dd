//! Every setting of a domain through the real proxy: a change is made, a request goes in, and its behaviour comes out.

use crate::{
    domain::{Domain, header},
    fixture::{Shipped, with},
};
use berth_tests::{prelude::*, verbs};
use std::collections::BTreeSet;

/// What Go's templates would run, and what would end a string of YAML.
const TRAPS: [&str; 4] = ["{{ env \"PATH\" }}", "{{`x`}}", "\"}\nhttp:", "a: {{ .x | printf \"%s\" }} # `y`"];

/// R-TRF-1: who may come in is asked for a password; hashes and passwords are not told to anybody.
#[tokio::test]
async fn r_trf_1_users_come_in_with_their_passwords_only() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    let users = json!({ "logins": [
        { "name": "ann", "password": "s3cret canary" },
        { "name": "{{ env `HOME` }}", "password": "tr4p" },
    ] });
    let view = domain.set(users).await?;
    ensure!(view["settings"]["logins"] == json!(["ann", "{{ env `HOME` }}"]), "{view}");
    let asked = domain.visit("/").await?;
    ensure!(asked.status() == 401 && header(&asked, "www-authenticate").contains(&domain.host), "{asked:?}");
    let status = async |name: &str, password: &str| -> Result<u16> {
        let request = domain.request(Method::GET, "/")?.basic_auth(name, Some(password));
        Ok(request.send().await?.status().as_u16())
    };
    ensure!(status("ann", "s3cret canary").await? == 200 && status("{{ env `HOME` }}", "tr4p").await? == 200);
    ensure!(status("ann", "tr4p").await? == 401 && status("eve", "").await? == 401);
    let inside = domain.request(Method::GET, "/headers")?.basic_auth("ann", Some("s3cret canary"));
    ensure!(
        domain.headers_inside(inside).await?.get("authorization").is_none(),
        "the program reads the password"
    );

    // One stays without a new password, the other goes.
    domain.set(json!({ "logins": [{ "name": "ann" }], "compress": true })).await?;
    ensure!(status("ann", "s3cret canary").await? == 200 && status("{{ env `HOME` }}", "tr4p").await? == 401);
    shipped
        .owner
        .patch(&domain.at, json!({ "logins": [{ "name": "new" }] }))
        .await?
        .refuses_field("logins")?;
    for at in [domain.at.clone(), format!("{}/proxy", verbs::of(&shipped.web)), "/events?limit=100".into()] {
        let told = shipped.owner.get(&at).await?;
        ensure!(
            told.status == 200 && !told.text.contains("$2y$") && !told.text.contains("canary"),
            "{at}: {told:?}"
        );
    }
    domain.set(json!({ "logins": [] })).await?;
    ensure!(domain.status("/").await? == 200);
    Ok(())
}

/// R-TRF-1: a domain can lead elsewhere, with the path or without, for ever or for now.
#[tokio::test]
async fn r_trf_1_a_domain_can_lead_elsewhere() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::added(&shipped, "www.example.localhost", "/").await?;
    let leads = async |method: Method, path: &str, status: u16, to: &str| -> Result<()> {
        let answer = domain.request(method, path)?.send().await?;
        ensure!(answer.status() == status && header(&answer, "location") == to, "{path}: {answer:?}");
        Ok(())
    };
    let to = |redirect: Value| json!({ "redirect": redirect });
    domain.set(to(json!({ "to": "https://example.localhost", "permanent": true }))).await?;
    leads(Method::GET, "/a/b?c=d", 301, "https://example.localhost/a/b?c=d").await?;
    leads(Method::GET, "/", 301, "https://example.localhost/").await?;
    leads(Method::POST, "/a", 308, "https://example.localhost/a").await?;
    domain.set(to(json!({ "to": "http://other.localhost:8080/x$1/?y=1", "keep_path": false }))).await?;
    leads(Method::GET, "/a/b?c=d", 302, "http://other.localhost:8080/x$1/?y=1").await?;
    shipped.answers("one").await?;
    domain.set(to(Value::Null)).await?;
    ensure!(domain.status("/").await? == 200);
    Ok(())
}

/// R-TRF-3: headers are set and taken away as they are written, and none of them is code to the proxy.
#[tokio::test]
async fn r_trf_3_headers_are_text_also_when_they_look_like_templates() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    for trap in TRAPS.into_iter().filter(|trap| !trap.contains('\n')) {
        let headers = |prefix: &str| json!([{ "name": format!("{prefix}-Trap"), "value": trap }]);
        domain
            .set(json!({ "request_headers": headers("X-In"), "response_headers": headers("X-Out") }))
            .await?;
        let answer = domain.visit("/headers").await?;
        ensure!(header(&answer, "x-out-trap") == trap, "{answer:?}");
        ensure!(answer.json::<Value>().await?["x-in-trap"] == trap, "{trap} reached the program otherwise");
    }
    let lines = json!({ "request_headers": [{ "name": "X-In", "value": TRAPS[2] }] });
    shipped.owner.patch(&domain.at, lines).await?.refuses_field("request_headers")?;
    domain
        .set(json!({
            "request_headers": [{ "name": "Accept-Language" }],
            "response_headers": [{ "name": "X-Version" }, { "name": "X-Frame-Options", "value": "DENY" }],
        }))
        .await?;
    let answer = domain.request(Method::GET, "/headers")?.header("accept-language", "de").send().await?;
    ensure!(
        header(&answer, "x-version").is_empty() && header(&answer, "x-frame-options") == "DENY",
        "{answer:?}"
    );
    ensure!(answer.json::<Value>().await?.get("accept-language").is_none(), "the header was not taken away");
    Ok(())
}

/// R-TRF-1: the program sees the path as it comes, without the domain's, or another in its place.
#[tokio::test]
async fn r_trf_1_the_program_sees_another_path() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::added(&shipped, "paths.example.localhost", "/echo/v1").await?;
    let sees = async |path: &str, wanted: &str| -> Result<()> {
        let text = domain.visit(path).await?.text().await?;
        ensure!(text == wanted, "{path} came as {text}");
        Ok(())
    };
    sees("/echo/v1/a", "/echo/v1/a").await?;
    domain.set(json!({ "forwarded_path": "/echo/v2" })).await?;
    sees("/echo/v1/a?b=c", "/echo/v2/a").await?;
    domain.set(json!({ "forwarded_path": "/" })).await?;
    sees("/echo/v1/echo/b", "/echo/b").await?;
    sees("/echo/v1", "one").await?;
    ensure!(domain.status("/echo/v12").await? == 404, "another path came along");
    domain.set(json!({ "forwarded_path": null })).await?;
    sees("/echo/v1/a", "/echo/v1/a").await
}

/// R-TRF-1: only addresses that are named come in.
#[tokio::test]
async fn r_trf_1_only_addresses_that_are_allowed_come_in() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    domain.set(json!({ "allow": ["192.0.2.0/24", "2001:db8::/32"] })).await?;
    ensure!(domain.status("/").await? == 403);
    // A visitor's own word on it is not believed.
    let claims = domain.request(Method::GET, "/")?.header("x-forwarded-for", "192.0.2.1").send().await?;
    ensure!(claims.status() == 403, "{claims:?}");
    domain.set(json!({ "allow": ["0.0.0.0/0", "::/0"] })).await?;
    ensure!(domain.status("/").await? == 200);
    domain.set(json!({ "allow": [] })).await?;
    ensure!(domain.status("/").await? == 200);
    Ok(())
}

/// R-TRF-1: who asks too often is told so.
#[tokio::test]
async fn r_trf_1_who_asks_too_often_is_told_so() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    domain.set(json!({ "rate_limit": { "average": 1, "period_s": 60, "burst": 3 } })).await?;
    let mut seen = Vec::new();
    for _ in 0..6 {
        seen.push(domain.status("/").await?);
    }
    ensure!(seen == [200, 200, 200, 429, 429, 429], "{seen:?}");
    domain.set(json!({ "rate_limit": null })).await?;
    ensure!(domain.status("/").await? == 200);
    Ok(())
}

/// R-TRF-1: a body that is too large is refused, others come whole, and streams still stream.
#[tokio::test]
async fn r_trf_1_a_body_has_its_limit() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    domain.set(json!({ "max_body_bytes": 4 << 20 })).await?;
    let post = async |size: usize| -> Result<(u16, usize)> {
        let answer = domain.request(Method::POST, "/body")?.body(vec![b'x'; size]).send().await?;
        Ok((answer.status().as_u16(), answer.bytes().await?.len()))
    };
    ensure!(post(3 << 20).await? == (200, 3 << 20), "what does not fit into the proxy's memory comes whole");
    ensure!(post(5 << 20).await?.0 == 413);
    let load = Load::mixed(shipped.berth.http_port, &domain.host, &Mix { streams: true, ..Mix::default() });
    load.sent(6).await?;
    load.stop().await.lost_nothing(6)?;
    domain.set(json!({ "max_body_bytes": null })).await?;
    ensure!(post(5 << 20).await? == (200, 5 << 20));
    Ok(())
}

/// R-TRF-1: answers are compressed for who reads that, and events still come one by one.
#[tokio::test]
async fn r_trf_1_answers_are_compressed() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    let encoding = async |accept: &str| -> Result<(String, usize)> {
        let request = domain.request(Method::POST, "/body")?.header("accept-encoding", accept);
        let answer = request.body(vec![b'x'; 8_192]).send().await?;
        Ok((header(&answer, "content-encoding").to_owned(), answer.bytes().await?.len()))
    };
    ensure!(encoding("gzip").await? == (String::new(), 8_192));
    domain.set(json!({ "compress": true })).await?;
    let (seen, size) = encoding("gzip").await?;
    ensure!(seen == "gzip" && size < 1_000, "{seen} {size}");
    ensure!(encoding("identity").await? == (String::new(), 8_192));
    let load = Load::mixed(shipped.berth.http_port, &domain.host, &Mix { streams: true, ..Mix::default() });
    load.sent(4).await?;
    load.stop().await.lost_nothing(4)
}

/// R-TRF-1: a visitor with the cookie stays with one instance; the others are shared among all.
#[tokio::test]
async fn r_trf_1_a_visitor_stays_with_an_instance() -> Result<()> {
    let shipped = Shipped::live_with(with(json!({ "replicas": 3 }))).await?;
    let domain = Domain::default_of(&shipped).await?;
    domain.set(json!({ "sticky": true })).await?;
    let (mut anybody, mut same) = (BTreeSet::new(), BTreeSet::new());
    let first = domain.visit("/host").await?;
    let cookies = first.headers().get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok());
    let cookies: Vec<_> = cookies.filter_map(|cookie| cookie.split(';').next()).map(str::to_owned).collect();
    ensure!(cookies.len() == 2 && !cookies.iter().any(|cookie| cookie.contains("http")), "{cookies:?}");
    same.insert(first.text().await?);
    for _ in 0..12 {
        anybody.insert(domain.visit("/host").await?.text().await?);
        let request = domain.request(Method::GET, "/host")?.header("cookie", cookies.join("; "));
        same.insert(request.send().await?.text().await?);
    }
    ensure!(
        anybody.len() == 3 && same.len() == 1,
        "{} instances without it, {} with it",
        anybody.len(),
        same.len()
    );
    domain.set(json!({ "sticky": false })).await?;
    ensure!(header(&domain.visit("/").await?, "set-cookie").is_empty());
    Ok(())
}

/// R-TRF-4: visitors read the domain's own page while nobody answers.
#[tokio::test]
async fn r_trf_4_a_domain_has_a_page_of_its_own() -> Result<()> {
    let shipped = Shipped::live().await?;
    let domain = Domain::default_of(&shipped).await?;
    domain.set(json!({ "page": "<h1>Sold out {{ env }}</h1>" })).await?;
    let maintenance = format!("{}/maintenance", verbs::of(&shipped.web));
    shipped.owner.put(&maintenance, json!({})).await?.done()?;
    let read = async |accept: &str| -> Result<(u16, String)> {
        let answer = domain.request(Method::GET, "/")?.header("accept", accept).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    };
    ensure!(read("text/html").await? == (503, "<h1>Sold out {{ env }}</h1>".to_owned()));
    ensure!(read("application/json").await?.1.contains("\"maintenance\""), "programs still read what is so");
    shipped.owner.delete(&maintenance, Value::Null).await?.done()?;
    shipped.answers("one").await
}
