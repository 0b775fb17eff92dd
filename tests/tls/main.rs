//! Certificates with a real authority (Pebble), a real name server and the real proxy.

mod fixture;
mod given;
mod issuing;
mod keeping;
mod refusals;
mod zones;
