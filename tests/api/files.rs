//! Files with content.

use crate::account::token;
use berth_domain::file::{FileView, FilesView, RevealedFile};
use berth_tests::{
    prelude::*,
    verbs::{self, image},
};

async fn service(berth: &Berth) -> Result<(Client, String)> {
    let (owner, web) = (berth.owner().await?, path("shop/production/web"));
    let settings = json!({ "volumes": [{ "name": "data", "path": "/data" }] });
    owner.create_service(&web, image("berth-test-missing:1"), settings).await?;
    Ok((owner, format!("{}/files", verbs::of(&web))))
}

both_databases! {
    async fn a_file_is_added_replaced_shown_on_request_and_removed(berth) {
        let (owner, files) = service(&berth).await?;
        let made: FileView = owner.post(&files, json!({ "path": "/etc/a", "text": "first" })).await?.ok()?;
        ensure!(made.path == "/etc/a" && made.size == 5 && !made.changed_by.is_empty(), "{made:?}");
        let at = format!("{files}/{}", made.id.0);
        let replaced: FileView = owner.put(&at, json!({ "path": "/etc/b", "base64": "AP8=" })).await?.ok()?;
        ensure!(replaced.id == made.id && replaced.path == "/etc/b" && replaced.size == 2, "{replaced:?}");
        let all: FilesView = owner.get(&files).await?.ok()?;
        ensure!(all.files == [replaced] && all.removed.is_empty() && !all.restart_needed, "{all:?}");
        let shown: RevealedFile = owner.post(&format!("{at}/reveal"), Value::Null).await?.ok()?;
        ensure!(shown.base64 == "AP8=" && shown.text.is_none(), "{shown:?}");

        let developer = owner.with_token(&token(&owner, "dev", "developer").await?)?;
        developer.post(&format!("{at}/reveal"), Value::Null).await?.refused(403)?;
        developer.put(&at, json!({ "path": "/etc/b", "text": "again" })).await?.done()?;
        developer.delete(&at, Value::Null).await?.done()?;
        owner.get(&files).await?.ok::<FilesView>()?.files.is_empty().then_some(()).context("it is gone")?;
        owner.delete(&at, Value::Null).await?.refused(404)?;
        let events: Value = owner.get("/events?kind=file.").await?.ok()?;
        let kinds: Vec<_> = events["items"].as_array().into_iter().flatten().map(|e| e["kind"].clone()).collect();
        ensure!(kinds == ["file.deleted", "file.set", "file.revealed", "file.set", "file.set"], "{kinds:?}");
        Ok(())
    }

    async fn what_cannot_be_a_file_is_refused_at_its_field(berth) {
        let (owner, files) = service(&berth).await?;
        owner.post(&files, json!({ "path": "/etc/a", "text": "first" })).await?.done()?;
        for path in ["etc/a", "/etc/../a", "/proc/a", "/etc/a\0", "/data", "/etc/a", "/etc/a/b", "/etc"] {
            owner.post(&files, json!({ "path": path, "text": "" })).await?.refuses_field("path")?;
        }
        owner.post(&files, json!({ "path": "/b", "base64": "*" })).await?.refuses_field("base64")?;
        for wrong in [json!({}), json!({ "text": "a", "base64": "YQ==" }), json!({ "text": "a".repeat(300_000) })] {
            let mut body = wrong;
            body["path"] = json!("/b");
            owner.post(&files, body).await?.refuses_field("text")?;
        }
        Ok(())
    }
}
