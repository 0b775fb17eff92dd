//! What Berth calls its objects in Docker. Names are made from ids, so they outlive a rename and two attempts at the
//! same step mean the same object.

use berth_domain::{
    ids::{DeploymentId, EnvironmentId, ProjectId, ReleaseId, ServiceId},
    name::Name,
    plan::Command,
};
use uuid::Uuid;

use crate::docker::Labels;

/// The label that every object of Berth carries, with the instance's name.
pub const INSTANCE: &str = "berth.instance";
/// The label with the service's id.
pub const SERVICE: &str = "berth.service";
/// The label with the deployment's id.
pub const DEPLOYMENT: &str = "berth.deployment";
/// The label with the deployment's number.
pub const NUMBER: &str = "berth.number";
/// The label with the release's id.
pub const RELEASE: &str = "berth.release";
/// The label with the process that an instance is of.
pub const PROCESS: &str = "berth.process";
/// The label of a container that runs a command of a release and is no instance.
pub const COMMAND: &str = "berth.command";
/// The label with the environment's id.
pub const ENVIRONMENT: &str = "berth.environment";
/// The label with the project's id.
pub const PROJECT: &str = "berth.project";

/// The random end of an id: short enough for a name, long enough to be unique on a machine.
fn short(id: Uuid) -> String {
    let text = id.simple().to_string();
    text[text.len() - 12..].to_owned()
}

/// Names within one Berth.
#[derive(Debug, Clone)]
pub struct Naming {
    instance: String,
}

impl Naming {
    /// Names for the Berth called `instance`.
    pub fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned() }
    }

    /// The network of an environment.
    pub fn network(&self, environment: EnvironmentId) -> String {
        format!("berth-{}-env-{}", self.instance, short(environment.0))
    }

    /// What the names of a service's containers begin with.
    pub fn prefix(&self, service: ServiceId) -> String {
        format!("berth-{}-{}-", self.instance, short(service.0))
    }

    /// The `index`th container of a process of a deployment, from 1; also its host name for the proxy.
    pub fn container(&self, service: ServiceId, number: u64, process: &str, index: u16) -> String {
        format!("{}{number}-{process}-{index}", self.prefix(service))
    }

    /// The container of a command of a deployment.
    pub fn command(&self, service: ServiceId, number: u64, command: Command) -> String {
        let word = match command {
            Command::Release => "release-command",
            Command::After => "after-command",
        };
        format!("{}{number}-{word}", self.prefix(service))
    }

    /// The volume `name` of a service.
    pub fn volume(&self, service: ServiceId, name: &Name) -> String {
        format!("{}{name}", self.prefix(service))
    }

    /// The tag of the image that a deployment built or pulled; it keeps the image from being collected.
    pub fn image(&self, service: ServiceId, number: u64) -> String {
        format!("berth-{}/{}:{number}", self.instance, short(service.0))
    }

    /// The key of a service's route file.
    pub fn route(&self, service: ServiceId) -> String {
        short(service.0)
    }

    /// The labels that tell this Berth's objects.
    pub fn ours(&self) -> Labels {
        [(INSTANCE.to_owned(), self.instance.clone())].into()
    }

    /// The labels that tell a service's objects.
    pub fn of_service(&self, service: ServiceId) -> Labels {
        let mut labels = self.ours();
        labels.insert(SERVICE.into(), service.to_string());
        labels
    }

    /// The labels of what an environment shares.
    pub fn of_environment(&self, project: ProjectId, environment: EnvironmentId) -> Labels {
        let mut labels = self.ours();
        labels.insert(PROJECT.into(), project.to_string());
        labels.insert(ENVIRONMENT.into(), environment.to_string());
        labels
    }
}

/// What a container belongs to, as its labels say.
#[derive(Debug, Clone, Copy)]
pub struct Belongs {
    pub project: ProjectId,
    pub environment: EnvironmentId,
    pub service: ServiceId,
    pub deployment: DeploymentId,
    pub release: ReleaseId,
    pub number: u64,
}

impl Belongs {
    /// Writes them as labels, beside the ones of this Berth.
    pub fn labels(&self, naming: &Naming) -> Labels {
        let mut labels = naming.of_environment(self.project, self.environment);
        labels.insert(SERVICE.into(), self.service.to_string());
        labels.insert(DEPLOYMENT.into(), self.deployment.to_string());
        labels.insert(RELEASE.into(), self.release.to_string());
        labels.insert(NUMBER.into(), self.number.to_string());
        labels
    }
}

/// The service that a container's labels name.
pub fn service_of(labels: &Labels) -> Option<ServiceId> {
    labels.get(SERVICE)?.parse().ok()
}

/// The process that a container's labels name.
pub fn process_of(labels: &Labels) -> Option<&str> {
    labels.get(PROCESS).map(String::as_str)
}

/// Whether a container is an instance: it runs a process, not a command.
pub fn is_instance(labels: &Labels) -> bool {
    !labels.contains_key(COMMAND)
}

/// The number of the deployment that a container's labels name.
pub fn number_of(labels: &Labels) -> Option<u64> {
    labels.get(NUMBER)?.parse().ok()
}
