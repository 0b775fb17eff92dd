//! Domains that come back with an earlier release.

use super::{
    super::{NewDomain, Scope, Store, StoreResult},
    Job,
    queue::event,
};
use berth_domain::{event::EventKind, release::ReleaseDomain};

/// What became of a release's domains that no longer led to its service.
#[derive(Debug, Default)]
pub struct DomainsBack {
    pub back: Vec<ReleaseDomain>,
    /// Somebody else has them by now.
    pub taken: Vec<ReleaseDomain>,
}

impl Store {
    /// Makes the domains of a release that its service has no more. Doing it again changes nothing.
    pub async fn bring_domains_back(&self, job: &Job, wanted: &[ReleaseDomain]) -> StoreResult<DomainsBack> {
        let mut write = self.begin().await?;
        let mut came = DomainsBack::default();
        let present = write.scoped(Scope(job.organisation)).domains(job.service).await?;
        let is_present =
            |one: &ReleaseDomain| present.iter().any(|d| d.host == one.host && d.path == one.path);
        for domain in wanted.iter().filter(|domain| !is_present(domain)) {
            let new = NewDomain {
                service: job.service,
                host: domain.host.clone(),
                path: domain.path.clone(),
                port: domain.port,
                is_default: false,
                // The passwords are gone: where somebody was asked for one, nobody comes in until they are set again.
                settings: domain.settings.clone(),
            };
            let made = write.scoped(Scope(job.organisation)).try_insert_domain(new).await?;
            match made {
                Some(_) => came.back.push(domain.clone()),
                None => came.taken.push(domain.clone()),
            }
        }
        for domain in &came.back {
            let gone = match domain.settings.logins.is_empty() {
                true => "",
                false => " Nobody comes in there until its users' passwords are set again.",
            };
            let told = format!("Domain {}{} leads to {} again.{gone}", domain.host, domain.path, job.path);
            write.record(event(job, EventKind::DomainAdded, told));
        }
        write.commit().await?;
        Ok(came)
    }
}
