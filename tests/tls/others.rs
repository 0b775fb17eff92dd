//! More than one authority: another one when the first gives none, staging before any, and what is left at each.

use crate::fixture::{PATIENCE, Secure};
use berth_domain::authority::{AuthorityRole, AuthorityView, DomainAllowance, host_of};
use berth_tests::{acme::Manners, prelude::*};

const HOST: &str = "shop.example.net";
const REFUSED: &str = "refused.example.net";
const FALLBACK: &str = "BERTH_ACME_FALLBACK";
const STAGING: &str = "BERTH_ACME_STAGING";
/// What the operator allows for a registered domain in one of the tests.
const ORDERS: usize = 3;

fn refusing() -> Manners {
    Manners { refused: vec![REFUSED.to_owned()], ..Manners::default() }
}

/// R-TLS-3: what the first authority refuses because of the domain is asked for nowhere else; when it is down, another one
/// gives the certificate, and it is seen which.
#[tokio::test]
async fn r_tls_3_another_authority_gives_what_the_first_cannot() -> Result<()> {
    let (mut secure, fallback) = Secure::start_beside(refusing(), Manners::default(), FALLBACK).await?;
    secure.add_here(REFUSED).await?;
    secure.says(REFUSED, "The authority refused").await?;
    ensure!(fallback.asked()? == 0, "the fallback was asked for {} orders", fallback.asked()?);

    secure.pebble.stop()?;
    secure.add_here(HOST).await?;
    let root = fallback.root().await?;
    secure.answers_by(HOST, "one", &root).await?;
    let one = secure.ordered(HOST).await?;
    let from = one.authority.as_deref();
    ensure!(from == Some(host_of(&fallback.directory())) && one.last_error.is_none(), "{one:?}");
    ensure!(fallback.orders()? == 1, "{} orders at the fallback", fallback.orders()?);
    let page = secure.page("/certificates").await?;
    ensure!(page.contains(host_of(&fallback.directory())), "the page does not say where it came from");

    // The first one is asked again for the next, as soon as it answers.
    let http_port = secure.berth.http_port;
    secure.pebble.start_authority(http_port, &Manners::default()).await?;
    secure.add_here("second.example.net").await?;
    secure.answers("second.example.net", "one").await?;
    ensure!(fallback.orders()? == 1, "{} orders at the fallback", fallback.orders()?);
    Ok(())
}

/// R-TLS-3: a new domain is tried at staging first; what is refused there costs nothing at the real authority.
#[tokio::test]
async fn r_tls_3_a_new_domain_is_tried_at_staging_first() -> Result<()> {
    let (mut secure, mut staging) = Secure::start_beside(Manners::default(), refusing(), STAGING).await?;
    secure.add_here(REFUSED).await?;
    let refused = secure.says(REFUSED, "Tried at staging first").await?;
    ensure!(refused.staged_at.is_none() && refused.authority.is_none(), "{refused:?}");
    ensure!(secure.pebble.asked()? == 0, "the real one was asked for {} orders", secure.pebble.asked()?);

    secure.add_here(HOST).await?;
    secure.answers(HOST, "one").await?;
    let one = secure.ordered(HOST).await?;
    ensure!(one.staged_at.is_some(), "{one:?}");
    ensure!(one.authority.as_deref() == Some(host_of(&secure.pebble.directory())), "{one:?}");
    let orders = (staging.orders()?, secure.pebble.orders()?);
    ensure!(orders == (1, 1), "orders at staging and at the real one: {orders:?}");

    // What was tried once is not tried there again, and staging that is down keeps nothing away.
    secure.retry(HOST).await?;
    eventually_within(PATIENCE, "it is renewed", || async {
        ensure!(secure.pebble.given()? == 2, "{} certificates", secure.pebble.given()?);
        Ok(())
    })
    .await?;
    ensure!(staging.orders()? == 1, "{} orders at staging", staging.orders()?);
    staging.stop()?;
    secure.berth.terminate()?;
    secure.berth.start_again().await?;
    secure.add_here("second.example.net").await?;
    secure.answers("second.example.net", "one").await.map(drop)
}

