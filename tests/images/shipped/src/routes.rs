//! What each path answers.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Result, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use crate::http::{Answer, Request};
use crate::{number, pause, signals};

/// The version in the environment.
pub fn version() -> &'static str {
    static VERSION: OnceLock<String> = OnceLock::new();
    VERSION.get_or_init(|| env::var("VERSION").unwrap_or_else(|_| "none".to_owned()))
}

/// Answers every path but the streams.
pub fn answer(request: &Request) -> Answer {
    match request.path.as_str() {
        "/" => Answer::text(version()),
        "/healthz" => Answer::text("healthz").with_status(health()),
        "/health" => set_health(request),
        "/slow" => {
            pause(request.number("ms").unwrap_or(1000));
            Answer::text(version())
        }
        "/env" => Answer::json(environment()),
        "/headers" => Answer::json(object(request.headers.iter().map(|(k, v)| (k.as_str(), v.as_str())))),
        "/body" => Answer { status: 200, kind: "application/octet-stream", body: request.body.clone() },
        "/host" => Answer::text(fs::read_to_string("/etc/hostname").unwrap_or_default()),
        path if path.starts_with("/echo/") => Answer::text(path),
        "/log" => log(request),
        "/read" => read_file(request),
        "/write" => write_file(request),
        "/connect" => connect(request),
        "/fetch" => fetch(request),
        "/eat" => eat(request.number("mb").unwrap_or(64)),
        "/exit" => {
            eprintln!("shipped: was asked to end");
            std::process::exit(request.number("code").unwrap_or(1) as i32)
        }
        _ => Answer::text("no such path").with_status(404),
    }
}

/// What `/healthz` answers from now on; 0 means what the environment says.
static HEALTH: AtomicU16 = AtomicU16::new(0);

fn health() -> u16 {
    match HEALTH.load(Ordering::SeqCst) {
        0 => number("PROBE_STATUS").unwrap_or(200) as u16,
        set => set,
    }
}

fn set_health(request: &Request) -> Answer {
    HEALTH.store(request.number("status").unwrap_or(0) as u16, Ordering::SeqCst);
    Answer::text(health().to_string())
}

fn outcome(result: Result<String>) -> Answer {
    match result {
        Ok(text) => Answer::text(text),
        Err(error) => Answer::text(error.to_string()).with_status(500),
    }
}

/// The bytes as they are.
fn read_file(request: &Request) -> Answer {
    match fs::read(request.parameter("path").unwrap_or_default()) {
        Ok(body) => Answer { status: 200, kind: "application/octet-stream", body },
        Err(error) => Answer::text(error.to_string()).with_status(500),
    }
}

fn write_file(request: &Request) -> Answer {
    let path = request.parameter("path").unwrap_or_default();
    outcome(fs::write(path, request.parameter("text").unwrap_or_default()).map(|()| "written".to_owned()))
}

/// Can this container open a connection there?
fn connect(request: &Request) -> Answer {
    let to = request.parameter("to").unwrap_or_default();
    outcome(to.to_socket_addrs().and_then(|mut found| {
        let address = found.next().ok_or(std::io::ErrorKind::NotFound)?;
        TcpStream::connect_timeout(&address, Duration::from_secs(2)).map(|_| "connected".to_owned())
    }))
}

/// What does a service answer there at `/`?
fn fetch(request: &Request) -> Answer {
    let from = request.parameter("from").unwrap_or_default();
    let fetched = TcpStream::connect(&from).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_secs(2)))?;
        write!(stream, "GET / HTTP/1.0\r\nhost: {from}\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or(answer))
    });
    outcome(fetched)
}

/// Touches every page, or the kernel would not count it.
pub fn eat(mb: u64) -> Answer {
    let eaten = vec![1u8; (mb as usize) << 20];
    std::mem::forget(eaten);
    Answer::text("eaten")
}

fn log(request: &Request) -> Answer {
    let n = request.number("n").unwrap_or(1);
    let text = request.parameter("text").unwrap_or_else(|| "line".to_owned());
    let to_stderr = request.parameter("stream").as_deref() == Some("stderr");
    let mut out: Box<dyn Write> =
        if to_stderr { Box::new(std::io::stderr().lock()) } else { Box::new(std::io::stdout().lock()) };
    let mut block = Vec::with_capacity(64 * 1024);
    for line in 1..=n {
        let _ = writeln!(block, "{text} {line}");
        if block.len() > 60_000 || line == n {
            let _ = out.write_all(&block);
            block.clear();
        }
    }
    let _ = out.flush();
    Answer::text(n.to_string())
}

/// The environment as JSON; what is not UTF-8 comes as U+FFFD.
fn environment() -> String {
    let pairs: Vec<_> = env::vars_os()
        .map(|(key, value)| (key.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
        .collect();
    object(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())))
}

fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let members: Vec<_> = pairs.map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    format!("{{{}}}", members.join(","))
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            control if (control as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// Server-sent events: `n` of them, `ms` apart; 0 means until the other side leaves or SIGTERM.
pub fn events(request: &Request, stream: &mut TcpStream) -> Result<()> {
    let (n, ms) = (request.number("n").unwrap_or(0), request.number("ms").unwrap_or(100));
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\nx-version: {}\r\nconnection: close\r\n\r\n",
        version()
    )?;
    let mut sent = 0;
    while (n == 0 || sent < n) && !(n == 0 && signals::stopping()) {
        sent += 1;
        write!(stream, "id: {sent}\ndata: {} {sent}\n\n", version())?;
        pause(ms);
    }
    Ok(())
}
