//! The clock of a running Berth jumps past the end of a certificate.

use crate::fixture::{PATIENCE, Secure};
use berth_domain::event::{EventKind, EventView};
use berth_tests::{acme::Manners, prelude::*};
use std::{fs, path::PathBuf};

/// How long the first certificates live: longer than this test takes, and shorter than the jump.
const LIFE: u64 = 3_600;
const JUMP: &str = "+2h";
const ENDED: &str = "ended.example.net";

/// R-TLS-4: what has ended is renewed before anything else, although many names wait that never had a certificate.
#[tokio::test]
async fn r_tls_4_after_a_jump_of_the_clock_what_has_ended_is_renewed_before_anything_else() -> Result<()> {
    let folder = tempfile::Builder::new().prefix("berth-test-clock-").tempdir()?;
    let clock = folder.path().join("clock");
    fs::write(&clock, "+0")?;
    let environment = [
        ("LD_PRELOAD", library()?.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", clock.display().to_string()),
        // The file is read at each look at the clock; what measures how long something takes goes on as before.
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ];
    let environment = environment.map(|(key, value)| (key.to_owned(), value)).to_vec();
    let manners = Manners { life: Some(LIFE), ..Manners::default() };
    let mut secure = Secure::start_with(manners, environment).await?;
    secure.add_here(ENDED).await?;
    let first = secure.answers(ENDED, "one").await?.certificate;
    let others = wait_for_their_address(&secure).await?;

    // What the authority gives now lives longer than the jump.
    secure.pebble.stop()?;
    let http_port = secure.berth.http_port;
    secure.pebble.start_authority(http_port, &Manners::default()).await?;
    // From now on all of them are due. What has ended takes longer than the name server needs to hear of the others.
    fs::write(&clock, JUMP)?;
    for host in &others {
        secure.pebble.points_here(host).await?;
    }
    eventually_within(PATIENCE, "another certificate is shown", || async {
        let after = secure.answers(ENDED, "one").await?.certificate;
        ensure!(after != first, "it is the one that has ended");
        Ok(())
    })
    .await?;
    for host in &others {
        secure.answers(host, "one").await?;
    }
    let told = issued(&secure).await?;
    let again = told.iter().position(|words| words.contains(ENDED) && words.contains("renewed"));
    ensure!(
        again == Some(1),
        "the first was issued, then this one was renewed, then the others came: {told:#?}"
    );
    ensure!(told.len() == others.len() + 2, "{told:#?}");
    Ok(())
}

/// Twenty domains that were tried and have no address in the DNS yet.
async fn wait_for_their_address(secure: &Secure) -> Result<Vec<String>> {
    let others: Vec<_> = (0..20).map(|number| format!("waits-{number}.example.net")).collect();
    for host in &others {
        secure.add(host).await?;
    }
    for host in &others {
        secure.says(host, "no address in the DNS").await?;
    }
    Ok(others)
}

/// What the events say of certificates that came, the oldest first.
async fn issued(secure: &Secure) -> Result<Vec<String>> {
    let page: Value = secure.owner.get("/events?kind=certificate.&limit=200").await?.ok()?;
    let events: Vec<EventView> = serde_json::from_value(page["items"].clone())?;
    let came = events.into_iter().rev().filter(|event| event.kind == EventKind::CertificateIssued);
    Ok(came.map(|event| event.message).collect())
}

/// The library that shows a program another time, where Debian and its kin put it.
fn library() -> Result<PathBuf> {
    let folders = fs::read_dir("/usr/lib")?.filter_map(|entry| entry.ok());
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.exists()).context("libfaketime is not there: run the suites with tests/run")
}
