//! Repositories elsewhere in all the ways people have them: private, with submodules, with Git LFS, in a folder of a
//! monorepo, over HTTP with a token and over SSH with a deploy key.

use crate::{fixture::Shipped, git::dockerfile};
use berth_domain::access::{AccessView, BranchesView, CredentialKind, HostTrust};
use berth_tests::{
    git::{GitServer, Repository},
    prelude::*,
    sshd::Sshd,
    verbs::{self, BUILD},
};

const USER: &str = "person";
const TOKEN: &str = "canary-token-of-sources";
/// What the large file says; the repository only has its pointer.
const LARGE: &str = "a file that is large, or could be\n";
const WITH_LARGE_FILES: &str = "*.bin filter=lfs diff=lfs merge=lfs -text\n";

/// A repository with a folder `apps/web` that is built, and in it a submodule and a large file.
fn monorepo(host: &GitServer, submodule: &str, more: &[(&str, &str)]) -> Result<Repository> {
    let library = host.repository("library")?;
    let commit = library.commit("Library", &[("text", "from the library\n")])?;
    // The commit that is wanted is not the newest one.
    library.commit("Newer", &[("text", "too new\n")])?;
    let repository = host.repository("monorepo")?;
    repository.link("apps/web/lib", &commit)?;
    let modules = format!("[submodule \"lib\"]\n\tpath = apps/web/lib\n\turl = {submodule}\n");
    let built = format!("{}COPY . /site\n", dockerfile("one"));
    let large = host.large_file(LARGE.as_bytes())?;
    let files: [(&str, &str); 5] = [
        (".gitmodules", &modules),
        (".gitattributes", WITH_LARGE_FILES),
        ("apps/web/Dockerfile", &built),
        ("apps/web/big.bin", &large),
        ("secret-of-another-folder", "not for this image\n"),
    ];
    repository.commit("Monorepo", &[&files[..], more].concat())?;
    Ok(repository)
}

fn folder_of(url: &str) -> Value {
    json!({ "type": "git", "url": url, "folder": "apps/web" })
}

/// The submodule and the large file are in the image, and nothing else of the repository is.
async fn has_everything(shipped: &Shipped) -> Result<()> {
    shipped.answers("one").await?;
    ensure!(shipped.body("/read?path=/site/lib/text").await? == "from the library\n", "the submodule");
    ensure!(shipped.body("/read?path=/site/big.bin").await? == LARGE, "the large file");
    for absent in ["/site/lib/.git/config", "/site/secret-of-another-folder", "/site/.git/config"] {
        let at = format!("/read?path={absent}");
        let answer = verbs::visit(shipped.berth.http_port, &shipped.host, &at).await?;
        ensure!(answer.status == 500, "{absent} is in the image: {}", answer.text());
    }
    Ok(())
}

async fn from(shipped: &Shipped, source: Value) -> Result<()> {
    shipped.owner.patch(&verbs::of(&shipped.web), json!({ "source": source })).await?.done()
}

async fn with_token(shipped: &Shipped, token: &str) -> Result<()> {
    let credential = json!({ "username": USER, "secret": token });
    shipped.owner.put(&format!("{}/credential", verbs::of(&shipped.web)), credential).await?.done()
}

/// R-GIT-5: over HTTP with a token, which also opens the submodule that is named by its ssh address.
#[tokio::test]
async fn r_git_5_a_private_monorepo_with_a_submodule_and_large_files_is_deployed_over_http() -> Result<()> {
    let shipped = Shipped::waiting(verbs::swift()).await?;
    let host = GitServer::private(USER, TOKEN).await?;
    let repository = monorepo(&host, "git@127.0.0.1:library.git", &[])?;
    from(&shipped, folder_of(&repository.url)).await?;
    with_token(&shipped, TOKEN).await?;
    let queued = shipped.owner.deploy(&shipped.web).await?;
    shipped.owner.live(&shipped.web, queued.number, BUILD).await?;
    has_everything(&shipped).await?;
    let log = shipped.owner.deployment_log(&shipped.web, queued.number).await?;
    ensure!(log.contains("Fetch the submodule apps/web/lib from") && log.contains("Git LFS"), "{log}");
    ensure!(!log.contains(TOKEN), "{log}");
    Ok(())
}

