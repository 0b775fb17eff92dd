//! Wildcards that are proven at a real name server.

use crate::fixture::Secure;
use berth_domain::zone::ZoneTried;
use berth_tests::{
    acme::Manners,
    name_server::{IDLE_KEY, KEY, NameServer},
    prelude::*,
};

/// The name server keeps the zone above.
const KEPT: &str = "example.net";
const ZONE: &str = "apps.example.net";
const PROOF: &str = "_acme-challenge.apps.example.net";

async fn at(server: &NameServer) -> Result<Secure> {
    let more = [("BERTH_RESOLVER", server.address()), ("BERTH_PRIVATE_HOSTS", server.address())];
    let more = more.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let manners = Manners { names_at: Some(server.port()), ..Manners::default() };
    Secure::start_with(manners, more).await
}

fn signed_with(server: &NameServer, (name, key): (&str, &str)) -> Value {
    json!({ "host": "rfc2136", "server": server.address(), "key_name": name, "token": key })
}

/// R-TLS-5: a wildcard by RFC 2136. Tried first, then proven; no proof stays in the zone, and the key is nowhere to be seen.
#[tokio::test]
async fn r_tls_5_a_wildcard_is_proven_at_a_name_server_by_signed_updates() -> Result<()> {
    let server = NameServer::start(KEPT).await?;
    let secure = at(&server).await?;
    let zone = format!("/zones/{ZONE}");
    secure.owner.put(&zone, signed_with(&server, KEY)).await?.ok::<Value>()?;
    let tried: ZoneTried = secure.owner.post(&format!("{zone}/try"), Value::Null).await?.ok()?;
    ensure!(tried.seen && tried.zone.as_str() == ZONE, "{tried:?}");
    ensure!(server.texts(PROOF)? == 0, "what was tried is still there");
    for host in ["a.apps.example.net", "b.apps.example.net"] {
        secure.add(host).await?;
        secure.answers(host, "one").await?;
    }
    let one = secure.ordered(&format!("*.{ZONE}")).await?;
    ensure!(one.names == [format!("*.{ZONE}")] && one.serves, "{one:?}");
    ensure!(secure.pebble.orders()? == 1, "{} orders", secure.pebble.orders()?);
    eventually("the proof is taken out of the zone", || async {
        let texts = server.texts(PROOF)?;
        ensure!(texts == 0, "it has {texts} texts");
        Ok(())
    })
    .await?;
    let seen = [std::fs::read(secure.berth.log_file())?, secure.owner.get("/zones").await?.text.into_bytes()];
    ensure!(!seen.iter().any(|bytes| String::from_utf8_lossy(bytes).contains(KEY.1)), "the key is shown");
    Ok(())
}

/// R-TLS-2: what the name server has against a key is told at the domain's certificate, and a new key is tried at once.
#[tokio::test]
async fn r_tls_2_what_a_name_server_refuses_is_told_and_mended() -> Result<()> {
    let server = NameServer::start(KEPT).await?;
    let secure = at(&server).await?;
    let zone = format!("/zones/{ZONE}");
    let wildcard = format!("*.{ZONE}");
    let strange = ("nobody", KEY.1);
    let forged = (KEY.0, IDLE_KEY.1);
    secure.owner.put(&zone, signed_with(&server, strange)).await?.ok::<Value>()?;
    secure.add("a.apps.example.net").await?;
    secure.says(&wildcard, "knows no key nobody").await?;
    secure.owner.put(&zone, signed_with(&server, forged)).await?.ok::<Value>()?;
    secure.says(&wildcard, "with other contents").await?;
    secure.owner.put(&zone, signed_with(&server, IDLE_KEY)).await?.ok::<Value>()?;
    let tried = secure.owner.post(&format!("{zone}/try"), Value::Null).await?;
    let problem = tried.refuses_field("zone")?;
    ensure!(problem.message.contains("knows no key idle"), "{problem:?}");
    ensure!(server.texts(PROOF)? == 0, "a key that may not put a text there did");
    secure.says(&wildcard, "knows no key idle").await?;
    secure.owner.put(&zone, signed_with(&server, KEY)).await?.ok::<Value>()?;
    secure.answers("a.apps.example.net", "one").await?;
    Ok(())
}
