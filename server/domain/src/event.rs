//! Events: facts, appended once. The audit trail and the live feed are the same table.

use crate::{permission::text_enum, service::ServicePath};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// What happened.
    EventKind {
        OrganisationClaimed = "organisation.claimed",
        SignedIn = "account.signed_in",
        SignInFailed = "account.sign_in_failed",
        SignedOut = "account.signed_out",
        SignedOutEverywhere = "account.signed_out_everywhere",
        PasswordChanged = "account.password_changed",
        MemberAdded = "member.added",
        TokenCreated = "token.created",
        TokenRevoked = "token.revoked",
        KeyAdded = "key.added",
        KeyRemoved = "key.removed",
        RegistryAdded = "registry.added",
        RegistryChanged = "registry.changed",
        RegistryDeleted = "registry.deleted",
        ConnectionAdded = "connection.added",
        /// An App of it was installed, or installed elsewhere.
        ConnectionChanged = "connection.changed",
        ConnectionDeleted = "connection.deleted",
        ProjectCreated = "project.created",
        ProjectRenamed = "project.renamed",
        ProjectDeleted = "project.deleted",
        EnvironmentCreated = "environment.created",
        EnvironmentRenamed = "environment.renamed",
        EnvironmentDeleted = "environment.deleted",
        ServiceCreated = "service.created",
        ServiceChanged = "service.changed",
        ServiceRenamed = "service.renamed",
        ServiceDeleted = "service.deleted",
        ServiceStopped = "service.stopped",
        ServiceStarted = "service.started",
        ServiceScaled = "service.scaled",
        MaintenanceBegan = "service.maintenance_began",
        MaintenanceEnded = "service.maintenance_ended",
        /// Requests wait.
        TrafficPaused = "service.traffic_paused",
        /// They go to the instances again.
        TrafficResumed = "service.traffic_resumed",
        /// What was observed of a service changed: live, down.
        ServiceObserved = "service.observed",
        /// Commits came to the repository that Berth keeps for a service.
        CommitPushed = "service.pushed",
        CredentialSet = "service.credential_set",
        /// A key pair was made for it; the private half is kept.
        DeployKeyMade = "service.deploy_key_made",
        /// The SSH key of a git host was seen for the first time.
        HostKeyTrusted = "service.host_key_trusted",
        HostKeyForgotten = "service.host_key_forgotten",
        VariableSet = "variable.set",
        VariableDeleted = "variable.deleted",
        VariablesImported = "variable.imported",
        VariableRevealed = "variable.revealed",
        VariablesExported = "variable.exported",
        FileSet = "file.set",
        FileDeleted = "file.deleted",
        FileRevealed = "file.revealed",
        /// A pull request waits for a member's approval.
        PreviewAsked = "preview.asked",
        PreviewApproved = "preview.approved",
        /// A pull request has an environment of its own.
        PreviewOpened = "preview.opened",
        PreviewUpdated = "preview.updated",
        /// Its environment is gone with everything in it.
        PreviewRemoved = "preview.removed",
        PreviewVariableSet = "preview.variable_set",
        PreviewVariableDeleted = "preview.variable_deleted",
        /// The git host took no word about a preview.
        PreviewNotTold = "preview.not_told",
        DomainAdded = "domain.added",
        DomainRemoved = "domain.removed",
        CertificateIssued = "certificate.issued",
        CertificateFailed = "certificate.failed",
        /// It ends soon, and no new one came.
        CertificateEnds = "certificate.ends",
        CertificateUploaded = "certificate.uploaded",
        CertificateRemoved = "certificate.removed",
        /// A zone whose names get one certificate.
        ZoneKept = "certificate.zone_kept",
        ZoneRemoved = "certificate.zone_removed",
        CertificateAccountKeyChanged = "certificate.account_key_changed",
        /// A person wants it tried at once.
        CertificateRetried = "certificate.retried",
        /// What it does with its requests is another.
        DomainChanged = "domain.changed",
        /// The proxy refused a change, so that the former settings hold.
        DomainReverted = "domain.reverted",
        /// The panel has a host name of its own.
        PanelDomainSet = "domain.panel_set",
        PanelDomainRemoved = "domain.panel_removed",
        /// A port of this machine leads to a service, without HTTP.
        PortPublished = "port.published",
        PortClosed = "port.closed",
        /// Somebody asked for it; it can be taken back until its time has come.
        VolumeDeletionAsked = "volume.deletion_asked",
        VolumeKept = "volume.kept",
        VolumeDeleted = "volume.deleted",
        /// Something of Berth's in Docker that nothing refers to.
        OrphanFound = "orphan.found",
        OrphanRemoved = "orphan.removed",
        DeploymentQueued = "deployment.queued",
        DeploymentStarted = "deployment.started",
        /// A phase began.
        DeploymentAdvanced = "deployment.advanced",
        /// A person let its canary go on.
        DeploymentPromoted = "deployment.promoted",
        DeploymentLive = "deployment.live",
        DeploymentFailed = "deployment.failed",
        DeploymentCancelled = "deployment.cancelled",
        DeploymentSuperseded = "deployment.superseded",
        DeploymentRemoved = "deployment.removed",
        InstanceCreated = "instance.created",
        /// An instance that should run and did not was started again.
        InstanceRepaired = "instance.repaired",
        /// A probe of a live instance failed three times in a row.
        InstanceUnhealthy = "instance.unhealthy",
        /// It answered three times in a row again.
        InstanceHealthy = "instance.healthy",
        InstanceStopped = "instance.stopped",
        InstanceRemoved = "instance.removed",
        WebhookReceived = "webhook.received",
        /// Somebody had a stored delivery judged once more.
        WebhookReplayed = "webhook.replayed",
        /// Berth asked the repository by itself and found something new.
        WebhookPolled = "webhook.polled",
        /// The git host was not told how a commit's deployment went.
        StatusNotTold = "webhook.status_not_told",
        WebhookSecretRotated = "webhook.secret_rotated",
        /// The git host was told where to send pushes.
        WebhookRegistered = "webhook.registered",
        /// It did not take that.
        WebhookNotRegistered = "webhook.not_registered",
    }
}

/// A fact, and who caused it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EventView {
    /// Counts up; the cursor of the feed.
    pub id: i64,
    pub kind: EventKind,
    /// Who: an e-mail address, a token's name, `webhook`, `berth`.
    pub actor: String,
    /// The project it belongs to, when there is one.
    pub project: Option<String>,
    /// The service it belongs to, when there is one.
    pub service: Option<ServicePath>,
    /// The number of the deployment it belongs to.
    pub deployment: Option<u64>,
    /// What happened, as a sentence.
    pub message: String,
    /// Where the request came from, when it was one.
    pub address: Option<String>,
    pub at: DateTime<Utc>,
}

/// Which events are asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct EventQuery {
    /// Older than this event.
    pub before: Option<i64>,
    /// 1 to 200, 50 unless told.
    pub limit: Option<u16>,
    /// Only those of this project.
    pub project: Option<String>,
    /// Only those whose kind starts with this, such as `deployment.`.
    pub kind: Option<String>,
}
