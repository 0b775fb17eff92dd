//! Projects, environments, services, and what a service has.

use super::*;

entity! {
    /// Projects.
    projects "projects" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        name: String,
        created_at: Time,
        changed_at: Time,
    }
}

entity! {
    /// Copies of a project.
    environments "environments" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        project_id: Uuid,
        name: String,
        created_at: Time,
    }
}

entity! {
    /// What runs in environments.
    services "services" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        project_id: Uuid,
        environment_id: Uuid,
        name: String,
        #[sea_orm(column_type = "JsonBinary")]
        source: Json,
        #[sea_orm(column_type = "JsonBinary")]
        settings: Json,
        wanted: String,
        state: String,
        state_reason: Option<String>,
        observed_at: Option<Time>,
        #[sea_orm(column_type = "JsonBinary")]
        instances: Json,
        live_deployment_id: Option<Uuid>,
        next_number: i64,
        detected_port: Option<i32>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        traffic: Option<Json>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        maintenance: Option<Json>,
        paused_until: Option<Time>,
        webhook_secret: Option<Vec<u8>>,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        polled: Option<Json>,
        credential: Option<Vec<u8>>,
        created_at: Time,
        changed_at: Time,
    }
}

entity! {
    /// Environment variables, their values sealed.
    variables "variables" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        key: String,
        secret: bool,
        sealed: Vec<u8>,
        digest: String,
        changed_by: String,
        changed_at: Time,
    }
}

entity! {
    /// Ports of the machine that lead to services without HTTP.
    published_ports "published_ports" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        protocol: String,
        port: i32,
        target: i32,
        created_at: Time,
    }
}

entity! {
    /// Host names and paths that lead to services.
    domains "domains" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        host: String,
        path: String,
        port: Option<i32>,
        is_default: bool,
        created_at: Time,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        settings: Option<Json>,
        logins: Option<Vec<u8>>,
    }
}
