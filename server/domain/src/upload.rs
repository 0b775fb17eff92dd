//! Source that comes as a tarball, without a git host.

use serde::{Deserialize, Serialize};

/// Source that was sent as a tarball.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// SHA-256 of the tarball, in hexadecimal.
    pub digest: String,
    /// Bytes of the tarball.
    pub size: u64,
    /// How many files it has.
    pub files: u64,
}

/// How a tarball is deployed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct UploadQuery {
    /// Build every step again.
    pub no_cache: bool,
}
