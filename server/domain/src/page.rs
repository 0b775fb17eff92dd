//! Lists that may be long.

use serde::{Deserialize, Serialize};

/// The part of a list that is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema, utoipa::IntoParams), into_params(parameter_in = Query))]
pub struct PageQuery {
    /// Continue after this cursor, as a former answer gave it.
    #[serde(default)]
    pub after: Option<String>,
    /// How many rows at the most: 1 to 200, 50 unless told.
    #[serde(default)]
    pub limit: Option<u16>,
    /// Only rows that contain this text.
    #[serde(default)]
    pub search: Option<String>,
}

impl PageQuery {
    /// The number of rows to read, within bounds.
    pub fn rows(&self) -> u64 {
        u64::from(self.limit.unwrap_or(50).clamp(1, 200))
    }
}

/// A part of a list, newest or first in order first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass as `after` for the next part; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), next: None }
    }
}
