//! What a checkpoint holds of a session: records that describe themselves.
//!
//! A record is one element of the operator's list state. It is complete by itself: any subtask, of any later attempt
//! of the job, can go on with it. Integers are little-endian; text is UTF-8. Flink's Sink V2 keeps records inside
//! committables and writers' states, whose layout is with the Java classes `StarRocksCommittableSerializer` and
//! `StarRocksWriterStateSerializer`.
//!
//! # Every version
//!
//! | offset | size | |
//! | --- | --- | --- |
//! | 0 | 4 | the bytes `SRCK` |
//! | 4 | 2 | `u16`: version |
//! | 6 | 2 | `u16`: kind |
//! | 8 | 4 | `u32`: bytes of the payload, *n* |
//! | 12 | *n* | the payload |
//! | 12 + *n* | 4 | `u32`: CRC-32 (IEEE 802.3, as in gzip) of everything before it |
//!
//! # Version 1
//!
//! Payloads are made of these, without padding: `u64`, `i64`; *flag*, a byte 0 or 1; *text*, a `u32` count of bytes and
//! the bytes; *list of x*, a `u32` count and as many *x*; *optional x*, a byte 0, or a byte 1 and an *x*. Nothing
//! follows the last field.
//!
//! Kind 1, a batch that is loaded once the checkpoint is complete, under its label and no other:
//!
//! | | |
//! | --- | --- |
//! | text | database |
//! | text | table |
//! | text | label |
//! | list of (text, text) | headers of the load: name, value |
//! | flag | whether the rows are text that the user made, so that the server may count others |
//! | `u64` | rows |
//! | `u64` | checkpoint: the first that holds it |
//! | `u64` | sequence: batches of one table that one subtask wrote load in this order |
//! | `i64` | time it was taken into state, milliseconds since 1970-01-01 UTC |
//! | optional text | witness: a label of the same database that was visible before the checkpoint |
//! | optional text | after: label of the batch of the same table that must be loaded before this one |
//! | `u64` | bytes of the body, unpacked |
//! | `u32` | bytes of the body, packed, *m* |
//! | *m* bytes | the body, packed: see [`lz4`] |
//!
//! Servers forget labels oldest first. So as long as one remembers the witness, it would remember this batch's label
//! too, had the batch been loaded. Once it doesn't, that the label is unknown says nothing.
//!
//! Kind 2, a transaction that is prepared, and is committed once the checkpoint is complete:
//!
//! | | |
//! | --- | --- |
//! | text | database |
//! | text | table |
//! | text | label |
//! | `u64` | rows |
//! | `u64` | bytes of all its loads together |
//! | `u64` | checkpoint: the first that holds it |
//! | `u64` | sequence: transactions of one table that one subtask wrote are committed in this order |
//! | `i64` | time it was prepared, milliseconds since 1970-01-01 UTC |
//! | optional text | after: label of the transaction of the same table that must be committed before this one |
//!
//! Kind 3, the labels under which transactions may be open that the checkpoint doesn't hold:
//!
//! | | |
//! | --- | --- |
//! | text | database |
//! | text | table |
//! | text | stem |
//! | `u64` | next: labels `{stem}-{n}` with *n* from this on may have been begun after the checkpoint |
//! | list of text | labels with lower numbers whose rollback the server has not confirmed |
//! | `u64` | checkpoint |
//! | `i64` | time it was taken, milliseconds since 1970-01-01 UTC |
//!
//! # Later versions
//!
//! Users keep savepoints for years, and must be able to restore all of them:
//!
//! * The frame, which is what [every version](#every-version) has, never changes. So a record that was damaged is told
//!   from one that is too new.
//! * Any other change, be it one more field at the end, is a new version: a sink that doesn't know a field can't
//!   tell whether it may go without it, so it refuses the record. Records are written in the newest version only.
//! * What decodes a version stays for ever, and gives fields that came later a value that means what their absence
//!   meant. A new kind is a new version too. Numbers of kinds aren't used again.
//! * `tests/state/` holds records of every version. Files there never change; new versions add theirs.

