//! Parts that know the domain's words and load nothing.

mod chrome;
mod environment_section;
mod event_row;
mod project_card;
mod service_row;
mod state_badge;

pub use chrome::{Chrome, LoneFrame};
pub use environment_section::EnvironmentSection;
pub use event_row::EventRow;
pub use project_card::ProjectCard;
pub use service_row::{ServiceRow, UrlLink};
pub use state_badge::{StateBadge, StatusBadge};
