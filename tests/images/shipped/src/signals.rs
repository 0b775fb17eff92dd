//! SIGTERM. The first process of a container ignores it unless it has a handler of its own.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

static STOPPING: AtomicBool = AtomicBool::new(false);
static IN_FLIGHT: AtomicUsize = AtomicUsize::new(0);

const SIGTERM: i32 = 15;

// The C library is linked by std in any case; these three lines save a dependency.
unsafe extern "C" {
    fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
    fn _exit(code: i32) -> !;
}

extern "C" fn exit_at_once(_: i32) {
    // SAFETY: `_exit` is async-signal-safe and does not return.
    unsafe { _exit(0) }
}

extern "C" fn remember(_: i32) {
    STOPPING.store(true, Ordering::SeqCst);
}

extern "C" fn ignore(_: i32) {}

/// Installs the behaviour that `TERM_MODE` names.
pub fn watch(mode: &str) {
    let handler: extern "C" fn(i32) = match mode {
        "graceful" => remember,
        "ignore" => ignore,
        _ => exit_at_once,
    };
    // SAFETY: the handlers only store an atomic or call `_exit`, both async-signal-safe.
    unsafe { signal(SIGTERM, handler) };
    if mode == "graceful" {
        thread::spawn(leave_when_idle);
    }
}

fn leave_when_idle() {
    while !stopping() {
        crate::pause(20);
    }
    println!("shipped: stops when {} requests are answered", IN_FLIGHT.load(Ordering::SeqCst));
    crate::pause(200);
    while IN_FLIGHT.load(Ordering::SeqCst) > 0 {
        crate::pause(20);
    }
    std::process::exit(0)
}

/// True after SIGTERM in graceful mode: answers then close their connection.
pub fn stopping() -> bool {
    STOPPING.load(Ordering::SeqCst)
}

/// Counts a request for as long as it lives.
pub struct InFlight;

impl InFlight {
    /// Counts one more.
    pub fn begin() -> Self {
        IN_FLIGHT.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        IN_FLIGHT.fetch_sub(1, Ordering::SeqCst);
    }
}
