//! The repositories of services: who Berth is there, and whom it trusts to be the host.

use crate::{
    Actor, Engine, Error, Result,
    git::{Credential, GitError, KnownHosts, Remote, RemoteUrl, published_host_key},
    public_key::PublicKey,
    runtime::SealedCredential,
    store::{NewEvent, Scope, ServiceRow, Subject, deployments::Job},
};
use berth_domain::{event::EventKind, source::GitSource};

impl Engine {
    /// A service's repository, and who we are there.
    pub(crate) async fn remote_of(&self, service: &ServiceRow, git: &GitSource) -> Result<Remote> {
        let url = git.url.parse().map_err(|error: GitError| Error::invalid("url", error))?;
        let own = self.open_credential(service.id, service.credential.as_deref())?;
        let connected = self.connection_credential(service.scope(), git).await?;
        self.remote_at(service.scope(), connected.or(own), url).await
    }

    /// The repository that a job builds.
    pub(crate) async fn remote_for(&self, job: &Job, git: &GitSource, url: RemoteUrl) -> Result<Remote> {
        let own = self.open_credential(job.service, job.credential.as_deref())?;
        let connected = self.connection_credential(Scope(job.organisation), git).await?;
        self.remote_at(Scope(job.organisation), connected.or(own), url).await
    }

    /// A repository that what was pushed names as a part of it: no connection to a git host is the service's there.
    pub(crate) async fn remote_in_push(&self, job: &Job, url: RemoteUrl) -> Result<Remote> {
        let own = self.open_credential(job.service, job.credential.as_deref())?;
        self.remote_at(Scope(job.organisation), own, url).await
    }

    async fn remote_at(
        &self,
        scope: Scope,
        credential: Option<SealedCredential>,
        url: RemoteUrl,
    ) -> Result<Remote> {
        let credential = match credential {
            Some(credential) => Some(credential.for_git(self.known_hosts(scope, &url).await?)),
            None => None,
        };
        Ok(Remote { url, credential })
    }

    /// The key of the host that is published, or that was seen at first.
    async fn known_hosts(&self, scope: Scope, url: &RemoteUrl) -> Result<KnownHosts> {
        let host = url.known_as();
        let line = |key: &str| KnownHosts::only(format!("{host} {key}"));
        if let Some(key) = published_host_key(url) {
            return Ok(line(key));
        }
        let kept = if url.is_ssh() { self.store().scoped(scope).known_host(&host).await? } else { None };
        Ok(kept.map_or_else(KnownHosts::default, |kept| line(&kept.key)))
    }

    /// Keeps the key that a host showed at a first connection, and tells of it.
    pub(crate) async fn trust_host(&self, scope: Scope, subject: Subject, remote: &Remote) -> Result<()> {
        let Some(key) = remote.learned_host_key() else { return Ok(()) };
        let host = remote.url.known_as();
        let mut write = self.store().begin().await?;
        let rows = write.scoped(scope);
        if rows.known_host(&host).await?.is_some() {
            return Ok(());
        }
        rows.keep_known_host(&host, &key).await?;
        let shown = key.parse::<PublicKey>().map_or_else(|_| key.clone(), |key| key.fingerprint());
        let told = format!(
            "The SSH key of {host}, {shown}, was seen for the first time and is trusted from now on."
        );
        let actor = Actor::system(scope.0);
        write.record(NewEvent::new(&actor, EventKind::HostKeyTrusted, subject, told));
        Ok(write.commit().await?)
    }
}

impl SealedCredential {
    /// Whether it is a private key, and not a password or token.
    pub fn is_ssh_key(&self) -> bool {
        self.secret.trim_start().starts_with("-----BEGIN ")
    }

    fn for_git(self, known_hosts: KnownHosts) -> Credential {
        let secret = crate::docker::SecretBytes::new(self.secret.as_bytes());
        if self.is_ssh_key() {
            return Credential::SshKey { private_key: secret, known_hosts };
        }
        let username = if self.username.is_empty() { "git".to_owned() } else { self.username };
        Credential::Password { username, password: secret }
    }
}
