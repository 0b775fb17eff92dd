//! Builds with BuildKit.

use tokio_util::sync::CancellationToken;

use super::connection::Docker;
use super::error::DockerError;
use super::progress::BuildLine;
use super::spec::BuildRequest;

pub(super) async fn build(
    _docker: &Docker,
    _request: &BuildRequest,
    _lines: &(dyn Fn(BuildLine) + Send + Sync),
    _cancel: &CancellationToken,
) -> Result<String, DockerError> {
    Err(DockerError::Cancelled("build"))
}
