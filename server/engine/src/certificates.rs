//! Certificates that look after themselves: who needs one, when it is tried, and what the proxy has.
//!
//! A reconciler decides ([`plan`], a pure function) and tries ([`attempt`]); the rows say how far it is, so that a kill at
//! any point costs nothing. The authority itself is spoken to in [`crate::acme`]. The proxy only serves what it is handed.

mod account;
mod attempt;
mod budget;
mod course;
mod dns;
mod failure;
mod inspect;
mod order;
mod pause;
mod plan;
mod preflight;
mod proof;
mod resolver;
mod round;

pub(crate) use dns::Access;
pub(crate) use inspect::{Inspected, Unfit, inspect};
pub(crate) use round::run;

use std::{
    collections::HashSet,
    sync::{Arc, PoisonError, RwLock},
};

use berth_domain::{
    certificate::CertificateState,
    domain_name::HostName,
    ids::{CertificateId, OrganisationId, ServiceId},
};
use chrono::{DateTime, Utc};
use dashmap::{DashMap, DashSet};
use tokio::sync::{Mutex, Notify};

use crate::{
    Config, Engine, Result,
    acme::Account,
    engine::StartError,
    store::{Issued, Store},
    vault::{Row, Secret},
};
use plan::{Seen, plan};
use resolver::Resolver;

/// What is known of certificates in this process.
pub(crate) struct Tls {
    /// Wakes the reconciler.
    pub(crate) signal: Notify,
    /// The hosts that are answered over HTTPS.
    served: RwLock<Arc<HashSet<String>>>,
    /// The hosts to which any service answers.
    known: RwLock<Arc<HashSet<String>>>,
    /// The chains that the proxy was handed.
    handed: DashMap<CertificateId, String>,
    /// Orders that were open when Berth started and whose proofs are not shown again yet.
    resuming: DashSet<CertificateId>,
    /// What is shown below `/.well-known/acme-challenge/`, by token.
    shown: Arc<DashMap<String, String>>,
    /// By organisation and directory.
    accounts: DashMap<(OrganisationId, String), Account>,
    /// One at a time looks what the proxy has and changes it.
    serving: Mutex<()>,
    /// One registration at a time, so that an organisation gets one account.
    registering: Mutex<()>,
    /// The names by which authorities go in CAA records, by directory.
    identities: DashMap<String, Vec<String>>,
    /// When an authority was last asked about the renewal of a certificate.
    asked: DashMap<CertificateId, DateTime<Utc>>,
    /// One order at a time is taken out of the budget.
    counting: Mutex<()>,
    resolver: Resolver,
}

/// Something that is shown for as long as this is kept.
pub(crate) struct Shown {
    token: String,
    all: Arc<DashMap<String, String>>,
}

impl Drop for Shown {
    fn drop(&mut self) {
        self.all.remove(&self.token);
    }
}

impl Tls {
    /// Knows at once what is served: a restart takes HTTPS from nobody.
    pub async fn open(config: &Config, store: &Store) -> std::result::Result<Self, StartError> {
        let tls = Self {
            signal: Notify::new(),
            served: RwLock::default(),
            known: RwLock::default(),
            handed: DashMap::new(),
            shown: Arc::default(),
            resuming: DashSet::new(),
            accounts: DashMap::new(),
            serving: Mutex::default(),
            registering: Mutex::default(),
            identities: DashMap::new(),
            asked: DashMap::new(),
            counting: Mutex::default(),
            resolver: Resolver::new(config.resolver),
        };
        if config.https_port != 0 {
            let unread = |error| StartError::because("read its certificates", error);
            let hosts = store.hosts_everywhere().await.map_err(unread)?;
            let rows = store.certificates_everywhere().await.map_err(unread)?;
            let cut_off =
                rows.iter().filter(|row| row.state == CertificateState::Ordering && row.order.is_some());
            cut_off.for_each(|row| {
                tls.resuming.insert(row.id);
            });
            let (zones, previews, now) = (&[][..], &HashSet::new(), crate::store::now());
            let seen = Seen { hosts: &hosts, rows: &rows, previews, zones, now, orders: false };
            tls.set_served(plan(&seen).served);
        }
        Ok(tls)
    }

    /// Whether a host is answered over HTTPS.
    pub fn serves(&self, host: &str) -> bool {
        self.served.read().unwrap_or_else(PoisonError::into_inner).contains(host)
    }

    fn set_known(&self, hosts: &[(OrganisationId, HostName, Option<ServiceId>)]) {
        let known = hosts.iter().map(|(_, host, _)| host.to_string()).collect();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(known);
    }

    /// Shows a text until the answer is dropped.
    fn show(&self, token: String, text: String) -> Shown {
        self.shown.insert(token.clone(), text);
        Shown { token, all: self.shown.clone() }
    }

    /// Replaces the hosts; answers those that came or went.
    fn set_served(&self, now: HashSet<String>) -> HashSet<String> {
        let mut served = self.served.write().unwrap_or_else(PoisonError::into_inner);
        let changed = served.symmetric_difference(&now).cloned().collect();
        *served = Arc::new(now);
        changed
    }
}

impl Engine {
    /// What is shown to an authority that asks for a token.
    pub fn shown(&self, token: &str) -> Option<String> {
        self.parts.tls.shown.get(token).map(|text| text.clone())
    }

    /// Whether a proof of an order that was open at the start may be about to be shown again.
    pub fn resumes_orders(&self) -> bool {
        !self.parts.tls.resuming.is_empty()
    }

    /// Whether a host has a service, and no certificate that it could be answered with.
    pub fn lacks_certificate(&self, host: &str) -> bool {
        let known = self.parts.tls.known.read().unwrap_or_else(PoisonError::into_inner).contains(host);
        known && !self.parts.tls.serves(host)
    }

    /// The public HTTPS port, for a host that is answered there.
    pub(crate) fn https_port_of(&self, host: &str) -> Option<u16> {
        self.parts.tls.serves(host).then_some(self.config().https_port)
    }

    /// What is kept of a chain that was looked at, its key sealed.
    pub(crate) fn seal_certificate(
        &self,
        id: CertificateId,
        chain: String,
        key: &Secret,
        seen: &Inspected,
    ) -> Result<Issued> {
        let place = Row::new("certificates", id.0, "sealed_key");
        let sealed_key = self.vault().seal(&place, key.expose()).map_err(account::sealing)?;
        let Inspected { issuer, not_before, not_after, .. } = seen.clone();
        Ok(Issued { chain, sealed_key, issuer, not_before, not_after })
    }

    /// Has the certificates looked at again.
    pub(crate) fn certificates_changed(&self) {
        self.parts.tls.signal.notify_one();
    }
}
