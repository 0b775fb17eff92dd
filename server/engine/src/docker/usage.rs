//! What our objects take on disk.

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;

use super::connection::Docker;
use super::error::{Asked, DockerError, ObjectKind};
use super::observed::{DiskUsage, ImageUsage, Usage};
use super::session;
use super::spec::Labels;

/// How long Docker may count the bytes.
const PATIENCE: Duration = Duration::from_secs(300);

/// Docker's answer as it was before API 1.52; engines that changed it still give this one when asked for 1.44.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Answer {
    images: Option<Vec<Image>>,
    containers: Option<Vec<Container>>,
    volumes: Option<Vec<Volume>>,
    build_cache: Option<Vec<Cache>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Image {
    id: String,
    repo_tags: Option<Vec<String>>,
    size: i64,
    shared_size: i64,
    labels: Option<HashMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Container {
    names: Option<Vec<String>>,
    size_rw: i64,
    labels: Option<HashMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Volume {
    name: String,
    labels: Option<HashMap<String, String>>,
    usage_data: Option<UsageData>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct UsageData {
    size: i64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Cache {
    size: i64,
    shared: bool,
}

pub(super) async fn measure(
    docker: &Docker,
    labels: &Labels,
    namespace: &str,
) -> Result<DiskUsage, DockerError> {
    let answer: Answer = session::ask(docker, "/system/df", PATIENCE).await?;
    let root = root_folder(docker).await?;
    Ok(DiskUsage { root, ..usage_of(answer, labels, namespace) })
}

pub(super) async fn root_folder(docker: &Docker) -> Result<String, DockerError> {
    let info = docker.api.info().await;
    let info = info.map_err(docker.failed(Asked::to("ask", ObjectKind::Engine, "engine")))?;
    Ok(info.docker_root_dir.unwrap_or_default())
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Trimmed {
    space_reclaimed: u64,
}

/// By the name that the parameter has in the API that is spoken here; bollard knows only the one of later engines.
pub(super) async fn trim_build_cache(docker: &Docker, keep: u64) -> Result<u64, DockerError> {
    let path = format!("/build/prune?all=1&keep-storage={keep}");
    let trimmed: Trimmed = session::tell(docker, &path, PATIENCE).await?;
    Ok(trimmed.space_reclaimed)
}

fn usage_of(answer: Answer, wanted: &Labels, namespace: &str) -> DiskUsage {
    let ours = |labels: &Labels| wanted.iter().all(|(k, v)| labels.get(k) == Some(v));
    let prefix = format!("{namespace}/");
    let image = |image: Image| ImageUsage {
        id: image.id,
        repo_tags: image.repo_tags.unwrap_or_default(),
        labels: labels_of(image.labels),
        size: bytes(image.size).unwrap_or_default(),
        shared: bytes(image.shared_size).unwrap_or_default(),
    };
    let container = |container: Container| Usage {
        name: first_name(container.names),
        labels: labels_of(container.labels),
        size: bytes(container.size_rw).unwrap_or_default(),
    };
    let volume = |volume: Volume| {
        let size = bytes(volume.usage_data?.size)?;
        Some(Usage { name: volume.name, labels: labels_of(volume.labels), size })
    };
    let tagged = |image: &ImageUsage| image.repo_tags.iter().any(|tag| tag.starts_with(&prefix));
    let images = answer.images.unwrap_or_default().into_iter().map(image);
    let containers = answer.containers.unwrap_or_default().into_iter().map(container);
    let volumes = answer.volumes.unwrap_or_default().into_iter().filter_map(volume);
    let caches = answer.build_cache.unwrap_or_default();
    DiskUsage {
        images: images.filter(|image| ours(&image.labels) || tagged(image)).collect(),
        instances: containers.filter(|container| ours(&container.labels)).collect(),
        volumes: volumes.filter(|volume| ours(&volume.labels)).collect(),
        build_cache: caches.iter().filter(|c| !c.shared).filter_map(|c| bytes(c.size)).sum(),
        root: String::new(),
    }
}

/// Docker says -1 for "not known".
fn bytes(size: i64) -> Option<u64> {
    u64::try_from(size).ok()
}

fn labels_of(labels: Option<HashMap<String, String>>) -> Labels {
    labels.unwrap_or_default().into_iter().collect()
}

fn first_name(names: Option<Vec<String>>) -> String {
    names.and_then(|n| n.into_iter().next()).unwrap_or_default().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ours_is_counted_and_unknown_sizes_are_left_out() {
        let answer: Answer = serde_json::from_str(
            r#"{"LayersSize": 9,
                "Images": [{"Id": "sha256:1", "RepoTags": ["berth-main/a:1"], "Size": 7, "SharedSize": 4, "Labels": null},
                           {"Id": "sha256:2", "RepoTags": ["berth-main-two/a:1"], "Size": 7, "SharedSize": -1}],
                "Containers": [{"Names": ["/a"], "SizeRw": 5, "Labels": {"berth.instance": "main"}},
                               {"Names": ["/b"], "Labels": null}],
                "Volumes": [{"Name": "v", "Labels": {"berth.instance": "main"}, "UsageData": {"Size": 8, "RefCount": 0}},
                            {"Name": "w", "Labels": {"berth.instance": "main"}, "UsageData": {"Size": -1, "RefCount": 0}}],
                "BuildCache": [{"Size": 3, "Shared": false}, {"Size": 4, "Shared": true}]}"#,
        )
        .expect("an answer");
        let usage =
            usage_of(answer, &[("berth.instance".to_owned(), "main".to_owned())].into(), "berth-main");
        let named = |all: &[Usage]| all.iter().map(|u| (u.name.clone(), u.size)).collect::<Vec<_>>();
        assert_eq!(named(&usage.instances), [("a".to_owned(), 5)]);
        assert_eq!(named(&usage.volumes), [("v".to_owned(), 8)]);
        let images: Vec<_> = usage.images.iter().map(|i| (i.id.as_str(), i.size, i.shared)).collect();
        assert_eq!((images, usage.build_cache), (vec![("sha256:1", 7, 4)], 3));
    }
}
