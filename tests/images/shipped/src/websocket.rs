//! A WebSocket that sends back what it gets: handshake, frames, SHA-1 and base64, without a crate.

use std::io::{BufReader, Read, Result, Write};
use std::net::TcpStream;

use crate::http::Request;
use crate::routes;

const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// Upgrades the connection and echoes until a close frame.
pub fn echo(request: &Request, reader: &mut BufReader<TcpStream>, stream: &mut TcpStream) -> Result<()> {
    let Some(key) = request.header("sec-websocket-key") else {
        return stream.write_all(b"HTTP/1.1 400 Error\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    };
    let accept = base64(&sha1(format!("{key}{GUID}").as_bytes()));
    write!(
        stream,
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-accept: {accept}\r\nx-version: {}\r\n\r\n",
        routes::version()
    )?;
    loop {
        let (first, payload) = read_frame(reader)?;
        match first & 0x0f {
            CLOSE => return write_frame(stream, 0x80 | CLOSE, &payload),
            PING => write_frame(stream, 0x80 | PONG, &payload)?,
            PONG => {}
            _ => write_frame(stream, first, &payload)?,
        }
    }
}

fn read_frame(reader: &mut impl Read) -> Result<(u8, Vec<u8>)> {
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let size = match head[1] & 0x7f {
        126 => {
            let mut long = [0; 2];
            reader.read_exact(&mut long)?;
            u64::from(u16::from_be_bytes(long))
        }
        127 => {
            let mut long = [0; 8];
            reader.read_exact(&mut long)?;
            u64::from_be_bytes(long)
        }
        short => u64::from(short),
    };
    let mut mask = [0; 4];
    if head[1] & 0x80 != 0 {
        reader.read_exact(&mut mask)?;
    }
    let mut payload = Vec::new();
    reader.take(size).read_to_end(&mut payload)?;
    payload.iter_mut().enumerate().for_each(|(at, byte)| *byte ^= mask[at % 4]);
    Ok((head[0], payload))
}

fn write_frame(stream: &mut TcpStream, first: u8, payload: &[u8]) -> Result<()> {
    let mut frame = vec![first];
    match payload.len() {
        short @ 0..=125 => frame.push(short as u8),
        medium @ 126..=0xffff => {
            frame.push(126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            frame.push(127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(payload);
    stream.write_all(&frame)
}

fn sha1(message: &[u8]) -> [u8; 20] {
    let mut state: [u32; 5] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
    let mut padded = message.to_vec();
    padded.push(0x80);
    while padded.len() % 64 != 56 {
        padded.push(0);
    }
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    for block in padded.chunks_exact(64) {
        mix(&mut state, block);
    }
    let mut digest = [0; 20];
    for (at, word) in state.iter().enumerate() {
        digest[at * 4..at * 4 + 4].copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn mix(state: &mut [u32; 5], block: &[u8]) {
    let mut words = [0u32; 80];
    for (at, bytes) in block.chunks_exact(4).enumerate() {
        words[at] = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for at in 16..80 {
        words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (at, word) in words.iter().enumerate() {
        let (f, k) = match at {
            0..=19 => ((b & c) | (!b & d), 0x5a827999),
            20..=39 => (b ^ c ^ d, 0x6ed9eba1),
            40..=59 => ((b & c) | (b & d) | (c & d), 0x8f1bbcdc),
            _ => (b ^ c ^ d, 0xca62c1d6),
        };
        let next = a.rotate_left(5).wrapping_add(f).wrapping_add(e).wrapping_add(k).wrapping_add(*word);
        (e, d, c, b, a) = (d, c, b.rotate_left(30), a, next);
    }
    for (total, part) in state.iter_mut().zip([a, b, c, d, e]) {
        *total = total.wrapping_add(part);
    }
}

fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0u32, |sum, byte| (sum << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let letter = ALPHABET[(group >> (18 - 6 * at)) as usize & 63] as char;
            out.push(if at > chunk.len() { '=' } else { letter });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_handshake_answers_as_in_the_standard() {
        let accept = base64(&sha1(format!("dGhlIHNhbXBsZSBub25jZQ=={GUID}").as_bytes()));
        assert_eq!(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