use std::fmt;

use starrocks_load::Body;

use crate::error::{Code, SinkError};
use crate::lz4;
use crate::pack::{Blocks, Packed};
use crate::pool::CHUNK;

const MAGIC: &[u8; 4] = b"SRCK";

/// The version that is written, and the newest that can be read.
pub const VERSION: u16 = 1;

/// Bytes before the payload.
const FRAME_HEAD: usize = 12;

/// Bytes of the checksum.
const FRAME_TAIL: usize = 4;

/// The most bytes of a record, in all but the odd case that [`MAX_BATCH`] names.
pub const MAX_RECORD: usize = 16 * 1024 * 1024;

/// What a batch's record may take beside its rows: names, label, headers and framing. A column list of thousands of
/// columns is far from it.
const FIELDS_ROOM: usize = 256 * 1024;

/// The most bytes of rows ([`Batch::bytes`](crate::batch::Batch::bytes)) whose record is certain to be no larger than
/// [`MAX_RECORD`], even if nothing of them can be compressed. A batch that is larger, because one row is, makes a
/// record that may be larger too; so do headers of more than 256 KiB.
pub const MAX_BATCH: usize = (MAX_RECORD - FIELDS_ROOM) / (CHUNK + lz4::HEAD) * CHUNK;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
enum Kind {
    Batch = 1,
    Prepared = 2,
    Labels = 3,
}

/// A record, as it is read. Bodies stay where they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A batch that is yet to be loaded, and its body for [`Store::adopt`](crate::pack::Store::adopt).
    Batch(BatchRecord, Blocks<'a>),
    /// A transaction that is yet to be committed.
    Prepared(PreparedRecord),
    /// Labels of transactions that are yet to be rolled back.
    Labels(LabelsRecord),
}

/// A batch that is loaded once the checkpoint is complete, but for its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRecord {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The batch's one and only label.
    pub label: String,
    /// Headers of the load.
    pub headers: Vec<(String, String)>,
    /// Whether the rows are text that the user made, so that the server may count others.
    pub raw: bool,
    /// Rows in the body.
    pub rows: u64,
    /// The first checkpoint that holds it.
    pub checkpoint: u64,
    /// Its place among the batches of its table that the same subtask wrote.
    pub sequence: u64,
    /// When it was taken into state, in milliseconds since 1970-01-01 UTC.
    pub taken_at: i64,
    /// A label of the same database that was visible before the checkpoint.
    pub witness: Option<String>,
    /// Label of the batch of the same table that must be loaded before this one.
    pub after: Option<String>,
}

/// A transaction that is prepared, and is committed once the checkpoint is complete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreparedRecord {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// The transaction's label.
    pub label: String,
    /// Rows in all its loads.
    pub rows: u64,
    /// Bytes in all its loads.
    pub bytes: u64,
    /// The first checkpoint that holds it.
    pub checkpoint: u64,
    /// Its place among the transactions of its table that the same subtask wrote.
    pub sequence: u64,
    /// When it was prepared, in milliseconds since 1970-01-01 UTC.
    pub prepared_at: i64,
    /// Label of the transaction of the same table that must be committed before this one.
    pub after: Option<String>,
}

/// The labels of one table under which transactions may be open that the checkpoint doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelsRecord {
    /// The table's database.
    pub database: String,
    /// The table.
    pub table: String,
    /// What its labels have before their last `-` and number.
    pub stem: String,
    /// Labels with this number and higher ones may have been begun after the checkpoint.
    pub next: u64,
    /// Labels with lower numbers whose rollback the server has not confirmed.
    pub abandoned: Vec<String>,
    /// The checkpoint.
    pub checkpoint: u64,
    /// When it was taken, in milliseconds since 1970-01-01 UTC.
    pub taken_at: i64,
}

