//! Variables: what an instance finds in its environment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The largest value, in bytes: what Linux passes as one environment string (MAX_ARG_STRLEN), less the key.
pub const MAX_VALUE: usize = 120 * 1024;

/// Whether a text can be the key of a variable: letters, digits and underscores, not starting with a digit.
pub fn is_key(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Says what is wrong with a key and a value, if anything.
pub fn check(key: &str, value: &str) -> Result<(), (&'static str, String)> {
    if !is_key(key) {
        return Err((
            "key",
            format!("{key:?} is not a key: letters, digits and underscores, not starting with a digit."),
        ));
    }
    if value.contains('\0') {
        return Err(("value", format!("The value of {key} has a NUL byte, which no process can receive.")));
    }
    if value.len() > MAX_VALUE {
        return Err((
            "value",
            format!("The value of {key} has {} bytes; {MAX_VALUE} is the most.", value.len()),
        ));
    }
    Ok(())
}

/// How a saved variable stands against what runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AgainstRunning {
    /// What runs has the same value, or nothing runs.
    Same,
    /// What runs has another value: a restart is needed.
    Changed,
    /// What runs does not have it: a restart is needed.
    Added,
    /// What runs has it, and it is no longer saved: a restart is needed.
    Removed,
}

/// A variable; the value is there only when it is not a secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VariableView {
    pub key: String,
    pub secret: bool,
    /// The value of a plain variable; always absent for a secret.
    pub value: Option<String>,
    pub against_running: AgainstRunning,
    /// Who changed it last.
    pub changed_by: String,
    pub changed_at: Option<DateTime<Utc>>,
}

/// All variables of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VariablesView {
    pub variables: Vec<VariableView>,
    pub restart_needed: bool,
}

/// Sets one variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetVariable {
    pub value: String,
    /// Never shown unasked; true unless told.
    #[serde(default = "yes")]
    pub secret: bool,
}

fn yes() -> bool {
    true
}

/// Reads a dotenv text into the service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ImportVariables {
    pub dotenv: String,
    /// Remove what the text does not have.
    #[serde(default)]
    pub replace: bool,
    /// Whether variables that are new become secrets; what exists keeps its kind.
    #[serde(default = "yes")]
    pub secret: bool,
}

/// One value, revealed on request; the reading is in the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RevealedVariable {
    pub key: String,
    pub value: String,
}

/// All values as a dotenv text; the reading is in the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExportedVariables {
    pub dotenv: String,
}
