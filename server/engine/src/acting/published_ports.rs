//! Verbs about ports of this machine that lead to a service without HTTP.

use super::{Acting, reach::service_in};
use crate::{
    Error, Result,
    store::{Holder, PublishedPortRow, Subject},
};
use berth_domain::{
    event::EventKind,
    ids::PortId,
    permission::Permission,
    problem::{Problem, ProblemKind},
    published_port::{self, PublishedPort, PublishedPortView, PublishedPortsView},
    service::ServicePath,
};

impl Acting {
    /// The published ports of a service, and where others could be.
    pub async fn published_ports(&self, path: &ServicePath) -> Result<PublishedPortsView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let ports = rows.published_ports(service.id).await?.into_iter().map(Into::into).collect();
        Ok(PublishedPortsView { ports, range: published_port::in_words(&self.engine.config().ports) })
    }

    /// Has a port of this machine lead to a service; effective at once when it is live.
    pub async fn publish_port(
        &self,
        path: &ServicePath,
        request: PublishedPort,
    ) -> Result<PublishedPortView> {
        self.require(Permission::Configure)?;
        service_in(&self.rows(), path).await?;
        self.may_be_published(&request)?;
        self.is_reachable(&request).await?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if let Some(holder) = rows.holder_of_port(&request).await? {
            return Err(taken(&request, Some(holder), path));
        }
        // Somebody may have come first since the look: then the transaction is over, and who it was is not known.
        let Some(row) = rows.try_publish_port(service.id, request).await? else {
            return Err(taken(&request, None, path));
        };
        let told = format!("Port {} now leads to port {} of {path}.", request.address(), request.target);
        write.record(self.tells(EventKind::PortPublished, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.routes_to_write(service.id);
        Ok(row.into())
    }

    /// Has a port lead to a service no more; effective at once.
    pub async fn close_port(&self, path: &ServicePath, id: PortId) -> Result<()> {
        self.require(Permission::Configure)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let found = rows.published_ports(service.id).await?.into_iter().find(|row| row.id == id);
        let Some(PublishedPortRow { published, .. }) = found else {
            return Err(Error::not_found("published port"));
        };
        rows.close_port(service.id, id).await?;
        let told = format!("Port {} no longer leads to {path}.", published.address());
        write.record(self.tells(EventKind::PortClosed, Subject::service(service.id, path), told));
        write.commit().await?;
        self.engine.routes_to_write(service.id);
        Ok(())
    }

    fn may_be_published(&self, request: &PublishedPort) -> Result<()> {
        if request.target == 0 {
            return Err(Error::invalid("target", "A port is a number from 1 to 65535."));
        }
        let range = &self.engine.config().ports;
        if range.is_empty() {
            let why = "This Berth has no ports to give away. Name some in BERTH_PORTS, such as 20000-20009, and start \
                       it again: the proxy is made anew once.";
            return Err(Error::invalid("port", why));
        }
        if !range.contains(&request.port) {
            let range = published_port::in_words(range);
            return Err(Error::invalid(
                "port",
                format!("Choose one of the ports that BERTH_PORTS names: {range}."),
            ));
        }
        Ok(())
    }

    /// Refuses a port that the proxy runs without. When Docker cannot be asked, nothing is known against it.
    async fn is_reachable(&self, request: &PublishedPort) -> Result<()> {
        let Ok(docker) = self.engine.docker().await else { return Ok(()) };
        let left_out = self.engine.parts.proxy.left_out(&*docker).await.unwrap_or_default();
        if !left_out.contains(&request.address()) {
            return Ok(());
        }
        let why = format!(
            "Another program of this machine had {} when the proxy was made. Choose another port, or end that program \
             and remove the proxy's container: Berth makes it again.",
            request.address()
        );
        Err(conflict("port", why))
    }
}

fn conflict(field: &str, words: String) -> Error {
    Problem { field: Some(field.to_owned()), ..Problem::new(ProblemKind::Conflict, words) }.into()
}

fn taken(request: &PublishedPort, holder: Option<Holder>, path: &ServicePath) -> Error {
    let port = request.address();
    conflict(
        "port",
        match holder {
            Some(Holder::Ours(other)) if other == *path => format!("{port} leads to this service already."),
            Some(Holder::Ours(other)) => {
                format!("{port} leads to {other} already: close it there first, or choose another port.")
            }
            _ => format!("{port} is taken: choose another port."),
        },
    )
}
