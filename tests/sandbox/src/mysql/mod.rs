//! The MySQL port: handshake, text queries, prepared statements.
//!
//! Source of the formats: MySQL documentation, "Client/Server Protocol".

mod packet;
mod rows;

use crate::faults::{Fault, Kind, Scope};
use crate::net::Port;
use crate::server::{Server, pause};
use crate::store::{Environment, Outcome, ResultSet, SqlError, Wire};
use crate::token::{literal, tokens};
use packet::{Payload, Writer, put_length};
use rusqlite::types::Value;
use sha1::{Digest, Sha1};
use std::collections::HashMap;
use std::io;
use std::net::TcpStream;

const PLUGIN: &str = "mysql_native_password";
const CONNECT_WITH_DB: u32 = 0x8;
const PROTOCOL_41: u32 = 0x200;
const PLUGIN_AUTH: u32 = 0x8_0000;
const PLUGIN_AUTH_LENENC: u32 = 0x20_0000;
/// Long passwords, found rows, long flags, database at connect, protocol 4.1, transactions, secure connection,
/// plugin authentication with its data length-encoded, connection attributes.
const CAPABILITIES: u32 = 0x1
    | 0x2
    | 0x4
    | CONNECT_WITH_DB
    | PROTOCOL_41
    | 0x2000
    | 0x8000
    | PLUGIN_AUTH
    | 0x10_0000
    | PLUGIN_AUTH_LENENC;
/// `SERVER_STATUS_AUTOCOMMIT`
const STATUS: u16 = 2;
/// Result rows are written in pieces of about this many bytes.
const PIECE: usize = 1 << 20;

/// A prepared statement: its text, and where its marks are.
struct Prepared {
    sql: String,
    marks: Vec<usize>,
    types: Vec<(u8, bool)>,
}

struct Session<'a> {
    server: &'a Server,
    stream: TcpStream,
    environment: Environment,
    prepared: HashMap<u32, Prepared>,
    next_prepared: u32,
}

/// Serves one connection to its end.
pub fn serve(server: &Server, stream: TcpStream, port: &Port) -> io::Result<()> {
    stream.set_nodelay(true)?;
    if !port.wait_while_hanging() {
        return Ok(());
    }
    if let Some(fault) = server.faults.take(Kind::MysqlHang, Scope::default()) {
        pause(server, fault.delay(600_000));
        return Ok(());
    }
    let mut session = Session {
        server,
        stream,
        environment: Environment {
            database: None,
            user: String::new(),
            connection: server.connection_number() as i64,
            current_version: server.config.current_version.clone(),
            version: server.config.mysql_version.clone(),
        },
        prepared: HashMap::new(),
        next_prepared: 1,
    };
    if !session.handshake()? {
        return Ok(());
    }
    while let Some((_, payload)) = packet::read(&mut session.stream)? {
        if !port.wait_while_hanging() || !session.command(&payload)? {
            break;
        }
    }
    Ok(())
}

/// The answer that `mysql_native_password` expects for a password.
fn scramble(password: &str, challenge: &[u8]) -> Vec<u8> {
    if password.is_empty() {
        return Vec::new();
    }
    let once = Sha1::digest(password.as_bytes());
    let twice = Sha1::digest(once);
    let mut hash = Sha1::new();
    hash.update(challenge);
    hash.update(twice);
    once.iter().zip(hash.finalize()).map(|(a, b)| a ^ b).collect()
}

