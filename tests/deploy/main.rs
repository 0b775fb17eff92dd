//! Real Docker, real Traefik: what is shipped answers, what fails harms nothing, and no request is lost.

mod crashes;
mod failures;
mod files;
mod fixture;
mod git;
mod isolation;
mod keeping;
mod logs;
mod powers;
mod probes;
mod queue;
mod rollouts;
mod secrets;
mod shipping;
