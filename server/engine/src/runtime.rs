//! What the rollouts and reconcilers share: the connection to Docker, time, leases, and values out of their seals.

use std::sync::Arc;

use berth_domain::ids::{DeploymentId, OrganisationId, ReleaseId, ServiceId};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::{
    Engine, Error, Result,
    docker::{Docker, DockerError, RegistryAuth, Runtime, SecretBytes},
    mask::Masker,
    store::{
        Scope,
        deployments::{Job, Lease},
        releases::ReleaseRow,
    },
    vault::{Row, Secret},
};

/// Docker, connected when it is first needed; Berth starts and serves its pages without it.
#[derive(Default)]
pub(crate) struct LazyDocker(Mutex<Option<Arc<dyn Runtime>>>);

/// Where new ids come from.
pub(crate) struct Ids;

impl Ids {
    /// An id for a release.
    pub fn release(&self) -> ReleaseId {
        Uuid::now_v7().into()
    }

    /// An id for a deployment.
    pub fn deployment(&self) -> DeploymentId {
        Uuid::now_v7().into()
    }
}

/// A credential as it is sealed.
#[derive(Serialize, Deserialize)]
pub(crate) struct SealedCredential {
    pub username: String,
    pub secret: String,
}

impl Engine {
    /// Docker, connected now if it was not before.
    pub(crate) async fn docker(&self) -> std::result::Result<Arc<dyn Runtime>, DockerError> {
        let mut held = self.parts.docker.0.lock().await;
        if let Some(docker) = &*held {
            return Ok(docker.clone());
        }
        let docker: Arc<dyn Runtime> = Arc::new(Docker::connect().await?);
        *held = Some(docker.clone());
        Ok(docker)
    }

    /// The present moment.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        crate::store::now()
    }

    /// A fresh lease of this process.
    pub(crate) fn lease(&self) -> Lease {
        Lease::new(&self.parts.owner, self.now())
    }

    /// A keyed digest of a variable's value: equal values of a service have equal digests, and nothing else shows.
    pub(crate) fn digest(&self, service: ServiceId, value: &[u8]) -> String {
        self.parts.vault.digest(&format!("variable {service}"), value)
    }

    /// The variables as they are saved now.
    pub(crate) async fn present_variables(
        &self,
        organisation: OrganisationId,
        service: ServiceId,
    ) -> Result<Vec<(String, Secret)>> {
        let sealed = self.parts.store.sealed_variables(organisation, service).await?;
        let open = |(id, key, sealed): (Uuid, String, Vec<u8>)| {
            let value = self.parts.vault.unseal(&Row::new("variables", id, "sealed"), &sealed);
            Ok((key, value.map_err(|error| Error::internal("open a variable", error))?))
        };
        sealed.into_iter().map(open).collect()
    }

    /// Seals the variables of a release as one value.
    pub(crate) fn seal_variables(&self, row: &Row, variables: &[(String, Secret)]) -> Result<Vec<u8>> {
        let pairs: Vec<(&str, &str)> = variables
            .iter()
            .map(|(key, value)| (key.as_str(), value.expose_text().unwrap_or_default()))
            .collect();
        let text =
            serde_json::to_vec(&pairs).map_err(|error| Error::internal("write down the variables", error))?;
        let text = Secret::new(text);
        self.parts
            .vault
            .seal(row, text.expose())
            .map_err(|error| Error::internal("seal the variables", error))
    }

    /// The variables of a release, for the instance that is about to start.
    pub(crate) fn unseal_variables(&self, release: &ReleaseRow) -> Result<Vec<(String, String)>> {
        let row = Row::new("releases", release.id.0, "variables");
        let opened = self.parts.vault.unseal(&row, &release.variables);
        let opened = opened.map_err(|error| Error::internal("open the release's variables", error))?;
        serde_json::from_slice(opened.expose())
            .map_err(|error| Error::internal("read the release's variables", error))
    }

    /// Everything that must not appear in a log of this job.
    pub(crate) async fn secrets_of(&self, job: &Job) -> Result<Vec<Secret>> {
        let secret = self.parts.store.secret_keys(job.service).await?;
        let present = self.present_variables(job.organisation, job.service).await?;
        let mut secrets: Vec<Secret> =
            present.into_iter().filter(|(key, _)| secret.contains(key)).map(|(_, value)| value).collect();
        if let Some(release) = &job.release {
            let released =
                self.unseal_variables(release)?.into_iter().filter(|(key, _)| secret.contains(key));
            secrets.extend(released.map(|(_, value)| Secret::new(value)));
        }
        secrets.extend(self.credential(job)?.map(|credential| Secret::new(credential.secret)));
        let scope = Scope(job.organisation);
        secrets.extend(self.connection_secret(scope, &job.source).await?);
        let registries = self.registries_of(job.organisation).await?;
        secrets.extend(registries.iter().map(|registry| Secret::new(registry.password.expose())));
        Ok(secrets)
    }

    /// Masks the secrets that an instance of a service has.
    pub(crate) async fn masker_of(&self, service: ServiceId, number: Option<u64>) -> Masker {
        let release = match number {
            Some(number) => self.parts.store.release_of(service, number).await.ok().flatten(),
            None => None,
        };
        let secret_keys = self.parts.store.secret_keys(service).await.unwrap_or_default();
        let variables = release.and_then(|release| self.unseal_variables(&release).ok()).unwrap_or_default();
        Masker::new(
            variables.into_iter().filter(|(key, _)| secret_keys.contains(key)).map(|(_, value)| value),
        )
    }

    fn credential(&self, job: &Job) -> Result<Option<SealedCredential>> {
        self.open_credential(job.service, job.credential.as_deref())
    }

    /// The credential of a service, out of its seal.
    pub(crate) fn open_credential(
        &self,
        service: ServiceId,
        sealed: Option<&[u8]>,
    ) -> Result<Option<SealedCredential>> {
        let Some(sealed) = sealed else { return Ok(None) };
        let opened = self.parts.vault.unseal(&Row::new("services", service.0, "credential"), sealed);
        let opened = opened.map_err(|error| Error::internal("open the credential", error))?;
        let credential = serde_json::from_slice(opened.expose());
        credential.map(Some).map_err(|error| Error::internal("read the credential", error))
    }

    /// The credential for an image: the service's own, or else the organisation's for that registry.
    pub(crate) async fn registry_credential(&self, job: &Job, image: &str) -> Result<Option<RegistryAuth>> {
        match self.credential(job)? {
            Some(own) => Ok(Some(RegistryAuth {
                server: String::new(),
                username: own.username,
                password: SecretBytes::new(own.secret),
            })),
            None => self.registry_for(job.organisation, image).await,
        }
    }
}
