//! Whether the instances answer to another protocol is tried before any visitor goes that way.

use super::{CONFIRM_WITHIN, Lead};
use crate::{Engine, Result, store::DomainRow};

impl Engine {
    /// Why the instances do not answer at a domain as it is about to be; nothing when they do, or when nobody gets
    /// requests now.
    pub(crate) async fn try_domain(&self, domain: &DomainRow) -> Result<Option<String>> {
        let lock = self.parts.route_locks.of(domain.service);
        let _held = lock.lock().await;
        let Some(standing) = self.parts.store.standing(domain.service).await? else { return Ok(None) };
        let (shut, traffic) = (standing.is_shut(self.now()), &standing.traffic);
        let shut = shut || self.parts.waiting.absent.all_ended(domain.service, traffic);
        let deployment = traffic.shares.first().map(|share| share.deployment);
        // Named like the service's other files, so that one that is left behind is removed with the next change.
        let key = format!("{}-trial", self.parts.naming.route(domain.service));
        let waits = |_: Option<u16>| shut;
        let lead = Lead { key: &key, service: domain.service, deployment, traffic, waits: &waits };
        let files = lead.files(&[self.led(domain.clone())?], self.route_digest());
        let proxy = &self.parts.proxy;
        let Some(mut file) = files.into_iter().find(|file| file.waits_for.is_none()) else { return Ok(None) };
        if proxy.health().await.is_err() {
            return Ok(None);
        }
        file.trial = true;
        proxy.write_routes(&file).await?;
        let answered = proxy.confirm(&file, CONFIRM_WITHIN).await;
        proxy.remove_routes(&file.service).await?;
        Ok(answered.err().map(|error| error.to_string()))
    }
}
