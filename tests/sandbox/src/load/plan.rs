//! From the fields of a row to the columns of the table: the `columns` and `where` headers, defaults, `__op`.

use super::params::Params;
use crate::convert::{self, Invalid};
use crate::store::Batch;
use crate::store::ddl::{Model, Table};
use crate::store::eval::Evaluator;
use crate::store::statements::default_value;
use crate::token::{Cursor, Kind, Token, tokens};
use crate::types::Type;
use rusqlite::types::Value;
use serde_json::value::RawValue;
use std::collections::HashSet;

/// How many entries an error log has.
const LOG_LIMIT: usize = 50;
/// The field that says whether a row is an upsert or a delete.
const OP: &str = "__op";

/// What a field of the source is for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    /// It fills the output column.
    Output(usize),
    /// It is the operation.
    Operation,
    /// Only expressions read it.
    Temporary,
}

#[derive(Debug)]
struct Source {
    name: String,
    role: Role,
}

/// What an expression's value is for.
#[derive(Debug, Clone, Copy)]
enum Target {
    Output(usize),
    Operation,
}

#[derive(Debug)]
struct Output {
    name: String,
    ty: Type,
    nullable: bool,
    is_key: bool,
}

/// Turns rows into a batch for the table, and counts.
#[derive(Debug)]
pub struct Loader {
    sources: Vec<Source>,
    outputs: Vec<Output>,
    /// A row before any field is set.
    empty: Vec<Value>,
    expressions: Option<(Vec<Target>, Evaluator)>,
    filter: Option<Evaluator>,
    constant_delete: bool,
    params: Params,
    /// The rows that will be loaded.
    pub batch: Batch,
    /// Rows seen.
    pub total: u64,
    /// Rows dropped for their contents.
    pub filtered: u64,
    /// Rows that `where` left out.
    pub unselected: u64,
    /// Entries of the error log.
    pub log: Vec<String>,
}

