//! Log lines per second from a program through Docker and Berth to a viewer, against a raw file over HTTP.

use crate::{floor::Floor, table::Table};
use anyhow::Result;
use berth_tests::{
    http,
    prelude::*,
    sse::Events,
    verbs::{self},
};
use std::{net::SocketAddr, time::Instant};

const LINES: usize = 500_000;

pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    let host = verbs::host(&owner.create_shipped(&web).await?)?;
    owner.ship(&web).await?;
    let mut feed = Events::open(&owner, &format!("{}/logs/stream", verbs::of(&web)), None).await?;
    let port = berth.http_port;
    let began = Instant::now();
    let ask = async { verbs::visit(port, &host, &format!("/log?n={LINES}&text=counted")).await };
    let read = async {
        let (mut seen, mut last) = (0, 0);
        while seen < LINES {
            let batch = feed.find(Duration::from_secs(20), |event| event.event == "lines").await;
            let Ok(batch) = batch else { break };
            let lines: Vec<Value> = serde_json::from_str(&batch.data)?;
            for line in lines {
                let number = line["text"].as_str().and_then(|text| text.strip_prefix("counted "));
                let Some(number) = number.and_then(|n| n.parse::<usize>().ok()) else { continue };
                ensure!(number == last + 1, "after line {last} came {number}");
                (seen, last) = (seen + 1, number);
            }
        }
        Ok(seen)
    };
    let (asked, seen) = tokio::join!(ask, read);
    asked?;
    let seen = seen?;
    let rate = seen as f64 / began.elapsed().as_secs_f64();
    let floor = raw_file(&berth).await?;
    let met = seen == LINES && rate >= 100_000.0;
    let name = format!("log lines/s to a viewer, {} lost", LINES - seen);
    table.note(&name, format!("{rate:.0}/s"), format!("{floor:.0}/s"), ">= 100000/s, none lost", Some(met));
    Ok(())
}

/// The same lines from memory over HTTP, split into lines.
async fn raw_file(berth: &Berth) -> Result<f64> {
    let text: String = (1..=LINES).map(|number| format!("counted {number}\n")).collect();
    let floor = Floor::answering(text.as_bytes(), berth.scratch()).await?;
    let began = Instant::now();
    let answer = http::get(SocketAddr::from(([127, 0, 0, 1], floor.port)), "localhost", "/").await?;
    let lines = answer.body.split(|byte| *byte == b'\n').count();
    Ok(lines as f64 / began.elapsed().as_secs_f64())
}
