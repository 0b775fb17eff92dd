//! What an authority is shown so that it believes a name is ours: over HTTP, or in the zone of a wildcard.

use std::time::Duration;

use tracing::warn;
use uuid::Uuid;

use crate::{
    Engine, Error, Result,
    acme::{Order, Proof},
    store::{CertificateRow, ZoneRow},
    vault::Row,
};

use super::{
    Shown,
    account::sealing,
    dns::{Access, Around, Keeper, Zone, keeper},
    failure::Failure,
    pause::pause_for_a_test,
};

/// How long a record may take to be seen, and how often it is looked.
const SEEN_WITHIN: Duration = Duration::from_secs(60);
/// How long somebody who tries a zone waits for that.
const TRIED_WITHIN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is shown, until it is taken back.
#[derive(Default)]
pub(super) struct Proven {
    shown: Vec<Shown>,
    keeper: Option<Box<dyn Keeper>>,
    records: Vec<(String, String)>,
}

impl Proven {
    /// Takes everything back. What stays in a zone does no harm, and is told in the log.
    pub async fn take_back(self) {
        drop(self.shown);
        let Some(keeper) = self.keeper else { return };
        for (name, value) in &self.records {
            if let Err(error) = keeper.take(name, value).await {
                warn!(error, name, "a proof could not be taken out of its zone");
            }
        }
    }
}

impl Engine {
    /// Shows what the order asks for, and says so.
    pub(super) async fn prove(
        &self,
        row: &CertificateRow,
        order: &mut Order,
        proven: &mut Proven,
    ) -> std::result::Result<(), Failure> {
        let Some(zone) = row.names.iter().find_map(|name| name.strip_prefix("*.")) else {
            for answer in order.answers(Proof::Http).await? {
                proven.shown.push(self.parts.tls.show(answer.token, answer.text));
            }
            self.parts.tls.resuming.remove(&row.id);
            pause_for_a_test("say that the proofs are shown").await;
            return Ok(order.say_ready(Proof::Http).await?);
        };
        let name = format!("_acme-challenge.{zone}");
        let keeper = proven.keeper.insert(self.keeper_of(row, zone).await?);
        for answer in order.answers(Proof::Dns).await? {
            keeper.put(&name, &answer.text).await.map_err(Failure::Unfit)?;
            proven.records.push((name.clone(), answer.text));
        }
        for (name, value) in &proven.records {
            self.await_record(name, value).await?;
        }
        Ok(order.say_ready(Proof::Dns).await?)
    }

    async fn keeper_of(
        &self,
        row: &CertificateRow,
        zone: &str,
    ) -> std::result::Result<Box<dyn Keeper>, Failure> {
        let zones = self.store().zones_everywhere().await.map_err(Error::from)?;
        let mine = |kept: &ZoneRow| kept.organisation == row.organisation && kept.zone.as_str() == zone;
        let Some(kept) = zones.into_iter().find(mine) else {
            return Err(Failure::Unfit(format!("Nobody is set who keeps the zone {zone}.")));
        };
        self.keeper_for(&kept)?.map_err(Failure::Unfit)
    }

    /// The keeper of a zone; in words why there is none.
    fn keeper_for(&self, kept: &ZoneRow) -> Result<std::result::Result<Box<dyn Keeper>, String>> {
        let place = Row::new("dns_zones", kept.id, "sealed_token");
        let access = Access::of(self.vault().unseal(&place, &kept.sealed_token).map_err(sealing)?);
        let zone = Zone { name: kept.zone.to_string(), host: kept.host, access };
        let config = self.config();
        let around = Around {
            webhook: config.dns_webhook.as_deref(),
            allowed: &config.private_hosts,
            now: self.now(),
        };
        Ok(keeper(zone, &around))
    }

    /// Puts a record into a zone and takes it out again; answers whether it was seen meanwhile.
    pub(crate) async fn try_zone(&self, kept: &ZoneRow) -> Result<bool> {
        let unfit = |why: String| Error::invalid("zone", why);
        let keeper = self.keeper_for(kept)?.map_err(unfit)?;
        let name = format!("_acme-challenge.{}", kept.zone);
        let value = format!("berth-tries-{}", Uuid::new_v4().simple());
        keeper.put(&name, &value).await.map_err(unfit)?;
        let seen = self.sees_record(&name, &value, TRIED_WITHIN).await;
        keeper.take(&name, &value).await.map_err(unfit)?;
        Ok(seen)
    }

    /// Waits until the record is seen from here: asked too early, the authority would say no for a while.
    async fn await_record(&self, name: &str, value: &str) -> std::result::Result<(), Failure> {
        if self.sees_record(name, value, SEEN_WITHIN).await {
            return Ok(());
        }
        Err(Failure::Unfit(format!(
            "The TXT record of {name} was put into its zone and is not seen after {} s. Does whoever keeps the zone \
             answer for it?",
            SEEN_WITHIN.as_secs()
        )))
    }
    async fn sees_record(&self, name: &str, value: &str, within: Duration) -> bool {
        let until = tokio::time::Instant::now() + within;
        loop {
            if self.parts.tls.resolver.shows(name, value).await {
                return true;
            }
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
