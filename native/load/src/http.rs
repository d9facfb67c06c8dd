//! One HTTP exchange: what is sent, what comes back, and what is known when nothing comes back.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::config::ConfigBuilder;
use ureq::http::{self, HeaderValue, Method};
use ureq::typestate::HttpCrateScope;
use ureq::{Agent, Error, SendBody, Timeout};

use crate::cancel::Cancel;
use crate::client::{Body, Pieces};
use crate::compress::{Compressing, Compression};
use crate::connect;
use crate::continues::Continues;
use crate::direct::{Direct, Patience};
use crate::endpoint::Endpoint;
use crate::transport::{self, ConnectError, LateResolver, SocketConnector, watching};
use crate::{ClientConfig, LoadError, tls};

/// Most bytes of an answer that are read. A BE's answer has about a thousand.
pub(crate) const MAX_ANSWER: u64 = 1 << 20;

/// How long requests without a body may take where `sink.socket.timeout-ms` doesn't say.
const SHORT_WAIT: Duration = Duration::from_secs(60);

/// Bytes that go to the socket at once.
const OUTPUT_BUFFER: usize = 256 * 1024;

/// How long an idle connection is kept. Servers close theirs earlier or later; either is dealt with.
const IDLE: Duration = Duration::from_secs(20);

/// What is asked of a server.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) to: &'a Endpoint,
    /// Path and query, percent-encoded.
    pub(crate) path: &'a str,
    pub(crate) headers: &'a [(String, String)],
    /// Whether the credentials are sent.
    pub(crate) credentials: bool,
    /// Sent after `100 Continue` or when the wait for it ends: with `Content-Length` where its length is known, else in
    /// chunks.
    pub(crate) body: Option<&'a dyn Body>,
    /// How it is compressed on the way.
    pub(crate) compression: Option<Compression>,
    /// How long the answer may take once everything is sent, and the sending itself.
    pub(crate) wait: Duration,
    /// Don't use a connection from before.
    pub(crate) fresh: bool,
}

impl Request<'_> {
    /// Bytes of the body as it is sent, where that is known before. To be asked once: a body that grows may become
    /// complete at any time.
    fn length(&self) -> Option<u64> {
        let body = self.body.filter(|body| self.compression.is_none() && body.is_complete())?;
        Some(body.len())
    }
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
    /// How much of the request's body was sent; not all when the server answered early.
    pub(crate) sent: Sent,
}

/// How much of a request's body may have reached the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sent {
    /// Nothing, or it had no body.
    Nothing,
    /// Not all of it.
    Part,
    /// All of it.
    All,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The client was shut down.
    Cancelled,
    /// The request can't be put into HTTP.
    Invalid(String),
    /// No connection: nothing was sent.
    Connect { why: String, timed_out: bool },
    /// Something was sent, and no complete answer came.
    Broken {
        why: String,
        timed_out: bool,
        /// The connection was one kept from before: the server may have closed it long ago.
        reused: bool,
        sent: Sent,
        /// The answer's status, where that much came.
        status: Option<u16>,
    },
}

impl Failure {
    pub(crate) fn why(&self) -> &str {
        match self {
            Failure::Cancelled => "cancelled",
            Failure::Invalid(why) | Failure::Connect { why, .. } | Failure::Broken { why, .. } => why,
        }
    }

    /// Whether the server may just have closed a kept connection before the request came: nothing of a body was
    /// sent, and the same request over a new connection is worth a try at once.
    pub(crate) fn is_stale(&self) -> bool {
        matches!(self, Failure::Broken { reused: true, timed_out: false, sent: Sent::Nothing, .. })
    }

    pub(crate) fn timed_out(&self) -> bool {
        matches!(self, Failure::Connect { timed_out: true, .. } | Failure::Broken { timed_out: true, .. })
    }
}

/// Sends requests over connections that are kept open.
pub(crate) struct Http {
    agent: Agent,
    authorization: HeaderValue,
    cancel: Arc<Cancel>,
    connect_timeout: Duration,
    continue_timeout: Duration,
    continues: Continues,
    socket_timeout: Option<Duration>,
}

