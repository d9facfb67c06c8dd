//! The short way for rows of the common kind.
//!
//! A table that it serves has one [`FastColumn`] for each column, in which everything is decided that does not
//! depend on the row: what comes before the value, and which writer it takes. A row is written straight into
//! memory that is there already. What is not of the common kind (an array, text to be checked as JSON, a
//! double) is written the plain way, value by value, and copied; and wherever anything else is not as usual (a
//! value that can't be written, text that holds a separator, room that is too small), the answer is `None`:
//! the plain way then does the whole row again, and has the error if it is one. So this way never refuses a
//! row, and whatever it writes is what the plain way would have written.

mod pen;
mod text;

use starrocks_row::binary::header_len;
use starrocks_row::layout::*;
use starrocks_row::{Cursor, Frame, Op, Value, ValueWriter, binary::Elements};

use crate::plan::{Column, RowNotes};
use crate::spec::{Format, Type};
use crate::target::Target;
use crate::{ZoneRules, binary, json};
use pen::Pen;
use text::Specials;

/// The longest separator or key that is written by one store.
const LEAD: usize = 32;

/// Bytes of the longest separator that is written by one store.
const SEPARATOR: usize = 8;

/// Memory for values that go the plain way. It is used for row after row, of any table.
#[derive(Debug, Default)]
pub struct Scratch {
    values: ValueWriter,
    text: Vec<u8>,
}

impl Scratch {
    /// How much memory it holds.
    pub fn bytes(&self) -> usize {
        self.values.capacity() + self.text.capacity()
    }
}

/// What of a dialect the short way must know.
#[derive(Debug)]
pub(crate) struct Dialect<'d> {
    pub(crate) separator: &'d [u8],
    pub(crate) delimiter: &'d [u8],
    /// Bytes that have a meaning beside the separators.
    pub(crate) specials: Option<[u8; 3]>,
    /// Whether text must be looked at more closely than for these.
    pub(crate) check_text: bool,
}

/// Writes a value of a column the plain way.
pub(crate) trait Plain {
    /// Appends the value, of which the cursor has read the head; `None` when it can't be written.
    fn value(
        &self,
        column: usize,
        value: Value<'_>,
        cursor: &mut Cursor<'_>,
        zone: &ZoneRules,
        out: &mut Vec<u8>,
        notes: &mut RowNotes,
    ) -> Option<()>;
}

/// Writes the rows of a table.
#[derive(Debug)]
pub(crate) struct FastRows {
    columns: Box<[FastColumn]>,
    /// What comes after the last value, for an upsert and for a delete, if that can be.
    tails: [Option<Box<[u8]>>; 2],
    /// Whether one empty text is all of a row: as a blank line, which StarRocks drops, it goes the plain way.
    may_be_blank: bool,
    specials: Specials,
}

/// A column, prepared.
#[derive(Debug)]
struct FastColumn {
    /// Its place among the columns.
    index: u16,
    /// What comes before the value: the separator, or in JSON the key with the quote of a string.
    lead: [u8; LEAD],
    /// How much of it comes before a value in no quotes.
    lead_len: u8,
    /// How values in Flink's binary format are written.
    kind: Kind,
    /// A bit for each tag whose values are written the short way, and for each that goes the plain way.
    short: u32,
    plain: u32,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    I8,
    I16,
    I32,
    I64,
    /// A decimal held as `i64`, with its scale.
    Decimal(u8),
    Text,
    Date,
    /// Milliseconds of the day.
    Time,
    /// Milliseconds.
    Coarse {
        instant: bool,
    },
    /// Milliseconds and nanosecond of the millisecond.
    Fine {
        instant: bool,
    },
    /// The plain way.
    Plain,
}

