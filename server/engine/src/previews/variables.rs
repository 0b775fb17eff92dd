//! The variables of previews on their way into a preview's service.

use crate::{
    Engine, Error, Result,
    store::{NewVariable, Writing},
    vault::Row,
};
use berth_domain::ids::{ServiceId, VariableId};
use uuid::Uuid;

/// Where the value of a variable of previews is sealed.
pub(crate) fn place(id: Uuid) -> Row {
    Row::new("preview_variables", id, "sealed")
}

impl Engine {
    /// Gives a preview's service the variables of previews, and takes away what else it had.
    pub(super) async fn copy_preview_variables(
        &self,
        rows: &Writing<'_>,
        parent: ServiceId,
        child: ServiceId,
    ) -> Result<()> {
        let wanted = rows.preview_variables(parent).await?;
        let has = rows.variables(child).await?;
        for old in has.iter().filter(|old| !wanted.iter().any(|new| new.key == old.key)) {
            rows.delete_variable(child, &old.key).await?;
        }
        for variable in wanted {
            let value = self.vault().unseal(&place(variable.id), &variable.sealed);
            let value = value.map_err(|error| Error::internal("open a variable of previews", error))?;
            let digest = self.digest(child, value.expose());
            let old = has.iter().find(|old| old.key == variable.key);
            if old.is_some_and(|old| old.digest == digest && old.secret == variable.secret) {
                continue;
            }
            let id = old.map_or_else(|| VariableId(Uuid::now_v7()), |old| old.id);
            let sealed = self.vault().seal(&Row::new("variables", id.0, "sealed"), value.expose());
            let new = NewVariable {
                id,
                service: child,
                key: variable.key,
                secret: variable.secret,
                sealed: sealed.map_err(|error| Error::internal("seal a variable", error))?,
                digest,
                changed_by: variable.changed_by,
            };
            match old {
                Some(_) => rows.replace_variable(new).await.map(drop)?,
                None => rows.insert_variable(new).await?,
            }
        }
        Ok(())
    }
}
