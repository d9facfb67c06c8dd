//! Catalogs made by hand, and the files generated from them, compared with those in `tests/golden`.
//!
//! `UPDATE_GOLDEN=1 cargo test -p starrocks-migrate-tool` writes them anew, to be read before they are committed.

use std::path::{Path, PathBuf};
use std::{env, fs};

use super::*;
use crate::catalog::{Column, Index};
use crate::config;

const SINK: &str = "flink.starrocks.jdbc-url = jdbc:mysql://fe:9030\nflink.starrocks.load-url = fe:8030\n\
                    flink.starrocks.username = root\nflink.starrocks.password = p'w\n";

/// A configuration of one rule; `other` goes into `[other]`, `rule` into the rule.
fn one_rule(database: &str, table: &str, other: &str, rule: &str) -> String {
    configuration(other, &format!("[table-rule.1]\ndatabase = {database}\ntable = {table}\n{rule}\n{SINK}"))
}

fn configuration(other: &str, rules: &str) -> String {
    format!(
        "[db]\nhost = mysql.example\nport = 3306\nuser = cdc\npassword = s3cret\n[other]\n{other}\n{rules}"
    )
}

/// Columns are written `name type [NOT NULL] ['comment']`, the type without blanks but for `unsigned`.
fn table(name: &str, columns: &[&str], unique: &[(&str, &[&str])]) -> Table {
    let (database, name) = name.split_once('/').expect("database/table");
    let column = |text: &&str| {
        let (text, comment) =
            text.split_once(" '").map_or((*text, ""), |(t, c)| (t, c.trim_end_matches('\'')));
        let (text, nullable) = text.strip_suffix(" NOT NULL").map_or((text, true), |t| (t, false));
        let (name, ty) = text.rsplit_once(": ").expect("name: type");
        let length = ty
            .strip_prefix("varchar(")
            .or(ty.strip_prefix("char("))
            .and_then(|rest| rest.strip_suffix(')')?.parse().ok());
        Column {
            name: name.into(),
            ty: ty.into(),
            nullable,
            comment: comment.into(),
            length,
            ..Column::default()
        }
    };
    Table {
        database: database.into(),
        name: name.into(),
        columns: columns.iter().map(column).collect(),
        unique: unique
            .iter()
            .map(|(name, columns)| Index {
                name: (*name).into(),
                columns: columns.iter().map(|c| (*c != "<expression>").then(|| (*c).to_owned())).collect(),
            })
            .collect(),
        ..Table::default()
    }
}

fn catalog(tables: Vec<Table>) -> Catalog {
    let names = tables.iter().map(|t| (t.database.clone(), t.name.clone())).collect();
    Catalog { tables, names, ..Catalog::default() }
}

/// Files by name, and warnings.
type Generated = (Vec<(String, String)>, Vec<String>);

fn generated(text: &str, catalog: &Catalog) -> Result<Generated> {
    let config = config::parse(text)?;
    let results = plan(&config, catalog)?;
    let mut warnings = Vec::new();
    for result in &results {
        warnings.extend(result.skipped.iter().chain(&result.warnings).cloned());
        let of = |t: &Target| [&t.left_out[..], &t.risks, &t.warnings].concat();
        warnings.extend(result.targets.iter().flat_map(of));
    }
    Ok((files(&config, &results, Some("UTC")), warnings))
}

fn refused(text: &str, catalog: &Catalog, parts: &[&str]) {
    let error = generated(text, catalog).expect_err("it can't be generated").to_string();
    for part in parts {
        assert!(error.contains(part), "{part:?} is not in:\n{error}");
    }
}

/// The text of one file.
fn file<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    &files.iter().find(|(n, _)| n == name).expect("the file is generated").1
}

