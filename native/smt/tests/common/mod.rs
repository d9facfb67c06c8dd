//! A MariaDB server of a test's own, and runs of the program.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use mysql::prelude::Queryable;
use mysql::{Conn, OptsBuilder};

/// A running server, with a data folder of its own; dropping it ends both.
pub struct MariaDb {
    folder: tempfile::TempDir,
    process: Child,
    pub port: u16,
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl MariaDb {
    /// Starts a server; `None` where there is none to start, with the reason on standard error.
    pub fn start(options: &[&str]) -> Option<Self> {
        let (Some(server), Some(install)) = (program("mariadbd"), program("mariadb-install-db")) else {
            eprintln!("skipped: MariaDB's server is not installed (Debian: apt-get install mariadb-server)");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        // Servers that start side by side remove each other's temporary tables in a folder they share.
        let temporary = format!("--tmpdir={}", folder.path().display());
        let user = format!("--user={}", if cfg!(unix) { whoami() } else { String::new() });
        let installed = Command::new(install)
            .args([
                "--no-defaults",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                &user,
                &temporary,
            ])
            .arg(format!("--datadir={}", data.display()))
            .output()
            .unwrap();
        assert!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let process = Command::new(server)
            .args([
                "--no-defaults",
                "--bind-address=127.0.0.1",
                "--server-id=1",
                "--character-set-server=utf8mb4",
            ])
            .args([
                "--innodb-buffer-pool-size=64M",
                "--innodb-doublewrite=0",
                "--innodb-flush-log-at-trx-commit=0",
            ])
            .args(["--innodb-file-per-table=0", "--default-time-zone=+00:00", &user, &temporary])
            .arg(format!("--datadir={}", data.display()))
            .arg(format!("--socket={}", folder.path().join("socket").display()))
            .arg(format!("--port={port}"))
            .args(options)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        let server = Self { folder, process, port };
        let deadline = Instant::now() + Duration::from_secs(60);
        while server.try_connect().is_err() {
            let log = fs::read_to_string(server.folder.path().join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "MariaDB doesn't start:\n{log}");
            thread::sleep(Duration::from_millis(100));
        }
        Some(server)
    }

    fn try_connect(&self) -> mysql::Result<Conn> {
        connect(self.port, "root", "")
    }

    /// Runs statements as the administrator.
    pub fn run(&self, statements: &[&str]) {
        let mut connection = self.try_connect().unwrap();
        for statement in statements {
            connection.query_drop(statement).unwrap_or_else(|e| panic!("{e}: {statement}"));
        }
    }
}

/// A connection to a server on this machine.
pub fn connect(port: u16, user: &str, password: &str) -> mysql::Result<Conn> {
    let options = OptsBuilder::new().ip_or_hostname(Some("127.0.0.1")).tcp_port(port).user(Some(user));
    Conn::new(options.pass(Some(password)).prefer_socket(false))
}

fn whoami() -> String {
    let id = Command::new("id").arg("-un").output().unwrap();
    String::from_utf8(id.stdout).unwrap().trim().to_owned()
}

fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).chain(["/usr/sbin".into()]).map(|folder| folder.join(name)).find(|p| p.exists())
}

/// What a run of the program printed, and its exit code.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// Checks the exit code, and that what was printed has these parts.
    pub fn expect(&self, code: i32, parts: &[&str]) {
        let all = format!("{}{}", self.stdout, self.stderr);
        assert_eq!(self.code, code, "{all}");
        for part in parts {
            assert!(all.contains(part), "{part:?} is not in:\n{all}");
        }
    }
}

/// The program, to be run with this configuration.
pub fn tool(config: &str, folder: &Path, arguments: &[&str]) -> Command {
    let file = folder.join("config.conf");
    fs::write(&file, config).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_starrocks-migrate-tool"));
    command.arg("--config").arg(file).args(arguments).current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs the program. No run may show a password.
pub fn run(config: &str, folder: &Path, arguments: &[&str]) -> Run {
    let Output { status, stdout, stderr } = tool(config, folder, arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let run = Run { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) };
    for password in [CDC_PASSWORD, STARROCKS_PASSWORD] {
        assert!(!run.stdout.contains(password) && !run.stderr.contains(password), "a password is shown");
    }
    run
}

pub const CDC_PASSWORD: &str = "c=dc#'pa55\\w0rd";
pub const STARROCKS_PASSWORD: &str = "st4r-r0cks";

/// A configuration with one rule.
pub fn config(port: u16, starrocks_port: u16, database: &str, table: &str, other: &str) -> String {
    format!(
        "[db]\nhost = 127.0.0.1\nport = {port}\nuser = cdc\npassword = {CDC_PASSWORD}\ntype = mysql\n[other]\n{other}\n\
         [table-rule.1]\ndatabase = {database}\ntable = {table}\n\
         flink.starrocks.jdbc-url = jdbc:mysql://127.0.0.1:{starrocks_port}\nflink.starrocks.load-url = 127.0.0.1:8030\n\
         flink.starrocks.username = root\nflink.starrocks.password = {STARROCKS_PASSWORD}\n"
    )
}
