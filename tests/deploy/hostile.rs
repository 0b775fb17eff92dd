//! Repositories and inputs of somebody who means harm: refused or harmless, and nothing of theirs runs on the machine.

use crate::{fixture::Shipped, git::dockerfile};
use berth_tests::{
    git::{GitServer, Repository},
    prelude::*,
    verbs::{self, BUILD},
};
use std::{
    io::{BufWriter, Write as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::{Path, PathBuf},
};

/// A Berth with a service, a git host, and a file that nobody may make.
struct Attacked {
    shipped: Shipped,
    host: GitServer,
    canary: PathBuf,
}

impl Attacked {
    async fn start() -> Result<Self> {
        let shipped = Shipped::live().await?;
        let canary = shipped.berth.scratch().join("canary");
        Ok(Self { shipped, host: GitServer::start().await?, canary })
    }

    /// A command that makes the canary.
    fn command(&self) -> String {
        format!("touch {}", self.canary.display())
    }

    /// Deploys a repository and gives how it ended; the service answers, and nothing ran.
    async fn deploy(&self, source: Value) -> Result<DeploymentView> {
        let (owner, web) = (&self.shipped.owner, &self.shipped.web);
        owner.patch(&verbs::of(web), json!({ "source": source })).await?.done()?;
        let queued = owner.deploy(web).await?;
        let ended = owner.settled(web, queued.number, BUILD).await?;
        ensure!(!self.canary.exists(), "something ran");
        self.shipped.body("/").await?;
        Ok(ended)
    }

    /// Has to fail with a reason that says this.
    async fn fails(&self, source: Value, why: &str) -> Result<()> {
        let ended = self.deploy(source).await?;
        ensure!(ended.status == Status::Failed, "{why}: it is {}", ended.status);
        ensure!(
            ended.reason.as_deref().is_some_and(|reason| reason.contains(why)),
            "{why}: {:?}",
            ended.reason
        );
        Ok(())
    }

    /// Has to go live.
    async fn is_harmless(&self, repository: &Repository) -> Result<()> {
        let ended = self.deploy(verbs::git(&repository.url)).await?;
        ensure!(ended.status == Status::Live, "it is {}: {:?}", ended.status, ended.reason);
        Ok(())
    }

    /// A repository with a Dockerfile that takes everything.
    fn repository(&self, name: &str) -> Result<Repository> {
        let repository = self.host.repository(name)?;
        repository.commit("Build", &[("Dockerfile", &format!("{}COPY . /site\n", dockerfile(name)))])?;
        Ok(repository)
    }
}

/// R-SEC-1b: what is not a plain address or branch is refused before git sees it.
#[tokio::test]
async fn r_sec_1b_addresses_and_branches_that_are_none_are_refused() -> Result<()> {
    let attacked = Attacked::start().await?;
    let (owner, web) = (&attacked.shipped.owner, verbs::of(&attacked.shipped.web));
    let command = attacked.command();
    let program = format!("ext::{command}");
    let upload = format!("--upload-pack={command}");
    let good = "https://git.example.com/a.git";
    let bad: [(&str, &str); 10] = [
        (program.as_str(), "main"),
        ("file:///etc", "main"),
        ("/etc", "main"),
        (&upload, "main"),
        ("-x", "main"),
        ("ssh://-oProxyCommand=x/a", "main"),
        (good, "-x"),
        (good, &upload),
        (good, "a..b"),
        (good, "main\nx"),
    ];
    for (url, branch) in bad {
        let source = json!({ "type": "git", "url": url, "branch": branch });
        owner.patch(&web, json!({ "source": source })).await?.refused(422)?;
    }
    ensure!(!attacked.canary.exists(), "something ran");
    Ok(())
}

/// R-SEC-1b: submodules from a path, a file or a program are refused.
#[tokio::test]
async fn r_sec_1b_submodules_from_this_machine_are_refused() -> Result<()> {
    let attacked = Attacked::start().await?;
    let private = attacked.host.repository("private")?;
    let commit = private.commit("Private", &[("text", "not yours")])?;
    let program = format!("ext::{}", attacked.command());
    let upload = format!("--upload-pack={}", attacked.command());
    let (path, file) =
        (private.folder().display().to_string(), format!("file://{}", private.folder().display()));
    for (at, url) in [&path, &file, &program, &upload].into_iter().enumerate() {
        let repository = attacked.repository(&format!("outer-{at}"))?;
        repository.link("sub", &commit)?;
        let modules = format!(
            "[submodule \"sub\"]\n\tpath = sub\n\turl = \"{url}\"\n\tupdate = !{}\n",
            attacked.command()
        );
        repository.commit("Submodule", &[(".gitmodules", &modules)])?;
        attacked.fails(verbs::git(&repository.url), "submodule `sub`").await?;
    }
    Ok(())
}

/// R-SEC-1b: hooks, filters and configuration in a repository are files like others, and names are only names.
#[tokio::test]
async fn r_sec_1b_what_a_repository_brings_along_is_only_files() -> Result<()> {
    let attacked = Attacked::start().await?;
    let repository = attacked.repository("brought")?;
    let script = format!("#!/usr/bin/env -S {}\n", attacked.command());
    let config = format!(
        "[core]\n\thooksPath = hooks\n\tfsmonitor = {0}\n\tsshCommand = {0}\n[filter \"trap\"]\n\tsmudge = {0}\n",
        attacked.command()
    );
    let run = format!("$({})", attacked.command());
    let program = format!("[lfs]\n\turl = ext::{}\n", attacked.command());
    let named = run.replace('/', "_");
    let files: [(&str, &str); 10] = [
        (".gitattributes", "* filter=trap\n"),
        ("config", &config),
        (".gitconfig", &config),
        (".lfsconfig", &program),
        ("hooks/post-checkout", &script),
        ("hooks/pre-commit", &script),
        ("a\nb", "a name with a newline"),
        ("-rf", "a name like an option"),
        ("--upload-pack=x", "the same"),
        (&named, "a name like a command"),
    ];
    repository.commit("Traps", &files)?;
    for hook in ["post-checkout", "pre-commit"] {
        let hook = repository.files().join("hooks").join(hook);
        std::fs::set_permissions(hook, std::fs::Permissions::from_mode(0o755))?;
    }
    repository.commit("Make them run", &[])?;
    attacked.is_harmless(&repository).await?;
    ensure!(attacked.shipped.body("/read?path=/site/-rf").await? == "a name like an option", "the file");
    ensure!(attacked.shipped.body("/read?path=/site/a%0Ab").await?.contains("newline"), "the file");
    Ok(())
}

/// R-SEC-1b: a link that leads out of the repository brings nothing of the machine into an image.
#[tokio::test]
async fn r_sec_1b_links_out_of_the_repository_lead_nowhere() -> Result<()> {
    let attacked = Attacked::start().await?;
    let secret = attacked.shipped.berth.scratch().join("of-the-machine");
    std::fs::create_dir(&secret)?;
    std::fs::write(secret.join("Dockerfile"), dockerfile("of-the-machine"))?;
    let repository = attacked.repository("links")?;
    for (name, target) in [("file", secret.join("Dockerfile")), ("folder", secret.clone())] {
        symlink(target, repository.files().join(name))?;
    }
    repository.commit("Links", &[])?;
    attacked.is_harmless(&repository).await?;
    let (port, host) = (attacked.shipped.berth.http_port, &attacked.shipped.host);
    let answer = verbs::visit(port, host, "/read?path=/site/file").await?;
    ensure!(answer.status == 500, "the link leads to {}", answer.text());
    let source = |folder: &str, file: &str| json!({ "type": "git", "url": repository.url, "folder": folder, "dockerfile": file });
    attacked.fails(source("folder", "Dockerfile"), "leads out").await?;
    attacked.fails(source("", "file"), "leads out").await
}

/// A hundred thousand files are many, and only that.
#[tokio::test]
async fn a_hundred_thousand_files_are_built_while_others_are_served() -> Result<()> {
    let attacked = Attacked::start().await?;
    let repository = attacked.host.repository("many")?;
    let stream = attacked.shipped.berth.scratch().join("stream");
    write_many(&stream, &format!("{}COPY . /site\n", dockerfile("many")))?;
    repository.import(&stream)?;
    let load = attacked.shipped.under_load(50);
    attacked.is_harmless(&repository).await?;
    load.stop().await.lost_nothing(50)?;
    ensure!(attacked.shipped.body("/read?path=/site/f/99/999").await? == "x", "the last file");
    Ok(())
}

/// What `git fast-import` makes a hundred thousand files of.
fn write_many(stream: &Path, dockerfile: &str) -> Result<()> {
    let mut out = BufWriter::new(std::fs::File::create(stream)?);
    writeln!(out, "blob\nmark :1\ndata 1\nx\nblob\nmark :2\ndata {}\n{dockerfile}", dockerfile.len())?;
    writeln!(out, "commit refs/heads/main\ncommitter A Person <person@example.com> 1700000000 +0000")?;
    writeln!(out, "data 4\nMany\nM 100644 :2 Dockerfile")?;
    for at in 0..100_000 {
        writeln!(out, "M 100644 :1 f/{}/{}", at / 1_000, at % 1_000)?;
    }
    writeln!(out)?;
    out.flush().context("write the stream")
}
