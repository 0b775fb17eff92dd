//! The program that Berth's tests ship. It answers with the version in its environment and behaves as badly as asked:
//!
//! | variable | default | does |
//! |---|---|---|
//! | `PORT` | 8080 | where it listens |
//! | `VERSION` | `none` | body of `/` and the header `x-version` of every answer |
//! | `START_DELAY_MS` | 0 | listens only after this |
//! | `EXIT_AFTER_MS`, `EXIT_CODE` | -, 1 | ends by itself so long after its start (0: before it listens) |
//! | `NEVER_LISTEN` | - | stays alive without a port |
//! | `PROBE_STATUS` | 200 | status of `/healthz` |
//! | `TERM_MODE` | `exit` | on SIGTERM: `exit` at once, `graceful` (requests in flight end first), `ignore` |
//! | `ECHO_PORT` | - | beside: over TCP it says `VERSION` and a line end and echoes; over UDP it answers `VERSION`, a space, the datagram |
//! | `EAT_MB` | - | takes so much memory before it listens |
//!
//! Its arguments make it something else than a web server: `work` (a worker that only waits for SIGTERM), `end CODE TEXT`
//! (a command that prints and ends), `fill PATH MB` (a command that writes a file).
//!
//! Paths: `/`, `/healthz`, `/health?status=` (of `/healthz` from now on), `/slow?ms=`, `/env`, `/log?n=&text=&stream=`,
//! `/headers`, `/body`, `/sse?n=&ms=`, `/ws` (echo), `/read?path=`, `/write?path=&text=`, `/eat?mb=`,
//! `/connect?to=host:port`, `/fetch?from=host:port`, `/exit?code=`, `/host`, `/echo/...` (the path as it came).

mod echo;
mod http;
mod routes;
mod signals;
mod websocket;

use std::env;
use std::fs::File;
use std::io::Write;
use std::net::{Ipv6Addr, TcpListener};
use std::thread;
use std::time::Duration;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|text| text.trim().parse().ok())
}

fn pause(ms: u64) {
    thread::sleep(Duration::from_millis(ms));
}

fn end_later(ms: u64) {
    let code = number("EXIT_CODE").unwrap_or(1) as i32;
    let end = move || {
        eprintln!("shipped: ends by itself with {code}");
        std::process::exit(code)
    };
    if ms == 0 {
        end();
    }
    thread::spawn(move || {
        pause(ms);
        end()
    });
}

fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|_| TcpListener::bind(("0.0.0.0", port)))
}

/// Prints and ends, as a migration would.
fn end(code: &str, text: &str) -> ! {
    println!("shipped {}: {text}", routes::version());
    std::process::exit(code.parse().unwrap_or(1))
}

/// Writes zeros until the file has its size or the disk is full.
fn fill(path: &str, mb: &str) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    for _ in 0..mb.parse().unwrap_or(1) {
        file.write_all(&[0; 1 << 20])?;
    }
    file.sync_all()
}

fn wait_for_ever() -> ! {
    loop {
        pause(60_000);
    }
}

fn main() -> std::io::Result<()> {
    signals::watch(&env::var("TERM_MODE").unwrap_or_default());
    let arguments: Vec<_> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["work"] => {
            println!("shipped {}: works", routes::version());
            wait_for_ever()
        }
        ["end", code, text] => end(code, text),
        ["fill", path, mb] => return fill(path, mb),
        _ => {}
    }
    println!("shipped {}: starts", routes::version());
    if let Some(ms) = number("EXIT_AFTER_MS") {
        end_later(ms);
    }
    if let Some(mb) = number("EAT_MB") {
        routes::eat(mb);
    }
    pause(number("START_DELAY_MS").unwrap_or(0));
    if env::var_os("NEVER_LISTEN").is_some() {
        wait_for_ever();
    }
    if let Some(port) = number("ECHO_PORT") {
        echo::listen(port as u16)?;
    }
    let port = number("PORT").unwrap_or(8080) as u16;
    let listener = listen(port)?;
    println!("shipped {}: listens on {port}", routes::version());
    for stream in listener.incoming().flatten() {
        let _ = stream.set_nodelay(true);
        let spawned = thread::Builder::new().stack_size(256 * 1024).spawn(move || http::serve(stream));
        if let Err(error) = spawned {
            eprintln!("shipped: no thread for a connection: {error}");
        }
    }
    Ok(())
}
