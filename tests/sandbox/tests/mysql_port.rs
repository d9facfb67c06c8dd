//! The MySQL port, through a driver that nobody here wrote.

mod common;

use common::World;
use mysql::consts::{ColumnFlags, ColumnType};
use mysql::prelude::Queryable;
use mysql::{Params, Value, params};
use starrocks_sandbox::config::Config;
use starrocks_sandbox::faults::{Fault, Kind};

const ALL: &str = "CREATE TABLE d.all_types (k INT, b BOOLEAN, t TINYINT, s SMALLINT, i INT, l BIGINT, ll LARGEINT, \
    f FLOAT, d DOUBLE, de DECIMAL(20,4), c CHAR(3), v VARCHAR(10), st STRING, vb VARBINARY, da DATE, dt DATETIME, \
    j JSON, a ARRAY<INT>, m MAP<INT,STRING>, r STRUCT<x INT, y STRING>) PRIMARY KEY(k) DISTRIBUTED BY HASH(k)";

#[test]
fn the_schema_query_of_the_java_connector() {
    let world = World::new();
    world.sql(ALL);
    let sql = "select `COLUMN_NAME`, `ORDINAL_POSITION`, `COLUMN_KEY`, `DATA_TYPE`, `COLUMN_SIZE`, `DECIMAL_DIGITS` \
               from `information_schema`.`COLUMNS` where `TABLE_SCHEMA`='d' and `TABLE_NAME`='all_types';";
    let mut conn = world.connect();
    let result = conn.query_iter(sql).unwrap();
    let position = result.columns().as_ref()[1].clone();
    assert_eq!(position.column_type(), ColumnType::MYSQL_TYPE_LONGLONG);
    assert!(!position.flags().contains(ColumnFlags::UNSIGNED_FLAG));
    let rows: Vec<mysql::Row> = result.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 20);
    let types: Vec<String> = rows.iter().map(|r| r.get(3).unwrap()).collect();
    assert_eq!(
        types.join(" "),
        "int tinyint tinyint smallint int bigint bigint unsigned float double decimal char varchar varchar varbinary \
         date datetime json array map struct"
    );
    let keys: Vec<String> = rows.iter().map(|r| r.get(2).unwrap()).collect();
    assert_eq!(keys.concat(), "PRI");
    assert_eq!(rows[1].get::<Option<i64>, _>(4), Some(None), "BOOLEAN has no size");
    assert_eq!(rows[9].get::<i64, _>(5), Some(4));
}

#[test]
fn values_come_back_typed_in_text_and_binary() {
    let world = World::new();
    world.sql(ALL);
    let large = "170141183460469231731687303715884105727";
    world.sql(&format!(
        "INSERT INTO d.all_types VALUES (1, true, -128, 32767, -2147483648, 9223372036854775807, '{large}', 1.1, 2.2e10, \
         -0.5, 'abc', 'it''s', '', 'AQI=', '0001-01-01', '9999-12-31 23:59:59.000001', '{{\"a\": 1}}', '[1,null]', \
         NULL, NULL)"
    ));
    let sql = "SELECT b, t, l, ll, f, d, de, v, st, vb, da, dt, j, a, m FROM d.all_types";
    let mut conn = world.connect();
    let text: mysql::Row = conn.query_first(sql).unwrap().unwrap();
    let texts: Vec<Option<String>> = text.unwrap().into_iter().map(mysql::from_value).collect();
    let texts: Vec<&str> = texts.iter().map(|t| t.as_deref().unwrap_or("NULL")).collect();
    assert_eq!(
        texts.join("|"),
        format!(
            "1|-128|9223372036854775807|{large}|1.1|22000000000|-0.5000|it's||\u{1}\u{2}|0001-01-01|\
             9999-12-31 23:59:59.000001|{{\"a\": 1}}|[1,null]|NULL"
        )
    );
    let binary: mysql::Row = conn.exec_first(sql, Params::Empty).unwrap().unwrap();
    let binary = binary.unwrap();
    assert_eq!(binary[2], Value::Int(i64::MAX));
    assert_eq!(binary[4], Value::Float(1.1));
    assert_eq!(binary[5], Value::Double(2.2e10));
    assert_eq!(binary[10], Value::Date(1, 1, 1, 0, 0, 0, 0));
    assert_eq!(binary[11], Value::Date(9999, 12, 31, 23, 59, 59, 1));
    assert_eq!(binary[14], Value::NULL);
}

