//! What a push does not bring along: submodules, which are fetched, and files of Git LFS, which are missed in plain words.

use crate::{fixture::Shipped, git::dockerfile};
use berth_domain::access::AccessView;
use berth_tests::{
    git::GitServer,
    prelude::*,
    push::{WorkingCopy, with_token},
    sshd::Sshd,
    verbs::{self, swift},
};

/// A service that comes from pushes, and somebody who pushes to it.
struct Pusher {
    shipped: Shipped,
    mine: WorkingCopy,
    url: String,
}

impl Pusher {
    async fn new() -> Result<Self> {
        let shipped = Shipped::waiting(swift()).await?;
        let (owner, web) = (&shipped.owner, &shipped.web);
        owner.patch(&verbs::of(web), json!({ "source": { "type": "pushed" } })).await?.done()?;
        let made = json!({ "name": "laptop", "role": "developer" });
        let made: Value = owner.post("/me/tokens", made).await?.ok()?;
        let token = made["secret"].as_str().context("the secret is shown once")?;
        let url = with_token(&format!("{}/git/shop/web.git", shipped.berth.url()), token);
        Ok(Self { shipped, mine: WorkingCopy::new()?, url })
    }

    /// Commits a site with this repository inside it at this commit.
    fn with_submodule(&self, version: &str, address: &str, commit: &str) -> Result<()> {
        let modules = format!("[submodule \"lib\"]\n\tpath = site/lib\n\turl = {address}\n");
        let built = format!("{}COPY . /site\n", dockerfile(version));
        self.mine.link("site/lib", commit)?;
        self.mine
            .commit(&format!("Release {version}"), &[(".gitmodules", &modules), ("Dockerfile", &built)])?;
        Ok(())
    }

    /// The submodule is in the image at the commit that is wanted, without what git keeps.
    async fn has_the_library(&self, version: &str) -> Result<()> {
        self.shipped.answers(version).await?;
        let text = self.shipped.body("/read?path=/site/site/lib/text").await?;
        ensure!(text == "from the library\n", "it is {text:?}");
        let kept = "/read?path=/site/site/lib/.git/config";
        let kept = verbs::visit(self.shipped.berth.http_port, &self.shipped.host, kept).await?;
        ensure!(kept.status == 500, "what git keeps is in the image: {}", kept.text());
        Ok(())
    }
}

/// A repository whose newest commit is not the one that is wanted.
fn library(host: &GitServer) -> Result<(berth_tests::git::Repository, String)> {
    let library = host.repository("library")?;
    let commit = library.commit("Library", &[("text", "from the library\n")])?;
    library.commit("Newer", &[("text", "too new\n")])?;
    Ok((library, commit))
}

/// R-GIT-5: a public submodule by its address, a private one with the service's deploy key; none by a path.
#[tokio::test(flavor = "multi_thread")]
async fn r_git_5_submodules_of_what_is_pushed_are_fetched() -> Result<()> {
    let (pusher, host, sshd) = (Pusher::new().await?, GitServer::start().await?, Sshd::start().await?);
    let (library, commit) = library(&host)?;
    pusher.with_submodule("one", &library.url, &commit)?;
    let told = pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    ensure!(told.contains("Fetch the submodule site/lib from"), "{told}");
    pusher.has_the_library("one").await?;

    pusher.with_submodule("two", "../library.git", &commit)?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.rejected("write its whole address into .gitmodules")?;
    for bad in ["file:///etc", "/etc"] {
        pusher.with_submodule("two", bad, &commit)?;
        pusher.mine.push(&pusher.url, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;
    }

    let access = format!("{}/access/deploy-key", verbs::of(&pusher.shipped.web));
    let made: AccessView = pusher.shipped.owner.post(&access, Value::Null).await?.ok()?;
    sshd.allow(&made.public_key.context("the public half is shown")?)?;
    pusher.with_submodule("three", &sshd.url(library.folder()), &commit)?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    pusher.has_the_library("three").await
}

/// R-GIT-5: a password that the service has is sent to no host that a push names.
#[tokio::test(flavor = "multi_thread")]
async fn r_git_5_a_password_goes_to_no_submodule_of_a_push() -> Result<()> {
    let (pusher, host) = (Pusher::new().await?, GitServer::private("person", "canary-of-the-service").await?);
    let (library, commit) = library(&host)?;
    let credential = json!({ "username": "person", "secret": "canary-of-the-service" });
    pusher
        .shipped
        .owner
        .put(&format!("{}/credential", verbs::of(&pusher.shipped.web)), credential)
        .await?
        .done()?;
    pusher.with_submodule("one", &library.url, &commit)?;
    let told = pusher.mine.push(&pusher.url, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;
    ensure!(told.contains("The submodule `site/lib` cannot be fetched"), "{told}");
    Ok(())
}

#[tokio::test]
async fn pointers_of_git_lfs_are_missed_in_plain_words() -> Result<()> {
    let pusher = Pusher::new().await?;
    let pointer =
        format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 7\n", "0".repeat(64));
    let marked = "*.bin filter=lfs diff=lfs merge=lfs -text\n";
    let built = dockerfile("one");
    let files =
        [(".gitattributes", marked), ("assets/big.bin", pointer.as_str()), ("Dockerfile", built.as_str())];
    pusher.mine.commit("With a pointer", &files)?;
    let told = pusher.mine.push(&pusher.url, &["HEAD:main"])?.rejected("remote: Not deployed (failed)")?;
    for words in
        ["1 files of what was pushed are only pointers of Git LFS, such as assets/big.bin", "git lfs migrate"]
    {
        ensure!(told.contains(words), "the push does not tell {words:?}:\n{told}");
    }
    // A file that says how the pointer is meant is what makes it one.
    pusher.mine.commit("No longer", &[(".gitattributes", "")])?;
    pusher.mine.push(&pusher.url, &["HEAD:main"])?.accepted()?;
    pusher.shipped.answers("one").await
}