impl BatchRecord {
    /// The record's bytes, with `body` in it as it is packed.
    ///
    /// # Errors
    /// `State`: retriable when a spill file can't be read; not when the record is larger than the JVM's largest array.
    pub fn encode(&self, body: &Packed) -> Result<Vec<u8>, SinkError> {
        let mut fields = Fields::default();
        fields.text(&self.database);
        fields.text(&self.table);
        fields.text(&self.label);
        fields.count(self.headers.len());
        for (name, value) in &self.headers {
            fields.text(name);
            fields.text(value);
        }
        fields.flag(self.raw);
        fields.u64(self.rows);
        fields.u64(self.checkpoint);
        fields.u64(self.sequence);
        fields.i64(self.taken_at);
        fields.optional_text(self.witness.as_deref());
        fields.optional_text(self.after.as_deref());
        fields.u64(Body::len(body));

        let failed = |retriable: bool, why: &dyn fmt::Display| SinkError {
            retriable,
            label: Some(self.label.clone()),
            ..SinkError::new(
                Code::State,
                format!(
                    "batch '{}' of {} rows for {}.{} can't be put into the checkpoint's state: {why}",
                    self.label, self.rows, self.database, self.table
                ),
            )
        };
        let packed = body.packed_bytes();
        let record = (FRAME_HEAD + fields.0.len() + 4 + FRAME_TAIL) as u64 + packed;
        if record > i32::MAX as u64 {
            let why = format!("that takes {record} bytes, and a piece of state {} at most", i32::MAX);
            return Err(failed(false, &why));
        }
        fields.count(packed as usize);
        let mut out = begin(Kind::Batch, &fields, packed as usize);
        body.write_blocks(&mut out).map_err(|error| failed(true, &error))?;
        Ok(end(out))
    }
}

impl PreparedRecord {
    /// The record's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Fields::default();
        fields.text(&self.database);
        fields.text(&self.table);
        fields.text(&self.label);
        fields.u64(self.rows);
        fields.u64(self.bytes);
        fields.u64(self.checkpoint);
        fields.u64(self.sequence);
        fields.i64(self.prepared_at);
        fields.optional_text(self.after.as_deref());
        end(begin(Kind::Prepared, &fields, 0))
    }
}

impl LabelsRecord {
    /// The record's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Fields::default();
        fields.text(&self.database);
        fields.text(&self.table);
        fields.text(&self.stem);
        fields.u64(self.next);
        fields.count(self.abandoned.len());
        for label in &self.abandoned {
            fields.text(label);
        }
        fields.u64(self.checkpoint);
        fields.i64(self.taken_at);
        end(begin(Kind::Labels, &fields, 0))
    }
}

/// Fields of a payload, as they are written.
#[derive(Default)]
struct Fields(Vec<u8>);

impl Fields {
    fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    fn count(&mut self, count: usize) {
        // Lengths that don't fit would come from texts and lists of 4 GiB.
        let count = u32::try_from(count).expect("a field of less than 4 GiB");
        self.0.extend_from_slice(&count.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.count(text.len());
        self.0.extend_from_slice(text.as_bytes());
    }

    fn flag(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }

    fn optional_text(&mut self, text: Option<&str>) {
        self.flag(text.is_some());
        if let Some(text) = text {
            self.text(text);
        }
    }
}

/// The beginning of a record, up to the last of its fields; `more` bytes of payload are to follow them. The record's
/// one allocation is made here.
fn begin(kind: Kind, fields: &Fields, more: usize) -> Vec<u8> {
    let payload = fields.0.len() + more;
    let mut record = Vec::with_capacity(FRAME_HEAD + payload + FRAME_TAIL);
    record.extend_from_slice(MAGIC);
    record.extend_from_slice(&VERSION.to_le_bytes());
    record.extend_from_slice(&(kind as u16).to_le_bytes());
    record.extend_from_slice(&(payload as u32).to_le_bytes());
    record.extend_from_slice(&fields.0);
    record
}

/// The whole record.
fn end(mut record: Vec<u8>) -> Vec<u8> {
    let checksum = crc32fast::hash(&record);
    record.extend_from_slice(&checksum.to_le_bytes());
    record
}

/// Reads a record. What is in a batch's body shows when a store adopts it.
///
/// # Errors
/// `State`, not retriable: the bytes are no record, are damaged, or were written by a newer version of the sink.
/// Memory is taken in proportion to the bytes that are there, whatever they say of themselves.
pub fn decode(bytes: &[u8]) -> Result<Record<'_>, SinkError> {
    read(bytes).map_err(|why| {
        SinkError::new(
            Code::State,
            format!(
                "a piece of the sink's checkpoint state, {} bytes, can't be restored: {why}",
                bytes.len()
            ),
        )
    })
}

