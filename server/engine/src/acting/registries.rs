//! Verbs about the registries of the organisation.

use super::Acting;
use crate::{
    Error, Result, registry,
    store::{RegistryRow, Subject},
    vault::Secret,
};
use berth_domain::{
    event::EventKind,
    ids::RegistryId,
    permission::Permission,
    registry::{RegistryView, SetRegistry},
};
use uuid::Uuid;

/// The most registries of an organisation.
const MOST: usize = 50;

impl Acting {
    /// The registries, without their passwords.
    pub async fn registries(&self) -> Result<Vec<RegistryView>> {
        self.require(Permission::Read)?;
        Ok(self.rows().registries().await?.into_iter().map(view).collect())
    }

    /// Adds a registry, once it has taken the credentials.
    pub async fn add_registry(&self, request: SetRegistry) -> Result<RegistryView> {
        self.write_registry(None, request).await
    }

    /// Changes a registry, once it has taken the credentials.
    pub async fn change_registry(&self, id: RegistryId, request: SetRegistry) -> Result<RegistryView> {
        self.write_registry(Some(id), request).await
    }

    async fn write_registry(&self, id: Option<RegistryId>, request: SetRegistry) -> Result<RegistryView> {
        self.require(Permission::Administer)?;
        let request = request.tidied();
        let before = self.rows().registries().await?;
        if id.is_none() && before.len() >= MOST {
            return Err(Error::conflict(format!("An organisation has at most {MOST} registries.")));
        }
        let old = match id {
            Some(id) => {
                Some(before.iter().find(|row| row.id == id).ok_or_else(|| Error::not_found("registry"))?)
            }
            None => None,
        };
        request.check()?;
        let secret = self.secret_for(&request, old)?;
        registry::try_out(&self.engine.config().private_hosts, &request, &secret).await?;
        let id = id.unwrap_or_else(|| RegistryId(Uuid::now_v7()));
        self.keep_registry(id, old.is_some(), request, &secret).await
    }

    /// The password that was given; or the one that is kept, which goes to nobody else than it was given for.
    fn secret_for(&self, request: &SetRegistry, old: Option<&RegistryRow>) -> Result<Secret> {
        if !request.secret.is_empty() {
            return Ok(Secret::new(request.secret.as_str()));
        }
        match old {
            Some(old) if old.address == request.address && old.username == request.username => {
                self.engine.registry_secret(old)
            }
            Some(_) => {
                Err(Error::invalid("secret", "Give the password again: it was for another address or user."))
            }
            None => Err(Error::invalid("secret", "The password or token is required.")),
        }
    }

    async fn keep_registry(
        &self,
        id: RegistryId,
        replace: bool,
        request: SetRegistry,
        secret: &Secret,
    ) -> Result<RegistryView> {
        let sealed = self.engine.vault().seal(&registry::place(id), secret.expose());
        let row = RegistryRow {
            id,
            sealed: sealed.map_err(|error| Error::internal("seal a credential", error))?,
            address: request.address,
            prefix: request.prefix,
            username: request.username,
            push: request.push,
            changed_by: self.actor.name.clone(),
            changed_at: self.engine.now(),
        };
        let taken = || "There are credentials for this address and prefix already: change those.".to_owned();
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        match replace {
            true if !rows.replace_registry(&row).await.map_err(|error| error.or_conflict(taken))? => {
                return Err(Error::not_found("registry"));
            }
            true => {}
            false => rows.insert_registry(&row).await.map_err(|error| error.or_conflict(taken))?,
        }
        let (kind, done) = match replace {
            true => (EventKind::RegistryChanged, "changed"),
            false => (EventKind::RegistryAdded, "added"),
        };
        let told = format!("The registry {} was {done}, for {}.", name(&row), row.username);
        write.record(self.tells(kind, Subject::organisation(), told));
        write.commit().await?;
        Ok(view(row))
    }

    /// Removes a registry; what was pulled from it stays.
    pub async fn delete_registry(&self, id: RegistryId) -> Result<()> {
        self.require(Permission::Administer)?;
        let row = self.rows().registries().await?.into_iter().find(|row| row.id == id);
        let row = row.ok_or_else(|| Error::not_found("registry"))?;
        let mut write = self.begin().await?;
        if !write.scoped(self.scope()).delete_registry(id).await? {
            return Err(Error::not_found("registry"));
        }
        let told = format!("The registry {} was removed.", name(&row));
        write.record(self.tells(EventKind::RegistryDeleted, Subject::organisation(), told));
        Ok(write.commit().await?)
    }
}

fn name(row: &RegistryRow) -> String {
    if row.prefix.is_empty() { row.address.clone() } else { format!("{}/{}", row.address, row.prefix) }
}

fn view(row: RegistryRow) -> RegistryView {
    RegistryView {
        id: row.id,
        address: row.address,
        prefix: row.prefix,
        username: row.username,
        push: row.push,
        changed_by: row.changed_by,
        changed_at: row.changed_at,
    }
}
