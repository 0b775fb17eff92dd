//! Further processes of a service, as rows of fields.

use super::reading::{command, command_text, number};
use crate::api::{
    PanelError,
    service::forms::{invalid, name, optional},
};
use berth_domain::service::{Process, WEB};
use serde::{Deserialize, Serialize};

/// One process. A row whose name and command are empty is none, so that a row can be removed and a spare one be there
/// without any script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessRow {
    pub name: String,
    pub command: String,
    pub replicas: String,
}

impl ProcessRow {
    /// The row of a saved process.
    pub fn of(process: &Process) -> Self {
        Self {
            name: process.name.to_string(),
            command: command_text(Some(&process.command)),
            replicas: process.replicas.to_string(),
        }
    }

    /// The name of a field of the row at this place.
    pub fn field(row: usize, part: &str) -> String {
        format!("processes[{row}][{part}]")
    }

    fn is_empty(&self) -> bool {
        optional(&self.name).is_none() && optional(&self.command).is_none()
    }

    fn process(&self, row: usize) -> Result<Process, PanelError> {
        let at = |part| Self::field(row, part);
        let name = name(&at("name"), &self.name)?;
        let command = command(&at("command"), &self.command)?
            .ok_or_else(|| invalid(&at("command"), format!("The process {name} needs a command.")))?;
        let replicas = match optional(&self.replicas) {
            Some(text) => number(&at("replicas"), text)?,
            None => 1,
        };
        if !(1..=100).contains(&replicas) {
            return Err(invalid(&at("replicas"), "There are from 1 to 100 instances of a process."));
        }
        Ok(Process { name, command, replicas })
    }
}

/// The processes that were typed.
pub fn processes(rows: &[ProcessRow]) -> Result<Vec<Process>, PanelError> {
    let mut processes: Vec<Process> = Vec::new();
    for (row, typed) in rows.iter().enumerate().filter(|(_, typed)| !typed.is_empty()) {
        let process = typed.process(row)?;
        let name = process.name.as_str();
        if name == WEB || processes.iter().any(|other| other.name.as_str() == name) {
            let why = format!("A process called {name} is there already.");
            return Err(invalid(&ProcessRow::field(row, "name"), why));
        }
        processes.push(process);
    }
    Ok(processes)
}
