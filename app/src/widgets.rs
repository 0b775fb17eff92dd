//! Parts that know the domain's words and load nothing.

pub mod build_log;
mod chrome;
mod domain_form;
mod environment_section;
mod event_row;
pub mod log_view;
mod measured;
mod project_card;
mod service_row;
pub mod settings_form;
mod size_bar;
pub mod source_form;
mod state_badge;
pub mod stepper;
mod traffic;
pub mod variables;

pub use chrome::{Chrome, LoneFrame};
pub use domain_form::DomainFields;
pub use environment_section::EnvironmentSection;
pub use event_row::EventRow;
pub use measured::{MeasuredCell, MeasuredLine};
pub use project_card::ProjectCard;
pub use service_row::{ServiceRow, UrlLink};
pub use size_bar::{SizeBar, SizeLegend, SizePart};
pub use state_badge::{StateBadge, StatusBadge};
pub use traffic::TrafficSplit;
