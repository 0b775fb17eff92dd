//! What was let go of and what is left of it.

use super::*;

entity! {
    /// Services and environments that were deleted.
    tombstones "tombstones" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        path: String,
        repository: Option<String>,
        at: Time,
        with_data: bool,
    }
}

entity! {
    /// Since when things in Docker are wanted by nobody.
    orphans "orphans" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        kind: String,
        object: String,
        since: Time,
    }
}

entity! {
    /// Volumes that go when their time has come.
    volume_deletions "volume_deletions" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        docker_name: String,
        told: String,
        asked_by: String,
        asked_at: Time,
        due_at: Time,
    }
}
