//! Files with content.

use super::*;

entity! {
    /// What a service has at which path.
    files "files" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        path: String,
        digest: String,
        size: i64,
        changed_by: String,
        changed_at: Time,
    }
}

entity! {
    /// Contents, sealed; each once for all the releases of a service that have it.
    file_contents "file_contents" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        digest: String,
        sealed: Vec<u8>,
    }
}

entity! {
    /// Registries of images, with sealed credentials.
    registries "registries" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        address: String,
        prefix: String,
        username: String,
        sealed: Vec<u8>,
        push: bool,
        changed_by: String,
        changed_at: Time,
    }
}

entity! {
    /// Connections to git hosts, their tokens and keys sealed.
    connections "connections" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        kind: String,
        url: String,
        account: String,
        sealed: Vec<u8>,
        installation: Option<i64>,
        changed_by: String,
        changed_at: Time,
    }
}
