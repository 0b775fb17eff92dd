//! How soon a change of a domain is effective, with one domain and with a thousand.

use crate::table::{Table, median};
use anyhow::{Context, Result};
use berth_tests::{prelude::*, verbs};
use futures::{StreamExt, TryStreamExt};
use std::time::Instant;

/// How many changes are timed.
const CHANGES: u32 = 20;
/// How many domains the service has in the end.
const MANY: u32 = 1_000;

/// From the request to the first visitor who gets the new header.
pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let view = owner.create_shipped(&web).await?;
    let (host, id) = (verbs::host(&view)?, view.domains.first().context("a domain")?.id);
    owner.ship_version(&web, "one").await?;
    let domains = format!("{}/domains", verbs::of(&web));
    let at = format!("{domains}/{id}");
    let alone = changes(&berth, &owner, &at, &host, 0).await?;
    note(table, "a domain's settings, changed to effective", alone);

    let add = |number: u32| {
        let (owner, domains) = (owner.clone(), domains.clone());
        async move {
            owner.post(&domains, json!({ "host": format!("d{number}.example.localhost") })).await?.done()
        }
    };
    futures::stream::iter(0..MANY).map(add).buffer_unordered(4).try_collect::<Vec<_>>().await?;
    let last = format!("d{}.example.localhost", MANY - 1);
    verbs::answers(berth.http_port, &last, "/", "one").await?;
    let among = changes(&berth, &owner, &at, &host, CHANGES).await?;
    note(table, "the same among 1,000 domains of one service", among);
    Ok(())
}

fn note(table: &mut Table, what: &str, seconds: Vec<f64>) {
    let worst = seconds.iter().copied().fold(0.0, f64::max);
    let median = median(seconds);
    let ours = format!("{median:.3} s, at most {worst:.3} s");
    table.note(what, ours, "0.05 s throttle".to_owned(), "< 1 s", Some(worst < 1.0));
}

async fn changes(berth: &Berth, owner: &Client, at: &str, host: &str, from: u32) -> Result<Vec<f64>> {
    let mut took = Vec::new();
    for number in from..from + CHANGES {
        let value = format!("v{number}");
        let change = json!({ "response_headers": [{ "name": "X-Change", "value": value }] });
        let began = Instant::now();
        owner.patch(at, change).await?.done()?;
        let seen = verbs::visit(berth.http_port, host, "/").await?;
        ensure!(seen.header("x-change") == value, "{seen:?}");
        took.push(began.elapsed().as_secs_f64());
    }
    Ok(took)
}
