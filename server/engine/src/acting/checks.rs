//! Checks that need to know git, or how patterns are read.

use crate::{Error, Result, git, webhook::Watched};
use berth_domain::{service::ServiceSettings, source::Source};

/// Refuses settings that could not be followed.
pub(super) fn check_settings(settings: &ServiceSettings) -> Result<()> {
    settings.check()?;
    Watched::of(&settings.watch).map(|_| ())
}

/// Refuses a source that could never be fetched, or that would be taken for an option.
pub(super) fn check_source(source: &Source) -> Result<()> {
    source.check()?;
    let build_args = match source {
        Source::Git(git) => {
            git.url.parse::<git::RemoteUrl>().map_err(|error| Error::invalid("url", error))?;
            Some(&git.build_args)
        }
        Source::Pushed(pushed) => Some(&pushed.build_args),
        Source::Image(_) => None,
    };
    if let Some(branch) = source.branch() {
        git::Revision::branch(branch).map_err(|error| Error::invalid("branch", error))?;
    }
    if let Some(args) = build_args {
        let long = args.values().any(|value| value.len() > 32 << 10 || value.contains('\0'));
        if long || args.len() > 200 {
            return Err(Error::invalid(
                "build_args",
                "There are at most 200 build arguments of 32 KiB, without NUL.",
            ));
        }
    }
    Ok(())
}
