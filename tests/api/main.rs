//! Every verb over HTTP, on both databases, without Docker: what goes in, what comes out, who may, and what never
//! leaves.

mod account;
mod deployments;
mod domains;
mod events;
mod files;
mod fuzz;
mod fuzz_samples;
mod git;
mod hosts;
mod keys;
mod openapi;
mod panel;
mod permissions;
mod previews;
mod projects;
mod registries;
mod secrets;
mod services;
mod setup;
mod tenants;
mod uploads;
mod variables;
mod waiting;
mod watching;
mod webhooks;
