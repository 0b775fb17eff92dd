//! The pages: each knows its route and loads what it shows.

pub mod account;
#[cfg(feature = "ssr")]
pub mod certificates;
pub mod deployment;
pub mod disk;
pub mod events;
pub mod gallery;
#[cfg(feature = "ssr")]
pub mod git_hosts;
pub mod not_found;
pub mod project;
pub mod project_settings;
pub mod projects;
#[cfg(feature = "ssr")]
pub mod registries;
pub mod service;
pub mod setup;
pub mod sign_in;
#[cfg(not(feature = "ssr"))]
mod still;

/// Pages that the browser's part does not have; see [`crate::boot::is_still`].
#[cfg(not(feature = "ssr"))]
pub mod certificates {
    pub use super::still::StillPage as CertificatesPage;
}
#[cfg(not(feature = "ssr"))]
pub mod git_hosts {
    pub use super::still::{
        StillPage as GitHostsPage, StillPage as MakeAppPage, StillPage as AppMadePage,
        StillPage as AppInstalledPage, StillPage as RepositoriesPage, StillPage as ChooseRepositoryPage,
    };
}
#[cfg(not(feature = "ssr"))]
pub mod registries {
    pub use super::still::StillPage as RegistriesPage;
}

use crate::boot::Boot;
use berth_domain::permission::Permission;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

/// A part of the address, such as the project's name.
pub fn param(name: &'static str) -> Memo<String> {
    let params = use_params_map();
    Memo::new(move |_| params.with(|params| params.get(name).unwrap_or_default()))
}

/// Whether the viewer's role allows that. The server decides; this only leaves out what it would refuse.
pub fn may(permission: Permission) -> bool {
    Boot::current().viewer.is_some_and(|viewer| viewer.role.allows(permission))
}
