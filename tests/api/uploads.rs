//! Tarballs that are sent instead of a commit, and images by their reference: what is taken, and from whom.

use crate::account::token;
use berth_tests::{
    prelude::*,
    process::{command, run},
    verbs::{self, image},
};
use std::path::Path;

/// A tarball of a Dockerfile, made with these words more.
fn tarball(folder: &Path, words: &[&str]) -> Result<Vec<u8>> {
    std::fs::write(folder.join("Dockerfile"), "FROM scratch\n")?;
    let file = folder.join("source.tar");
    let mut tar = command("tar");
    tar.arg("-C").arg(folder).arg("-cPf").arg(&file).args(words);
    run(tar)?;
    Ok(std::fs::read(file)?)
}

async fn sent(client: &Client, service: &ServicePath, body: Vec<u8>) -> Result<Answer> {
    sent_as(client, service, "", body).await
}

async fn sent_as(client: &Client, service: &ServicePath, how: &str, body: Vec<u8>) -> Result<Answer> {
    let at = format!("/api/v1{}/deployments/upload{how}", verbs::of(service));
    Answer::of(client.request(Method::POST, &at).header("content-type", "application/x-tar").body(body)).await
}

both_databases! {
    /// R-SEC-10, R-API-2: what leads out of a tarball, and what is none, queues nothing.
    async fn r_sec_10_a_tarball_is_judged_before_anything_is_queued(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, json!({ "type": "pushed" }), json!({})).await?;
        let folder = tempfile::tempdir()?;
        std::os::unix::fs::symlink("/etc", folder.path().join("out"))?;
        for (words, told) in [
            (&["--transform=s,^,../,", "Dockerfile"][..], "leads out of it"),
            (&["--transform=s,^,/tmp/berth-canary/,", "Dockerfile"], "leads out of it"),
            (&["Dockerfile", "out"], "link that leads out"),
            (&["-z", "Dockerfile"], "Content-Encoding"),
        ] {
            let problem = sent(&owner, &web, tarball(folder.path(), words)?).await?.refused(422)?;
            ensure!(problem.message.contains(told), "{problem:?}");
        }
        ensure!(!Path::new("/tmp/berth-canary").exists(), "it was unpacked");
        sent(&owner, &web, b"x".repeat(4_000)).await?.refused(422)?;
        sent(&owner, &web, Vec::new()).await?.refused(422)?;
        ensure!(owner.deployments(&web).await?.is_empty(), "something was queued");
        let kept = std::fs::read_dir(berth.data().join("uploads"))?.flatten();
        let files: usize = kept.map(|entry| std::fs::read_dir(entry.path()).map_or(0, Iterator::count)).sum();
        ensure!(files == 0, "{files} tarballs were kept");

        let queued: Value = sent(&owner, &web, tarball(folder.path(), &["Dockerfile"])?).await?.ok()?;
        ensure!(queued["cause"] == "manual", "{queued}");
        let viewer = owner.with_token(&token(&owner, "viewer", "viewer").await?)?;
        sent(&viewer, &web, Vec::new()).await?.refused(403)?;
        let forged = json!({ "upload": { "digest": "../../x", "size": 1, "files": 1 } });
        owner.post(&format!("{}/deployments", verbs::of(&web)), forged).await?.refuses_field("upload")?;
        Ok(())
    }

    /// R-SEC-10, R-API-2: what is no image queues nothing, and who may only deploy brings no image to a service of one.
    async fn r_sec_10_an_archive_of_an_image_is_judged_before_anything_is_queued(berth) {
        let owner = berth.owner().await?;
        let [built, ready] = ["built", "ready"].map(|name| path(&format!("shop/production/{name}")));
        owner.create_service(&built, json!({ "type": "pushed" }), json!({})).await?;
        owner.create_service(&ready, image("registry.invalid/team/app:1"), json!({})).await?;
        let folder = tempfile::tempdir()?;
        let source = tarball(folder.path(), &["Dockerfile"])?;
        for service in [&built, &ready] {
            let problem = sent_as(&owner, service, "?image=true", source.clone()).await?.refused(422)?;
            ensure!(problem.message.contains("manifest.json is missing"), "{problem:?}");
        }
        std::fs::write(folder.path().join("manifest.json"), r#"[{"Config":"../../etc/passwd","Layers":[]}]"#)?;
        let hostile = tarball(folder.path(), &["manifest.json"])?;
        let problem = sent_as(&owner, &built, "?image=true", hostile).await?.refused(422)?;
        ensure!(problem.message.contains("leads out of it"), "{problem:?}");
        let deployer = owner.with_token(&token(&owner, "ci", "deployer").await?)?;
        sent_as(&deployer, &ready, "?image=true", source).await?.refused(403)?;
        for service in [&built, &ready] {
            ensure!(owner.deployments(service).await?.is_empty(), "something was queued");
        }
        Ok(())
    }

    /// Who may only deploy chooses among the images of the repository that the service was given.
    async fn r_api_2_an_image_by_its_reference_becomes_the_services_own(berth) {
        let owner = berth.owner().await?;
        let web = path("shop/production/web");
        owner.create_service(&web, image("registry.invalid/team/app:1"), json!({})).await?;
        let at = format!("{}/deployments", verbs::of(&web));
        let deployer = owner.with_token(&token(&owner, "ci", "deployer").await?)?;
        for other in ["registry.invalid/team/other:1", "nginx", "registry.invalid/team/app/x:2"] {
            deployer.post(&at, json!({ "image": other })).await?.refused(403)?;
        }
        deployer.post(&at, json!({ "image": "registry.invalid/team/app:2" })).await?.done()?;
        ensure!(owner.service(&web).await?.source.summary() == "registry.invalid/team/app:2");
        owner.post(&at, json!({ "image": "registry.invalid/team/other:1" })).await?.done()?;
        for bad in ["--privileged", "a b", "A:1", ""] {
            owner.post(&at, json!({ "image": bad })).await?.refuses_field("image")?;
        }
        owner.post(&at, json!({ "image": "nginx", "restart": true })).await?.refuses_field("image")?;
        let built = path("shop/production/built");
        owner.create_service(&built, json!({ "type": "pushed" }), json!({})).await?;
        let at = format!("{}/deployments", verbs::of(&built));
        owner.post(&at, json!({ "image": "nginx" })).await?.refuses_field("image")?;
        sent(&owner, &web, Vec::new()).await?.refused(409)?;
        Ok(())
    }
}

#[tokio::test]
async fn a_tarball_has_a_limit() -> Result<()> {
    let environment = vec![("BERTH_UPLOAD_MIB".to_owned(), "1".to_owned())];
    let berth = Berth::start(Options { docker: false, environment, ..Options::default() }).await?;
    let owner = berth.owner().await?;
    let web = path("shop/production/web");
    owner.create_service(&web, json!({ "type": "pushed" }), json!({})).await?;
    let problem = sent(&owner, &web, vec![0; 2 << 20]).await?.refused(422)?;
    ensure!(problem.message.contains("BERTH_UPLOAD_MIB"), "{problem:?}");
    Ok(())
}
