//! Files with content: what an instance finds at their paths.

use crate::fixture::Shipped;
use base64::Engine as _;
use berth_domain::file::{FileView, FilesView};
use berth_tests::{
    prelude::*,
    verbs::{self, DEPLOYMENT},
};
use std::os::unix::fs::PermissionsExt;

const CONFIG: &str = "/etc/app/config.toml";
const BINARY: &str = "/srv/all-bytes.bin";

/// What the API knows of the files.
async fn files(shipped: &Shipped) -> Result<FilesView> {
    shipped.owner.get(&format!("{}/files", verbs::of(&shipped.web))).await?.ok()
}

async fn add(shipped: &Shipped, file: Value) -> Result<FileView> {
    shipped.owner.post(&format!("{}/files", verbs::of(&shipped.web)), file).await?.ok()
}

/// The bytes that the program finds at a path; nothing when it finds no file.
async fn found(shipped: &Shipped, path: &str) -> Result<Option<Vec<u8>>> {
    let response =
        verbs::visit(shipped.berth.http_port, &shipped.host, &format!("/read?path={path}")).await?;
    Ok((response.status == 200).then_some(response.body))
}

async fn is(shipped: &Shipped, path: &str, wanted: Option<&[u8]>) -> Result<()> {
    let seen = found(shipped, path).await?;
    let text = seen.as_ref().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    ensure!(seen.as_deref() == wanted, "{path} is {text:?}");
    Ok(())
}

async fn back_to(shipped: &Shipped, number: u64, version: &str) -> Result<()> {
    let queued = shipped.owner.roll_back(&shipped.web, number).await?;
    shipped.owner.live(&shipped.web, queued.number, DEPLOYMENT).await?;
    shipped.answers(version).await
}

#[tokio::test]
async fn a_file_survives_redeployments_and_goes_back_with_a_rollback() -> Result<()> {
    let shipped = Shipped::live().await?;
    let bytes: Vec<u8> = (0..=255).collect();
    let text = "name = \"\u{e4}\"\r\nlines = 2\n\n";
    let config = add(&shipped, json!({ "path": CONFIG, "text": text })).await?;
    let base64 = base64::prelude::BASE64_STANDARD.encode(&bytes);
    add(&shipped, json!({ "path": BINARY, "base64": base64 })).await?;
    ensure!(
        files(&shipped).await?.restart_needed && shipped.owner.service(&shipped.web).await?.restart_needed
    );
    is(&shipped, CONFIG, None).await?;

    for (number, version) in [(2, "two"), (3, "three")] {
        ensure!(shipped.owner.ship_version(&shipped.web, version).await?.number == number);
        shipped.answers(version).await?;
        is(&shipped, CONFIG, Some(text.as_bytes())).await?;
        is(&shipped, BINARY, Some(&bytes)).await?;
    }
    let seen = files(&shipped).await?;
    ensure!(!seen.restart_needed && seen.files.len() == 2, "{seen:?}");

    let changed = json!({ "path": CONFIG, "text": "changed" });
    let at = format!("{}/files/{}", verbs::of(&shipped.web), config.id.0);
    shipped.owner.put(&at, changed).await?.done()?;
    is(&shipped, CONFIG, Some(text.as_bytes())).await?;
    shipped.owner.ship_version(&shipped.web, "four").await?;
    shipped.answers("four").await?;
    is(&shipped, CONFIG, Some(b"changed")).await?;
    back_to(&shipped, 2, "two").await?;
    is(&shipped, CONFIG, Some(text.as_bytes())).await?;

    shipped.owner.delete(&at, Value::Null).await?.done()?;
    ensure!(files(&shipped).await?.removed == [CONFIG], "what runs still has it");
    shipped.owner.ship_version(&shipped.web, "six").await?;
    shipped.answers("six").await?;
    is(&shipped, CONFIG, None).await?;
    back_to(&shipped, 4, "four").await?;
    is(&shipped, CONFIG, Some(b"changed")).await
}

#[tokio::test]
async fn a_file_is_read_by_any_user_and_written_by_none() -> Result<()> {
    let shipped = Shipped::live().await?;
    add(&shipped, json!({ "path": CONFIG, "text": "as it is" })).await?;
    shipped.owner.ship_version(&shipped.web, "root").await?;
    shipped.answers("root").await?;
    let write = format!("/write?path={CONFIG}&text=other");
    let response = verbs::visit(shipped.berth.http_port, &shipped.host, &write).await?;
    ensure!(response.status == 500, "root could write: {}", response.text());
    is(&shipped, CONFIG, Some(b"as it is")).await?;

    shipped.configure(json!({ "isolation": { "user": "1234", "read_only_root": true } })).await?;
    shipped.owner.ship_version(&shipped.web, "nobody").await?;
    shipped.answers("nobody").await?;
    is(&shipped, CONFIG, Some(b"as it is")).await?;

    // On the machine nobody but Berth comes to it.
    let mode = std::fs::metadata(shipped.berth.data().join("files"))?.permissions().mode();
    ensure!(mode & 0o077 == 0, "the folder has mode {mode:o}");
    Ok(())
}
