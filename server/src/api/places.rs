//! The parameters in the paths.

use berth_domain::{
    domain_name::HostName,
    ids::{
        CertificateId, ConnectionId, DeliveryId, DomainId, FileId, KeyId, PortId, RegistryId, SessionId,
        TokenId,
    },
    name::Name,
    service::ServicePath,
};
use serde::Deserialize;
use utoipa::IntoParams;

/// A project.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InProject {
    /// The project's name.
    #[param(value_type = String)]
    pub project: Name,
}

/// An environment.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InEnvironment {
    /// The project's name.
    #[param(value_type = String)]
    pub project: Name,
    /// The environment's name.
    #[param(value_type = String)]
    pub environment: Name,
}

macro_rules! in_service {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty as $shown:ty),* }) => {
        $(#[$doc])*
        #[derive(Deserialize, IntoParams)]
        #[into_params(parameter_in = Path)]
        pub struct $name {
            /// The project's name.
            #[param(value_type = String)]
            project: Name,
            /// The environment's name.
            #[param(value_type = String)]
            environment: Name,
            /// The service's name.
            #[param(value_type = String)]
            service: Name,
            $($(#[$field_doc])* #[param(value_type = $shown)] pub $field: $type,)*
        }

        impl $name {
            /// The names that lead to the service.
            pub fn service(&self) -> ServicePath {
                ServicePath {
                    project: self.project.clone(),
                    environment: self.environment.clone(),
                    service: self.service.clone(),
                }
            }
        }
    };
}

in_service! {
    /// A service.
    InService {}
}
in_service! {
    /// A deployment of a service.
    InDeployment {
        /// Counts up per service from 1.
        number: u64 as u64
    }
}
in_service! {
    /// A variable of a service.
    InVariable {
        /// The variable's key.
        key: String as String
    }
}
in_service! {
    /// A domain of a service.
    InDomain {
        /// The domain's id.
        id: DomainId as uuid::Uuid
    }
}
in_service! {
    /// A published port of a service.
    InPort {
        /// The published port's id.
        published: PortId as uuid::Uuid
    }
}
in_service! {
    /// A file of a service.
    InFile {
        /// The file's id.
        file: FileId as uuid::Uuid
    }
}
in_service! {
    /// A delivery to the webhook of a service.
    InDelivery {
        /// Berth's id of it.
        delivery: DeliveryId as uuid::Uuid
    }
}
in_service! {
    /// A pull request of a service's repository.
    InPullRequest {
        /// Its number at the git host.
        pull_request: u64 as u64
    }
}
in_service! {
    /// A volume of a service.
    InVolume {
        /// The volume's name in the service.
        name: Name as String
    }
}

/// A zone of the DNS.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InZone {
    /// The zone's name.
    #[param(value_type = String)]
    pub zone: HostName,
}

/// A certificate of the organisation.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InCertificate {
    /// The certificate's id.
    #[param(value_type = uuid::Uuid)]
    pub certificate: CertificateId,
}

/// A session of the account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InSession {
    /// The session's id.
    #[param(value_type = uuid::Uuid)]
    pub id: SessionId,
}

/// A token of the account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InToken {
    /// The token's id.
    #[param(value_type = uuid::Uuid)]
    pub id: TokenId,
}

/// An SSH key of the account.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InKey {
    /// The key's id.
    #[param(value_type = uuid::Uuid)]
    pub id: KeyId,
}

/// A registry of the organisation.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InRegistry {
    /// The registry's id.
    #[param(value_type = uuid::Uuid)]
    pub registry: RegistryId,
}

/// A connection to a git host.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct InConnection {
    /// The connection's id.
    #[param(value_type = uuid::Uuid)]
    pub connection: ConnectionId,
}
