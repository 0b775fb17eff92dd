//! The panel's own host, a fact about this Berth as a whole.

use super::{Scoped, Store, StoreResult, Write, entities::meta::Entity, json::At};
use berth_domain::domain_name::HostName;
use sea_orm::EntityTrait;

const KEY: &str = "panel.domain";

fn read(text: Option<String>) -> StoreResult<Option<HostName>> {
    text.map(|text| At { table: "meta", id: KEY }.text("value", &text)).transpose()
}

impl Store {
    /// The panel's host name, when it has one.
    pub async fn panel_domain(&self) -> StoreResult<Option<HostName>> {
        read(self.meta(KEY).await?)
    }
}

impl Scoped<'_> {
    /// The same, which is everybody's to know: nobody else can have that name.
    pub async fn panel_domain(&self) -> StoreResult<Option<HostName>> {
        read(Entity::find_by_id(KEY).one(&self.db).await?.map(|row| row.value))
    }
}

impl Write {
    /// Gives the panel a host name, or takes its own away.
    pub async fn set_panel_domain(&self, host: Option<&HostName>) -> StoreResult<()> {
        match host {
            Some(host) => self.set_meta(KEY, host.as_str()).await,
            None => self.take_meta(KEY).await.map(drop),
        }
    }
}
