//! As much of HTTP/1.1 as the two connectors' clients need.

use std::io::{self, Read, Write};
use std::net::TcpStream;

/// What is read at once: large, so that system calls don't count.
const BUFFER: usize = 1 << 20;
const HEAD_LIMIT: usize = 64 << 10;

/// How a request's body is framed.
#[derive(Clone, Copy)]
enum Framing {
    Length(u64),
    Chunked,
}

/// A request's head.
pub(crate) struct Head {
    pub(crate) method: String,
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    framing: Framing,
}

impl Head {
    /// A header's value, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// A parameter of the path's query, as it is.
    pub(crate) fn query(&self, name: &str) -> Option<&str> {
        let (_, query) = self.path.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    fn parse(text: &str) -> Option<Head> {
        let mut lines = text.split("\r\n");
        let mut request = lines.next()?.split(' ');
        let (method, path) = (request.next()?.to_owned(), request.next()?.to_owned());
        let mut headers = Vec::new();
        for line in lines.filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut head = Head { method, path, headers, framing: Framing::Length(0) };
        if head.header("transfer-encoding").is_some_and(|how| how.eq_ignore_ascii_case("chunked")) {
            head.framing = Framing::Chunked;
        } else if let Some(length) = head.header("content-length") {
            head.framing = Framing::Length(length.parse().ok()?);
        }
        Some(head)
    }
}

/// A client's connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    begin: usize,
    end: usize,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: vec![0; BUFFER], begin: 0, end: 0 })
    }

    /// The next request's head; `None` when the client has closed.
    pub(crate) fn head(&mut self) -> io::Result<Option<Head>> {
        let mut text = Vec::new();
        while !text.ends_with(b"\r\n\r\n") {
            match self.byte()? {
                Some(byte) if text.len() < HEAD_LIMIT => text.push(byte),
                None if text.is_empty() => return Ok(None),
                _ => return Err(wrong("a request's head that doesn't end")),
            }
        }
        let text = String::from_utf8(text).map_err(|_| wrong("a request's head that is not UTF-8"))?;
        Head::parse(&text).map(Some).ok_or_else(|| wrong("a request's head that is none"))
    }

    /// Lets a client that asked first send its body.
    pub(crate) fn let_continue(&mut self, head: &Head) -> io::Result<()> {
        if head.header("expect").is_some() {
            self.stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        Ok(())
    }

    /// Takes the body and drops it; its length without framing.
    pub(crate) fn drop_body(&mut self, head: &Head) -> io::Result<u64> {
        match head.framing {
            Framing::Length(length) => {
                self.drop_bytes(length)?;
                Ok(length)
            }
            Framing::Chunked => {
                let mut sum = 0;
                loop {
                    let line = self.line()?;
                    let size = line.split(';').next().unwrap_or("").trim();
                    let size = u64::from_str_radix(size, 16).map_err(|_| wrong("a chunk without a size"))?;
                    if size == 0 {
                        while !self.line()?.is_empty() {}
                        return Ok(sum);
                    }
                    self.drop_bytes(size)?;
                    sum += size;
                    self.line()?;
                }
            }
        }
    }

    /// Answers; `close` says so to the client, and the caller then drops the connection.
    pub(crate) fn answer(&mut self, status: &str, extra: &str, body: &str, close: bool) -> io::Result<()> {
        let connection = if close { "close" } else { "keep-alive" };
        let text = format!(
            "HTTP/1.1 {status}\r\n{extra}Content-Type: application/json\r\nContent-Length: {}\r\nConnection: {connection}\r\n\r\n{body}",
            body.len()
        );
        self.stream.write_all(text.as_bytes())
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        loop {
            match self.byte()? {
                Some(b'\n') => break,
                Some(byte) if line.len() < HEAD_LIMIT => line.push(byte),
                _ => return Err(wrong("a line that doesn't end")),
            }
        }
        line.pop_if(|last| *last == b'\r');
        String::from_utf8(line).map_err(|_| wrong("a line that is not UTF-8"))
    }

    fn byte(&mut self) -> io::Result<Option<u8>> {
        if self.begin == self.end && !self.fill()? {
            return Ok(None);
        }
        self.begin += 1;
        Ok(Some(self.buffer[self.begin - 1]))
    }

    fn drop_bytes(&mut self, mut count: u64) -> io::Result<()> {
        while count > 0 {
            if self.begin == self.end && !self.fill()? {
                return Err(wrong("a body that is cut off"));
            }
            let here = usize::try_from(count).unwrap_or(usize::MAX).min(self.end - self.begin);
            self.begin += here;
            count -= here as u64;
        }
        Ok(())
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.begin = 0;
        self.end = self.stream.read(&mut self.buffer)?;
        Ok(self.end > 0)
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    fn receive(request: &'static [u8]) -> (Connection, std::thread::JoinHandle<TcpStream>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let client = std::thread::spawn(move || {
            let mut stream = TcpStream::connect(address).unwrap();
            stream.write_all(request).unwrap();
            stream
        });
        (Connection::new(listener.accept().unwrap().0).unwrap(), client)
    }

    #[test]
    fn bodies_are_counted_without_their_framing_and_the_next_request_is_found() {
        let (mut connection, client) = receive(
            b"PUT /a?label=x1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n\
              PUT /b HTTP/1.1\r\nLabel: y\r\ncontent-length: 3\r\n\r\nabcGET /c HTTP/1.1\r\n\r\n",
        );
        let head = connection.head().unwrap().unwrap();
        assert_eq!((head.method.as_str(), head.query("label")), ("PUT", Some("x1")));
        assert_eq!(connection.drop_body(&head).unwrap(), 15);
        let head = connection.head().unwrap().unwrap();
        assert_eq!((head.path.as_str(), head.header("label")), ("/b", Some("y")));
        assert_eq!(connection.drop_body(&head).unwrap(), 3);
        assert_eq!(connection.head().unwrap().unwrap().path, "/c");
        drop(client.join().unwrap());
        assert!(connection.head().unwrap().is_none());
    }

    #[test]
    fn a_body_that_is_cut_off_is_an_error() {
        let (mut connection, client) = receive(b"PUT /a HTTP/1.1\r\nContent-Length: 4\r\n\r\nabc");
        let head = connection.head().unwrap().unwrap();
        drop(client.join().unwrap());
        assert!(connection.drop_body(&head).is_err());
    }
}
