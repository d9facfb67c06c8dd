//! As much of the MySQL client protocol as reading a table's schema takes: connect, log in, ask in text.
//!
//! The `mysql` crate does this and much more; it would make the library twice as large. (MySQL documentation,
//! "Client/Server Protocol"; StarRocks offers `mysql_native_password`.)

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

use crate::cancel::Cancel;
use crate::connect;

const CLIENT_LONG_PASSWORD: u32 = 1;
const CLIENT_LONG_FLAG: u32 = 1 << 2;
const CLIENT_PROTOCOL_41: u32 = 1 << 9;
const CLIENT_SECURE_CONNECTION: u32 = 1 << 15;
const CLIENT_PLUGIN_AUTH: u32 = 1 << 19;

const UTF8: u8 = 33;
const COM_QUERY: u8 = 3;
const COM_QUIT: u8 = 1;

const NATIVE: &str = "mysql_native_password";
const CACHING_SHA2: &str = "caching_sha2_password";

/// Most bytes and rows of an answer that are taken.
const MAX_PACKET: usize = 4 << 20;
const MAX_ROWS: usize = 100_000;
const MAX_COLUMNS: u64 = 4096;

/// Why a server can't be used.
#[derive(Debug)]
pub(super) enum Failure {
    /// It refused the login.
    Denied(String),
    /// It refused the statement: number and message.
    Refused(u16, String),
    /// It can't be reached, or broke off, or speaks otherwise.
    Broken { why: String, timed_out: bool },
}

impl Failure {
    fn broken(why: impl Into<String>) -> Self {
        Failure::Broken { why: why.into(), timed_out: false }
    }

    fn malformed() -> Self {
        Failure::broken("its answer can't be understood: is this the port for MySQL clients (query_port)?")
    }
}

impl From<std::io::Error> for Failure {
    fn from(e: std::io::Error) -> Self {
        use std::io::ErrorKind::{ConnectionRefused, TimedOut, UnexpectedEof, WouldBlock};
        match e.kind() {
            TimedOut | WouldBlock => {
                Failure::Broken { why: "it doesn't answer in time".to_owned(), timed_out: true }
            }
            ConnectionRefused => Failure::broken("connection refused"),
            UnexpectedEof => Failure::broken("it closed the connection"),
            _ => Failure::broken(e.to_string()),
        }
    }
}

/// A row of text; `None` is NULL.
pub(super) type Row = Vec<Option<String>>;

/// A logged-in connection.
pub(super) struct Connection {
    stream: TcpStream,
    sequence: u8,
    answer_timeout: Duration,
    deadline: Instant,
}

impl Connection {
    pub(super) fn open(
        host: &str,
        port: u16,
        user: &str,
        password: &str,
        connect_timeout: Duration,
        answer_timeout: Duration,
    ) -> Result<Connection, Failure> {
        let stream = connect::connect(host, port, Instant::now() + connect_timeout, &Cancel::default())?;
        stream.set_nonblocking(false)?;
        let deadline = Instant::now() + answer_timeout;
        let mut connection = Connection { stream, sequence: 0, answer_timeout, deadline };
        connection.log_in(user, password)?;
        Ok(connection)
    }

    fn log_in(&mut self, user: &str, password: &str) -> Result<(), Failure> {
        let greeting = self.read_packet()?;
        if let Some(failure) = refusal(&greeting) {
            return Err(failure);
        }
        let (mut scramble, plugin) = read_greeting(&greeting).ok_or_else(Failure::malformed)?;
        // A plugin that we don't know is answered in the way of the oldest: the server then names one to switch to.
        let mut plugin = if plugin == CACHING_SHA2 { CACHING_SHA2 } else { NATIVE }.to_owned();
        let token = token(&plugin, password, &scramble).unwrap_or_default();
        let mut response = Vec::new();
        let flags = CLIENT_LONG_PASSWORD
            | CLIENT_LONG_FLAG
            | CLIENT_PROTOCOL_41
            | CLIENT_SECURE_CONNECTION
            | CLIENT_PLUGIN_AUTH;
        response.extend_from_slice(&flags.to_le_bytes());
        response.extend_from_slice(&u32::try_from(MAX_PACKET).unwrap_or(u32::MAX).to_le_bytes());
        response.push(UTF8);
        response.extend_from_slice(&[0; 23]);
        response.extend(user.bytes().filter(|&b| b != 0));
        response.push(0);
        response.push(u8::try_from(token.len()).unwrap_or(0));
        response.extend_from_slice(&token);
        response.extend_from_slice(plugin.as_bytes());
        response.push(0);
        self.write_packet(&response)?;

        loop {
            let packet = self.read_packet()?;
            match packet.first() {
                Some(0) => return Ok(()),
                Some(0xff) => {
                    return Err(match refusal(&packet) {
                        Some(Failure::Refused(_, message)) => Failure::Denied(message),
                        _ => Failure::malformed(),
                    });
                }
                // Switch to another plugin.
                Some(0xfe) => {
                    let mut fields = Reader(&packet[1..]);
                    plugin = fields.text_to_nul().ok_or_else(Failure::malformed)?;
                    scramble = fields.0.strip_suffix(&[0]).unwrap_or(fields.0).to_vec();
                    let Some(token) = self::token(&plugin, password, &scramble) else {
                        return Err(Failure::broken(format!(
                            "the user logs in by '{}', which is not supported; {NATIVE} is",
                            plugin.escape_debug()
                        )));
                    };
                    self.write_packet(&token)?;
                }
                // Of caching_sha2_password: 3 means that the server knew the password already.
                Some(1) if packet.get(1) == Some(&3) => {}
                Some(1) if packet.get(1) == Some(&4) => {
                    return Err(Failure::broken(format!(
                        "the user logs in by {CACHING_SHA2}, which needs an encrypted connection; {NATIVE} is supported"
                    )));
                }
                _ => return Err(Failure::malformed()),
            }
        }
    }

