//! What a git host is asked about a pull request, and told in its one comment.

use crate::statuses::{Host, Refused};
use berth_domain::webhook::Provider;
use reqwest::Method;
use serde_json::{Value, json};

/// A pull request as its host has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hosted {
    pub open: bool,
    /// Its newest commit.
    pub head: Option<String>,
}

impl Host {
    /// Where the pull request stands; none when the host does not tell this token.
    pub(super) async fn pull_request(&self, number: u64) -> Result<Option<Hosted>, Refused> {
        let url = match self.provider() {
            Provider::GitLab => format!("{}/merge_requests/{number}", self.address()),
            Provider::Bitbucket => format!("{}/pullrequests/{number}", self.address()),
            _ => format!("{}/pulls/{number}", self.address()),
        };
        let answer = self.ask(Method::GET, &url, None).await?;
        if !answer.status().is_success() {
            return match answer.status().as_u16() {
                401 | 403 | 404 => Ok(None),
                _ => Err(self.refusal(answer.status())),
            };
        }
        Ok(answer.json().await.ok().as_ref().and_then(hosted))
    }

    /// Writes the comment, or edits the one with this id; answers its id.
    pub(super) async fn comment(
        &self,
        number: u64,
        known: Option<&str>,
        text: &str,
    ) -> Result<String, Refused> {
        if let Some(id) = known {
            let answer = self.edit_comment(number, id, text).await?;
            // Somebody may have deleted it: then a new one is due.
            match answer.status().as_u16() {
                404 | 410 => {}
                _ if answer.status().is_success() => return Ok(id.to_owned()),
                _ => return Err(self.refusal(answer.status())),
            }
        }
        let url = match self.provider() {
            Provider::GitLab => format!("{}/merge_requests/{number}/notes", self.address()),
            Provider::Bitbucket => format!("{}/pullrequests/{number}/comments", self.address()),
            _ => format!("{}/issues/{number}/comments", self.address()),
        };
        let answer = self.ask(Method::POST, &url, Some(&self.words(text))).await?;
        if !answer.status().is_success() {
            return Err(self.refusal(answer.status()));
        }
        let made: Value = answer.json().await.unwrap_or_default();
        let id = made["id"].as_u64().map(|id| id.to_string());
        id.ok_or_else(|| Refused { why: "the host gave its comment no id".into(), again: false, status: 0 })
    }

    async fn edit_comment(&self, number: u64, id: &str, text: &str) -> Result<reqwest::Response, Refused> {
        let (method, url) = match self.provider() {
            Provider::GitLab => {
                (Method::PUT, format!("{}/merge_requests/{number}/notes/{id}", self.address()))
            }
            Provider::Bitbucket => {
                (Method::PUT, format!("{}/pullrequests/{number}/comments/{id}", self.address()))
            }
            _ => (Method::PATCH, format!("{}/issues/comments/{id}", self.address())),
        };
        self.ask(method, &url, Some(&self.words(text))).await
    }

    /// A comment in the host's own form.
    fn words(&self, text: &str) -> Value {
        match self.provider() {
            Provider::Bitbucket => json!({ "content": { "raw": text } }),
            _ => json!({ "body": text }),
        }
    }
}

/// Reads the forms of all hosts. Bitbucket tells only how a commit's id begins, which is not told on.
fn hosted(answer: &Value) -> Option<Hosted> {
    let open = match answer["state"].as_str()? {
        "open" | "opened" | "locked" | "OPEN" => true,
        "closed" | "merged" | "MERGED" | "DECLINED" | "SUPERSEDED" => false,
        _ => return None,
    };
    let head = answer["head"]["sha"].as_str().or(answer["sha"].as_str());
    let head = head.filter(|id| crate::git::is_commit_id(id)).map(str::to_ascii_lowercase);
    Some(Hosted { open, head })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_hosts_words_for_a_state_are_read() {
        let commit = "1".repeat(40);
        let github = json!({ "state": "open", "head": { "sha": commit } });
        assert_eq!(hosted(&github), Some(Hosted { open: true, head: Some(commit.clone()) }));
        let gitlab = json!({ "state": "merged", "sha": commit });
        assert_eq!(hosted(&gitlab), Some(Hosted { open: false, head: Some(commit) }));
        assert_eq!(hosted(&json!({ "state": "who knows" })), None);
        assert_eq!(hosted(&json!([])), None);
        let bitbucket = json!({ "state": "DECLINED", "source": { "commit": { "hash": "111111111111" } } });
        assert_eq!(hosted(&bitbucket), Some(Hosted { open: false, head: None }));
    }
}