impl FastRows {
    /// Prepares a table, if the short way serves it.
    pub(crate) fn new(
        columns: &[Column],
        format: Format,
        op: bool,
        dialect: Option<&Dialect<'_>>,
    ) -> Option<Self> {
        let csv = dialect.is_some();
        let (separator, delimiter, op_name): (&[u8], &[u8], &[u8]) = match dialect {
            Some(dialect) => (dialect.separator, dialect.delimiter, b""),
            None => (b",", b"}", b"\"__op\":"),
        };
        if csv && separator.len() > SEPARATOR {
            return None;
        }
        let may_be_blank = csv && columns.len() == 1 && !op;
        let check_text = dialect.is_some_and(|dialect| dialect.check_text);
        let columns = columns
            .iter()
            .enumerate()
            .map(|(i, column)| {
                let lead = match (csv, i) {
                    (true, 0) => Vec::new(),
                    (true, _) => separator.to_vec(),
                    (false, _) => [&json::key(i, &column.name)[..], b"\""].concat(),
                };
                FastColumn::new(i, column, format, &lead, check_text)
            })
            .collect::<Option<_>>()?;
        let tail = |op_text: &[u8]| [separator, op_name, op_text, delimiter].concat().into_boxed_slice();
        let tails = if op { [Some(tail(b"0")), Some(tail(b"1"))] } else { [Some(delimiter.into()), None] };
        let specials = match dialect {
            Some(dialect) => Specials::csv(*separator.first()?, *delimiter.first()?, dialect.specials),
            None => Specials::json(),
        };
        Some(Self { columns, tails, may_be_blank, specials })
    }

    /// Ends a row that began with `whole` bytes of room; says how long it is. `None`: go the plain way.
    #[inline]
    fn end(&self, pen: Pen<'_>, whole: usize, tail: &[u8]) -> Option<usize> {
        if self.may_be_blank && pen.rest.len() == whole {
            return None;
        }
        Some(whole - pen.slice(tail)?.rest.len())
    }

    /// Writes a row of tagged values to the front of `room`; says how long it is. `None`: go the plain way.
    pub(crate) fn slots<const JSON: bool>(
        &self,
        frame: &Frame<'_>,
        plain: &impl Plain,
        zone: &ZoneRules,
        scratch: &mut Scratch,
        room: &mut [u8],
    ) -> Option<(usize, RowNotes)> {
        let tail = self.tail(frame.op)?;
        let whole = room.len();
        let mut pen = Pen { rest: room };
        let mut notes = RowNotes::default();
        let mut rest = frame.payload;
        for (i, column) in self.columns.iter().enumerate() {
            let (&tag, body) = rest.split_first()?;
            let bit = 1u32.checked_shl(tag.into())?;
            if column.short & bit == 0 {
                if column.plain & bit == 0 {
                    return None;
                }
                let used;
                (pen, used) = self.plain_value::<JSON>(i, rest, plain, zone, scratch, &mut notes, pen)?;
                rest = rest.get(used..)?;
                continue;
            }
            match tag {
                TAG_NULL => {
                    pen = column.null::<JSON>(pen)?;
                    rest = body;
                }
                TAG_FALSE | TAG_TRUE => {
                    pen = column.lead::<JSON>(pen, false)?;
                    pen = pen.byte(b'0' + (tag - TAG_FALSE))?;
                    rest = body;
                }
                TAG_I8 => {
                    let value = i8::from_le_bytes(take(body, &mut rest)?);
                    pen = column.integer::<JSON>(pen, value.into())?;
                }
                TAG_I16 => {
                    let value = i16::from_le_bytes(take(body, &mut rest)?);
                    pen = column.integer::<JSON>(pen, value.into())?;
                }
                TAG_I32 => {
                    let value = i32::from_le_bytes(take(body, &mut rest)?);
                    pen = column.integer::<JSON>(pen, value.into())?;
                }
                TAG_I64 => {
                    let value = i64::from_le_bytes(take(body, &mut rest)?);
                    pen = column.integer::<JSON>(pen, value)?;
                }
                TAG_DECIMAL64 => {
                    let [scale, unscaled @ ..] = take::<9>(body, &mut rest)?;
                    pen = column.lead::<JSON>(pen, false)?;
                    pen = pen.decimal(i64::from_le_bytes(unscaled), scale)?;
                }
                TAG_STRING => {
                    let len = u32::from_le_bytes(take(body, &mut rest)?);
                    let text;
                    (text, rest) = rest.split_at_checked(len as usize)?;
                    pen = column.lead::<JSON>(pen, true)?;
                    pen = self.specials.text::<JSON>(pen, text)?;
                }
                TAG_DATE => {
                    let day = i32::from_le_bytes(take(body, &mut rest)?);
                    pen = column.lead::<JSON>(pen, true)?;
                    pen = pen.date(day, JSON)?;
                }
                TAG_TIME => {
                    let nanos = i64::from_le_bytes(take(body, &mut rest)?);
                    pen = column.lead::<JSON>(pen, true)?;
                    pen = pen.time(nanos)?;
                    pen = unquote::<JSON>(pen)?;
                }
                TAG_TIMESTAMP | TAG_TIMESTAMP_LTZ => {
                    let bytes = take::<12>(body, &mut rest)?;
                    let (millis, nano) = bytes.split_at(8);
                    let millis = i64::from_le_bytes(millis.try_into().ok()?);
                    let nano = i32::from_le_bytes(nano.try_into().ok()?);
                    pen = column.lead::<JSON>(pen, true)?;
                    pen = timestamp(pen, millis, nano, tag == TAG_TIMESTAMP_LTZ, zone)?;
                    pen = unquote::<JSON>(pen)?;
                }
                _ => return None,
            }
        }
        if !rest.is_empty() {
            return None;
        }
        Some((self.end(pen, whole, tail)?, notes))
    }

