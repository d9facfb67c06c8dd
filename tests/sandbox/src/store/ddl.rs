//! `CREATE TABLE` in StarRocks' own words, and the table definition it gives.

use crate::token::{Cursor, Kind, Token, identifier};
use crate::types::Type;

/// Aggregations that a column of an aggregate table may name.
const AGGREGATES: [&str; 7] =
    ["SUM", "MAX", "MIN", "REPLACE", "REPLACE_IF_NOT_NULL", "HLL_UNION", "BITMAP_UNION"];

/// How rows with equal keys are treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// Rows are appended.
    Duplicate,
    /// The last row of a key stays; no deletes.
    Unique,
    /// The last row of a key stays; `__op` deletes.
    Primary,
}

impl Model {
    /// `COLUMN_KEY` of the key columns.
    pub fn column_key(self) -> &'static str {
        match self {
            Self::Duplicate => "DUP",
            Self::Unique => "UNI",
            Self::Primary => "PRI",
        }
    }

    /// `TABLE_MODEL` in `information_schema.tables_config`.
    pub fn config_name(self) -> &'static str {
        match self {
            Self::Duplicate => "DUP_KEYS",
            Self::Unique => "UNQ_KEYS",
            Self::Primary => "PRI_KEYS",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Duplicate => "DUPLICATE",
            Self::Unique => "UNIQUE",
            Self::Primary => "PRIMARY",
        }
    }
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// Whether it takes NULL.
    pub nullable: bool,
    /// Text of its default; `current_timestamp` is kept as that word.
    pub default: Option<String>,
    /// Its comment.
    pub comment: String,
    /// `AUTO_INCREMENT`.
    pub auto_increment: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Its columns, in order.
    pub columns: Vec<Column>,
    /// How equal keys are treated.
    pub model: Model,
    /// Names of the key columns.
    pub keys: Vec<String>,
    /// Its comment.
    pub comment: String,
    /// Columns of `DISTRIBUTED BY HASH`.
    pub distribution: Vec<String>,
    /// `BUCKETS`.
    pub buckets: Option<u32>,
    /// Columns of `ORDER BY`.
    pub sort_keys: Vec<String>,
    /// `PROPERTIES`.
    pub properties: Vec<(String, String)>,
}

