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
        VariableSet = "variable.set",
        VariableDeleted = "variable.deleted",
        VariablesImported = "variable.imported",
        VariableRevealed = "variable.revealed",
        VariablesExported = "variable.exported",
        FileSet = "file.set",
        FileDeleted = "file.deleted",
        FileRevealed = "file.revealed",
        DomainAdded = "domain.added",
        DomainRemoved = "domain.removed",
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
