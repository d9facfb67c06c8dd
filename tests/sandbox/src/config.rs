//! Configuration: what the command line says, or a test.

use crate::labels::Limits;
use lexopt::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

/// Which scheme the `Location` of redirects names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectScheme {
    /// Always `http`, as real servers do.
    Http,
    /// Always `https`.
    Https,
    /// That of the request.
    Same,
}

/// Everything that can be set. Ports are 0 for any that is free.
#[derive(Debug, Clone)]
pub struct Config {
    /// Address to listen on.
    pub bind: IpAddr,
    /// HTTP port of the leader FE.
    pub fe_port: u16,
    /// HTTP ports of the BEs.
    pub be_ports: Vec<u16>,
    /// MySQL port.
    pub mysql_port: u16,
    /// Control port.
    pub control_port: u16,
    /// Port of the FE that takes TLS only; needs a certificate.
    pub https_port: Option<u16>,
    /// How many follower FEs there are.
    pub followers: u16,
    /// Folder of the data; in memory without one.
    pub data: Option<PathBuf>,
    /// Users and passwords.
    pub users: Vec<(String, String)>,
    /// Certificate chain and key, PEM files. With them, all HTTP ports speak TLS too.
    pub tls: Option<(PathBuf, PathBuf)>,
    /// Scheme of redirects.
    pub redirect_scheme: RedirectScheme,
    /// Host that redirects name, instead of the address listened on.
    pub redirect_host: Option<String>,
    /// `host:port` per BE that redirects name, in the order of the BEs.
    pub redirect_be_as: Vec<String>,
    /// Whether a redirect leaves the connection open, as older FEs do.
    pub redirect_keep_alive: bool,
    /// Answer of `current_version()`.
    pub current_version: String,
    /// Version in the MySQL handshake and of `version()`.
    pub mysql_version: String,
    /// File that is written with the ports once all are open.
    pub ready_file: Option<PathBuf>,
    /// Limits of the label table.
    pub limits: Limits,
    /// Whether loads are only counted.
    pub discard: bool,
    /// Bytes per second at which each BE reads a body.
    pub rate: Option<u64>,
    /// Whether there is a transaction interface, as since 2.4.
    pub transactions: bool,
    /// Whether a repeated begin of an open transaction is OK, as in newer versions, instead of `LABEL_ALREADY_EXISTS`.
    pub idempotent_begin: bool,
    /// How long a prepared transaction waits for its commit, unless it says otherwise:
    /// `prepared_transaction_default_timeout_second`.
    pub prepared_timeout: Duration,
    /// How long a stopped BE is still handed out, and keeps its open transactions.
    pub heartbeat: Duration,
    /// Whether the process ends with its standard input.
    pub exit_with_stdin: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            fe_port: 0,
            be_ports: vec![0, 0],
            mysql_port: 0,
            control_port: 0,
            https_port: None,
            followers: 0,
            data: None,
            users: vec![("root".to_owned(), String::new())],
            tls: None,
            redirect_scheme: RedirectScheme::Http,
            redirect_host: None,
            redirect_be_as: Vec::new(),
            redirect_keep_alive: false,
            current_version: "3.3.9-5a4b3c2".to_owned(),
            mysql_version: "8.0.33".to_owned(),
            ready_file: None,
            limits: Limits::default(),
            discard: false,
            rate: None,
            transactions: true,
            idempotent_begin: false,
            prepared_timeout: Duration::from_secs(86_400),
            heartbeat: Duration::from_secs(2),
            exit_with_stdin: false,
        }
    }
}

/// What `--help` prints.
pub const HELP: &str = "\
A StarRocks look-alike for tests and demos. Ports are 0 (the default) for any that is free.

Usage: starrocks-sandbox [OPTIONS]

  --bind ADDRESS               address to listen on [127.0.0.1]
  --fe-port PORT               HTTP port of the leader FE
  --be-ports PORT,PORT,...     HTTP ports of the BEs [0,0]
  --mysql-port PORT            MySQL port
  --control-port PORT          control port: faults, statistics
  --followers N                number of follower FEs [0]
  --data DIR                   keep the data in this folder [in memory]
  --user NAME --password TEXT  replace root with the empty password; repeat both for more users
  --tls-cert FILE --tls-key FILE
                               PEM files; with them every HTTP port speaks TLS as well
  --https-port PORT            one more port of the FE, TLS only
  --redirect-scheme SCHEME     http (as real servers), https or same [http]
  --redirect-host HOST         host that redirects name
  --redirect-be-as HOST:PORT   address that redirects name for a BE; repeat, in the order of the BEs
  --redirect-keep-alive        leave the connection open after a redirect, as older FEs do
  --version-text TEXT          answer of current_version() [3.3.9-5a4b3c2]
  --mysql-version TEXT         version in the MySQL handshake [8.0.33]
  --label-keep-max-num N       finished labels kept per database [1000]
  --label-keep-max-second N    how long they are kept [259200]
  --max-running-txn N          running transactions per database [1000]
  --no-transactions            no transaction interface, as before 2.4
  --idempotent-begin           a repeated begin of an open transaction is OK, as in newer versions
  --prepared-timeout-second N  how long prepared transactions wait for their commit [86400]
  --heartbeat-ms N             how long a stopped BE is still handed out [2000]
  --discard                    count rows and bytes of loads, keep nothing
  --rate BYTES_PER_SECOND      read each body at most that fast
  --ready-file FILE            write the ports there, as JSON, once all are open
  --exit-with-stdin            end when standard input closes
  --help, --version
