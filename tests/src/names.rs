//! Names that say which run they belong to, so that a later run can take away what a crashed one left.

use std::{env, process};

/// A short random text of letters and digits.
pub fn random() -> String {
    uuid::Uuid::new_v4().simple().to_string()[..6].to_owned()
}

/// A name for one Berth: `test-<run>-<pid>-<random>`.
pub fn instance() -> String {
    let run = env::var("BERTH_TEST_RUN").unwrap_or_else(|_| "test".to_owned());
    format!("{run}-{}-{}", process::id(), random())
}

/// Whether the process that made this instance is gone, so that nobody needs what carries its name.
pub fn is_left_over(instance: &str) -> bool {
    let Some(pid) = instance.starts_with("test").then(|| instance.rsplit('-').nth(1)).flatten() else {
        return false;
    };
    pid.parse().is_ok_and(is_gone)
}

/// Whether no process has this id any more.
pub fn is_gone(pid: i32) -> bool {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_living_process_made_is_not_left_over() {
        assert!(!is_left_over(&instance()));
        assert!(is_left_over("test-0a1b-999999999-abc"));
        assert!(!is_left_over("main"));
    }
}
