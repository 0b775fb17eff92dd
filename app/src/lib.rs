//! Berth's panel: what the server renders and the browser brings to life.
//!
//! `pages` know routes and load data; `widgets` know the domain and load nothing; `components` know neither.
//! `api` holds the server functions and is the only module that names the engine.
#![recursion_limit = "256"]

pub mod api;
pub mod app;
pub mod boot;
pub mod components;
pub mod live;
pub mod pages;
#[cfg(feature = "ssr")]
pub mod ssr;
pub mod widgets;

pub use app::App;
