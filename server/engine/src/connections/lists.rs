//! The repositories of a host and their branches, as its interface lists them.

use super::{is_repository, unavailable};
use crate::{Engine, Error, Result, statuses::Host, store::ConnectionRow};
use berth_domain::connection::{
    ConnectionKind, HostBranchesView, HostQuery, RepositoriesView, RepositoryView,
};
use reqwest::Method;
use serde_json::Value;

/// How many are enough for one answer.
const ENOUGH: usize = 50;

/// How many pages of the host are looked through for one answer.
const PAGES: u32 = 10;

impl Host {
    /// Whom the host takes the holder of the token for; the workspace itself at Bitbucket, where not every token has a user.
    pub(crate) async fn whoami(&self, kind: ConnectionKind, workspace: &str) -> Result<String> {
        let url = match kind {
            ConnectionKind::Bitbucket => format!("{}/repositories/{workspace}?pagelen=1", self.base()),
            _ => format!("{}/user", self.base()),
        };
        let answer = match self.read(Method::GET, &url, None).await {
            Ok(answer) => answer.json,
            Err(refused) if matches!(refused.status, 401 | 403) => {
                let why = format!(
                    "{} does not take this token: it may be mistyped, ended, or not allowed to do this.",
                    self.base()
                );
                return Err(Error::invalid("token", why));
            }
            Err(refused) if refused.status == 404 => {
                let (field, what) = match kind {
                    ConnectionKind::Bitbucket => {
                        ("account", "knows no such workspace, or does not show it to this token")
                    }
                    _ => ("url", "has no interface of this kind of host"),
                };
                return Err(Error::invalid(field, format!("{} {what}.", self.base())));
            }
            Err(refused) => return Err(Error::invalid("url", format!("{}.", refused.why))),
        };
        let name = match kind {
            ConnectionKind::Bitbucket => answer["values"].is_array().then_some(workspace),
            ConnectionKind::GitLab => answer["username"].as_str(),
            _ => answer["login"].as_str(),
        };
        let odd =
            || Error::invalid("url", format!("{} does not answer like this kind of host.", self.base()));
        name.map(str::to_owned).ok_or_else(odd)
    }
}

impl Engine {
    /// A part of the repositories that the connection may see.
    pub(crate) async fn host_repositories(
        &self,
        row: &ConnectionRow,
        query: &HostQuery,
    ) -> Result<RepositoriesView> {
        let host = self.connected(row).await?;
        let list = match row.kind {
            ConnectionKind::Gitea => {
                let me = host.read(Method::GET, &format!("{}/user", host.base()), None).await;
                let me = me.map_err(unavailable)?.json["id"].as_u64().unwrap_or_default();
                format!("{}/repos/search?uid={me}&limit=50&sort=updated&order=desc", host.base())
            }
            _ => repositories(row, &host),
        };
        let list = List::searched(row.kind, list, query);
        let (items, next) = list.gather(&host, |one| repository(row.kind, one), |one| &one.name).await?;
        Ok(RepositoriesView { items, next })
    }

    /// A part of the branches of a repository.
    pub(crate) async fn host_branches(
        &self,
        row: &ConnectionRow,
        query: &HostQuery,
    ) -> Result<HostBranchesView> {
        if !is_repository(&query.repository) {
            return Err(Error::invalid("repository", "Name the repository as owner/name."));
        }
        let host = self.connected(row).await?.at(&query.repository);
        let list = match row.kind {
            ConnectionKind::GitLab => format!("{}/repository/branches?per_page=100", host.address()),
            ConnectionKind::Bitbucket => format!("{}/refs/branches?pagelen=100", host.address()),
            ConnectionKind::Gitea => format!("{}/branches?limit=50", host.address()),
            _ => format!("{}/branches?per_page=100", host.address()),
        };
        let list = match row.kind {
            // It searches repositories only.
            ConnectionKind::Gitea => List::all(list, query),
            kind => List::searched(kind, list, query),
        };
        let name = |one: &Value| one["name"].as_str().map(str::to_owned);
        let (items, next) = list.gather(&host, name, |one| one).await?;
        Ok(HostBranchesView { items, next })
    }
}