impl Http {
    pub(crate) fn new(config: &ClientConfig, cancel: Arc<Cancel>) -> Result<Http, LoadError> {
        let tls = config.tls_ca_file.as_deref().map(tls::trust_file).transpose()?;
        let connections = config.connections.clamp(1, 1 << 10);
        let agent_config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("flink-connector-starrocks-native/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .output_buffer_size(OUTPUT_BUFFER)
            .input_buffer_size(16 * 1024)
            .max_idle_connections_per_host(connections)
            .max_idle_connections(connections.saturating_mul(16))
            .max_idle_age(IDLE)
            .build();
        let connector = SocketConnector::new(Arc::clone(&cancel), config.connect_timeout, tls);
        let token = base64(format!("{}:{}", config.username, config.password.expose()).as_bytes());
        let mut authorization = HeaderValue::try_from(format!("Basic {token}"))
            .map_err(|_| LoadError::config("the user name and password can't be sent over HTTP"))?;
        authorization.set_sensitive(true);
        Ok(Http {
            agent: Agent::with_parts(agent_config, connector, LateResolver),
            authorization,
            cancel,
            connect_timeout: config.connect_timeout,
            continue_timeout: config.continue_timeout,
            continues: Continues::default(),
            socket_timeout: config.socket_timeout,
        })
    }

    /// How long a request without a body may wait for its answer.
    pub(crate) fn short_wait(&self) -> Duration {
        self.socket_timeout.unwrap_or(SHORT_WAIT)
    }

    pub(crate) fn shutdown(&self) {
        self.agent.clone().shutdown();
    }

    /// Sends a request and reads its whole answer.
    ///
    /// # Errors
    /// Among others when the answer is longer than [`MAX_ANSWER`].
    pub(crate) fn send(&self, request: &Request<'_>) -> Result<Answer, Failure> {
        let length = request.length();
        let head = self.head(request, length)?.build();
        self.run(request, head, length, |reader| {
            let mut bytes = Vec::new();
            reader.take(MAX_ANSWER + 1).read_to_end(&mut bytes)?;
            if bytes.len() as u64 > MAX_ANSWER {
                return Err(io::Error::other(format!("its answer has more than {MAX_ANSWER} bytes")));
            }
            Ok(bytes)
        })
    }

    /// Sends a request without a body and reads the first `max` bytes of its answer, all within `limit`.
    pub(crate) fn send_for_start(
        &self,
        request: &Request<'_>,
        max: u64,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let head = self.head(request, None)?.timeout_global(Some(limit)).build();
        self.run(request, head, None, |reader| {
            let mut bytes = Vec::new();
            // What did arrive is worth showing even when the rest doesn't.
            match reader.take(max).read_to_end(&mut bytes) {
                Err(e) if bytes.is_empty() => Err(e),
                _ => Ok(bytes),
            }
        })
    }

    fn run(
        &self,
        request: &Request<'_>,
        head: http::Request<()>,
        length: Option<u64>,
        read: impl FnOnce(ureq::BodyReader<'_>) -> io::Result<Vec<u8>>,
    ) -> Result<Answer, Failure> {
        if self.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let patience = Patience { all: request.wait, each: self.socket_timeout.unwrap_or(request.wait) };
        let sending = |body| Sending::new(body, request.compression, length, patience, &self.cancel);
        let mut reader = match request.body.map(sending).transpose() {
            Ok(reader) => reader,
            Err(e) => return Err(Failure::Invalid(format!("its body can't be compressed: {e}"))),
        };
        let ((result, status), watched) = watching(|| {
            let mut status = None;
            let response = match &mut reader {
                Some(reader) => self.agent.run(head.map(|()| SendBody::from_reader(reader))),
                None => self.agent.run(head.map(|()| SendBody::none())),
            };
            let result = response.and_then(|response| {
                status = Some(response.status().as_u16());
                let (parts, body) = response.into_parts();
                let location = parts.headers.get(http::header::LOCATION).map(|v| v.as_bytes().to_vec());
                Ok((parts.status.as_u16(), location, read(body.into_reader())?))
            });
            (result, status)
        });
        let sent = reader.as_ref().map_or(Sent::Nothing, Sending::sent);
        let error = match result {
            Ok((status, location, body)) => {
                if let Some(is_silent) = watched.is_silent {
                    self.continues.note(request.to, is_silent, Instant::now());
                }
                return Ok(Answer { status, location, body, sent });
            }
            Err(e) => e,
        };
        if self.cancel.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        Err(self.failure(error, request, watched.connected, sent, status))
    }

    fn head(
        &self,
        request: &Request<'_>,
        length: Option<u64>,
    ) -> Result<ConfigBuilder<HttpCrateScope<()>>, Failure> {
        let mut head =
            http::Request::builder().method(&request.method).uri(format!("{}{}", request.to, request.path));
        for (name, value) in request.headers {
            let value = HeaderValue::from_bytes(value.as_bytes()).map_err(|_| {
                Failure::Invalid(format!("header '{name}' has a value that HTTP can't carry"))
            })?;
            let name = http::HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| Failure::Invalid(format!("'{name}' is not the name of an HTTP header")))?;
            head = head.header(name, value);
        }
        if request.credentials {
            head = head.header(http::header::AUTHORIZATION, &self.authorization);
        }
        if request.body.is_some() {
            head = match length {
                Some(length) => head.header(http::header::CONTENT_LENGTH, length),
                None => head.header(http::header::TRANSFER_ENCODING, "chunked"),
            };
        } else if request.method != Method::GET {
            head = head.header(http::header::CONTENT_LENGTH, 0);
        }
        let head = head.body(()).map_err(|e| Failure::Invalid(e.to_string()))?;
        let wait = self.socket_timeout.unwrap_or(request.wait);
        let for_continue = match request.body {
            Some(_) => self.continues.wait(request.to, self.continue_timeout, Instant::now()),
            None => self.continue_timeout,
        };
        let mut config = self
            .agent
            .configure_request(head)
            // The connector bounds connecting itself; this is for what ureq does around it.
            .timeout_connect(Some(self.connect_timeout + Duration::from_secs(1)))
            .timeout_send_request(Some(wait))
            .timeout_await_100(Some(for_continue))
            .timeout_send_body(Some(request.wait))
            .timeout_recv_response(Some(wait))
            .timeout_recv_body(Some(wait))
            .timeout_per_write(Some(wait));
        if request.fresh {
            config = config.max_idle_age(Duration::ZERO);
        }
        Ok(config)
    }

    fn failure(
        &self,
        error: Error,
        request: &Request<'_>,
        connected: bool,
        sent: Sent,
        status: Option<u16>,
    ) -> Failure {
        if let Error::Other(inner) = &error
            && let Some(ConnectError(e)) = inner.downcast_ref()
        {
            let timed_out = e.kind() == io::ErrorKind::TimedOut;
            let why = if timed_out {
                format!("no connection within {} ms: {e}", self.connect_timeout.as_millis())
            } else {
                plain(e)
            };
            return Failure::Connect { why, timed_out };
        }
        let timed_out = matches!(error, Error::Timeout(_));
        let why = match &error {
            Error::Timeout(phase) => {
                let doing = match phase {
                    Timeout::SendRequest | Timeout::SendBody | Timeout::PerWrite => {
                        "it doesn't take what is sent to it"
                    }
                    Timeout::RecvBody => "its answer doesn't end",
                    _ => "it doesn't answer",
                };
                let wait = match phase {
                    Timeout::SendBody => request.wait,
                    _ => self.socket_timeout.unwrap_or(request.wait),
                };
                format!("{doing} (waited {} ms)", wait.as_millis())
            }
            Error::Io(e) => plain(e),
            Error::Protocol(e) => format!("its answer is not HTTP ({e})"),
            other => other.to_string(),
        };
        Failure::Broken { why, timed_out, reused: !connected, sent, status }
    }
}

/// "connection refused" rather than "Connection refused (os error 111)".
fn plain(e: &io::Error) -> String {
    match e.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        io::ErrorKind::ConnectionReset => "the connection was reset".to_owned(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionAborted => {
            "the connection was closed before the answer".to_owned()
        }
        _ => e.to_string(),
    }
}

/// A body on its way: notes how far it came, and ends it when it is of no use any more.
struct Sending<'a> {
    inner: Box<dyn Read + 'a>,
    /// The same where it lies, to be sent past ureq.
    pieces: Option<Box<dyn Pieces + 'a>>,
    patience: Patience,
    /// `None`: it is sent in chunks, and over when there is no more.
    length: Option<u64>,
    count: u64,
    ended: bool,
    /// There was more, but nobody to take it.
    cut: bool,
    cancel: &'a Cancel,
}