impl Session<'_> {
    /// Greets and authenticates; `false` if the client was turned away.
    fn handshake(&mut self) -> io::Result<bool> {
        // Any 20 bytes without a zero will do; they differ from connection to connection.
        let seed = Sha1::digest(format!("{}-{}", self.environment.connection, crate::clock::millis()));
        let challenge: Vec<u8> = seed.iter().map(|b| b % 94 + 33).collect();
        let mut greeting = vec![10];
        greeting.extend_from_slice(self.environment.version.as_bytes());
        greeting.push(0);
        greeting.extend_from_slice(&(self.environment.connection as u32).to_le_bytes());
        greeting.extend_from_slice(&challenge[..8]);
        greeting.push(0);
        greeting.extend_from_slice(&(CAPABILITIES as u16).to_le_bytes());
        // Character set 33: utf8_general_ci.
        greeting.push(33);
        greeting.extend_from_slice(&STATUS.to_le_bytes());
        greeting.extend_from_slice(&((CAPABILITIES >> 16) as u16).to_le_bytes());
        greeting.push(21);
        greeting.extend_from_slice(&[0; 10]);
        greeting.extend_from_slice(&challenge[8..]);
        greeting.push(0);
        greeting.extend_from_slice(PLUGIN.as_bytes());
        greeting.push(0);
        let mut writer = Writer::new(0);
        writer.packet(&greeting);
        writer.flush(&mut self.stream)?;
        let Some((mut sequence, payload)) = packet::read(&mut self.stream)? else { return Ok(false) };
        let Some((user, mut answer, database, plugin)) = login(&payload) else {
            self.error(sequence + 1, &SqlError::syntax("the handshake can't be read"))?;
            return Ok(false);
        };
        if plugin.as_deref().is_some_and(|p| p != PLUGIN) {
            let mut switch = vec![0xFE];
            switch.extend_from_slice(PLUGIN.as_bytes());
            switch.push(0);
            switch.extend_from_slice(&challenge);
            switch.push(0);
            let mut writer = Writer::new(sequence + 1);
            writer.packet(&switch);
            writer.flush(&mut self.stream)?;
            let Some((next, payload)) = packet::read(&mut self.stream)? else { return Ok(false) };
            (sequence, answer) = (next, payload);
        }
        let right =
            self.server.config.users.iter().any(|(u, p)| *u == user && scramble(p, &challenge) == answer);
        if !right {
            let using = if answer.is_empty() { "NO" } else { "YES" };
            let message = format!("Access denied for user '{user}' (using password: {using})");
            self.error(sequence + 1, &SqlError { code: 1045, state: "28000", message })?;
            return Ok(false);
        }
        self.environment.user = user;
        if let Some(database) = database.filter(|d| !d.is_empty())
            && let Err(error) = self.enter(&database)
        {
            self.error(sequence + 1, &error)?;
            return Ok(false);
        }
        self.ok(sequence + 1, 0)?;
        Ok(true)
    }

    fn enter(&mut self, database: &str) -> Result<(), SqlError> {
        let statement = format!("USE `{}`", database.replace('`', "``"));
        if let Outcome::Use(name) = self.server.store.execute(&statement, &self.environment)? {
            self.environment.database = Some(name);
        }
        Ok(())
    }

    /// Answers one command; `false` at the end of the session.
    fn command(&mut self, payload: &[u8]) -> io::Result<bool> {
        let mut p = Payload(payload);
        match p.integer(1) {
            // COM_QUIT
            Some(0x01) | None => return Ok(false),
            // COM_INIT_DB
            Some(0x02) => {
                let name = String::from_utf8_lossy(p.0).into_owned();
                match self.enter(&name) {
                    Ok(()) => self.ok(1, 0)?,
                    Err(error) => self.error(1, &error)?,
                }
            }
            // COM_QUERY
            Some(0x03) => {
                let sql = String::from_utf8_lossy(p.0).into_owned();
                return self.query(&sql, false);
            }
            // COM_FIELD_LIST: no columns.
            Some(0x04) => {
                let mut writer = Writer::new(1);
                writer.packet(&end_of_fields());
                writer.flush(&mut self.stream)?;
            }
            // COM_STATISTICS
            Some(0x09) => {
                let mut writer = Writer::new(1);
                writer.packet(b"sandbox");
                writer.flush(&mut self.stream)?;
            }
            // COM_PING, COM_RESET_CONNECTION
            Some(0x0E | 0x1F) => self.ok(1, 0)?,
            // COM_SET_OPTION
            Some(0x1B) => {
                let mut writer = Writer::new(1);
                writer.packet(&end_of_fields());
                writer.flush(&mut self.stream)?;
            }
            // COM_STMT_PREPARE
            Some(0x16) => self.prepare(&String::from_utf8_lossy(p.0))?,
            // COM_STMT_EXECUTE
            Some(0x17) => return self.run_prepared(p),
            // COM_STMT_CLOSE has no answer.
            Some(0x19) => {
                if let Some(id) = p.integer(4) {
                    self.prepared.remove(&(id as u32));
                }
            }
            // COM_STMT_RESET
            Some(0x1A) => self.ok(1, 0)?,
            Some(other) => {
                let message = format!("the sandbox doesn't know the command {other:#04x}");
                self.error(1, &SqlError { code: 1047, state: "08S01", message })?;
            }
        }
        Ok(true)
    }

    fn prepare(&mut self, sql: &str) -> io::Result<()> {
        let marks: Vec<usize> = match tokens(sql) {
            Ok(all) => all.iter().filter(|t| t.is_sign("?")).map(|t| t.start).collect(),
            Err(message) => return self.error(1, &SqlError::syntax(message)),
        };
        let id = self.next_prepared;
        self.next_prepared += 1;
        let mut writer = Writer::new(1);
        let mut ok = vec![0];
        ok.extend_from_slice(&id.to_le_bytes());
        // The columns of the result are told when it is there.
        ok.extend_from_slice(&0u16.to_le_bytes());
        ok.extend_from_slice(&(marks.len() as u16).to_le_bytes());
        ok.extend_from_slice(&[0, 0, 0]);
        writer.packet(&ok);
        if !marks.is_empty() {
            for _ in &marks {
                writer.packet(&rows::column("?", Wire::Text));
            }
            writer.packet(&end_of_fields());
        }
        writer.flush(&mut self.stream)?;
        self.prepared.insert(id, Prepared { sql: sql.to_owned(), marks, types: Vec::new() });
        Ok(())
    }

    fn run_prepared(&mut self, mut p: Payload<'_>) -> io::Result<bool> {
        let id = p.integer(4).unwrap_or_default() as u32;
        let sql = match self.prepared.get_mut(&id) {
            None => Err("no such prepared statement".to_owned()),
            Some(prepared) => bound(prepared, &mut p),
        };
        match sql {
            Ok(sql) => self.query(&sql, true),
            Err(message) => {
                self.error(1, &SqlError { code: 1243, state: "HY000", message })?;
                Ok(true)
            }
        }
    }

    fn fire(&self, kind: Kind) -> Option<Fault> {
        let database = self.environment.database.as_deref().unwrap_or_default();
        self.server.faults.take(kind, Scope { database, ..Scope::default() })
    }

    /// Runs a statement and sends its result; `false` if the connection is to end.
    fn query(&mut self, sql: &str, binary: bool) -> io::Result<bool> {
        if let Some(fault) = self.fire(Kind::MysqlError) {
            let message = fault
                .text
                .unwrap_or_else(|| "Backend node not found. Check if any backend node is down.".to_owned());
            self.error(1, &SqlError { code: 1064, state: "HY000", message })?;
            return Ok(true);
        }
        match self.server.store.execute(sql, &self.environment) {
            Err(error) => self.error(1, &error)?,
            Ok(Outcome::Done(rows)) => self.ok(1, rows)?,
            Ok(Outcome::Use(name)) => {
                self.environment.database = Some(name);
                self.ok(1, 0)?;
            }
            Ok(Outcome::Dropped(name)) => {
                self.server.forget_database(&name);
                self.ok(1, 0)?;
            }
            Ok(Outcome::Rows(mut result)) => {
                self.bend(sql, &mut result);
                return self.result(&result, binary);
            }
        }
        Ok(true)
    }

    /// Faults in what metadata queries answer.
    fn bend(&self, sql: &str, result: &mut ResultSet) {
        let lower = sql.to_ascii_lowercase();
        if lower.contains("information_schema") && lower.contains("columns") {
            if self.fire(Kind::MysqlWrongTypes).is_some() {
                for (_, wire) in &mut result.columns {
                    *wire = if *wire == Wire::LongLong { Wire::UnsignedLongLong } else { Wire::Blob };
                }
            }
            if self.fire(Kind::MysqlNullColumnKey).is_some() {
                replace(result, "COLUMN_KEY", &Value::Null);
            }
            if let Some(fault) = self.fire(Kind::MysqlUnknownType) {
                let name = fault.text.unwrap_or_else(|| "geometry".to_owned());
                replace(result, "DATA_TYPE", &Value::Text(name));
            }
        }
        if lower.contains("current_version")
            && let Some(fault) = self.fire(Kind::MysqlVersion)
        {
            let version = Value::Text(fault.text.unwrap_or_else(|| "main-1a2b3c4".to_owned()));
            for row in &mut result.rows {
                row.iter_mut().for_each(|value| value.clone_from(&version));
            }
        }
    }

    fn result(&mut self, result: &ResultSet, binary: bool) -> io::Result<bool> {
        let cut = self.fire(Kind::MysqlDropMidResult).map(|f| f.count.unwrap_or(1) as usize);
        let mut writer = Writer::new(1);
        let mut count = Vec::new();
        put_length(&mut count, result.columns.len() as u64);
        writer.packet(&count);
        for (name, wire) in &result.columns {
            writer.packet(&rows::column(name, *wire));
        }
        writer.packet(&end_of_fields());
        for (i, row) in result.rows.iter().enumerate() {
            if cut == Some(i) {
                writer.flush(&mut self.stream)?;
                return Ok(false);
            }
            let kinds = result.columns.iter().map(|(_, wire)| *wire);
            writer.packet(&if binary { rows::binary(row, kinds) } else { rows::text(row, kinds) });
            if writer.waiting() > PIECE {
                writer.flush(&mut self.stream)?;
            }
        }
        if cut.is_some() {
            writer.flush(&mut self.stream)?;
            return Ok(false);
        }
        writer.packet(&end_of_fields());
        writer.flush(&mut self.stream)?;
        Ok(true)
    }

    fn ok(&mut self, sequence: u8, rows: u64) -> io::Result<()> {
        let mut payload = vec![0];
        put_length(&mut payload, rows);
        put_length(&mut payload, 0);
        payload.extend_from_slice(&STATUS.to_le_bytes());
        payload.extend_from_slice(&[0, 0]);
        let mut writer = Writer::new(sequence);
        writer.packet(&payload);
        writer.flush(&mut self.stream)
    }

    fn error(&mut self, sequence: u8, error: &SqlError) -> io::Result<()> {
        let mut payload = vec![0xFF];
        payload.extend_from_slice(&error.code.to_le_bytes());
        payload.push(b'#');
        payload.extend_from_slice(error.state.as_bytes());
        payload.extend_from_slice(error.message.as_bytes());
        let mut writer = Writer::new(sequence);
        writer.packet(&payload);
        writer.flush(&mut self.stream)
    }
}

