//! The Docker Engine, behind one trait.
//!
//! [`Runtime`] is what the rest of the engine asks for; [`Docker`] answers it with one Docker Engine over its
//! API (20.10, API 1.41, up to Engine 29). Only this module names `bollard`. Every operation is idempotent:
//! asking for what is there, or removing what is gone, succeeds. Nothing here knows the store.

mod build;
mod connection;
mod context;
mod error;
mod events;
mod ignorefile;
mod image;
mod instance;
mod logs;
mod names;
mod network;
mod observed;
mod ports;
mod progress;
mod secrets;
mod session;
mod spec;
mod stats;
mod steps;
mod usage;
mod volume;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use tokio_util::sync::CancellationToken;

pub use connection::Docker;
pub use error::{BuildFailure, DockerError, ObjectKind};
pub use names::{image_reference, is_object_name};
pub use observed::{
    DiskUsage, EngineVersion, Exit, ImageFacts, ImageSummary, ImageUsage, InstanceState, InstanceStats,
    InstanceSummary, ListeningPort, LogLine, NetworkSummary, ObservedInstance, RuntimeEvent, Usage,
    VolumeSummary,
};
pub use progress::{BuildLine, BuildLineKind, LogStreamKind, PullProgress};
pub use spec::{
    BuildRequest, InstanceSpec, Labels, Mount, PublishedPort, RegistryAuth, Restart, SecretBytes, Written,
};

