//! The state of Berth itself.

use serde::{Deserialize, Serialize};

/// Whether one of the parts works, or why not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PartHealth {
    pub ok: bool,
    /// Why not, in words; the version when it works.
    pub detail: String,
}

/// `/health`: each part that Berth depends on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    pub ok: bool,
    pub version: String,
    pub store: PartHealth,
    pub docker: PartHealth,
    pub proxy: PartHealth,
}