/// R-TLS-3: how many orders are left is told for the account and for what is registered, and outlives a restart.
#[tokio::test]
async fn r_tls_3_what_is_left_of_the_budget_is_told() -> Result<()> {
    let mut secure = Secure::start(Manners::default()).await?;
    secure.add("waits.example.co.uk").await?;
    for host in [HOST, "blog.example.net"] {
        secure.add_here(host).await?;
        secure.answers(host, "one").await?;
    }
    secure.retry(HOST).await?;
    eventually_within(PATIENCE, "one is renewed", || async {
        ensure!(secure.pebble.given()? == 3, "{} certificates", secure.pebble.given()?);
        Ok(())
    })
    .await?;
    let before = first(&secure).await?;
    ensure!(before.orders.left == before.orders.most - 3 && before.orders.refills_at.is_some(), "{before:?}");
    let used = |domain: &str| -> Result<u32> {
        let of = before.domains.iter().find(|of| of.domain == domain).context("it is told")?;
        Ok(of.orders.most - of.orders.left)
    };
    // A renewal takes nothing from what is registered.
    ensure!(used("example.net")? == 2 && used("example.co.uk")? == 0, "{before:?}");
    let page = secure.page("/certificates").await?;
    let left = format!("{} of {} orders left", before.orders.left, before.orders.most);
    ensure!(page.contains(&left) && page.contains("example.co.uk"), "the page does not say {left:?}");

    secure.berth.kill()?;
    secure.berth.start_again().await?;
    let after = first(&secure).await?;
    ensure!(after == before, "{after:?} instead of {before:?}");
    Ok(())
}

/// R-TLS-3: a registered domain has no more orders than Berth allows itself, and the domain that waits says until when.
#[tokio::test]
async fn r_tls_3_when_the_budget_is_used_up_nothing_is_ordered_until_it_comes_back() -> Result<()> {
    let few = ORDERS.to_string();
    let more = vec![("BERTH_ACME_DOMAIN_ORDERS".to_owned(), few)];
    let secure = Secure::start_with(Manners::default(), more).await?;
    let most = first(&secure).await?;
    ensure!(most.orders.left == most.orders.most, "{most:?}");
    for number in 0..ORDERS {
        let host = format!("n-{number}.example.org");
        secure.add_here(&host).await?;
        secure.answers(&host, "one").await?;
    }
    let of = registered(&secure, "example.org").await?;
    ensure!(of.orders.most as usize == ORDERS && of.orders.left == 0, "{of:?} after {ORDERS} orders");
    secure.add_here("one-more.example.org").await?;
    let waits = secure.says("one-more.example.org", "new certificates for names below example.org").await?;
    ensure!(waits.next_attempt_at == of.orders.refills_at, "{waits:?} and {of:?}");
    ensure!(secure.pebble.asked()? == ORDERS, "{} orders", secure.pebble.asked()?);
    // Other domains do not wait for it.
    secure.add_here(HOST).await?;
    secure.answers(HOST, "one").await.map(drop)
}

async fn first(secure: &Secure) -> Result<AuthorityView> {
    let all: Vec<AuthorityView> = secure.owner.get("/certificates/authorities").await?.ok()?;
    let first = all.into_iter().find(|one| one.role == AuthorityRole::First);
    let first = first.context("an authority")?;
    ensure!(first.directory == secure.pebble.directory(), "{first:?}");
    Ok(first)
}

async fn registered(secure: &Secure, domain: &str) -> Result<DomainAllowance> {
    let domains = first(secure).await?.domains;
    domains.into_iter().find(|of| of.domain == domain).with_context(|| format!("nothing is told of {domain}"))
}