/// Compares files and warnings with a folder of `tests/golden`, which has no others.
fn golden(case: &str, text: &str, catalog: &Catalog) {
    let (mut files, warnings) = generated(text, catalog).unwrap();
    files.push(("warnings.txt".into(), warnings.iter().map(|w| format!("{w}\n")).collect()));
    let folder: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(case);
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &files {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    for (name, text) in &files {
        let expected = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert_eq!(*text, expected, "{case}/{name} (UPDATE_GOLDEN=1 writes it anew)");
    }
    let count = fs::read_dir(&folder).unwrap().count();
    assert_eq!(count, files.len(), "{} has files that are not generated", folder.display());
}

const COURSE: [&str; 3] =
    ["id: bigint(20) NOT NULL 'number of the course'", "name: varchar(64) NOT NULL", "hours: int(11)"];

fn courses() -> Vec<Table> {
    ["edu_db_1/course_1", "edu_db_1/course_2", "edu_db_2/course_1", "edu_db_2/course_2"]
        .map(|name| table(name, &COURSE, &[("PRIMARY", &["id"])]))
        .into()
}

const EDU: (&str, &str) = ("^edu_db_[0-9]*$", "^course_[0-9]*$");

#[test]
fn sharded_tables_of_the_document() {
    let text = one_rule(
        EDU.0,
        EDU.1,
        "be_num = 3\nuse_decimal_v3 = true",
        "schema = ^.*$\nflink.starrocks.sink.properties.column_separator = \\x01\n\
         flink.starrocks.sink.properties.row_delimiter = \\x02\nflink.starrocks.sink.buffer-flush.interval-ms = 15000",
    );
    golden("sharded", &text, &catalog(courses()));
}

#[test]
fn several_rules_with_settings_of_their_own() {
    let rules = format!(
        "[table-rule.1]\ndatabase = ^shop$\ntable = ^(orders|lines)$\nbucket_num = 8\nproperties.in_memory = false\n\
         flink.starrocks.sink.buffer-flush.interval-ms = 1000\n{SINK}\
         [table-rule.log]\ndatabase = ^shop$\ntable = ^events$\nduplicate_keys = at,kind\ndistributed_by = kind\npartition_key = at\n\
         partitions = START (\"2021-01-02\") END (\"2021-01-04\") EVERY (INTERVAL 1 day)\nproperties.replication_num = 1\n\
         flink.cdc.server-id = 7000-7003\ntarget_database = logs\n{SINK}"
    );
    let mut orders =
        table("shop/orders", &["id: int NOT NULL", "total: decimal(10,2) NOT NULL"], &[("PRIMARY", &["id"])]);
    orders.comment = "what was bought".into();
    let tables = vec![
        table("shop/events", &["kind: varchar(10)", "at: datetime(3) NOT NULL", "what: json"], &[]),
        table(
            "shop/lines",
            &["price: float", "line: int NOT NULL", "id: int NOT NULL"],
            &[("PRIMARY", &["id", "line"])],
        ),
        orders,
    ];
    let other = "be_num = 1\nstatement_set = execute\nflink.set.execution.checkpointing.interval = 10s\nserver_ids_per_source = 1";
    golden("rules", &configuration(other, &rules), &catalog(tables));
}

/// Every type, as a column and as a key.
fn all_types() -> Vec<Table> {
    let types = [
        "tinyint(1)",
        "tinyint(4)",
        "tinyint(3) unsigned",
        "smallint",
        "smallint(5) unsigned",
        "mediumint",
        "mediumint unsigned",
        "int",
        "int(10) unsigned zerofill",
        "bigint",
        "bigint(20) unsigned",
        "float",
        "float(7,3) unsigned",
        "double",
        "decimal(10,5)",
        "decimal(38,10)",
        "decimal(65,10)",
        "date",
        "datetime",
        "datetime(6)",
        "timestamp(3)",
        "time",
        "time(6)",
        "year(4)",
        "char(10)",
        "varchar(20)",
        "tinytext",
        "text",
        "mediumtext",
        "longtext",
        "enum('a','b')",
        "enum('a','b,c')",
        "set('x','y')",
        "json",
        "bit(1)",
        "bit(10)",
        "bit(64)",
        "binary(16)",
        "varbinary(20)",
        "tinyblob",
        "blob",
        "longblob",
        "point",
        "geometry",
    ];
    let columns: Vec<String> = types.iter().enumerate().map(|(i, ty)| format!("c{i}: {ty}")).collect();
    let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    columns.push("id: int NOT NULL");
    let mut tables = vec![table("d/columns", &columns, &[("PRIMARY", &["id"])])];
    let keys = [
        "bigint unsigned",
        "decimal(12,0)",
        "decimal(12,2)",
        "double",
        "time",
        "varchar(20)",
        "varbinary(16)",
        "datetime(3)",
    ];
    for (i, ty) in keys.into_iter().enumerate() {
        let name = format!("d/key_{}", (b'a' + i as u8) as char);
        tables.push(table(&name, &["v: int", &format!("k: {ty} NOT NULL")], &[("PRIMARY", &["k"])]));
    }
    tables
}

#[test]
fn every_type() {
    golden("types", &one_rule("d", ".*", "", ""), &catalog(all_types()));
}

#[test]
fn keys() {
    let tables = vec![
        table("d/behind", &["v: int", "k2: int NOT NULL", "k1: int NOT NULL"], &[("PRIMARY", &["k1", "k2"])]),
        table("d/expression", &["v: int", "k: int NOT NULL"], &[("u", &["<expression>", "k"])]),
        table("d/none", &["v: double", "n: int", "t: varchar(9) NOT NULL"], &[]),
        table("d/none_solid", &["v: double", "t: varchar(9)"], &[]),
        table(
            "d/unique",
            &["v: int", "k: int NOT NULL", "j: int NOT NULL"],
            &[("a", &["j", "k"]), ("b", &["k"])],
        ),
        table("d/unique_null", &["v: int NOT NULL", "k: int"], &[("u", &["k"])]),
        table("d/wide", &["k: varchar(100) NOT NULL"], &[("PRIMARY", &["k"])]),
    ];
    golden("keys", &one_rule("d", ".*", "external_tables = false", ""), &catalog(tables));
}

#[test]
fn names_and_comments_of_any_kind() {
    let mut odd = table(
        "a.b/t.x",
        &["id: int NOT NULL", "a \"b\" c: int", "数量: int", "semi; : int", "quote'\": int"],
        &[("PRIMARY", &["id"])],
    );
    odd.comment = "ends a line;\nwith \"quotes\", 'quotes', back\\slashes and 中文".into();
    odd.columns[1].comment = "a \\ and a \" and\r\nmore;\n".into();
    let tables = vec![
        odd,
        table("a.b/课程 (1)", &["id: int NOT NULL"], &[("PRIMARY", &["id"])]),
        table("a.b/tax", &["i: int"], &[]),
    ];
    golden("names", &one_rule("a\\.b", "t\\.x|课程.*", "", ""), &catalog(tables));
}

#[test]
fn statements_end_where_runners_cut_and_nowhere_else() {
    let mut odd = table("d/t", &["id: int NOT NULL"], &[("PRIMARY", &["id"])]);
    odd.comment = "x;\ny".into();
    let (files, _) =
        generated(&one_rule("d", "t", "statement_set = execute", ""), &catalog(vec![odd.clone()])).unwrap();
    for (name, expected) in
        [("flink-create.1.sql", 4), ("starrocks-create.1.sql", 2), ("starrocks-external-create.all.sql", 2)]
    {
        let text = file(&files, name);
        assert!(text.ends_with(";\n"));
        assert_eq!(text.matches(";\n").count(), expected, "{name}:\n{text}");
    }
    // The SQL clients of Flink 1.13 and 1.14 don't see a `;` after `--` on the same line.
    odd.name = "a--b".into();
    let (files, _) = generated(&one_rule("d", "a.*", "", ""), &catalog(vec![odd])).unwrap();
    let flink = file(&files, "flink-create.1.sql");
    assert!(flink.ends_with("`a--b_src`\n;\n"), "{flink}");
}

#[test]
fn generation_is_deterministic() {
    let text = one_rule("d", ".*", "", "");
    let forward = generated(&text, &catalog(all_types())).unwrap();
    assert_eq!(generated(&text, &catalog(all_types())).unwrap(), forward);
}

#[test]
fn rules_without_anchors_and_lists() {
    let with = |other: &str| {
        let (files, _) = generated(&one_rule(EDU.0, EDU.1, other, ""), &catalog(courses())).unwrap();
        file(&files, "flink-create.all.sql").to_owned()
    };
    let regex = with("");
    assert!(
        regex.contains("'database-name' = 'edu_db_[0-9]*',\n  'table-name' = 'course_[0-9]*'"),
        "{regex}"
    );
    let list = with("shard_source = list");
    assert!(
        list.contains("'database-name' = '(edu_db_1|edu_db_2)',\n  'table-name' = '(course_1|course_2)'"),
        "{list}"
    );
    let separate = with("shards = separate");
    assert_eq!(separate.matches("mysql-cdc").count(), 4);
    assert!(separate.contains("'server-id' = '5412-5415'"));
}

#[test]
fn a_rule_over_many_tables_names_the_shards_of_each_group() {
    let mut tables = courses();
    tables.push(table("edu_db_1/teacher_1", &["id: int NOT NULL"], &[("PRIMARY", &["id"])]));
    tables.push(table("edu_db_1/teacher_2", &["id: int NOT NULL"], &[("PRIMARY", &["id"])]));
    tables.push(table("edu_db_1/course", &["x: int NOT NULL"], &[]));
    let (files, _) = generated(&one_rule("edu.*", ".*", "", ""), &catalog(tables)).unwrap();
    let flink = file(&files, "flink-create.1.sql");
    for part in [
        "'database-name' = 'edu_db_?[0-9]+',\n  'table-name' = 'course_?[0-9]+'",
        "'database-name' = 'edu_db_1',\n  'table-name' = 'teacher_?[0-9]+'",
        "'database-name' = 'edu_db_1',\n  'table-name' = 'course'",
        "`edu_db__auto_shard`.`course__auto_shard_sink`",
        "`edu_db_1`.`teacher__auto_shard_sink`",
    ] {
        assert!(flink.contains(part), "{part} is not in:\n{flink}");
    }
}

#[test]
fn the_shards_names_join_the_key() {
    golden(
        "shard_key",
        &one_rule(EDU.0, EDU.1, "shard_key = true\nexternal_tables = false", ""),
        &catalog(courses()),
    );
}

fn differing() -> Catalog {
    let mut tables = courses();
    tables[3] = table(
        "edu_db_2/course_2",
        &["id: bigint(20) NOT NULL", "name: varchar(200) NOT NULL", "room: int"],
        &[("PRIMARY", &["id"])],
    );
    catalog(tables)
}

#[test]
fn shards_that_differ_are_told() {
    refused(
        &one_rule(EDU.0, EDU.1, "", ""),
        &differing(),
        &[
            "4 tables would merge into course__auto_shard, but their columns differ",
            "edu_db_1.course_1 and edu_db_2.course_2: 'name' is varchar(64) and varchar(200); 'hours' is missing in the second; \
         'room' is missing in the first",
        ],
    );
    let mut other_key = courses();
    other_key[1].unique[0].columns = vec![Some("name".into())];
    refused(
        &one_rule(EDU.0, EDU.1, "", ""),
        &catalog(other_key),
        &["the key is PRIMARY KEY (id) and PRIMARY KEY (name)"],
    );
    let mut other_order = courses();
    other_order[1].columns.swap(1, 2);
    refused(&one_rule(EDU.0, EDU.1, "", ""), &catalog(other_order), &["the columns' order is"]);
}

#[test]
fn shards_that_differ_unite_or_split() {
    golden("union", &one_rule(EDU.0, EDU.1, "shards = union\nstring_type = varchar", ""), &differing());
    let text = one_rule(EDU.0, EDU.1, "shards = split\nshard_source = list", "");
    let error = generated(&text, &differing()).expect_err("the product has the fourth, too").to_string();
    assert!(error.contains("would read edu_db_2.course_2 too"), "{error}");
    let mut tables = differing();
    tables.tables.remove(2);
    tables.names.remove(2);
    let (files, _) = generated(&text, &tables).unwrap();
    let flink = file(&files, "flink-create.1.sql");
    assert!(
        flink.contains("course__auto_shard_1_sink") && flink.contains("`edu_db_2`.`course_2_sink`"),
        "{flink}"
    );
}

#[test]
fn strangers_that_the_source_would_read_are_told() {
    // The rule means two pairs, and the source would read four tables.
    let mut all = catalog(courses());
    all.tables.retain(|t| t.full_name() != "edu_db_1.course_2");
    let text = one_rule(EDU.0, EDU.1, "shard_source = list", "");
    refused(&text, &all, &["would read edu_db_1.course_2 too", "Split the rule"]);
    // Nor does the source tell upper from lower case.
    let mut tables = courses();
    tables.push(table("edu_db_1/COURSE_3", &COURSE, &[]));
    refused(&one_rule(EDU.0, EDU.1, "", ""), &catalog(tables), &["would read edu_db_1.COURSE_3 too"]);
}

/// What a source reads, as the pattern of its databases and of its tables, and the warnings.
fn read_by(text: &str, tables: Vec<Table>) -> (String, Vec<String>) {
    let (files, warnings) = generated(text, &catalog(tables)).unwrap();
    let flink = file(&files, "flink-create.1.sql");
    let option = |key: &str| {
        let (_, rest) = flink.split_once(&format!("'{key}' = '")).expect("the option is there");
        rest.split_once("',\n").expect("it ends").0.to_owned()
    };
    (format!("{}.{}", option("database-name"), option("table-name")), warnings)
}

#[test]
fn expressions_that_the_source_can_t_take_are_replaced() {
    for (database, pattern, why) in [
        ("^edu_db_[0-9]*$", "^course_[0-9]{1,3}$", "comma"),
        ("^edu_db_[0-9]*$", "^course_1$|^course_2$", "anchors"),
        ("^edu_db_[0-9]*$", "(?i)COURSE_.", "Java"),
        ("^edu_db_[[:digit:]]$", "^course_.*$", "Java"),
    ] {
        let (read, warnings) = read_by(&one_rule(database, pattern, "", ""), courses());
        assert_eq!(read, "edu_db_?[0-9]+.course_?[0-9]+", "{pattern}");
        let warning = warnings.iter().find(|w| w.contains("can't be handed to the CDC source"));
        let warning = warning.unwrap_or_else(|| panic!("{pattern}: {warnings:?}"));
        assert!(warning.contains(why) && warning.contains("any number at the end instead"), "{warning}");
    }
    // The number alone would read a table that the rule leaves out.
    let mut tables = courses();
    tables.push(table("edu_db_1/course_1000", &COURSE, &[("PRIMARY", &["id"])]));
    let (read, warnings) = read_by(&one_rule(EDU.0, "^course_[0-9]{1,3}$", "", ""), tables);
    assert_eq!(read, "(edu_db_1|edu_db_2).(course_1|course_2)");
    assert!(warnings.iter().any(|w| w.contains("generate anew when shards are added")), "{warnings:?}");
    // By names, too, it would read what the rule leaves out.
    let pairs = courses().into_iter().filter(|t| t.full_name() != "edu_db_2.course_2").collect();
    let pairs = catalog_and(catalog(pairs), vec![table("edu_db_2/Course_2", &COURSE, &[])]);
    refused(
        &one_rule(EDU.0, "^course_[0-9]{1,3}$", "", ""),
        &pairs,
        &["would read edu_db_2.Course_2 too", "'(course_1|course_2)'", "Split the rule in several"],
    );
    // In Java's expressions `\\w` is no Chinese character, so the tables wouldn't be read.
    let chinese = ["a_1", "a_2"].map(|n| table(&format!("课/{n}"), &COURSE, &[("PRIMARY", &["id"])]));
    let (read, warnings) = read_by(&one_rule("\\w", "a_.*", "", ""), chinese.into());
    assert_eq!(read, "课.a_?[0-9]+");
    assert!(warnings.iter().any(|w| w.contains("are of ASCII alone")), "{warnings:?}");
}

#[test]
fn how_wide_a_number_is_shown_makes_no_shards_differ() {
    let typed = |a: &str, b: &str| {
        let shard = |n: u8, ty: &str| {
            table(&format!("d/t_{n}"), &["id: int NOT NULL", &format!("v: {ty}")], &[("PRIMARY", &["id"])])
        };
        generated(&one_rule("d", ".*", "", ""), &catalog(vec![shard(1, a), shard(2, b)]))
    };
    for (a, b) in [
        ("int(10)", "int(11)"),
        ("int(11)", "int"),
        ("bigint(20) unsigned", "bigint unsigned"),
        ("tinyint(4)", "tinyint"),
        ("int(5) unsigned zerofill", "int unsigned"),
        ("year(4)", "year"),
    ] {
        let (files, _) = typed(a, b).unwrap_or_else(|e| panic!("{a} and {b}: {e}"));
        assert!(file(&files, "starrocks-create.1.sql").contains("`t__auto_shard`"), "{a} and {b}");
    }
    for (a, b) in [
        ("tinyint(1)", "tinyint(4)"),
        ("tinyint(1)", "tinyint"),
        ("int", "int unsigned"),
        ("int(11)", "bigint(11)"),
        ("enum('a')", "enum('b')"),
        ("decimal(10,2)", "decimal(10,3)"),
    ] {
        let error = typed(a, b).expect_err("they differ").to_string();
        assert!(error.contains(&format!("'v' is {a} and {b}")), "{error}");
    }
}

/// The columns of an index, by its name.
type Unique = (&'static str, &'static [&'static str]);

#[test]
fn shards_merge_by_their_key_alone() {
    let columns = ["id: int NOT NULL", "code: int NOT NULL", "may: int"];
    let merged = |a: &[Unique], b: &[Unique], other: &str| {
        let tables = vec![table("d/t_1", &columns, a), table("d/t_2", &columns, b)];
        generated(&one_rule("d", ".*", other, ""), &catalog(tables)).map(|(files, _)| files)
    };
    let id: Unique = ("PRIMARY", &["id"]);
    let code: Unique = ("code", &["code"]);
    let cases: [(&[Unique], &[Unique], &str); 6] = [
        (&[id], &[id, code], ""),
        (&[id, ("a", &["may"])], &[id, ("b", &["code", "id"])], ""),
        (&[("x", &["<expression>"]), ("y", &["may"]), code], &[("z", &["CODE"]), ("a", &["id"])], ""),
        // The same sets of columns, and other keys.
        (&[id, code], &[("PRIMARY", &["code"]), ("id", &["id"])], "PRIMARY KEY (id) and PRIMARY KEY (code)"),
        (&[id], &[("id", &["id"])], "PRIMARY KEY (id) and UNIQUE (id)"),
        (&[("m", &["may"])], &[code], "none and UNIQUE (code)"),
    ];
    for (a, b, difference) in cases {
        for other in ["", "shards = union"] {
            match merged(a, b, other) {
                Ok(files) => {
                    assert_eq!(difference, "", "{a:?} and {b:?} merge");
                    let expected = if a[0] == id { "PRIMARY KEY(`id`)" } else { "PRIMARY KEY(`code`)" };
                    assert!(file(&files, "starrocks-create.1.sql").contains(expected), "{a:?} and {b:?}");
                }
                Err(error) => {
                    let part = format!("the key is {difference}");
                    assert!(
                        !difference.is_empty() && error.to_string().contains(&part),
                        "{a:?}, {b:?}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn columns_that_can_t_be_carried() {
    let tables = || {
        catalog(vec![
            table("d/vectors", &["id: int NOT NULL", "v: vector(3)"], &[("PRIMARY", &["id"])]),
            table("d/ids", &["id: uuid NOT NULL", "v: int"], &[("PRIMARY", &["id"])]),
        ])
    };
    let (files, warnings) = generated(&one_rule("d", ".*", "", ""), &tables()).unwrap();
    assert!(!file(&files, "flink-create.1.sql").contains("`v`"));
    let warnings = warnings.join("\n");
    for part in [
        "d.vectors: column 'v' can't be carried: its type vector(3)",
        "d.ids can't be read by the CDC source",
    ] {
        assert!(warnings.contains(part), "{warnings}");
    }
    refused(
        &one_rule("d", ".*", "unsupported = fail", ""),
        &tables(),
        &["column 'v' can't be carried", "d.ids can't be read"],
    );
    refused(&one_rule("d", "ids", "", ""), &tables(), &["no table is left to migrate"]);
}

/// Each of these was seen to fail in Flink, or to arrive wrong in silence.
#[test]
fn what_flink_cdc_gets_wrong_is_left_out() {
    let key: (&str, &[&str]) = ("PRIMARY", &["id"]);
    let mut versioned = table("d/versions", &["id: int NOT NULL"], &[key]);
    versioned.versioned = true;
    let mut hidden =
        table("d/hidden", &["id: int NOT NULL", "unseen: int", "a`b: int", "__OP: int", "kept: int"], &[key]);
    hidden.columns[1].invisible = true;
    let tables = || {
        catalog(vec![
            table("d/orders", &["id: int NOT NULL"], &[key]),
            table("d/Orders", &["id: int NOT NULL"], &[key]),
            table("d/it's", &["id: int NOT NULL"], &[key]),
            table("d/a`b", &["id: int NOT NULL"], &[key]),
            table("d/a\\b", &["id: int NOT NULL"], &[key]),
            table("d/bits", &["k: bit(9) NOT NULL"], &[("PRIMARY", &["k"])]),
            table("d/few_bits", &["k: bit(8) NOT NULL"], &[("PRIMARY", &["k"])]),
            versioned.clone(),
            hidden.clone(),
        ])
    };
    let (files, warnings) = generated(&one_rule("d", "[^O].*", "", ""), &tables()).unwrap();
    let flink = file(&files, "flink-create.1.sql");
    let sinks: Vec<&str> = flink.lines().filter(|l| l.starts_with("INSERT")).collect();
    assert_eq!(sinks.len(), 2, "{flink}");
    assert!(flink.contains("`few_bits_src`") && flink.contains("`kept`"), "{flink}");
    assert!(!flink.contains("unseen") && !flink.contains("a``b") && !flink.contains("__OP"), "{flink}");
    let warnings = warnings.join("\n");
    for part in [
        "d.orders can't be told from d.Orders",
        "doesn't escape the ' in its name",
        "doesn't escape the ` in its name",
        "doesn't escape the \\ in its name",
        "its key 'k' (bit(9))",
        "d.versions is kept WITH SYSTEM VERSIONING",
        "column 'unseen' can't be carried: it is invisible",
        "column 'a`b' can't be carried: its name holds a `",
        "column '__OP' can't be carried",
    ] {
        assert!(warnings.contains(part), "{part:?} is not in:\n{warnings}");
    }
    refused(
        &one_rule("d", "[^O].*", "unsupported = fail", ""),
        &tables(),
        &["can't be told from", "WITH SYSTEM VERSIONING", "it is invisible"],
    );
}

const CHUNK_KEY: &str = "flink.cdc.scan.incremental.snapshot.chunk.key-column";
const CHUNK_SIZE: &str = "flink.cdc.scan.incremental.snapshot.chunk.size";

/// The DDL of a table's source.
fn source_of<'a>(files: &'a [(String, String)], name: &str) -> &'a str {
    let sources = file(files, "flink-create.1.sql").split(";\n");
    sources.into_iter().find(|s| s.contains(&format!(".`{name}_src` ("))).unwrap_or_default()
}

/// A chunk leaves out rows with NULL in the column that the snapshot is cut by, unless there is but one.
#[test]
fn tables_whose_chunk_column_may_be_null_are_read_in_one_piece() {
    let tables = || {
        catalog(vec![
            table("d/nokey", &["b: varchar(20)", "a: int"], &[]),
            table("d/null_index", &["b: varchar(20)"], &[("u", &["b"])]),
            table("d/other", &["a: int NOT NULL"], &[]),
            table("d/solid", &["a: int", "b: int NOT NULL"], &[]),
            table("d/with_key", &["a: int", "b: int NOT NULL"], &[("PRIMARY", &["b"])]),
        ])
    };
    let by = |column: &str| format!("{CHUNK_KEY} = {column}\n");
    let one = "'scan.incremental.snapshot.chunk.size' = '2000000'";
    for (rule, whole) in [
        (String::new(), &["nokey", "null_index"][..]),
        (format!("{CHUNK_SIZE} = 500"), &["nokey", "null_index"]),
        (by("b"), &["nokey", "null_index"]), // to a table without it Flink CDC says so
        (by("A"), &["nokey", "solid", "with_key"]),
        ("flink.cdc.scan.incremental.snapshot.enabled = False".to_owned(), &[]),
        ("flink.cdc.scan.startup.mode = Latest-offset".to_owned(), &[]),
        ("flink.cdc.scan.startup.mode = initial".to_owned(), &["nokey", "null_index"]),
    ] {
        // That rows may be missing otherwise is no reason to fail.
        let text = one_rule("d", ".*", "unsupported = fail", &rule);
        let (files, warnings) = generated(&text, &tables()).unwrap();
        for name in ["nokey", "null_index", "other", "solid", "with_key"] {
            let source = source_of(&files, name);
            let expected = whole.contains(&name);
            assert_eq!(source.contains(one), expected, "{name} with {rule:?}:\n{source}");
            assert!(source.matches("chunk.size").count() <= 1, "{source}");
            assert_eq!(source.contains("'500'"), rule.contains("500") && !expected, "{source}");
            let about = |w: &&String| w.starts_with(&format!("d.{name}: ")) && w.contains("in one piece");
            let warned: Vec<&String> = warnings.iter().filter(about).collect();
            assert_eq!(warned.len(), usize::from(expected), "{name} with {rule:?}: {warnings:?}");
            for warning in warned {
                assert!(warning.contains("memory") && warning.contains("NOT NULL avoids it"), "{warning}");
                assert_eq!(warning.contains("is not used here"), rule.contains("500"), "{warning}");
                let spelled = name == "null_index" || (name == "nokey" && rule == by("b"));
                assert_eq!(warning.contains("in upper and in lower case"), spelled, "{warning}");
            }
        }
    }
    let (files, _) = generated(&one_rule("d", ".*", "", ""), &tables()).unwrap();
    assert!(source_of(&files, "nokey").contains("chunk.key-column' = 'a'"), "numbers are compared best");
    assert!(file(&files, "starrocks-create.1.sql").contains("DUPLICATE KEY(`b`)"));
}

/// One chunk takes memory by the size that it is said to have, and above it there are several.
#[test]
fn tables_that_one_chunk_can_t_hold_are_left_out() {
    let sized = |rows: u64| {
        let mut tables =
            vec![table("d/large", &["a: int"], &[]), table("d/large_not_null", &["a: int NOT NULL"], &[])];
        tables.iter_mut().for_each(|t| t.rows = rows);
        catalog(tables)
    };
    for (rows, rule, left_out) in [
        (1_000_000, String::new(), false),
        (1_000_001, String::new(), true),
        (1_000_001, format!("{CHUNK_SIZE} = 3000000"), false),
        (1_000_001, format!("{CHUNK_SIZE} = 2147483647"), true), // Flink CDC's sum would overflow
        (9_000_000, "flink.cdc.scan.startup.mode = latest-offset".to_owned(), false),
    ] {
        let (files, warnings) = generated(&one_rule("d", ".*", "", &rule), &sized(rows)).unwrap();
        let text = warnings.join("\n");
        assert_eq!(text.contains("d.large has about 1000001 rows"), left_out, "{rows} with {rule:?}: {text}");
        assert_eq!(source_of(&files, "large").is_empty(), left_out, "{rows} with {rule:?}");
        assert!(!source_of(&files, "large_not_null").is_empty());
        assert!(!rule.contains("3000000") || source_of(&files, "large").contains("'3000000'"));
    }
    refused(
        &one_rule("d", ".*", "unsupported = fail", ""),
        &sized(2_000_000),
        &["d.large has about 2000000 rows"],
    );

    // Without a key of either kind there must be a column to cut by, and bytes can't be compared.
    let bytes = || {
        catalog(vec![
            table("d/bytes", &["a: blob"], &[]),
            table("d/bytes_not_null", &["a: blob NOT NULL"], &[]),
            table("d/texts", &["a: blob", "b: text", "c: time", "d: point"], &[]),
        ])
    };
    let (files, warnings) = generated(&one_rule("d", ".*", "", ""), &bytes()).unwrap();
    assert!(warnings.iter().any(|w| w.starts_with("d.bytes can't be carried")), "{warnings:?}");
    assert!(source_of(&files, "bytes_not_null").contains("chunk.key-column' = 'a'"));
    assert!(source_of(&files, "texts").contains("chunk.key-column' = 'c'"));
}

#[test]
fn united_tables_are_cut_by_a_column_of_all() {
    let mut tables = vec![
        table("d/t_1", &["only: int NOT NULL", "all: varchar(9) NOT NULL"], &[]),
        table("d/t_2", &["all: varchar(9)", "also: int"], &[]),
    ];
    let text = one_rule("d", ".*", "shards = union", "");
    let (files, _) = generated(&text, &catalog(tables.clone())).unwrap();
    let source = source_of(&files, "t__auto_shard");
    assert!(source.contains("'all',\n") && source.contains("'2000000'"), "{source}");
    // In the one it is never NULL, so that this may be cut.
    tables[0].rows = 5_000_000;
    assert!(generated(&text, &catalog(tables.clone())).is_ok());
    tables[1].rows = 5_000_000;
    refused(&text, &catalog(tables), &["d.t_1 would merge with d.t_2", "d.t_2 has about 5000000 rows"]);
}

/// With a key that can't be carried, Flink's table declares none, and Flink CDC wants to be told what to cut by.
#[test]
fn a_lost_primary_key_still_cuts_the_snapshot() {
    let tables = catalog(vec![table("d/t", &["v: int", "__op: int NOT NULL"], &[("PRIMARY", &["__op"])])]);
    let (files, _) = generated(&one_rule("d", "t", "", ""), &tables).unwrap();
    assert!(source_of(&files, "t").contains("chunk.key-column' = '__op'"));
}

/// Without chunks Flink CDC takes a number for `server-id`, and no range.
#[test]
fn uncut_snapshots_take_one_server_id() {
    let tables =
        || catalog(["d/a", "d/b"].map(|n| table(n, &["id: int NOT NULL"], &[("PRIMARY", &["id"])])).into());
    let rule = "flink.cdc.scan.incremental.snapshot.enabled = false";
    let (files, _) = generated(&one_rule("d", ".*", "", rule), &tables()).unwrap();
    assert!(source_of(&files, "b").contains("'server-id' = '5401'"), "{}", source_of(&files, "b"));
}

#[test]
fn what_is_merged_with_a_table_that_can_t_be_carried_is_named_and_counted() {
    let key: (&str, &[&str]) = ("PRIMARY", &["id"]);
    let tables = || {
        let mut tables =
            ["d/t_1", "d/t_2", "d/t_3", "d/t_4", "d/u"].map(|n| table(n, &["id: int NOT NULL"], &[key]));
        tables[1].versioned = true;
        tables[3].versioned = true;
        catalog(tables.into())
    };
    let text = one_rule("d", ".*", "", "");
    let config = config::parse(&text).unwrap();
    let catalog = tables();
    let results = plan(&config, &catalog).unwrap();
    let summary = crate::report::summary(&results, &[], false);
    for part in [
        "Rule 1: 5 tables matched, 0 merged, 1 table in StarRocks, 4 tables LEFT OUT\n",
        "  LEFT OUT: d.t_1 would merge with d.t_2, which can't be carried",
        "  LEFT OUT: d.t_2 is kept WITH SYSTEM VERSIONING",
        "  LEFT OUT: d.t_3 would merge with d.t_2",
        "  LEFT OUT: d.t_4 is kept WITH SYSTEM VERSIONING",
    ] {
        assert!(summary.contains(part), "{part:?} is not in:\n{summary}");
    }
    // Of what has no column that can be carried, no table is less to blame.
    let vectors = ["d/v_1", "d/v_2"].map(|n| table(n, &["v: vector(3)"], &[]));
    let vectors = catalog_and(tables(), vectors.into());
    let (_, warnings) = generated(&text, &vectors).unwrap();
    for name in ["d.v_1", "d.v_2"] {
        assert!(warnings.contains(&format!("{name} has no column that can be carried")), "{warnings:?}");
    }
    let error = generated(&one_rule("d", ".*", "unsupported = fail", ""), &tables()).unwrap_err();
    assert_eq!(error.problems.len(), 2, "{error}");
}

/// A catalog with more tables.
fn catalog_and(mut all: Catalog, more: Vec<Table>) -> Catalog {
    all.names.extend(more.iter().map(|t| (t.database.clone(), t.name.clone())));
    all.tables.extend(more);
    all
}

#[test]
fn what_is_left_out_is_listed_however_much_it_is() {
    let columns: Vec<String> = (0..60).map(|n| format!("v{n}: vector(3)")).collect();
    let mut columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    columns.push("id: int NOT NULL");
    let mut tables = vec![table("d/vectors", &columns, &[("PRIMARY", &["id"])])];
    for n in 0..60 {
        tables.push(table(&format!("d/z{n}x"), &["a: int"], &[]));
        tables.push(table(
            &format!("d/odd-{n}x"),
            &["id-1: int NOT NULL", "id-2: int"],
            &[("PRIMARY", &["id-1"])],
        ));
    }
    let text = one_rule("d", ".*", "", "");
    let (config, catalog) = (config::parse(&text).unwrap(), catalog(tables));
    let results = plan(&config, &catalog).unwrap();
    let general = ["the server is on fire".to_owned()];
    let summary = crate::report::summary(&results, &general, false);
    assert!(summary.contains("121 tables in StarRocks, 60 columns LEFT OUT\n"), "{summary}");
    assert_eq!(summary.matches("  LEFT OUT: d.vectors: column 'v").count(), 60, "{summary}");
    // One note of names for each table; of all notes fifty are shown.
    let note = "StarRocks may refuse the names 'odd-0x', 'id-1', 'id-2': letters";
    assert!(
        summary.contains(note) && summary.contains("182 warnings:\n  the server is on fire\n"),
        "{summary}"
    );
    assert!(summary.ends_with("  and 70 more (--verbose lists them)\n"), "{summary}");
    assert_eq!(summary.matches("the snapshot is read in one piece").count(), 60, "{summary}");
    let all = crate::report::summary(&results, &general, true);
    assert_eq!(all.matches("StarRocks may refuse").count(), 60, "{all}");
}

#[test]
fn names_with_line_ends_are_left_out() {
    let tables = catalog(vec![
        table("d/t", &["id: int NOT NULL", "semi;\n: int"], &[("PRIMARY", &["id"])]),
        table("d/odd;\n", &["id: int NOT NULL"], &[("PRIMARY", &["id"])]),
    ]);
    let (files, warnings) = generated(&one_rule("d", "(?s).*", "", ""), &tables).unwrap();
    assert!(files.iter().all(|(_, text)| !text.contains("semi") && !text.contains("odd")));
    let warnings = warnings.join("\n");
    assert!(
        warnings.contains("column \"semi;\\n\" can't be carried") && warnings.contains("\"odd;\\n\""),
        "{warnings}"
    );
}

#[test]
fn rules_that_don_t_fit() {
    let tables = || catalog(courses());
    refused(
        &one_rule("edu", ".*", "", ""),
        &tables(),
        &["rule 1: no database matches database = edu; the user sees edu_db_1"],
    );
    refused(
        &one_rule("edu.*", "Course.*", "", ""),
        &tables(),
        &["no table matches table = Course.*; there are course_1, course_2"],
    );
    let rule = |extra: &str| one_rule("edu_db_1", "course_1", "", extra);
    refused(
        &rule("distributed_by = name"),
        &tables(),
        &["distributed_by names 'name', which isn't part of the key (id)"],
    );
    refused(
        &rule("partition_key = nope"),
        &tables(),
        &["partition_key names 'nope', which edu_db_1.course_1 doesn't have"],
    );
    refused(&rule("partition_key = id"), &tables(), &["is no date"]);
    refused(
        &one_rule("edu.*", "course_1", "shards = separate", "target_database = x"),
        &tables(),
        &["would both become x.course_1"],
    );
    let none = catalog(vec![table("d/t", &["a: int NOT NULL"], &[])]);
    refused(&one_rule("d", "t", "", "duplicate_keys = b"), &none, &["duplicate_keys names 'b'"]);
}

#[test]
fn tables_of_two_rules() {
    let tables = || catalog(courses());
    let rules = |first: &str, second: &str| {
        let rule = |n: u8, more: &str| {
            let sink: String = SINK
                .lines()
                .filter(|line| !more.contains(line.split(' ').next().expect("a key")))
                .map(|line| format!("{line}\n"))
                .collect();
            format!("[table-rule.{n}]\ndatabase = edu_db_1\ntable = course_[12]\n{sink}{more}\n")
        };
        configuration("statement_set = execute", &(rule(1, first) + &rule(2, second)))
    };
    let cluster = "flink.starrocks.jdbc-url = jdbc:mysql://other:9030\nflink.starrocks.load-url = other:8030";
    for same in ["", "target_table = course__auto_shard", "flink.starrocks.load-url = other:8030"] {
        refused(
            &rules("", same),
            &tables(),
            &[
                "edu_db_1.course_1 matches rule 1 and rule 2: it would be loaded twice into edu_db_1.course__auto_shard",
            ],
        );
    }
    for other in ["target_database = x", "target_table = x", cluster] {
        let (files, warnings) = generated(&rules("", other), &tables()).unwrap();
        let warning =
            "edu_db_1.course_1 and 1 more, each of which matches rule 1 and rule 2: it is read twice";
        assert!(warnings.iter().any(|w| w.starts_with(warning)), "{other}: {warnings:?}");
        // In the file of all, each has tables of its own.
        let flink = file(&files, "flink-create.all.sql");
        let mut names: Vec<&str> = flink.lines().filter(|l| l.starts_with("CREATE TABLE")).collect();
        assert_eq!(names.len(), 4, "{flink}");
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 4, "{flink}");
        let external = file(&files, "starrocks-external-create.all.sql");
        assert_eq!(external.matches("CREATE EXTERNAL TABLE").count(), 2, "{external}");
    }
    let (files, _) = generated(&rules("", cluster), &tables()).unwrap();
    let flink = file(&files, "flink-create.all.sql");
    assert!(
        flink.contains("`course__auto_shard_rule_2_sink` SELECT * FROM")
            && flink.contains(".`course__auto_shard_rule_2_src`; END"),
        "{flink}"
    );
    // Another way to the same target is no less a mistake: other tables, equal names.
    refused(
        &one_rule("edu.*", "course_1", "shards = separate", "target_database = x"),
        &tables(),
        &["edu_db_1.course_1 and edu_db_2.course_1 would both become x.course_1"],
    );
}

#[test]
fn the_summary_shows_no_password() {
    let text = one_rule(EDU.0, EDU.1, "", "");
    let config = config::parse(&text).unwrap();
    let catalog = catalog(courses());
    let results = plan(&config, &catalog).unwrap();
    let summary = crate::report::summary(&results, &[], false);
    assert!(summary.contains("Rule 1: 4 tables matched, 4 merged, 1 table in StarRocks"), "{summary}");
    assert!(
        summary.contains("-> edu_db__auto_shard.course__auto_shard: PRIMARY KEY(id), 3 columns"),
        "{summary}"
    );
    assert!(!summary.contains("s3cret") && !summary.contains("p'w"), "{summary}");
}
