use super::*;

#[test]
fn git_names_itself_as_each_host_wants_it() {
    assert_eq!(git_user(ConnectionKind::GitHubApp, ""), "x-access-token");
    assert_eq!(git_user(ConnectionKind::GitLab, ""), "oauth2");
    assert_eq!(git_user(ConnectionKind::Bitbucket, ""), "x-token-auth");
    assert_eq!(git_user(ConnectionKind::Bitbucket, "me@example.com"), "x-bitbucket-api-token-auth");
}

#[test]
fn a_key_that_is_none_signs_nothing() {
    let now = crate::store::now();
    assert!(
        app::signed_word(1, "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n", now)
            .is_err()
    );
    assert!(app::signed_word(1, "", now).is_err());
}
