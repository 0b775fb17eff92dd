//! Git against real servers: `git http-backend` behind HTTP with a password, and sshd.
//!
//! Not libtest's harness: git starts this program again as its ssh, and then it must be nothing else.

#[path = "git/http.rs"]
mod http;
#[path = "git/repository.rs"]
mod repository;
#[path = "git/sshd.rs"]
mod sshd;

use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use berth_engine::docker::SecretBytes;
use berth_engine::git::{Bounds, Credential, Git, GitError, KnownHosts, Remote, Revision, Span};
use repository::Repository;

const PASSWORD: &str = "canary-p4ssword/+?";

fn bounds() -> Bounds {
    Bounds::within(Duration::from_secs(30))
}

fn over_http(server: &http::Server, password: Option<&str>) -> Remote {
    let credential = password.map(|password| Credential::Password {
        username: "berth".into(),
        password: SecretBytes::new(password),
    });
    Remote { url: server.url().parse().expect("an address"), credential }
}

async fn a_branch_a_tag_and_head_are_resolved() {
    let repository = Repository::new();
    let server = http::Server::start(&repository, PASSWORD).await;
    let (git, remote) = (Git::new(), over_http(&server, Some(PASSWORD)));
    for revision in
        [Revision::Head, Revision::branch("main").expect("a branch"), Revision::tag("v1").expect("a tag")]
    {
        let id = git.resolve(&remote, &revision, &bounds()).await.expect("resolved");
        let expected =
            if revision == Revision::Tag("v1".into()) { &repository.first } else { &repository.second };
        assert_eq!(&id, expected, "{revision}");
    }
    let error =
        git.resolve(&remote, &Revision::branch("nope").expect("a name"), &bounds()).await.expect_err("none");
    assert!(
        matches!(&error, GitError::NoSuchRevision { .. }) && error.to_string().contains("`nope`"),
        "{error}"
    );
    let access = git.verify_credentials(&remote, &bounds()).await.expect("access");
    assert_eq!(access.default_branch.as_deref(), Some("main"));
    assert_eq!(access.branches, ["main", "side"]);
}

async fn r_git_3_which_files_changed_is_known_without_their_contents() {
    let repository = Repository::new();
    let third =
        repository.change(&[("apps/web/page", Some("1")), ("grün \"x\"", Some("1"))], "Add\n\nMore words.");
    let fourth = repository.change(&[("file", None), ("moved", Some("two\n"))], "Move");
    let server = http::Server::start(&repository, PASSWORD).await;
    let (git, remote) = (Git::new(), over_http(&server, Some(PASSWORD)));
    let changes = async |before: Option<&str>, after: &str| {
        let span = Span { branch: "main", before, after };
        git.changes(&remote, &span, &bounds()).await.expect("changes")
    };
    let added = changes(Some(&repository.second), &third).await;
    assert_eq!(added.message.trim(), "Add\n\nMore words.");
    assert_eq!(added.files, Some(vec!["apps/web/page".to_owned(), "grün \"x\"".to_owned()]));
    let moved = changes(Some(&third), &fourth).await;
    assert_eq!(moved.files, Some(vec!["file".to_owned(), "moved".to_owned()]), "a renamed file is both");
    let both = changes(Some(&repository.second), &fourth).await.files.expect("known");
    assert_eq!(both.len(), 4);
    assert_eq!(changes(None, &fourth).await.files, None);
    assert_eq!(changes(Some(&"1".repeat(40)), &fourth).await.files, None, "never seen");
    assert_eq!(changes(Some(&fourth), &third).await.files, None, "history was rewritten");

    let (commit, files) = git.last_commit(&remote, "main", &bounds()).await.expect("the last commit");
    assert_eq!((commit.id, commit.subject.as_str()), (fourth, "Move"));
    assert_eq!(files, ["file", "moved"]);
    let span = Span { branch: "main", before: Some("-x"), after: &third };
    let refused = git.changes(&remote, &span, &bounds()).await.expect_err("no commit");
    assert!(matches!(refused, GitError::BadRevision { .. }), "{refused}");
    let nobody = over_http(&server, None);
    let span = Span { branch: "main", before: None, after: &third };
    assert!(matches!(git.changes(&nobody, &span, &bounds()).await, Err(GitError::Denied { .. })));
}

