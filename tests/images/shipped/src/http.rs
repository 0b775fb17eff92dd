//! As much HTTP/1.1 as a reverse proxy and a load generator speak.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::net::TcpStream;

use crate::signals::{self, InFlight};
use crate::{routes, websocket};

/// What was asked.
pub struct Request {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    http10: bool,
}

impl Request {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the query, percent-decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=')?;
            (key == name).then(|| decoded(value))
        })
    }

    /// The same as a number.
    pub fn number(&self, name: &str) -> Option<u64> {
        self.parameter(name)?.parse().ok()
    }

    fn wants_close(&self) -> bool {
        let connection = self.header("connection").unwrap_or("").to_ascii_lowercase();
        connection.contains("close") || (self.http10 && !connection.contains("keep-alive"))
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What is answered.
pub struct Answer {
    pub status: u16,
    pub kind: &'static str,
    pub body: Vec<u8>,
}

impl Answer {
    /// Status 200 with text.
    pub fn text(body: impl Into<String>) -> Self {
        Self { status: 200, kind: "text/plain; charset=utf-8", body: body.into().into_bytes() }
    }

    /// Status 200 with JSON.
    pub fn json(body: String) -> Self {
        Self { status: 200, kind: "application/json", body: body.into_bytes() }
    }

    /// The same with another status.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}

/// Answers requests on one connection until either side has enough.
pub fn serve(stream: TcpStream) {
    let Ok(reading) = stream.try_clone() else { return };
    let mut reader = BufReader::new(reading);
    let mut stream = stream;
    while let Ok(Some(request)) = read_request(&mut reader) {
        let _counted = InFlight::begin();
        match request.path.as_str() {
            "/ws" => {
                let _ = websocket::echo(&request, &mut reader, &mut stream);
                return;
            }
            "/sse" => {
                let _ = routes::events(&request, &mut stream);
                return;
            }
            _ => {}
        }
        let answer = routes::answer(&request);
        let close = request.wants_close() || signals::stopping();
        if write_answer(&mut stream, &request, &answer, close).is_err() || close {
            return;
        }
    }
}

fn read_line(reader: &mut impl BufRead) -> Result<Option<String>> {
    let mut line = Vec::new();
    if reader.take(64 * 1024).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
}

fn read_request(reader: &mut BufReader<TcpStream>) -> Result<Option<Request>> {
    let Some(line) = read_line(reader)? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let http10 = words.next() == Some("HTTP/1.0");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        http10,
    };
    while let Some(line) = read_line(reader)? {
        let Some((name, value)) = line.split_once(':') else { break };
        request.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    request.body = read_body(&request, reader)?;
    Ok(Some(request))
}

fn read_body(request: &Request, reader: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if request.header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        while let Some(line) = read_line(reader)? {
            let size = u64::from_str_radix(line.split(';').next().unwrap_or("0").trim(), 16).unwrap_or(0);
            reader.by_ref().take(size).read_to_end(&mut body)?;
            read_line(reader)?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(size) = request.header("content-length").and_then(|text| text.parse().ok()) {
        reader.by_ref().take(size).read_to_end(&mut body)?;
    }
    Ok(body)
}

fn write_answer(stream: &mut TcpStream, request: &Request, answer: &Answer, close: bool) -> Result<()> {
    let head = format!(
        "HTTP/1.1 {} {}\r\ncontent-type: {}\r\ncontent-length: {}\r\nx-version: {}\r\nconnection: {}\r\n\r\n",
        answer.status,
        if answer.status < 400 { "OK" } else { "Error" },
        answer.kind,
        answer.body.len(),
        routes::version(),
        if close { "close" } else { "keep-alive" },
    );
    let mut bytes = head.into_bytes();
    if request.method != "HEAD" {
        bytes.extend_from_slice(&answer.body);
    }
    stream.write_all(&bytes)
}
