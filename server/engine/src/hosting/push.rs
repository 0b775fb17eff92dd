//! A push, carried out: what its hook tells, its deployment, and the verdict that the refs wait for.
//!
//! Either both happen or none: the branch moves when the deployment is live. Where the hook has gone before the end, the
//! deployment goes on, and the branch is moved here instead of by git.

use super::{
    Gate, Ticket,
    judge::{Judgement, judge},
    told::Told,
};
use crate::{
    Engine, Error, Result,
    acting::Acting,
    git::{Pushed, Said, Update},
    store::{NewEvent, Scope, ServiceRow, Subject, deployments::NewDeployment},
};
use berth_domain::{
    deployment::{Cause, DeployRequest, DeploymentView, Status},
    event::EventKind,
    ids::DeploymentId,
    log::LogQuery,
    source::Source,
};
use futures::StreamExt;
use std::{io, path::Path, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    time::Instant,
};

/// The most that a hook tells.
const MOST_TOLD: u64 = 1 << 20;
/// How long a hook may take to tell it, and to go when it has its verdict.
const PROMPTLY: Duration = Duration::from_secs(10);
/// How long a push waits for its deployment. A canary may wait for a person for days; nobody's terminal does.
const PATIENCE: Duration = Duration::from_secs(2 * 3_600);

/// Hears a hook and gives it its verdict.
pub(super) async fn decide(engine: Engine, stream: UnixStream) {
    let (read, write) = stream.into_split();
    let mut hears = Hook { read: BufReader::new(read), write };
    let pushed = match tokio::time::timeout(PROMPTLY, hears.told()).await {
        Ok(Ok(pushed)) => pushed,
        Ok(Err(error)) => return tracing::warn!(%error, "a hook could not be understood"),
        Err(_) => return tracing::warn!("a hook said nothing"),
    };
    let ticket = engine.parts.hosting.tickets.get(&pushed.ticket).map(|ticket| ticket.clone());
    let Some(ticket) = ticket else { return tracing::warn!("a hook came without the ticket of a push") };
    let mut push = Push { engine, ticket, word: pushed.ticket.clone(), hook: hears };
    let verdict = match push.verdict(&pushed).await {
        Ok(Outcome::Told) => return,
        Ok(Outcome::Verdict(verdict)) => verdict,
        Err(error) => push.refuse(&error).await,
    };
    push.hook.verdict(verdict).await.unwrap_or_else(gone);
}

/// A hook that has gone took its push along: git moves nothing.
fn gone(error: io::Error) {
    tracing::info!(%error, "a push has gone before its verdict");
}

/// How a push ends.
enum Outcome {
    Verdict(bool),
    /// The hook knows it, or has gone.
    Told,
}

/// A hook at the other end of the socket.
struct Hook {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Hook {
    async fn told(&mut self) -> io::Result<Pushed> {
        let mut line = String::new();
        (&mut self.read).take(MOST_TOLD).read_line(&mut line).await?;
        Ok(serde_json::from_str(&line)?)
    }

    async fn say(&mut self, text: impl Into<String>) -> io::Result<()> {
        self.send(&Said::Line(text.into())).await
    }

    async fn verdict(&mut self, verdict: bool) -> io::Result<()> {
        self.send(&Said::Verdict(verdict)).await
    }

    async fn send(&mut self, said: &Said) -> io::Result<()> {
        let mut line = serde_json::to_vec(said)?;
        line.push(b'\n');
        self.write.write_all(&line).await
    }

    /// Waits until it has gone.
    async fn ended(&mut self) {
        let mut rest = [0; 64];
        let going = async { while matches!(self.read.read(&mut rest).await, Ok(1..)) {} };
        // A hook that stays has its verdict all the same.
        _ = tokio::time::timeout(PROMPTLY, going).await;
    }
}

struct Push {
    engine: Engine,
    ticket: Ticket,
    /// What the ticket is found by.
    word: String,
    hook: Hook,
}

impl Push {
    async fn verdict(&mut self, pushed: &Pushed) -> Result<Outcome> {
        let service = self.engine.store().service_anywhere(self.ticket.service).await?;
        let service = service.ok_or_else(|| Error::not_found("service any more"))?;
        let Source::Pushed(source) = &service.source else {
            return Err(Error::conflict(format!("{} does not come from what is pushed.", service.path)));
        };
        let judged = match judge(&source.branch, &pushed.updates) {
            Judgement::Deploy(_) if !service.settings.auto_deploy => {
                Judgement::Accept("Nothing is deployed: automatic deployments are switched off.".into())
            }
            judged => judged,
        };
        let (words, verdict) = match judged {
            Judgement::Refuse(why) => (why, false),
            Judgement::Accept(why) => (why, true),
            Judgement::Deploy(update) => {
                self.tell(&service, &pushed.updates).await?;
                return self.deploy(&service, &update, pushed.quarantine.as_deref()).await;
            }
        };
        if verdict {
            self.tell(&service, &pushed.updates).await?;
        }
        self.hook.say(words).await.unwrap_or_else(gone);
        Ok(Outcome::Verdict(verdict))
    }

    /// Says why it cannot be; the details of a fault are in the log.
    async fn refuse(&mut self, error: &Error) -> bool {
        if let Error::Internal { context, source } = error {
            tracing::error!(context, %source, "a push ended with a fault");
        }
        let problem = error.problem();
        let hint = problem.hint.map(|hint| format!(" {hint}")).unwrap_or_default();
        self.hook.say(format!("{}{hint}", problem.message)).await.unwrap_or_else(gone);
        false
    }

