//! The pages of one service.

mod access;
mod build;
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
mod new;
mod overview;
#[cfg(feature = "ssr")]
mod ports;
#[cfg(feature = "ssr")]
mod previews;
#[cfg(feature = "ssr")]
mod proxy;
mod remote;
mod rollback;
mod settings;
mod triggers;
mod variables;
mod volumes;
mod webhook;

pub use deployments::DeploymentsPage;
#[cfg(feature = "ssr")]
pub use domain::DomainPage;
pub use domains::DomainsPage;
pub use logs::LogsPage;
pub use new::NewServicePage;
pub use overview::OverviewPage;
#[cfg(feature = "ssr")]
pub use previews::PreviewsPage;
#[cfg(feature = "ssr")]
pub use proxy::ProxyPage;
pub use rollback::RollbackPage;
pub use settings::SettingsPage;
pub use variables::VariablesPage;
pub use volumes::VolumesPage;

#[cfg(not(feature = "ssr"))]
pub use super::still::{StillPage as DomainPage, StillPage as PreviewsPage, StillPage as ProxyPage};