/// A field's value before conversion.
enum Field<'a> {
    Missing,
    Text(&'a str),
    Json(&'a RawValue),
}

impl Loader {
    /// Plans the load; the error is the server's message.
    pub fn new(table: &Table, params: Params) -> Result<Self, String> {
        if params.partial_update && table.model != Model::Primary {
            return Err("Only primary key table support partial update".to_owned());
        }
        let (names, mappings) = match &params.columns {
            Some(header) => columns_header(header)?,
            None => {
                let mut names: Vec<String> = table.columns.iter().map(|c| c.name.clone()).collect();
                if params.json && table.model == Model::Primary {
                    // A key __op in a JSON row is taken up without being asked for.
                    names.push(OP.to_owned());
                }
                (names, Vec::new())
            }
        };
        let mapped = |name: &str| mappings.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let given = |name: &str| names.iter().any(|n| n.eq_ignore_ascii_case(name)) || mapped(name);
        let mut outputs = Vec::new();
        let mut empty = Vec::new();
        for column in &table.columns {
            if !given(&column.name) {
                if params.partial_update {
                    if table.is_key(&column.name) {
                        return Err(format!("key column {} not in partial update columns", column.name));
                    }
                    continue;
                }
                if column.default.is_none() && !column.nullable {
                    return Err(format!("Column has no default value. column: {}", column.name));
                }
            }
            empty.push(match (&column.default, given(&column.name)) {
                (Some(default), false) => default_value(column, default)?,
                _ => Value::Null,
            });
            if !params.json
                && matches!(column.ty, Type::Map(..) | Type::Struct(_) | Type::Sketch(_))
                && given(&column.name)
            {
                return Err(format!("Unsupported CSV type {}", column.ty.ddl()));
            }
            outputs.push(Output {
                name: column.name.clone(),
                ty: column.ty.clone(),
                nullable: column.nullable,
                is_key: table.is_key(&column.name),
            });
        }
        let position = |name: &str| outputs.iter().position(|o| o.name.eq_ignore_ascii_case(name));
        let primary = table.model == Model::Primary;
        let sources: Vec<Source> = names
            .into_iter()
            .map(|name| {
                let role = match position(&name) {
                    _ if primary && name.eq_ignore_ascii_case(OP) => Role::Operation,
                    Some(at) if !mapped(&name) => Role::Output(at),
                    _ => Role::Temporary,
                };
                Source { name, role }
            })
            .collect();
        let mut constant_delete = false;
        let mut targets = Vec::new();
        let mut expressions = Vec::new();
        for (name, expression) in mappings {
            if primary && name.eq_ignore_ascii_case(OP) {
                match constant_operation(&expression)? {
                    Some(delete) => constant_delete = delete,
                    None => {
                        targets.push(Target::Operation);
                        expressions.push(expression);
                    }
                }
            } else {
                let at = position(&name)
                    .ok_or_else(|| format!("Mapping column is not in table. column: {name}"))?;
                targets.push(Target::Output(at));
                expressions.push(expression);
            }
        }
        let source_names: Vec<String> = sources.iter().map(|s| s.name.clone()).collect();
        let expressions = match targets.is_empty() {
            true => None,
            false => Some((targets, Evaluator::new(&expressions, &source_names)?)),
        };
        let output_names: Vec<String> = outputs.iter().map(|o| o.name.clone()).collect();
        let filter = params
            .filter
            .as_ref()
            .map(|text| Evaluator::new(&[format!("({text})")], &output_names))
            .transpose()?;
        Ok(Self {
            sources,
            empty,
            expressions,
            filter,
            constant_delete,
            params,
            batch: Batch { columns: output_names, ..Batch::default() },
            outputs,
            total: 0,
            filtered: 0,
            unselected: 0,
            log: Vec::new(),
        })
    }

    /// What the load asked for.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// Rows that will be loaded.
    pub fn loaded(&self) -> u64 {
        self.total - self.filtered - self.unselected
    }

    /// Drops so many of the rows, as if they were bad.
    pub fn drop_rows(&mut self, count: u64) {
        let kept = self.batch.rows.len().saturating_sub(count as usize);
        self.filtered += (self.batch.rows.len() - kept) as u64;
        self.batch.rows.truncate(kept);
    }

    /// Whether the rows are good enough, and any at all; `counted` rows were not looked at.
    pub fn judge(&self, counted: bool) -> Result<(), String> {
        let selected = self.total - self.unselected;
        if self.filtered > 0 && self.filtered as f64 / selected as f64 > self.params.max_filter_ratio {
            return Err("too many filtered rows".to_owned());
        }
        self.some(counted)
    }

    /// Whether there is anything to load.
    pub fn some(&self, counted: bool) -> Result<(), String> {
        if self.loaded() == 0 && !(counted && self.total > 0) {
            return Err("all partitions have no load data".to_owned());
        }
        Ok(())
    }

    /// Takes a CSV row.
    pub fn csv_row(&mut self, row: &crate::csv::Row) {
        self.total += 1;
        let raw = String::from_utf8_lossy(&row.raw);
        if std::str::from_utf8(&row.raw).is_err() {
            return self.filter_out("Invalid UTF-8 row", &raw);
        }
        if row.fields.len() != self.sources.len() {
            let message = format!(
                "Target column count: {} doesn't match source value column count: {}. Column separator: '{}', Row \
                 delimiter: '{}'",
                self.sources.len(),
                row.fields.len(),
                shown(&self.params.dialect.column_separator),
                shown(&self.params.dialect.row_delimiter)
            );
            return self.filter_out(&message, &raw);
        }
        let texts: Vec<&str> =
            row.fields.iter().map(|f| std::str::from_utf8(f).unwrap_or_default()).collect();
        let fields =
            texts.iter().map(|t| if *t == "\\N" { Field::Missing } else { Field::Text(t) }).collect();
        self.row(fields, &raw);
    }

    /// Takes a JSON row.
    pub fn json_row(&mut self, raw: &RawValue) -> Result<(), String> {
        self.total += 1;
        if let Some(paths) = &self.params.json_paths {
            let fields = (0..self.sources.len())
                .map(|i| paths.get(i).and_then(|p| p.find(raw)).map_or(Field::Missing, Field::Json))
                .collect();
            self.row(fields, raw.get());
            return Ok(());
        }
        let members = crate::json::object(raw.get())
            .map_err(|e| format!("Failed to iterate document stream as object. error: {e}"))?;
        let mut fields: Vec<Field<'_>> = self.sources.iter().map(|_| Field::Missing).collect();
        let mut hint = 0;
        for (key, value) in &members {
            // Rows mostly have their keys in the order of the columns.
            let found = (hint..self.sources.len()).chain(0..hint).find(|i| self.sources[*i].name == *key);
            if let Some(at) = found {
                fields[at] = Field::Json(value);
                hint = at + 1;
            }
        }
        self.row(fields, raw.get());
        Ok(())
    }

    fn filter_out(&mut self, message: &str, row: &str) {
        self.filtered += 1;
        if self.log.len() < LOG_LIMIT {
            self.log.push(format!("Error: {message}. Row: {row}"));
        }
    }

    fn row(&mut self, fields: Vec<Field<'_>>, raw: &str) {
        match self.convert(&fields) {
            Err(message) => self.filter_out(&message, raw),
            Ok(None) => self.unselected += 1,
            Ok(Some((row, delete))) => {
                if delete && self.batch.deletes.is_empty() {
                    self.batch.deletes = vec![false; self.batch.rows.len()];
                }
                if delete || !self.batch.deletes.is_empty() {
                    self.batch.deletes.push(delete);
                }
                self.batch.rows.push(row);
            }
        }
    }

    fn convert(&self, fields: &[Field<'_>]) -> Result<Option<(Vec<Value>, bool)>, String> {
        let mut row = self.empty.clone();
        let mut delete = self.constant_delete;
        for (i, (source, field)) in self.sources.iter().zip(fields).enumerate() {
            match source.role {
                Role::Output(at) => row[at] = self.value(&self.outputs[at], field, i)?,
                Role::Operation => delete = operation(&field_value(&Type::TinyInt, field).map_err(|e| e.0)?)?,
                Role::Temporary => {}
            }
        }
        if let Some((targets, evaluator)) = &self.expressions {
            let text = Type::Varchar(u32::MAX);
            let arguments: Vec<Value> = fields
                .iter()
                .map(|f| field_value(&text, f))
                .collect::<Result<_, _>>()
                .map_err(|e: Invalid| e.0)?;
            let values = evaluator.values(arguments.iter())?;
            for (target, value) in targets.iter().zip(values) {
                match *target {
                    Target::Operation => delete = operation(&value)?,
                    Target::Output(at) => {
                        let shown = crate::store::display(&value, crate::store::Wire::Double);
                        let shown = shown.map(|b| String::from_utf8_lossy(&b).into_owned());
                        let field = shown.as_deref().map_or(Field::Missing, Field::Text);
                        row[at] = self.value(&self.outputs[at], &field, at)?;
                    }
                }
            }
        }
        for (output, value) in self.outputs.iter().zip(&row) {
            // A delete needs its key alone.
            if *value == Value::Null && !output.nullable && (output.is_key || !delete) {
                return Err(format!("NULL value in non-nullable column '{}'", output.name));
            }
        }
        if let Some(filter) = &self.filter {
            match filter.values(row.iter())?.first() {
                Some(Value::Integer(0) | Value::Null) | None => return Ok(None),
                Some(_) => {}
            }
        }
        Ok(Some((row, delete)))
    }

    /// A field as a column's value; a bad one is NULL, or, in strict mode, an error.
    fn value(&self, output: &Output, field: &Field<'_>, position: usize) -> Result<Value, String> {
        match field_value(&output.ty, field) {
            Ok(value) => Ok(value),
            Err(_) if !self.params.strict => Ok(Value::Null),
            Err(why) => Err(match field {
                Field::Json(_) => format!("{} column={}", why.0, output.name),
                Field::Text(text) => format!(
                    "The field (name = {}, pos = {position}) is out of range. Type: {}, Value length: {}, Value: {text}",
                    output.name,
                    output.ty.ddl(),
                    text.len()
                ),
                Field::Missing => why.0,
            }),
        }
    }
}

fn field_value(ty: &Type, field: &Field<'_>) -> Result<Value, Invalid> {
    match field {
        Field::Missing => Ok(Value::Null),
        Field::Text(text) => convert::from_text(ty, text),
        Field::Json(raw) => convert::from_json(ty, raw),
    }
}

/// 0 or nothing is an upsert, 1 a delete.
fn operation(value: &Value) -> Result<bool, String> {
    match value {
        Value::Null | Value::Integer(0) => Ok(false),
        Value::Integer(1) => Ok(true),
        other => Err(format!("load op type must be 0 (upsert) or 1 (delete), not {other:?}")),
    }
}

/// `__op` as a constant: whether it deletes; `None` if it is an expression.
fn constant_operation(expression: &str) -> Result<Option<bool>, String> {
    let all = tokens(expression)?;
    let [token] = all.as_slice() else { return Ok(None) };
    match &token.kind {
        Kind::Text(text) if text.eq_ignore_ascii_case("upsert") => Ok(Some(false)),
        Kind::Text(text) if text.eq_ignore_ascii_case("delete") => Ok(Some(true)),
        Kind::Text(text) => Err(format!("load op type string not supported: {text}")),
        Kind::Number(n) if n == "0" => Ok(Some(false)),
        Kind::Number(n) if n == "1" => Ok(Some(true)),
        Kind::Number(_) => Err("const load op type column should only be upsert(0)/delete(1)".to_owned()),
        _ => Ok(None),
    }
}

type Mapping = (String, String);

/// Reads the `columns` header: names of source fields, and `target = expression`.
fn columns_header(header: &str) -> Result<(Vec<String>, Vec<Mapping>), String> {
    let header = header.trim();
    // `COLUMNS (a, b)` is allowed too.
    let header = header.strip_prefix("COLUMNS").or(header.strip_prefix("columns")).map_or(header, str::trim);
    let header = header.strip_prefix('(').and_then(|h| h.strip_suffix(')')).unwrap_or(header);
    let all = tokens(header)?;
    let mut c = Cursor::new(&all);
    let (mut names, mut mappings) = (Vec::<String>::new(), Vec::<Mapping>::new());
    let mut seen = HashSet::new();
    loop {
        let name = c.name()?;
        if c.accept_sign("=") {
            let start = c.peek().map_or(header.len(), |t| t.start);
            let mut end = start;
            let mut depth = 0;
            while let Some(token) = c.peek().filter(|t| depth > 0 || !t.is_sign(",")) {
                depth += i32::from(token.is_sign("(")) - i32::from(token.is_sign(")"));
                end = token.end;
                c.take();
            }
            if mappings.iter().any(|(n, _)| n.eq_ignore_ascii_case(&name)) {
                return Err(format!("Duplicate column mapping: {name}"));
            }
            mappings.push((name, header[start..end].to_owned()));
        } else {
            if !seen.insert(name.to_lowercase()) {
                return Err(format!("Duplicate column: {name}"));
            }
            names.push(name);
        }
        if !c.accept_sign(",") {
            break;
        }
    }
    match c.peek() {
        None => Ok((names, mappings)),
        Some(Token { start, .. }) => {
            Err(format!("syntax error in columns header at {:?}", &header[*start..]))
        }
    }
}

/// A separator as messages show it.
fn shown(separator: &[u8]) -> String {
    let mut out = String::new();
    for b in separator {
        match b {
            b'\t' => out.push_str("\\t"),
            b'\n' => out.push_str("\\n"),
            0x20..=0x7E => out.push(char::from(*b)),
            other => out.push_str(&format!("0x{other:02x}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::{Dialect, Parser};
    use crate::http::Request;

    fn table(sql: &str) -> Table {
        let all = tokens(sql).unwrap();
        Table::parse(&mut Cursor::new(&all)).unwrap()
    }

    fn loader(table: &Table, headers: &[(&str, &str)]) -> Result<Loader, String> {
        let headers = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        Loader::new(table, Params::parse(&Request { headers, ..Request::default() })?)
    }

    fn csv(mut loader: Loader, body: &str) -> Loader {
        let mut parser = Parser::new(Dialect { column_separator: b",".to_vec(), ..Dialect::default() });
        parser.feed(body.as_bytes(), |row| loader.csv_row(&row));
        parser.finish(|row| loader.csv_row(&row));
        loader
    }

    fn t(s: &str) -> Value {
        Value::Text(s.into())
    }

    const PRIMARY: &str = "(k INT, v VARCHAR(5) DEFAULT 'x', n INT NOT NULL DEFAULT '7') PRIMARY KEY(k)";

    #[test]
    fn names_temporaries_and_expressions() {
        let plan = loader(
            &table(PRIMARY),
            &[("columns", "tmp, `K`, v = upper(concat(tmp, 'b')), n = tmp_n + 1, tmp_n")],
        )
        .unwrap();
        let done = csv(plan, "a,1,4\n");
        assert_eq!(done.batch.rows, [vec![Value::Integer(1), t("AB"), Value::Integer(5)]]);
    }

    #[test]
    fn defaults_fill_what_is_not_given() {
        let done = csv(loader(&table(PRIMARY), &[("columns", "k")]).unwrap(), "1\n");
        assert_eq!(done.batch.rows, [vec![Value::Integer(1), t("x"), Value::Integer(7)]]);
        let error = loader(&table("(a INT NOT NULL, b INT)"), &[("columns", "b")]).unwrap_err();
        assert_eq!(error, "Column has no default value. column: a");
    }

    #[test]
    fn operations_come_from_fields_keys_and_constants() {
        let done =
            csv(loader(&table(PRIMARY), &[("columns", "k,n,__op")]).unwrap(), "1,1,0\n2,\\N,1\n3,3,9\n");
        assert_eq!(done.batch.deletes, [false, true]);
        assert_eq!(done.filtered, 1);
        let all = csv(loader(&table(PRIMARY), &[("columns", "k,__op='delete'")]).unwrap(), "1\n");
        assert_eq!(all.batch.deletes, [true]);
        let mut json = loader(&table(PRIMARY), &[("format", "json")]).unwrap();
        json.json_row(&RawValue::from_string(r#"{"n":1,"k":2,"__op":1}"#.into()).unwrap()).unwrap();
        json.json_row(&RawValue::from_string(r#"{"k":3,"n":4}"#.into()).unwrap()).unwrap();
        assert_eq!(json.batch.deletes, [true, false]);
        assert!(loader(&table(PRIMARY), &[("columns", "k,__op='drop'")]).is_err());
    }

    #[test]
    fn bad_values_are_null_or_filtered() {
        let sql = "(a INT, b INT NOT NULL)";
        let loose = csv(loader(&table(sql), &[]).unwrap(), "x,1\n1,x\n1\n");
        assert_eq!(loose.batch.rows, [vec![Value::Null, Value::Integer(1)]]);
        assert_eq!((loose.total, loose.filtered), (3, 2));
        assert!(loose.log[0].contains("NULL value in non-nullable column 'b'"));
        assert!(loose.log[1].contains("Target column count: 2 doesn't match source value column count: 1"));
        let strict = csv(loader(&table(sql), &[("strict_mode", "true")]).unwrap(), "x,1\n");
        assert!(strict.log[0].contains("The field (name = a, pos = 0) is out of range"), "{:?}", strict.log);
    }

    #[test]
    fn where_leaves_rows_out() {
        let done = csv(loader(&table("(a INT, b INT)"), &[("where", "a > 1")]).unwrap(), "1,1\n2,2\n\\N,3\n");
        assert_eq!((done.loaded(), done.unselected, done.filtered), (1, 2, 0));
    }

    #[test]
    fn says_what_is_wrong_with_columns() {
        let t = table(PRIMARY);
        assert_eq!(loader(&t, &[("columns", "k,v,K")]).unwrap_err(), "Duplicate column: K");
        assert_eq!(
            loader(&t, &[("columns", "k,z=1")]).unwrap_err(),
            "Mapping column is not in table. column: z"
        );
        assert!(loader(&t, &[("columns", "k,v=nope(1)")]).unwrap_err().contains("nope"));
        assert_eq!(
            loader(&t, &[("columns", "v"), ("partial_update", "true")]).unwrap_err(),
            "key column k not in partial update columns"
        );
        assert!(
            loader(&table("(a INT)"), &[("partial_update", "true")])
                .unwrap_err()
                .contains("Only primary key")
        );
    }
}
