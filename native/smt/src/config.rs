//! The configuration: what each key means, and everything that is wrong with it at once.

use std::fmt;
use std::path::PathBuf;

use regex::Regex;

use crate::error::{Error, Kind, Result};
use crate::ini::{self, Entry, Section};

/// Sources that the original tool reads and this one does not.
const OTHER_SOURCES: [&str; 6] = ["pgsql", "oracle", "hive", "clickhouse", "sqlserver", "tidb"];

/// `flink.starrocks.*` keys without which Flink refuses the sink.
const SINK_REQUIRED: [&str; 4] = ["jdbc-url", "load-url", "username", "password"];
const SINK_GENERATED: [&str; 3] = ["connector", "database-name", "table-name"];
const SOURCE_GENERATED: [&str; 3] = ["connector", "database-name", "table-name"];

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) source: Source,
    pub(crate) options: Options,
    pub(crate) rules: Vec<Rule>,
    /// What is odd but harmless.
    pub(crate) warnings: Vec<String>,
}

/// `[db]`: the server to read.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) user: String,
    pub(crate) password: String,
}

// Written by hand so that no message ever shows the password.
impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.user, self.host, self.port)
    }
}

/// `[other]`: how to generate.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) be_num: Option<u32>,
    pub(crate) use_decimal_v3: bool,
    pub(crate) output_dir: PathBuf,
    pub(crate) statement_set: StatementSet,
    pub(crate) tinyint1: TinyInt1,
    pub(crate) string_type: StringType,
    pub(crate) shards: Shards,
    pub(crate) shard_source: ShardSource,
    pub(crate) shard_key: bool,
    pub(crate) unsupported: Unsupported,
    pub(crate) buckets: Buckets,
    pub(crate) external_tables: bool,
    pub(crate) server_id_start: u64,
    pub(crate) server_ids_per_source: u64,
    /// `flink.set.KEY`: statements at the head of each Flink file.
    pub(crate) flink_set: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            be_num: None,
            use_decimal_v3: true,
            output_dir: PathBuf::from("./result"),
            statement_set: StatementSet::Off,
            tinyint1: TinyInt1::TinyInt,
            string_type: StringType::String,
            shards: Shards::Error,
            shard_source: ShardSource::Regex,
            shard_key: false,
            unsupported: Unsupported::Skip,
            buckets: Buckets::Server,
            external_tables: true,
            server_id_start: 5400,
            server_ids_per_source: 4,
            flink_set: Vec::new(),
        }
    }
}

/// A closed list of words that a key takes.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant),+ }

        impl Word for $name {
            const WORDS: &'static [(&'static str, Self)] = &[$(($word, Self::$variant)),+];
        }
    };
}

trait Word: Copy + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

words!(/// Whether all INSERTs share one Flink job.
StatementSet {
    /// A job for each table.
    Off = "off",
    /// `EXECUTE STATEMENT SET BEGIN ... END`, on one line: Flink 1.15 on.
    Execute = "execute",
    /// `BEGIN STATEMENT SET; ... END;`: the SQL client of Flink 1.13 on.
    Begin = "begin",
});
words!(/// What `tinyint(1)` is.
TinyInt1 { TinyInt = "tinyint", Boolean = "boolean" });
words!(/// What texts become in StarRocks.
StringType { String = "string", Varchar = "varchar" });
words!(/// What is done with tables whose names differ by a number at the end.
Shards {
    /// Merged; differences are an error.
    Error = "error",
    /// Merged into the union of their columns.
    Union = "union",
    /// One target for each distinct schema.
    Split = "split",
    /// Never merged.
    Separate = "separate",
});
words!(/// How a merged source names its tables.
ShardSource {
    /// By the rule's expressions: shards made later are read too.
    Regex = "regex",
    /// By the names there are.
    List = "list",
});
words!(/// What is done with a column that can't be carried.
Unsupported { Skip = "skip", Fail = "fail" });
words!(/// Who chooses the number of buckets.
Buckets {
    /// StarRocks, from 2.5.7 on.
    Server = "server",
    /// The tool, by the table's size.
    Size = "size",
});
words!(
Flag { On = "true", Off = "false" });

