//! Previews: a pull request in an environment of its own, with its own network, volumes, host name and variables. What a
//! host tells and what is found by asking end in the same two steps, [`Engine::run_preview`] and
//! [`Engine::remove_preview`]; whoever takes one holds the turn of the service (`hook_locks`).

mod check;
mod comment;
mod gone;
mod host;
mod make;
mod pin;
mod request;
mod variables;

pub(crate) use check::{goes_at, run};
pub(crate) use comment::tell;
pub(crate) use request::Outcome;
pub(crate) use variables::place as variable_place;

use tokio::sync::Notify;

/// What wakes the reconciler before its time.
#[derive(Default)]
pub(crate) struct Previews {
    pub(crate) check: Notify,
}
