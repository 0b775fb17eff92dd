//! Requests per second and latency of pages, at concurrency 16, with `wrk`.

use crate::{floor::Floor, table::Table};
use anyhow::{Context, Result};
use berth_tests::{
    prelude::*,
    process::{command, run},
    verbs::image,
};

/// What `wrk` reports.
struct Figures {
    per_second: f64,
    p50: f64,
    p99: f64,
}

impl Figures {
    fn shown(&self) -> String {
        format!("{:.0}/s {:.1}/{:.1} ms", self.per_second, self.p50, self.p99)
    }
}

pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    let (sign_in, floor) = page(&berth, &berth.anonymous()?, "/sign-in").await?;
    let met = sign_in.per_second >= 5_000.0 && sign_in.p99 <= 10.0;
    table.note(
        "sign-in page, requests/s and p50/p99",
        sign_in.shown(),
        floor.shown(),
        ">= 5000/s, p99 <= 10 ms",
        Some(met),
    );

    let mut made = 0;
    let mut at_ten = Vec::new();
    for count in [10, 100, 1_000] {
        for number in made..count {
            let place = path(&format!("p{}/production/s{number}", number / 20));
            owner.create_service(&place, image("nginx:1"), json!({})).await?;
        }
        made = count;
        for (at, what) in [("/projects", "projects list"), ("/projects/p0/production/s0", "service page")] {
            let (figures, floor) = page(&berth, &owner, at).await?;
            let name = format!("{what} with {count} services");
            let met = (count == 1_000).then_some(figures.per_second >= 1_500.0 && figures.p99 <= 25.0);
            let budget = if count == 1_000 { ">= 1500/s, p99 <= 25 ms" } else { "" };
            table.note(&name, figures.shown(), floor.shown(), budget, met);
            grows(table, count, what, &figures, &mut at_ten);
        }
    }
    Ok(())
}

/// The latency at 1,000 services against that at 10.
fn grows(
    table: &mut Table,
    count: usize,
    what: &'static str,
    figures: &Figures,
    at_ten: &mut Vec<(&'static str, f64)>,
) {
    if count == 10 {
        at_ten.push((what, figures.p50));
    }
    let ten = at_ten.iter().find(|(name, _)| *name == what).map_or(f64::NAN, |(_, p50)| *p50);
    if count == 1_000 {
        let ratio = figures.p50 / ten;
        let name = format!("{what}: p50 at 1,000 against 10 services");
        table.note(&name, format!("{ratio:.2} x"), format!("{ten:.1} ms"), "<= 1.5 x", Some(ratio <= 1.5));
    }
}

/// Measures a page, and a bare server that answers the same bytes.
async fn page(berth: &Berth, client: &Client, path: &str) -> Result<(Figures, Figures)> {
    let answer = Answer::of(client.request(Method::GET, path)).await?;
    ensure!(answer.status == 200, "{path} answered {}", answer.status);
    let floor = Floor::answering(answer.text.as_bytes(), berth.scratch()).await?;
    let cookie = client.session().map(|value| format!("Cookie: berth_session={value}"));
    let figures = wrk(&format!("{}{path}", berth.url()), cookie.as_deref())?;
    Ok((figures, wrk(&format!("http://127.0.0.1:{}{path}", floor.port), cookie.as_deref())?))
}

fn wrk(url: &str, header: Option<&str>) -> Result<Figures> {
    let mut wrk = command("wrk");
    wrk.args(["--threads", "1", "--connections", "16", "--duration", "8s", "--latency"]);
    if let Some(header) = header {
        wrk.args(["--header", header]);
    }
    wrk.arg(url);
    let said = run(wrk)?;
    ensure!(!said.contains("Non-2xx"), "{url}: {said}");
    let after = |word: &str| {
        let line = said.lines().map(str::trim).find(|line| line.starts_with(word));
        line.and_then(|line| line.split_whitespace().nth(1)).with_context(|| format!("{word} in {said}"))
    };
    Ok(Figures {
        per_second: after("Requests/sec:")?.parse()?,
        p50: milliseconds(after("50%")?)?,
        p99: milliseconds(after("99%")?)?,
    })
}

fn milliseconds(text: &str) -> Result<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).context("a unit")?;
    let number: f64 = text[..split].parse()?;
    Ok(number
        * match &text[split..] {
            "us" => 0.001,
            "ms" => 1.0,
            "s" => 1_000.0,
            other => bail!("{other}"),
        })
}
