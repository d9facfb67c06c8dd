//! Against servers that say what each test has them say.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;

use super::*;

/// What the server answers to one statement.
enum Say {
    Rows(Vec<Vec<Option<&'static str>>>),
    Error(u16, &'static str),
    /// Some rows, then the connection is closed.
    BreakOff,
    Nothing,
}

/// A greeting as StarRocks sends it.
fn greeting(plugin: &str) -> Vec<u8> {
    let mut packet = vec![10];
    packet.extend_from_slice(b"8.0.33\0");
    packet.extend_from_slice(&[1, 0, 0, 0]);
    packet.extend_from_slice(b"abcdefgh\0");
    packet.extend_from_slice(&[0xff, 0xf7, 33, 2, 0, 0xff, 0x81, 21]);
    packet.extend_from_slice(&[0; 10]);
    packet.extend_from_slice(b"ijklmnopqrst\0");
    packet.extend_from_slice(plugin.as_bytes());
    packet.push(0);
    packet
}

fn send(stream: &mut TcpStream, sequence: &mut u8, payload: &[u8]) {
    let mut packet = u32::try_from(payload.len()).unwrap().to_le_bytes()[..3].to_vec();
    packet.push(*sequence);
    packet.extend_from_slice(payload);
    *sequence += 1;
    // The client may be gone.
    let _ = stream.write_all(&packet);
}

fn receive(stream: &mut TcpStream) -> Option<(u8, Vec<u8>)> {
    let mut head = [0; 4];
    stream.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_le_bytes([head[0], head[1], head[2], 0]) as usize];
    stream.read_exact(&mut payload).ok()?;
    Some((head[3], payload))
}

fn error(code: u16, message: &str) -> Vec<u8> {
    [&[0xff], &code.to_le_bytes()[..], b"#HY000", message.as_bytes()].concat()
}

fn text(value: Option<&str>) -> Vec<u8> {
    match value {
        None => vec![0xfb],
        Some(value) if value.len() < 0xfb => {
            [&[u8::try_from(value.len()).unwrap()], value.as_bytes()].concat()
        }
        Some(value) => {
            [&[0xfc], &u16::try_from(value.len()).unwrap().to_le_bytes()[..], value.as_bytes()].concat()
        }
    }
}

struct Server {
    port: u16,
    /// Gives the statements that came.
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    /// Serves one connection: greets, answers the login with `login`, and each statement by `answers`.
    fn start(plugin: &'static str, login: Vec<Vec<u8>>, answers: Vec<Say>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut sequence = 0;
            send(&mut stream, &mut sequence, &greeting(plugin));
            for answer in login {
                let Some((client, _)) = receive(&mut stream) else { return Vec::new() };
                sequence = client + 1;
                send(&mut stream, &mut sequence, &answer);
            }
            let mut statements = Vec::new();
            for answer in answers {
                let Some((client, statement)) = receive(&mut stream) else { break };
                statements.push(String::from_utf8_lossy(&statement[1..]).into_owned());
                sequence = client + 1;
                match answer {
                    Say::Error(code, message) => send(&mut stream, &mut sequence, &error(code, message)),
                    Say::Nothing => {
                        // Until the client gives up.
                        let _ = receive(&mut stream);
                    }
                    Say::BreakOff => {
                        send(&mut stream, &mut sequence, &[1]);
                        send(&mut stream, &mut sequence, b"column");
                        send(&mut stream, &mut sequence, &[0xfe, 0, 0, 2, 0]);
                        return statements;
                    }
                    Say::Rows(rows) => {
                        let columns = rows.first().map_or(1, Vec::len);
                        send(&mut stream, &mut sequence, &[u8::try_from(columns).unwrap()]);
                        for _ in 0..columns {
                            send(&mut stream, &mut sequence, b"column");
                        }
                        send(&mut stream, &mut sequence, &[0xfe, 0, 0, 2, 0]);
                        for row in rows {
                            send(
                                &mut stream,
                                &mut sequence,
                                &row.into_iter().flat_map(text).collect::<Vec<_>>(),
                            );
                        }
                        send(&mut stream, &mut sequence, &[0xfe, 0, 0, 2, 0]);
                    }
                }
            }
            // Wait for the client's goodbye, so that it can read to the end.
            let _ = receive(&mut stream);
            statements
        });
        Server { port, thread }
    }

    fn native(answers: Vec<Say>) -> Server {
        Server::start("mysql_native_password", vec![vec![0, 0, 0, 2, 0, 0, 0]], answers)
    }
}

