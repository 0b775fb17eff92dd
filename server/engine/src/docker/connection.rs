//! The connection to one Docker Engine.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bollard::errors::Error as Bollard;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::error::{Asked, DockerError, ObjectKind, chain};
use super::observed::{
    DiskUsage, EngineVersion, Exit, ImageFacts, ImageSummary, InstanceStats, InstanceSummary, ListeningPort,
    LogLine, NetworkSummary, ObservedInstance, RuntimeEvent, VolumeSummary,
};
use super::progress::{BuildLine, PullProgress};
use super::spec::{BuildRequest, InstanceSpec, Labels, RegistryAuth, Restart};
use super::{Runtime, build, events, image, instance, logs, network, stats, usage, volume};

/// Where Docker is unless DOCKER_HOST says otherwise.
const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";
/// How long any one answer may take to begin; long answers (logs, builds) have their own deadlines.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// One Docker Engine.
#[derive(Clone)]
pub struct Docker {
    pub(super) api: bollard::Docker,
    pub(super) address: Arc<str>,
    /// Docker lets two networks have one name; creating them one at a time does not.
    pub(super) creating_network: Arc<Mutex<()>>,
}

impl Docker {
    /// Connects to `DOCKER_HOST` or the local socket.
    pub async fn connect() -> Result<Self, DockerError> {
        let host = std::env::var("DOCKER_HOST").ok().filter(|h| !h.is_empty());
        Self::connect_to(host.as_deref().unwrap_or(DEFAULT_HOST)).await
    }

    /// Connects to `unix:///path` or `tcp://host:port` and agrees on the API version.
    pub async fn connect_to(host: &str) -> Result<Self, DockerError> {
        let seconds = ANSWER_WITHIN.as_secs();
        let unreachable =
            |error: Bollard| DockerError::Unreachable { address: host.to_owned(), reason: chain(&error) };
        let api = if host.starts_with("unix://") {
            bollard::Docker::connect_with_unix(host, seconds, bollard::API_DEFAULT_VERSION)
        } else if host.starts_with("tcp://") || host.starts_with("http://") {
            bollard::Docker::connect_with_http(host, seconds, bollard::API_DEFAULT_VERSION)
        } else {
            return Err(DockerError::Invalid {
                what: "DOCKER_HOST",
                value: host.to_owned(),
                reason: "use unix:///path/to/docker.sock or tcp://host:port".into(),
            });
        };
        let api = api.map_err(unreachable)?.negotiate_version().await.map_err(unreachable)?;
        Ok(Self { api, address: host.into(), creating_network: Arc::default() })
    }

    /// Turns bollard's error into ours.
    pub(super) fn failed<'a>(&'a self, asked: Asked<'a>) -> impl FnOnce(Bollard) -> DockerError + 'a {
        move |error| asked.failed(&self.address, self.api.timeout(), error)
    }

    /// The same connection for an answer that takes longer to begin.
    pub(super) fn patient(&self, more: Duration) -> bollard::Docker {
        self.api.clone().with_timeout(ANSWER_WITHIN + more)
    }
}

/// Labels as a Docker filter that wants them all.
pub(super) fn label_filter(labels: &Labels) -> std::collections::HashMap<String, Vec<String>> {
    let wanted = labels.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>();
    [("label".to_owned(), wanted)].into_iter().collect()
}

#[async_trait]
impl Runtime for Docker {
    async fn version(&self) -> Result<EngineVersion, DockerError> {
        let asked = Asked::to("tell the version of", ObjectKind::Engine, "engine");
        let version = self.api.version().await.map_err(self.failed(asked))?;
        let agreed = self.api.client_version();
        Ok(EngineVersion {
            engine: version.version.unwrap_or_default(),
            api: format!("{}.{}", agreed.major_version, agreed.minor_version),
            platform: format!("{}/{}", version.os.unwrap_or_default(), version.arch.unwrap_or_default()),
        })
    }

    async fn ensure_network(&self, name: &str, labels: &Labels) -> Result<String, DockerError> {
        network::ensure(self, name, labels, None).await
    }

    async fn ensure_dual_network(
        &self,
        name: &str,
        labels: &Labels,
        subnet: &str,
    ) -> Result<String, DockerError> {
        network::ensure(self, name, labels, Some(subnet)).await
    }

    async fn connect_network(
        &self,
        network: &str,
        container: &str,
        aliases: &[String],
    ) -> Result<(), DockerError> {
        network::connect(self, network, container, aliases).await
    }

    async fn disconnect_network(&self, network: &str, container: &str) -> Result<(), DockerError> {
        network::disconnect(self, network, container).await
    }