    /// Writes down who pushed what.
    async fn tell(&self, service: &ServiceRow, updates: &[Update]) -> Result<()> {
        let refs: Vec<String> = updates.iter().take(5).map(in_words).collect();
        let more = match updates.len().saturating_sub(5) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let actor = &self.ticket.actor;
        let told = format!("{} pushed {}{more} to {}.", actor.name, refs.join(", "), service.path);
        let mut write = self.engine.store().begin().await?;
        let subject = Subject::service(service.id, &service.path);
        write.record(NewEvent::new(actor, EventKind::CommitPushed, subject, told));
        Ok(write.commit().await?)
    }

    async fn deploy(
        &mut self,
        service: &ServiceRow,
        update: &Update,
        quarantine: Option<&str>,
    ) -> Result<Outcome> {
        let hosted = match quarantine {
            Some(folder) => self.ticket.hosted.with_quarantine(Path::new(folder)),
            // Everything that is pushed is there already, as after a force to an older commit.
            None => Ok(self.ticket.hosted.clone()),
        };
        let hosted = hosted.map_err(|error| Error::internal("look at the push", error))?;
        let before = update.old.bytes().any(|byte| byte != b'0').then(|| update.old.clone());
        let id = self.engine.parts.ids.deployment();
        let gate = Standing::new(&self.engine, id, Gate { hosted, before });
        let new = NewDeployment {
            id,
            service: service.id,
            path: service.path.clone(),
            cause: Cause::Push,
            request: DeployRequest { commit: Some(update.new.clone()), ..DeployRequest::default() },
            release: None,
            keep_variables: false,
            at: self.engine.now(),
        };
        let queued = self.engine.put_in_queue(&self.ticket.actor, new).await?;
        let live = self.watch(&queued).await;
        let told = match live {
            Ok(Some(live)) => self.hook.verdict(live).await,
            Ok(None) => self.hook.verdict(false).await.and(Err(io::ErrorKind::TimedOut.into())),
            Err(error) => Err(error),
        };
        match told {
            // The gate stands until git has moved the branch: nobody else must.
            Ok(()) => {
                self.hook.ended().await;
                self.git_ended().await;
            }
            Err(error) => {
                tracing::info!(%error, "a push does not wait for the end of its deployment");
                drop(gate);
                self.engine.branch_follows(service, queued.number).await?;
            }
        }
        Ok(Outcome::Told)
    }

    /// Waits until git's side of the push is over.
    async fn git_ended(&self) {
        let until = Instant::now() + PROMPTLY;
        while self.engine.parts.hosting.tickets.contains_key(&self.word) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Passes on the deployment's log to its end; whether it is live, or nothing when it takes too long.
    async fn watch(&mut self, queued: &DeploymentView) -> io::Result<Option<bool>> {
        let acting = self.engine.acting_as(&self.ticket.actor);
        let url = self.engine.panel_url();
        let page = format!("{url}/projects/{}/deployments/{}", queued.service, queued.number);
        self.hook.say(format!("Deployment #{} of {}: {page}", queued.number, queued.service)).await?;
        let query = LogQuery::default();
        let follow = acting.follow_deployment_log(&queued.service, queued.number, query).await;
        let mut follow = follow.map_err(io::Error::other)?;
        let (mut told, until) = (Told::default(), Instant::now() + PATIENCE);
        loop {
            match tokio::time::timeout_at(until, follow.next()).await {
                Ok(None) => break,
                Ok(Some(lines)) => {
                    for text in lines.iter().flat_map(|line| told.of(line)) {
                        self.hook.say(text).await?;
                    }
                }
                Err(_) => {
                    self.hook
                        .say(format!(
                            "This push waits no longer. The deployment goes on at {page}; when it is live, the branch \
                             moves by itself."
                        ))
                        .await?;
                    return Ok(None);
                }
            }
        }
        self.conclude(&acting, queued).await.map(Some)
    }

    /// Says how it ended.
    async fn conclude(&mut self, acting: &Acting, queued: &DeploymentView) -> io::Result<bool> {
        let ended = self.engine.store().scoped(Scope(self.ticket.actor.organisation));
        let ended = ended.deployment(self.ticket.service, queued.number).await.map_err(io::Error::other)?;
        let Some(ended) = ended else {
            self.hook.say("The service was deleted meanwhile.").await?;
            return Ok(false);
        };
        // A newer one may have taken its place in the very moment.
        let was_live = ended.state.status() == Status::Superseded && ended.release.is_some();
        if ended.state.status() == Status::Live || was_live {
            let domain = acting.service(&queued.service).await.ok();
            let domain = domain.and_then(|service| service.domains.into_iter().next());
            let place = domain.map(|domain| format!(" at {}", domain.url)).unwrap_or_default();
            self.hook.say(format!("Live{place}")).await?;
            return Ok(true);
        }
        let reason = ended.reason.unwrap_or_else(|| "It ended without a reason.".into());
        self.hook.say(format!("Not deployed ({}): {reason}", ended.state.status())).await?;
        self.hook.say("The branch stays where it was.").await?;
        Ok(false)
    }
}

/// A gate that stands as long as the push waits.
struct Standing {
    engine: Engine,
    deployment: DeploymentId,
}

impl Standing {
    fn new(engine: &Engine, deployment: DeploymentId, gate: Gate) -> Self {
        engine.parts.hosting.gates.insert(deployment, gate);
        Self { engine: engine.clone(), deployment }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        self.engine.parts.hosting.gates.remove(&self.deployment);
    }
}

fn in_words(update: &Update) -> String {
    let name = update.name.strip_prefix("refs/heads/").unwrap_or(&update.name);
    match update.is_deletion() {
        true => format!("the deletion of {name}"),
        false => format!("{} as {name}", update.new.chars().take(8).collect::<String>()),
    }
}
