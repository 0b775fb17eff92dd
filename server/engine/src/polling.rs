//! Asks repositories by itself, for hosts without webhooks: a new head of the branch is judged like a push that was told.

use crate::{
    Actor, Engine, Result,
    git::{Bounds, Revision},
    store::{PolledHead, ServiceRow, Subject},
    webhook::{Delivery, Heard, Update},
};
use berth_domain::{
    event::EventKind,
    ids::ServiceId,
    source::{GitSource, Source},
    webhook::{PollView, Provider},
};
use chrono::{DateTime, TimeDelta, Utc};
use dashmap::DashMap;
use futures::{StreamExt, stream};
use std::{collections::HashSet, time::Duration};
use tracing::warn;

/// How often it is looked which repositories are to be asked.
const TICK: Duration = Duration::from_secs(5);

/// How many are asked at the same time.
const AT_ONCE: usize = 4;

/// How long one may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// How much longer the pauses get while it fails: doubled up to this often.
const BACK_OFF: u32 = 6;

/// The longest pause after a failure, unless the ordinary one is longer.
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// What was last seen of each repository that is asked.
#[derive(Default)]
pub(crate) struct Polls(DashMap<ServiceId, Poll>);

struct Poll {
    view: PollView,
    /// How often it failed in a row.
    failures: u32,
    /// What was asked; another branch or address is asked at once.
    asked: GitSource,
    every: u32,
}

impl Polls {
    /// What was last seen.
    pub fn view(&self, service: ServiceId) -> Option<PollView> {
        self.0.get(&service).map(|poll| poll.view.clone())
    }

    fn is_due(&self, service: ServiceId, git: &GitSource, every: u32, now: DateTime<Utc>) -> bool {
        self.0.get(&service).is_none_or(|poll| {
            poll.view.next_at <= now
                || poll.every != every
                || poll.asked.url != git.url
                || poll.asked.branch != git.branch
        })
    }
}

/// Asks for ever. One round ends before the next begins, so no repository is asked twice at a time.
pub(crate) async fn run(engine: Engine) {
    loop {
        match due(&engine).await {
            Ok(due) => {
                let asking = due.into_iter().map(|(service, git, every)| {
                    let engine = &engine;
                    async move { engine.poll(&service, &git, every).await }
                });
                stream::iter(asking).buffer_unordered(AT_ONCE).collect::<()>().await;
            }
            Err(error) => warn!(%error, "could not find out which repositories to ask"),
        }
        tokio::time::sleep(TICK).await;
    }
}

async fn due(engine: &Engine) -> Result<Vec<(ServiceRow, GitSource, u32)>> {
    let now = engine.now();
    let mut due = Vec::new();
    let mut polled = HashSet::new();
    for service in engine.store().services_everywhere().await? {
        let (Source::Git(git), Some(every)) = (&service.source, service.settings.poll_s) else { continue };
        polled.insert(service.id);
        if engine.parts.polls.is_due(service.id, git, every, now) {
            let git = git.clone();
            due.push((service, git, every));
        }
    }
    engine.parts.polls.0.retain(|service, _| polled.contains(service));
    Ok(due)
}

impl Engine {
    /// Asks one repository, and notes what it said.
    async fn poll(&self, service: &ServiceRow, git: &GitSource, every: u32) {
        let seen = self.ask(service, git).await;
        let before = self.parts.polls.0.get(&service.id).map_or(0, |poll| poll.failures);
        let failures = if seen.is_ok() { 0 } else { before.saturating_add(1) };
        let at = self.now();
        let (ok, told) = match seen {
            Ok(told) => (true, told),
            Err(why) => (false, why),
        };
        let view = PollView { at, ok, told, next_at: at + pause(every, failures) };
        self.parts.polls.0.insert(service.id, Poll { view, failures, asked: git.clone(), every });
    }

    /// What became of asking, as a sentence.
    async fn ask(&self, service: &ServiceRow, git: &GitSource) -> std::result::Result<String, String> {
        let revision = Revision::branch(&git.branch).map_err(|error| error.to_string())?;
        let remote = self.remote_of(service, git).await.map_err(|error| error.problem().message)?;
        let resolved = self.parts.git.resolve(&remote, &revision, &Bounds::within(ANSWER_WITHIN)).await;
        let trusted =
            self.trust_host(service.scope(), Subject::service(service.id, &service.path), &remote).await;
        trusted.map_err(|error| error.problem().message)?;
        let head = resolved.map_err(|error| error.to_string())?;
        self.arrived(service, git, head).await.map_err(|error| error.problem().message)
    }

    /// The branch is at `head`: a deployment when it was elsewhere before.
    async fn arrived(&self, service: &ServiceRow, git: &GitSource, head: String) -> Result<String> {
        let turn = self.parts.hook_locks.of(service.id);
        let _held = turn.lock().await;
        let short = head.get(..8).unwrap_or(&head).to_owned();
        let former = service.polled.as_ref().filter(|p| p.url == git.url && p.branch == git.branch);
        let told = match former {
            Some(former) if former.head == head => {
                return Ok(format!("The branch {} is at {short}, as before.", git.branch));
            }
            None => format!("The branch {} is at {short}: what comes after it is deployed.", git.branch),
            Some(former) => {
                let kept = self.act_on(found(service, git, former, &head)).await?;
                format!("The branch {} moved to {short}. {}", git.branch, kept.reason)
            }
        };
        // Behind the deployment: a kill in between asks once more, and a commit is queued once.
        let seen = PolledHead { url: git.url.clone(), branch: git.branch.clone(), head };
        let write = self.store().begin().await?;
        write.scoped(service.scope()).keep_polled(service.id, &seen).await?;
        write.commit().await?;
        Ok(told)
    }
}

fn found<'a>(service: &'a ServiceRow, git: &GitSource, former: &PolledHead, head: &str) -> Heard<'a> {
    let update = Update {
        reference: format!("refs/heads/{}", git.branch),
        before: Some(former.head.clone()),
        after: Some(head.to_owned()),
        forced: false,
        message: None,
    };
    Heard {
        service,
        provider: Provider::Polling,
        event: "poll".into(),
        delivery: None,
        what: Some(Delivery::Push { updates: vec![update] }),
        replay_of: None,
        actor: Actor::system(service.organisation),
        kind: EventKind::WebhookPolled,
    }
}

/// How long until the next time: longer and longer while it fails.
fn pause(every: u32, failures: u32) -> TimeDelta {
    let every = TimeDelta::seconds(every.into());
    let longer = every * 2_i32.pow(failures.min(BACK_OFF));
    if failures == 0 { every } else { longer.min(LONGEST.max(every)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_that_fails_is_asked_more_and_more_seldom() {
        let seconds = |every, failures| pause(every, failures).num_seconds();
        assert_eq!([0, 1, 2, 3].map(|failures| seconds(60, failures)), [60, 120, 240, 480]);
        assert_eq!((seconds(60, 6), seconds(60, u32::MAX)), (3_600, 3_600));
        assert_eq!((seconds(10, 90), seconds(86_400, 9)), (640, 86_400));
    }
}
