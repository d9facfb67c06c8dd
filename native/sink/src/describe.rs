//! Planning time: what the server says about a table, as bytes for the Java side.

use std::time::Duration;

use starrocks_load::meta::{ColumnInfo, MetaConfig, TableInfo};
use starrocks_load::{Secret, meta};
use starrocks_row::{Pairs, pairs};

use crate::error::{Code, SinkError};

/// Stands for NULL where a string's length is expected.
const NULL: u32 = u32::MAX;

/// Reads a table's columns and the server's version over the MySQL protocol.
///
/// `request` is pairs: `jdbc-url`, `username`, `password`, `database`, `table`, `sink.connect.timeout-ms`. The
/// answer is pairs: `version`, and `columns`: a `u16` count, then for each column nine strings with a `u32`
/// length in front (`0xFFFFFFFF` for NULL): name, data type, column type, key, size, decimal digits, extra,
/// nullable, default.
pub fn read_table(request: &[u8]) -> Result<Vec<u8>, SinkError> {
    let invalid = |error: &dyn std::fmt::Display| {
        SinkError::new(Code::Config, format!("the request for a table's columns can't be used: {error}"))
    };
    let request = Pairs::decode(request).map_err(|error| invalid(&error))?;
    let text = |key: &str| request.require(key).map_err(|error| invalid(&error));
    let timeout = text("sink.connect.timeout-ms")?;
    let config = MetaConfig {
        jdbc_url: text("jdbc-url")?.to_owned(),
        username: text("username")?.to_owned(),
        password: Secret::new(text("password")?),
        connect_timeout: Duration::from_millis(timeout.parse().map_err(|error| invalid(&error))?),
    };
    let table = meta::read_table(&config, text("database")?, text("table")?)?;
    encode(&table)
}

fn encode(table: &TableInfo) -> Result<Vec<u8>, SinkError> {
    let count = u16::try_from(table.columns.len()).map_err(|_| {
        SinkError::new(Code::Schema, format!("the table has {} columns", table.columns.len()))
    })?;
    let mut columns = count.to_le_bytes().to_vec();
    for column in &table.columns {
        let ColumnInfo {
            name,
            data_type,
            column_type,
            column_key,
            column_size,
            decimal_digits,
            extra,
            is_nullable,
            column_default,
        } = column;
        put(&mut columns, Some(name));
        for field in [
            data_type,
            column_type,
            column_key,
            column_size,
            decimal_digits,
            extra,
            is_nullable,
            column_default,
        ] {
            put(&mut columns, field.as_deref());
        }
    }
    Ok(pairs::encode(&[("version", table.version.as_bytes()), ("columns", &columns[..])]))
}

fn put(out: &mut Vec<u8>, text: Option<&str>) {
    let length = text.map_or(NULL, |text| text.len() as u32);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(text.unwrap_or_default().as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_nine_strings_each() {
        let column = ColumnInfo { name: "k".into(), data_type: Some("int".into()), ..ColumnInfo::default() };
        let table = TableInfo { version: "3.3.5".into(), columns: vec![column] };
        let bytes = encode(&table).unwrap();
        let pairs = Pairs::decode(&bytes).unwrap();
        assert_eq!(pairs.require("version"), Ok("3.3.5"));
        let columns = pairs.get("columns").unwrap();
        let mut expected = vec![1, 0, 1, 0, 0, 0, b'k', 3, 0, 0, 0, b'i', b'n', b't'];
        expected.extend([0xff; 7 * 4]);
        assert_eq!(columns, expected);
    }

    #[test]
    fn a_request_without_a_key_names_it() {
        let error =
            read_table(&pairs::encode(&[("jdbc-url", "jdbc:mysql://h:9030".as_bytes())])).unwrap_err();
        assert_eq!(error.code, Code::Config);
        assert!(error.message.contains("sink.connect.timeout-ms"), "{error}");
    }
}
