//! What is no HTTP: the program speaks first over TCP, as databases do, and answers datagrams.

use std::io::{Read, Result, Write};
use std::net::{Ipv6Addr, TcpStream, UdpSocket};
use std::thread;

use crate::routes::version;

/// Echoes over TCP and UDP from now on.
pub fn listen(port: u16) -> Result<()> {
    let listener = crate::listen(port)?;
    let socket =
        UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).or_else(|_| UdpSocket::bind(("0.0.0.0", port)))?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || echo(stream));
        }
    });
    thread::spawn(move || answer(&socket));
    Ok(())
}

fn echo(mut stream: TcpStream) -> Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(format!("{}\n", version()).as_bytes())?;
    let mut bytes = [0; 4096];
    loop {
        match stream.read(&mut bytes)? {
            0 => return Ok(()),
            count => stream.write_all(&bytes[..count])?,
        }
    }
}

fn answer(socket: &UdpSocket) {
    let mut bytes = [0; 2048];
    loop {
        let Ok((count, from)) = socket.recv_from(&mut bytes) else { continue };
        let answer = [version().as_bytes(), b" ", &bytes[..count]].concat();
        if let Err(error) = socket.send_to(&answer, from) {
            eprintln!("shipped: no answer to {from}: {error}");
        }
    }
}
