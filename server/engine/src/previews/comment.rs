//! The one comment of each pull request at its git host: what it should say is worked out from the rows, and it is
//! written when that differs from what it says. Best effort: what is refused is tried a few times, then said once.

use super::request::short;
use crate::{
    Actor, Engine, Result,
    statuses::Host,
    store::{NewEvent, PreviewRow, ServiceRow, Subject},
};
use berth_domain::{deployment::Status, event::EventKind, ids::ServiceId, preview::PreviewState};
use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};
use tracing::warn;
use uuid::Uuid;

/// After so long everything is looked at without a signal.
const RELOOK: Duration = Duration::from_secs(30);

/// What happens together is told together.
const GATHERS: Duration = Duration::from_millis(300);

/// How often a host is told the same before it is left alone.
const ATTEMPTS: u32 = 3;

/// What was refused so far.
#[derive(Default)]
struct Refusals {
    /// How often each text was refused.
    counts: HashMap<Uuid, (String, u32)>,
    /// Services of which that was said.
    said: HashSet<ServiceId>,
}

/// Tells for ever.
pub(crate) async fn tell(engine: Engine) {
    let mut news = engine.store().news();
    let mut refusals = Refusals::default();
    loop {
        news.mark_unchanged();
        if let Err(error) = round(&engine, &mut refusals).await {
            warn!(%error, "could not look for previews to tell of");
        }
        tokio::select! {
            changed = news.changed() => if changed.is_err() { return },
            () = tokio::time::sleep(RELOOK) => {}
        }
        tokio::time::sleep(GATHERS).await;
    }
}

async fn round(engine: &Engine, refusals: &mut Refusals) -> Result<()> {
    let rows = engine.store().previews_everywhere().await?;
    refusals.counts.retain(|id, _| rows.iter().any(|row| row.id == *id));
    for row in rows {
        let number = row.number;
        if let Err(error) = engine.tell_of_preview(row, refusals).await {
            warn!(%error, number, "could not tell of a preview");
        }
    }
    Ok(())
}

impl Engine {
    async fn tell_of_preview(&self, row: PreviewRow, refusals: &mut Refusals) -> Result<()> {
        let Some(parent) = self.store().service_anywhere(row.service).await? else { return Ok(()) };
        let closed = row.state == PreviewState::Closed;
        // A pull request that nobody was told of is not told of its end.
        let host = match closed && row.comment.is_none() {
            true => None,
            false => self.host_of(&parent).await?,
        };
        let Some(host) = host else { return if closed { self.forget_preview(&row).await } else { Ok(()) } };
        let text = self.comment_of(&parent, &row).await?;
        let given_up =
            refusals.counts.get(&row.id).is_some_and(|(told, count)| *told == text && *count >= ATTEMPTS);
        if row.told.as_deref() != Some(text.as_str()) && !given_up {
            return self.comment_on(&parent, &row, &host, text, refusals).await;
        }
        if closed { self.forget_preview(&row).await } else { Ok(()) }
    }

    async fn comment_on(
        &self,
        parent: &ServiceRow,
        row: &PreviewRow,
        host: &Host,
        text: String,
        refusals: &mut Refusals,
    ) -> Result<()> {
        match host.comment(row.number, row.comment.as_deref(), &text).await {
            Ok(id) => {
                refusals.counts.remove(&row.id);
                refusals.said.remove(&parent.id);
                let write = self.store().begin().await?;
                write.scoped(row.scope()).keep_preview_told(row.id, Some(id), &text).await?;
                write.commit().await?;
                if row.state == PreviewState::Closed { self.forget_preview(row).await } else { Ok(()) }
            }
            Err(refused) => {
                let entry = refusals.counts.entry(row.id).or_default();
                let before = if entry.0 == text { entry.1 } else { 0 };
                *entry = (text, if refused.again { before + 1 } else { ATTEMPTS });
                if entry.1 >= ATTEMPTS && refusals.said.insert(parent.id) {
                    self.comment_refused(parent, row, &refused.why).await?;
                }
                Ok(())
            }
        }
    }

    async fn comment_refused(&self, parent: &ServiceRow, row: &PreviewRow, why: &str) -> Result<()> {
        let message = format!(
            "The git host took no comment on pull request {} of {}: {why}. A token that may comment mends it.",
            row.number, parent.path
        );
        let subject = Subject::service(parent.id, &parent.path);
        let mut write = self.store().begin().await?;
        let actor = Actor::system(row.organisation);
        write.record(NewEvent::new(&actor, EventKind::PreviewNotTold, subject, message));
        Ok(write.commit().await?)
    }

    async fn forget_preview(&self, row: &PreviewRow) -> Result<()> {
        let turn = self.parts.hook_locks.of(row.service);
        let _held = turn.lock().await;
        let write = self.store().begin().await?;
        let rows = write.scoped(row.scope());
        // It may have been opened again.
        let now = rows.preview(row.service, row.number).await?;
        if now.is_some_and(|now| now.id == row.id && now.state == PreviewState::Closed) {
            rows.delete_preview(row.id).await?;
        }
        drop(rows);
        Ok(write.commit().await?)
    }

    /// What the comment should say. Nothing of it is the pull request's own text.
    async fn comment_of(&self, parent: &ServiceRow, row: &PreviewRow) -> Result<String> {
        let panel = self.panel_url();
        let page = format!("{panel}/projects/{}/previews", parent.path);
        let commit = short(&row.commit);
        let reason = row.reason.as_deref().unwrap_or_default();
        let told = match row.state {
            PreviewState::Waiting => {
                format!("Commit {commit} runs only when a member has approved it: [{page}]({page})")
            }
            PreviewState::Open => self.open_words(row, &page).await?,
            PreviewState::Removed | PreviewState::Closed => format!("The preview was removed. {reason}"),
        };
        Ok(format!("**Preview of {}**\n\n{told}", parent.path))
    }

    async fn open_words(&self, row: &PreviewRow, page: &str) -> Result<String> {
        let commit = short(&row.commit);
        let Some(child) = self.preview_service(row).await? else {
            return Ok(format!("Commit {commit} is on its way: {page}"));
        };
        let rows = self.store().scoped(row.scope());
        let link =
            rows.domains(child.id).await?.first().map(|domain| self.address(&domain.host, &domain.path));
        let link = link.unwrap_or_else(|| page.to_owned());
        let newest = rows.deployment(child.id, child.next_number.saturating_sub(1)).await?;
        Ok(match newest.map(|deployment| deployment.state.status()) {
            Some(Status::Live) => format!("Commit {commit} answers at {link}"),
            Some(Status::Failed | Status::Cancelled) => {
                format!("Commit {commit} could not be made live: [{page}]({page})")
            }
            _ => format!("Commit {commit} is on its way to {link}"),
        })
    }
}
