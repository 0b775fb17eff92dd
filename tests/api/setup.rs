//! First run and the command line of the machine's owner.

use berth_tests::{
    berth::{OWNER, PASSWORD, fresh_password},
    prelude::*,
};

/// A claim of the owner's account.
fn claim(token: &str) -> Value {
    json!({ "token": token, "email": OWNER, "password": PASSWORD })
}

both_databases! {
    /// R-SEC-5: without the token of this machine nobody becomes the owner.
    async fn r_sec_5_setup_takes_the_one_time_token(berth) {
        let nobody = berth.anonymous()?;
        nobody.post("/setup", claim("wrong")).await?.refused(403)?;
        nobody.post("/setup", json!({ "email": OWNER, "password": PASSWORD })).await?.refuses_field("token")?;
        nobody.get("/projects").await?.refused(401)?;

        let token = berth.setup_token()?;
        let mut weak = claim(&token);
        weak["password"] = "short".into();
        nobody.post("/setup", weak).await?.refuses_field("password")?;
        let mut unreachable = claim(&token);
        unreachable["email"] = "nobody".into();
        nobody.post("/setup", unreachable).await?.refuses_field("email")?;

        nobody.post("/setup", claim(&token)).await?.done()?;
        let me: Value = nobody.get("/me").await?.ok()?;
        ensure!(me["email"] == OWNER && me["role"] == "owner", "{me}");
        Ok(())
    }

    /// R-SEC-5: the token is good once, and the link is gone with it.
    async fn r_sec_5_the_setup_link_is_gone_after_its_use(berth) {
        let token = berth.setup_token()?;
        berth.anonymous()?.post("/setup", claim(&token)).await?.done()?;
        ensure!(!berth.data().join("setup-link").exists(), "the link is still in the data folder");
        let again = berth.anonymous()?.post("/setup", claim(&token)).await?;
        ensure!([403, 404, 409].contains(&again.status.as_u16()), "a second claim: {again:?}");
        let page = Answer::of(berth.anonymous()?.request(Method::GET, &format!("/setup?token={token}"))).await?;
        ensure!(!page.text.contains("type=\"password\""), "the page still asks for a first account");
        Ok(())
    }

    /// R-SEC-5: of a hundred claims at once one makes the owner.
    async fn r_sec_5_a_hundred_parallel_claims_make_one_owner(berth) {
        let token = berth.setup_token()?;
        let claims = (0..100).map(|number| {
            let (client, token) = (berth.anonymous(), token.clone());
            async move {
                let request = json!({ "token": token, "email": format!("p{number}@example.com"), "password": PASSWORD });
                Ok::<_, anyhow::Error>(client?.post("/setup", request).await?.status.as_u16())
            }
        });
        let statuses = futures::future::try_join_all(claims).await?;
        let made = statuses.iter().filter(|status| **status < 300).count();
        ensure!(made == 1, "{made} claims succeeded: {statuses:?}");
        ensure!(statuses.iter().all(|status| *status < 500), "{statuses:?}");
        Ok(())
    }
}

/// R-SEC-5: a lost key is never replaced by a fresh one, which could open nothing.
#[tokio::test]
async fn r_sec_5_without_its_key_a_claimed_berth_does_not_start() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut berth = Berth::without_docker(Database::Sqlite).await?;
    berth.owner().await?;
    let key = berth.data().join("master.key");
    ensure!(std::fs::metadata(&key)?.permissions().mode() & 0o777 == 0o600, "the key is not private");
    berth.terminate()?;
    std::fs::rename(&key, berth.scratch().join("kept"))?;

    let mut command = berth.command();
    command.arg("serve");
    let output = berth_tests::process::output(command)?;
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    ensure!(!output.status.success(), "it started without its key");
    ensure!(said.contains("master.key"), "it does not name the file: {said}");
    ensure!(!key.exists(), "it made another key");

    std::fs::rename(berth.scratch().join("kept"), &key)?;
    berth.start_again().await?;
    berth.owner().await.map(|_| ())
}

/// R-ACC-1: the machine's owner gets back in with the panel stopped, and every session of the account ends.
#[tokio::test]
async fn r_acc_1_a_password_is_reset_on_the_machine_with_the_panel_stopped() -> Result<()> {
    let mut berth = Berth::without_docker(Database::Sqlite).await?;
    let owner = berth.owner().await?;
    berth.terminate()?;
    let said = berth.cli(&["admin", "reset-password", OWNER])?;
    berth.start_again().await?;

    owner.get("/me").await?.refused(401)?;
    ensure!(berth.sign_in(OWNER, PASSWORD).await.is_err(), "the old password still works");
    berth.sign_in(OWNER, fresh_password(&said)?).await.map(|_| ())
}

/// The program ends by itself when it is asked to, and says so with its exit code.
#[tokio::test]
async fn it_stops_softly_when_asked() -> Result<()> {
    let mut berth = Berth::without_docker(Database::Sqlite).await?;
    let started = std::time::Instant::now();
    ensure!(berth.terminate()? == Some(0), "the exit code is not 0");
    ensure!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    Ok(())
}
