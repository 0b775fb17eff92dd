//! The domains and published ports of a release that somebody went back to.

use berth_domain::{deployment::Cause, release::ReleaseDomain};

use super::{Rollout, halt::Halt};

impl Rollout {
    /// Has the domains and ports that the release had lead to its service again. One that was added since stays: it may be in use.
    pub(super) async fn bring_domains_back(&self) -> Result<(), Halt> {
        let Some(release) = self.job.release.as_ref().filter(|_| self.job.cause == Cause::Rollback) else {
            return Ok(());
        };
        let store = &self.engine.parts.store;
        let came = store.bring_domains_back(&self.job, &release.spec.domains).await.map_err(Halt::store)?;
        for domain in &came.back {
            self.journal.say(&format!("{} leads to the service again.", name(domain))).await;
        }
        for domain in &came.taken {
            let said = format!("{} leads to another service by now and stays there.", name(domain));
            self.journal.say(&said).await;
        }
        let ports = store.bring_ports_back(&self.job, &release.spec.published).await.map_err(Halt::store)?;
        for port in &ports.0 {
            self.journal.say(&format!("Port {} leads to the service again.", port.address())).await;
        }
        for port in &ports.1 {
            let said = format!("Port {} leads to another service by now and stays there.", port.address());
            self.journal.say(&said).await;
        }
        if !came.back.is_empty() || !ports.0.is_empty() {
            self.engine.routes_changed(self.job.service);
        }
        Ok(())
    }
}

fn name(domain: &ReleaseDomain) -> String {
    format!("{}{}", domain.host, domain.path)
}
