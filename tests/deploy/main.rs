//! Real Docker, real Traefik: what is shipped answers, what fails harms nothing, and no request is lost.

mod builds;
mod canaries;
mod crashes;
mod disturbances;
mod drills;
mod failures;
mod files;
mod fixture;
mod foreign;
mod git;
mod hostile;
mod isolation;
mod keeping;
mod left;
mod logs;
mod outages;
mod powers;
mod probes;
mod queue;
mod remote;
mod rollback;
mod rollouts;
mod secrets;
mod shipping;
mod sources;
mod waiting;
