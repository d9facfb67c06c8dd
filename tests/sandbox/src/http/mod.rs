//! HTTP/1.1 over blocking sockets, by hand: the server decides about each byte, also the wrong ones.

pub mod body;
pub mod response;

use crate::net::Stream;
use std::io::{self, Read, Write};

const HEAD_LIMIT: usize = 256 * 1024;

/// The head of a request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Method, as sent.
    pub method: String,
    /// Path and query, as sent.
    pub target: String,
    /// Whether it is HTTP/1.1.
    pub is_http11: bool,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Number of the request in the server's log.
    pub number: u64,
}

impl Request {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The path without the query, in its decoded segments.
    pub fn segments(&self) -> Vec<String> {
        let path = self.target.split('?').next().unwrap_or_default();
        path.split('/').filter(|s| !s.is_empty()).map(decoded).collect()
    }

    /// A parameter of the query, decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?')?.1;
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        pairs.into_iter().find(|(n, _)| decoded(n) == name).map(|(_, v)| decoded(v))
    }

    /// Whether the client waits for `100 Continue`.
    pub fn expects_continue(&self) -> bool {
        self.is_http11 && self.header("expect").is_some_and(|v| v.eq_ignore_ascii_case("100-continue"))
    }

    /// User and password of Basic authentication.
    pub fn credentials(&self) -> Option<(String, String)> {
        use base64::Engine as _;
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let bytes = base64::engine::general_purpose::STANDARD.decode(token.trim()).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let (user, password) = text.split_once(':')?;
        Some((user.to_owned(), password.to_owned()))
    }
}

/// Percent decoding; what is no valid pair stays as it is.
fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// A connection with what was read ahead.
#[derive(Debug)]
pub struct Connection {
    /// The stream below.
    pub stream: Stream,
    buffer: Vec<u8>,
    at: usize,
}

impl Connection {
    /// Nothing read yet.
    pub fn new(stream: Stream) -> Self {
        Self { stream, buffer: Vec::new(), at: 0 }
    }

    /// Reads the next request's head; `None` at the end of the connection.
    pub fn request(&mut self) -> io::Result<Option<Request>> {
        loop {
            let mut headers = [httparse::EMPTY_HEADER; 128];
            let mut parsed = httparse::Request::new(&mut headers);
            match parsed.parse(&self.buffer[self.at..]) {
                Ok(httparse::Status::Complete(length)) => {
                    let request = Request {
                        method: parsed.method.unwrap_or_default().to_owned(),
                        target: parsed.path.unwrap_or_default().to_owned(),
                        is_http11: parsed.version == Some(1),
                        headers: parsed
                            .headers
                            .iter()
                            .map(|h| {
                                (h.name.to_ascii_lowercase(), String::from_utf8_lossy(h.value).into_owned())
                            })
                            .collect(),
                        number: 0,
                    };
                    self.at += length;
                    return Ok(Some(request));
                }
                Ok(httparse::Status::Partial) if self.buffer.len() - self.at < HEAD_LIMIT => {}
                Ok(httparse::Status::Partial) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "request head is too long"));
                }
                Err(e) => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, format!("bad request head: {e}")));
                }
            }
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Reads more bytes into the buffer.
    fn fill(&mut self) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            self.buffer.clear();
            self.at = 0;
        }
        let old = self.buffer.len();
        self.buffer.resize(old + 64 * 1024, 0);
        let read = self.stream.read(&mut self.buffer[old..]);
        self.buffer.truncate(old + read.as_ref().map_or(0, |n| *n));
        read
    }

    /// Writes and flushes.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }
}

/// Reads of fewer bytes go by way of the buffer.
const AHEAD: usize = 4096;

impl Read for Connection {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.at == self.buffer.len() {
            if out.len() >= AHEAD {
                return self.stream.read(out);
            }
            // The lines between chunks are read byte by byte.
            self.fill()?;
        }
        let ready = &self.buffer[self.at..];
        let n = ready.len().min(out.len());
        out[..n].copy_from_slice(&ready[..n]);
        self.at += n;
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_targets() {
        let request = Request { target: "/api/d%20b/t/x?label=a%2Fb&n".into(), ..Request::default() };
        assert_eq!(request.segments(), ["api", "d b", "t", "x"]);
        assert_eq!(request.parameter("label").as_deref(), Some("a/b"));
        assert_eq!(request.parameter("n").as_deref(), Some(""));
        assert_eq!(decoded("100%zz%"), "100%zz%");
    }

    #[test]
    fn reads_credentials() {
        let with = |value: &str| Request {
            headers: vec![("authorization".into(), value.into())],
            ..Request::default()
        };
        assert_eq!(with("Basic cm9vdDo=").credentials(), Some(("root".into(), String::new())));
        assert_eq!(with("Basic cm9vdDphOmI=").credentials(), Some(("root".into(), "a:b".into())));
        assert_eq!(with("Bearer x").credentials(), None);
        assert_eq!(with("Basic ???").credentials(), None);
    }
}
