//! Certificates come, serve and are renewed.

use crate::fixture::Secure;
use berth_tests::{
    acme::{Manners, Pebble},
    https,
    prelude::*,
};
use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf};

const HOST: &str = "shop.example.net";

/// R-TLS-5: proven over HTTP before any route of the service, served, and no request is lost when the release changes.
#[tokio::test]
async fn r_tls_5_a_domain_is_proven_over_http_and_answers_over_https() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    secure.add_here(HOST).await?;
    secure.answers(HOST, "one").await?;
    let one = secure.ordered(HOST).await?;
    ensure!(one.serves && one.failures == 0 && one.renew_at.is_some() && one.last_error.is_none(), "{one:?}");
    ensure!(one.issuer.as_deref().is_some_and(|issuer| issuer.contains("Pebble")), "{one:?}");
    ensure!(secure.pebble.orders()? == 1, "{} orders", secure.pebble.orders()?);

    let root = secure.pebble.root().await?;
    let shipping = secure.owner.ship_version(&secure.web, "two");
    tokio::pin!(shipping);
    let mut answered = 0;
    loop {
        tokio::select! {
            shipped = &mut shipping => break shipped.map(drop)?,
            said = https::get(secure.berth.https_port, HOST, &root) => {
                let said = said.context("during a rollout")?;
                ensure!(said.status == 200, "during a rollout it answered {} {}", said.status, said.body);
                answered += 1;
            }
        }
    }
    ensure!(answered > 5, "only {answered} requests were answered during the rollout");
    secure.answers(HOST, "two").await?;
    no_key_is_seen(&secure).await
}

/// R-SEC-3: the key is in a file of its owner's, sealed in the store, and nowhere else.
async fn no_key_is_seen(secure: &Secure) -> Result<()> {
    let files = fs::read_dir(secure.berth.data().join("proxy/routes"))?;
    let files: Vec<PathBuf> = files.map(|file| Ok(file?.path())).collect::<Result<_>>()?;
    let of_certificates: Vec<_> =
        files.iter().filter(|path| path.to_string_lossy().contains("_certificate-")).collect();
    ensure!(!of_certificates.is_empty(), "no certificate in {files:?}");
    let mut keys = Vec::new();
    for path in of_certificates {
        let mode = fs::metadata(path)?.permissions().mode() & 0o777;
        ensure!(mode == 0o600, "{} has mode {mode:o}", path.display());
        let text = fs::read_to_string(path)?;
        let (_, key) = text.split_once("keyFile").context("a key")?;
        let line = key.split("\\u000a").nth(1).context("the key's first line")?.to_owned();
        ensure!(line.len() > 40, "{line:?}");
        keys.push(line);
    }
    let mut seen = vec![
        ("the log", fs::read(secure.berth.log_file())?),
        ("the database", fs::read(secure.berth.data().join("berth.db")).unwrap_or_default()),
    ];
    for path in ["/certificates", "/events?limit=200"] {
        seen.push((path, secure.owner.get(path).await?.text.into_bytes()));
    }
    let id = secure.ordered(HOST).await?.id.0;
    let chain = secure.owner.get(&format!("/certificates/{id}/chain")).await?.text;
    ensure!(chain.contains("BEGIN CERTIFICATE") && !chain.contains("PRIVATE KEY"), "{chain}");
    seen.push(("the chain", chain.into_bytes()));
    for (place, bytes) in seen {
        let text = String::from_utf8_lossy(&bytes);
        ensure!(!keys.iter().any(|key| text.contains(key.as_str())), "a key stands in {place}");
    }
    Ok(())
}

