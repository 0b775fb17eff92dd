//! Every requirement that the product owes by now is guarded by a test that names it.

use crate::source::{none, rust};
use anyhow::Result;

/// The requirements that the product owes by now.
const OWED: [&str; 65] = [
    "R-SEC-1", "R-SEC-1b", "R-SEC-2", "R-SEC-2c", "R-SEC-3", "R-SEC-5", "R-SEC-7", "R-SEC-8", "R-SEC-12",
    "R-DEP-1", "R-DEP-1d", "R-DEP-2", "R-DEP-3", "R-HC-1", "R-HC-2", "R-HC-4", "R-Q-1", "R-Q-3", "R-Q-4",
    "R-RB-1", "R-RB-3", "R-DISK-3", "R-LOG-1", "R-LOG-2", "R-LOG-4", "R-ENV-1", "R-ENV-2", "R-ENV-3",
    "R-TRF-3", "R-GIT-1", "R-GIT-2", "R-ACC-1", "R-GIT-3", "R-GIT-4", "R-GIT-5", "R-SEC-11", "R-VOL-1",
    "R-VOL-2", "R-NET-1", "R-NET-2", "R-ORP-1", "R-ORP-2", "R-BLD-1", "R-RB-2", "R-TRF-1", "R-TRF-4",
    "R-DEP-1b", "R-DEP-1c", "R-HC-3", "R-Q-2", "R-TLS-1", "R-TLS-2", "R-TLS-3", "R-TLS-4", "R-TLS-5",
    "R-TLS-6", "R-PRV-1", "R-PRV-2", "R-PRV-3", "R-PRV-4", "R-DISK-2", "R-BLD-3", "R-SEC-9", "R-SEC-10",
    "R-API-2",
];

#[test]
fn every_owed_requirement_is_named_by_a_test() -> Result<()> {
    let files = rust()?;
    let tests = files.iter().filter(|file| {
        !file.is_in(&["tests/tidy"]) && (file.is_in(&["tests"]) || file.text.contains("#[cfg(test)]"))
    });
    let text: String = tests.map(|file| file.text.as_str()).collect();
    let named = |id: &str| {
        let function = format!("{}_", id.to_lowercase().replace('-', "_"));
        crate::source::has_word(&text, id)
            || text.contains(&format!("fn {function}"))
            || text.contains(&format!("_{function}"))
    };
    none(
        "requirements without a test",
        OWED.iter().filter(|id| !named(id)).map(|id| (*id).to_owned()).collect(),
    )
}
