//! Certificates with a real authority (Pebble), a real name server and the real proxy.

use berth_tests::secure as fixture;

mod given;
mod issuing;
mod keeping;
mod panel;
mod refusals;
