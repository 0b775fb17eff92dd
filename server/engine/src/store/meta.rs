//! Facts about this Berth as a whole, by key.

use super::{
    Store, StoreResult, Write,
    entities::meta::{ActiveModel, Column, Entity},
};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};

impl Store {
    /// The value of a fact.
    pub async fn meta(&self, key: &str) -> StoreResult<Option<String>> {
        Ok(Entity::find_by_id(key).one(&self.reads).await?.map(|row| row.value))
    }
}

impl Write {
    /// The value of a fact, as this transaction sees it.
    pub async fn meta(&self, key: &str) -> StoreResult<Option<String>> {
        Ok(Entity::find_by_id(key).one(&self.transaction).await?.map(|row| row.value))
    }

    /// Writes a fact over what was there.
    pub async fn set_meta(&self, key: &str, value: &str) -> StoreResult<()> {
        let row = ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
        let over = OnConflict::column(Column::Key).update_column(Column::Value).to_owned();
        Entity::insert(row).on_conflict(over).exec_without_returning(&self.transaction).await?;
        Ok(())
    }

    /// Takes a fact away; answers whether it was there, so that of many at once exactly one took it.
    pub async fn take_meta(&self, key: &str) -> StoreResult<bool> {
        Ok(Entity::delete_by_id(key).exec(&self.transaction).await?.rows_affected == 1)
    }
}