";

/// What the command line asks for.
#[derive(Debug)]
pub enum Command {
    /// Run with this configuration.
    Run(Box<Config>),
    /// Print this and end.
    Print(String),
}

/// Reads the command line.
pub fn parse(args: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Command, lexopt::Error> {
    let mut config = Config::default();
    let mut users: Vec<(String, String)> = Vec::new();
    let (mut cert, mut key) = (None, None);
    let mut parser = lexopt::Parser::from_iter(args);
    while let Some(arg) = parser.next()? {
        match arg {
            Long("bind") => config.bind = parser.value()?.parse()?,
            Long("fe-port") => config.fe_port = parser.value()?.parse()?,
            Long("be-ports") => {
                config.be_ports = parser.value()?.parse_with(|v| {
                    v.split(',').map(|p| p.trim().parse::<u16>()).collect::<Result<_, _>>()
                })?;
            }
            Long("mysql-port") => config.mysql_port = parser.value()?.parse()?,
            Long("control-port") => config.control_port = parser.value()?.parse()?,
            Long("https-port") => config.https_port = Some(parser.value()?.parse()?),
            Long("followers") => config.followers = parser.value()?.parse()?,
            Long("data") => config.data = Some(parser.value()?.into()),
            Long("user") => users.push((parser.value()?.string()?, String::new())),
            Long("password") => {
                let password = parser.value()?.string()?;
                match users.last_mut() {
                    Some(user) => user.1 = password,
                    None => users.push(("root".to_owned(), password)),
                }
            }
            Long("tls-cert") => cert = Some(PathBuf::from(parser.value()?)),
            Long("tls-key") => key = Some(PathBuf::from(parser.value()?)),
            Long("redirect-scheme") => {
                config.redirect_scheme = match parser.value()?.string()?.as_str() {
                    "http" => RedirectScheme::Http,
                    "https" => RedirectScheme::Https,
                    "same" => RedirectScheme::Same,
                    other => {
                        return Err(format!("--redirect-scheme is http, https or same, not {other}").into());
                    }
                }
            }
            Long("redirect-host") => config.redirect_host = Some(parser.value()?.string()?),
            Long("redirect-be-as") => config.redirect_be_as.push(parser.value()?.string()?),
            Long("redirect-keep-alive") => config.redirect_keep_alive = true,
            Long("version-text") => config.current_version = parser.value()?.string()?,
            Long("mysql-version") => config.mysql_version = parser.value()?.string()?,
            Long("label-keep-max-num") => config.limits.keep_count = parser.value()?.parse()?,
            Long("label-keep-max-second") => {
                config.limits.keep_time = Duration::from_secs(parser.value()?.parse()?)
            }
            Long("max-running-txn") => config.limits.running = parser.value()?.parse()?,
            Long("no-transactions") => config.transactions = false,
            Long("idempotent-begin") => config.idempotent_begin = true,
            Long("prepared-timeout-second") => {
                config.prepared_timeout = Duration::from_secs(parser.value()?.parse()?)
            }
            Long("heartbeat-ms") => config.heartbeat = Duration::from_millis(parser.value()?.parse()?),
            Long("discard") => config.discard = true,
            Long("rate") => config.rate = Some(parser.value()?.parse()?),
            Long("ready-file") => config.ready_file = Some(parser.value()?.into()),
            Long("exit-with-stdin") => config.exit_with_stdin = true,
            Long("help") | Short('h') => return Ok(Command::Print(HELP.to_owned())),
            Long("version") => {
                return Ok(Command::Print(format!("starrocks-sandbox {}\n", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(other.unexpected()),
        }
    }
    if !users.is_empty() {
        config.users = users;
    }
    config.tls = match (cert, key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err("--tls-cert and --tls-key go together".into()),
    };
    if config.https_port.is_some() && config.tls.is_none() {
        return Err("--https-port needs --tls-cert and --tls-key".into());
    }
    if config.be_ports.is_empty() {
        return Err("--be-ports needs at least one port".into());
    }
    Ok(Command::Run(Box::new(config)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(args: &[&str]) -> Result<Config, String> {
        let args = ["starrocks-sandbox"].iter().chain(args).map(Into::into);
        match parse(args) {
            Ok(Command::Run(config)) => Ok(*config),
            Ok(Command::Print(text)) => Err(text),
            Err(e) => Err(e.to_string()),
        }
    }

    #[test]
    fn reads_options() {
        let c =
            run(&["--be-ports", "1, 2,3", "--bind", "::1", "--user", "a", "--password", "b", "--user", "c"])
                .unwrap();
        assert_eq!(c.be_ports, [1, 2, 3]);
        assert!(c.bind.is_ipv6());
        assert_eq!(c.users, [("a".to_owned(), "b".to_owned()), ("c".to_owned(), String::new())]);
    }

    #[test]
    fn refuses_what_makes_no_sense() {
        assert!(run(&["--https-port", "1"]).unwrap_err().contains("--tls-cert"));
        assert!(run(&["--tls-cert", "x"]).unwrap_err().contains("go together"));
        assert!(run(&["--nope"]).is_err());
        assert!(run(&["--help"]).unwrap_err().contains("--exit-with-stdin"));
    }
}
