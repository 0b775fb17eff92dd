//! Builds with BuildKit, through the engine's own API.

use std::collections::BTreeMap;

use bollard::models::{BuildInfo, BuildInfoAux};
use futures::StreamExt;
use reqwest::header::{CONNECTION, CONTENT_TYPE, UPGRADE};
use tokio_util::codec::{FramedRead, LinesCodec};
use tokio_util::io::{ReaderStream, StreamReader};
use tokio_util::sync::CancellationToken;

use super::connection::Docker;
use super::error::{DockerError, ObjectKind, chain, with_advice};
use super::names::image_reference;
use super::progress::BuildLine;
use super::secrets;
use super::session::Plain;
use super::spec::BuildRequest;
use super::steps::Steps;
use super::{context, image};

/// One answer of the build is a line of JSON; BuildKit's largest are of some hundred kilobytes.
const LONGEST_ANSWER: usize = 64 << 20;

pub(super) async fn build(
    docker: &Docker,
    request: &BuildRequest,
    lines: &(dyn Fn(BuildLine) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<String, DockerError> {
    let tag = image_reference(&request.tag)?;
    let context = packed(request, cancel).await?;
    let plain = Plain::of(docker)?;
    let id = uuid::Uuid::now_v7().simple().to_string();
    let work = async {
        let connection = open_session(&plain, &id).await?;
        let answering = secrets::answer(connection, request.secrets.clone(), request.registries.clone());
        let building = run(&plain, request, &tag, &id, context, lines);
        tokio::select! {
            built = building => built,
            // Without the session BuildKit ends the build, and its own words on that say nothing.
            ended = answering => Err(refused(&tag, match ended {
                Ok(()) => "the session with BuildKit ended early".into(),
                Err(error) => chain(&error),
            })),
        }
    };
    let built = tokio::select! {
        biased;
        () = cancel.cancelled() => {
            // Dropping the connection ends the build as well; saying so ends it at once.
            call_off(&plain, &id).await;
            return Err(DockerError::Cancelled("build"));
        }
        built = work => built?,
    };
    match built {
        Some(id) => Ok(id),
        None => image::inspect(docker, &tag)
            .await?
            .map(|facts| facts.id)
            .ok_or_else(|| refused(&tag, "the build ended without an image".into())),
    }
}

async fn packed(request: &BuildRequest, cancel: &CancellationToken) -> Result<tokio::fs::File, DockerError> {
    let (request, cancel) = (request.clone(), cancel.clone());
    match tokio::task::spawn_blocking(move || context::pack(&request, &cancel)).await {
        Ok(packed) => packed.map(tokio::fs::File::from_std),
        Err(error) => Err(DockerError::Context { path: "the checkout".into(), reason: error.to_string() }),
    }
}

fn refused(tag: &str, reason: String) -> DockerError {
    DockerError::Refused { action: "build", kind: ObjectKind::Image, name: tag.to_owned(), reason }
}

/// Opens the way back on which BuildKit asks for secrets and credentials.
async fn open_session(plain: &Plain, id: &str) -> Result<reqwest::Upgraded, DockerError> {
    let mut request = plain
        .client
        .post(format!("{}/session", plain.base))
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "h2c")
        .header("X-Docker-Expose-Session-Uuid", id)
        .header("X-Docker-Expose-Session-Name", "berth");
    for method in secrets::METHODS {
        request = request.header("X-Docker-Expose-Session-Grpc-Method", method);
    }
    let answer = request.send().await.map_err(|error| plain.failed(&error))?;
    answer.upgrade().await.map_err(|error| plain.failed(&error))
}

/// Runs the build to its end; the image's id where BuildKit tells it.
async fn run(
    plain: &Plain,
    request: &BuildRequest,
    tag: &str,
    id: &str,
    context: tokio::fs::File,
    lines: &(dyn Fn(BuildLine) + Send + Sync),
) -> Result<Option<String>, DockerError> {
    let answer = plain
        .client
        .post(address(plain, request, tag, id)?)
        .header(CONTENT_TYPE, "application/x-tar")
        .body(reqwest::Body::wrap_stream(ReaderStream::with_capacity(context, 64 * 1024)))
        .send()
        .await
        .map_err(|error| plain.failed(&error))?;
    if !answer.status().is_success() {
        let told = answer.text().await.unwrap_or_default();
        let message = serde_json::from_str::<Told>(&told).map_or(told, |told| told.message);
        return Err(refused(tag, with_advice(&message)));
    }
    let bytes = answer.bytes_stream().map(|chunk| chunk.map_err(std::io::Error::other));
    let mut answers =
        FramedRead::new(StreamReader::new(bytes), LinesCodec::new_with_max_length(LONGEST_ANSWER));
    let (mut steps, mut image) = (Steps::default(), None);
    while let Some(answer) = answers.next().await {
        let answer = answer
            .map_err(|error| refused(tag, format!("the build's answer broke off: {}", chain(&error))))?;
        let Ok(info) = serde_json::from_str::<BuildInfo>(&answer) else { continue };
        if let Some(message) = info.error_detail.and_then(|detail| detail.message) {
            return Err(DockerError::Build(Box::new(steps.failure(with_advice(&message)))));
        }
        match info.aux {
            Some(BuildInfoAux::BuildKit(status)) => steps.take(status, &mut |line| lines(line)),
            Some(BuildInfoAux::Default(built)) => image = built.id.or(image),
            None => {}
        }
    }
    Ok(image)
}

#[derive(serde::Deserialize)]
struct Told {
    message: String,
}

fn address(plain: &Plain, request: &BuildRequest, tag: &str, id: &str) -> Result<url::Url, DockerError> {
    let mut url = plain.url("/build")?;
    let dockerfile = if request.dockerfile.is_empty() || request.written.is_some() {
        "Dockerfile"
    } else {
        request.dockerfile.trim_start_matches("./")
    };
    url.query_pairs_mut()
        .append_pair("version", "2")
        .append_pair("session", id)
        .append_pair("buildid", id)
        .append_pair("t", tag)
        .append_pair("dockerfile", dockerfile)
        .append_pair("target", request.target.as_deref().unwrap_or_default())
        .append_pair("buildargs", &json(&request.args))
        .append_pair("labels", &json(&request.labels))
        .append_pair("nocache", if request.no_cache { "1" } else { "0" })
        .append_pair("pull", if request.pull { "1" } else { "0" })
        .append_pair("rm", "1")
        .append_pair("forcerm", "1");
    Ok(url)
}

/// A map of strings always has a JSON form.
fn json(map: &BTreeMap<String, String>) -> String {
    serde_json::to_string(map).unwrap_or_else(|_| "{}".into())
}

/// Best effort: the connection's end says the same.
async fn call_off(plain: &Plain, id: &str) {
    if let Ok(mut url) = plain.url("/build/cancel") {
        url.query_pairs_mut().append_pair("id", id);
        let asked = plain.client.post(url).timeout(std::time::Duration::from_secs(3)).send().await;
        if let Err(error) = asked {
            tracing::debug!(error = %error, "Docker did not confirm that the build is called off");
        }
    }
}
