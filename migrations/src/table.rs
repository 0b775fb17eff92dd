//! Shorthands for tables, so that each step reads as a list of columns.

use sea_orm_migration::prelude::*;

/// What happens to a row when the row it points to goes.
#[derive(Clone, Copy)]
pub enum Gone {
    /// It goes too.
    Too,
    /// It stays and points to nothing.
    Forget,
}

/// A table with a UUID key and its organisation, which takes it along.
pub fn owned(name: &'static str) -> TableCreateStatement {
    let mut table = Table::create();
    table
        .table(name)
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("organisation_id").uuid().not_null());
    points(&mut table, name, "organisation_id", "organisations", Gone::Too);
    table
}

/// Adds a foreign key to the table `to`; its name is the same on both databases.
pub fn points(
    table: &mut TableCreateStatement,
    name: &'static str,
    column: &'static str,
    to: &'static str,
    gone: Gone,
) {
    let action = match gone {
        Gone::Too => ForeignKeyAction::Cascade,
        Gone::Forget => ForeignKeyAction::SetNull,
    };
    table.foreign_key(
        ForeignKey::create()
            .name(format!("fk_{name}_{column}"))
            .from(name, column)
            .to(to, "id")
            .on_delete(action),
    );
}

/// Makes an index named after its table and columns.
pub async fn index(
    manager: &SchemaManager<'_>,
    table: &'static str,
    columns: &[&'static str],
    unique: bool,
) -> Result<(), DbErr> {
    let kind = if unique { "uq" } else { "ix" };
    let mut index = Index::create();
    index.name(format!("{kind}_{table}_{}", columns.join("_"))).table(table);
    for column in columns {
        index.col(*column);
    }
    if unique {
        index.unique();
    }
    manager.create_index(index).await
}
