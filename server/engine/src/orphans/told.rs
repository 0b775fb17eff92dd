//! The events about what nobody wants: few, since there may be many things at once.

use super::{Goes, Orphan};
use crate::{
    Actor, Engine, Result,
    store::{NewEvent, Subject},
};
use berth_domain::{disk::OrphanKind, event::EventKind, ids::OrganisationId};
use std::collections::BTreeMap;

/// More names than these are counted, not listed.
const LISTED: usize = 8;

impl Engine {
    /// Tells what was found and what was removed, each to the organisation that answers for it.
    pub(super) async fn tell_orphans(
        &self,
        first: OrganisationId,
        new: impl Iterator<Item = &Orphan>,
        removed: &[Orphan],
    ) -> Result<()> {
        let mut found: BTreeMap<OrganisationId, Vec<&Orphan>> = BTreeMap::new();
        for orphan in new.filter(|orphan| is_news(orphan)) {
            found.entry(orphan.owner.organisation.unwrap_or(first)).or_default().push(orphan);
        }
        let found = found.into_iter();
        let mut events: Vec<NewEvent> =
            found.map(|(whose, all)| event(whose, EventKind::OrphanFound, found_text(&all))).collect();
        let mut left: BTreeMap<(OrganisationId, &str), Vec<&Orphan>> = BTreeMap::new();
        for orphan in removed {
            let organisation = orphan.owner.organisation.unwrap_or(first);
            match (&orphan.owner.path, orphan.goes) {
                (Some(path), Goes::AtOnce) => left.entry((organisation, path)).or_default().push(orphan),
                _ => events.push(event(organisation, EventKind::OrphanRemoved, removed_text(orphan))),
            }
        }
        for ((organisation, path), all) in left {
            let told = format!("{path} was deleted; what it left in Docker was removed: {}.", listed(&all));
            events.push(event(organisation, EventKind::OrphanRemoved, told));
        }
        if events.is_empty() {
            return Ok(());
        }
        let mut write = self.parts.store.begin().await?;
        events.into_iter().for_each(|event| write.record(event));
        Ok(write.commit().await?)
    }
}

/// What somebody deleted with open eyes, and the data that stayed, is none.
fn is_news(orphan: &Orphan) -> bool {
    let left_on_purpose = orphan.kind == OrphanKind::Volume && orphan.owner.path.is_some();
    orphan.goes != Goes::AtOnce && !left_on_purpose
}

fn event(organisation: OrganisationId, kind: EventKind, told: String) -> NewEvent {
    NewEvent::new(&Actor::system(organisation), kind, Subject::organisation(), told)
}

fn found_text(all: &[&Orphan]) -> String {
    format!("Found in Docker what nobody wants: {}.", listed(all))
}

fn removed_text(orphan: &Orphan) -> String {
    format!("Removed {}, which nobody wants. {}", named(orphan), orphan.why)
}

/// `container berth-main-...-3`.
pub(crate) fn named(orphan: &Orphan) -> String {
    format!("{} {}", orphan.kind, orphan.name)
}

fn listed(all: &[&Orphan]) -> String {
    let mut names: Vec<String> = all.iter().take(LISTED).map(|orphan| named(orphan)).collect();
    if all.len() > LISTED {
        names.push(format!("and {} more", all.len() - LISTED));
    }
    names.join(", ")
}
