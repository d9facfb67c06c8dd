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
//!
//! ```
//! use std::sync::Arc;
//! use starrocks_format::{ColumnSpec, Format, Properties, TablePlan, TableSpec, Type, ZoneRules};
//!
//! let column = |name: &str, ty, server_type: &str| ColumnSpec {
//!     name: name.to_owned(),
//!     ty,
//!     server_type: server_type.to_owned(),
//! };
//! let spec = TableSpec {
//!     database: "shop".to_owned(),
//!     table: "orders".to_owned(),
//!     format: Format::Csv,
//!     raw: false,
//!     op: true,
//!     columns: vec![column("id", Type::Int, "int"), column("note", Type::Char, "varchar")],
//! };
//! let properties = Properties::new([("column_separator", "\\x01")])?;
//! let plan = TablePlan::new(spec, &properties, Arc::new(ZoneRules::utc()))?;
//! assert!(plan.headers().contains(&("columns".to_owned(), "`id`,`note`,`__op`".to_owned())));
//!
//! // A block of one frame: INTEGER 7, STRING "hi".
//! let block = b"\x0c\0\0\0\0\0\0\x02\x05\x07\0\0\0\x0b\x02\0\0\0hi";
//! let mut batch = Vec::new();
//! for frame in starrocks_row::frames(block) {
//!     plan.write_row(&frame?, &mut batch)?;
//! }
//! assert_eq!(batch, b"7\x01hi\x010\n");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod array;
mod base64;
mod binary;
mod bytes;
mod columns;
mod csv;
mod datetime;
mod decimal;
mod error;
mod escape;
mod fast;
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
pub use fast::Scratch;
pub use plan::{RowNotes, TablePlan};
pub use properties::Properties;
pub use spec::{ColumnSpec, Format, TableSpec, Type};
pub use zone::ZoneRules;