    /// The same for a row in Flink's binary format.
    pub(crate) fn binary<const JSON: bool>(
        &self,
        frame: &Frame<'_>,
        types: &[Column],
        plain: &impl Plain,
        zone: &ZoneRules,
        scratch: &mut Scratch,
        room: &mut [u8],
    ) -> Option<(usize, RowNotes)> {
        let tail = self.tail(frame.op)?;
        let whole = room.len();
        let mut pen = Pen { rest: room };
        let mut notes = RowNotes::default();
        let payload = frame.payload;
        let (header, rest) = payload.split_at_checked(header_len(self.columns.len()))?;
        let slots = rest.as_chunks::<8>().0.get(..self.columns.len())?;
        let (mut columns, mut slots) = (&*self.columns, slots);
        // Of the first word, a byte is the row's kind.
        let mut skipped = 8;
        for word in header.as_chunks::<8>().0 {
            let mut nulls = u64::from_le_bytes(*word) >> skipped;
            let covered = columns.len().min(64 - skipped);
            skipped = 0;
            let (these, values);
            (these, columns) = columns.split_at(covered);
            (values, slots) = slots.split_at(covered);
            for (column, slot) in these.iter().zip(values) {
                let null = nulls & 1 == 1;
                nulls >>= 1;
                if null {
                    pen = column.null::<JSON>(pen)?;
                    continue;
                }
                let word = u64::from_le_bytes(*slot);
                match column.kind {
                    Kind::Bool => {
                        pen = column.lead::<JSON>(pen, false)?;
                        pen = pen.byte(b'0' + u8::from(word as u8 != 0))?;
                    }
                    Kind::I8 => pen = column.integer::<JSON>(pen, i64::from(word as i8))?,
                    Kind::I16 => pen = column.integer::<JSON>(pen, i64::from(word as i16))?,
                    Kind::I32 => pen = column.integer::<JSON>(pen, i64::from(word as i32))?,
                    Kind::I64 => pen = column.integer::<JSON>(pen, word as i64)?,
                    Kind::Decimal(scale) => {
                        pen = column.lead::<JSON>(pen, false)?;
                        pen = pen.decimal(word as i64, scale)?;
                    }
                    Kind::Text => {
                        pen = column.lead::<JSON>(pen, true)?;
                        if word >> 63 == 1 {
                            let len = (word >> 56) as usize & 0x7f;
                            pen = self.specials.short_text::<JSON>(pen, word, len)?;
                        } else {
                            let (offset, len) = ((word >> 32) as usize, word as u32 as usize);
                            let text = payload.get(offset..)?.get(..len)?;
                            pen = self.specials.text::<JSON>(pen, text)?;
                        }
                    }
                    Kind::Date => {
                        pen = column.lead::<JSON>(pen, true)?;
                        pen = pen.date(word as i32, JSON)?;
                    }
                    Kind::Time => {
                        pen = column.lead::<JSON>(pen, true)?;
                        pen = pen.time(i64::from(word as i32) * 1_000_000)?;
                        pen = unquote::<JSON>(pen)?;
                    }
                    Kind::Coarse { instant } => {
                        pen = column.lead::<JSON>(pen, true)?;
                        pen = timestamp(pen, word as i64, 0, instant, zone)?;
                        pen = unquote::<JSON>(pen)?;
                    }
                    Kind::Fine { instant } => {
                        let (offset, nano) = ((word >> 32) as usize, word as i32);
                        let millis = i64::from_le_bytes(*payload.get(offset..)?.first_chunk()?);
                        pen = column.lead::<JSON>(pen, true)?;
                        pen = timestamp(pen, millis, nano, instant, zone)?;
                        pen = unquote::<JSON>(pen)?;
                    }
                    Kind::Plain => {
                        let i = usize::from(column.index);
                        let mut values = std::mem::take(&mut scratch.values);
                        values.clear();
                        let row = Elements::row(payload, self.columns.len()).ok()?;
                        let written = binary::tag_value(&row, i, &types[i].ty, payload.len(), &mut values)
                            .ok()
                            .and_then(|()| {
                                let bytes = values.as_bytes();
                                self.plain_value::<JSON>(i, bytes, plain, zone, scratch, &mut notes, pen)
                            });
                        scratch.values = values;
                        pen = written?.0;
                    }
                }
            }
        }
        Some((self.end(pen, whole, tail)?, notes))
    }