fn repositories(row: &ConnectionRow, host: &Host) -> String {
    let base = host.base();
    match row.kind {
        ConnectionKind::GitHubApp => format!("{base}/installation/repositories?per_page=100"),
        ConnectionKind::GitLab => {
            format!("{base}/projects?membership=true&simple=true&order_by=last_activity_at&per_page=50")
        }
        ConnectionKind::Bitbucket => {
            format!("{base}/repositories/{}?pagelen=50&sort=-updated_on", row.account)
        }
        _ => format!("{base}/user/repos?per_page=100&sort=pushed"),
    }
}

/// A list of a host, and what is wanted of it.
struct List {
    url: String,
    /// What a name has to have in it, where the host does not search by itself.
    wanted: String,
    first: u32,
}

impl List {
    fn all(url: String, query: &HostQuery) -> Self {
        Self { url, wanted: query.search.to_lowercase(), first: query.page.unwrap_or(1).max(1) }
    }

    /// Has the host itself search, where it can.
    fn searched(kind: ConnectionKind, url: String, query: &HostQuery) -> Self {
        let all = Self::all(url, query);
        let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let search = match kind {
            _ if all.wanted.is_empty() => return all,
            ConnectionKind::GitLab => format!("search={}", encode(&query.search)),
            ConnectionKind::Gitea => format!("q={}", encode(&query.search)),
            ConnectionKind::Bitbucket => {
                let quoted = query.search.replace(['"', '\\'], "");
                format!("q={}", encode(&format!("name ~ \"{quoted}\"")))
            }
            ConnectionKind::GitHub | ConnectionKind::GitHubApp => return all,
        };
        Self { url: format!("{}&{search}", all.url), wanted: String::new(), ..all }
    }

    /// Goes through pages until there is enough.
    async fn gather<T>(
        &self,
        host: &Host,
        read: impl Fn(&Value) -> Option<T>,
        name: impl Fn(&T) -> &String,
    ) -> Result<(Vec<T>, Option<u32>)> {
        let beyond = self.first.saturating_add(PAGES);
        let mut found = Vec::new();
        for page in self.first..beyond {
            let url = format!("{}&page={page}", self.url);
            let answer = host.read(Method::GET, &url, None).await.map_err(unavailable)?;
            let json = &answer.json;
            let items = [json, &json["repositories"], &json["data"], &json["values"]];
            let items = items.into_iter().find_map(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let read = items.iter().filter_map(&read);
            found.extend(read.filter(|one| name(one).to_lowercase().contains(&self.wanted)));
            if !answer.more {
                return Ok((found, None));
            }
            if found.len() >= ENOUGH {
                return Ok((found, Some(page + 1)));
            }
        }
        Ok((found, Some(beyond)))
    }
}

/// Reads each host's form of a repository.
fn repository(kind: ConnectionKind, one: &Value) -> Option<RepositoryView> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (name, url, branch, private) = match kind {
        ConnectionKind::GitLab => (
            text(&one["path_with_namespace"])?,
            text(&one["http_url_to_repo"])?,
            text(&one["default_branch"]),
            one["visibility"].as_str().is_some_and(|what| what != "public"),
        ),
        ConnectionKind::Bitbucket => {
            let links = one["links"]["clone"].as_array()?;
            let https = links.iter().find(|link| matches!(link["name"].as_str(), Some("https" | "http")))?;
            let branch = text(&one["mainbranch"]["name"]);
            (
                text(&one["full_name"])?,
                without_user(https["href"].as_str()?)?,
                branch,
                one["is_private"] == true,
            )
        }
        _ => (
            text(&one["full_name"])?,
            text(&one["clone_url"])?,
            text(&one["default_branch"]),
            one["private"] == true,
        ),
    };
    Some(RepositoryView { name, url, default_branch: branch.unwrap_or_else(|| "main".into()), private })
}

/// Bitbucket puts the name of who asks into the address.
fn without_user(href: &str) -> Option<String> {
    let mut url: url::Url = href.parse().ok()?;
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url.into())
}
