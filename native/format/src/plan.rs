//! A table, prepared for writing its rows.

use std::sync::Arc;

use starrocks_row::{Cursor, Encoding, Frame, Op, Value, ValueWriter};

use crate::ZoneRules;
use crate::binary;
use crate::csv::{CsvRows, Dialect};
use crate::error::{Fault, PlanError, RowError};
use crate::fast::{FastRows, Scratch};
use crate::headers;
use crate::json::JsonRows;
use crate::properties::Properties;
use crate::separators::{self, Separators};
use crate::spec::{Format, TableSpec, Type};
use crate::target::{Kinds, Target};

/// A table, prepared for writing its rows.
///
/// Immutable and shareable; each thread that writes has its own output.
#[derive(Debug)]
pub struct TablePlan {
    database: String,
    table: String,
    format: Format,
    headers: Vec<(String, String)>,
    rows: Rows,
    /// The short way, for tables that it serves.
    fast: Option<FastRows>,
    zone: Arc<ZoneRules>,
}

/// How rows are written.
#[derive(Debug)]
enum Rows {
    /// As they are, with this delimiter after each.
    RawCsv(Box<[u8]>),
    /// As they are.
    RawJson,
    Csv(Box<CsvRows>),
    Json(JsonRows),
}

/// A column, prepared.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) ty: Type,
    pub(crate) target: Target,
    accepts: Kinds,
}

impl Column {
    /// Whether such a value can be written into the column.
    #[inline]
    pub(crate) fn check(&self, value: &Value<'_>) -> Result<(), Fault> {
        if self.accepts.contains(value) { Ok(()) } else { self.check_digits(value) }
    }

    /// Whether every value of the kind can be.
    pub(crate) fn takes(&self, value: &Value<'_>) -> bool {
        self.accepts.contains(value)
    }

    /// Whether some integers can be that are not of a kind that the column takes.
    pub(crate) fn takes_digits(&self) -> bool {
        matches!(self.target, Target::Date | Target::DateTime)
    }

    #[cold]
    fn check_digits(&self, value: &Value<'_>) -> Result<(), Fault> {
        let integer = match *value {
            Value::I8(v) => Some(v.into()),
            Value::I16(v) => Some(v.into()),
            Value::I32(v) => Some(v.into()),
            Value::I64(v) => Some(v),
            _ => None,
        };
        if integer.is_some_and(|v| self.target.reads_digits(v)) {
            return Ok(());
        }
        let fault = Fault::row(format!(
            "a value of type {} can't be written into a column of type {}",
            value.kind(),
            self.target.name()
        ));
        Err(match (integer, self.target) {
            (Some(_), Target::Date) => fault.remedy("Of integers, it takes those that read YYYYMMDD"),
            (Some(_), Target::DateTime) => {
                fault.remedy("Of integers, it takes those that read YYYYMMDD or YYYYMMDDhhmmss")
            }
            _ => fault,
        })
    }
}

/// What is to be said about a row that was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowNotes {
    /// How many NaN and infinities became NULL.
    pub non_finite: u32,
}

/// A fault and the column it is in, if it is in one.
#[derive(Debug)]
pub(crate) struct At {
    column: Option<usize>,
    fault: Fault,
}

impl At {
    pub(crate) fn column(column: usize, fault: Fault) -> Self {
        Self { column: Some(column), fault }
    }

    pub(crate) fn row(fault: Fault) -> Self {
        Self { column: None, fault }
    }

    /// Asserts that the table can take the operation: without `__op` a delete would become an insert.
    #[inline]
    pub(crate) fn check_op(op: Op, has_op: bool) -> Result<(), Self> {
        if op == Op::Upsert || has_op {
            return Ok(());
        }
        Err(Self::row(
            Fault::row("it is a delete, which only a table with a PRIMARY KEY takes, and not as text")
                .remedy("Declare the PRIMARY KEY in Flink too, or set 'sink.ignore-delete' = 'true'"),
        ))
    }