    #[inline]
    fn tail(&self, op: Op) -> Option<&[u8]> {
        let [upsert, delete] = &self.tails;
        match op {
            Op::Upsert => upsert.as_deref(),
            Op::Delete => delete.as_deref(),
        }
    }

    /// Writes the first of the tagged values of `bytes` the plain way; says how many bytes it took.
    #[allow(clippy::too_many_arguments, reason = "the parts of the row in hand")]
    #[inline(never)]
    fn plain_value<'r, const JSON: bool>(
        &self,
        i: usize,
        bytes: &[u8],
        plain: &impl Plain,
        zone: &ZoneRules,
        scratch: &mut Scratch,
        notes: &mut RowNotes,
        pen: Pen<'r>,
    ) -> Option<(Pen<'r>, usize)> {
        let mut cursor = Cursor::new(bytes);
        let value = cursor.value().ok()?;
        scratch.text.clear();
        plain.value(i, value, &mut cursor, zone, &mut scratch.text, notes)?;
        let pen = self.columns[i].lead::<JSON>(pen, false)?.slice(&scratch.text)?;
        Some((pen, cursor.position()))
    }
}

impl FastColumn {
    /// Prepares a column, unless what comes before its values is too long.
    fn new(i: usize, column: &Column, format: Format, lead: &[u8], check_text: bool) -> Option<Self> {
        let mut padded = [0; LEAD];
        padded.get_mut(..lead.len())?.copy_from_slice(lead);
        // The quote that a key ends with is only written before strings.
        let lead_len = lead.len() - usize::from(format == Format::Json);
        let short_text = !check_text
            && match (format, column.target) {
                (_, Target::Json) => false,
                // Text for these is JSON if it reads as such.
                (Format::Json, Target::Array | Target::Map | Target::Struct) => false,
                _ => true,
            };
        let kind = match column.ty {
            Type::Boolean => Kind::Bool,
            Type::TinyInt => Kind::I8,
            Type::SmallInt => Kind::I16,
            Type::Int => Kind::I32,
            Type::BigInt => Kind::I64,
            Type::Decimal { precision: ..=18, scale: scale @ ..=7 } => Kind::Decimal(scale),
            Type::Char if short_text => Kind::Text,
            Type::Date => Kind::Date,
            Type::Time(_) => Kind::Time,
            Type::Timestamp(..=3) => Kind::Coarse { instant: false },
            Type::TimestampLtz(..=3) => Kind::Coarse { instant: true },
            Type::Timestamp(_) => Kind::Fine { instant: false },
            Type::TimestampLtz(_) => Kind::Fine { instant: true },
            Type::Float
            | Type::Double
            | Type::Decimal { .. }
            | Type::Char
            | Type::Binary
            | Type::Array(_)
            | Type::Map(_)
            | Type::Row(_) => Kind::Plain,
        };
        let (mut short, mut plain) = (0, 0);
        for (tag, example) in EXAMPLES {
            if !column.takes(&example) {
                // Some of them are dates: which, the plain way knows.
                if column.takes_digits() && matches!(tag, TAG_I8 | TAG_I16 | TAG_I32 | TAG_I64) {
                    plain |= 1 << tag;
                }
                continue;
            }
            match tag {
                TAG_F32 | TAG_F64 | TAG_DECIMAL | TAG_BYTES | TAG_ARRAY | TAG_MAP | TAG_ROW | TAG_BIGINT => {
                    plain |= 1 << tag;
                }
                TAG_STRING if !short_text => plain |= 1 << tag,
                _ => short |= 1 << tag,
            }
        }
        let index = u16::try_from(i).ok()?;
        Some(Self { index, lead: padded, lead_len: lead_len as u8, kind, short, plain })
    }

