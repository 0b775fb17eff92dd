//! The gRPC health checking protocol: `grpc.health.v1.Health/Check` over HTTP/2 without TLS.

use std::net::SocketAddr;
use std::time::Duration;

use tonic::transport::Endpoint;
use tonic::{Code, Status};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use super::ask::cause;

/// Asks once, over a connection of its own. `service` is empty for the whole server, as the protocol says.
pub(super) async fn ask(socket: SocketAddr, service: Option<&str>, timeout: Duration) -> Result<(), String> {
    let endpoint = Endpoint::from_shared(format!("http://{socket}")).map_err(|error| error.to_string())?;
    let endpoint = endpoint.connect_timeout(timeout).user_agent("Berth-Probe");
    let channel = endpoint.map_err(|error| error.to_string())?.connect().await;
    let mut client = HealthClient::new(channel.map_err(|error| cause(&error))?);
    let request = HealthCheckRequest { service: service.unwrap_or_default().to_owned() };
    let answer = client.check(request).await.map_err(|status| refused(&status, service))?;
    match answer.into_inner().status() {
        ServingStatus::Serving => Ok(()),
        other => Err(format!("it says {}", other.as_str_name())),
    }
}

fn refused(status: &Status, service: Option<&str>) -> String {
    match (status.code(), service) {
        (Code::NotFound, Some(name)) => format!("its health service knows no service {name:?}"),
        (Code::Unimplemented, _) => "it does not offer the service grpc.health.v1.Health".into(),
        (code, _) if status.message().is_empty() => format!("gRPC status {code:?}"),
        (code, _) => format!("gRPC status {code:?}: {}", status.message()),
    }
}