    /// Reads the value of column `i` of `count`.
    #[inline]
    pub(crate) fn value_of<'a>(cursor: &mut Cursor<'a>, i: usize, count: usize) -> Result<Value<'a>, Self> {
        if cursor.is_at_end() {
            return Err(Self::count_differs(i, count));
        }
        cursor.value().map_err(|error| Self::column(i, error.into()))
    }

    /// Asserts that there are no more values than columns.
    #[inline]
    pub(crate) fn end_of(cursor: &Cursor<'_>, count: usize) -> Result<(), Self> {
        if cursor.is_at_end() {
            return Ok(());
        }
        let mut rest = cursor.clone();
        let mut values = count;
        while !rest.is_at_end() {
            rest.skip().map_err(|error| Self::row(error.into()))?;
            values += 1;
        }
        Err(Self::count_differs(values, count))
    }

    #[cold]
    fn count_differs(values: usize, count: usize) -> Self {
        Self::row(Fault::row(format!(
            "it has {values} values, but the table is written with {count} columns"
        )))
    }
}

impl TablePlan {
    /// Prepares a table.
    ///
    /// `zone` is the time zone in which instants (TIMESTAMP_LTZ) are shown.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the columns and the user's properties, at once.
    pub fn new(spec: TableSpec, properties: &Properties, zone: Arc<ZoneRules>) -> Result<Self, PlanError> {
        let mut problems = Vec::new();
        let headers = headers::headers(&spec, properties, &mut problems);
        headers::check_names(&spec, &mut problems);
        if spec.raw && spec.op {
            problems.push("rows that come as text can't get an operation".to_owned());
        }
        if !spec.raw && spec.columns.is_empty() {
            problems.push("there are no columns".to_owned());
        }
        let columns: Box<[Column]> =
            spec.columns.iter().map(|c| column(c, spec.format, &mut problems)).collect();
        let (raw, op) = (spec.raw, spec.op);
        let rows = match spec.format {
            Format::Csv if raw => delimiter(properties).map(Rows::RawCsv),
            Format::Csv => {
                dialect(properties, &mut problems).map(|d| Rows::Csv(Box::new(CsvRows::new(columns, op, d))))
            }
            Format::Json if raw => Some(Rows::RawJson),
            Format::Json => Some(Rows::Json(JsonRows::new(columns, op))),
        };
        spec.plan_error(problems)?;
        let rows = rows.expect("without a problem there are rows");
        let fast = match &rows {
            Rows::Csv(rows) => rows
                .dialect()
                .fast()
                .and_then(|dialect| FastRows::new(rows.columns(), spec.format, op, Some(&dialect))),
            Rows::Json(rows) => FastRows::new(rows.columns(), spec.format, op, None),
            Rows::RawCsv(_) | Rows::RawJson => None,
        };
        let TableSpec { database, table, format, .. } = spec;
        Ok(Self { database, table, format, headers, rows, fast, zone })
    }

    /// The table's database.
    pub fn database(&self) -> &str {
        &self.database
    }

    /// The table.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The format of its loads.
    pub fn format(&self) -> Format {
        self.format
    }

    /// All stream load headers that the table's loads need, each name once, in lower case. Values
    /// may hold UTF-8 (names of columns); they have no control characters but TAB.
    pub fn headers(&self) -> Vec<(String, String)> {
        self.headers.clone()
    }

