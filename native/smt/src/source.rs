//! Connections to MySQL servers: the source, and StarRocks' MySQL port.

use std::time::Duration;

use mysql::{Conn, DriverError, Error as MySqlError, OptsBuilder};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest wait for a part of an answer; a large `information_schema` on a loaded server is slow.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(300);

/// Opens a connection; an error says what to do about it, and `whose` tells where host and user come from.
pub(crate) fn connect(
    host: &str,
    port: u16,
    user: &str,
    password: &str,
    whose: &str,
) -> Result<Conn, String> {
    let options = OptsBuilder::new()
        .ip_or_hostname(Some(host))
        .tcp_port(port)
        .user(Some(user))
        .pass(Some(password))
        // Else a server on this machine would be spoken to through its socket, where other users' rights may hold.
        .prefer_socket(false)
        .tcp_connect_timeout(Some(CONNECT_TIMEOUT))
        .read_timeout(Some(ANSWER_TIMEOUT))
        .write_timeout(Some(ANSWER_TIMEOUT));
    Conn::new(options).map_err(|error| {
        let what = match &error {
            MySqlError::MySqlError(e) => match e.code {
                1045 | 1698 => format!(
                    "it refuses user '{user}': {}. Check user and password in {whose}, and from which hosts the user may log in",
                    e.message
                ),
                1129 | 1130 => format!("{}. Allow this machine there", e.message),
                3159 => "it takes encrypted connections only, which this tool doesn't speak: use a tunnel \
                         (for example ssh -L), or allow the user to connect without TLS"
                    .to_owned(),
                _ => reason(&error),
            },
            MySqlError::IoError(_) | MySqlError::DriverError(_) => {
                format!("{}. Check host and port in {whose}, and that the server runs", reason(&error))
            }
            _ => reason(&error),
        };
        format!("can't connect to {host}:{port}: {what}")
    })
}

/// The cause alone, without the names of the crate's types.
pub(crate) fn reason(error: &MySqlError) -> String {
    match error {
        MySqlError::MySqlError(e) => format!("{} (error {})", e.message, e.code),
        MySqlError::DriverError(DriverError::CouldNotConnect(Some((_, text, _)))) => text.clone(),
        MySqlError::DriverError(DriverError::ConnectTimeout) => "no answer in time".to_owned(),
        MySqlError::DriverError(e) => e.to_string(),
        MySqlError::IoError(e) if e.kind() == std::io::ErrorKind::WouldBlock => {
            "no answer in time".to_owned()
        }
        MySqlError::IoError(e) => e.to_string(),
        other => other.to_string(),
    }
}
