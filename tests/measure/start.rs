//! From the start of the program to the first answer, and what it takes while nobody asks.

use crate::{
    floor::{Floor, first_answer, resident},
    table::{Table, median},
};
use anyhow::{Context, Result};
use berth_tests::prelude::*;
use std::time::Instant;

pub async fn measure(table: &mut Table) -> Result<()> {
    let mut berth = Berth::start(Options::default()).await?;
    berth.owner().await?;
    let mut starts = Vec::new();
    for _ in 0..5 {
        berth.terminate()?;
        let began = Instant::now();
        berth.launch()?;
        first_answer(berth.port, "/sign-in").await?;
        starts.push(began.elapsed().as_secs_f64());
    }
    let floor = Floor::answering(b"hello", berth.scratch()).await?;
    let took = median(starts);
    let floor_took = format!("{:.3} s", floor.started_in);
    table.note(
        "start to the first 200 on sign-in",
        format!("{took:.3} s"),
        floor_took,
        "<= 0.5 s",
        Some(took <= 0.5),
    );

    berth.proxy_is_up().await?;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let idle = resident(berth.pid().context("it runs")?)?;
    let bare = format!("{:.1} MiB", floor.resident()?);
    table.note("idle resident memory", format!("{idle:.1} MiB"), bare, "<= 40 MiB", Some(idle <= 40.0));
    Ok(())
}
