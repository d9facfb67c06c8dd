//! A bare client: what the server takes from one that does nothing but send.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::cpu_nanos;

/// Sends one load of `bytes` bytes to the BE on `port` and waits for the answer; prints seconds and CPU seconds.
pub(crate) fn feed(port: u16, bytes: u64) -> io::Result<()> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let piece = vec![b'x'; 1 << 20];
    let (begin, cpu) = (Instant::now(), cpu_nanos()?);
    write!(
        stream,
        "PUT /api/bare/client/_stream_load HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {bytes}\r\nConnection: close\r\n\r\n"
    )?;
    let mut left = bytes;
    while left > 0 {
        let here = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
        stream.write_all(&piece[..here])?;
        left -= here as u64;
    }
    let mut answer = [0; 4096];
    let length = stream.read(&mut answer)?;
    let text = String::from_utf8_lossy(&answer[..length]);
    if !text.contains("Success") {
        return Err(io::Error::other(format!("the server answered {text:?}")));
    }
    println!("{:.6} {:.6}", begin.elapsed().as_secs_f64(), (cpu_nanos()? - cpu) as f64 / 1e9);
    Ok(())
}
