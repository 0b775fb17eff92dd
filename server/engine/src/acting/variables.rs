//! Verbs about variables.

use super::Acting;
use crate::Result;
use berth_domain::{
    service::ServicePath,
    variable::{ExportedVariables, ImportVariables, RevealedVariable, SetVariable, VariablesView},
};

impl Acting {
    /// All variables of a service; values of plain ones only.
    pub async fn variables(&self, _path: &ServicePath) -> Result<VariablesView> {
        todo!()
    }

    /// Sets one variable.
    pub async fn set_variable(
        &self,
        _path: &ServicePath,
        _key: &str,
        _request: SetVariable,
    ) -> Result<VariablesView> {
        todo!()
    }

    /// Removes one variable.
    pub async fn delete_variable(&self, _path: &ServicePath, _key: &str) -> Result<VariablesView> {
        todo!()
    }

    /// Reads a dotenv text into the service.
    pub async fn import_variables(
        &self,
        _path: &ServicePath,
        _request: ImportVariables,
    ) -> Result<VariablesView> {
        todo!()
    }

    /// All values as a dotenv text; audited.
    pub async fn export_variables(&self, _path: &ServicePath) -> Result<ExportedVariables> {
        todo!()
    }

    /// One value; audited.
    pub async fn reveal_variable(&self, _path: &ServicePath, _key: &str) -> Result<RevealedVariable> {
        todo!()
    }
}
