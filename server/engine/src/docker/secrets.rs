//! What BuildKit may ask us for during a build: secrets, and credentials for the registries of base images.
//!
//! BuildKit asks over gRPC, backwards through a connection that we open (`POST /session`). bollard's own session offers
//! credentials only, so this is one of ours.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard::health::health_check_response::ServingStatus;
use bollard::health::health_server::{Health, HealthServer};
use bollard::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use bollard::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use bollard::moby::filesync::v1::auth_server::{Auth, AuthServer};
use bollard::moby::filesync::v1::{
    CredentialsRequest, CredentialsResponse, FetchTokenRequest, FetchTokenResponse, GetTokenAuthorityRequest,
    GetTokenAuthorityResponse, VerifyTokenAuthorityRequest, VerifyTokenAuthorityResponse,
};
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::{Request, Response, Status};

use super::spec::{RegistryAuth, SecretBytes};

/// The methods that the session offers, as BuildKit wants them named.
pub(super) const METHODS: [&str; 3] = [
    "/grpc.health.v1.Health/Check",
    "/moby.buildkit.secrets.v1.Secrets/GetSecret",
    "/moby.filesync.v1.Auth/Credentials",
];
/// Docker Hub's name for BuildKit, and for people.
const DOCKER_HUB: [&str; 4] = ["https://index.docker.io/v1/", "registry-1.docker.io", "docker.io", ""];

/// Answers BuildKit's questions until the future is dropped.
pub(super) async fn answer(
    connection: reqwest::Upgraded,
    secrets: BTreeMap<String, SecretBytes>,
    registries: Vec<RegistryAuth>,
) -> Result<(), tonic::transport::Error> {
    let one = futures::stream::once(async { Ok::<_, std::io::Error>(Connection(connection)) });
    // The server ends when there are no more connections to come; this one goes on.
    let connections = one.chain(futures::stream::pending());
    tonic::transport::Server::builder()
        .add_service(HealthServer::new(Well))
        .add_service(SecretsServer::new(Given(secrets)))
        .add_service(AuthServer::new(Known(registries)))
        .serve_with_incoming_shutdown(connections, std::future::pending())
        .await
}

struct Connection(reqwest::Upgraded);

impl tonic::transport::server::Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// BuildKit ends a session that does not say that it is well.
struct Well;

#[tonic::async_trait]
impl Health for Well {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving as i32 }))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Err(Status::unimplemented("only Check"))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("only Check"))
    }
}

struct Given(BTreeMap<String, SecretBytes>);

#[tonic::async_trait]
impl Secrets for Given {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = &request.get_ref().id;
        match self.0.get(id) {
            Some(secret) => Ok(Response::new(GetSecretResponse { data: secret.expose().to_vec() })),
            None => Err(Status::not_found(format!(
                "the build has no secret `{id}`; add a build variable of that name"
            ))),
        }
    }
}

struct Known(Vec<RegistryAuth>);

impl Known {
    fn of(&self, host: &str) -> Option<&RegistryAuth> {
        let hub = |name: &str| DOCKER_HUB.contains(&name);
        self.0.iter().find(|auth| auth.server == host || (hub(host) && hub(&auth.server)))
    }
}

#[tonic::async_trait]
impl Auth for Known {
    async fn credentials(
        &self,
        request: Request<CredentialsRequest>,
    ) -> Result<Response<CredentialsResponse>, Status> {
        let known = self.of(&request.get_ref().host);
        Ok(Response::new(known.map_or_else(CredentialsResponse::default, |auth| CredentialsResponse {
            username: auth.username.clone(),
            secret: String::from_utf8_lossy(auth.password.expose()).into_owned(),
        })))
    }

    // BuildKit then gets its tokens itself, with the credentials.
    async fn fetch_token(
        &self,
        _: Request<FetchTokenRequest>,
    ) -> Result<Response<FetchTokenResponse>, Status> {
        Err(Status::unimplemented("only Credentials"))
    }

    async fn get_token_authority(
        &self,
        _: Request<GetTokenAuthorityRequest>,
    ) -> Result<Response<GetTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("only Credentials"))
    }

    async fn verify_token_authority(
        &self,
        _: Request<VerifyTokenAuthorityRequest>,
    ) -> Result<Response<VerifyTokenAuthorityResponse>, Status> {
        Err(Status::unimplemented("only Credentials"))
    }
}
