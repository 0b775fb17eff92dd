//! Repositories that Berth keeps, with the real git.

use super::*;
use std::{process::Command, time::Duration};
use tokio::io::AsyncReadExt;

fn bounds() -> Bounds {
    Bounds::within(Duration::from_secs(30))
}

#[expect(clippy::disallowed_methods, reason = "a person's own git")]
fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    git.current_dir(folder).args(arguments).env("GIT_CONFIG_GLOBAL", "/dev/null");
    for role in ["AUTHOR", "COMMITTER"] {
        git.env(format!("GIT_{role}_NAME"), "A Person")
            .env(format!("GIT_{role}_EMAIL"), "person@example.com");
    }
    let output = git.output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A person's repository with two commits, and an empty one that Berth keeps.
struct Fixture {
    folder: tempfile::TempDir,
    first: String,
    second: String,
    hosted: Hosted,
}

impl Fixture {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let work = folder.path().join("work");
        std::fs::create_dir(&work).unwrap();
        git(&work, &["init", "--quiet", "-b", "main"]);
        let commit = |text: &str| {
            std::fs::write(work.join("file"), text).unwrap();
            git(&work, &["add", "--all"]);
            git(&work, &["commit", "--quiet", "-m", text]);
            git(&work, &["rev-parse", "HEAD"])
        };
        let (first, second) = (commit("one"), commit("two"));
        let hosted = Hosted::at(folder.path().join("kept.git"));
        Git::new().init_hosted(&hosted, "main", &bounds()).await.unwrap();
        Self { folder, first, second, hosted }
    }

    fn push(&self, to: &Path, what: &str) {
        git(&self.folder.path().join("work"), &["push", "--quiet", &to.to_string_lossy(), what]);
    }

    /// Puts the second commit where git keeps a push that is not accepted yet.
    fn quarantine(&self) -> PathBuf {
        let aside = self.folder.path().join("aside.git");
        git(self.folder.path(), &["init", "--quiet", "--bare", "aside.git"]);
        self.push(&aside, "main:main");
        git(&aside, &["repack", "-adq"]);
        let quarantine = self.hosted.objects().join("tmp_objdir-incoming-test");
        std::fs::rename(aside.join("objects"), &quarantine).unwrap();
        quarantine
    }
}

#[tokio::test]
async fn a_branch_is_pointed_and_its_files_come_out_without_history() {
    let fixture = Fixture::new().await;
    let (programs, hosted) = (Git::new(), &fixture.hosted);
    fixture.push(hosted.path(), "main:refs/heads/other");
    assert_eq!(programs.branch_head(hosted, "main", &bounds()).await.unwrap(), None);
    let other = programs.branch_head(hosted, "other", &bounds()).await.unwrap();
    assert_eq!(other.as_deref(), Some(fixture.second.as_str()));

    programs.point(hosted, "refs/heads/main", &fixture.first, &bounds()).await.unwrap();
    let main = programs.branch_head(hosted, "main", &bounds()).await.unwrap();
    assert_eq!(main.as_deref(), Some(fixture.first.as_str()));
    // Again, as at the next start with another branch: what is there stays.
    programs.init_hosted(hosted, "other", &bounds()).await.unwrap();
    assert!(programs.branch_head(hosted, "main", &bounds()).await.unwrap().is_some());

    let folder = fixture.folder.path().join("build");
    std::fs::create_dir(&folder).unwrap();
    let commit = programs.commit_in(hosted, &fixture.first, &bounds()).await.unwrap();
    assert_eq!((commit.subject.as_str(), commit.author.as_str()), ("one", "A Person"));
    programs.extract(hosted, &commit.id, &folder, &bounds()).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("file")).unwrap(), "one");
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "more than the files came out");
    assert!(!folder.with_extension("index").exists());
}

#[tokio::test]
async fn what_is_in_quarantine_is_seen_there_and_kept_when_it_is_adopted() {
    let fixture = Fixture::new().await;
    let (programs, hosted, second) = (Git::new(), &fixture.hosted, fixture.second.as_str());
    let quarantine = fixture.quarantine();
    let pushed = hosted.with_quarantine(&quarantine).unwrap();
    let missing = programs.commit_in(hosted, second, &bounds()).await.unwrap_err();
    assert!(matches!(missing, GitError::NoSuchRevision { .. }), "{missing}");

    let folder = fixture.folder.path().join("build");
    std::fs::create_dir(&folder).unwrap();
    programs.commit_in(&pushed, second, &bounds()).await.unwrap();
    programs.extract(&pushed, second, &folder, &bounds()).await.unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("file")).unwrap(), "two");

    pushed.adopt().unwrap();
    std::fs::remove_dir_all(&quarantine).unwrap();
    programs.commit_in(hosted, second, &bounds()).await.unwrap();
    programs.point(hosted, LIVE, second, &bounds()).await.unwrap();
}

#[tokio::test]
async fn a_client_is_told_what_there_is_but_not_what_berth_keeps_for_itself() {
    let fixture = Fixture::new().await;
    let (programs, hosted) = (Git::new(), &fixture.hosted);
    fixture.push(hosted.path(), "main:refs/heads/main");
    programs.point(hosted, LIVE, &fixture.second, &bounds()).await.unwrap();
    for (exchange, protocol, said) in [
        (Exchange::Fetch, None, "refs/heads/main"),
        (Exchange::Push, None, "refs/heads/main"),
        (Exchange::Fetch, Some("version=2"), "version 2"),
        (Exchange::Fetch, Some("version=2\n--x"), "refs/heads/main"),
    ] {
        let ask = Ask { exchange, turn: Turn::Advertise, protocol: protocol.map(str::to_owned) };
        let mut started = programs.serve(hosted, &ask, None).unwrap();
        drop(started.input.take());
        let mut told = String::new();
        started.output.read_to_string(&mut told).await.unwrap();
        assert!(started.ended().await, "{told}");
        assert!(told.contains(said) && !told.contains("refs/berth"), "{exchange:?} {protocol:?}: {told}");
    }
}
