//! Which files are worth a deployment.

use crate::{Error, Result};
use berth_domain::webhook::WatchPaths;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Watch paths, ready to be asked.
#[derive(Debug)]
pub(crate) struct Watched {
    /// None when every file counts.
    include: Option<GlobSet>,
    exclude: GlobSet,
}

impl Watched {
    /// Reads the patterns; a problem names the one that cannot be read.
    pub fn of(paths: &WatchPaths) -> Result<Self> {
        let include = if paths.include.is_empty() { None } else { Some(set(&paths.include)?) };
        Ok(Self { include, exclude: set(&paths.exclude)? })
    }

    /// Whether a change of this file deploys.
    pub fn wants(&self, file: &str) -> bool {
        self.include.as_ref().is_none_or(|include| include.is_match(file)) && !self.exclude.is_match(file)
    }
}

fn set(patterns: &[String]) -> Result<GlobSet> {
    let mut all = GlobSetBuilder::new();
    for pattern in patterns {
        let pattern = pattern.trim();
        let pattern = pattern.strip_prefix("./").unwrap_or(pattern).trim_end_matches('/');
        // The name of a folder means everything in it.
        for form in [pattern.to_owned(), format!("{pattern}/**")] {
            let glob = GlobBuilder::new(&form).literal_separator(true).build();
            all.add(glob.map_err(|why| Error::invalid("watch", format!("{pattern:?}: {}.", why.kind())))?);
        }
    }
    all.build().map_err(|why| Error::invalid("watch", why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(include: &[&str], exclude: &[&str]) -> Watched {
        let owned = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect();
        Watched::of(&WatchPaths { include: owned(include), exclude: owned(exclude) }).unwrap()
    }

    #[test]
    fn r_git_3_a_file_counts_when_it_is_included_and_not_excluded() {
        let monorepo = watched(&["apps/web", "libs/**/*.rs", "*.toml"], &["**/*.md", "apps/web/docs/"]);
        for wanted in ["apps/web/src/main.rs", "apps/web", "libs/a/b.rs", "libs/b.rs", "Cargo.toml"] {
            assert!(monorepo.wants(wanted), "{wanted}");
        }
        for other in
            ["apps/api/main.rs", "apps/web/README.md", "apps/web/docs/x.html", "a/Cargo.toml", "apps/website"]
        {
            assert!(!monorepo.wants(other), "{other}");
        }
    }

    #[test]
    fn without_includes_everything_counts() {
        let all_but = watched(&[], &["docs/**", "README.md"]);
        assert!(all_but.wants("a/b") && !all_but.wants("docs/a/b") && !all_but.wants("README.md"));
        assert!(watched(&[], &[]).wants("anything"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_named() {
        let bad = WatchPaths { include: vec!["a/{b".into()], exclude: vec![] };
        let problem = Watched::of(&bad).unwrap_err().problem();
        assert_eq!(problem.field.as_deref(), Some("watch"));
        assert!(problem.message.contains("a/{b"), "{problem:?}");
    }
}
