//! SSH keys of accounts.

use crate::account::token;
use berth_tests::{
    berth::{OWNER, PASSWORD, STRANGER},
    prelude::*,
    push::WorkingCopy,
};

both_databases! {
    async fn a_key_is_added_shown_and_removed(berth) {
        let owner = berth.owner().await?;
        let line = WorkingCopy::new()?.make_key()?;
        let added: Value = owner.post("/me/keys", json!({ "public_key": line })).await?.ok()?;
        ensure!(added["name"] == "me@laptop" && added["kind"] == "ssh-ed25519", "{added}");
        ensure!(added["fingerprint"].as_str().is_some_and(|f| f.starts_with("SHA256:")), "{added}");
        let listed: Vec<Value> = owner.get("/me/keys").await?.ok()?;
        ensure!(listed == [added.clone()], "{listed:?}");
        owner.post("/me/keys", json!({ "public_key": line, "name": "again" })).await?.refused(409)?;

        let stranger = berth.stranger().await?;
        let id = added["id"].as_str().context("it has an id")?;
        stranger.post("/me/keys", json!({ "public_key": line })).await?.refused(409)?;
        stranger.delete(&format!("/me/keys/{id}"), Value::Null).await?.refused(404)?;
        owner.delete(&format!("/me/keys/{id}"), Value::Null).await?.done()?;
        ensure!(owner.get("/me/keys").await?.ok::<Vec<Value>>()?.is_empty());
        let events = owner.get("/events?kind=key.").await?.text;
        ensure!(events.contains("added the SSH key") && events.contains("removed the SSH key"), "{events}");
        ensure!(!events.contains(STRANGER), "{events}");
        Ok(())
    }

    async fn what_is_no_public_key_is_refused(berth) {
        let owner = berth.owner().await?;
        for bad in ["", "ssh-ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-rsa AAAAB3NzaC1yc2E= x"] {
            owner.post("/me/keys", json!({ "public_key": bad })).await?.refuses_field("public_key")?;
        }
        let line = WorkingCopy::new()?.make_key()?;
        let long = json!({ "public_key": line, "name": "x".repeat(500) });
        owner.post("/me/keys", long).await?.refuses_field("name")?;
        let program = owner.with_token(&token(&owner, "ci", "owner").await?)?;
        program.post("/me/keys", json!({ "public_key": line })).await?.refused(403)?;
        program.get("/me/keys").await?.done()?;
        Ok(())
    }

    /// R-SEC-7: whoever had the account has it no more.
    async fn r_sec_7_a_new_password_ends_the_keys_too(berth) {
        let owner = berth.owner().await?;
        let line = WorkingCopy::new()?.make_key()?;
        owner.post("/me/keys", json!({ "public_key": line })).await?.done()?;
        owner.put("/me/password", json!({ "current": PASSWORD, "new": "another long password" })).await?.done()?;
        let owner = berth.sign_in(OWNER, "another long password").await?;
        ensure!(owner.get("/me/keys").await?.ok::<Vec<Value>>()?.is_empty());
        Ok(())
    }
}