/// R-GIT-5: over SSH with a key that Berth made; the host's key is trusted at first use, shown, and held to.
#[tokio::test]
async fn r_git_5_the_same_is_deployed_over_ssh_with_a_deploy_key() -> Result<()> {
    let shipped = Shipped::waiting(verbs::swift()).await?;
    let (host, mut sshd) = (GitServer::start().await?, Sshd::start().await?);
    let library = sshd.url(&host.folder().join("library.git"));
    let files_at = format!("[lfs]\n\turl = {}\n", host.url("monorepo.git/info/lfs"));
    let repository = monorepo(&host, &library, &[(".lfsconfig", &files_at)])?;
    from(&shipped, folder_of(&sshd.url(repository.folder()))).await?;
    let (owner, access) = (&shipped.owner, format!("{}/access", verbs::of(&shipped.web)));

    let made: AccessView = owner.post(&format!("{access}/deploy-key"), Value::Null).await?.ok()?;
    ensure!(made.credential == CredentialKind::SshKey && made.host_key.is_none(), "{made:?}");
    let public = made.public_key.context("the public half is shown")?;
    // The host does not know the key yet.
    let queued = owner.deploy(&shipped.web).await?;
    let failed = owner.failed(&shipped.web, queued.number, BUILD).await?;
    ensure!(failed.reason.as_deref().is_some_and(|reason| reason.contains("monorepo.git")), "{failed:?}");
    sshd.allow(&public)?;
    let queued = owner.deploy(&shipped.web).await?;
    owner.live(&shipped.web, queued.number, BUILD).await?;
    has_everything(&shipped).await?;

    let shown: AccessView = owner.get(&access).await?.ok()?;
    let trusted = shown.host_key.context("the host's key is shown")?;
    ensure!(
        (trusted.trust, trusted.fingerprint) == (HostTrust::FirstUse, sshd.fingerprint()?),
        "the host's key"
    );
    ensure!(shown.public_key.as_deref() == Some(public.as_str()), "the key is still shown");
    let branches: BranchesView = owner.get(&format!("{access}/branches")).await?.ok()?;
    ensure!(branches.branches == ["main"], "{branches:?}");

    sshd.change_host_key().await?;
    let queued = owner.deploy(&shipped.web).await?;
    let failed = owner.failed(&shipped.web, queued.number, BUILD).await?;
    ensure!(failed.reason.as_deref().is_some_and(|reason| reason.contains("host key")), "{failed:?}");
    owner.delete(&format!("{access}/host-key"), Value::Null).await?.done()?;
    let queued = owner.deploy(&shipped.web).await?;
    owner.live(&shipped.web, queued.number, BUILD).await.map(|_| ())
}

/// R-GIT-5: a credential that does not open a repository is told with the repository's name.
#[tokio::test]
async fn r_git_5_a_wrong_credential_names_the_repository_that_it_does_not_open() -> Result<()> {
    let shipped = Shipped::waiting(verbs::swift()).await?;
    let (host, other) =
        (GitServer::private(USER, TOKEN).await?, GitServer::private(USER, "another-one").await?);
    let foreign = other.repository("foreign-library")?;
    let commit = foreign.commit("Library", &[("text", "x")])?;
    let repository = host.repository("site")?;
    repository.link("lib", &commit)?;
    let modules = format!("[submodule \"lib\"]\n\tpath = lib\n\turl = {}\n", foreign.url);
    repository.commit("Site", &[(".gitmodules", &modules), ("Dockerfile", &dockerfile("one"))])?;
    from(&shipped, verbs::git(&repository.url)).await?;
    for (token, named) in [("canary-wrong-token", "/site.git"), (TOKEN, "/foreign-library.git")] {
        with_token(&shipped, token).await?;
        let queued = shipped.owner.deploy(&shipped.web).await?;
        let failed = shipped.owner.failed(&shipped.web, queued.number, BUILD).await?;
        let reason = failed.reason.unwrap_or_default();
        ensure!(reason.contains(named) && !reason.contains("canary"), "{reason}");
    }
    Ok(())
}
