//! The panel in a real browser, as people use it.

mod access;
mod certificates;
mod fixture;
mod journey;
mod rollouts;
mod screenshots;
mod without_script;
