//! Real Docker, real Traefik: what is shipped answers, what fails harms nothing, and no request is lost.

mod builds;
mod caching;
mod crashes;
mod disturbances;
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
mod probes;
mod queue;
mod registries;
mod remote;
mod rollback;
mod rollouts;
mod secrets;
mod shipping;
mod sites;
mod uploads;
mod waiting;
