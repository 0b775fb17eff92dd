//! Certificates with a real authority (Pebble), a real name server and the real proxy.

mod clock;
mod fixture;
mod given;
mod hundred;
mod issuing;
mod keeping;
mod kills;
mod others;
mod refusals;
mod zones;
