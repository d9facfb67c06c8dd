//! Columns, rows and parameters of the MySQL protocol.

use super::mysql_literal;
use super::packet::{Payload, put_length, put_text};
use crate::store::{Wire, display};
use rusqlite::types::Value;

/// Type number, character set, length, flags and decimals of a column.
fn describe(wire: Wire) -> (u8, u16, u32, u16, u8) {
    const BINARY: u16 = 63;
    const UTF8: u16 = 33;
    match wire {
        Wire::Tiny => (1, BINARY, 4, 0, 0),
        Wire::Short => (2, BINARY, 6, 0, 0),
        Wire::Long => (3, BINARY, 11, 0, 0),
        Wire::LongLong => (8, BINARY, 20, 0, 0),
        // The flags: unsigned; binary.
        Wire::UnsignedLongLong => (8, BINARY, 20, 32, 0),
        Wire::Float => (4, BINARY, 12, 0, 31),
        Wire::Double => (5, BINARY, 22, 0, 31),
        Wire::Decimal(scale) => (246, BINARY, 41, 0, scale),
        Wire::Date => (10, BINARY, 10, 128, 0),
        Wire::DateTime => (12, BINARY, 26, 128, 6),
        Wire::Text => (253, UTF8, 1_048_576 * 3, 0, 0),
        Wire::Blob => (252, BINARY, 1_048_576, 128, 0),
    }
}

/// The definition of a column.
pub fn column(name: &str, wire: Wire) -> Vec<u8> {
    let (kind, charset, length, flags, decimals) = describe(wire);
    let mut out = Vec::new();
    put_text(&mut out, b"def");
    put_text(&mut out, b"");
    put_text(&mut out, b"");
    put_text(&mut out, b"");
    put_text(&mut out, name.as_bytes());
    put_text(&mut out, name.as_bytes());
    put_length(&mut out, 0x0C);
    out.extend_from_slice(&charset.to_le_bytes());
    out.extend_from_slice(&length.to_le_bytes());
    out.push(kind);
    out.extend_from_slice(&flags.to_le_bytes());
    out.push(decimals);
    out.extend_from_slice(&[0, 0]);
    out
}

/// A row of a text result.
pub fn text(row: &[Value], kinds: impl Iterator<Item = Wire>) -> Vec<u8> {
    let mut out = Vec::new();
    for (value, wire) in row.iter().zip(kinds) {
        match display(value, wire) {
            None => out.push(0xFB),
            Some(bytes) => put_text(&mut out, &bytes),
        }
    }
    out
}

/// A row of a prepared statement's result.
pub fn binary(row: &[Value], kinds: impl Iterator<Item = Wire>) -> Vec<u8> {
    let mut nulls = vec![0u8; (row.len() + 2).div_ceil(8)];
    let mut out = Vec::new();
    for (i, (value, wire)) in row.iter().zip(kinds).enumerate() {
        match (value, wire) {
            (Value::Null, _) => nulls[(i + 2) / 8] |= 1 << ((i + 2) % 8),
            (Value::Integer(n), Wire::Tiny) => out.push(*n as u8),
            (Value::Integer(n), Wire::Short) => out.extend_from_slice(&(*n as i16).to_le_bytes()),
            (Value::Integer(n), Wire::Long) => out.extend_from_slice(&(*n as i32).to_le_bytes()),
            (Value::Integer(n), Wire::LongLong | Wire::UnsignedLongLong) => {
                out.extend_from_slice(&n.to_le_bytes())
            }
            (Value::Integer(n), Wire::Double) => out.extend_from_slice(&(*n as f64).to_le_bytes()),
            (Value::Integer(n), Wire::Float) => out.extend_from_slice(&(*n as f32).to_le_bytes()),
            (Value::Real(n), Wire::Double) => out.extend_from_slice(&n.to_le_bytes()),
            (Value::Real(n), Wire::Float) => out.extend_from_slice(&(*n as f32).to_le_bytes()),
            (Value::Text(text), Wire::Date | Wire::DateTime) => put_time(&mut out, text),
            (value, wire) => put_text(&mut out, &display(value, wire).unwrap_or_default()),
        }
    }
    let mut packet = vec![0];
    packet.extend_from_slice(&nulls);
    packet.extend_from_slice(&out);
    packet
}

