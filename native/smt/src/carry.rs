//! What can't be carried, and why: tables that Flink CDC doesn't find or misreads, columns that it or the sink can't take.
//!
//! What is said of Flink CDC was seen with 2.4.2 and 3.5.0.

use std::collections::HashMap;

use crate::catalog::{Catalog, Column, Table};
use crate::mysql_type::MysqlType;

/// MariaDB's types that no parser of Flink CDC knows: it then gives up on the whole table.
const UNREADABLE_TYPES: [&str; 3] = ["uuid", "inet4", "inet6"];
/// The column by which the sink tells StarRocks what to do with a row.
const OPERATION: &str = "__op";

/// The names of all tables of the server, by how Flink CDC sees them: upper and lower case are the same to it.
pub(crate) struct Names<'a>(HashMap<(String, String), Vec<&'a (String, String)>>);

impl<'a> Names<'a> {
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        let mut names: HashMap<_, Vec<_>> = HashMap::with_capacity(catalog.names.len());
        for name in &catalog.names {
            names.entry(folded(&name.0, &name.1)).or_default().push(name);
        }
        Self(names)
    }

    /// Another table of the same name but for the case of letters.
    fn twin(&self, table: &Table) -> Option<&(String, String)> {
        let alike = self.0.get(&folded(&table.database, &table.name))?;
        alike.iter().copied().find(|(d, t)| (d, t) != (&table.database, &table.name))
    }
}

fn folded(database: &str, table: &str) -> (String, String) {
    (database.to_lowercase(), table.to_lowercase())
}

/// Why a table can't be carried at all; `None` if it can.
pub(crate) fn table_problem(table: &Table, names: &Names<'_>) -> Option<String> {
    let name = table.full_name();
    for part in [&table.database, &table.name] {
        // Scripts are cut at a `;` that ends a line, and no quoting keeps a line's end out of a name.
        if part.contains(char::is_control) {
            return Some(format!("the name {part:?} holds a control character, which scripts can't carry"));
        }
        // It writes names into its queries as they are.
        if let Some(c) = part.chars().find(|c| matches!(c, '`' | '\'' | '\\')) {
            return Some(format!(
                "{name} can't be read by Flink CDC, which doesn't escape the {c} in its name"
            ));
        }
    }
    if table.versioned {
        return Some(format!(
            "{name} is kept WITH SYSTEM VERSIONING, and Flink CDC doesn't find such tables"
        ));
    }
    if let Some((database, other)) = names.twin(table) {
        return Some(format!(
            "{name} can't be told from {database}.{other} by Flink CDC, to which upper and lower case are the same: it would \
             read both"
        ));
    }
    if let Some(column) =
        table.columns.iter().find(|c| UNREADABLE_TYPES.iter().any(|t| c.ty.eq_ignore_ascii_case(t)))
    {
        return Some(format!(
            "{name} can't be read by the CDC source, because its column '{}' is of MariaDB's type {}. Change it to char or \
             binary, or leave the table out of the rule",
            column.name, column.ty
        ));
    }
    // It turns the bytes of a BIT around in place, and those of a key twice in a snapshot, but once in changes.
    let turned = table.unique.iter().flat_map(|index| index.columns.iter().flatten()).find_map(|key| {
        let column = table.column(key)?;
        let bits = MysqlType::parse(&column.ty, None);
        (!column.nullable && matches!(bits, Some(MysqlType::Bit(9..)))).then_some(column)
    });
    turned.map(|column| {
        format!(
            "{name} can't be carried, because Flink CDC reads its key '{}' ({}) in one way from the table and in another \
             from the binlog",
            column.name, column.ty
        )
    })
}

/// The column's type, or why the column can't be carried.
pub(crate) fn column_type(column: &Column) -> Result<MysqlType, String> {
    let name = &column.name;
    let named = if name.contains(char::is_control) {
        Err("its name holds a control character")
    } else if name.contains('`') {
        Err("its name holds a `, which can't be named in a load")
    } else if name.eq_ignore_ascii_case(OPERATION) {
        Err("its name is that of the operation in StarRocks' loads")
    } else if column.invisible {
        // The snapshot is SELECT *, which leaves it out: its values would be NULL until they change.
        Err("it is invisible, and so missing in Flink CDC's snapshot")
    } else {
        Ok(())
    };
    named
        .map_err(str::to_owned)
        .and_then(|()| {
            MysqlType::parse(&column.ty, column.length)
                .ok_or_else(|| format!("its type {} isn't known", column.ty))
        })
        .map_err(|why| format!("column {} can't be carried: {why}", shown(name)))
}

/// A name in quotes; what a screen can't show is escaped.
fn shown(name: &str) -> String {
    if name.contains(char::is_control) { format!("{name:?}") } else { format!("'{name}'") }
}
