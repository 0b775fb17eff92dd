//! Images: pulled, tagged, inspected, removed.

use std::collections::HashMap;

use bollard::auth::DockerCredentials;
use bollard::models::{CreateImageInfo, ImageInspect};
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ImportImageOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder,
    RemoveImageOptionsBuilder, TagImageOptionsBuilder,
};
use bytes::Bytes;
use chrono::DateTime;
use futures::{StreamExt, stream::BoxStream};

use super::connection::{Docker, label_filter};
use super::error::{Asked, DockerError, ObjectKind, with_advice};
use super::names::{checked_name, image_reference, repository_and_tag};
use super::observed::{ImageFacts, ImageSummary};
use super::progress::PullProgress;
use super::spec::{Labels, RegistryAuth};

fn asked<'a>(action: &'static str, name: &'a str) -> Asked<'a> {
    Asked::to(action, ObjectKind::Image, name)
}

/// Our credentials in bollard's words.
pub(super) fn credentials(auth: &RegistryAuth) -> DockerCredentials {
    DockerCredentials {
        username: Some(auth.username.clone()),
        password: Some(String::from_utf8_lossy(auth.password.expose()).into_owned()),
        serveraddress: Some(auth.server.clone()),
        ..Default::default()
    }
}

pub(super) async fn pull(
    docker: &Docker,
    reference: &str,
    auth: Option<&RegistryAuth>,
    progress: &(dyn Fn(PullProgress) + Send + Sync),
) -> Result<ImageFacts, DockerError> {
    let reference = image_reference(reference)?;
    let (repository, tag) = repository_and_tag(&reference);
    let options = CreateImageOptionsBuilder::default().from_image(repository).tag(tag).build();
    let mut answers = docker.api.create_image(Some(options), None, auth.map(credentials));
    while let Some(answer) = answers.next().await {
        let told = answer
            .map_err(docker.failed(asked("pull", &reference)))
            .map_err(|e| not_pulled(&reference, e))?;
        if let Some(message) = told.error_detail.as_ref().and_then(|detail| detail.message.as_deref()) {
            return Err(DockerError::Pull { reference, reason: pull_advice(message) });
        }
        progress(word_of(told));
    }
    inspect(docker, &reference).await?.ok_or_else(|| DockerError::Pull {
        reason: "the registry answered, but the image did not arrive; try again".into(),
        reference,
    })
}

pub(super) async fn push(
    docker: &Docker,
    reference: &str,
    auth: &RegistryAuth,
) -> Result<String, DockerError> {
    let reference = image_reference(reference)?;
    let (repository, tag) = repository_and_tag(&reference);
    let options = PushImageOptionsBuilder::default().tag(tag).build();
    let failed =
        |reason: &str| DockerError::Push { reference: reference.clone(), reason: pull_advice(reason) };
    let mut answers =
        std::pin::pin!(docker.api.push_image(repository, Some(options), Some(credentials(auth))));
    while let Some(answer) = answers.next().await {
        let told = answer.map_err(docker.failed(asked("push", &reference))).map_err(|error| match error {
            DockerError::Refused { reason, .. } | DockerError::NotFound { reason, .. } => failed(&reason),
            other => other,
        })?;
        if let Some(message) = told.error_detail.as_ref().and_then(|detail| detail.message.as_deref()) {
            return Err(failed(message));
        }
    }
    let pushed = inspect(docker, &reference).await?.map(|facts| facts.repo_digests).unwrap_or_default();
    let there = |digest: &&String| digest.split_once('@').is_some_and(|(name, _)| name == repository);
    pushed.iter().find(there).cloned().ok_or_else(|| failed("the registry answered, but gave no digest"))
}

pub(super) async fn load(
    docker: &Docker,
    tag: &str,
    archive: BoxStream<'static, std::io::Result<Bytes>>,
) -> Result<ImageFacts, DockerError> {
    let tag = image_reference(tag)?;
    // Its progress makes Docker answer at once, and not only when all of it is unpacked.
    let options = ImportImageOptionsBuilder::default().quiet(false).build();
    let mut answers =
        std::pin::pin!(docker.api.import_image(options, bollard::body_try_stream(archive), None));
    while let Some(answer) = answers.next().await {
        answer.map_err(docker.failed(asked("load", &tag)))?;
    }
    inspect(docker, &tag).await?.ok_or_else(|| DockerError::Refused {
        action: "load",
        kind: ObjectKind::Image,
        name: tag,
        reason: "the archive gave no image".into(),
    })
}

fn word_of(told: CreateImageInfo) -> PullProgress {
    let detail = told.progress_detail.unwrap_or_default();
    let bytes = |n: Option<i64>| n.and_then(|n| u64::try_from(n).ok());
    PullProgress {
        layer: told.id,
        status: told.status.unwrap_or_default(),
        current: bytes(detail.current),
        total: bytes(detail.total),
    }
}

fn not_pulled(reference: &str, error: DockerError) -> DockerError {
    match error {
        DockerError::Refused { reason, .. }
        | DockerError::NotFound { reason, .. }
        | DockerError::Conflict { reason, .. } => {
            DockerError::Pull { reference: reference.to_owned(), reason: pull_advice(&reason) }
        }
        DockerError::Timeout { after, .. } => DockerError::Pull {
            reference: reference.to_owned(),
            reason: format!(
                "its registry did not answer within {} s. Check its address, or try again later",
                after.as_secs()
            ),
        },
        other => other,
    }
}

