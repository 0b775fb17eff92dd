//! The pages of one service.

mod access;
mod build;
mod delete;
mod deploy;
mod deployments;
mod domain;
mod domains;
mod files;
pub mod follow;
pub mod frame;
mod logs;
mod new;
mod overview;
mod previews;
mod proxy;
mod remote;
mod rollback;
mod settings;
mod triggers;
mod variables;
mod volumes;
mod webhook;

pub use deployments::DeploymentsPage;
pub use domain::DomainPage;
pub use domains::DomainsPage;
pub use logs::LogsPage;
pub use new::NewServicePage;
pub use overview::OverviewPage;
pub use previews::PreviewsPage;
pub use proxy::ProxyPage;
pub use rollback::RollbackPage;
pub use settings::SettingsPage;
pub use variables::VariablesPage;
pub use volumes::VolumesPage;
