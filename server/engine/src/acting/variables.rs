//! Verbs about variables.

use super::{
    Acting,
    reach::service_in,
    service_view::{compare, files_differ, needs_restart},
};
use crate::{
    Error, Result,
    store::{NewVariable, ServiceRow, Subject, VariableRow, Write, Writing},
    vault::{Row, Secret},
};
use berth_domain::{
    dotenv,
    event::EventKind,
    ids::VariableId,
    permission::Permission,
    release::ReleaseSpec,
    service::ServicePath,
    variable::{
        AgainstRunning, ExportedVariables, ImportVariables, RevealedVariable, SetVariable, VariableView,
        VariablesView, check,
    },
};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

impl Acting {
    /// All variables of a service; values of plain ones only.
    pub async fn variables(&self, path: &ServicePath) -> Result<VariablesView> {
        self.require(Permission::Read)?;
        let rows = self.rows();
        let service = service_in(&rows, path).await?;
        let saved = rows.variables(service.id).await?;
        let live = rows.live_spec(service.live_deployment).await?.map(|(_, spec)| spec);
        let nothing = BTreeMap::new();
        let running = live.as_ref().map_or(&nothing, |spec| &spec.variables);
        let mut against = compare(running, &saved);
        let mut variables = Vec::new();
        for row in &saved {
            let stands = against.remove(row.key.as_str()).filter(|_| live.is_some());
            variables.push(self.variable_view(row, stands.unwrap_or(AgainstRunning::Same))?);
        }
        variables.extend(against.into_keys().map(gone));
        variables.sort_by(|a, b| a.key.cmp(&b.key));
        let files = rows.files(service.id).await?;
        let differs =
            |spec: &ReleaseSpec| needs_restart(spec, &service.settings, &saved) || files_differ(spec, &files);
        let restart_needed = live.as_ref().is_some_and(differs);
        Ok(VariablesView { variables, restart_needed })
    }

    fn variable_view(&self, row: &VariableRow, against_running: AgainstRunning) -> Result<VariableView> {
        let value = if row.secret { None } else { Some(self.open_variable(row)?) };
        Ok(VariableView {
            key: row.key.clone(),
            secret: row.secret,
            value,
            against_running,
            changed_by: row.changed_by.clone(),
            changed_at: Some(row.changed_at),
        })
    }

    fn open_variable(&self, row: &VariableRow) -> Result<String> {
        let sealed = self.engine.vault().unseal(&place(row.id), &row.sealed);
        let value = sealed.map_err(|error| Error::internal("open a variable", error))?;
        let text = std::str::from_utf8(value.expose());
        text.map(str::to_owned).map_err(|error| Error::internal("read a variable", error))
    }

    /// Sets one variable.
    pub async fn set_variable(
        &self,
        path: &ServicePath,
        key: &str,
        request: SetVariable,
    ) -> Result<VariablesView> {
        self.require(Permission::Configure)?;
        check(key, &request.value)?;
        let (mut write, service, saved) = self.hold_variables(path).await?;
        let old = saved.iter().find(|row| row.key == key);
        let value = Secret::new(request.value);
        let wish = Wish { key, secret: request.secret, value: &value };
        if self.put(&write.scoped(self.scope()), &service, old, wish).await? {
            let told = format!("Variable {key} of {path} was set.");
            write.record(self.tells(EventKind::VariableSet, Subject::service(service.id, path), told));
            write.commit().await?;
        } else {
            drop(write);
        }
        self.variables(path).await
    }

    /// A transaction in which nobody else changes the service's variables.
    async fn hold_variables(&self, path: &ServicePath) -> Result<(Write, ServiceRow, Vec<VariableRow>)> {
        let write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        rows.hold_service(service.id).await?;
        let saved = rows.variables(service.id).await?;
        drop(rows);
        Ok((write, service, saved))
    }

    /// Writes one variable; answers whether anything changed.
    async fn put(
        &self,
        rows: &Writing<'_>,
        service: &ServiceRow,
        old: Option<&VariableRow>,
        wish: Wish<'_>,
    ) -> Result<bool> {
        let Wish { key, secret, value } = wish;
        let digest = self.engine.digest(service.id, value.expose());
        if old.is_some_and(|old| old.digest == digest && old.secret == secret) {
            return Ok(false);
        }
        let id = old.map_or_else(|| VariableId(Uuid::now_v7()), |old| old.id);
        let sealed = self.engine.vault().seal(&place(id), value.expose());
        let new = NewVariable {
            id,
            service: service.id,
            key: key.to_owned(),
            secret,
            sealed: sealed.map_err(|error| Error::internal("seal a variable", error))?,
            digest,
            changed_by: self.actor.name.clone(),
        };
        match old {
            Some(_) => rows.replace_variable(new).await.map(drop)?,
            None => rows.insert_variable(new).await.map_err(|error| {
                error.or_conflict(|| {
                    format!("Somebody else has just set {key}. Look at it, and set it again.")
                })
            })?,
        }
        Ok(true)
    }