impl Table {
    /// The column of that name, compared without case.
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, c)| c.name.eq_ignore_ascii_case(name))
    }

    /// Whether the column is one of the keys.
    pub fn is_key(&self, name: &str) -> bool {
        self.keys.iter().any(|k| k.eq_ignore_ascii_case(name))
    }

    /// Reads what follows `CREATE TABLE [IF NOT EXISTS] name`.
    pub fn parse(c: &mut Cursor<'_>) -> Result<Self, String> {
        c.expect_sign("(")?;
        let mut columns = Vec::new();
        let mut inline_keys = Vec::new();
        loop {
            if c.accept("INDEX") {
                while c.peek().is_some_and(|t| !t.is_sign(",") && !t.is_sign(")")) {
                    if c.peek().is_some_and(|t| t.is_sign("(")) {
                        c.skip_parentheses()?
                    } else {
                        c.take();
                    }
                }
            } else {
                let (column, key) = Self::column_definition(c)?;
                if columns.iter().any(|other: &Column| other.name.eq_ignore_ascii_case(&column.name)) {
                    return Err(format!("Duplicate column name '{}'", column.name));
                }
                if key {
                    inline_keys.push(column.name.clone());
                }
                columns.push(column);
            }
            if !c.accept_sign(",") {
                break;
            }
        }
        c.expect_sign(")")?;
        let mut table = Self {
            columns,
            model: Model::Duplicate,
            keys: inline_keys,
            comment: String::new(),
            distribution: Vec::new(),
            buckets: None,
            sort_keys: Vec::new(),
            properties: Vec::new(),
        };
        table.clauses(c)?;
        table.check()?;
        Ok(table)
    }

    /// Reads a column: name, type and what follows. The flag says whether `KEY` was among that.
    pub fn column_definition(c: &mut Cursor<'_>) -> Result<(Column, bool), String> {
        let name = c.name()?;
        let ty = Type::parse(c).map_err(|e| format!("column {name}: {e}"))?;
        let mut column =
            Column { name, ty, nullable: true, default: None, comment: String::new(), auto_increment: false };
        let mut key = false;
        loop {
            if c.accept("NOT NULL") {
                column.nullable = false;
            } else if c.accept("NULL") {
                column.nullable = true;
            } else if c.accept("KEY") {
                key = true;
            } else if c.accept("AUTO_INCREMENT") {
                column.auto_increment = true;
            } else if c.accept("DEFAULT") {
                column.default = Self::default_value(c)?;
            } else if c.accept("COMMENT") {
                column.comment = c.text()?;
            } else if AGGREGATES.iter().any(|word| c.accept(word)) {
                return Err(format!(
                    "column {}: aggregate tables are not supported by this sandbox",
                    column.name
                ));
            } else {
                return Ok((column, key));
            }
        }
    }

    fn default_value(c: &mut Cursor<'_>) -> Result<Option<String>, String> {
        let negative = c.accept_sign("-");
        let token = c.take().ok_or("DEFAULT without a value")?;
        Ok(match &token.kind {
            Kind::Text(text) => Some(text.clone()),
            Kind::Number(n) => Some(if negative { format!("-{n}") } else { n.clone() }),
            Kind::Word(w) if w.eq_ignore_ascii_case("NULL") => None,
            Kind::Word(w) => {
                if c.peek().is_some_and(|t| t.is_sign("(")) {
                    c.skip_parentheses()?;
                }
                Some(w.to_ascii_lowercase())
            }
            Kind::Sign("(") => {
                let inner = Self::default_value(c)?;
                c.expect_sign(")")?;
                inner
            }
            _ => return Err(format!("unsupported default {token:?}")),
        })
    }

    fn clauses(&mut self, c: &mut Cursor<'_>) -> Result<(), String> {
        while let Some(token) = c.peek() {
            if token.is_sign(";") {
                c.take();
            } else if c.accept("ENGINE") {
                c.accept_sign("=");
                let engine = c.name()?;
                if !engine.eq_ignore_ascii_case("OLAP") {
                    return Err(format!("engine {engine} is not supported by this sandbox"));
                }
            } else if c.accept("PRIMARY KEY") {
                self.model = Model::Primary;
                self.keys = names(c)?;
            } else if c.accept("UNIQUE KEY") {
                self.model = Model::Unique;
                self.keys = names(c)?;
            } else if c.accept("DUPLICATE KEY") {
                self.keys = names(c)?;
            } else if c.accept("AGGREGATE KEY") {
                return Err("aggregate tables are not supported by this sandbox".into());
            } else if c.accept("COMMENT") {
                c.accept_sign("=");
                self.comment = c.text()?;
            } else if c.accept("PARTITION BY") {
                // Partitions change where rows lie, not what is read back.
                while c.peek().is_some_and(|t| !starts_clause(t)) {
                    if c.peek().is_some_and(|t| t.is_sign("(")) {
                        c.skip_parentheses()?
                    } else {
                        c.take();
                    }
                }
            } else if c.accept("DISTRIBUTED BY") {
                if c.accept("HASH") {
                    self.distribution = names(c)?;
                } else if !c.accept("RANDOM") {
                    return Err(format!("expected HASH or RANDOM, found {}", c.found()));
                }
                if c.accept("BUCKETS") && !c.accept("AUTO") {
                    self.buckets = Some(c.number()?);
                }
            } else if c.accept("ORDER BY") {
                self.sort_keys = names(c)?;
            } else if c.accept("PROPERTIES") {
                c.expect_sign("(")?;
                loop {
                    let key = c.text()?;
                    c.expect_sign("=")?;
                    self.properties.push((key, c.text()?));
                    if !c.accept_sign(",") {
                        break;
                    }
                }
                c.expect_sign(")")?;
            } else {
                return Err(format!("syntax error at {}", c.found()));
            }
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), String> {
        if self.columns.is_empty() {
            return Err("a table needs at least one column".into());
        }
        let named = self.keys.iter().chain(&self.distribution).chain(&self.sort_keys);
        for name in named {
            if self.column(name).is_none() {
                return Err(format!("Key column({name}) doesn't exist."));
            }
        }
        if self.keys.is_empty() {
            // Without a key clause the server takes the leading columns.
            self.keys = self.columns.iter().take(3).map(|c| c.name.clone()).collect();
        }
        if self.model == Model::Primary {
            let keys = self.keys.clone();
            for column in &mut self.columns {
                if keys.iter().any(|k| k.eq_ignore_ascii_case(&column.name)) {
                    column.nullable = false;
                }
            }
        }
        Ok(())
    }

    /// The statement that makes this table, as `SHOW CREATE TABLE` answers.
    pub fn create_statement(&self, name: &str) -> String {
        let quote = |name: &String| format!("`{name}`");
        let list = |names: &[String]| names.iter().map(quote).collect::<Vec<_>>().join(", ");
        let text = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|c| {
                let mut line =
                    format!("  `{}` {} {}", c.name, c.ty.ddl(), if c.nullable { "NULL" } else { "NOT NULL" });
                if c.auto_increment {
                    line += " AUTO_INCREMENT";
                }
                match c.default.as_deref() {
                    Some("current_timestamp") => line += " DEFAULT CURRENT_TIMESTAMP",
                    Some(default) => line += &format!(" DEFAULT {}", text(default)),
                    None => {}
                }
                line + &format!(" COMMENT {}", text(&c.comment))
            })
            .collect();
        let mut sql = format!("CREATE TABLE `{name}` (\n{}\n) ENGINE=OLAP\n", columns.join(",\n"));
        sql += &format!("{} KEY({})\n", self.model.words(), list(&self.keys));
        if !self.comment.is_empty() {
            sql += &format!("COMMENT {}\n", text(&self.comment));
        }
        if self.distribution.is_empty() {
            sql += "DISTRIBUTED BY RANDOM";
        } else {
            sql += &format!("DISTRIBUTED BY HASH({})", list(&self.distribution));
        }
        if let Some(buckets) = self.buckets {
            sql += &format!(" BUCKETS {buckets}");
        }
        if !self.sort_keys.is_empty() {
            sql += &format!("\nORDER BY({})", list(&self.sort_keys));
        }
        if !self.properties.is_empty() {
            let properties: Vec<String> =
                self.properties.iter().map(|(k, v)| format!("{} = {}", text(k), text(v))).collect();
            sql += &format!("\nPROPERTIES (\n{}\n)", properties.join(",\n"));
        }
        sql + ";"
    }

    /// Declaration of a column in SQLite.
    pub fn sqlite_column(column: &Column) -> String {
        let collation = if column.ty.is_exact_number() { " COLLATE exact_number" } else { "" };
        format!("{} \"{}\"{collation}", identifier(&column.name), column.ty.sqlite_type())
    }
}