/// What the engine needs from whatever runs containers.
#[async_trait]
pub trait Runtime: Send + Sync + 'static {
    /// The engine's version; also the cheapest way to learn whether it answers.
    async fn version(&self) -> Result<EngineVersion, DockerError>;

    /// Makes a bridge network of that name unless it exists; answers its id.
    async fn ensure_network(&self, name: &str, labels: &Labels) -> Result<String, DockerError>;
    /// The same with addresses of IPv6 in this subnet too; one that exists is left as it is.
    async fn ensure_dual_network(
        &self,
        name: &str,
        labels: &Labels,
        subnet: &str,
    ) -> Result<String, DockerError>;
    /// Joins a container to a network under aliases; joined already is fine.
    async fn connect_network(
        &self,
        network: &str,
        container: &str,
        aliases: &[String],
    ) -> Result<(), DockerError>;
    /// Takes a container out of a network; not joined is fine.
    async fn disconnect_network(&self, network: &str, container: &str) -> Result<(), DockerError>;
    /// Removes a network; absent is fine, still used is [`DockerError::Conflict`].
    async fn remove_network(&self, name: &str) -> Result<(), DockerError>;
    /// The networks that carry all these labels.
    async fn networks(&self, labels: &Labels) -> Result<Vec<NetworkSummary>, DockerError>;

    /// Makes a volume unless it exists.
    async fn ensure_volume(&self, name: &str, labels: &Labels) -> Result<(), DockerError>;
    /// Removes a volume and its data; absent is fine, still used is [`DockerError::Conflict`].
    async fn remove_volume(&self, name: &str) -> Result<(), DockerError>;
    /// The volumes that carry all these labels, without sizes (see [`Runtime::disk_usage`]).
    async fn volumes(&self, labels: &Labels) -> Result<Vec<VolumeSummary>, DockerError>;
    /// The containers, running or not, that a volume is mounted in.
    async fn users_of_volume(&self, name: &str) -> Result<Vec<InstanceSummary>, DockerError>;

    /// Pulls an image and answers what arrived.
    async fn pull_image(
        &self,
        reference: &str,
        auth: Option<&RegistryAuth>,
        progress: &(dyn Fn(PullProgress) + Send + Sync),
    ) -> Result<ImageFacts, DockerError>;
    /// Pushes a tag to the registry that it names; answers its digest there, `repository@sha256:...`.
    async fn push_image(&self, reference: &str, auth: &RegistryAuth) -> Result<String, DockerError>;
    /// Loads an archive of one image, which names this tag for it; answers what arrived.
    async fn load_image(
        &self,
        tag: &str,
        archive: BoxStream<'static, std::io::Result<Bytes>>,
    ) -> Result<ImageFacts, DockerError>;
    /// What an image says of itself, or `None` when this engine does not have it.
    async fn inspect_image(&self, reference: &str) -> Result<Option<ImageFacts>, DockerError>;
    /// Gives an image another `repository:tag`.
    async fn tag_image(&self, image: &str, reference: &str) -> Result<(), DockerError>;
    /// Removes a tag, and the image with its last one; absent is fine, still used is [`DockerError::Conflict`].
    async fn remove_image(&self, reference: &str) -> Result<(), DockerError>;
    /// The images that carry all these labels.
    async fn images(&self, labels: &Labels) -> Result<Vec<ImageSummary>, DockerError>;
    /// The images that have a tag in a namespace: `berth-main` has `berth-main/web:1`.
    async fn images_in(&self, namespace: &str) -> Result<Vec<ImageSummary>, DockerError>;
    /// Builds an image with BuildKit; answers its id. `cancel` ends it within seconds.
    async fn build_image(
        &self,
        request: &BuildRequest,
        lines: &(dyn Fn(BuildLine) + Send + Sync),
        cancel: &CancellationToken,
    ) -> Result<String, DockerError>;

    /// Creates the container unless one of this name with the same labels exists; answers its id.
    async fn create_instance(&self, spec: &InstanceSpec) -> Result<String, DockerError>;
    /// Starts it; running already is fine.
    async fn start_instance(&self, name: &str) -> Result<(), DockerError>;
    /// Decides anew what happens when it ends by itself.
    async fn set_restart(&self, name: &str, restart: Restart) -> Result<(), DockerError>;
    /// Sends the stop signal, and kills it after `grace`; stopped or absent is fine.
    async fn stop_instance(&self, name: &str, grace: Duration) -> Result<(), DockerError>;
    /// Removes it with its anonymous volumes, running or not; absent is fine.
    async fn remove_instance(&self, name: &str) -> Result<(), DockerError>;
    /// What it is now, or `None` when it does not exist.
    async fn inspect_instance(&self, name: &str) -> Result<Option<ObservedInstance>, DockerError>;
    /// The containers, running or not, that carry all these labels.
    async fn instances(&self, labels: &Labels) -> Result<Vec<InstanceSummary>, DockerError>;
    /// Waits until it does not run, and answers how it ended.
    async fn wait_exit(&self, name: &str) -> Result<Exit, DockerError>;
    /// Its output from after `since` (nanoseconds since 1970, exclusive) until it stops; `tail` limits how much
    /// of the past is given.
    fn follow_logs(
        &self,
        name: &str,
        since: Option<i64>,
        tail: Option<u32>,
    ) -> BoxStream<'static, Result<LogLine, DockerError>>;
    /// The last lines of its output, oldest first.
    async fn last_lines(&self, name: &str, count: u32) -> Result<Vec<LogLine>, DockerError>;
    /// What happens to objects with these labels, for ever: reconnects by itself and says so with
    /// [`RuntimeEvent::Connected`], after which the listener looks at everything once.
    fn events(&self, labels: &Labels) -> BoxStream<'static, RuntimeEvent>;
    /// Where it listens inside its own network, or `None` when that cannot be seen from here.
    async fn listening_ports(&self, name: &str) -> Result<Option<Vec<ListeningPort>>, DockerError>;
    /// What it uses, measured over about a second.
    async fn stats(&self, name: &str) -> Result<InstanceStats, DockerError>;
    /// Removes what was used longest ago of BuildKit's cache until it takes no more than so many bytes; answers how many it
    /// freed. It is the cache of everybody who builds with this engine.
    async fn trim_build_cache(&self, keep: u64) -> Result<u64, DockerError>;
    /// The folder that everything of it lies in, as the engine sees it.
    async fn root_folder(&self) -> Result<String, DockerError>;
    /// What the objects with these labels take on disk, and the images with a tag in that namespace. Docker looks at
    /// every file for it, which may take long.
    async fn disk_usage(&self, labels: &Labels, namespace: &str) -> Result<DiskUsage, DockerError>;
}