    /// What comes before the first row of a load.
    pub fn prefix(&self) -> &'static [u8] {
        self.framing().0
    }

    /// What comes between two rows of a load.
    pub fn between(&self) -> &'static [u8] {
        self.framing().1
    }

    /// What comes after the last row of a load.
    pub fn suffix(&self) -> &'static [u8] {
        self.framing().2
    }

    fn framing(&self) -> (&'static [u8], &'static [u8], &'static [u8]) {
        match self.format {
            Format::Csv => (b"", b"", b""),
            Format::Json => (b"[", b",", b"]"),
        }
    }

    /// Appends a row: in CSV with the row delimiter, in JSON the object alone.
    ///
    /// # Errors
    ///
    /// When the row can't be written so that it reads back as it is. `out` then is as it was.
    pub fn write_row(&self, frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<RowNotes, RowError> {
        let start = out.len();
        let written = match (&self.rows, frame.encoding) {
            (Rows::RawCsv(delimiter), Encoding::Raw) => raw_csv(frame, delimiter, out),
            (Rows::RawJson, Encoding::Raw) => raw_json(frame, out),
            (Rows::RawCsv(_) | Rows::RawJson, Encoding::Slots | Encoding::Binary) => {
                Err(At::row(Fault::block("it comes as values, but the table takes text")))
            }
            (_, Encoding::Raw) => Err(At::row(Fault::block("it comes as text, but the table has columns"))),
            (_, Encoding::Slots) => self.values(frame.payload, frame.op, out),
            (_, Encoding::Binary) => {
                let mut values = ValueWriter::default();
                binary::tag_row(frame.payload, self.columns(), &mut values)
                    .and_then(|()| self.values(values.as_bytes(), frame.op, out))
            }
        };
        written.map_err(|at| {
            out.truncate(start);
            let column = at.column.and_then(|i| self.columns().get(i)).map(|column| column.name.as_str());
            RowError::new(&self.database, &self.table, column, at.fault)
        })
    }

    /// Writes a row to the front of `room`, as [`Self::write_row`] would append it, and says how long it is:
    /// the short way, without touching any other memory.
    ///
    /// `None` says nothing against the row: it may need more room, or be of a kind that only
    /// [`Self::write_row`] writes or refuses. What `room` then holds is of no use.
    #[inline]
    pub fn write_row_into(
        &self,
        frame: &Frame<'_>,
        scratch: &mut Scratch,
        room: &mut [u8],
    ) -> Option<(usize, RowNotes)> {
        let zone = &*self.zone;
        match (&self.rows, &self.fast, frame.encoding) {
            (Rows::Csv(rows), Some(fast), Encoding::Binary) => {
                fast.binary::<false>(frame, rows.columns(), &**rows, zone, scratch, room)
            }
            (Rows::Json(rows), Some(fast), Encoding::Binary) => {
                fast.binary::<true>(frame, rows.columns(), rows, zone, scratch, room)
            }
            (Rows::Csv(rows), Some(fast), Encoding::Slots) => {
                fast.slots::<false>(frame, &**rows, zone, scratch, room)
            }
            (Rows::Json(rows), Some(fast), Encoding::Slots) => {
                fast.slots::<true>(frame, rows, zone, scratch, room)
            }
            (Rows::RawCsv(delimiter), _, Encoding::Raw) => raw_into(frame, delimiter, room),
            (Rows::RawJson, _, Encoding::Raw) => raw_into(frame, b"", room),
            _ => None,
        }
    }

    /// Appends a row of tagged values.
    fn values(&self, values: &[u8], op: Op, out: &mut Vec<u8>) -> Result<RowNotes, At> {
        match &self.rows {
            Rows::Csv(rows) => rows.row(values, op, &self.zone, out),
            Rows::Json(rows) => rows.row(values, op, &self.zone, out),
            Rows::RawCsv(_) | Rows::RawJson => unreachable!("a table of text has no values"),
        }
    }

    fn columns(&self) -> &[Column] {
        match &self.rows {
            Rows::Csv(rows) => rows.columns(),
            Rows::Json(rows) => rows.columns(),
            Rows::RawCsv(_) | Rows::RawJson => &[],
        }
    }
}

/// Prepares a column.
fn column(spec: &crate::ColumnSpec, format: Format, problems: &mut Vec<String>) -> Column {
    let target = Target::new(&spec.server_type, &spec.ty);
    let accepts = target.accepts();
    if !accepts.contains_type(&spec.ty) {
        problems.push(format!(
            "column '{}' is {} in Flink, which can't be written into a column of type {} ('{}')",
            spec.name,
            spec.ty.name(),
            target.name(),
            spec.server_type
        ));
    } else if format == Format::Csv && needs_objects(target, &spec.ty) {
        problems.push(format!(
            "column '{}' holds a MAP or ROW, which CSV can't carry into a column of type {}; load as JSON: \
             'sink.properties.format' = 'json'",
            spec.name,
            target.name()
        ));
    }
    if let Some(field) = doubled_field(&spec.ty) {
        problems.push(format!("column '{}' has a ROW with two fields '{field}'", spec.name));
    }
    Column { name: spec.name.clone(), ty: spec.ty.clone(), target, accepts }
}