/// `[table-rule.N]`.
#[derive(Debug)]
pub(crate) struct Rule {
    /// N.
    pub(crate) name: String,
    pub(crate) database: Pattern,
    pub(crate) table: Pattern,
    pub(crate) partition: Option<Partition>,
    pub(crate) duplicate_keys: Vec<String>,
    pub(crate) distributed_by: Vec<String>,
    pub(crate) bucket_num: Option<u32>,
    /// Instead of the source's name, and of the name made for shards.
    pub(crate) target_database: Option<String>,
    pub(crate) target_table: Option<String>,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) sink: Vec<(String, String)>,
    pub(crate) cdc: Vec<(String, String)>,
}

impl Rule {
    /// Whether it takes a table.
    pub(crate) fn matches(&self, database: &str, table: &str) -> bool {
        self.database.matches(database) && self.table.matches(table)
    }

    /// An option of the sink.
    pub(crate) fn sink_option(&self, key: &str) -> Option<&str> {
        self.sink.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// An option of the source.
    pub(crate) fn cdc_option(&self, key: &str) -> Option<&str> {
        self.cdc.iter().find(|(k, _)| k == key).map(|(_, v)| v.as_str())
    }
}

/// `partition_key` and `partitions`.
#[derive(Debug)]
pub(crate) struct Partition {
    pub(crate) column: String,
    /// Raw SQL; without it StarRocks makes a partition for each day.
    pub(crate) ranges: Option<String>,
}

/// A regular expression that a whole name must match, as the CDC source does it.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// As the user wrote it.
    pub(crate) text: String,
    regex: Regex,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> std::result::Result<Self, String> {
        // By itself first, so that an error shows what the user wrote.
        Regex::new(text).and_then(|_| Regex::new(&format!("^(?:{text})$"))).map_or_else(
            |e| {
                Err(e.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned())
            },
            |regex| Ok(Self { text: text.to_owned(), regex }),
        )
    }

    /// Whether Java may find fewer names: to it `\d`, `\w` and `\s` are of ASCII alone.
    pub(crate) fn is_of_ascii_in_java(&self) -> bool {
        ["\\d", "\\w", "\\s", "\\D", "\\W", "\\S"].iter().any(|class| self.text.contains(class))
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        self.regex.is_match(name)
    }

    /// The expression without the anchors at its ends, for the CDC source, which joins database and table to one
    /// pattern and so never matches an anchor inside. `Err` if the source can't take it.
    pub(crate) fn without_anchors(&self) -> std::result::Result<String, &'static str> {
        let mut text = self.text.strip_prefix('^').unwrap_or(&self.text);
        if let Some(rest) = text.strip_suffix('$') {
            let backslashes = rest.len() - rest.trim_end_matches('\\').len();
            if backslashes % 2 == 0 {
                text = rest;
            }
        }
        let parsed = regex_syntax::parse(text).map_err(|_| "it is no expression without its anchors")?;
        if !parsed.properties().look_set().is_empty() {
            return Err("it has anchors or word boundaries inside");
        }
        // `(?i)`, `(?P<n>`, `[[:alpha:]]`, `\p{Han}`, `[a-z--b]`: other things, or none, in Java's expressions.
        if text.replace("(?:", "").contains("(?")
            || ["[:", "\\p", "\\P", "&&", "--", "~~"].iter().any(|p| text.contains(p))
        {
            return Err(
                "Java reads it otherwise (keep to characters, [...], (...), |, ., *, +, ?, \\d, \\w, \\s)",
            );
        }
        if text.contains(',') {
            return Err("it has a comma, at which the CDC source cuts its list of tables");
        }
        let alternatives = text.contains('|')
            && !(text.starts_with('(') && text.ends_with(')') && text.matches('(').count() == 1);
        Ok(if alternatives { format!("({text})") } else { text.to_owned() })
    }
}