async fn a_revision_is_checked_out_shallow_and_without_a_trace_of_the_password() {
    let repository = Repository::new();
    let server = http::Server::start(&repository, PASSWORD).await;
    let (git, remote) = (Git::new(), over_http(&server, Some(PASSWORD)));
    let told = Mutex::new(String::new());
    let lines = |line: &str| told.lock().expect("unpoisoned").push_str(line);
    let folder = tempfile::tempdir().expect("a folder");
    let commit = git
        .checkout(&remote, &Revision::Head, None, folder.path(), &bounds(), &lines)
        .await
        .expect("checked out");
    assert_eq!(
        (commit.id.as_str(), commit.subject.as_str()),
        (repository.second.as_str(), "Second: \"quoted\"")
    );
    assert_eq!(commit.author, "A. Uthor");
    assert_eq!(std::fs::read_to_string(folder.path().join("file")).expect("a file"), "two\n");
    assert!(folder.path().join(".git/shallow").exists());
    for entry in walk(folder.path()) {
        let bytes = std::fs::read(&entry).unwrap_or_default();
        assert!(memchr::memmem::find(&bytes, b"canary").is_none(), "{}", entry.display());
    }
    assert!(!told.lock().expect("unpoisoned").contains("canary"));

    // An older commit by its id, as a rollback's rebuild asks for.
    let folder = tempfile::tempdir().expect("a folder");
    let revision = Revision::commit(&repository.first).expect("an id");
    let commit = git
        .checkout(&remote, &revision, Some("main"), folder.path(), &bounds(), &|_| ())
        .await
        .expect("checked out");
    assert_eq!(commit.id, repository.first);
}

async fn a_commit_that_the_server_does_not_give_by_id_is_found_on_its_branch() {
    let repository = Repository::new();
    repository.serve_old_protocol_only();
    let server = http::Server::start(&repository, PASSWORD).await;
    let (git, remote) = (Git::new(), over_http(&server, Some(PASSWORD)));
    let folder = tempfile::tempdir().expect("a folder");
    let revision = Revision::commit(&repository.first).expect("an id");
    let commit = git
        .checkout(&remote, &revision, Some("main"), folder.path(), &bounds(), &|_| ())
        .await
        .expect("checked out");
    assert_eq!(commit.id, repository.first);
    let unknown = Revision::commit(&"0123456789".repeat(4)).expect("an id");
    let folder = tempfile::tempdir().expect("a folder");
    let error = git
        .checkout(&remote, &unknown, Some("main"), folder.path(), &bounds(), &|_| ())
        .await
        .expect_err("unknown");
    assert!(matches!(error, GitError::NoSuchRevision { .. }), "{error}");
}

async fn a_wrong_password_and_a_wrong_path_are_told_apart() {
    let repository = Repository::new();
    let server = http::Server::start(&repository, PASSWORD).await;
    let git = Git::new();
    for remote in [over_http(&server, None), over_http(&server, Some("canary-wrong"))] {
        let error = git.resolve(&remote, &Revision::Head, &bounds()).await.expect_err("refused");
        assert!(matches!(error, GitError::Denied { .. }), "{error}");
        assert!(
            error.to_string().contains(&server.url()) && !error.to_string().contains("canary"),
            "{error}"
        );
    }
    let url = format!("{}-other", server.url()).parse().expect("an address");
    let remote = Remote { url, ..over_http(&server, Some(PASSWORD)) };
    let error = git.resolve(&remote, &Revision::Head, &bounds()).await.expect_err("not there");
    assert!(matches!(error, GitError::NotFound { .. }), "{error}");
}

async fn a_credential_does_not_follow_a_redirect() {
    let repository = Repository::new();
    let server = http::Server::start(&repository, PASSWORD).await;
    let url = server.url().replace("/app.git", "/moved.git").parse().expect("an address");
    let remote = Remote { url, ..over_http(&server, Some(PASSWORD)) };
    let error = Git::new().resolve(&remote, &Revision::Head, &bounds()).await.expect_err("moved");
    assert!(matches!(error, GitError::Moved { .. }), "{error}");
    // A public repository that has moved is found; this one then asks for a password.
    let remote = Remote { credential: None, ..remote };
    let error = Git::new().resolve(&remote, &Revision::Head, &bounds()).await.expect_err("refused");
    assert!(matches!(error, GitError::Denied { .. }), "{error}");
}

