//! The panel's own host name. The proxy leads it to the listener of the waiting room, which only the proxy reaches; the
//! panel's port stays open beside it, so that a name that is lost locks nobody out.

use std::sync::{PoisonError, RwLock};

use berth_domain::{
    certificate::not_public,
    domain_name::{HostName, PathPrefix},
    event::EventKind,
};
use tokio::sync::Mutex;
use tracing::warn;

use crate::{
    Actor, Engine, Error, Result,
    acting::conflict_with_hint,
    engine::StartError,
    proxy::PanelRoute,
    store::{Holder, NewEvent, Scope, Store, Subject},
};

/// What is known of it in this process.
pub(crate) struct PanelDomain {
    host: RwLock<Option<HostName>>,
    /// One at a time reads what is wanted and tells the proxy.
    turn: Mutex<()>,
}

impl PanelDomain {
    /// Knows the host from the start.
    pub async fn open(store: &Store) -> std::result::Result<Self, StartError> {
        let host = store.panel_domain().await;
        let host = host.map_err(|error| StartError::because("read its own address", error))?;
        Ok(Self { host: RwLock::new(host), turn: Mutex::default() })
    }
}

impl Engine {
    /// The panel's host name, when it has one.
    pub(crate) fn panel_host(&self) -> Option<HostName> {
        self.parts.panel_domain.host.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The panel's address for links, without a slash at its end: its own host's from when it answers there as it is going
    /// to, else what the operator set.
    pub fn panel_url(&self) -> String {
        let settled = |host: &HostName| {
            let name = host.as_str();
            self.config().https_port == 0 || self.parts.tls.serves(name) || not_public(name).is_some()
        };
        match self.panel_host().filter(settled) {
            Some(host) => self.address(&host, &PathPrefix::root()),
            None => self.config().public_url.trim_end_matches('/').to_owned(),
        }
    }

    /// Whether the proxy sent a request because it is for the panel.
    pub fn is_for_panel<'a>(&self, header: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.parts.proxy.sent(header).is_some_and(PanelRoute::is_meant)
    }

    /// Has the proxy lead to the panel as the store says, which another process may have changed.
    pub(crate) async fn keep_panel_domain(&self) -> Result<()> {
        let _alone = self.parts.panel_domain.turn.lock().await;
        let host = self.store().panel_domain().await?;
        *self.parts.panel_domain.host.write().unwrap_or_else(PoisonError::into_inner) = host;
        self.tell_proxy().await
    }

    /// The same after a certificate came or went.
    pub(crate) async fn lead_to_panel(&self) -> Result<()> {
        let _alone = self.parts.panel_domain.turn.lock().await;
        self.tell_proxy().await
    }

    async fn tell_proxy(&self) -> Result<()> {
        let route = self.panel_host().map(|host| {
            let https = self.https_port_of(host.as_str());
            PanelRoute { host, https }
        });
        self.parts.proxy.lead_to_panel(route.as_ref()).await?;
        Ok(())
    }

    /// Keeps what host name the panel has, if any; answers whether that changed anything.
    pub(crate) async fn change_panel_domain(&self, actor: &Actor, host: Option<HostName>) -> Result<bool> {
        let mut write = self.store().begin().await?;
        let rows = write.scoped(Scope(actor.organisation));
        let former = rows.panel_domain().await?;
        if former == host {
            return Ok(false);
        }
        if let Some(host) = &host
            && let Some(holder) = rows.holder_of_host(host).await?
        {
            return Err(held(host, &holder));
        }
        write.set_panel_domain(host.as_ref()).await?;
        let (kind, told) = match (&host, &former) {
            (Some(host), _) => (EventKind::PanelDomainSet, format!("The panel is reached at {host}.")),
            (None, Some(former)) => {
                (EventKind::PanelDomainRemoved, format!("The panel is no longer reached at {former}."))
            }
            (None, None) => return Ok(false),
        };
        write.record(NewEvent::new(actor, kind, Subject::organisation(), told));
        write.commit().await?;
        Ok(true)
    }

    /// Makes a change effective.
    pub(crate) async fn panel_domain_changed(&self) {
        if let Err(error) = self.keep_panel_domain().await {
            warn!(%error, "could not tell the proxy of the panel's address; it is tried again");
        }
        self.certificates_changed();
    }
}

fn held(host: &HostName, holder: &Holder) -> Error {
    match holder {
        Holder::Ours(service) => conflict_with_hint(
            format!("{host} leads to {service}."),
            "Remove that domain first, or give the panel another name.",
        ),
        Holder::Another => conflict_with_hint(format!("{host} is taken."), "Give the panel another name."),
    }
}
