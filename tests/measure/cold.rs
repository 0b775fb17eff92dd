//! What a browser loads the first time, as it goes over the wire.

use crate::table::Table;
use anyhow::Result;
use berth_tests::prelude::*;
use std::collections::BTreeSet;

pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::without_docker(Database::Sqlite).await?;
    berth.owner().await?;
    let page = Answer::of(berth.anonymous()?.request(Method::GET, "/sign-in")).await?;
    let mut assets = assets(&page.text);
    // The panel's program asks for its wasm by itself.
    assets.insert("/pkg/berth_bg.wasm".to_owned());
    let mut total = compressed(&berth, "/sign-in").await?;
    let mut wasm = 0;
    for path in &assets {
        let size = compressed(&berth, path).await?;
        eprintln!("  {path}: {size} bytes");
        total += size;
        wasm += if path.ends_with(".wasm") { size } else { 0 };
    }
    let without = format!("{:.1} kB without wasm", (total - wasm) as f64 / 1e3);
    table.note(
        "cold load, compressed",
        format!("{:.1} kB", total as f64 / 1e3),
        without,
        "<= 600 kB",
        Some(total <= 600_000),
    );
    Ok(())
}

/// Every path of our own that the page names in an attribute.
fn assets(html: &str) -> BTreeSet<String> {
    let parts = html.split(['"', '\'']).filter(|part| part.starts_with('/') && !part.starts_with("//"));
    let is_asset = |path: &&str| {
        let path = path.split('?').next().unwrap_or_default();
        [".js", ".css", ".wasm", ".svg", ".woff2", ".png", ".ico"].iter().any(|ending| path.ends_with(ending))
    };
    parts.filter(is_asset).map(str::to_owned).collect()
}

async fn compressed(berth: &Berth, path: &str) -> Result<u64> {
    let request = berth.anonymous()?.request(Method::GET, path).header("accept-encoding", "br, gzip");
    let response = request.send().await?;
    ensure!(response.status().is_success(), "{path} answered {}", response.status());
    Ok(response.bytes().await?.len() as u64)
}