/// Why bytes can't be read as a record.
enum Unreadable {
    Foreign,
    Damaged(String),
    Newer(u16),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => f.write_str(
                "it was not written by this sink, but by another operator or connector under the same uid. Give the \
                 sink a uid of its own, and let Flink drop the other's state (--allowNonRestoredState) if that has \
                 nothing left to load",
            ),
            Self::Damaged(why) => {
                write!(f, "it is damaged ({why}). Restore from another checkpoint or savepoint")
            }
            Self::Newer(version) => write!(
                f,
                "it was written by a newer version of the sink (state version {version}, and this one reads \
                 versions up to {VERSION}). Restore with that version of the sink or a later one"
            ),
        }
    }
}

fn read(bytes: &[u8]) -> Result<Record<'_>, Unreadable> {
    let damaged = |why: String| Unreadable::Damaged(why);
    if !bytes.starts_with(MAGIC) {
        return Err(Unreadable::Foreign);
    }
    // The frame is the same in every version, so damage shows before anything else is believed.
    let Some(inner) = bytes.len().checked_sub(FRAME_HEAD + FRAME_TAIL) else {
        return Err(damaged("its end is missing".into()));
    };
    let (checked, checksum) = bytes.split_at(FRAME_HEAD + inner);
    let mut head = Cursor(&checked[MAGIC.len()..FRAME_HEAD]);
    let (version, kind, payload) = (head.u16()?, head.u16()?, head.u32()?);
    if payload as usize != inner {
        return Err(damaged(format!("it says that its payload is {payload} bytes, but {inner} are there")));
    }
    let (said, found) = (Cursor(checksum).u32()?, crc32fast::hash(checked));
    if said != found {
        return Err(damaged(format!("its checksum is {said:08x}, but that of its bytes is {found:08x}")));
    }
    match version {
        1 => read_v1(kind, &checked[FRAME_HEAD..]),
        0 => Err(damaged("there is no version 0".into())),
        newer => Err(Unreadable::Newer(newer)),
    }
}

fn read_v1(kind: u16, payload: &[u8]) -> Result<Record<'_>, Unreadable> {
    let mut fields = Cursor(payload);
    let record = if kind == Kind::Batch as u16 {
        let (batch, body) = fields.batch()?;
        Record::Batch(batch, body)
    } else if kind == Kind::Prepared as u16 {
        Record::Prepared(fields.prepared()?)
    } else if kind == Kind::Labels as u16 {
        Record::Labels(fields.labels()?)
    } else {
        return Err(Unreadable::Damaged(format!("version 1 has no records of kind {kind}")));
    };
    match fields.0.len() {
        0 => Ok(record),
        more => Err(Unreadable::Damaged(format!("{more} bytes follow its last field"))),
    }
}

