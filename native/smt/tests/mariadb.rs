//! The program against a real MariaDB, and its StarRocks DDL against the look-alike.

mod common;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use common::{CDC_PASSWORD, MariaDb, STARROCKS_PASSWORD, config, connect, run, tool};
use mysql::prelude::Queryable;
use starrocks_sandbox::config::Config as SandboxConfig;
use starrocks_sandbox::server::Sandbox;

const BINLOG: [&str; 2] = ["--log-bin=binlog", "--binlog-format=ROW"];

fn start(options: &[&str]) -> Option<MariaDb> {
    let server = MariaDb::start(options)?;
    let password = CDC_PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
    server.run(&[
        &format!("CREATE USER cdc@'%' IDENTIFIED BY '{password}'"),
        "GRANT SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO cdc@'%'",
    ]);
    Some(server)
}

fn sandbox() -> Sandbox {
    let users = vec![("root".to_owned(), STARROCKS_PASSWORD.to_owned())];
    Sandbox::start(SandboxConfig { users, ..SandboxConfig::default() }).unwrap()
}

// One server for all of it: starting one takes seconds.
#[test]
fn a_server_with_a_binlog() {
    let Some(server) = start(&BINLOG) else { return };
    schema_is_read_as_it_is(&server);
    tables_are_created_in_starrocks(&server);
    wrong_input_is_told(&server);
    settings_and_rights_are_checked(&server);
    rows_are_counted_where_they_matter(&server);
    large_schemas_are_quick(&server);
}

#[test]
fn a_server_without_a_binlog() {
    let Some(server) = start(&["--skip-log-bin"]) else { return };
    server.run(&["CREATE DATABASE d", "CREATE TABLE d.t (id INT PRIMARY KEY)"]);
    let folder = tempfile::tempdir().unwrap();
    let text = config(server.port, 1, "d", "t", "");
    run(&text, folder.path(), &[]).expect(1, &["log_bin is off", "set log_bin, server_id", "--skip-checks"]);
    assert!(!folder.path().join("result").exists());
    run(&text, folder.path(), &["--skip-checks"]).expect(0, &["Done writing to"]);
}

const SCHEMA: [&str; 19] = [
    "CREATE DATABASE kinds",
    "CREATE TABLE kinds.numbers (flag BOOL, t1 TINYINT(1), t TINYINT, tu TINYINT UNSIGNED, s SMALLINT, su SMALLINT UNSIGNED, \
     m MEDIUMINT, mu MEDIUMINT UNSIGNED, i INT, iu INT UNSIGNED, iz INT(5) ZEROFILL, b BIGINT, bu BIGINT UNSIGNED, f FLOAT, \
     fu FLOAT(7,3) UNSIGNED, d DOUBLE, r REAL, de DECIMAL(10,5), df DECIMAL(38,10), dg DECIMAL(65,10), nu NUMERIC, \
     y YEAR, b1 BIT, b10 BIT(10), b64 BIT(64), id INT NOT NULL AUTO_INCREMENT, PRIMARY KEY (id))",
    "CREATE TABLE kinds.times (id INT PRIMARY KEY, d DATE, dt DATETIME, dt6 DATETIME(6), ts TIMESTAMP NULL, \
     ts3 TIMESTAMP(3) NULL, t TIME, t6 TIME(6))",
    "CREATE TABLE kinds.texts (id INT PRIMARY KEY, c CHAR(10), v VARCHAR(20) DEFAULT 'q\"x', l VARCHAR(12000), tt TINYTEXT, t TEXT, \
     mt MEDIUMTEXT, lt LONGTEXT, e ENUM('a(1)','unsigned'), s SET('x','y'), j JSON, bi BINARY(16), vb VARBINARY(20), tb TINYBLOB, \
     b BLOB, lb LONGBLOB, p POINT, g GEOMETRY, latin VARCHAR(10) CHARACTER SET latin1)",
    "CREATE TABLE kinds.computed (id INT PRIMARY KEY, v INT AS (id + 1) VIRTUAL, st INT AS (id + 2) STORED, hidden INT INVISIBLE)",
    "CREATE TABLE kinds.key_behind (v INT, k2 INT, k1 VARCHAR(10), PRIMARY KEY (k1, k2))",
    "CREATE TABLE kinds.unique_only (v INT, k INT NOT NULL, UNIQUE KEY (k))",
    "CREATE TABLE kinds.uniques (k INT NOT NULL, j INT NOT NULL, i INT, UNIQUE KEY z (k, j), UNIQUE KEY n (i), UNIQUE KEY a (j))",
    "CREATE TABLE kinds.unique_null (v INT, k INT, UNIQUE KEY (k))",
    "CREATE TABLE kinds.prefix (k VARCHAR(100) NOT NULL, UNIQUE KEY (k(5)))",
    "CREATE TABLE kinds.no_key (v DOUBLE, w INT NOT NULL)",
    "CREATE TABLE kinds.all_null (b VARCHAR(20), a INT)",
    "INSERT INTO kinds.all_null VALUES ('x', NULL), (NULL, 1), (NULL, NULL)",
    "CREATE TABLE kinds.`课程 t.x (1)` (`a 'b'` INT PRIMARY KEY COMMENT 'a \\\\ b \" c\n; \\'d\\';\n', `列` INT) COMMENT 'ends;\nso'",
    "CREATE TABLE kinds.refused (id UUID PRIMARY KEY)",
    "CREATE TABLE kinds.versions (id INT PRIMARY KEY) WITH SYSTEM VERSIONING",
    "CREATE DATABASE others",
    "CREATE TABLE others.small (id INT PRIMARY KEY, v VARCHAR(9) COMPRESSED)",
    "CREATE VIEW kinds.a_view AS SELECT 1 AS one",
];

