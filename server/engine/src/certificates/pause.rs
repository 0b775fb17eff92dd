//! A place to stop for the tests that kill Berth between two steps of an order.

/// Waits for ever before the step whose number the environment names. Only in builds for tests.
#[cfg(debug_assertions)]
pub(super) async fn pause_for_a_test(words: &str) {
    use std::sync::atomic::{AtomicU64, Ordering};
    static STEPS: AtomicU64 = AtomicU64::new(0);
    let named = std::env::var("BERTH_PAUSE_BEFORE_ORDER_STEP").ok();
    let Some(wanted) = named.and_then(|text| text.parse::<u64>().ok()) else {
        return;
    };
    let number = STEPS.fetch_add(1, Ordering::Relaxed);
    if number == wanted {
        tracing::info!("Paused before step {number} of an order: {words}.");
        std::future::pending().await
    }
}

#[cfg(not(debug_assertions))]
#[expect(clippy::unused_async, reason = "the same call in builds for tests waits")]
pub(super) async fn pause_for_a_test(_words: &str) {}
