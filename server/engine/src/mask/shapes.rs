//! The shapes in which a secret is printed.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::SHORTEST;

/// Every shape of a value that is long enough to be looked for.
pub(super) fn of(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut shapes = Vec::new();
    for part in parts(secret) {
        shapes.push(part.to_vec());
        shapes.push(percent_encoded(part, false));
        shapes.push(percent_encoded(part, true));
        shapes.push(in_json(part));
        shapes.push(hex::encode(part).into_bytes());
        shapes.push(hex::encode_upper(part).into_bytes());
        shapes.extend(in_base64(part));
    }
    // The whole of a value with several lines, as an encoder sees it.
    if parts(secret).count() > 1 {
        shapes.push(in_json(secret));
        shapes.push(percent_encoded(secret, false));
        shapes.extend(in_base64(secret));
    }
    shapes.retain(|shape| shape.len() >= SHORTEST);
    shapes
}

/// The value's lines, since a log has lines; their indentation is not the secret.
fn parts(secret: &[u8]) -> impl Iterator<Item = &[u8]> {
    secret
        .split(|&b| b == b'\n')
        .map(<[u8]>::trim_ascii)
        .filter(|line| line.len() >= SHORTEST && !is_frame(line))
}

/// `-----BEGIN PRIVATE KEY-----` is no secret, and hiding it would hide what went wrong.
fn is_frame(line: &[u8]) -> bool {
    line.starts_with(b"-----BEGIN ") || line.starts_with(b"-----END ")
}

fn percent_encoded(bytes: &[u8], plus_for_space: bool) -> Vec<u8> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = Vec::with_capacity(bytes.len() * 3);
    for &byte in bytes {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(byte),
            b' ' if plus_for_space => out.push(b'+'),
            _ => out.extend([b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
        }
    }
    out
}

fn in_json(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let quoted = serde_json::Value::String(text.into_owned()).to_string();
    quoted.as_bytes()[1..quoted.len() - 1].to_vec()
}

/// The letters that are the same wherever the value stands in an encoded text: for each offset within a group of three
/// bytes, without the first and last letters that its neighbours take part in.
fn in_base64(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut shapes = Vec::new();
    for offset in 0..3usize {
        let mut padded = vec![0u8; offset];
        padded.extend_from_slice(bytes);
        let skip = [0, 2, 3][offset];
        let end = padded.len() / 3 * 4 + [0, 1, 2][padded.len() % 3];
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            if let Some(shape) = encoded.as_bytes().get(skip..end) {
                shapes.push(shape.to_vec());
            }
        }
    }
    // A short value has few letters of its own in the middle of a text; shorter than this they would hit by chance.
    shapes.retain(|shape| shape.len() >= SHORTEST);
    shapes
}
