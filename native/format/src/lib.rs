//! Writes rows as CSV or JSON the way StarRocks reads them.
//!
//! A [`TableSpec`] says what the Java side knows about a table; with the user's `sink.properties.*`
//! ([`Properties`]) it becomes a [`TablePlan`], in which everything that does not depend on the row
//! is prepared once: the stream load headers, the JSON keys, the searchers for separators. The plan
//! then writes row after row: [`TablePlan::write_row`].
//!
//! Three promises hold throughout:
//!
//! * **No value is changed or lost silently.** What a format can't carry is a [`RowError`] that
//!   names the table, the column and the remedy. The one exception is counted: NaN and infinities,
//!   which StarRocks does not have, become NULL ([`RowNotes::non_finite`]).
//! * **No row can break its neighbours.** Whatever bytes a value holds, the rows before and after it
//!   are read as they were written.
//! * **Messages never hold values**, which may be private.
//!
//! What StarRocks accepts is taken from its documentation ("Stream Load", "Load data in CSV/JSON
//! format") and from the sources of its backend (`be/src/formats/csv`, `be/src/exec/csv_scanner.cpp`,
//! `be/src/formats/json`).

mod array;
mod base64;
mod bytes;
mod columns;
mod csv;
mod datetime;
mod decimal;
mod error;
mod escape;
mod float;
mod headers;
mod json;
pub mod jsontext;
mod plan;
mod properties;
mod scalar;
pub mod separators;
mod spec;
mod target;
mod zone;

pub use error::{PlanError, RowError, RowErrorKind};
pub use plan::{RowNotes, TablePlan};
pub use properties::Properties;
pub use spec::{ColumnSpec, Format, TableSpec, Type};
pub use zone::ZoneRules;
