//! Verbs about the variables of previews. They are the only ones that previews get.

use super::{Acting, reach::service_in};
use crate::{
    Error, Result,
    previews::variable_place,
    store::{NewPreviewVariable, PreviewVariableRow, Subject},
    vault::Secret,
};
use berth_domain::{
    event::EventKind,
    permission::Permission,
    service::ServicePath,
    variable::{AgainstRunning, SetVariable, VariableView, check},
};
use uuid::Uuid;

impl Acting {
    /// The variables of a service's previews; values of plain ones only.
    pub async fn preview_variables(&self, path: &ServicePath) -> Result<Vec<VariableView>> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let saved = rows.preview_variables(service.id).await?;
        saved.into_iter().map(|row| self.preview_variable_view(row)).collect()
    }

    /// Sets a variable of previews; a preview gets it with its next deployment.
    pub async fn set_preview_variable(
        &self,
        path: &ServicePath,
        key: &str,
        request: SetVariable,
    ) -> Result<Vec<VariableView>> {
        self.require(Permission::Configure)?;
        check(key, &request.value)?;
        let (id, value) = (Uuid::now_v7(), Secret::new(request.value));
        let sealed = self.engine.vault().seal(&variable_place(id), value.expose());
        let sealed = sealed.map_err(|error| Error::internal("seal a variable of previews", error))?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        rows.hold_service(service.id).await?;
        rows.put_preview_variable(NewPreviewVariable {
            id,
            service: service.id,
            key: key.to_owned(),
            secret: request.secret,
            sealed,
            changed_by: self.actor.name.clone(),
        })
        .await?;
        let told = format!("Variable {key} of the previews of {path} was set.");
        write.record(self.tells(EventKind::PreviewVariableSet, Subject::service(service.id, path), told));
        write.commit().await?;
        self.preview_variables(path).await
    }

    /// Removes a variable of previews.
    pub async fn delete_preview_variable(&self, path: &ServicePath, key: &str) -> Result<Vec<VariableView>> {
        self.require(Permission::Configure)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if !rows.delete_preview_variable(service.id, key).await? {
            return Err(Error::not_found("variable"));
        }
        let told = format!("Variable {key} of the previews of {path} was removed.");
        write.record(self.tells(EventKind::PreviewVariableDeleted, Subject::service(service.id, path), told));
        write.commit().await?;
        self.preview_variables(path).await
    }

    fn preview_variable_view(&self, row: PreviewVariableRow) -> Result<VariableView> {
        let value = match row.secret {
            true => None,
            false => {
                let opened = self.engine.vault().unseal(&variable_place(row.id), &row.sealed);
                let opened = opened.map_err(|error| Error::internal("open a variable of previews", error))?;
                opened.expose_text().map(str::to_owned)
            }
        };
        Ok(VariableView {
            key: row.key,
            secret: row.secret,
            value,
            against_running: AgainstRunning::Same,
            changed_by: row.changed_by,
            changed_at: Some(row.changed_at),
        })
    }
}
