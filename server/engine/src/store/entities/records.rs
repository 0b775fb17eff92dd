//! What happened: releases, deployments, events, deliveries.

use super::*;

entity! {
    /// Immutable records of what ran.
    releases "releases" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        number: i64,
        #[sea_orm(column_type = "JsonBinary")]
        spec: Json,
        variables: Vec<u8>,
        created_at: Time,
    }
}

entity! {
    /// Attempts to make a release live; also the queue. At most one per service is `running`.
    deployments "deployments" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        number: i64,
        status: String,
        phase: Option<String>,
        #[sea_orm(column_type = "JsonBinary")]
        phases: Json,
        cause: String,
        actor: String,
        #[sea_orm(column_type = "JsonBinary")]
        request: Json,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        commit: Option<Json>,
        image: Option<String>,
        release_id: Option<Uuid>,
        rolls_back_to: Option<i64>,
        keep_variables: bool,
        reason: Option<String>,
        #[sea_orm(column_type = "JsonBinary")]
        last_lines: Json,
        cancel_requested: bool,
        promoted: bool,
        #[sea_orm(column_type = "JsonBinary", nullable)]
        measured: Option<Json>,
        lease_owner: Option<String>,
        lease_until: Option<Time>,
        created_at: Time,
        started_at: Option<Time>,
        ended_at: Option<Time>,
    }
}

entity! {
    /// Facts, appended once.
    events "events" {
        #[sea_orm(primary_key)]
        id: i64,
        organisation_id: Uuid,
        kind: String,
        actor: String,
        project: Option<String>,
        environment: Option<String>,
        service: Option<String>,
        service_id: Option<Uuid>,
        deployment: Option<i64>,
        message: String,
        address: Option<String>,
        at: Time,
    }
}

entity! {
    /// Webhook calls with their verdicts.
    deliveries "deliveries" {
        #[sea_orm(primary_key, auto_increment = false)]
        id: Uuid,
        organisation_id: Uuid,
        service_id: Uuid,
        delivery: Option<String>,
        provider: Option<String>,
        event: String,
        verdict: String,
        reason: String,
        commit: Option<String>,
        deployment: Option<i64>,
        status: Option<i32>,
        replay_of: Option<Uuid>,
        received_at: Time,
        body: Option<Vec<u8>>,
    }
}
