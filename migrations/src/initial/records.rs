//! What happened: releases, deployments, events, deliveries.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    releases(manager).await?;
    deployments(manager).await?;
    deployment_indexes(manager).await?;
    events(manager).await?;
    deliveries(manager).await
}

async fn releases(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("releases");
    table
        .col(uuid("service_id"))
        .col(big_integer("number"))
        .col(json_binary("spec"))
        .col(blob("variables"))
        .col(timestamp_with_time_zone("created_at"));
    points(&mut table, "releases", "service_id", "services", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "releases", &["service_id", "number"], false).await
}

async fn deployments(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("deployments");
    table
        .col(uuid("service_id"))
        .col(big_integer("number"))
        .col(text("status"))
        .col(text_null("phase"))
        .col(json_binary("phases"))
        .col(text("cause"))
        .col(text("actor"))
        .col(json_binary("request"))
        .col(json_binary_null("commit"))
        .col(text_null("image"))
        .col(uuid_null("release_id"))
        .col(big_integer_null("rolls_back_to"))
        .col(boolean("keep_variables"))
        .col(text_null("reason"))
        .col(json_binary("last_lines"))
        .col(boolean("cancel_requested"))
        .col(text_null("lease_owner"))
        .col(timestamp_with_time_zone_null("lease_until"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("started_at"))
        .col(timestamp_with_time_zone_null("ended_at"));
    points(&mut table, "deployments", "service_id", "services", Gone::Too);
    points(&mut table, "deployments", "release_id", "releases", Gone::Forget);
    manager.create_table(table).await
}

async fn deployment_indexes(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    index(manager, "deployments", &["service_id", "number"], true).await?;
    index(manager, "deployments", &["status", "created_at"], false).await?;
    index(manager, "deployments", &["release_id"], false).await?;
    // One at a time per service, whatever the workers do.
    let one =
        "CREATE UNIQUE INDEX uq_deployments_one_running ON deployments (service_id) WHERE status = 'running'";
    manager.get_connection().execute_unprepared(one).await.map(drop)
}

/// Events name what they are about as text: they outlive it.
async fn events(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = Table::create()
        .table("events")
        .col(ColumnDef::new("id").big_integer().not_null().auto_increment().primary_key())
        .col(uuid("organisation_id"))
        .col(text("kind"))
        .col(text("actor"))
        .col(text_null("project"))
        .col(text_null("environment"))
        .col(text_null("service"))
        .col(uuid_null("service_id"))
        .col(big_integer_null("deployment"))
        .col(text("message"))
        .col(text_null("address"))
        .col(timestamp_with_time_zone("at"))
        .take();
    points(&mut table, "events", "organisation_id", "organisations", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "events", &["organisation_id", "id"], false).await
}

async fn deliveries(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("deliveries");
    table
        .col(uuid("service_id"))
        .col(text_null("delivery"))
        .col(text("event"))
        .col(text("verdict"))
        .col(text("reason"))
        .col(text_null("commit"))
        .col(big_integer_null("deployment"))
        .col(timestamp_with_time_zone("received_at"))
        .col(blob_null("body"));
    points(&mut table, "deliveries", "service_id", "services", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "deliveries", &["service_id", "delivery"], true).await?;
    index(manager, "deliveries", &["service_id", "received_at"], false).await
}