fn end_of_fields() -> Vec<u8> {
    let mut payload = vec![0xFE, 0, 0];
    payload.extend_from_slice(&STATUS.to_le_bytes());
    payload
}

fn replace(result: &mut ResultSet, column: &str, value: &Value) {
    if let Some(at) = result.columns.iter().position(|(name, _)| name.eq_ignore_ascii_case(column)) {
        result.rows.iter_mut().for_each(|row| row[at] = value.clone());
    }
}

type Login = (String, Vec<u8>, Option<String>, Option<String>);

/// User, answer to the challenge, database and plugin of a handshake response.
fn login(payload: &[u8]) -> Option<Login> {
    let mut p = Payload(payload);
    let flags = p.integer(4)? as u32;
    if flags & PROTOCOL_41 == 0 {
        return None;
    }
    p.bytes(4 + 1 + 23)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let user = text(p.until_zero());
    let answer = if flags & PLUGIN_AUTH_LENENC != 0 {
        p.text()?.to_vec()
    } else {
        let n = p.integer(1)? as usize;
        p.bytes(n)?.to_vec()
    };
    let database = (flags & CONNECT_WITH_DB != 0).then(|| text(p.until_zero()));
    let plugin = (flags & PLUGIN_AUTH != 0).then(|| text(p.until_zero()));
    Some((user, answer, database, plugin))
}