    async fn remove_network(&self, name: &str) -> Result<(), DockerError> {
        network::remove(self, name).await
    }

    async fn networks(&self, labels: &Labels) -> Result<Vec<NetworkSummary>, DockerError> {
        network::list(self, labels).await
    }

    async fn ensure_volume(&self, name: &str, labels: &Labels) -> Result<(), DockerError> {
        volume::ensure(self, name, labels).await
    }

    async fn remove_volume(&self, name: &str) -> Result<(), DockerError> {
        volume::remove(self, name).await
    }

    async fn volumes(&self, labels: &Labels) -> Result<Vec<VolumeSummary>, DockerError> {
        volume::list(self, labels).await
    }

    async fn users_of_volume(&self, name: &str) -> Result<Vec<InstanceSummary>, DockerError> {
        instance::list_with_volume(self, name).await
    }

    async fn pull_image(
        &self,
        reference: &str,
        auth: Option<&RegistryAuth>,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<ImageFacts, DockerError> {
        image::pull(self, reference, auth, progress).await
    }

    async fn load_image(
        &self,
        tag: &str,
        archive: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<ImageFacts, DockerError> {
        image::load(self, tag, archive).await
    }

    async fn push_image(&self, reference: &str, auth: &RegistryAuth) -> Result<String, DockerError> {
        image::push(self, reference, auth).await
    }

    async fn inspect_image(&self, reference: &str) -> Result<Option<ImageFacts>, DockerError> {
        image::inspect(self, reference).await
    }

    async fn tag_image(&self, image: &str, reference: &str) -> Result<(), DockerError> {
        image::tag(self, image, reference).await
    }

    async fn remove_image(&self, reference: &str) -> Result<(), DockerError> {
        image::remove(self, reference).await
    }

    async fn images(&self, labels: &Labels) -> Result<Vec<ImageSummary>, DockerError> {
        image::list(self, labels).await
    }

    async fn images_in(&self, namespace: &str) -> Result<Vec<ImageSummary>, DockerError> {
        image::list_in(self, namespace).await
    }

    async fn build_image(
        &self,
        request: &BuildRequest,
        lines: &(dyn Fn(BuildLine) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<String, DockerError> {
        build::build(self, request, lines, cancel).await
    }

    async fn create_instance(&self, spec: &InstanceSpec) -> Result<String, DockerError> {
        instance::create(self, spec).await
    }

    async fn start_instance(&self, name: &str) -> Result<(), DockerError> {
        instance::start(self, name).await
    }

    async fn set_restart(&self, name: &str, restart: Restart) -> Result<(), DockerError> {
        instance::set_restart(self, name, restart).await
    }

    async fn stop_instance(&self, name: &str, grace: Duration) -> Result<(), DockerError> {
        instance::stop(self, name, grace).await
    }

    async fn remove_instance(&self, name: &str) -> Result<(), DockerError> {
        instance::remove(self, name).await
    }

    async fn inspect_instance(&self, name: &str) -> Result<Option<ObservedInstance>, DockerError> {
        instance::inspect(self, name).await
    }

    async fn instances(&self, labels: &Labels) -> Result<Vec<InstanceSummary>, DockerError> {
        instance::list(self, labels).await
    }

    async fn wait_exit(&self, name: &str) -> Result<Exit, DockerError> {
        instance::wait_exit(self, name).await
    }

    fn follow_logs(
        &self,
        name: &str,
        since: Option<i64>,
        tail: Option<u32>,
    ) -> BoxStream<'static, Result<LogLine, DockerError>> {
        logs::follow(self, name, since, tail)
    }

    async fn last_lines(&self, name: &str, count: u32) -> Result<Vec<LogLine>, DockerError> {
        logs::last(self, name, count).await
    }

    fn events(&self, labels: &Labels) -> BoxStream<'static, RuntimeEvent> {
        events::listen(self, labels)
    }

    async fn listening_ports(&self, name: &str) -> Result<Option<Vec<ListeningPort>>, DockerError> {
        instance::listening_ports(self, name).await
    }

    async fn stats(&self, name: &str) -> Result<InstanceStats, DockerError> {
        stats::measure(self, name).await
    }

    async fn trim_build_cache(&self, keep: u64) -> Result<u64, DockerError> {
        usage::trim_build_cache(self, keep).await
    }

    async fn root_folder(&self) -> Result<String, DockerError> {
        usage::root_folder(self).await
    }

    async fn disk_usage(&self, labels: &Labels, namespace: &str) -> Result<DiskUsage, DockerError> {
        usage::measure(self, labels, namespace).await
    }
}
