//! Certificates with a real authority (Pebble), a real name server and the real proxy.

mod clock;
mod given;
mod hundred;
mod issuing;
mod keeping;
mod kills;
mod others;
mod panel;
mod refusals;
mod zones;

use berth_tests::secure as fixture;
