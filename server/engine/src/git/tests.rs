use std::sync::Mutex;

use proptest::prelude::*;

use super::*;

#[test]
fn ordinary_addresses_pass() {
    for (given, expected) in [
        ("https://github.com/owner/app.git", "https://github.com/owner/app.git"),
        ("http://10.0.0.7:3000/o/a", "http://10.0.0.7:3000/o/a"),
        ("git@github.com:owner/app.git", "ssh://git@github.com/owner/app.git"),
        ("ssh://git@example.com:2222/o/a", "ssh://git@example.com:2222/o/a"),
    ] {
        assert_eq!(given.parse::<RemoteUrl>().expect(given).as_str(), expected);
    }
}

#[test]
fn r_sec_1b_addresses_that_run_or_read_something_else_are_refused() {
    for bad in [
        "ext::sh -c touch% /tmp/x", // not a shell of ours
        "file:///etc",
        "/etc",
        "../x",
        "git://example.com/a",
        "--upload-pack=touch /tmp/x",
        "-x",
        "https://-oProxyCommand=x/a",
        "ssh://-oProxyCommand=x/a",
        "ssh://-l@example.com/a",
        "https://example.com",
        "https://example.com/-x",
        "https://user:secret@example.com/a",
        "https://token@example.com/a",
        "https://example.com/a?x=1",
        "",
        "ftp://example.com/a",
        "http::https://example.com/a",
    ] {
        let refused = bad.parse::<RemoteUrl>();
        assert!(refused.is_err(), "{bad}: {refused:?}");
        assert!(!refused.expect_err("refused").to_string().contains("secret"), "{bad}");
    }
}

#[test]
fn r_sec_1b_refs_follow_gits_own_rules() {
    for good in ["main", "feature/x-1", "v1.2.3", "Grün", "a@b"] {
        assert!(is_ref_name(good), "{good}");
    }
    for bad in [
        "", "-x", "a..b", "a b", "a~1", "a^", "a:b", "a?", "a*", "[a", "a\\b", "/a", "a/", "a//b", ".a",
        "a.", "a.lock", "@", "a@{1}", "a\nb", "a/.b",
    ] {
        assert!(!is_ref_name(bad), "{bad:?}");
    }
}

proptest! {
    #[test]
    fn no_argument_of_ours_is_ever_an_option(text in "[-a-z:/@. ]{0,30}") {
        if let Ok(url) = text.parse::<RemoteUrl>() {
            prop_assert!(url.as_str().starts_with("http://") || url.as_str().starts_with("https://") || url.as_str().starts_with("ssh://"));
        }
        if let Ok(revision) = Revision::branch(&text) {
            prop_assert!(revision.ref_name().starts_with("refs/heads/"));
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_to_be_unreachable() {
    let remote = Remote { url: "http://127.0.0.1:1/a.git".parse().expect("an address"), credential: None };
    let error = Git::new()
        .resolve(&remote, &Revision::Head, &Bounds::within(Duration::from_secs(20)))
        .await
        .expect_err("nobody there");
    assert!(matches!(error, GitError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn r_q_2_a_server_that_never_answers_ends_at_the_deadline_and_a_cancel_at_once() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let remote = Remote {
        url: format!("http://127.0.0.1:{port}/a.git").parse().expect("an address"),
        credential: None,
    };
    let git = Git::new();
    let bounds = Bounds::within(Duration::from_millis(700));
    let started = std::time::Instant::now();
    let error = git.resolve(&remote, &Revision::Head, &bounds).await.expect_err("silent");
    assert!(matches!(error, GitError::Deadline { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(3));

    let bounds = Bounds::within(Duration::from_secs(60));
    let cancel = bounds.cancel.clone();
    let waiting = git.resolve(&remote, &Revision::Head, &bounds);
    let calling_off = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        cancel.cancel();
    };
    let (error, ()) = tokio::join!(waiting, calling_off);
    assert!(matches!(error, Err(GitError::Cancelled { .. })), "{error:?}");
}

#[tokio::test]
async fn a_credential_never_shows() {
    let password = crate::docker::SecretBytes::new("hunter2-hunter2");
    let credential = Credential::Password { username: "u".into(), password };
    let remote =
        Remote { url: "http://127.0.0.1:1/a.git".parse().expect("an address"), credential: Some(credential) };
    let told = Mutex::new(String::new());
    let folder = tempfile::tempdir().expect("a folder");
    let lines = |line: &str| told.lock().expect("unpoisoned").push_str(line);
    let bounds = Bounds::within(Duration::from_secs(20));
    let error = Git::new()
        .checkout(&remote, &Revision::Head, None, folder.path(), &bounds, &lines)
        .await
        .expect_err("nobody there");
    let all = format!("{error} {error:?} {remote:?} {}", told.lock().expect("unpoisoned"));
    assert!(!all.contains("hunter2"), "{all}");
    assert!(std::fs::read_to_string(folder.path().join(".git/config")).is_ok_and(|c| !c.contains("hunter2")));
}
