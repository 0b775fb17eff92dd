//! R-LOG-1: values never reach a log, an image or an argument list.

use crate::fixture::Shipped;
use base64::Engine as _;
use berth_tests::{
    git::GitServer,
    prelude::*,
    verbs::{self, BUILD, git, text},
};

const CANARY: &str = "canary-5d41402abc4b2a76";

/// R-LOG-1: what a program prints of its secrets is masked, plain, as base64 and as a part of a URL.
#[tokio::test]
async fn r_log_1_secrets_are_masked_in_a_services_log() -> Result<()> {
    let shipped = Shipped::live().await?;
    let secret = format!("{CANARY}/+ =");
    shipped.owner.set_secret(&shipped.web, "PASSWORD", &secret).await?;
    shipped.owner.ship_version(&shipped.web, "two").await?;
    let encoded = base64::prelude::BASE64_STANDARD.encode(&secret);
    let in_url = "canary-5d41402abc4b2a76%252F%252B%2520%253D";
    let plain = "canary-5d41402abc4b2a76%2F%2B%20%3D";
    for shape in [plain, &encoded.replace('+', "%2B").replace('=', "%3D"), in_url] {
        shipped.body(&format!("/log?text=before-{shape}-after")).await?;
    }
    eventually("three lines are logged", || async {
        let page = shipped.owner.log(&shipped.web, "search=-after").await?;
        ensure!(page.lines.len() == 3, "{page:?}");
        let shown = text(&page);
        ensure!(!shown.contains(CANARY) && !shown.contains(&encoded), "{shown}");
        ensure!(shown.contains("before-"), "{shown}");
        Ok(())
    })
    .await?;
    nothing_on_disk_holds(&shipped, &[CANARY, &encoded])
}

/// R-LOG-1: so is what a build prints; and neither the image nor a process's arguments hold it.
#[tokio::test]
async fn r_log_1_secrets_are_masked_in_a_builds_log() -> Result<()> {
    let shipped = Shipped::live().await?;
    let host = GitServer::private("person", CANARY).await?;
    let repository = host.repository("site")?;
    let base = berth_tests::berth::shipped_image();
    let text = format!(
        "FROM debian:bookworm-slim AS a\nRUN echo before-{CANARY}-after\nFROM {base}\nENV VERSION=two\n"
    );
    repository.commit("Print it", &[("Dockerfile", &text)])?;
    let credential = json!({ "username": "person", "secret": CANARY });
    shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": git(&repository.url) })).await?.done()?;
    shipped.owner.put(&format!("{}/credential", verbs::of(&shipped.web)), credential).await?.done()?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    let live = shipped.owner.live(&shipped.web, queued.number, BUILD).await?;
    let log = shipped.owner.deployment_log(&shipped.web, live.number).await?;
    ensure!(!log.contains(CANARY), "{log}");

    let docker = Docker::connect().await?;
    let instances = docker.instances(&shipped.berth.instance).await?;
    let history = docker.api.image_history(instances[0].image.as_deref().unwrap_or_default()).await?;
    ensure!(!serde_json::to_string(&history)?.contains(CANARY), "the image's history holds it");
    nothing_on_disk_holds(&shipped, &[CANARY])
}

/// Reads every file of the data folder and Berth's own log.
pub fn nothing_on_disk_holds(shipped: &Shipped, canaries: &[&str]) -> Result<()> {
    let mut folders = vec![shipped.berth.data()];
    let mut files = vec![shipped.berth.log_file()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    for file in files {
        let bytes = std::fs::read(&file).unwrap_or_default();
        for canary in canaries {
            let found = memchr::memmem::find(&bytes, canary.as_bytes());
            ensure!(found.is_none(), "{} holds {canary}", file.display());
        }
    }
    Ok(())
}