fn schema_is_read_as_it_is(server: &MariaDb) {
    server.run(&SCHEMA);
    let folder = tempfile::tempdir().unwrap();
    let text = config(server.port, 9030, "^kinds$", "^.*$", "external_tables = false");
    let done = run(&text, folder.path(), &[]);
    done.expect(
        0,
        &[
            "Rule 1: 14 tables matched, 0 merged, 12 tables in StarRocks, 2 tables and 1 column LEFT OUT",
            "kinds.all_null: column 'a', by which Flink CDC cuts the snapshot, may be NULL",
            "kinds.unique_null: column 'v', by which Flink CDC cuts the snapshot, may be NULL",
            "of MariaDB's type uuid",
            "kinds.versions is kept WITH SYSTEM VERSIONING",
            "column 'hidden' can't be carried: it is invisible",
            "compressed columns, even of tables that it doesn't carry: others.small.v",
        ],
    );
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/mariadb");
    let mut files: Vec<(String, String)> = ["starrocks-create.1.sql", "flink-create.1.sql"]
        .iter()
        .map(|name| {
            ((*name).to_owned(), fs::read_to_string(folder.path().join("result").join(name)).unwrap())
        })
        .collect();
    files.push(("summary.txt".into(), done.stdout.clone()));
    for (name, text) in files {
        let text = text.replace(&format!("'port' = '{}'", server.port), "'port' = '3306'");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::create_dir_all(&golden).unwrap();
            fs::write(golden.join(&name), &text).unwrap();
        }
        let expected = fs::read_to_string(golden.join(&name)).unwrap_or_default();
        assert_eq!(text, expected, "{name} (UPDATE_GOLDEN=1 writes it anew)");
    }

    let before = fs::metadata(folder.path().join("result/flink-create.1.sql")).unwrap().modified().unwrap();
    run(&text, folder.path(), &["--dry-run"]).expect(0, &["Nothing was written"]);
    assert_eq!(
        fs::metadata(folder.path().join("result/flink-create.1.sql")).unwrap().modified().unwrap(),
        before
    );
}

/// Names, types and comments of StarRocks' columns are those of the source.
fn tables_are_created_in_starrocks(server: &MariaDb) {
    let sandbox = sandbox();
    let port = sandbox.server().ports().mysql.address.port();
    let folder = tempfile::tempdir().unwrap();
    let text = config(server.port, port, "kinds", ".*", "string_type = varchar\nbe_num = 1\nbuckets = size");
    run(&text, folder.path(), &["--apply"])
        .expect(0, &["StarRocks: 12 tables created, 0 were there already"]);
    run(&text, folder.path(), &["--apply"])
        .expect(0, &["StarRocks: 0 tables created, 12 were there already"]);
    let sql = "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_COMMENT FROM information_schema.columns WHERE TABLE_SCHEMA = 'kinds'";
    let read = |connection: &mut mysql::Conn| {
        let mut rows: Vec<(String, String, String)> = connection.query(sql).unwrap();
        rows.sort();
        rows
    };
    let mut source = read(&mut connect(server.port, "root", "").unwrap());
    source.retain(|(table, column, _)| {
        !["refused", "versions", "a_view"].contains(&table.as_str()) && column != "hidden"
    });
    let target = read(&mut connect(port, "root", STARROCKS_PASSWORD).unwrap());
    assert_eq!(target, source);
    assert!(source.iter().any(|(_, _, comment)| comment == "a \\ b \" c\n; 'd';\n"));

    let closed = config(server.port, 1, "kinds", "no_key", "");
    run(&closed, folder.path(), &["--apply"])
        .expect(1, &["rule 1: StarRocks: can't connect to 127.0.0.1:1", "[table-rule.1]"]);
    let denied = text.replace(STARROCKS_PASSWORD, "other");
    run(&denied, folder.path(), &["--apply"]).expect(1, &["it refuses user 'root'", "[table-rule.1]"]);
}

