//! Typed ids, so that a project's id never passes for a service's.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};
use uuid::Uuid;

macro_rules! id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.simple().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

id! {
    /// The tenant that owns everything else.
    OrganisationId,
    /// A person who signs in.
    UserId,
    /// A signed-in browser.
    SessionId,
    /// An API token.
    TokenId,
    /// A public SSH key of an account.
    KeyId,
    /// A project.
    ProjectId,
    /// One copy of a project: production, staging.
    EnvironmentId,
    /// Something that runs in an environment.
    ServiceId,
    /// An immutable record of what ran.
    ReleaseId,
    /// One attempt to make a release live.
    DeploymentId,
    /// A host name and path routed to a service.
    DomainId,
    /// A port of this machine that leads to a service.
    PortId,
    /// A certificate, or the attempts to get one.
    CertificateId,
    /// An environment variable.
    VariableId,
    /// A file with content.
    FileId,
    /// One webhook call as it arrived.
    DeliveryId,
    /// A registry of images.
    RegistryId,
    /// A connection to a git host.
    ConnectionId,
}
