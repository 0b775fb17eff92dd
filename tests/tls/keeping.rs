//! What the proxy loses is not ordered again.

use crate::fixture::{PATIENCE, Secure};
use berth_tests::{acme::Manners, prelude::*};
use std::fs;

const HOST: &str = "shop.example.net";

/// R-TLS-1: the proxy's container and its folder are gone; HTTPS is back with the same certificate and no new order.
#[tokio::test]
async fn r_tls_1_the_proxy_and_its_data_are_lost_and_nothing_is_ordered_again() -> Result<()> {
    let mut secure = Secure::start(Manners::default()).await?;
    secure.add_here(HOST).await?;
    let before = secure.answers(HOST, "one").await?.certificate;
    let orders = secure.pebble.orders()?;
    secure.berth.terminate()?;
    let docker = Docker::connect().await?;
    let proxy = format!("berth-{}-proxy", secure.berth.instance);
    let forced = bollard::query_parameters::RemoveContainerOptions { force: true, ..Default::default() };
    docker.api.remove_container(&proxy, Some(forced)).await?;
    fs::remove_dir_all(secure.berth.data().join("proxy"))?;
    secure.berth.start_again().await?;
    secure.berth.proxy_is_up().await?;
    let after = secure.answers(HOST, "one").await?.certificate;
    ensure!(before == after, "it is another certificate");
    ensure!(secure.pebble.orders()? == orders, "{} orders instead of {orders}", secure.pebble.orders()?);
    Ok(())
}

/// R-TLS-6: a domain that was removed is answered no more, and one that comes back needs no order.
#[tokio::test]
async fn r_tls_6_a_removed_domain_is_ordered_no_more() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    secure.add_here(HOST).await?;
    let before = secure.answers(HOST, "one").await?.certificate;
    let at = format!("{}/domains", berth_tests::verbs::of(&secure.web));
    let domains: Vec<Value> = secure.owner.get(&at).await?.ok()?;
    let own = domains.iter().find(|domain| domain["host"] == HOST).context("the domain")?;
    let id = own["id"].as_str().context("its id")?;
    secure.owner.delete(&format!("{at}/{id}"), Value::Null).await?.done()?;
    eventually("its certificate serves no more", || async {
        ensure!(!secure.ordered(HOST).await?.serves, "it serves");
        let files = fs::read_dir(secure.berth.data().join("proxy/routes"))?;
        let id = secure.ordered(HOST).await?.id.to_string();
        let there =
            files.filter_map(|file| file.ok()).any(|file| file.file_name().to_string_lossy().contains(&id));
        ensure!(!there, "the proxy has it");
        Ok(())
    })
    .await?;
    secure.add(HOST).await?;
    let after = secure.answers(HOST, "one").await?.certificate;
    ensure!(before == after && secure.pebble.orders()? == 1, "{} orders", secure.pebble.orders()?);
    Ok(())
}

/// A revoked certificate is replaced at once, and a changed account key does not keep the next one away.
#[tokio::test]
async fn a_revoked_certificate_is_replaced_and_the_accounts_key_can_be_changed() -> Result<()> {
    let secure = Secure::start(Manners::default()).await?;
    secure.add_here(HOST).await?;
    let before = secure.answers(HOST, "one").await?.certificate;
    secure.owner.post("/certificates/account-key", Value::Null).await?.done()?;
    let id = secure.ordered(HOST).await?.id.0;
    secure.owner.post(&format!("/certificates/{id}/revoke"), Value::Null).await?.done()?;
    eventually_within(PATIENCE, "another certificate is shown", || async {
        let after = secure.answers(HOST, "one").await?.certificate;
        ensure!(after != before, "it is the revoked one");
        Ok(())
    })
    .await?;
    ensure!(secure.pebble.given()? == 2, "{} certificates", secure.pebble.given()?);
    // After a restart the new key is the one that is kept.
    let mut secure = secure;
    secure.berth.terminate()?;
    secure.berth.start_again().await?;
    secure.add_here("second.example.net").await?;
    secure.answers("second.example.net", "one").await.map(drop)
}
