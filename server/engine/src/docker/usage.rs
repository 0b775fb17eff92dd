//! What our objects take on disk.

use std::collections::HashMap;

use serde::Deserialize;

use super::connection::Docker;
use super::error::DockerError;
use super::observed::DiskUsage;
use super::session;
use super::spec::Labels;

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
    size: i64,
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

pub(super) async fn measure(docker: &Docker, labels: &Labels) -> Result<DiskUsage, DockerError> {
    let answer: Answer = session::ask(docker, "/system/df").await?;
    Ok(usage_of(answer, labels))
}

fn usage_of(answer: Answer, wanted: &Labels) -> DiskUsage {
    let ours = |labels: &Option<HashMap<String, String>>| {
        wanted.iter().all(|(k, v)| labels.as_ref().is_some_and(|l| l.get(k) == Some(v)))
    };
    // Docker says -1 for "not known".
    let bytes = |size: i64| u64::try_from(size).unwrap_or_default();
    let images = answer.images.unwrap_or_default().into_iter().filter(|i| ours(&i.labels));
    let containers = answer.containers.unwrap_or_default().into_iter().filter(|c| ours(&c.labels));
    let volumes = answer.volumes.unwrap_or_default().into_iter().filter(|v| ours(&v.labels));
    let name = |names: Option<Vec<String>>| {
        names.and_then(|n| n.into_iter().next()).unwrap_or_default().trim_start_matches('/').to_owned()
    };
    DiskUsage {
        images: images.map(|i| (i.id, bytes(i.size))).collect(),
        instances: containers.map(|c| (name(c.names), bytes(c.size_rw))).collect(),
        volumes: volumes.map(|v| (v.name, v.usage_data.map_or(0, |u| bytes(u.size)))).collect(),
        build_cache: answer
            .build_cache
            .unwrap_or_default()
            .iter()
            .filter(|c| !c.shared)
            .map(|c| bytes(c.size))
            .sum(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ours_is_counted_and_unknown_sizes_are_nothing() {
        let answer: Answer = serde_json::from_str(
            r#"{"LayersSize": 9, "Images": null,
                "Containers": [{"Names": ["/a"], "SizeRw": 5, "Labels": {"berth.instance": "main"}},
                               {"Names": ["/b"], "Labels": null}],
                "Volumes": [{"Name": "v", "Labels": {"berth.instance": "main"}, "UsageData": {"Size": -1, "RefCount": 0}}],
                "BuildCache": [{"Size": 3, "Shared": false}, {"Size": 4, "Shared": true}]}"#,
        )
        .expect("an answer");
        let usage = usage_of(answer, &[("berth.instance".to_owned(), "main".to_owned())].into());
        assert_eq!(usage.instances, [("a".to_owned(), 5)].into());
        assert_eq!(usage.volumes, [("v".to_owned(), 0)].into());
        assert_eq!(usage.build_cache, 3);
    }
}