impl<'a> Sending<'a> {
    fn new(
        body: &'a dyn Body,
        compression: Option<Compression>,
        length: Option<u64>,
        patience: Patience,
        cancel: &'a Cancel,
    ) -> io::Result<Self> {
        let inner: Box<dyn Read + 'a> = match compression {
            Some(compression) => Box::new(Compressing::new(body.reader(), compression)?),
            None => body.reader(),
        };
        let pieces = if compression.is_none() && length.is_none() { body.pieces() } else { None };
        Ok(Sending { inner, pieces, patience, length, count: 0, ended: false, cut: false, cancel })
    }

    /// Sends all of the body, or as much as the server takes.
    fn send_directly(&mut self, pieces: &mut dyn Pieces, direct: &Direct<'_>) -> io::Result<()> {
        let mut went = Ok(true);
        while matches!(went, Ok(true)) {
            if self.cancel.is_cancelled() {
                return Err(connect::cancelled());
            }
            let count = &mut self.count;
            let mut send = |slices: &[&[u8]]| {
                // Counted before: it is what may have reached the server.
                *count += slices.iter().map(|slice| slice.len() as u64).sum::<u64>();
                went = direct.chunk(slices);
            };
            if !pieces.next(&mut send)? {
                self.ended = true;
                return Ok(());
            }
        }
        self.cut = true;
        went.map(drop)
    }

    /// Whether all of it has been read.
    fn is_over(&self) -> bool {
        match self.length {
            Some(length) => self.count >= length,
            None => self.ended,
        }
    }

    fn sent(&self) -> Sent {
        match self.count {
            _ if self.is_over() && !self.cut => Sent::All,
            0 => Sent::Nothing,
            _ => Sent::Part,
        }
    }
}