#[test]
fn exact_numbers_sort_compare_and_add_up() {
    let world = World::new();
    world.sql("CREATE TABLE d.n (g INT, x DECIMAL(38,2), y LARGEINT) DUPLICATE KEY(g)");
    world.sql(
        "INSERT INTO d.n VALUES (1, '9.10', '-5'), (1, '10.05', '99999999999999999999'), (2, '-100', '3'), (2, NULL, NULL)",
    );
    let mut conn = world.connect();
    let sorted: Vec<String> = conn.query("SELECT x FROM d.n WHERE x IS NOT NULL ORDER BY x").unwrap();
    assert_eq!(sorted, ["-100.00", "9.10", "10.05"]);
    let sums: Vec<(i32, String, String)> =
        conn.query("SELECT g, sum(x), sum(y) FROM d.n GROUP BY g ORDER BY g").unwrap();
    assert_eq!(sums, [(1, "19.15".into(), "99999999999999999994".into()), (2, "-100.00".into(), "3".into())]);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM d.n WHERE x > 9.5"), 1);
    assert_eq!(world.one::<String>("SELECT max(y) FROM d.n"), "99999999999999999999");
    assert_eq!(world.one::<String>("SELECT avg(x) FROM d.n WHERE g = 1"), "9.575000");
    assert_eq!(world.one::<f64>("SELECT avg(g) FROM d.n"), 1.5);
}

#[test]
fn joins_and_groups_over_unqualified_names() {
    let world = World::new();
    let mut conn = world.connect();
    conn.query_drop("USE d").unwrap();
    conn.query_drop("CREATE TABLE names (code CHAR(2), name STRING)").unwrap();
    conn.query_drop("CREATE TABLE hits (code CHAR(2), delay INT)").unwrap();
    conn.query_drop("INSERT INTO names VALUES ('AA', \"Alpha\"), ('BB', 'Beta')").unwrap();
    conn.query_drop("INSERT INTO hits (delay, code) VALUES (5, 'AA'), (7, 'AA'), (1, 'BB'), (NULL, 'BB')")
        .unwrap();
    let rows: Vec<(String, f64, i64)> = conn
        .query(
            "SELECT n.name, avg(h.delay) AS mean, count(*) FROM hits h JOIN d.names n ON h.code = n.code \
             WHERE h.delay IS NOT NULL GROUP BY n.name HAVING count(*) > 0 ORDER BY mean DESC LIMIT 5",
        )
        .unwrap();
    assert_eq!(rows, [("Alpha".to_owned(), 6.0, 2), ("Beta".to_owned(), 1.0, 1)]);
    let tables: Vec<String> = conn.query("SHOW TABLES LIKE 'n%'").unwrap();
    assert_eq!(tables, ["names"]);
}

#[test]
fn parameters_are_bound() {
    let world = World::new();
    let mut conn = world.connect();
    conn.exec_drop("INSERT INTO d.t VALUES (?, ?)", (1, "a'b\\c\0d")).unwrap();
    conn.exec_drop("INSERT INTO d.t VALUES (:id, :name)", params! {"id" => 2, "name" => None::<String>})
        .unwrap();
    let rows: Vec<(i64, Option<String>)> =
        conn.exec("SELECT id, name FROM d.t WHERE id >= ? ORDER BY id", (1,)).unwrap();
    assert_eq!(rows, [(1, Some("a'b\\c\0d".to_owned())), (2, None)]);
}

#[test]
fn versions_and_variables() {
    let world = World::with(Config { current_version: "3.1.2-4f3a2ee".into(), ..Config::default() });
    let mut conn = world.connect();
    let row: mysql::Row = conn.query_first("select current_version() as ver;").unwrap().unwrap();
    assert_eq!(row.get::<String, _>("ver").unwrap(), "3.1.2-4f3a2ee");
    assert_eq!(world.one::<String>("SELECT version()"), "8.0.33");
    assert_eq!(world.one::<i64>("SELECT @@session.auto_increment_increment AS x"), 1);
    assert!(
        conn.query_drop("SELECT @@nope").unwrap_err().to_string().contains("Unknown system variable 'nope'")
    );
    conn.query_drop("SET NAMES utf8mb4").unwrap();
    assert!(conn.ping().is_ok());
}