fn names(c: &mut Cursor<'_>) -> Result<Vec<String>, String> {
    c.expect_sign("(")?;
    let mut names = Vec::new();
    loop {
        names.push(c.name()?);
        if !c.accept_sign(",") {
            break;
        }
    }
    c.expect_sign(")")?;
    Ok(names)
}

fn starts_clause(token: &Token) -> bool {
    ["DISTRIBUTED", "PROPERTIES", "ORDER", "COMMENT"].iter().any(|w| token.is(w)) || token.is_sign(";")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::tokens;

    fn parse(sql: &str) -> Result<Table, String> {
        let tokens = tokens(sql).unwrap();
        let mut c = Cursor::new(&tokens);
        assert!(c.accept("CREATE TABLE"));
        c.qualified().unwrap();
        Table::parse(&mut c)
    }

    #[test]
    fn reads_the_clauses_and_writes_them_back() {
        let table = parse(
            "CREATE TABLE `d`.`t` (`id` BIGINT NOT NULL COMMENT 'the id', name varchar(20) DEFAULT \"x\", \
             dt DATETIME default current_timestamp, INDEX i (name) USING BITMAP) ENGINE=OLAP PRIMARY KEY(`id`) \
             COMMENT 'it' PARTITION BY RANGE(id) (PARTITION p1 VALUES LESS THAN ('5')) \
             DISTRIBUTED BY HASH(id) BUCKETS 4 ORDER BY(name) PROPERTIES(\"replication_num\" = \"1\");",
        )
        .unwrap();
        assert_eq!((table.model, table.keys.as_slice()), (Model::Primary, ["id".to_owned()].as_slice()));
        assert_eq!(table.columns[1].default.as_deref(), Some("x"));
        assert_eq!(parse(&table.create_statement("t")).unwrap(), table);
    }

    #[test]
    fn defaults_to_duplicate_keys() {
        let table = parse("CREATE TABLE t (a INT, b INT, c INT, d INT) DISTRIBUTED BY RANDOM").unwrap();
        assert_eq!((table.model, table.keys.len()), (Model::Duplicate, 3));
    }

    #[test]
    fn says_what_is_wrong() {
        assert!(parse("CREATE TABLE t (a INT, A INT)").unwrap_err().contains("Duplicate column name"));
        assert!(parse("CREATE TABLE t (a INT) PRIMARY KEY(b)").unwrap_err().contains("doesn't exist"));
        assert!(parse("CREATE TABLE t (a INT SUM) AGGREGATE KEY(a)").unwrap_err().contains("aggregate"));
        assert!(parse("CREATE TABLE t (a INT) SHARDED").unwrap_err().contains("SHARDED"));
    }
}
