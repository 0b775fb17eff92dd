//! The pages of one service.
use leptos::prelude::*;

/// NewServicePage.
#[component]
pub fn NewServicePage() -> impl IntoView {}

/// OverviewPage.
#[component]
pub fn OverviewPage() -> impl IntoView {}

/// DeploymentsPage.
#[component]
pub fn DeploymentsPage() -> impl IntoView {}

/// LogsPage.
#[component]
pub fn LogsPage() -> impl IntoView {}

/// VariablesPage.
#[component]
pub fn VariablesPage() -> impl IntoView {}

/// DomainsPage.
#[component]
pub fn DomainsPage() -> impl IntoView {}

/// VolumesPage.
#[component]
pub fn VolumesPage() -> impl IntoView {}

/// SettingsPage.
#[component]
pub fn SettingsPage() -> impl IntoView {}

/// RollbackPage.
#[component]
pub fn RollbackPage() -> impl IntoView {}
