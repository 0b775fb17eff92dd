//! The panel in a real browser, as people use it.

mod access;
mod certificates;
mod fixture;
mod journey;
mod push;
mod rollouts;
mod screenshots;
mod typed;
mod without_script;