/// Reads a configuration. Problems come with the line that they are in.
pub(crate) fn parse(text: &str) -> Result<Config> {
    let sections = ini::parse(text).map_err(|problems| Error { kind: Kind::Input, problems })?;
    let mut reader = Reader::default();
    let mut source = None;
    let mut options = Options::default();
    let mut rules = Vec::new();
    for section in sections {
        if section.name == "db" {
            source = reader.source(&section);
        } else if section.name == "other" {
            options = reader.options(&section);
        } else if let Some(name) = section.name.strip_prefix("table-rule.") {
            rules.extend(reader.rule(name, &section));
        } else {
            reader.problem(
                section.line,
                format!("unknown section [{}]; there are [db], [other], [table-rule.N]", section.name),
            );
        }
        if section.name == "db" {
            reader.has_db = true;
        }
        reader.rules += usize::from(section.name.starts_with("table-rule."));
    }
    if !reader.has_db {
        reader
            .problems
            .push("section [db] with host, port, user and password of the MySQL server is missing".into());
    }
    if reader.rules == 0 {
        reader.problems.push("there is no [table-rule.1] section, which says what to migrate".into());
    }
    Error::check(Kind::Input, reader.problems)?;
    let source = source.ok_or_else(|| Error::input("section [db] is incomplete"))?;
    Ok(Config { source, options, rules, warnings: reader.warnings })
}

#[derive(Default)]
struct Reader {
    problems: Vec<String>,
    warnings: Vec<String>,
    has_db: bool,
    rules: usize,
}

impl Reader {
    fn problem(&mut self, line: usize, text: impl fmt::Display) {
        self.problems.push(format!("line {line}: {text}"));
    }

    fn source(&mut self, section: &Section) -> Option<Source> {
        let (mut host, mut port, mut user, mut password) = (None, Some(3306), None, String::new());
        for entry in &section.entries {
            let value = entry.value.as_str();
            let kind = value.to_ascii_lowercase();
            match entry.key.as_str() {
                "host" if !value.is_empty() => host = Some(value.to_owned()),
                "host" => self.problem(entry.line, "host is empty"),
                "port" => port = self.number(entry, 1, 65_535).and_then(|n| u16::try_from(n).ok()),
                "user" if !value.is_empty() => user = Some(value.to_owned()),
                "user" => self.problem(entry.line, "user is empty"),
                "password" => password = value.to_owned(),
                "type" if matches!(kind.as_str(), "mysql" | "mariadb") => {}
                "type" if OTHER_SOURCES.contains(&kind.as_str()) => {
                    self.problem(
                        entry.line,
                        format!("type = {value}: this tool reads MySQL and MariaDB only (type = mysql)"),
                    );
                }
                "type" => self.problem(entry.line, format!("unknown type '{value}': use mysql or mariadb")),
                "authentication" => self
                    .warnings
                    .push(format!("line {}: authentication is for Hive, and does nothing here", entry.line)),
                other => self.unknown(entry, other, &["host", "port", "user", "password", "type"], "[db]"),
            }
        }
        for (key, missing) in [("host", host.is_none()), ("user", user.is_none())] {
            if missing && !section.entries.iter().any(|e| e.key == key) {
                self.problem(section.line, format!("[db] has no {key}"));
            }
        }
        Some(Source { host: host?, port: port?, user: user?, password })
    }

    fn options(&mut self, section: &Section) -> Options {
        const KNOWN: [&str; 14] = [
            "be_num",
            "use_decimal_v3",
            "output_dir",
            "statement_set",
            "tinyint1",
            "string_type",
            "shards",
            "shard_source",
            "shard_key",
            "unsupported",
            "buckets",
            "external_tables",
            "server_id_start",
            "server_ids_per_source",
        ];
        let mut o = Options::default();
        for e in &section.entries {
            match e.key.as_str() {
                "be_num" => o.be_num = self.number(e, 1, 100_000).and_then(|n| u32::try_from(n).ok()),
                "use_decimal_v3" => self.flag(e, &mut o.use_decimal_v3),
                "output_dir" if e.value.is_empty() => self.problem(e.line, "output_dir is empty"),
                "output_dir" => o.output_dir = PathBuf::from(&e.value),
                "statement_set" => self.word(e, &mut o.statement_set),
                "tinyint1" => self.word(e, &mut o.tinyint1),
                "string_type" => self.word(e, &mut o.string_type),
                "shards" => self.word(e, &mut o.shards),
                "shard_source" => self.word(e, &mut o.shard_source),
                "shard_key" => self.flag(e, &mut o.shard_key),
                "unsupported" => self.word(e, &mut o.unsupported),
                "buckets" => self.word(e, &mut o.buckets),
                "external_tables" => self.flag(e, &mut o.external_tables),
                "server_id_start" => o.server_id_start = self.number(e, 1, 4_000_000_000).unwrap_or(1),
                "server_ids_per_source" => o.server_ids_per_source = self.number(e, 1, 10_000).unwrap_or(1),
                other => match other.strip_prefix("flink.set.") {
                    Some(key) if !key.is_empty() => o.flink_set.push((key.to_owned(), e.value.clone())),
                    _ => self.unknown(e, other, &KNOWN, "[other]"),
                },
            }
        }
        o.flink_set.sort();
        o
    }

