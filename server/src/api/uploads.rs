//! Source that comes as a tarball, and what would be built of source.

use super::{
    extract::{Ask, At, By},
    places::InService,
};
use crate::http::{App, Refusal};
use axum::{Json, body::Body, extract::Request, http::StatusCode};
use berth_domain::{builder::BuildPlan, deployment::DeploymentView, upload::UploadQuery};
use futures::TryStreamExt as _;
use tokio_util::io::StreamReader;
use tower_http::decompression::RequestDecompressionLayer;
use utoipa_axum::{router::OpenApiRouter, routes};

/// How the path of the verb ends.
pub const PATH: &str = "/deployments/upload";

pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(deploy_upload))
        .layer(RequestDecompressionLayer::new())
        .routes(routes!(preview_build))
}

/// Deploy a tarball
///
/// The body is a tarball of source (with `Content-Encoding: gzip` when it is packed), which is built like a commit: by the
/// service's own folder, Dockerfile and build arguments. Names and links in it stay inside it. With `image=true` it is one
/// image as `docker save` writes it, which is loaded under a name of Berth's own; the names in it do not count.
#[utoipa::path(post, path = "/projects/{project}/environments/{environment}/services/{service}/deployments/upload",
    tag = "Deployments", params(InService, UploadQuery),
    request_body(content = Vec<u8>, content_type = "application/x-tar", description = "The tarball"),
    responses((status = 202, description = "Queued", body = DeploymentView)))]
async fn deploy_upload(
    By(acting): By,
    At(place): At<InService>,
    Ask(query): Ask<UploadQuery>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<DeploymentView>), Refusal> {
    let pieces = request.into_body().into_data_stream().map_err(std::io::Error::other);
    let mut body = Box::pin(StreamReader::new(pieces));
    let queued = acting.deploy_upload(&place.service(), query, body.as_mut()).await?;
    Ok((StatusCode::ACCEPTED, Json(queued)))
}

/// Show what a deployment would build
///
/// The source is fetched and looked at; nothing is built. Where Berth writes the Dockerfile, it is shown.
#[utoipa::path(get, path = "/projects/{project}/environments/{environment}/services/{service}/build-plan",
    tag = "Deployments", params(InService),
    responses((status = 200, description = "What makes the image, and why", body = BuildPlan)))]
async fn preview_build(By(acting): By, At(place): At<InService>) -> Result<Json<BuildPlan>, Refusal> {
    Ok(Json(acting.preview_build(&place.service()).await?))
}
