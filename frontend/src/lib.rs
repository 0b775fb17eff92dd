//! The browser's entry: brings the page that the server rendered to life.

use berth_app::{App, boot::Boot};
use leptos::prelude::*;
use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the shell's script once the program has loaded.
#[wasm_bindgen]
pub fn hydrate() {
    #[cfg(debug_assertions)]
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(|| {
        if let Some(boot) = Boot::from_document() {
            provide_context(boot);
        }
        view! { <App/> }
    });
    // Says that buttons work by now, for whoever drives the page.
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "true");
    }
}
