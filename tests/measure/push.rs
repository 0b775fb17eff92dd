//! What a large push costs the server's memory, against the same push to a plain repository on the disk.

use crate::{floor::resident, table::Table};
use anyhow::{Context, Result};
use berth_tests::{
    berth::shipped_image,
    prelude::*,
    process::{command, run},
    push::{WorkingCopy, with_token},
};
use std::{
    fs::File,
    io::{Read, Write},
    process::Stdio,
    time::Instant,
};

/// The size of what is pushed, in MiB: random, so that nothing makes it smaller on the way.
const MIB: usize = 500;

pub async fn measure(table: &mut Table) -> Result<()> {
    let berth = Berth::with_docker().await?;
    let owner = berth.owner().await?;
    owner.create_project("shop").await?;
    let made: Value = owner.post("/me/tokens", json!({ "name": "bench", "role": "owner" })).await?.ok()?;
    let token = made["secret"].as_str().context("the secret is shown")?;
    let url = with_token(&format!("{}/git/shop/web.git", berth.url()), token);
    let mine = WorkingCopy::new()?;
    let dockerfile = format!("FROM {}\nENV VERSION=one\n", shipped_image());
    mine.commit("Small", &[("Dockerfile", &dockerfile), (".dockerignore", "data\n")])?;
    mine.push(&url, &["HEAD:main"])?.accepted()?;
    write_noise(&mine)?;
    mine.commit("Large", &[])?;

    let plain = plain_push(&mine)?;
    let pid = berth.pid().context("it runs")?;
    let before = resident(pid)?;
    let began = Instant::now();
    let told = berth.scratch().join("push.log");
    let mut git = mine.pushing(&url, &["HEAD:main"]);
    let mut git = git.stdout(Stdio::null()).stderr(File::create(&told)?).spawn()?;
    let mut most = before;
    let ended = loop {
        most = most.max(resident(pid)?);
        if let Some(ended) = git.try_wait()? {
            break ended;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    ensure!(ended.success(), "the push was rejected:\n{}", std::fs::read_to_string(&told)?);
    let took = began.elapsed().as_secs_f64();
    table.note(
        &format!("memory of the server during a push of {MIB} MiB, deployed in {took:.0} s"),
        format!("+{:.1} MiB", most - before),
        format!("{plain:.0} s for the push alone"),
        "< 64 MiB",
        Some(most - before < 64.0),
    );
    Ok(())
}

/// Many files, as large repositories have them.
fn write_noise(mine: &WorkingCopy) -> Result<()> {
    let folder = mine.path().join("data");
    std::fs::create_dir_all(&folder)?;
    let mut random = File::open("/dev/urandom")?;
    let mut piece = vec![0; 1 << 20];
    for file in 0..MIB / 10 {
        let mut to = File::create(folder.join(format!("{file}.bin")))?;
        for _ in 0..10 {
            random.read_exact(&mut piece)?;
            to.write_all(&piece)?;
        }
    }
    Ok(())
}

/// The same push to a bare repository beside it.
fn plain_push(mine: &WorkingCopy) -> Result<f64> {
    let bare = tempfile::tempdir()?;
    let mut init = command("git");
    init.args(["init", "--quiet", "--bare"]).arg(bare.path());
    run(init)?;
    let began = Instant::now();
    mine.push(&bare.path().to_string_lossy(), &["HEAD:main"])?.accepted()?;
    Ok(began.elapsed().as_secs_f64())
}