    /// Runs a statement that gives rows.
    pub(super) fn query(&mut self, sql: &str) -> Result<Vec<Row>, Failure> {
        self.deadline = Instant::now() + self.answer_timeout;
        self.sequence = 0;
        let mut packet = vec![COM_QUERY];
        packet.extend_from_slice(sql.as_bytes());
        self.write_packet(&packet)?;

        let head = self.read_packet()?;
        if let Some(failure) = refusal(&head) {
            return Err(failure);
        }
        if head.first() == Some(&0) {
            return Ok(Vec::new());
        }
        let columns = Reader(&head)
            .length()
            .filter(|n| (1..=MAX_COLUMNS).contains(n))
            .ok_or_else(Failure::malformed)?;
        // The columns' descriptions: what was asked for is known.
        for _ in 0..columns {
            self.read_packet()?;
        }
        if !is_eof(&self.read_packet()?) {
            return Err(Failure::malformed());
        }
        let mut rows = Vec::new();
        loop {
            let packet = self.read_packet()?;
            if is_eof(&packet) {
                return Ok(rows);
            }
            if let Some(failure) = refusal(&packet) {
                return Err(failure);
            }
            if rows.len() >= MAX_ROWS {
                return Err(Failure::malformed());
            }
            rows.push(read_row(&packet, columns).ok_or_else(Failure::malformed)?);
        }
    }

    fn read_packet(&mut self) -> Result<Vec<u8>, Failure> {
        let mut head = [0; 4];
        self.read_exact(&mut head)?;
        let len = usize::from(head[0]) | usize::from(head[1]) << 8 | usize::from(head[2]) << 16;
        if len > MAX_PACKET || head[3] != self.sequence {
            return Err(Failure::malformed());
        }
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0; len];
        self.read_exact(&mut packet)?;
        Ok(packet)
    }

    fn read_exact(&mut self, mut buf: &mut [u8]) -> Result<(), Failure> {
        while !buf.is_empty() {
            self.stream.set_read_timeout(Some(self.left()?))?;
            match self.stream.read(buf) {
                Ok(0) => return Err(std::io::Error::from(std::io::ErrorKind::UnexpectedEof).into()),
                Ok(n) => buf = &mut buf[n..],
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e.into()),
            }
        }
        Ok(())
    }

    fn write_packet(&mut self, payload: &[u8]) -> Result<(), Failure> {
        let len = u32::try_from(payload.len()).ok().filter(|&n| n < 0xff_ffff);
        let len = len.ok_or_else(|| Failure::broken("the statement is too long"))?;
        let mut packet = len.to_le_bytes()[..3].to_vec();
        packet.push(self.sequence);
        packet.extend_from_slice(payload);
        self.sequence = self.sequence.wrapping_add(1);
        self.stream.set_write_timeout(Some(self.left()?))?;
        Ok(self.stream.write_all(&packet)?)
    }

    fn left(&self) -> Result<Duration, Failure> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()) } else { Ok(left) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.sequence = 0;
        // A courtesy: the server notices the closed connection anyway.
        let _ = self.write_packet(&[COM_QUIT]);
    }
}

/// A string literal of SQL.
pub(super) fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('\'');
    for c in text.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str("\\\\"),
            '\0' => out.push_str("\\0"),
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// The proof of knowing the password, or `None` for a plugin that is not known. An empty password has an empty one.
fn token(plugin: &str, password: &str, scramble: &[u8]) -> Option<Vec<u8>> {
    let algorithm = match plugin {
        NATIVE => &SHA1_FOR_LEGACY_USE_ONLY,
        CACHING_SHA2 => &SHA256,
        _ => return None,
    };
    if password.is_empty() {
        return Some(Vec::new());
    }
    let hash = |parts: &[&[u8]]| {
        let mut context = Context::new(algorithm);
        parts.iter().for_each(|part| context.update(part));
        context.finish()
    };
    let once = hash(&[password.as_bytes()]);
    let twice = hash(&[once.as_ref()]);
    let mask =
        if plugin == NATIVE { hash(&[scramble, twice.as_ref()]) } else { hash(&[twice.as_ref(), scramble]) };
    Some(once.as_ref().iter().zip(mask.as_ref()).map(|(a, b)| a ^ b).collect())
}