/// Fields of a payload, as they are read: what is left of it.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Unreadable> {
        let Some((bytes, rest)) = self.0.split_at_checked(count) else {
            let why = format!("a field of {count} bytes is cut off after {}", self.0.len());
            return Err(Unreadable::Damaged(why));
        };
        self.0 = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Unreadable> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N)?);
        Ok(array)
    }

    fn u16(&mut self) -> Result<u16, Unreadable> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, Unreadable> {
        self.array().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<u64, Unreadable> {
        self.array().map(u64::from_le_bytes)
    }

    fn i64(&mut self) -> Result<i64, Unreadable> {
        self.array().map(i64::from_le_bytes)
    }

    fn text(&mut self) -> Result<String, Unreadable> {
        let length = self.u32()? as usize;
        match str::from_utf8(self.bytes(length)?) {
            Ok(text) => Ok(text.to_owned()),
            Err(error) => Err(Unreadable::Damaged(format!("a text is no UTF-8: {error}"))),
        }
    }

    fn flag(&mut self) -> Result<bool, Unreadable> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Unreadable::Damaged(format!("a flag is {other}"))),
        }
    }

    fn optional_text(&mut self) -> Result<Option<String>, Unreadable> {
        if self.flag()? { self.text().map(Some) } else { Ok(None) }
    }

    /// The list grows as its items are found: the count is only what the bytes claim.
    fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Unreadable>,
    ) -> Result<Vec<T>, Unreadable> {
        let count = self.u32()?;
        (0..count).map(|_| item(self)).collect()
    }

    fn batch(&mut self) -> Result<(BatchRecord, Blocks<'a>), Unreadable> {
        let record = BatchRecord {
            database: self.text()?,
            table: self.text()?,
            label: self.text()?,
            headers: self.list(|fields| Ok((fields.text()?, fields.text()?)))?,
            raw: self.flag()?,
            rows: self.u64()?,
            checkpoint: self.u64()?,
            sequence: self.u64()?,
            taken_at: self.i64()?,
            witness: self.optional_text()?,
            after: self.optional_text()?,
        };
        let len = self.u64()?;
        let packed = self.u32()? as usize;
        Ok((record, Blocks { len, packed: self.bytes(packed)? }))
    }

    fn prepared(&mut self) -> Result<PreparedRecord, Unreadable> {
        Ok(PreparedRecord {
            database: self.text()?,
            table: self.text()?,
            label: self.text()?,
            rows: self.u64()?,
            bytes: self.u64()?,
            checkpoint: self.u64()?,
            sequence: self.u64()?,
            prepared_at: self.i64()?,
            after: self.optional_text()?,
        })
    }

    fn labels(&mut self) -> Result<LabelsRecord, Unreadable> {
        Ok(LabelsRecord {
            database: self.text()?,
            table: self.text()?,
            stem: self.text()?,
            next: self.u64()?,
            abandoned: self.list(Self::text)?,
            checkpoint: self.u64()?,
            taken_at: self.i64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::sync::Arc;

    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;

    use super::*;
    use crate::batch::{Batch, Framing};
    use crate::counters::Counters;
    use crate::pack::Store;
    use crate::pool::Pool;

    const JSON: Framing = Framing { prefix: b"[", between: b",", suffix: b"]" };

    fn store(memory: usize) -> (Arc<Pool>, Store) {
        let pool = Arc::new(Pool::new(2 * MAX_RECORD));
        let store = Store::new(Arc::clone(&pool), Vec::new(), memory, Arc::new(Counters::new()));
        (pool, store)
    }

    fn pack(store: &Store, pool: &Arc<Pool>, text: &[u8]) -> Packed {
        let mut batch = Batch::new("label".into(), JSON, Arc::clone(pool));
        assert!(batch.append(text).unwrap());
        store.pack(batch).unwrap()
    }

    fn body(body: &Packed) -> Vec<u8> {
        let mut all = Vec::new();
        body.reader().read_to_end(&mut all).unwrap();
        all
    }

    fn batch() -> BatchRecord {
        BatchRecord {
            database: "sales".into(),
            table: "bestellungen_für_später".into(),
            label: "flink-orders-3-0a1b-17".into(),
            headers: vec![("format".into(), "json".into()), ("where".into(), "".into())],
            raw: true,
            rows: 1,
            checkpoint: 42,
            sequence: 7,
            taken_at: 1_767_225_600_123,
            witness: Some("flink-orders-3-0a1b-16".into()),
            after: None,
        }
    }

    fn prepared() -> PreparedRecord {
        PreparedRecord {
            database: "sales".into(),
            table: "orders".into(),
            label: "flink-orders-3-0a1b-18".into(),
            rows: u64::MAX,
            bytes: 1,
            checkpoint: 43,
            sequence: 0,
            prepared_at: -1,
            after: Some("flink-orders-3-0a1b-17".into()),
        }
    }

    fn labels() -> LabelsRecord {
        LabelsRecord {
            database: "sales".into(),
            table: "orders".into(),
            stem: "flink-orders-3-0a1b".into(),
            next: 19,
            abandoned: vec!["flink-orders-3-0a1b-5".into(), "flink-orders-3-0a1b-8".into()],
            checkpoint: 43,
            taken_at: 0,
        }
    }

    /// One record of each kind.
    fn records() -> [Vec<u8>; 3] {
        let (pool, store) = store(0);
        let packed = pack(&store, &pool, b"{\"a\":1111111111111111111111111111111111}");
        [batch().encode(&packed).unwrap(), prepared().encode(), labels().encode()]
    }

    fn refused(bytes: &[u8]) -> String {
        let error = decode(bytes).err().unwrap();
        assert_eq!((error.code, error.retriable), (Code::State, false));
        error.message
    }

    /// A record with this head and payload, whose checksum is right.
    fn record(version: u16, kind: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&kind.to_le_bytes());
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.extend_from_slice(payload);
        end(bytes)
    }

    #[test]
    fn records_are_read_as_they_were_written() {
        let [batch_bytes, prepared_bytes, labels_bytes] = records();
        let Record::Batch(read, blocks) = decode(&batch_bytes).unwrap() else { panic!("no batch") };
        assert_eq!(read, batch());
        let (_, store) = store(0);
        let packed = store.adopt(&read.label, &blocks).unwrap();
        assert_eq!(body(&packed), b"[{\"a\":1111111111111111111111111111111111}]");
        assert_eq!(read.encode(&packed).unwrap(), batch_bytes);
        assert_eq!(decode(&prepared_bytes).unwrap(), Record::Prepared(prepared()));
        assert_eq!(decode(&labels_bytes).unwrap(), Record::Labels(labels()));
    }

    #[test]
    fn a_record_is_one_allocation_of_its_size() {
        for bytes in records() {
            assert_eq!(bytes.capacity(), bytes.len());
        }
    }

    #[test]
    fn no_cut_and_no_flipped_bit_goes_unnoticed() {
        for bytes in records() {
            for cut in 0..bytes.len() {
                refused(&bytes[..cut]);
            }
            refused(&[&bytes[..], b"\0"].concat());
            for at in 0..bytes.len() {
                for bit in 0..8 {
                    let mut flipped = bytes.clone();
                    flipped[at] ^= 1 << bit;
                    refused(&flipped);
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        let good = prepared().encode();
        let payload = &good[FRAME_HEAD..good.len() - FRAME_TAIL];
        let mut flipped = good.clone();
        flipped[20] ^= 1;
        let more = [payload, b"x"].concat();
        let no_text = [&[1, 0, 0, 0, 0xff], payload].concat();
        let endless = [&u32::MAX.to_le_bytes()[..], payload].concat();
        for (bytes, part) in [
            (&b""[..], "another operator or connector"),
            (b"\xac\xed\0\x05sr\0", "another operator or connector"),
            (b"SRCK\x01\0", "its end is missing"),
            (&good[..good.len() - 1], "its payload is"),
            (&flipped, "its checksum is"),
            (&record(0, 2, payload), "no version 0"),
            (
                &record(2, 2, payload),
                "newer version of the sink (state version 2, and this one reads versions up to 1)",
            ),
            (&record(u16::MAX, 9, b""), "Restore with that version of the sink or a later one"),
            (&record(1, 4, payload), "no records of kind 4"),
            (&record(1, 2, &more), "1 bytes follow its last field"),
            (&record(1, 2, &no_text), "no UTF-8"),
            (&record(1, 2, &endless), "a field of 4294967295 bytes is cut off"),
            (&record(1, 2, b""), "a field of 4 bytes is cut off after 0"),
        ] {
            let message = refused(bytes);
            assert!(message.contains(part), "{part}: {message}");
        }
        assert!(refused(&flipped).contains("Restore from another checkpoint or savepoint"));
    }

    #[test]
    fn a_list_that_claims_to_be_long_takes_no_memory() {
        // Database, table, stem, next; then a list of 4294967295 texts, of which one is there.
        let head = [&[0; 4 + 4 + 4 + 8][..], &u32::MAX.to_le_bytes(), &[0; 4]].concat();
        assert!(refused(&record(1, 3, &head)).contains("cut off"));
    }

    #[test]
    fn an_option_is_there_or_not() {
        let [bytes, ..] = records();
        let payload = &bytes[FRAME_HEAD..bytes.len() - FRAME_TAIL];
        let witness = batch().witness.unwrap();
        let at = payload.windows(witness.len()).position(|part| part == witness.as_bytes()).unwrap() - 5;
        assert_eq!(payload[at], 1);
        let mut odd = payload.to_vec();
        odd[at] = 2;
        assert!(refused(&record(1, 1, &odd)).contains("a flag is 2"));
    }

    #[test]
    fn the_largest_batch_fits_into_a_piece_of_state_even_when_nothing_gets_shorter() {
        let mut seed = 9u64;
        let mut noise = vec![0; MAX_BATCH];
        for word in noise.chunks_exact_mut(8) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word.copy_from_slice(&(seed ^ seed >> 29).to_le_bytes());
        }
        let (pool, store) = store(usize::MAX);
        let packed = pack(&store, &pool, &noise);
        assert!(packed.packed_bytes() > MAX_BATCH as u64, "it can't be compressed");
        let headers = vec![("columns".to_owned(), "c".repeat(FIELDS_ROOM - 4096))];
        let bytes = BatchRecord { headers, ..batch() }.encode(&packed).unwrap();
        assert!(bytes.len() <= MAX_RECORD, "{} bytes", bytes.len());
        assert!(bytes.len() > MAX_RECORD - 2 * CHUNK, "the limit is not lower than it must be");
        let Record::Batch(_, blocks) = decode(&bytes).unwrap() else { panic!("no batch") };
        assert_eq!((blocks.len, blocks.packed.len() as u64), (MAX_BATCH as u64 + 2, packed.packed_bytes()));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_record_is_read_as_it_was_written(
            [database, table, label] in [".{0,20}", ".{0,20}", ".{0,130}"],
            headers in vec((".{0,20}", ".{0,50}"), 0..5),
            numbers in any::<[u64; 4]>(),
            time in any::<i64>(),
            [witness, after] in [option::of(".{0,130}"), option::of(".{0,130}")],
            raw in any::<bool>(),
            abandoned in vec(".{0,130}", 0..5),
            text in vec(any::<u8>(), 1..2000),
        ) {
            let [rows, checkpoint, sequence, bytes] = numbers;
            let (pool, store) = store(if rows % 2 == 0 { 0 } else { CHUNK });
            let packed = pack(&store, &pool, &text);
            let batch = BatchRecord {
                database: database.clone(), table: table.clone(), label: label.clone(),
                headers, raw, rows, checkpoint, sequence, taken_at: time, witness, after: after.clone(),
            };
            let encoded = batch.encode(&packed).unwrap();
            let Record::Batch(read, blocks) = decode(&encoded).unwrap() else { panic!("no batch") };
            prop_assert_eq!(read, batch);
            let packed = store.adopt("label", &blocks).unwrap();
            prop_assert_eq!(body(&packed), [b"[", &text[..], b"]"].concat());

            let prepared = PreparedRecord {
                database: database.clone(), table: table.clone(), label: label.clone(),
                rows, bytes, checkpoint, sequence, prepared_at: time, after,
            };
            let encoded = prepared.encode();
            prop_assert_eq!(decode(&encoded).unwrap(), Record::Prepared(prepared));

            let labels = LabelsRecord {
                database, table, stem: label, next: rows, abandoned, checkpoint, taken_at: time,
            };
            let encoded = labels.encode();
            prop_assert_eq!(decode(&encoded).unwrap(), Record::Labels(labels));
        }

        #[test]
        fn any_payload_is_a_record_or_an_error(kind in 0..5u16, payload in vec(any::<u8>(), 0..300)) {
            let _ = decode(&record(1, kind, &payload));
        }
    }
}
