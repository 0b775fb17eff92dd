//! Parts of logs. The live end comes over the REST API's event streams.

use super::PanelError;
use berth_domain::{
    log::{LogPage, LogQuery},
    service::ServicePath,
};
use leptos::{prelude::*, server_fn::codec::Json};

/// A part of a service's log.
#[server(prefix = "/panel", endpoint = "logs", input = Json)]
pub async fn read_logs(path: ServicePath, query: LogQuery) -> Result<LogPage, PanelError> {
    Ok(super::acting().await?.logs(&path, query).await?)
}

/// A part of a deployment's log.
#[server(prefix = "/panel", endpoint = "deployment_log", input = Json)]
pub async fn read_deployment_log(
    path: ServicePath,
    number: u64,
    query: LogQuery,
) -> Result<LogPage, PanelError> {
    Ok(super::acting().await?.deployment_log(&path, number, query).await?)
}