/// R-TLS-4: a certificate is renewed after two thirds of its life, and nobody notices.
#[tokio::test]
async fn r_tls_4_a_certificate_that_lives_shortly_is_renewed_in_time() -> Result<()> {
    let secure = Secure::start(Manners { life: Some(45), ..Manners::default() }).await?;
    secure.add_here(HOST).await?;
    let first = secure.answers(HOST, "one").await?.certificate;
    let root = secure.pebble.root().await?;
    eventually_within(Duration::from_secs(60), "another certificate is shown", || async {
        // The client refuses what has ended: then this test fails here.
        let said = https::get(secure.berth.https_port, HOST, &root).await;
        let said = said.map_err(|error| anyhow::anyhow!("HTTPS broke: {error:#}"))?;
        ensure!(said.status == 200, "it answered {}", said.status);
        ensure!(said.certificate != first, "it is the first one");
        Ok(())
    })
    .await?;
    let one = secure.ordered(HOST).await?;
    ensure!(one.renew_at < one.not_after && one.renew_at > one.not_before, "{one:?}");
    Ok(())
}

/// An authority that says "bad nonce" to every third request, and takes its time: all certificates arrive.
#[tokio::test]
async fn bad_nonces_and_slow_proofs_keep_no_certificate_away() -> Result<()> {
    let secure = Secure::start(Manners { bad_nonces: 30, slow: true, ..Manners::default() }).await?;
    let hosts = ["a.example.net", "b.example.net", "c.example.net"];
    for host in hosts {
        secure.add_here(host).await?;
    }
    for host in hosts {
        secure.answers(host, "one").await?;
    }
    Ok(())
}

/// An authority that only takes accounts of its customers.
#[tokio::test]
async fn an_account_is_bound_to_one_that_exists() -> Result<()> {
    let (id, key) = ("kid-1", "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W");
    let manners = Manners { binding: Some((id.into(), key.into())), ..Manners::default() };
    let more = [("BERTH_ACME_EAB_KID", id), ("BERTH_ACME_EAB_HMAC", key)];
    let more = more.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let secure = Secure::start_with(manners, more).await?;
    secure.add_here(HOST).await?;
    secure.answers(HOST, "one").await?;
    ensure!(!fs::read_to_string(secure.berth.log_file())?.contains(key), "the key stands in the log");
    Ok(())
}

/// An order that a kill cut off is gone on with; none is opened beside it.
#[tokio::test]
async fn an_order_that_a_kill_cut_off_is_gone_on_with() -> Result<()> {
    let mut secure = Secure::start(Manners { slow: true, ..Manners::default() }).await?;
    secure.add_here(HOST).await?;
    until_ordered(&secure.pebble).await?;
    // The proof is under way: the authority looks at it some seconds later.
    eventually("its order is written down", || async {
        let one = secure.ordered(HOST).await?;
        ensure!(one.state.as_str() == "ordering", "it is {}", one.state);
        Ok(())
    })
    .await?;
    secure.berth.kill()?;
    secure.berth.start_again().await?;
    secure.answers(HOST, "one").await?;
    ensure!(secure.pebble.orders()? == 1, "{} orders", secure.pebble.orders()?);
    ensure!(secure.pebble.given()? == 1, "{} certificates", secure.pebble.given()?);
    Ok(())
}

async fn until_ordered(pebble: &Pebble) -> Result<()> {
    eventually("an order is open", || async {
        ensure!(pebble.orders()? > 0, "none yet");
        Ok(())
    })
    .await
}

/// R-TLS-5: all names of a zone share one certificate, which is proven in the DNS; the proof is taken out again.
#[tokio::test]
async fn r_tls_5_a_wildcard_is_proven_in_the_dns() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    secure.owner.put("/zones/example.net", json!({ "host": "webhook" })).await?.ok::<Value>()?;
    // Neither has an address in the DNS: nobody asks for one.
    for host in ["a.example.net", "b.example.net"] {
        secure.add(host).await?;
        secure.answers(host, "one").await?;
    }
    let one = secure.ordered("*.example.net").await?;
    ensure!(one.names == ["*.example.net"] && one.serves, "{one:?}");
    ensure!(secure.pebble.orders()? == 1, "{} orders", secure.pebble.orders()?);
    secure.owner.delete("/zones/example.net", Value::Null).await?.done()
}