async fn r_sec_1b_hooks_submodules_and_configuration_of_the_repository_do_nothing() {
    let canary = tempfile::tempdir().expect("a folder");
    let repository = Repository::new();
    repository.add_traps(canary.path());
    let server = http::Server::start(&repository, PASSWORD).await;
    let folder = tempfile::tempdir().expect("a folder");
    Git::new()
        .checkout(
            &over_http(&server, Some(PASSWORD)),
            &Revision::Head,
            None,
            folder.path(),
            &bounds(),
            &|_| (),
        )
        .await
        .expect("checked out");
    assert!(folder.path().join(".gitmodules").exists());
    assert_eq!(std::fs::read_dir(canary.path()).expect("a folder").count(), 0, "something ran");
    assert_eq!(
        std::fs::read_dir(folder.path().join("sub")).map_or(0, Iterator::count),
        0,
        "a submodule came"
    );
}

async fn ssh_uses_the_given_key_and_the_pinned_host() {
    let repository = Repository::new();
    let Some(server) = sshd::Server::start(&repository).await else {
        println!("  (no sshd on this machine: not tried)");
        return;
    };
    let git = Git::new();
    let remote = |key: &str, known_hosts: KnownHosts| Remote {
        url: server.url().parse().expect("an address"),
        credential: Some(Credential::SshKey { private_key: SecretBytes::new(key), known_hosts }),
    };
    let pinned = remote(&server.key, KnownHosts::only(server.known_hosts()));
    assert_eq!(git.resolve(&pinned, &Revision::Head, &bounds()).await.expect("resolved"), repository.second);
    let folder = tempfile::tempdir().expect("a folder");
    git.checkout(&pinned, &Revision::Head, None, folder.path(), &bounds(), &|_| ())
        .await
        .expect("checked out");
    // Without a pinned key the first one is taken, also when a web form has changed the line ends.
    let windows = server.key.replace('\n', "\r\n").trim_end().to_owned();
    let first = remote(&windows, KnownHosts::default());
    git.resolve(&first, &Revision::Head, &bounds()).await.expect("resolved");
    let learned = first.learned_host_key().expect("it is remembered");
    assert!(server.known_hosts().contains(&learned) && learned.starts_with("ssh-ed25519 "), "{learned}");
    assert_eq!(pinned.learned_host_key(), None);

    let other = remote(&server.other_key, KnownHosts::default());
    let error = git.resolve(&other, &Revision::Head, &bounds()).await.expect_err("refused");
    assert!(matches!(error, GitError::Denied { .. }), "{error}");
    assert!(error.to_string().contains(&server.url()), "{error}");
    let impostor = remote(&server.key, KnownHosts::only(server.impostors_known_hosts()));
    let error = git.resolve(&impostor, &Revision::Head, &bounds()).await.expect_err("another host");
    assert!(matches!(error, GitError::HostKey { .. }), "{error}");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        if entry.path().is_dir() { found.extend(walk(&entry.path())) } else { found.push(entry.path()) }
    }
    found
}

type Case = (&'static str, fn() -> Pin<Box<dyn Future<Output = ()>>>);

macro_rules! cases {
    ($($name:ident),+ $(,)?) => { &[$((stringify!($name), || Box::pin($name()))),+] };
}

const CASES: &[Case] = cases![
    a_branch_a_tag_and_head_are_resolved,
    r_git_3_which_files_changed_is_known_without_their_contents,
    a_revision_is_checked_out_shallow_and_without_a_trace_of_the_password,
    a_commit_that_the_server_does_not_give_by_id_is_found_on_its_branch,
    a_wrong_password_and_a_wrong_path_are_told_apart,
    a_credential_does_not_follow_a_redirect,
    r_sec_1b_hooks_submodules_and_configuration_of_the_repository_do_nothing,
    ssh_uses_the_given_key_and_the_pinned_host,
];

/// What libtest does for `cargo test` and nextest: `--list`, `--exact NAME`, a filter, or all.
fn main() -> ExitCode {
    if let Some(code) = berth_engine::git::run_as_ssh() {
        return code;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |flag: &str| arguments.iter().any(|a| a == flag);
    if has("--list") {
        if !has("--ignored") {
            CASES.iter().for_each(|(name, _)| println!("{name}: test"));
        }
        return ExitCode::SUCCESS;
    }
    let filters: Vec<&String> = arguments.iter().filter(|a| !a.starts_with('-')).collect();
    let wanted = |name: &str| filters.is_empty() || filters.iter().any(|f| name.contains(f.as_str()));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let mut failed = 0;
    for (name, case) in CASES.iter().filter(|(name, _)| wanted(name)) {
        let ended = std::panic::catch_unwind(|| runtime.block_on(case()));
        println!("test {name} ... {}", if ended.is_ok() { "ok" } else { "FAILED" });
        failed += u32::from(ended.is_err());
    }
    println!("test result: {}. {failed} failed", if failed == 0 { "ok" } else { "FAILED" });
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
