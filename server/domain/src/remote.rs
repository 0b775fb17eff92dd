//! The repository that Berth keeps for a service: where it is, and how its addresses are read.

use crate::service::ServicePath;
use serde::{Deserialize, Serialize};

/// The environment that an address without one means.
pub const DEFAULT_ENVIRONMENT: &str = "production";

/// Where a service is pushed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RemoteView {
    /// With an API token as the password.
    pub http_url: String,
    /// With a key of the account; absent where Berth listens for no SSH.
    pub ssh_url: Option<String>,
    /// The branch whose pushes are deployed.
    pub branch: String,
    /// Whether the service comes from what is pushed. A push to one that does not is refused.
    pub takes_pushes: bool,
}

impl RemoteView {
    /// The commands that push a repository here for the first time.
    pub fn commands(&self) -> Vec<String> {
        let url = self.ssh_url.as_ref().unwrap_or(&self.http_url);
        vec![format!("git remote add berth {url}"), format!("git push berth HEAD:{}", self.branch)]
    }
}

/// The address of a service's repository below `/git/`; the environment is left out when it is the usual one.
pub fn repository_path(path: &ServicePath) -> String {
    let ServicePath { project, environment, service } = path;
    match environment.as_str() {
        DEFAULT_ENVIRONMENT => format!("{project}/{service}.git"),
        _ => format!("{project}/{environment}/{service}.git"),
    }
}

/// Reads `project/service.git` or `project/environment/service.git`; nothing else is an address of a repository.
pub fn parse_repository_path(text: &str) -> Option<ServicePath> {
    let names = text.strip_suffix(".git")?.split('/').collect::<Vec<_>>();
    let (project, environment, service) = match names[..] {
        [project, service] => (project, DEFAULT_ENVIRONMENT, service),
        [project, environment, service] => (project, environment, service),
        _ => return None,
    };
    Some(ServicePath {
        project: project.parse().ok()?,
        environment: environment.parse().ok()?,
        service: service.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_a_service() {
        for (text, meant) in [
            ("shop/web.git", "shop/production/web"),
            ("shop/staging/web.git", "shop/staging/web"),
            ("shop/production/web.git", "shop/production/web"),
        ] {
            let path = parse_repository_path(text).unwrap();
            assert_eq!(path.to_string(), meant);
            assert_eq!(parse_repository_path(&repository_path(&path)), Some(path));
        }
    }

    #[test]
    fn r_sec_1b_nothing_else_is_an_address() {
        for bad in [
            "",
            ".git",
            "web.git",
            "shop/web",
            "/shop/web.git",
            "shop//web.git",
            "shop/web.git/",
            "shop/../web.git",
            "../shop/web.git",
            "shop/-web.git",
            "--upload-pack=x/web.git",
            "shop/web;id.git",
            "shop/web.git.git",
            "Shop/web.git",
            "a/b/c/d.git",
            "shop/web\n.git",
            "shop/web\0.git",
        ] {
            assert_eq!(parse_repository_path(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn the_commands_take_the_shortest_way_in() {
        let view = RemoteView {
            http_url: "http://panel.example/git/shop/web.git".into(),
            ssh_url: None,
            branch: "main".into(),
            takes_pushes: true,
        };
        assert_eq!(view.commands()[0], "git remote add berth http://panel.example/git/shop/web.git");
        assert_eq!(view.commands()[1], "git push berth HEAD:main");
    }
}