    fn rule(&mut self, name: &str, section: &Section) -> Option<Rule> {
        const KNOWN: [&str; 10] = [
            "database",
            "table",
            "schema",
            "partition_key",
            "partitions",
            "duplicate_keys",
            "distributed_by",
            "bucket_num",
            "target_database",
            "target_table",
        ];
        let before = self.problems.len();
        let at = section.line;
        if name.is_empty() || name == "all" || name.starts_with('.') || name.contains(['/', '\\', '\0']) {
            self.problem(
                at,
                format!("[table-rule.{name}]: '{name}' becomes part of file names; use a number or a plain word other than 'all'"),
            );
        }
        let (mut database, mut table, mut partition_key, mut partitions) = (None, None, None, None);
        let mut rule = Rule {
            name: name.to_owned(),
            database: Pattern::new("").ok()?,
            table: Pattern::new("").ok()?,
            partition: None,
            duplicate_keys: Vec::new(),
            distributed_by: Vec::new(),
            bucket_num: None,
            target_database: None,
            target_table: None,
            properties: Vec::new(),
            sink: Vec::new(),
            cdc: Vec::new(),
        };
        for e in &section.entries {
            match e.key.as_str() {
                "database" => database = self.pattern(e),
                "table" => table = self.pattern(e),
                // For sources that have schemas inside of databases; every published example sets it.
                "schema" => {}
                "partition_key" => partition_key = self.text(e),
                "partitions" => partitions = self.text(e).map(|text| (text, e.line)),
                "duplicate_keys" => rule.duplicate_keys = self.list(e),
                "distributed_by" => rule.distributed_by = self.list(e),
                "bucket_num" => {
                    rule.bucket_num = self.number(e, 1, 100_000).and_then(|n| u32::try_from(n).ok())
                }
                "target_database" => rule.target_database = self.text(e),
                "target_table" => rule.target_table = self.text(e),
                key => {
                    let prefixed = |prefix: &str| key.strip_prefix(prefix).filter(|rest| !rest.is_empty());
                    if let Some(key) = prefixed("properties.") {
                        rule.properties.push((key.to_owned(), e.value.clone()));
                    } else if let Some(key) = prefixed("flink.starrocks.") {
                        self.not_generated(e, key, &SINK_GENERATED);
                        rule.sink.push((key.to_owned(), e.value.clone()));
                    } else if let Some(key) = prefixed("flink.cdc.") {
                        self.not_generated(e, key, &SOURCE_GENERATED);
                        rule.cdc.push((key.to_owned(), e.value.clone()));
                    } else {
                        self.unknown(
                            e,
                            key,
                            &KNOWN,
                            "a rule (besides properties.*, flink.starrocks.*, flink.cdc.*)",
                        );
                    }
                }
            }
        }
        for key in ["database", "table"] {
            if !section.entries.iter().any(|e| e.key == key) {
                self.problem(at, format!("[table-rule.{name}] has no {key}: set it to a regular expression of names, such as ^.*$"));
            }
        }
        let missing: Vec<String> = SINK_REQUIRED
            .iter()
            .filter(|key| rule.sink_option(key).is_none_or(|v| v.is_empty() && **key != "password"))
            .map(|key| format!("flink.starrocks.{key}"))
            .collect();
        if !missing.is_empty() {
            self.problem(
                at,
                format!(
                    "[table-rule.{name}] lacks {}; each rule needs them itself, nothing is taken from other rules",
                    missing.join(", ")
                ),
            );
        }
        match (partition_key, partitions) {
            (Some(column), ranges) => {
                rule.partition = Some(Partition { column, ranges: ranges.map(|(r, _)| r) })
            }
            (None, Some((_, line))) => {
                self.problem(line, "partitions needs partition_key, the column to partition by")
            }
            (None, None) => {}
        }
        rule.properties.sort();
        rule.sink.sort();
        rule.cdc.sort();
        if self.problems.len() > before {
            return None;
        }
        rule.database = database?;
        rule.table = table?;
        Some(rule)
    }