impl Read for Sending<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(connect::cancelled());
        }
        if transport::nobody_takes_more() {
            self.cut |= !self.is_over();
            // What nobody takes needn't be compressed, nor waited for. Only in chunks may a body end where it is.
            if self.length.is_none() {
                return Ok(0);
            }
        }
        if let Some(mut pieces) = self.pieces.take()
            && let Some(direct) = Direct::new(self.cancel, self.patience)
        {
            self.send_directly(&mut *pieces, &direct)?;
            return Ok(0);
        }
        if self.length.is_none() && self.ended {
            return Ok(0);
        }
        let n = self.inner.read(buf)?;
        self.count += n as u64;
        self.ended |= n == 0 && !buf.is_empty();
        Ok(n)
    }
}

/// Standard base64 with padding, as HTTP Basic wants it.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &b| bits << 8 | u32::from(b)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place > group.len() { '=' } else { char::from(digit) });
        }
    }
    text
}

/// Percent-encodes one segment of a path, or a value in a query.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_its_padding() {
        // RFC 4648, section 10.
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(base64(b"\xff\xfe\xfd"), "//79");
    }

    #[test]
    fn paths_are_percent_encoded() {
        assert_eq!(percent_encode("a-b_c.d~9"), "a-b_c.d~9");
        assert_eq!(percent_encode("a b/c?d%ü"), "a%20b%2Fc%3Fd%25%C3%BC");
    }
}
