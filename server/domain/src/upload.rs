//! Source or an image that comes as a tarball, without a git host or a registry.

use serde::{Deserialize, Serialize};

/// Source or an image that was sent as a tarball.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Upload {
    /// SHA-256 of the tarball, in hexadecimal.
    pub digest: String,
    /// Bytes of the tarball.
    pub size: u64,
    /// How many files it has, or layers.
    pub files: u64,
    /// It is an image as `docker save` writes it, and not source.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub image: bool,
}

/// How a tarball is deployed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
#[serde(default)]
pub struct UploadQuery {
    /// Build every step again.
    pub no_cache: bool,
    /// It is an image as `docker save` writes it: it is loaded, and nothing is built.
    pub image: bool,
}