    fn not_generated(&mut self, e: &Entry, key: &str, generated: &[&str]) {
        if generated.contains(&key) {
            self.problem(e.line, format!("{} is generated; remove it", e.key));
        }
    }

    fn text(&mut self, e: &Entry) -> Option<String> {
        if e.value.is_empty() {
            self.problem(e.line, format!("{} is empty; remove it, or give it a value", e.key));
            return None;
        }
        Some(e.value.clone())
    }

    fn list(&mut self, e: &Entry) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in e.value.split(',').map(|n| n.trim().trim_matches('`')).filter(|n| !n.is_empty()) {
            // Upper and lower case are the same in names of columns, and StarRocks takes none twice.
            if !names.iter().any(|n| n.eq_ignore_ascii_case(name)) {
                names.push(name.to_owned());
            }
        }
        if names.is_empty() {
            self.problem(e.line, format!("{} names no column; remove it, or list columns: k1,k2", e.key));
        }
        names
    }

    fn pattern(&mut self, e: &Entry) -> Option<Pattern> {
        match Pattern::new(&e.value) {
            Ok(pattern) if !e.value.is_empty() => Some(pattern),
            Ok(_) => {
                self.problem(
                    e.line,
                    format!("{} is empty: set it to a regular expression, such as ^.*$", e.key),
                );
                None
            }
            Err(why) => {
                self.problem(
                    e.line,
                    format!("{} = {} is no valid regular expression: {why}", e.key, e.value),
                );
                None
            }
        }
    }

    fn number(&mut self, e: &Entry, least: u64, most: u64) -> Option<u64> {
        let number = e.value.parse().ok().filter(|n| (least..=most).contains(n));
        if number.is_none() {
            self.problem(
                e.line,
                format!("{} = {}: it must be a number from {least} to {most}", e.key, e.value),
            );
        }
        number
    }

    fn flag(&mut self, e: &Entry, to: &mut bool) {
        let mut flag = if *to { Flag::On } else { Flag::Off };
        self.word(e, &mut flag);
        *to = flag == Flag::On;
    }

    fn word<T: Word>(&mut self, e: &Entry, to: &mut T) {
        match T::WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(&e.value)) {
            Some((_, value)) => *to = *value,
            None => {
                let words: Vec<&str> = T::WORDS.iter().map(|(word, _)| *word).collect();
                self.problem(e.line, format!("{} = {}: it must be {}", e.key, e.value, words.join(" or ")));
            }
        }
    }

    fn unknown(&mut self, e: &Entry, key: &str, known: &[&str], place: &str) {
        self.problem(e.line, format!("unknown key '{key}'; {place} has {}", known.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DB: &str = "[db]\nhost = h\nuser = u\npassword = s3cret=#x\ntype = mysql\n";
    const SINK: &str = "flink.starrocks.jdbc-url=jdbc:mysql://fe:9030\nflink.starrocks.load-url= fe:8030\n\
                        flink.starrocks.username=root\nflink.starrocks.password=\n";

    fn problems(text: &str) -> String {
        parse(text).expect_err("it is wrong").to_string()
    }

    #[test]
    fn reads_the_document_s_configuration() {
        let text = format!(
            "{DB}[other]\nbe_num = 3\nuse_decimal_v3 = false\noutput_dir = ./result\n[table-rule.1]\ndatabase = ^a_[0-9]*$\n\
             table = ^.*$\nschema = ^.*$\n{SINK}flink.starrocks.sink.properties.column_separator=\\x01\n\
             properties.in_memory = false\nflink.cdc.server-id = 5400-5404\nduplicate_keys = a, `b`,A\n"
        );
        let config = parse(&text).unwrap();
        assert_eq!((config.source.password.as_str(), config.source.port), ("s3cret=#x", 3306));
        assert!(!config.options.use_decimal_v3);
        let rule = &config.rules[0];
        assert_eq!(rule.sink_option("sink.properties.column_separator"), Some("\\x01"));
        assert_eq!(rule.duplicate_keys, ["a", "b"]);
        assert_eq!(rule.cdc_option("server-id"), Some("5400-5404"));
        assert!(!format!("{config:?}").contains("s3cret"));
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let text = format!(
            "{DB}port = 99999\nhots = x\n[other]\nbe_num = many\nstatement_set = yes\n[table-rule.1]\ndatabase = a(\ntable = ^.*$\n{SINK}\
             flink.starrocks.connector = x\npartitions = p\n[table-rule.2]\ndatabase = x\ntable = y\n[rules]\n"
        );
        let got = problems(&text);
        for part in [
            "line 6: port = 99999: it must be a number from 1 to 65535",
            "line 7: unknown key 'hots'; [db] has host, port",
            "line 9: be_num = many",
            "line 10: statement_set = yes: it must be off or execute or begin",
            "line 12: database = a( is no valid regular expression: unclosed group",
            "flink.starrocks.connector is generated; remove it",
            "partitions needs partition_key",
            "[table-rule.2] lacks flink.starrocks.jdbc-url, flink.starrocks.load-url, flink.starrocks.username, \
             flink.starrocks.password; each rule needs them itself",
            "unknown section [rules]",
        ] {
            assert!(got.contains(part), "{part:?} is not in:\n{got}");
        }
    }

    #[test]
    fn other_sources_are_refused() {
        let of_type = |name: &str| {
            format!("[db]\nhost=h\nuser=u\ntype={name}\n[table-rule.1]\ndatabase=a\ntable=b\n{SINK}")
        };
        for (name, part) in [
            ("oracle", "reads MySQL and MariaDB only"),
            ("Oracle", "reads MySQL and MariaDB only"),
            ("mssql", "unknown type 'mssql'"),
        ] {
            assert!(problems(&of_type(name)).contains(part), "{name}");
        }
        for name in ["mysql", "MySQL", "MariaDB"] {
            assert!(parse(&of_type(name)).is_ok(), "{name}");
        }
        assert!(problems("").contains("section [db]"));
        assert!(problems(DB).contains("[table-rule.1]"));
    }

    #[test]
    fn names_must_match_as_a_whole() {
        let pattern = Pattern::new("a|b").unwrap();
        assert!(
            pattern.matches("a") && pattern.matches("b") && !pattern.matches("ab") && !pattern.matches("xa")
        );
        assert!(Pattern::new("^a$").unwrap().matches("a"));
    }

    #[test]
    fn anchors_are_taken_off() {
        for (text, expected) in [
            ("^course_[0-9]*$", "course_[0-9]*"),
            ("course", "course"),
            ("^a|b$", "(a|b)"),
            ("^(a|b)$", "(a|b)"),
            ("^(a)|(b)$", "((a)|(b))"),
            ("^a\\$", "a\\$"),
            ("^a\\\\$", "a\\\\"),
            ("(?:a)_\\d+", "(?:a)_\\d+"),
        ] {
            assert_eq!(Pattern::new(text).unwrap().without_anchors().as_deref(), Ok(expected), "{text}");
        }
        for text in
            ["^a$|^b$", "a\\b", "a{1,2}", "(?i)a", "[[:alpha:]]_1", "\\p{Han}", "[a-z&&[^b]]", "(?P<x>a)"]
        {
            assert!(Pattern::new(text).unwrap().without_anchors().is_err(), "{text}");
        }
    }
}
