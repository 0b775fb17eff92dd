//! The pages of one service.

#[cfg(feature = "ssr")]
mod access;
#[cfg(feature = "ssr")]
mod build;
#[cfg(feature = "ssr")]
mod delete;
mod deploy;
mod deployments;
#[cfg(feature = "ssr")]
mod domain;
mod domains;
mod files;
pub mod follow;
pub mod frame;
mod logs;
#[cfg(feature = "ssr")]
mod new;
mod overview;
#[cfg(feature = "ssr")]
mod previews;
#[cfg(feature = "ssr")]
mod proxy;
mod remote;
#[cfg(feature = "ssr")]
mod rollback;
#[cfg(feature = "ssr")]
mod settings;
#[cfg(feature = "ssr")]
mod triggers;
mod variables;
mod volumes;
#[cfg(feature = "ssr")]
mod webhook;

pub use deployments::DeploymentsPage;
pub use domains::DomainsPage;
pub use logs::LogsPage;
pub use overview::OverviewPage;
pub use variables::VariablesPage;
pub use volumes::VolumesPage;
#[cfg(feature = "ssr")]
pub use {
    domain::DomainPage, new::NewServicePage, previews::PreviewsPage, proxy::ProxyPage,
    rollback::RollbackPage, settings::SettingsPage,
};
