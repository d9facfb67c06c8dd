//! Rows of prepared transactions: they wait for their commit, and outlast the server where its data does.

use super::{Batch, LedgerEntry, Store};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

/// What a prepared transaction will commit.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Its rows.
    pub batch: Batch,
    /// Its ledger entry but for the end.
    pub entry: LedgerEntry,
    /// When it is aborted, in milliseconds since 1970.
    pub expires: i64,
}

/// Part of the schema.
pub const SCHEMA: &str = r#"
CREATE TABLE IF NOT EXISTS "sandbox.prepared" (
  txn_id INTEGER PRIMARY KEY, db VARCHAR, tbl VARCHAR, label VARCHAR, "rows" BIGINT, filtered BIGINT,
  unselected BIGINT, bytes BIGINT, be INT, request_no BIGINT, begin_ms BIGINT, expires_ms BIGINT, batch BLOB);
"#;

impl Store {
    /// Keeps the rows of a transaction until [`Store::take_prepared`].
    pub fn keep_prepared(&self, prepared: Prepared) -> Result<(), String> {
        let mut inner = self.lock();
        if inner.outlasts {
            let e = &prepared.entry;
            let written = inner.conn.execute(
                "INSERT INTO \"sandbox.prepared\" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    e.transaction,
                    e.database,
                    e.table,
                    e.label,
                    e.rows as i64,
                    e.filtered as i64,
                    e.unselected as i64,
                    e.bytes as i64,
                    e.be,
                    e.request as i64,
                    e.begun,
                    prepared.expires,
                    encoded(&prepared.batch),
                ],
            );
            written.map_err(|e| format!("can't keep the prepared rows: {e}"))?;
        }
        inner.prepared.insert(prepared.entry.transaction, prepared);
        Ok(())
    }

    /// The rows of a prepared transaction; to whoever asks first. On disk they stay until its end is in the ledger.
    pub fn take_prepared(&self, transaction: i64) -> Option<Prepared> {
        self.lock().prepared.remove(&transaction)
    }

    /// The prepared transactions that an earlier run left.
    pub fn prepared(&self) -> Vec<(LedgerEntry, i64)> {
        self.lock().prepared.values().map(|p| (p.entry.clone(), p.expires)).collect()
    }
}

/// Forgets a transaction that has ended.
pub fn forget(conn: &Connection, transaction: i64) -> rusqlite::Result<()> {
    let mut statement = conn.prepare_cached("DELETE FROM \"sandbox.prepared\" WHERE txn_id = ?")?;
    statement.execute([transaction]).map(drop)
}

/// All that is on disk.
pub fn load(conn: &Connection) -> rusqlite::Result<Vec<Prepared>> {
    let mut statement = conn.prepare("SELECT * FROM \"sandbox.prepared\"")?;
    let rows = statement.query_map([], |r| {
        let bytes: Vec<u8> = r.get(12)?;
        let batch = decoded(&bytes).ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(12, rusqlite::types::Type::Blob, "prepared rows".into())
        })?;
        Ok(Prepared {
            batch,
            entry: LedgerEntry {
                transaction: r.get(0)?,
                database: r.get(1)?,
                table: r.get(2)?,
                label: r.get(3)?,
                rows: r.get::<_, i64>(4)? as u64,
                filtered: r.get::<_, i64>(5)? as u64,
                unselected: r.get::<_, i64>(6)? as u64,
                bytes: r.get::<_, i64>(7)? as u64,
                be: r.get(8)?,
                request: r.get::<_, i64>(9)? as u64,
                begun: r.get(10)?,
                ..LedgerEntry::default()
            },
            expires: r.get(11)?,
        })
    })?;
    rows.collect()
}

/// Columns, rows, and which rows delete: counts and lengths as 4 bytes, little-endian, values after a byte that tells
/// their kind.
fn encoded(batch: &Batch) -> Vec<u8> {
    let mut out = Vec::new();
    let count = |out: &mut Vec<u8>, n: usize| out.extend_from_slice(&(n as u32).to_le_bytes());
    let bytes = |out: &mut Vec<u8>, bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    count(&mut out, batch.columns.len());
    batch.columns.iter().for_each(|name| bytes(&mut out, name.as_bytes()));
    count(&mut out, batch.rows.len());
    for value in batch.rows.iter().flatten() {
        match value {
            Value::Null => out.push(0),
            Value::Integer(n) => {
                out.push(1);
                out.extend_from_slice(&n.to_le_bytes());
            }
            Value::Real(n) => {
                out.push(2);
                out.extend_from_slice(&n.to_le_bytes());
            }
            Value::Text(text) => {
                out.push(3);
                bytes(&mut out, text.as_bytes());
            }
            Value::Blob(blob) => {
                out.push(4);
                bytes(&mut out, blob);
            }
        }
    }
    out.extend(batch.deletes.iter().map(|d| u8::from(*d)));
    out
}

/// The reverse; `None` if the bytes are not of that kind.
fn decoded(bytes: &[u8]) -> Option<Batch> {
    let mut rest = bytes;
    let columns = (0..count(&mut rest)?).map(|_| text(&mut rest)).collect::<Option<Vec<_>>>()?;
    let rows = count(&mut rest)?;
    let rows = (0..rows)
        .map(|_| columns.iter().map(|_| value(&mut rest)).collect::<Option<Vec<_>>>())
        .collect::<Option<Vec<_>>>()?;
    Some(Batch { columns, rows, deletes: rest.iter().map(|b| *b != 0).collect() })
}

fn array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, tail) = rest.split_first_chunk::<N>()?;
    *rest = tail;
    Some(*head)
}

fn count(rest: &mut &[u8]) -> Option<usize> {
    array(rest).map(|n| u32::from_le_bytes(n) as usize)
}

fn blob(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let length = count(rest)?;
    let (head, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(head.to_vec())
}

fn text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(blob(rest)?).ok()
}

fn value(rest: &mut &[u8]) -> Option<Value> {
    Some(match array::<1>(rest)?[0] {
        0 => Value::Null,
        1 => Value::Integer(i64::from_le_bytes(array(rest)?)),
        2 => Value::Real(f64::from_le_bytes(array(rest)?)),
        3 => Value::Text(text(rest)?),
        4 => Value::Blob(blob(rest)?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_read_back() {
        let batch = Batch {
            columns: vec!["k".into(), "ü".into()],
            rows: vec![
                vec![Value::Integer(-7), Value::Text("a\nb".into())],
                vec![Value::Real(0.5), Value::Blob(vec![0, 255])],
                vec![Value::Null, Value::Text(String::new())],
            ],
            deletes: vec![false, true, false],
        };
        let bytes = encoded(&batch);
        let back = decoded(&bytes).unwrap();
        assert_eq!((&back.columns, &back.rows, &back.deletes), (&batch.columns, &batch.rows, &batch.deletes));
        assert!(decoded(&bytes[..bytes.len() - 6]).is_none());
    }
}
