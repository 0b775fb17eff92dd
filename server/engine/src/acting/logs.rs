//! Verbs about logs.

use super::Acting;
use crate::Result;
use berth_domain::{
    log::{LogLine, LogPage, LogQuery},
    service::ServicePath,
};

impl Acting {
    /// A part of a service's log.
    pub async fn logs(&self, _path: &ServicePath, _query: LogQuery) -> Result<LogPage> {
        todo!()
    }

    /// A part of a deployment's log.
    pub async fn deployment_log(
        &self,
        _path: &ServicePath,
        _number: u64,
        _query: LogQuery,
    ) -> Result<LogPage> {
        todo!()
    }

    /// A service's log as it grows, from a cursor on; with none, from the present end.
    pub async fn follow_logs(&self, _path: &ServicePath, _query: LogQuery) -> Result<LogFollow> {
        todo!()
    }

    /// A deployment's log as it grows, from a cursor on (from its beginning with none); ends when the deployment has.
    pub async fn follow_deployment_log(
        &self,
        _path: &ServicePath,
        _number: u64,
        _query: LogQuery,
    ) -> Result<LogFollow> {
        todo!()
    }
}

/// Lines in batches, as they come; each line carries its cursor.
pub type LogFollow = futures::stream::BoxStream<'static, Vec<LogLine>>;
