//! The pages: each knows its route and loads what it shows.

pub mod account;
pub mod deployment;
pub mod events;
pub mod gallery;
pub mod not_found;
pub mod project;
pub mod project_settings;
pub mod projects;
pub mod service;
pub mod setup;
pub mod sign_in;
