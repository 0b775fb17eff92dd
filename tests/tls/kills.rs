//! Berth is killed before each step of an order: every order comes to its certificate, and none is made twice.

use crate::fixture::Secure;
use berth_tests::{acme::Manners, https, prelude::*};
use std::fs;

/// The server stops before this step of an order and waits for its end.
const PAUSE: &str = "BERTH_PAUSE_BEFORE_ORDER_STEP";
/// Between the authority's answer and the line in the store: the only order that Berth cannot know of after a kill.
const UNKNOWN: &str = "write down the order";
/// An attempt that was cut off before its order was written down is made again after a minute and a quarter at most.
const SOON: Duration = Duration::from_secs(120);
/// The steps of an order over HTTP.
const STEPS: usize = 10;

/// R-TLS-1: killed before every single step of an order.
#[tokio::test]
async fn r_tls_1_a_kill_before_any_step_of_an_order_loses_none_and_doubles_none() -> Result<()> {
    let mut secure = Secure::start(Manners::default()).await?;
    let mut steps: Vec<String> = Vec::new();
    loop {
        let number = steps.len();
        let host = format!("step-{number}.example.net");
        let (orders, given) = (secure.pebble.orders()?, secure.pebble.given()?);
        let Some(step) = killed_before(&mut secure, &host, number).await? else { break };
        let what = format!("killed before step {number}: {step}");
        is_had_once(&secure, &host).await.with_context(|| what.clone())?;
        let (orders, given) = (secure.pebble.orders()? - orders, secure.pebble.given()? - given);
        // What is open at the authority and known to nobody ends there by itself; no certificate comes of it.
        let most = if step == UNKNOWN { 2 } else { 1 };
        ensure!((1..=most).contains(&orders) && given == 1, "{what}: {orders} orders, {given} certificates");
        println!("{what}: {orders} orders, {given} certificates");
        steps.push(step);
    }
    ensure!(steps.len() >= STEPS, "only {} steps: {steps:#?}", steps.len());
    ensure!(steps.iter().any(|step| step == UNKNOWN), "{steps:#?}");
    // The last round came to its end without a kill, and so had its one order.
    ensure!(secure.pebble.given()? == steps.len() + 1, "{} certificates", secure.pebble.given()?);
    Ok(())
}

/// Adds a domain to a Berth that stops before a step, kills it there and starts it again. `None` when an order has no such
/// step any more and came to its certificate.
async fn killed_before(secure: &mut Secure, host: &str, step: usize) -> Result<Option<String>> {
    secure.berth.terminate()?;
    secure.berth.set(PAUSE, Some(&step.to_string()));
    secure.berth.start_again().await?;
    secure.add_here(host).await?;
    let paused = format!("Paused before step {step} of an order: ");
    let (log, root) = (secure.berth.log_file(), secure.pebble.root().await?);
    let words = eventually_within(SOON, &format!("an order comes to step {step} or its end"), || async {
        let log = fs::read_to_string(&log)?;
        if let Some((_, rest)) = log.split_once(&paused) {
            return Ok(Some(rest.split('.').next().unwrap_or_default().to_owned()));
        }
        // The proxy has it after the last step only.
        let said = https::get(secure.berth.https_port, host, &root).await?;
        ensure!(said.status == 200, "it answered {}", said.status);
        Ok(None)
    })
    .await?;
    secure.berth.kill()?;
    secure.berth.set(PAUSE, None);
    secure.berth.start_again().await?;
    Ok(words)
}

/// The certificate comes by itself, and nothing of the attempt is left over.
async fn is_had_once(secure: &Secure, host: &str) -> Result<()> {
    eventually_within(SOON, &format!("{host} has its certificate"), || async {
        let one = secure.ordered(host).await?;
        ensure!(one.serves && one.state.as_str() == "issued", "it is {} {:?}", one.state, one.last_error);
        Ok(())
    })
    .await?;
    secure.answers(host, "one").await.map(drop)
}