    /// Writes what comes before the value.
    #[inline(always)]
    fn lead<'r, const JSON: bool>(&self, pen: Pen<'r>, quoted: bool) -> Option<Pen<'r>> {
        let len = usize::from(self.lead_len);
        if JSON {
            return pen.put(self.lead, len + usize::from(quoted));
        }
        let [a, b, c, d, e, f, g, h, ..] = self.lead;
        pen.put([a, b, c, d, e, f, g, h], len)
    }

    #[inline(always)]
    fn null<'r, const JSON: bool>(&self, pen: Pen<'r>) -> Option<Pen<'r>> {
        let pen = self.lead::<JSON>(pen, false)?;
        if JSON { pen.put(*b"null", 4) } else { pen.put(*b"\\N", 2) }
    }

    #[inline(always)]
    fn integer<'r, const JSON: bool>(&self, pen: Pen<'r>, value: i64) -> Option<Pen<'r>> {
        self.lead::<JSON>(pen, false)?.signed(value)
    }
}

/// A value of each tag.
const EXAMPLES: [(u8, Value<'static>); 21] = {
    use starrocks_row::Integer::Small;
    [
        (TAG_NULL, Value::Null),
        (TAG_FALSE, Value::Bool(false)),
        (TAG_TRUE, Value::Bool(true)),
        (TAG_I8, Value::I8(0)),
        (TAG_I16, Value::I16(0)),
        (TAG_I32, Value::I32(0)),
        (TAG_I64, Value::I64(0)),
        (TAG_F32, Value::F32(0.0)),
        (TAG_F64, Value::F64(0.0)),
        (TAG_DECIMAL64, Value::Decimal { unscaled: Small(0), scale: 0 }),
        (TAG_DECIMAL, Value::Decimal { unscaled: Small(0), scale: 0 }),
        (TAG_BIGINT, Value::BigInt(Small(0))),
        (TAG_STRING, Value::Str(b"")),
        (TAG_BYTES, Value::Bytes(b"")),
        (TAG_DATE, Value::Date(0)),
        (TAG_TIME, Value::Time(0)),
        (TAG_TIMESTAMP, Value::Timestamp { millis: 0, nano: 0 }),
        (TAG_TIMESTAMP_LTZ, Value::TimestampLtz { millis: 0, nano: 0 }),
        (TAG_ARRAY, Value::Array(0)),
        (TAG_MAP, Value::Map(0)),
        (TAG_ROW, Value::Row(0)),
    ]
};

/// Takes `N` bytes off the front of `from`; `rest` becomes what is left.
#[inline(always)]
fn take<'a, const N: usize>(from: &'a [u8], rest: &mut &'a [u8]) -> Option<[u8; N]> {
    let (bytes, left) = from.split_first_chunk()?;
    *rest = left;
    Some(*bytes)
}

#[inline(always)]
fn unquote<const JSON: bool>(pen: Pen<'_>) -> Option<Pen<'_>> {
    if JSON { pen.byte(b'"') } else { Some(pen) }
}

#[inline]
fn timestamp<'r>(pen: Pen<'r>, millis: i64, nano: i32, instant: bool, zone: &ZoneRules) -> Option<Pen<'r>> {
    if !(0..=MAX_NANO_OF_MILLI).contains(&nano) {
        return None;
    }
    if !instant {
        return pen.datetime(millis, nano);
    }
    let offset = zone.offset_at(millis.div_euclid(1000));
    pen.datetime(millis.checked_add(i64::from(offset) * 1000)?, nano)
}