    /// Removes one variable.
    pub async fn delete_variable(&self, path: &ServicePath, key: &str) -> Result<VariablesView> {
        self.require(Permission::Configure)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        if !rows.delete_variable(service.id, key).await? {
            return Err(Error::not_found("variable"));
        }
        let told = format!("Variable {key} of {path} was removed.");
        write.record(self.tells(EventKind::VariableDeleted, Subject::service(service.id, path), told));
        write.commit().await?;
        self.variables(path).await
    }

    /// Reads a dotenv text into the service.
    pub async fn import_variables(
        &self,
        path: &ServicePath,
        request: ImportVariables,
    ) -> Result<VariablesView> {
        self.require(Permission::Configure)?;
        let pairs = dotenv::parse(&request.dotenv).map_err(|error| Error::invalid("dotenv", error))?;
        let (mut write, service, saved) = self.hold_variables(path).await?;
        let rows = write.scoped(self.scope());
        let mut set = Vec::new();
        for (key, value) in &pairs {
            let old = saved.iter().find(|row| row.key == *key);
            let secret = old.map_or(request.secret, |old| old.secret);
            let value = Secret::new(value.as_bytes());
            if self.put(&rows, &service, old, Wish { key, secret, value: &value }).await? {
                set.push(key.as_str());
            }
        }
        let mut removed = Vec::new();
        if request.replace {
            let kept: BTreeSet<&str> = pairs.iter().map(|(key, _)| key.as_str()).collect();
            for row in saved.iter().filter(|row| !kept.contains(row.key.as_str())) {
                rows.delete_variable(service.id, &row.key).await?;
                removed.push(row.key.as_str());
            }
        }
        drop(rows);
        if !set.is_empty() || !removed.is_empty() {
            let told = format!("Variables of {path} were imported: {}.", imported(&set, &removed));
            write.record(self.tells(EventKind::VariablesImported, Subject::service(service.id, path), told));
            write.commit().await?;
        } else {
            drop(write);
        }
        self.variables(path).await
    }

    /// All values as a dotenv text; audited.
    pub async fn export_variables(&self, path: &ServicePath) -> Result<ExportedVariables> {
        self.require(Permission::Reveal)?;
        let (mut write, service, saved) = self.hold_variables(path).await?;
        let mut pairs = Vec::new();
        for row in &saved {
            pairs.push((row.key.as_str(), self.open_variable(row)?));
        }
        let dotenv = dotenv::print(pairs.iter().map(|(key, value)| (*key, value.as_str())));
        let told = format!("The {} variables of {path} were exported with their values.", pairs.len());
        write.record(self.tells(EventKind::VariablesExported, Subject::service(service.id, path), told));
        write.commit().await?;
        Ok(ExportedVariables { dotenv })
    }

    /// One value; audited.
    pub async fn reveal_variable(&self, path: &ServicePath, key: &str) -> Result<RevealedVariable> {
        self.require(Permission::Reveal)?;
        let mut write = self.begin().await?;
        let rows = write.scoped(self.scope());
        let service = service_in(&rows, path).await?;
        let row = rows.variable(service.id, key).await?.ok_or_else(|| Error::not_found("variable"))?;
        let value = self.open_variable(&row)?;
        let told = format!("The value of {key} of {path} was revealed.");
        write.record(self.tells(EventKind::VariableRevealed, Subject::service(service.id, path), told));
        write.commit().await?;
        Ok(RevealedVariable { key: row.key, value })
    }
}

/// What a variable is to be.
struct Wish<'a> {
    key: &'a str,
    secret: bool,
    value: &'a Secret,
}

/// Where a variable's value is sealed.
fn place(id: VariableId) -> Row {
    Row::new("variables", id.0, "sealed")
}

/// A key that only what runs has.
fn gone(key: &str) -> VariableView {
    VariableView {
        key: key.to_owned(),
        secret: true,
        value: None,
        against_running: AgainstRunning::Removed,
        changed_by: String::new(),
        changed_at: None,
    }
}

fn imported(set: &[&str], removed: &[&str]) -> String {
    let part = |what: &str, keys: &[&str]| match keys.len() {
        0 => None,
        1..=20 => Some(format!("{what} {}", keys.join(", "))),
        many => Some(format!("{what} {} and {} more", keys[..20].join(", "), many - 20)),
    };
    [part("set", set), part("removed", removed)].into_iter().flatten().collect::<Vec<_>>().join("; ")
}
