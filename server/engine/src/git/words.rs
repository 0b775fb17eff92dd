//! Git's own words for what went wrong, sorted.

use super::GitError;

const HOST_KEY: &[&str] =
    &["host key verification failed", "remote host identification has changed", "no matching host key"];
const DENIED: &[&str] = &[
    "authentication failed",
    "could not read username",
    "could not read password",
    "terminal prompts disabled",
    "permission denied",
    "error: 401",
    "error: 403",
    "access denied",
    "authentication required",
    "authorization error",
    "invalid credentials",
];
const NO_REVISION: &[&str] =
    &["couldn't find remote ref", "not our ref", "unadvertised object", "remote ref does not exist"];
const NOT_FOUND: &[&str] =
    &["repository not found", "not found", "does not exist", "does not appear to be a git repository"];
const MOVED: &[&str] =
    &["returned error: 301", "returned error: 302", "returned error: 307", "returned error: 308"];
const UNREACHABLE: &[&str] = &[
    "could not resolve host",
    "failed to connect",
    "couldn't connect",
    "connection refused",
    "connection timed out",
    "connection reset",
    "connection closed",
    "network is unreachable",
    "no route to host",
    "operation too slow",
    "early eof",
    "ssl certificate problem",
    "the remote end hung up",
];

/// The error behind git's last lines; `remote` is empty for a local call.
pub(super) fn sort(action: &str, remote: &str, stderr: &[String]) -> GitError {
    let told: Vec<&str> = stderr.iter().map(|line| line.trim()).filter(|line| !line.is_empty()).collect();
    let all = told.join("\n").to_ascii_lowercase();
    let says = |any: &[&str]| !remote.is_empty() && any.iter().any(|words| all.contains(words));
    let (reason, remote) = (reason(&told), remote.to_owned());
    if says(HOST_KEY) {
        GitError::HostKey { remote, reason }
    } else if says(DENIED) {
        GitError::Denied { remote, reason }
    } else if says(NO_REVISION) {
        GitError::NoSuchRevision { remote, revision: "such branch, tag or commit".into() }
    } else if says(NOT_FOUND) {
        GitError::NotFound { remote, reason }
    } else if says(MOVED) {
        GitError::Moved { remote, reason }
    } else if says(UNREACHABLE) {
        GitError::Unreachable { remote, reason }
    } else {
        GitError::Failed { action: action.to_owned(), reason }
    }
}

/// The line that says most: git's first `fatal:` or `ERROR`, without advice for people at a terminal.
fn reason(told: &[&str]) -> String {
    let telling =
        |line: &&&str| ["fatal: ", "ERROR: ", "error: ", "remote: "].iter().any(|p| line.starts_with(p));
    let chosen = told
        .iter()
        .find(|line| line.starts_with("fatal: ") && !line.contains("Could not read from remote repository"))
        // Said by ssh, before git only says that it could not read.
        .or_else(|| told.iter().find(|line| line.contains("Permission denied")))
        .or_else(|| told.iter().find(telling))
        .or(told.last());
    let text = chosen.copied().unwrap_or("it gave no reason");
    let text = ["fatal: ", "ERROR: ", "error: ", "remote: "]
        .iter()
        .fold(text, |t, p| t.strip_prefix(p).unwrap_or(t));
    text.trim().trim_end_matches('.').chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(line: &str) -> GitError {
        sort("fetching", "https://example.com/a.git", &[line.to_owned()])
    }

    #[test]
    fn what_git_says_becomes_what_a_person_can_do() {
        assert!(matches!(
            sorted("fatal: could not read Username for 'https://example.com': terminal prompts disabled"),
            GitError::Denied { .. }
        ));
        assert!(matches!(
            sorted("fatal: repository 'https://example.com/a.git/' not found"),
            GitError::NotFound { .. }
        ));
        assert!(matches!(
            sorted(
                "fatal: unable to access 'https://example.com/a.git/': Could not resolve host: example.com"
            ),
            GitError::Unreachable { .. }
        ));
        assert!(matches!(
            sorted("fatal: couldn't find remote ref refs/heads/x"),
            GitError::NoSuchRevision { .. }
        ));
        assert!(matches!(sorted("Host key verification failed."), GitError::HostKey { .. }));
        assert!(matches!(sorted("fatal: something new"), GitError::Failed { .. }));
    }

    #[test]
    fn ssh_says_it_before_git_does() {
        let told = [
            "git@example.com: Permission denied (publickey).",
            "fatal: Could not read from remote repository.",
        ];
        let error = sort("fetching", "ssh://git@example.com/a", &told.map(str::to_owned));
        assert!(
            matches!(&error, GitError::Denied { reason, .. } if reason.contains("Permission denied")),
            "{error}"
        );
    }
}