#[test]
fn errors_have_mysqls_numbers() {
    let world = World::new();
    let code = |sql: &str| match world.connect().query_drop(sql) {
        Err(mysql::Error::MySqlError(e)) => e.code,
        other => panic!("{sql}: {other:?}"),
    };
    assert_eq!(code("USE nope"), 1049);
    assert_eq!(code("SELECT * FROM d.nope"), 1146);
    assert_eq!(code("SELECT nope FROM d.t"), 1054);
    assert_eq!(code("CREATE TABLE d.t (a INT)"), 1050);
    assert_eq!(code("SELEC 1"), 1064);
    let wrong = mysql::Conn::new(world.opts().pass(Some("x")));
    assert!(wrong.unwrap_err().to_string().contains("Access denied for user 'root' (using password: YES)"));
    let gone = mysql::Conn::new(world.opts().db_name(Some("nope")));
    assert!(gone.unwrap_err().to_string().contains("Unknown database 'nope'"));
}

#[test]
fn passwords_are_checked() {
    let users = vec![("root".to_owned(), "secret".to_owned())];
    let sandbox = starrocks_sandbox::server::Sandbox::start(Config { users, ..Config::default() }).unwrap();
    let world = World { sandbox };
    assert!(mysql::Conn::new(world.opts().pass(Some("secret"))).is_ok());
    assert!(mysql::Conn::new(world.opts().pass(Some("Secret"))).is_err());
    assert!(mysql::Conn::new(world.opts()).is_err());
}

#[test]
fn columns_come_and_go() {
    let world = World::new();
    world.sql("INSERT INTO d.t VALUES (1, 'a')");
    world.sql("ALTER TABLE d.t ADD COLUMN n INT DEFAULT '7' AFTER id");
    let rows: Vec<(i64, i32, String)> = world.connect().query("SELECT * FROM d.t").unwrap();
    assert_eq!(rows, [(1, 7, "a".into())]);
    world.sql("ALTER TABLE d.t DROP COLUMN name");
    let names: Vec<String> = world
        .connect()
        .query("SELECT column_name FROM information_schema.columns WHERE table_name = 't' ORDER BY ordinal_position")
        .unwrap();
    assert_eq!(names, ["id", "n"]);
    let shown: (String, String) = world.connect().query_first("SHOW CREATE TABLE d.t").unwrap().unwrap();
    assert!(shown.1.contains("`n` INT(11) NULL DEFAULT \"7\""), "{}", shown.1);
}

#[test]
fn rows_lead_to_their_loads() {
    let world = World::new();
    world.load("first", "1\ta\n2\tb\n", &[]);
    world.load("second", "1\ta\n", &[]);
    let rows: Vec<(String, i64)> =
        world.connect().query("SELECT _label, id FROM d.`t$ledger` ORDER BY _label, id").unwrap();
    assert_eq!(rows, [("first".into(), 1), ("first".into(), 2), ("second".into(), 1)]);
    let ledger: (String, i64, i64, i64) = world
        .connect()
        .query_first("SELECT state, `rows`, bytes, be FROM sandbox.ledger WHERE label = 'first'")
        .unwrap()
        .unwrap();
    assert_eq!(ledger, ("VISIBLE".into(), 2, 8, i64::from(world.be(0).port())));
}

#[test]
fn faults_of_the_metadata() {
    let world = World::new();
    let columns = "SELECT COLUMN_KEY, DATA_TYPE, ORDINAL_POSITION FROM information_schema.columns WHERE TABLE_NAME = 't'";
    world.fault(Fault::new(Kind::MysqlNullColumnKey));
    let row: mysql::Row = world.connect().query_first(columns).unwrap().unwrap();
    assert_eq!(row.get::<Option<String>, _>(0), Some(None));
    world.fault(Fault::new(Kind::MysqlUnknownType));
    let row: mysql::Row = world.connect().query_first(columns).unwrap().unwrap();
    assert_eq!(row.get::<String, _>(1).unwrap(), "geometry");
    world.fault(Fault::new(Kind::MysqlWrongTypes));
    let mut conn = world.connect();
    let result = conn.query_iter(columns).unwrap();
    assert!(result.columns().as_ref()[2].flags().contains(ColumnFlags::UNSIGNED_FLAG));
    drop(result);
    world.fault(Fault::new(Kind::MysqlVersion));
    assert_eq!(world.one::<String>("SELECT current_version()"), "main-1a2b3c4");
    world.fault(Fault { count: Some(1), ..Fault::new(Kind::MysqlDropMidResult) });
    assert!(world.connect().query::<mysql::Row, _>(columns).is_err());
    assert_eq!(world.connect().query::<mysql::Row, _>(columns).unwrap().len(), 2);
}
