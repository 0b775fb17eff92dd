//! Pull requests and what their previews get.

use super::*;

entity! {
    /// Pull requests with their previews.
    previews "previews" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        number: i64,
        environment_id: Option<Uuid>,
        child_id: Option<Uuid>,
        state: String,
        reason: Option<String>,
        title: String,
        author: String,
        branch: String,
        commit: String,
        url: Option<String>,
        foreign_commits: bool,
        approved_commit: Option<String>,
        approved_by: Option<String>,
        comment: Option<String>,
        told: Option<String>,
        created_at: Time,
        changed_at: Time,
    }
}

entity! {
    /// The variables of previews, their values sealed.
    preview_variables "preview_variables" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        key: String,
        secret: bool,
        sealed: Vec<u8>,
        changed_by: String,
        changed_at: Time,
    }
}
