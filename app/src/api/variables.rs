//! Variables: listed, set, deleted, read in and written out.

use super::PanelError;
#[cfg(feature = "ssr")]
use super::service::forms;
use berth_domain::{
    service::ServicePath,
    variable::{ExportedVariables, RevealedVariable, VariablesView},
};
use leptos::prelude::*;

/// All variables of a service; values of plain ones only.
#[server(prefix = "/panel", endpoint = "variables")]
pub async fn load_variables(path: ServicePath) -> Result<VariablesView, PanelError> {
    Ok(super::acting().await?.variables(&path).await?)
}

/// Sets one variable.
#[server(prefix = "/panel", endpoint = "variable_set")]
pub async fn set_variable(
    path: String,
    key: String,
    #[server(default)] value: String,
    /// `plain` for a value that anybody who may read may see.
    #[server(default)]
    kind: String,
) -> Result<VariablesView, PanelError> {
    use berth_domain::variable::SetVariable;
    let request = SetVariable { value: forms::text_area(&value), secret: kind != "plain" };
    let key = key.trim();
    berth_domain::variable::check(key, &request.value).map_err(|(field, why)| forms::invalid(field, why))?;
    let path = forms::path(&path)?;
    let variables = super::acting().await?.set_variable(&path, key, request).await?;
    super::done(&format!("/projects/{path}/variables"), "variable-set");
    Ok(variables)
}

/// Removes one variable.
#[server(prefix = "/panel", endpoint = "variable_delete")]
pub async fn delete_variable(path: String, key: String) -> Result<VariablesView, PanelError> {
    let path = forms::path(&path)?;
    let variables = super::acting().await?.delete_variable(&path, &key).await?;
    super::done(&format!("/projects/{path}/variables"), "variable-deleted");
    Ok(variables)
}

/// Reads a dotenv text into the service.
#[server(prefix = "/panel", endpoint = "variables_import")]
pub async fn import_variables(
    path: String,
    #[server(default)] dotenv: String,
    /// `replace` removes what the text does not have.
    #[server(default)]
    mode: String,
    /// `plain` for new variables that are no secrets.
    #[server(default)]
    kind: String,
) -> Result<VariablesView, PanelError> {
    use berth_domain::variable::ImportVariables;
    let dotenv = forms::text_area(&dotenv);
    let request = ImportVariables { dotenv, replace: mode == "replace", secret: kind != "plain" };
    let path = forms::path(&path)?;
    let variables = super::acting().await?.import_variables(&path, request).await?;
    super::done(&format!("/projects/{path}/variables"), "variables-imported");
    Ok(variables)
}

/// All values as a dotenv text; audited.
#[server(prefix = "/panel", endpoint = "variables_export")]
pub async fn export_variables(path: String) -> Result<ExportedVariables, PanelError> {
    Ok(super::acting().await?.export_variables(&forms::path(&path)?).await?)
}

/// One value; audited.
#[server(prefix = "/panel", endpoint = "variable_reveal")]
pub async fn reveal_variable(path: String, key: String) -> Result<RevealedVariable, PanelError> {
    Ok(super::acting().await?.reveal_variable(&forms::path(&path)?, &key).await?)
}
