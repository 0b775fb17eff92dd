//! What git asks for over SSH: one of its two programs, and a path.

use crate::http::git::NO_LARGE_FILES;
use berth_domain::{remote::parse_repository_path, service::ServicePath};
use berth_engine::git::Exchange;

/// Reads `git-receive-pack '/shop/web.git'`; nothing else is understood.
pub(super) fn parse(command: &[u8]) -> Option<(Exchange, ServicePath)> {
    let (program, path) = std::str::from_utf8(command).ok()?.split_once(' ')?;
    let path = match path.strip_prefix('\'') {
        Some(quoted) => quoted.strip_suffix('\'')?,
        None => path,
    };
    let path = path.strip_prefix('/').unwrap_or(path);
    Some((Exchange::of_service(program)?, parse_repository_path(path)?))
}

/// What is said to anything else.
pub(super) fn refusal(command: &[u8]) -> &'static str {
    if command.starts_with(b"git-lfs-") {
        return NO_LARGE_FILES;
    }
    "Only git is answered here: ssh://git@.../project/service.git"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gits_own_commands_are_understood() {
        for (command, exchange) in [
            ("git-receive-pack '/shop/web.git'", Exchange::Push),
            ("git-receive-pack 'shop/web.git'", Exchange::Push),
            ("git-upload-pack /shop/production/web.git", Exchange::Fetch),
        ] {
            let (meant, path) = parse(command.as_bytes()).unwrap();
            assert_eq!((meant, path.to_string().as_str()), (exchange, "shop/production/web"), "{command}");
        }
    }

    #[test]
    fn git_lfs_is_told_what_to_do_instead() {
        let asked = b"git-lfs-authenticate 'shop/web.git' upload";
        assert!(parse(asked).is_none() && refusal(asked).contains("git lfs migrate export"));
        assert!(refusal(b"ls").starts_with("Only git"));
    }

    #[test]
    fn r_sec_1_nothing_else_is() {
        for command in [
            "",
            "ls",
            "git-upload-archive '/shop/web.git'",
            "git-receive-pack",
            "git-receive-pack '/shop/web.git",
            "git-receive-pack '/shop/web.git'; id",
            "git-receive-pack '/shop/web.git' '--x'",
            "git-receive-pack --stateless-rpc '/shop/web.git'",
            "git-receive-pack '//shop/web.git'",
            "git-receive-pack '/shop/../../etc/passwd.git'",
            "git-receive-pack '/shop/$(id).git'",
            "git-receive-pack '/shop/web.git\n'",
            "git-receive-pack  '/shop/web.git'",
        ] {
            assert_eq!(parse(command.as_bytes()), None, "{command:?}");
        }
        assert_eq!(parse(b"git-receive-pack '\xff/web.git'"), None);
    }
}
