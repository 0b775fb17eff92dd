//! One line on disk.
//!
//! `size u32 | sum u32 | nanoseconds i64 | stream u8 | origin length u8 | origin | text | size u32`, little endian. The size
//! stands at both ends so that a log is read in both directions without an index; the sum tells a torn record.

use super::NewLine;
use berth_domain::log::{LogLine, LogStream};
use chrono::{DateTime, Utc};

const HEAD: usize = 18;
const TAIL: usize = 4;
/// Longer lines are split.
pub const MAX_TEXT: usize = 64 << 10;
const MAX_ORIGIN: usize = 255;
const MIN_RECORD: usize = HEAD + TAIL;
/// No record is larger.
pub const MAX_RECORD: usize = MIN_RECORD + MAX_ORIGIN + MAX_TEXT;

/// The first and the last moment of some lines, in nanoseconds. Lines of several instances are only nearly in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    pub first: i64,
    pub last: i64,
}

impl Span {
    /// Of no lines at all.
    pub const EMPTY: Self = Self { first: i64::MAX, last: i64::MIN };

    /// Takes another moment in.
    pub fn include(&mut self, at: i64) {
        self.first = self.first.min(at);
        self.last = self.last.max(at);
    }

    /// Takes another span in.
    pub fn merge(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Why there is no record at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The bytes end before the record does.
    Short,
    /// The bytes are no record.
    Broken,
}

/// A record as it lies in a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    pub at: i64,
    pub stream: LogStream,
    pub origin: &'a [u8],
    pub text: &'a [u8],
    pub size: usize,
}

impl Record<'_> {
    /// The line that it is, given the position behind it.
    pub fn line(&self, cursor: u64) -> LogLine {
        LogLine {
            cursor,
            at: DateTime::from_timestamp_nanos(self.at),
            stream: self.stream,
            origin: String::from_utf8_lossy(self.origin).into_owned(),
            text: String::from_utf8_lossy(self.text).into_owned(),
        }
    }
}

/// A moment as the log keeps it.
pub fn nanoseconds(at: DateTime<Utc>) -> i64 {
    let bound = if at.timestamp() < 0 { i64::MIN } else { i64::MAX };
    at.timestamp_nanos_opt().unwrap_or(bound)
}

/// Appends a line, in pieces when it is longer than a record may be.
pub fn encode(out: &mut Vec<u8>, line: &NewLine) -> Span {
    let at = nanoseconds(line.at);
    let origin = &line.origin.as_bytes()[..line.origin.floor_char_boundary(MAX_ORIGIN)];
    let mut rest: &[u8] = &line.text;
    loop {
        let (piece, more) = rest.split_at(piece_length(rest));
        encode_piece(out, at, line.stream, origin, piece);
        rest = more;
        if rest.is_empty() {
            return Span { first: at, last: at };
        }
    }
}

/// Not inside a character, when there are characters.
fn piece_length(text: &[u8]) -> usize {
    if text.len() <= MAX_TEXT {
        return text.len();
    }
    let is_inside = |at: &usize| text[*at] & 0xC0 == 0x80;
    (MAX_TEXT - 3..=MAX_TEXT).rev().find(|at| !is_inside(at)).unwrap_or(MAX_TEXT)
}

fn encode_piece(out: &mut Vec<u8>, at: i64, stream: LogStream, origin: &[u8], text: &[u8]) {
    let start = out.len();
    let size = (MIN_RECORD + origin.len() + text.len()) as u32;
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&at.to_le_bytes());
    out.push(match stream {
        LogStream::Out => 0,
        LogStream::Err => 1,
        LogStream::Berth => 2,
    });
    out.push(origin.len() as u8);
    out.extend_from_slice(origin);
    out.extend_from_slice(text);
    let sum = checksum(&out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&sum.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
}

/// The record at the beginning of the bytes.
pub fn first(bytes: &[u8]) -> Result<Record<'_>, Cut> {
    let size = size_at(bytes, 0).ok_or(Cut::Short)?;
    if !(MIN_RECORD..=MAX_RECORD).contains(&size) {
        return Err(Cut::Broken);
    }
    decode(bytes.get(..size).ok_or(Cut::Short)?)
}

/// The record at the end of the bytes.
pub fn last(bytes: &[u8]) -> Result<Record<'_>, Cut> {
    let tail = bytes.len().checked_sub(TAIL).ok_or(Cut::Short)?;
    let size = size_at(bytes, tail).ok_or(Cut::Short)?;
    if !(MIN_RECORD..=MAX_RECORD).contains(&size) {
        return Err(Cut::Broken);
    }
    decode(&bytes[bytes.len().checked_sub(size).ok_or(Cut::Short)?..])
}

/// Whether the record that ends (or begins) these bytes is whole; costs a look at each byte.
pub fn is_sound(bytes: &[u8]) -> bool {
    let Some(sum) = size_at(bytes, 4) else { return false };
    bytes.len() >= MIN_RECORD && checksum(&bytes[8..bytes.len() - TAIL]) as usize == sum
}

fn decode(bytes: &[u8]) -> Result<Record<'_>, Cut> {
    let size = bytes.len();
    let origin_end = HEAD + usize::from(bytes[17]);
    let text_end = size - TAIL;
    if size_at(bytes, 0) != Some(size) || size_at(bytes, text_end) != Some(size) || origin_end > text_end {
        return Err(Cut::Broken);
    }
    let stream = match bytes[16] {
        0 => LogStream::Out,
        1 => LogStream::Err,
        2 => LogStream::Berth,
        _ => return Err(Cut::Broken),
    };
    let mut at = [0; 8];
    at.copy_from_slice(&bytes[8..16]);
    let (origin, text) = (&bytes[HEAD..origin_end], &bytes[origin_end..text_end]);
    Ok(Record { at: i64::from_le_bytes(at), stream, origin, text, size })
}

fn size_at(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]) as usize)
}

/// FNV-1a over words of eight bytes: tells torn from whole, not friend from foe.
fn checksum(bytes: &[u8]) -> u32 {
    const PRIME: u64 = 0x0100_0000_01b3;
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325 ^ bytes.len() as u64;
    let mut words = bytes.chunks_exact(8);
    for word in &mut words {
        let mut eight = [0; 8];
        eight.copy_from_slice(word);
        sum = (sum ^ u64::from_le_bytes(eight)).wrapping_mul(PRIME).rotate_left(23);
    }
    for byte in words.remainder() {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(PRIME);
    }
    (sum ^ (sum >> 32)) as u32
}