/// Whether values of the type hold maps or rows where the server wants elements of its own types.
fn needs_objects(target: Target, ty: &Type) -> bool {
    fn holds_objects(ty: &Type) -> bool {
        match ty {
            Type::Map(_) | Type::Row(_) => true,
            Type::Array(element) => holds_objects(element),
            _ => false,
        }
    }
    matches!(target, Target::Array | Target::Map | Target::Struct) && holds_objects(ty)
}

/// A name that two fields of a row within the type share.
fn doubled_field(ty: &Type) -> Option<&str> {
    match ty {
        Type::Array(element) => doubled_field(element),
        Type::Map(types) => doubled_field(&types.0).or_else(|| doubled_field(&types.1)),
        Type::Row(fields) => {
            let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
            names.sort_unstable();
            let twice = names.windows(2).find(|two| two[0] == two[1]).map(|two| two[0]);
            twice.or_else(|| fields.iter().find_map(|(_, ty)| doubled_field(ty)))
        }
        _ => None,
    }
}

/// A separator of the properties; what is wrong with it was said when the headers were made.
fn separator(properties: &Properties, name: &str, default: &[u8]) -> Option<Vec<u8>> {
    properties.get(name).map_or_else(|| Some(default.to_vec()), |text| separators::parse(text).ok())
}

/// The row delimiter of rows that come as text.
fn delimiter(properties: &Properties) -> Option<Box<[u8]>> {
    separator(properties, "row_delimiter", b"\n").map(Vec::into_boxed_slice)
}

/// The CSV dialect that the properties mean.
fn dialect(properties: &Properties, problems: &mut Vec<String>) -> Option<Dialect> {
    let column = separator(properties, "column_separator", b"\t")?;
    let row = separator(properties, "row_delimiter", b"\n")?;
    let mut character = |name: &str| match properties.get(name).map(str::as_bytes) {
        None | Some([]) => None,
        Some([one]) => Some(*one),
        Some(_) => {
            problems.push(format!("'sink.properties.{name}' must be one ASCII character"));
            None
        }
    };
    let (enclose, escape) = (character("enclose"), character("escape"));
    let trim = properties.get("trim_space").and_then(headers::flag).unwrap_or(false);
    let dialect = Separators::new(&column, &row)
        .map_err(|problem| vec![problem])
        .and_then(|separators| Dialect::new(separators, enclose, escape, trim));
    dialect.map_err(|more| problems.extend(more)).ok()
}

/// Appends a row of text with the delimiter.
fn raw_csv(frame: &Frame<'_>, delimiter: &[u8], out: &mut Vec<u8>) -> Result<RowNotes, At> {
    At::check_op(frame.op, false)?;
    // StarRocks drops blank lines without a word.
    if frame.payload.is_empty() || frame.payload == delimiter {
        return Err(blank());
    }
    out.extend_from_slice(frame.payload);
    out.extend_from_slice(delimiter);
    Ok(RowNotes::default())
}

/// Appends a row of text.
fn raw_json(frame: &Frame<'_>, out: &mut Vec<u8>) -> Result<RowNotes, At> {
    At::check_op(frame.op, false)?;
    // Nothing between two commas would break the array, and with it the load.
    if frame.payload.iter().all(u8::is_ascii_whitespace) {
        return Err(blank());
    }
    out.extend_from_slice(frame.payload);
    Ok(RowNotes::default())
}

/// Writes a row of text that begins with a letter, a bracket or the like: most do.
#[inline]
fn raw_into(frame: &Frame<'_>, delimiter: &[u8], room: &mut [u8]) -> Option<(usize, RowNotes)> {
    let text = frame.payload;
    let plain = text.first().is_some_and(|byte| !byte.is_ascii_whitespace() && !delimiter.contains(byte));
    if !plain || frame.op != Op::Upsert {
        return None;
    }
    let (place, rest) = room.split_at_mut_checked(text.len())?;
    rest.get_mut(..delimiter.len())?.copy_from_slice(delimiter);
    place.copy_from_slice(text);
    Some((text.len() + delimiter.len(), RowNotes::default()))
}

#[cold]
fn blank() -> At {
    At::row(Fault::row("its text is blank").remedy("Filter such rows out before the sink"))
}
