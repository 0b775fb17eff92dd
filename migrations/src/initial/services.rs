//! Projects, environments, services, and what a service has.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    projects(manager).await?;
    services(manager).await?;
    variables(manager).await?;
    domains(manager).await
}

async fn projects(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("projects");
    table
        .col(text("name"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("changed_at"));
    manager.create_table(table).await?;
    index(manager, "projects", &["organisation_id", "name"], true).await?;

    let mut table = owned("environments");
    table.col(uuid("project_id")).col(text("name")).col(timestamp_with_time_zone("created_at"));
    points(&mut table, "environments", "project_id", "projects", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "environments", &["project_id", "name"], true).await
}

async fn services(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("services");
    table
        .col(uuid("project_id"))
        .col(uuid("environment_id"))
        .col(text("name"))
        .col(json_binary("source"))
        .col(json_binary("settings"))
        .col(text("wanted"))
        .col(text("state"))
        .col(text_null("state_reason"))
        .col(timestamp_with_time_zone_null("observed_at"))
        .col(json_binary("instances"))
        // Not a foreign key: deployments point to services already.
        .col(uuid_null("live_deployment_id"))
        .col(big_integer("next_number"))
        .col(integer_null("detected_port"))
        .col(blob_null("webhook_secret"))
        .col(blob_null("credential"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("changed_at"));
    points(&mut table, "services", "project_id", "projects", Gone::Too);
    points(&mut table, "services", "environment_id", "environments", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "services", &["environment_id", "name"], true).await?;
    index(manager, "services", &["project_id"], false).await?;
    // Counted by the list of projects from the index alone: the rows are wide.
    index(manager, "services", &["organisation_id", "project_id", "state"], false).await?;
    index(manager, "services", &["organisation_id", "name"], false).await
}

async fn variables(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("variables");
    table
        .col(uuid("service_id"))
        .col(text("key"))
        .col(boolean("secret"))
        .col(blob("sealed"))
        // A keyed digest of the value: "restart needed" is seen without opening anything.
        .col(text("digest"))
        .col(text("changed_by"))
        .col(timestamp_with_time_zone("changed_at"));
    points(&mut table, "variables", "service_id", "services", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "variables", &["service_id", "key"], true).await
}

async fn domains(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("domains");
    table
        .col(uuid("service_id"))
        .col(text("host"))
        .col(text("path"))
        .col(integer_null("port"))
        .col(boolean("is_default"))
        .col(timestamp_with_time_zone("created_at"));
    points(&mut table, "domains", "service_id", "services", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "domains", &["host", "path"], true).await?;
    index(manager, "domains", &["service_id"], false).await
}