fn config(servers: &[&Server]) -> MetaConfig {
    let hosts: Vec<_> = servers.iter().map(|server| format!("127.0.0.1:{}", server.port)).collect();
    MetaConfig {
        jdbc_url: format!("jdbc:mysql://{}/x?useSSL=false", hosts.join(",")),
        username: "root".into(),
        password: Secret::new("s3cr3t"),
        connect_timeout: Duration::from_secs(5),
    }
}

fn read(servers: &[&Server]) -> Result<TableInfo, LoadError> {
    read_table_within(&config(servers), "d'b", "t", Duration::from_millis(500))
}

fn version() -> Say {
    Say::Rows(vec![vec![Some("3.3.5-6d81f75")]])
}

fn columns() -> Say {
    Say::Rows(vec![
        vec![
            Some("b"),
            Some("2"),
            Some("BIGINT UNSIGNED"),
            None,
            Some("39"),
            None,
            Some("bigint(20) unsigned"),
            Some("YES"),
            Some("x"),
            None,
        ],
        vec![
            Some("a"),
            Some("1"),
            Some("int"),
            Some("PRI"),
            Some("10"),
            Some("0"),
            Some("int(11)"),
            Some("NO"),
            None,
            Some("auto_increment"),
        ],
    ])
}

#[test]
fn a_table_is_read() {
    let server = Server::native(vec![version(), columns()]);
    let info = read(&[&server]).unwrap();
    assert_eq!(info.version, "3.3.5-6d81f75");
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        info.columns,
        [
            ColumnInfo {
                name: "a".into(),
                data_type: text("int"),
                column_type: text("int(11)"),
                column_key: text("PRI"),
                column_size: text("10"),
                decimal_digits: text("0"),
                extra: text("auto_increment"),
                is_nullable: text("NO"),
                column_default: None,
            },
            ColumnInfo {
                name: "b".into(),
                data_type: text("bigint unsigned"),
                column_type: text("bigint(20) unsigned"),
                column_key: None,
                column_size: text("39"),
                decimal_digits: None,
                extra: None,
                is_nullable: text("YES"),
                column_default: text("x"),
            },
        ]
    );
    let statements = server.thread.join().unwrap();
    assert!(
        statements[1].ends_with("where `TABLE_SCHEMA` = 'd''b' and `TABLE_NAME` = 't'"),
        "{statements:?}"
    );
}

#[test]
fn an_old_server_gets_the_shorter_question() {
    let short = Say::Rows(vec![vec![Some("a"), Some("1"), Some("int"), Some("DUP"), Some("10"), None]]);
    let server = Server::native(vec![
        Say::Error(1064, "No matching function with signature: current_version()"),
        Say::Error(1054, "Unknown column 'EXTRA'"),
        short,
    ]);
    let info = read(&[&server]).unwrap();
    assert_eq!(info.version, "");
    assert_eq!(info.columns[0].column_key.as_deref(), Some("DUP"));
    assert_eq!(info.columns[0].extra, None);
    let statements = server.thread.join().unwrap();
    assert!(statements[1].contains("EXTRA") && !statements[2].contains("EXTRA"));
}