/// Scramble and plugin of the server's first packet.
fn read_greeting(packet: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut fields = Reader(packet);
    if fields.take(1)? != [10] {
        return None;
    }
    fields.text_to_nul()?;
    fields.take(4)?;
    let mut scramble = fields.take(8)?.to_vec();
    fields.take(1 + 2)?;
    if fields.0.is_empty() {
        return Some((scramble, NATIVE.to_owned()));
    }
    fields.take(1 + 2 + 2)?;
    let len = usize::from(fields.take(1)?[0]);
    fields.take(10)?;
    let rest = fields.take(len.saturating_sub(8).max(13))?;
    scramble.extend_from_slice(rest.strip_suffix(&[0]).unwrap_or(rest));
    let name = fields.text_to_nul().unwrap_or_default();
    Some((scramble, name))
}

fn read_row(packet: &[u8], columns: u64) -> Option<Row> {
    let mut fields = Reader(packet);
    let mut row = Vec::new();
    for _ in 0..columns {
        if fields.0.first() == Some(&0xfb) {
            fields.take(1)?;
            row.push(None);
        } else {
            let len = usize::try_from(fields.length()?).ok()?;
            row.push(Some(String::from_utf8_lossy(fields.take(len)?).into_owned()));
        }
    }
    fields.0.is_empty().then_some(row)
}

/// An error packet as a failure.
fn refusal(packet: &[u8]) -> Option<Failure> {
    let mut fields = Reader(packet.strip_prefix(&[0xff])?);
    let Some(&[low, high]) = fields.take(2) else { return Some(Failure::malformed()) };
    // `#` and five characters of SQL state.
    if fields.0.first() == Some(&b'#') && fields.0.len() >= 6 {
        fields.0 = &fields.0[6..];
    }
    let message = String::from_utf8_lossy(fields.0).into_owned();
    Some(Failure::Refused(u16::from_le_bytes([low, high]), crate::error_log::shorten(&message, 1000)))
}

fn is_eof(packet: &[u8]) -> bool {
    packet.first() == Some(&0xfe) && packet.len() < 9
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn text_to_nul(&mut self) -> Option<String> {
        let end = self.0.iter().position(|&b| b == 0)?;
        let text = String::from_utf8_lossy(self.take(end)?).into_owned();
        self.take(1)?;
        Some(text)
    }

    /// A length-encoded integer.
    fn length(&mut self) -> Option<u64> {
        let n = match self.take(1)?[0] {
            n @ 0..=0xfa => return Some(u64::from(n)),
            0xfc => 2,
            0xfd => 3,
            0xfe => 8,
            _ => return None,
        };
        let mut bytes = [0; 8];
        bytes[..n].copy_from_slice(self.take(n)?);
        Some(u64::from_le_bytes(bytes))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NATIVE_TOKEN: &str = "b32bb3a583e1340c0a1108d58b1be49781ad8c2f";
    const SHA2_TOKEN: &str = "746ebe205d56a0707acb3e796e834e0dd7b1d61743b26bd5202c7a623230c7c9";

    #[test]
    fn literals_are_quoted() {
        assert_eq!(literal("db"), "'db'");
        assert_eq!(literal(r"it's \ x' or '1'='1"), r"'it''s \\ x'' or ''1''=''1'");
        assert_eq!(literal("a\0b"), r"'a\0b'");
    }

    #[test]
    fn tokens_are_those_of_mysql() {
        let hex = |bytes: Vec<u8>| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let scramble: Vec<u8> = (1..=20).collect();
        // Computed with Python's hashlib by the formulas of MySQL's documentation.
        assert_eq!(hex(token(NATIVE, "secret", &scramble).unwrap()), NATIVE_TOKEN);
        assert_eq!(hex(token(CACHING_SHA2, "secret", &scramble).unwrap()), SHA2_TOKEN);
        assert_eq!(token(NATIVE, "", &scramble), Some(Vec::new()));
        assert_eq!(token("authentication_ldap_simple", "secret", &scramble), None);
    }

    #[test]
    fn numbers_of_all_lengths() {
        let read = |bytes: &[u8]| Reader(bytes).length();
        assert_eq!(read(&[0xfa]), Some(0xfa));
        assert_eq!(read(&[0xfc, 1, 2]), Some(0x201));
        assert_eq!(read(&[0xfd, 1, 2, 3]), Some(0x3_0201));
        assert_eq!(read(&[0xfe, 1, 0, 0, 0, 0, 0, 0, 1]), Some(1 << 56 | 1));
        assert_eq!(read(&[0xfc, 1]), None);
        assert_eq!(read(&[0xff]), None);
        assert_eq!(read(&[]), None);
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), columns in 0u64..10) {
            let _ = read_greeting(&bytes);
            let _ = read_row(&bytes, columns);
            let _ = refusal(&bytes);
        }
    }
}
