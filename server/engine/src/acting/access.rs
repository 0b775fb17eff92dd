//! Verbs about how Berth gets at a service's repository.

use super::{
    Acting,
    reach::{conflict_with_hint, service_in},
};
use crate::{
    Error, Result,
    deploy_key::{DeployKey, public_half},
    git::{Bounds, RemoteUrl, published_host_key},
    public_key::PublicKey,
    runtime::SealedCredential,
    store::{ServiceRow, Subject},
};
use berth_domain::{
    access::{AccessView, BranchesView, CredentialKind, HostKeyView, HostTrust},
    event::EventKind,
    permission::Permission,
    problem::{Problem, ProblemKind},
    service::ServicePath,
    source::{GitSource, Source},
};
use std::time::Duration;

/// How long a person waits for the repository.
const REPOSITORY_WITHIN: Duration = Duration::from_secs(20);

impl Acting {
    /// What is kept to get at the repository, as far as it may be shown, and the host's key.
    pub async fn access(&self, path: &ServicePath) -> Result<AccessView> {
        self.require(Permission::Read)?;
        let service = self.service_row(path).await?;
        let kept = self.engine.open_credential(service.id, service.credential.as_deref())?;
        let key = kept.as_ref().filter(|kept| kept.is_ssh_key()).and_then(|kept| public_half(&kept.secret));
        let credential = match &kept {
            None => CredentialKind::Nothing,
            Some(kept) if kept.is_ssh_key() => CredentialKind::SshKey,
            Some(_) => CredentialKind::Password,
        };
        let ssh = ssh_address(&service);
        let host_key = match &ssh {
            Some(url) => self.host_key(url).await?,
            None => None,
        };
        let connection = match &service.source {
            Source::Git(git) => self.connection_words(git).await?,
            Source::Pushed(_) | Source::Image(_) => None,
        };
        Ok(AccessView {
            credential,
            connection,
            public_key: key.as_ref().map(|key| format!("{} {}", key.line(), comment(path))),
            fingerprint: key.map(|key| key.fingerprint()),
            host: ssh.map(|url| url.known_as()),
            host_key,
        })
    }

    /// Which connection opens the repository, or why that no longer does.
    async fn connection_words(&self, git: &GitSource) -> Result<Option<String>> {
        match self.engine.connection_of(self.scope(), git).await {
            Ok(found) => Ok(found.map(|(row, _)| {
                format!(
                    "The connection to {} as {} opens it; a credential of its own is not used.",
                    row.url, row.account
                )
            })),
            Err(error @ Error::Problem(_)) => Ok(Some(error.problem().to_string())),
            Err(error) => Err(error),
        }
    }

    async fn host_key(&self, url: &RemoteUrl) -> Result<Option<HostKeyView>> {
        let (key, trust, seen_at) = match published_host_key(url) {
            Some(key) => (key.to_owned(), HostTrust::Published, None),
            None => match self.rows().known_host(&url.known_as()).await? {
                Some(kept) => (kept.key, HostTrust::FirstUse, Some(kept.seen_at)),
                None => return Ok(None),
            },
        };
        let known = key.parse::<PublicKey>();
        let kind = key.split(' ').next().unwrap_or_default().to_owned();
        let fingerprint = known.map_or(key, |key| key.fingerprint());
        Ok(Some(HostKeyView { kind, fingerprint, trust, seen_at }))
    }

    /// Makes a key pair for the service's repository. The private half takes the place of the credential; the public half
    /// is for the git host.
    pub async fn make_deploy_key(&self, path: &ServicePath) -> Result<AccessView> {
        self.require(Permission::Configure)?;
        let key = DeployKey::make(&comment(path))?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        // What is pushed may have submodules that the key opens.
        if !matches!(service.source, Source::Pushed(_)) {
            from_git(&service)?;
        }
        let secret = key.private.expose_text().unwrap_or_default().to_owned();
        let credential = SealedCredential { username: String::new(), secret };
        rows.keep_credential(service.id, Some(self.seal_credential(&service, &credential)?)).await?;
        let shown = key.public.parse::<PublicKey>().map(|key| key.fingerprint());
        let told = format!("A deploy key was made for {path}: {}.", shown.unwrap_or_default());
        write.record(self.tells(EventKind::DeployKeyMade, Subject::service(service.id, path), told));
        write.commit().await?;
        self.access(path).await
    }

    /// Forgets the key of the repository's host: the next one that it shows is trusted. It holds for every service that is
    /// fetched from that host.
    pub async fn forget_host_key(&self, path: &ServicePath) -> Result<()> {
        self.require(Permission::Configure)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let host =
            ssh_address(&service).map(|url| url.known_as()).ok_or_else(|| Error::not_found("host key"))?;
        if !rows.forget_known_host(&host).await? {
            return Err(Error::not_found("host key"));
        }
        let told = format!("The SSH key of {host} was forgotten: the next one that it shows is trusted.");
        write.record(self.tells(EventKind::HostKeyForgotten, Subject::service(service.id, path), told));
        Ok(write.commit().await?)
    }

    /// The branches of the repository, which also shows whether the credential opens it.
    pub async fn branches(&self, path: &ServicePath) -> Result<BranchesView> {
        self.require(Permission::Configure)?;
        let service = self.service_row(path).await?;
        let remote = self.engine.remote_of(&service, from_git(&service)?).await?;
        let bounds = Bounds::within(REPOSITORY_WITHIN);
        let asked = self.engine.parts.git.verify_credentials(&remote, &bounds).await;
        let subject = Subject::service(service.id, path);
        self.engine.trust_host(self.scope(), subject, &remote).await?;
        let seen = asked.map_err(|error| Problem::new(ProblemKind::Unavailable, error.to_string()))?;
        Ok(BranchesView { default_branch: seen.default_branch, branches: seen.branches })
    }
}

/// The repository of a service that comes from one.
fn from_git(service: &ServiceRow) -> Result<&GitSource> {
    match &service.source {
        Source::Git(git) => Ok(git),
        Source::Pushed(_) | Source::Image(_) => Err(conflict_with_hint(
            format!("{} does not come from a git repository elsewhere.", service.path),
            "Set its source first.",
        )),
    }
}

/// The address of the repository, when it is reached by ssh.
fn ssh_address(service: &ServiceRow) -> Option<RemoteUrl> {
    let Source::Git(git) = &service.source else { return None };
    git.url.parse().ok().filter(RemoteUrl::is_ssh)
}

/// What a key is called at the git host.
fn comment(path: &ServicePath) -> String {
    format!("berth-{}-{}-{}", path.project, path.environment, path.service)
}