fn pull_advice(message: &str) -> String {
    let lower = message.to_ascii_lowercase();
    let advice = if lower.contains("toomanyrequests") || lower.contains("rate limit") {
        "The registry limits anonymous pulls: add credentials for it, or try again later."
    } else if lower.contains("unauthorized") || lower.contains("denied") || lower.contains("no basic auth") {
        "Check the name, and the credentials for that registry."
    } else if ["manifest unknown", "not found", "http 404"].iter().any(|words| lower.contains(words)) {
        "Check the name and the tag."
    } else if lower.contains("no such host")
        || lower.contains("i/o timeout")
        || lower.contains("connection refused")
    {
        "Check that this machine reaches the registry."
    } else {
        return with_advice(message);
    };
    format!("{}. {advice}", message.trim().trim_end_matches('.'))
}

pub(super) async fn inspect(docker: &Docker, reference: &str) -> Result<Option<ImageFacts>, DockerError> {
    let reference = image_reference(reference)?;
    match docker.api.inspect_image(&reference).await.map_err(docker.failed(asked("inspect", &reference))) {
        Ok(found) => Ok(Some(facts_of(found))),
        Err(DockerError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn facts_of(image: ImageInspect) -> ImageFacts {
    let config = image.config.unwrap_or_default();
    let keys = config.env.unwrap_or_default();
    ImageFacts {
        id: image.id.unwrap_or_default(),
        repo_digests: image.repo_digests.unwrap_or_default(),
        repo_tags: image.repo_tags.unwrap_or_default(),
        exposed_ports: tcp_ports(&config.exposed_ports.unwrap_or_default()),
        command: config.cmd.unwrap_or_default(),
        entrypoint: config.entrypoint.unwrap_or_default(),
        env_keys: keys.iter().map(|kv| kv.split('=').next().unwrap_or_default().to_owned()).collect(),
        user: config.user.unwrap_or_default(),
        working_folder: config.working_dir.unwrap_or_default(),
        labels: config.labels.unwrap_or_default().into_iter().collect(),
        volumes: config.volumes.unwrap_or_default(),
        has_healthcheck: config.healthcheck.is_some(),
        size: image.size.and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
    }
}

/// `80/tcp` and plain `80`; UDP is not something that can be routed to.
fn tcp_ports(exposed: &[String]) -> Vec<u16> {
    let mut ports: Vec<u16> = exposed
        .iter()
        .filter_map(|port| match port.split_once('/') {
            Some((number, "tcp")) => number.parse().ok(),
            Some(_) => None,
            None => port.parse().ok(),
        })
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

pub(super) async fn tag(docker: &Docker, image: &str, reference: &str) -> Result<(), DockerError> {
    let image = image_reference(image)?;
    let reference = image_reference(reference)?;
    let (repository, tag) = repository_and_tag(&reference);
    let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
    docker.api.tag_image(&image, Some(options)).await.map_err(docker.failed(asked("tag", &image)))
}

pub(super) async fn remove(docker: &Docker, reference: &str) -> Result<(), DockerError> {
    let reference = image_reference(reference)?;
    let options = RemoveImageOptionsBuilder::default().force(false).build();
    let removed = docker.api.remove_image(&reference, Some(options), None).await;
    match removed.map_err(docker.failed(asked("remove", &reference))) {
        Ok(_) | Err(DockerError::NotFound { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

pub(super) async fn list(docker: &Docker, labels: &Labels) -> Result<Vec<ImageSummary>, DockerError> {
    query(docker, label_filter(labels)).await
}

pub(super) async fn list_in(docker: &Docker, namespace: &str) -> Result<Vec<ImageSummary>, DockerError> {
    checked_name("namespace of images", namespace)?;
    query(docker, [("reference".to_owned(), vec![format!("{namespace}/*")])].into()).await
}

async fn query(
    docker: &Docker,
    filters: HashMap<String, Vec<String>>,
) -> Result<Vec<ImageSummary>, DockerError> {
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let found = docker.api.list_images(Some(options)).await.map_err(docker.failed(asked("list", "*")))?;
    Ok(found
        .into_iter()
        .map(|image| ImageSummary {
            id: image.id,
            // Older engines say so of an image without a name.
            repo_tags: image.repo_tags.into_iter().filter(|tag| tag != "<none>:<none>").collect(),
            labels: image.labels.into_iter().collect(),
            created: DateTime::from_timestamp(image.created, 0).unwrap_or_default(),
            size: u64::try_from(image.size).unwrap_or_default(),
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exposed_ports_are_the_tcp_ones_in_order() {
        let exposed = ["8080/tcp", "53/udp", "80", "80/tcp"].map(str::to_owned);
        assert_eq!(tcp_ports(&exposed), [80, 8080]);
    }

    #[test]
    fn a_refused_pull_says_what_to_do() {
        assert!(
            pull_advice("toomanyrequests: You have reached your pull rate limit").contains("add credentials")
        );
        assert!(pull_advice("pull access denied for x").contains("credentials"));
    }
}