#[test]
fn database_and_table_that_do_not_exist_are_told_apart() {
    let server = Server::native(vec![version(), Say::Rows(vec![]), Say::Rows(vec![vec![Some("d'b")]])]);
    let e = read(&[&server]).unwrap_err();
    assert_eq!(e.code, ErrorCode::Schema);
    assert!(e.message.contains("no table 't' in database 'd'b'"), "{e}");

    let server = Server::native(vec![version(), Say::Rows(vec![]), Say::Rows(vec![])]);
    let e = read(&[&server]).unwrap_err();
    assert_eq!(e.code, ErrorCode::Schema);
    assert!(e.message.contains("no database 'd'b'"), "{e}");
}

#[test]
fn a_refused_login_is_auth_and_shows_no_password() {
    let denied = error(1045, "Access denied for user 'root' (using password: YES)");
    let server = Server::start("mysql_native_password", vec![denied], vec![]);
    let e = read(&[&server]).unwrap_err();
    assert_eq!(e.code, ErrorCode::Auth);
    assert!(e.message.contains("Access denied for user 'root'"), "{e}");
    assert!(!format!("{e:?} {:?}", config(&[])).contains("s3cr3t"));
}

#[test]
fn other_logins() {
    let ok = vec![0, 0, 0, 2, 0, 0, 0];
    let switch = [&[0xfe], &b"mysql_native_password\0zyxwvutsrqponmlkjihg\0"[..]].concat();
    let server = Server::start("authentication_ldap", vec![switch, ok.clone()], vec![version(), columns()]);
    assert_eq!(read(&[&server]).unwrap().columns.len(), 2);

    let switch = [&[0xfe], &b"mysql_clear_password\0"[..]].concat();
    let server = Server::start("mysql_native_password", vec![switch], vec![]);
    let e = read(&[&server]).unwrap_err();
    assert!(e.message.contains("mysql_clear_password"), "{e}");

    let server = Server::start("caching_sha2_password", vec![vec![1, 4]], vec![]);
    let e = read(&[&server]).unwrap_err();
    assert!(e.message.contains("caching_sha2_password"), "{e}");
}

#[test]
fn a_host_that_fails_gives_way_to_the_next() {
    let broken = Server::native(vec![version(), Say::BreakOff]);
    let hanging = Server::native(vec![Say::Nothing]);
    let good = Server::native(vec![version(), columns()]);
    assert_eq!(read(&[&broken, &hanging, &good]).unwrap().columns.len(), 2);
}

#[test]
fn when_all_hosts_fail_each_is_named() {
    let broken = Server::native(vec![version(), Say::BreakOff]);
    let refusing = Server::native(vec![version(), Say::Error(1064, "first"), Say::Error(5502, "second")]);
    let e = read(&[&broken, &refusing]).unwrap_err();
    assert_eq!(e.code, ErrorCode::Connect);
    assert!(e.retriable);
    assert!(e.message.contains(&format!("127.0.0.1:{}: it closed the connection", broken.port)), "{e}");
    assert!(e.message.contains(&format!("127.0.0.1:{}: error 5502: second", refusing.port)), "{e}");

    let hanging = Server::native(vec![Say::Nothing]);
    assert_eq!(read(&[&hanging]).unwrap_err().code, ErrorCode::Timeout);

    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("jdbc:mysql://127.0.0.1:{dead}");
    let e = read_table(&MetaConfig { jdbc_url: url, ..config(&[]) }, "d", "t").unwrap_err();
    assert_eq!(e.code, ErrorCode::Connect);
    assert!(e.message.contains("connection refused"), "{e}");
}

#[test]
fn a_server_that_speaks_http_is_not_understood() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap();
    });
    let url = format!("jdbc:mysql://127.0.0.1:{port}");
    let e = read_table(&MetaConfig { jdbc_url: url, ..config(&[]) }, "d", "t").unwrap_err();
    assert!(e.message.contains("query_port"), "{e}");
    thread.join().unwrap();
}
