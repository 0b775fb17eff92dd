//! Real Docker, real Traefik: what is shipped answers, what fails harms nothing, and no request is lost.

mod builds;
mod crashes;
mod disturbances;
mod domain;
mod domain_changes;
mod domains;
mod failures;
mod files;
mod fixture;
mod foreign;
mod git;
mod isolation;
mod keeping;
mod left;
mod logs;
mod outages;
mod powers;
mod previews;
mod probes;
mod queue;
mod remote;
mod rollback;
mod rollouts;
mod secrets;
mod shipping;
mod waiting;
