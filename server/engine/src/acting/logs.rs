//! Verbs about logs.

use super::Acting;
use crate::{
    Error, Result,
    logs::{Follow, Stream},
    store::{Scope, Store},
};
use berth_domain::{
    deployment::Status,
    ids::{DeploymentId, ServiceId},
    log::{LogLine, LogPage, LogQuery},
    permission::Permission,
    service::ServicePath,
};
use std::time::Duration;
use tokio::sync::watch;

/// Lines in batches, as they come; each line carries its cursor.
pub type LogFollow = futures::stream::BoxStream<'static, Vec<LogLine>>;

/// How often a deployment is looked at when nothing tells that it changed: another process may have settled it.
const LOOK: Duration = Duration::from_secs(5);

impl Acting {
    /// A part of a service's log.
    pub async fn logs(&self, path: &ServicePath, query: LogQuery) -> Result<LogPage> {
        let service = self.service_of_log(path).await?;
        self.engine.parts.logs.page(Stream::Service(service), &query).await
    }

    /// A part of a deployment's log.
    pub async fn deployment_log(&self, path: &ServicePath, number: u64, query: LogQuery) -> Result<LogPage> {
        let (_, deployment, _) = self.deployment_of_log(path, number).await?;
        self.engine.parts.logs.page(Stream::Deployment(deployment), &query).await
    }

    /// A service's log as it grows, from a cursor on; with none, from the present end.
    pub async fn follow_logs(&self, path: &ServicePath, query: LogQuery) -> Result<LogFollow> {
        let service = self.service_of_log(path).await?;
        self.engine.parts.logs.follow(Stream::Service(service), &query).await
    }

    /// A deployment's log as it grows, from a cursor on (from its beginning with none); ends when the deployment has.
    pub async fn follow_deployment_log(
        &self,
        path: &ServicePath,
        number: u64,
        query: LogQuery,
    ) -> Result<LogFollow> {
        let (service, deployment, status) = self.deployment_of_log(path, number).await?;
        let query = LogQuery { after: query.after.or(Some(0)), ..query };
        let follow = self.engine.parts.logs.reader(Stream::Deployment(deployment), &query).await?;
        let store = self.engine.parts.store.clone();
        let scope = Scope(self.actor.organisation);
        let news = store.news();
        let watched = Watched { store, scope, service, number, news, is_settled: status.is_settled() };
        Ok(Box::pin(futures::stream::unfold((follow, watched), |(mut follow, mut watched)| async {
            let lines = watched.next(&mut follow).await?;
            Some((lines, (follow, watched)))
        })))
    }

    async fn service_of_log(&self, path: &ServicePath) -> Result<ServiceId> {
        self.require(Permission::Read)?;
        let store = self.engine.parts.store.scoped(Scope(self.actor.organisation));
        Ok(store.service(path).await?.ok_or_else(|| Error::not_found("service"))?.id)
    }

    async fn deployment_of_log(
        &self,
        path: &ServicePath,
        number: u64,
    ) -> Result<(ServiceId, DeploymentId, Status)> {
        let service = self.service_of_log(path).await?;
        let store = self.engine.parts.store.scoped(Scope(self.actor.organisation));
        let found = store.deployment_status(service, number).await?;
        let (deployment, status) = found.ok_or_else(|| Error::not_found("deployment"))?;
        Ok((service, deployment, status))
    }
}

/// A deployment whose log is followed until it is settled.
struct Watched {
    store: Store,
    scope: Scope,
    service: ServiceId,
    number: u64,
    news: watch::Receiver<u64>,
    is_settled: bool,
}

impl Watched {
    /// The next lines; `None` once the deployment was settled and everything was read after that.
    async fn next(&mut self, follow: &mut Follow) -> Option<Vec<LogLine>> {
        loop {
            // Whether it is settled is known before the log is read: what is written last is written before that.
            let was_settled = self.is_settled;
            match follow.read().await {
                Ok(Some(lines)) => return Some(lines),
                Ok(None) if was_settled => return None,
                Ok(None) => {}
                Err(error) => {
                    tracing::error!(%error, "following a deployment's log ended");
                    return None;
                }
            }
            tokio::select! {
                goes_on = follow.wait() => if !goes_on { return None },
                // Without a sender nothing will be told any more; the clock still looks.
                Ok(()) = self.news.changed() => self.look().await,
                () = tokio::time::sleep(LOOK) => self.look().await,
            }
        }
    }

    async fn look(&mut self) {
        match self.store.scoped(self.scope).deployment_status(self.service, self.number).await {
            Ok(found) => self.is_settled = found.is_none_or(|(_, status)| status.is_settled()),
            Err(error) => tracing::warn!(%error, "could not see how a deployment stands"),
        }
    }
}

#[cfg(test)]
mod tests;
