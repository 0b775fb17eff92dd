//! Organisations, people, sessions and tokens.

use crate::table::{Gone, index, owned, points};
use sea_orm_migration::{prelude::*, schema::*};

pub(super) async fn up(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    roots(manager).await?;
    members(manager).await?;
    sessions(manager).await?;
    tokens(manager).await
}

/// Facts about this Berth as a whole, organisations, and people, who may belong to several organisations.
async fn roots(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let meta = Table::create()
        .table("meta")
        .col(ColumnDef::new("key").text().not_null().primary_key())
        .col(text("value"))
        .take();
    manager.create_table(meta).await?;
    let organisations = Table::create()
        .table("organisations")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(text("name"))
        .col(timestamp_with_time_zone("created_at"))
        .take();
    manager.create_table(organisations).await?;
    let users = Table::create()
        .table("users")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(text("email"))
        .col(text("password_hash"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("changed_at"))
        .take();
    manager.create_table(users).await?;
    index(manager, "users", &["email"], true).await
}

async fn members(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("members");
    table.col(uuid("user_id")).col(text("role")).col(timestamp_with_time_zone("created_at"));
    points(&mut table, "members", "user_id", "users", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "members", &["organisation_id", "user_id"], true).await?;
    index(manager, "members", &["user_id"], false).await
}

async fn sessions(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("sessions");
    table
        .col(uuid("user_id"))
        .col(text("secret_hash"))
        .col(text("user_agent"))
        .col(text("address"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone("seen_at"))
        .col(timestamp_with_time_zone("expires_at"));
    points(&mut table, "sessions", "user_id", "users", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "sessions", &["secret_hash"], true).await?;
    index(manager, "sessions", &["user_id"], false).await
}

async fn tokens(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let mut table = owned("tokens");
    table
        .col(uuid("user_id"))
        .col(text("name"))
        .col(text("role"))
        .col(text("secret_hash"))
        .col(timestamp_with_time_zone("created_at"))
        .col(timestamp_with_time_zone_null("expires_at"))
        .col(timestamp_with_time_zone_null("used_at"));
    points(&mut table, "tokens", "user_id", "users", Gone::Too);
    manager.create_table(table).await?;
    index(manager, "tokens", &["secret_hash"], true).await?;
    index(manager, "tokens", &["user_id"], false).await
}