/// A date or date and time in binary form.
fn put_time(out: &mut Vec<u8>, text: &str) {
    let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse::<u32>().ok());
    let (year, month, day) = (part(0, 4).unwrap_or(0), part(5, 7).unwrap_or(0), part(8, 10).unwrap_or(0));
    let micros = part(20, 26);
    let time = part(11, 13).zip(part(14, 16)).zip(part(17, 19));
    out.push(match (time, micros) {
        (None, _) => 4,
        (Some(_), None) => 7,
        (Some(_), Some(_)) => 11,
    });
    out.extend_from_slice(&(year as u16).to_le_bytes());
    out.extend_from_slice(&[month as u8, day as u8]);
    if let Some(((hour, minute), second)) = time {
        out.extend_from_slice(&[hour as u8, minute as u8, second as u8]);
        if let Some(micros) = micros {
            out.extend_from_slice(&micros.to_le_bytes());
        }
    }
}

/// A parameter of a prepared statement as a literal.
pub fn parameter((kind, unsigned): (u8, bool), p: &mut Payload<'_>) -> Option<String> {
    let integer = |p: &mut Payload<'_>, width: usize| {
        let n = p.integer(width)?;
        let shift = 64 - 8 * width as u32;
        Some(if unsigned { n.to_string() } else { (((n << shift) as i64) >> shift).to_string() })
    };
    Some(match kind {
        1 => integer(p, 1)?,
        2 | 13 => integer(p, 2)?,
        3 | 9 => integer(p, 4)?,
        8 => integer(p, 8)?,
        4 => f32::from_bits(p.integer(4)? as u32).to_string(),
        5 => format!("{:?}", f64::from_bits(p.integer(8)?)),
        6 => "NULL".to_owned(),
        7 | 10 | 12 => {
            let length = p.integer(1)?;
            let mut next = |n| p.integer(n);
            let date = match length {
                0 => "0000-00-00".to_owned(),
                _ => format!("{:04}-{:02}-{:02}", next(2)?, next(1)?, next(1)?),
            };
            let time = match length {
                0 | 4 => String::new(),
                7 => format!(" {:02}:{:02}:{:02}", next(1)?, next(1)?, next(1)?),
                _ => format!(" {:02}:{:02}:{:02}.{:06}", next(1)?, next(1)?, next(1)?, next(4)?),
            };
            format!("'{date}{time}'")
        }
        _ => mysql_literal(&String::from_utf8_lossy(p.text()?)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binary_rows_mark_nulls_and_pack_times() {
        let row = [Value::Null, Value::Integer(-2), Value::Text("2024-01-02 03:04:05.000006".into())];
        let bytes = binary(&row, [Wire::Text, Wire::Long, Wire::DateTime].into_iter());
        assert_eq!(bytes[..2], [0, 0b100]);
        assert_eq!(bytes[2..6], (-2i32).to_le_bytes());
        assert_eq!(bytes[6..], [11, 0xE8, 7, 1, 2, 3, 4, 5, 6, 0, 0, 0]);
    }

    #[test]
    fn parameters_become_literals() {
        assert_eq!(parameter((8, false), &mut Payload(&(-5i64).to_le_bytes())).unwrap(), "-5");
        assert_eq!(parameter((1, true), &mut Payload(&[255])).unwrap(), "255");
        assert_eq!(parameter((253, false), &mut Payload(b"\x05a'b\\c")).unwrap(), "'a''b\\\\c'");
        assert_eq!(
            parameter((12, false), &mut Payload(&[7, 0xE8, 7, 1, 2, 3, 4, 5])).unwrap(),
            "'2024-01-02 03:04:05'"
        );
    }
}
