//! Authorities that give certificates, and how many orders Berth still allows itself there.

use crate::permission::text_enum;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

text_enum! {
    /// What an authority is for.
    AuthorityRole {
        /// It is asked for every certificate.
        First = "first",
        /// It is asked when the first one gives none for a reason that is not the domain's.
        Fallback = "fallback",
        /// New domains are tried there before a real one is asked: what fails there costs nothing.
        Staging = "staging",
    }
}

/// How many orders are left of those that Berth allows itself in a window of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Allowance {
    pub left: u32,
    pub most: u32,
    /// In so many hours.
    pub window_hours: u32,
    /// When there is one more; none while all are left.
    pub refills_at: Option<DateTime<Utc>>,
}

/// What is left for the names of one registered domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DomainAllowance {
    /// What somebody registered: `example.co.uk` for `shop.example.co.uk`.
    pub domain: String,
    /// First certificates of its names; renewals do not count.
    pub orders: Allowance,
}

/// An authority, and what is left of the organisation's budget there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuthorityView {
    pub role: AuthorityRole,
    /// The address of its ACME directory.
    pub directory: String,
    /// Orders of the organisation's account, whatever they are for.
    pub orders: Allowance,
    pub domains: Vec<DomainAllowance>,
}

/// The host of a directory's address, by which people know an authority.
pub fn host_of(directory: &str) -> &str {
    let rest = directory.split_once("://").map_or(directory, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_goes_by_its_host() {
        assert_eq!(host_of("https://acme.example.org/v2/directory"), "acme.example.org");
        assert_eq!(host_of("https://127.0.0.1:14000/dir"), "127.0.0.1:14000");
    }
}
