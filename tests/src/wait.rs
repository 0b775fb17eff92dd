//! Patience: look again until it is so, and say what was seen last when it never is.

use anyhow::{Result, anyhow};
use std::{
    future::Future,
    time::{Duration, Instant},
};

/// How long most things may take.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Asks again and again until the answer is `Ok`, for [`PATIENCE`].
pub async fn eventually<T, F>(what: &str, ask: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    eventually_within(PATIENCE, what, ask).await
}

/// Asks again and again until the answer is `Ok`; fails with the last refusal after `deadline`.
pub async fn eventually_within<T, F>(deadline: Duration, what: &str, mut ask: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let started = Instant::now();
    let mut last = anyhow!("it was not asked in time");
    let mut pause = Duration::from_millis(10);
    while started.elapsed() < deadline {
        let left = deadline.saturating_sub(started.elapsed());
        match tokio::time::timeout(left, ask()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(refusal)) => last = refusal,
            Err(_) => break,
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(200));
    }
    Err(last.context(format!("after {:.1} s still not so: {what}", started.elapsed().as_secs_f32())))
}
