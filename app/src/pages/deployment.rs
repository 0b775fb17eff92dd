//! The page of one deployment.
use leptos::prelude::*;

/// One deployment.
#[component]
pub fn DeploymentPage() -> impl IntoView {}
