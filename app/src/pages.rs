//! The pages: each knows its route and loads what it shows.

#[cfg(feature = "ssr")]
pub mod account;
#[cfg(feature = "ssr")]
pub mod certificates;
pub mod deployment;
pub mod disk;
pub mod events;
#[cfg(feature = "ssr")]
pub mod gallery;
#[cfg(feature = "ssr")]
pub mod git_hosts;
pub mod not_found;
pub mod project;
#[cfg(feature = "ssr")]
pub mod project_settings;
pub mod projects;
#[cfg(feature = "ssr")]
pub mod registries;
pub mod service;
#[cfg(feature = "ssr")]
pub mod setup;
#[cfg(feature = "ssr")]
pub mod sign_in;
#[cfg(not(feature = "ssr"))]
mod still;

/// The pages that the browser's part has only the way to; see [`crate::boot::is_still`].
#[cfg(feature = "ssr")]
mod kept {
    pub use super::{
        account::AccountPage,
        certificates::CertificatesPage,
        gallery::GalleryPage,
        git_hosts::{
            AppInstalledPage, AppMadePage, ChooseRepositoryPage, GitHostsPage, MakeAppPage, RepositoriesPage,
        },
        project_settings::ProjectSettingsPage,
        registries::RegistriesPage,
        service::{DomainPage, NewServicePage, PreviewsPage, ProxyPage, RollbackPage, SettingsPage},
        setup::SetupPage,
        sign_in::SignInPage,
    };
}
#[cfg(not(feature = "ssr"))]
mod kept {
    pub use super::still::{
        StillPage as AccountPage, StillPage as AppInstalledPage, StillPage as AppMadePage,
        StillPage as CertificatesPage, StillPage as ChooseRepositoryPage, StillPage as GitHostsPage,
        StillPage as MakeAppPage, StillPage as RepositoriesPage, StillPage as DomainPage,
        StillPage as GalleryPage, StillPage as NewServicePage, StillPage as PreviewsPage,
        StillPage as ProjectSettingsPage, StillPage as ProxyPage, StillPage as RegistriesPage,
        StillPage as RollbackPage, StillPage as SettingsPage, StillPage as SetupPage,
        StillPage as SignInPage,
    };
}
pub use kept::*;

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
