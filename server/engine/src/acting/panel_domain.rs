//! Verbs about the panel's own host name.

use super::Acting;
use crate::{Error, Result};
use berth_domain::{
    panel_domain::{PanelDomainView, SetPanelDomain},
    permission::Permission,
    problem::{Problem, ProblemKind},
};

impl Acting {
    /// Where the panel is reached, with what is known of its certificate.
    pub async fn panel_domain(&self) -> Result<PanelDomainView> {
        self.require(Permission::Read)?;
        let host = self.engine.panel_host();
        let mut certificate = None;
        if let Some(name) = host.as_ref().map(|host| host.as_str()) {
            let rows = self.rows().certificates().await?;
            let its = rows.iter().filter(|row| row.is_for(name));
            // What is there before what is only tried.
            let best = its.max_by_key(|row| row.issued.as_ref().map(|issued| issued.not_after));
            certificate = best.map(|row| row.view(self.engine.https_port_of(name).is_some()));
        }
        Ok(PanelDomainView { host, url: self.engine.panel_url(), certificate })
    }

    /// Gives the panel a host name; its certificate is ordered at once.
    pub async fn set_panel_domain(&self, request: SetPanelDomain) -> Result<PanelDomainView> {
        self.owns_installation().await?;
        self.engine.change_panel_domain(&self.actor, Some(request.host)).await?;
        self.engine.panel_domain_changed().await;
        self.panel_domain().await
    }

    /// Takes the panel's host name away; it is reached at its port alone.
    pub async fn remove_panel_domain(&self) -> Result<()> {
        self.owns_installation().await?;
        if !self.engine.change_panel_domain(&self.actor, None).await? {
            return Err(Error::not_found("domain of the panel"));
        }
        self.engine.panel_domain_changed().await;
        Ok(())
    }

    /// The panel is everybody's: only the owners of the organisation that claimed this Berth decide about it.
    async fn owns_installation(&self) -> Result<()> {
        self.require(Permission::Own)?;
        let first = self.engine.store().first_organisation().await?;
        if first.is_some_and(|(id, _)| id == self.actor.organisation) {
            return Ok(());
        }
        let words = "The panel's address is set by the organisation that claimed this Berth.";
        Err(Problem::new(ProblemKind::Forbidden, words).with_hint("Ask its owner.").into())
    }
}