/// The statement with its parameters written into it.
fn bound(prepared: &mut Prepared, p: &mut Payload<'_>) -> Result<String, String> {
    let short = || "the parameters can't be read".to_owned();
    p.bytes(1 + 4).ok_or_else(short)?;
    let count = prepared.marks.len();
    if count == 0 {
        return Ok(prepared.sql.clone());
    }
    let nulls = p.bytes(count.div_ceil(8)).ok_or_else(short)?;
    if p.integer(1).ok_or_else(short)? == 1 {
        prepared.types.clear();
        for _ in 0..count {
            let kind = p.integer(1).ok_or_else(short)? as u8;
            let unsigned = p.integer(1).ok_or_else(short)? & 0x80 != 0;
            prepared.types.push((kind, unsigned));
        }
    }
    let mut sql = String::with_capacity(prepared.sql.len() + 64);
    let mut from = 0;
    for (i, at) in prepared.marks.iter().enumerate() {
        sql.push_str(&prepared.sql[from..*at]);
        from = at + 1;
        if nulls[i / 8] >> (i % 8) & 1 == 1 {
            sql.push_str("NULL");
        } else {
            let kind = prepared.types.get(i).copied().ok_or_else(short)?;
            sql.push_str(&rows::parameter(kind, p).ok_or_else(short)?);
        }
    }
    sql.push_str(&prepared.sql[from..]);
    Ok(sql)
}

/// A text as a literal that the reader of statements takes for the same text.
fn mysql_literal(text: &str) -> String {
    // With a NUL in it, it becomes a binary literal, in which a backslash means nothing.
    if text.contains('\0') { literal(text) } else { literal(&text.replace('\\', "\\\\")) }
}
