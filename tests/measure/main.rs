//! How fast and how small: every figure beside a floor of the same run. Started by `tests/bench`.

mod cached;
mod cold;
mod domains;
mod floor;
mod logs;
mod pages;
mod push;
mod rollout;
mod ship;
mod start;
mod table;

use anyhow::Result;
use table::Table;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    if let [first, port, file] = &arguments[..]
        && first == "floor"
    {
        return floor::serve(port.parse()?, file.as_ref()).await;
    }
    let wants = |name: &str| arguments.is_empty() || arguments.iter().any(|word| word == name);
    let mut table = Table::default();
    if wants("start") {
        start::measure(&mut table).await?;
    }
    if wants("cold") {
        cold::measure(&mut table).await?;
    }
    if wants("pages") {
        pages::measure(&mut table).await?;
    }
    if wants("ship") {
        ship::measure(&mut table).await?;
    }
    if wants("cached") {
        cached::measure(&mut table).await?;
    }
    if wants("push") {
        push::measure(&mut table).await?;
    }
    if wants("rollout") {
        rollout::measure(&mut table).await?;
    }
    if wants("domains") {
        domains::measure(&mut table).await?;
    }
    if wants("many") {
        rollout::many(&mut table).await?;
    }
    if wants("growth") {
        rollout::growth(&mut table).await?;
    }
    if wants("logs") {
        logs::measure(&mut table).await?;
    }
    table.print();
    Ok(())
}