fn wrong_input_is_told(server: &MariaDb) {
    let folder = tempfile::tempdir().unwrap();
    let at = |text: &str, arguments: &[&str]| run(text, folder.path(), arguments);
    let good = config(server.port, 1, "kinds", "times", "");
    let with = |from: &str, to: &str| good.replacen(from, to, 1);

    at(&with(&format!("port = {}", server.port), "port = 1"), &[])
        .expect(1, &["can't connect to 127.0.0.1:1", "Check host and port in [db] of"]);
    at(&with("host = 127.0.0.1", "host = no-such-host.invalid"), &[])
        .expect(1, &["no-such-host.invalid", "Check host and port"]);
    at(&with(CDC_PASSWORD, "wrong"), &[])
        .expect(1, &["it refuses user 'cdc'", "Check user and password in [db] of"]);
    at(&with("table = times", "table = nothing"), &[])
        .expect(1, &["in kinds no table matches table = nothing; there are all_null, computed"]);
    at(&with("table = times", "table = times("), &[])
        .expect(2, &["line 11: table = times( is no valid regular expression"]);
    at(&with("table = times", "tables = times"), &[])
        .expect(2, &["line 11: unknown key 'tables'", "has no table"]);
    at(&with("type = mysql", "type = pgsql"), &[]).expect(2, &["reads MySQL and MariaDB only"]);
    let second = format!("{good}[table-rule.2]\ndatabase = kinds\ntable = texts\n");
    at(&second, &[]).expect(2, &["line 16: [table-rule.2] lacks flink.starrocks.jdbc-url"]);
    // A file stands where the folder would be: this holds for root too.
    fs::write(folder.path().join("file"), "").unwrap();
    at(&good, &["--output", "file/result"])
        .expect(1, &["can't make the output folder file/result", "or make it writable"]);
    at(&good, &["--otput", "x"]).expect(2, &["--otput", "see --help"]);
    let missing = tool(&good, folder.path(), &["--config", "none.conf"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("can't read the configuration none.conf"));
    assert!(!folder.path().join("result").exists(), "a run that fails writes nothing");
}

fn settings_and_rights_are_checked(server: &MariaDb) {
    let folder = tempfile::tempdir().unwrap();
    let text = config(server.port, 1, "kinds", "times", "");
    let expect = |parts: &[&str]| run(&text, folder.path(), &[]).expect(1, parts);
    server.run(&["SET GLOBAL binlog_format = 'MIXED'"]);
    expect(&["binlog_format is MIXED, and must be ROW", "SET GLOBAL binlog_format = 'ROW'"]);
    server.run(&["SET GLOBAL binlog_format = 'ROW'", "SET GLOBAL binlog_row_image = 'MINIMAL'"]);
    expect(&["binlog_row_image is MINIMAL"]);
    server.run(&[
        "SET GLOBAL binlog_row_image = 'FULL'",
        "REVOKE REPLICATION SLAVE, REPLICATION CLIENT ON *.* FROM cdc@'%'",
    ]);
    expect(&["the user lacks REPLICATION SLAVE, REPLICATION CLIENT", "GRANT SELECT, SHOW DATABASES"]);
    server.run(&[
        "GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO cdc@'%'",
        "REVOKE SELECT ON *.* FROM cdc@'%'",
    ]);
    expect(&["no database matches database = kinds; the user sees none", "may not SELECT"]);
    for on in ["kinds", "`kin%`", "`k_nds`"] {
        server.run(&[&format!("GRANT SELECT ON {on}.* TO cdc@'%'")]);
        run(&text, folder.path(), &[]).expect(0, &["Done writing"]);
        server.run(&[&format!("REVOKE SELECT ON {on}.* FROM cdc@'%'")]);
    }
    server.run(&["GRANT SELECT ON *.* TO cdc@'%'"]);
}

/// Rows with NULL in the column that a snapshot is cut by are read only if one chunk holds the table.
fn rows_are_counted_where_they_matter(server: &MariaDb) {
    // MyISAM knows exactly how many rows there are.
    server.run(&[
        "CREATE DATABASE counted",
        "CREATE TABLE counted.many (a INT) ENGINE=MyISAM SELECT IF(seq % 3, seq, NULL) AS a FROM counted.seq_1_to_1000001",
        "CREATE TABLE counted.few (a INT) ENGINE=MyISAM",
        "CREATE TABLE counted.`man_` (a INT) ENGINE=MyISAM",
        "CREATE TABLE counted.not_null (a INT NOT NULL) ENGINE=MyISAM SELECT seq AS a FROM counted.seq_1_to_1000001",
    ]);
    let folder = tempfile::tempdir().unwrap();
    let with = |more: &str| config(server.port, 1, "counted", ".*", "") + more;
    let size = "flink.cdc.scan.incremental.snapshot.chunk.size";
    let sizes = || {
        let text = fs::read_to_string(folder.path().join("result/flink-create.1.sql")).unwrap();
        ["'500'", "'2000000'", "'3000000'"].map(|size| text.matches(size).count())
    };
    // Flink CDC takes a table's name for a pattern when it asks for the rows.
    run(&with(&format!("{size} = 500\n")), folder.path(), &[]).expect(
        0,
        &[
            "2 tables LEFT OUT",
            "LEFT OUT: counted.man_ has about 1000001 rows",
            "LEFT OUT: counted.many has about 1000001 rows",
        ],
    );
    assert_eq!(sizes(), [1, 1, 0]);
    run(&with(&format!("{size} = 3000000\n")), folder.path(), &[]).expect(0, &["4 tables in StarRocks\n"]);
    assert_eq!(sizes(), [0, 0, 4]);
}

/// 2,000 tables with 20 columns each.
fn large_schemas_are_quick(server: &MariaDb) {
    let mut connection = connect(server.port, "root", "").unwrap();
    let columns: Vec<String> =
        (1..20).map(|i| format!("column_{i} VARCHAR({}) COMMENT 'comment {i}'", 10 * i)).collect();
    for database in 0..4 {
        connection.query_drop(format!("CREATE DATABASE large_{}", (b'a' + database) as char)).unwrap();
        connection.query_drop(format!("USE large_{}", (b'a' + database) as char)).unwrap();
        for table in 0..500 {
            connection
                .query_drop(format!(
                    "CREATE TABLE t{table}_x (id BIGINT PRIMARY KEY, {}) ENGINE=MyISAM",
                    columns.join(", ")
                ))
                .unwrap();
        }
    }
    drop(connection);
    let folder = tempfile::tempdir().unwrap();
    let text = config(server.port, 1, "large_.*", ".*", "");
    // The best of some runs: what else the machine does isn't the program's time.
    let (took, peak_kb) = (0..3).map(|_| timed(&text, folder.path())).min().unwrap();
    let summary = fs::read_to_string(folder.path().join("out")).unwrap();
    assert!(summary.contains("Rule 1: 2000 tables matched, 0 merged, 2000 tables in StarRocks"), "{summary}");
    let flink = fs::read_to_string(folder.path().join("result/flink-create.all.sql")).unwrap();
    assert_eq!(
        (flink.matches("`column_").count(), flink.matches("INSERT INTO").count()),
        (2 * 19 * 2000, 2000)
    );
    eprintln!("2,000 tables with 40,000 columns: {took:.2?}, {peak_kb} KiB");
    // MariaDB's time, most of it: on a machine that does more than it has cores for, the clock tells nothing.
    let load: f64 = fs::read_to_string("/proc/loadavg").unwrap().split(' ').next().unwrap().parse().unwrap();
    let cores = thread::available_parallelism().unwrap().get();
    assert!(took < Duration::from_secs(5) || load > cores as f64, "took {took:?}, at a load of {load}");
    assert!((1..200 * 1024).contains(&peak_kb), "{peak_kb} KiB");
}

/// A run's time, and the most memory it had in KiB.
fn timed(config: &str, folder: &Path) -> (Duration, u64) {
    let begin = Instant::now();
    let out = fs::File::create(folder.join("out")).unwrap();
    let mut child = tool(config, folder, &[]).stdout(out).spawn().unwrap();
    let mut peak_kb = 0;
    loop {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = status
            .lines()
            .find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse().ok());
        peak_kb = peak.unwrap_or(0).max(peak_kb);
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return (begin.elapsed(), peak_kb);
        }
        thread::sleep(Duration::from_millis(2));
    }
}
