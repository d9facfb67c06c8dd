//! From the text of a CSV field or a JSON token to a column's value.
//!
//! A value is kept as SQLite keeps it: integers and floats natively, LARGEINT, DECIMAL, DATE and DATETIME as
//! canonical text, nested values as JSON text.

use crate::number::Decimal;
use crate::types::Type;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::types::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Why a value could not be had.
#[derive(Debug, Clone, PartialEq)]
pub struct Invalid(pub String);

type Converted = Result<Value, Invalid>;

fn invalid(why: &str) -> Invalid {
    Invalid(why.to_owned())
}

/// Converts the text of a CSV field (not NULL) to `ty`.
pub fn from_text(ty: &Type, text: &str) -> Converted {
    match ty {
        Type::Boolean => boolean(text).map(|b| Value::Integer(i64::from(b))),
        Type::TinyInt => small_integer(text, i64::from(i8::MIN), i64::from(i8::MAX)),
        Type::SmallInt => small_integer(text, i64::from(i16::MIN), i64::from(i16::MAX)),
        Type::Int => small_integer(text, i64::from(i32::MIN), i64::from(i32::MAX)),
        Type::BigInt => big_integer(text),
        Type::LargeInt => large_integer(text),
        Type::Float => {
            let value: f32 = text.trim().parse().map_err(|_| invalid("not a number"))?;
            finite_or_spelled(f64::from(value), text)
        }
        Type::Double => {
            let value: f64 = text.trim().parse().map_err(|_| invalid("not a number"))?;
            finite_or_spelled(value, text)
        }
        Type::Decimal { precision, scale } => {
            let value = Decimal::parse(text).and_then(|d| d.rescale(u32::from(*scale)));
            match value {
                Some(d) if d.fits(u32::from(*precision)) => Ok(Value::Text(d.to_string())),
                _ => Err(invalid("not a decimal of that size")),
            }
        }
        Type::Char(max) | Type::Varchar(max) => {
            if text.len() > *max as usize {
                return Err(Invalid(format!("{} bytes are more than {max}", text.len())));
            }
            Ok(Value::Text(text.to_owned()))
        }
        Type::Varbinary(max) => {
            let bytes = if text.trim().is_empty() {
                Vec::new()
            } else {
                // The server tries base64 first and takes the bytes as they are if that fails.
                STANDARD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec())
            };
            if bytes.len() > *max as usize {
                return Err(Invalid(format!("{} bytes are more than {max}", bytes.len())));
            }
            Ok(Value::Blob(bytes))
        }
        Type::Date => date_time(text).map(|d| Value::Text(d.date())),
        Type::DateTime => date_time(text).map(|d| Value::Text(d.to_string())),
        Type::Json => {
            let raw: &RawValue = serde_json::from_str(text).map_err(|e| Invalid(format!("not JSON: {e}")))?;
            Ok(Value::Text(raw.get().to_owned()))
        }
        Type::Array(element) => {
            let mut out = String::new();
            let rest = csv_array(element, text.trim(), &mut out)?;
            if rest.trim().is_empty() { Ok(Value::Text(out)) } else { Err(invalid("text after the array")) }
        }
        Type::Map(..) | Type::Struct(_) | Type::Sketch(_) => Err(invalid("no CSV form")),
    }
}

/// Converts a JSON token to `ty`.
pub fn from_json(ty: &Type, raw: &RawValue) -> Converted {
    let token = raw.get().trim();
    let first = token.as_bytes().first().copied().unwrap_or(b'n');
    if first == b'n' {
        return Ok(Value::Null);
    }
    match ty {
        Type::Boolean => match first {
            b't' | b'f' => Ok(Value::Integer(i64::from(first == b't'))),
            b'"' => from_text(ty, &unquoted(token)?),
            b'{' | b'[' => Err(invalid("Unsupported value type. Boolean type is required.")),
            _ => from_text(ty, token),
        },
        Type::TinyInt | Type::SmallInt | Type::Int | Type::BigInt | Type::Float | Type::Double => match first
        {
            b'"' => {
                let text = unquoted(token)?;
                from_text(ty, &text).map_err(|_| {
                    Invalid(format!(
                        "Unable to cast string value to {}. value={text}",
                        ty.data_type().to_uppercase()
                    ))
                })
            }
            b't' | b'f' | b'{' | b'[' => Err(invalid("Unsupported value type. Numeric type is required.")),
            _ => from_text(ty, token).map_err(|_| Invalid(format!("Value is overflow. value={token}"))),
        },
        Type::LargeInt | Type::Decimal { .. } | Type::Date | Type::DateTime => match first {
            b'"' => from_text(ty, &unquoted(token)?),
            _ => from_text(ty, token),
        },
        Type::Char(max) | Type::Varchar(max) => {
            let text: Cow<'_, str> = match first {
                b'"' => Cow::Owned(unquoted(token)?),
                b't' => Cow::Borrowed("1"),
                b'f' => Cow::Borrowed("0"),
                b'{' | b'[' => Cow::Owned(minified(token)),
                _ => Cow::Borrowed(token),
            };
            if text.len() > *max as usize {
                return Err(Invalid(format!("Value length is beyond the capacity. capacity={max}")));
            }
            Ok(Value::Text(text.into_owned()))
        }
        Type::Varbinary(_) => match first {
            b'"' => from_text(ty, &unquoted(token)?),
            _ => from_text(ty, token),
        },
        Type::Json => Ok(Value::Text(token.to_owned())),
        Type::Array(element) => {
            let items: Vec<&RawValue> = serde_json::from_str(token)
                .map_err(|_| invalid("Unsupported value type. Array is required."))?;
            let mut out = String::from("[");
            for (i, item) in items.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                write_json(element, &from_json(element, item)?, &mut out);
            }
            out.push(']');
            Ok(Value::Text(out))
        }
        Type::Map(key, value) => {
            let members = members(token)?;
            let mut out = String::from("{");
            for (i, (name, raw)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                // A JSON key is always text; the map's own key type checks it.
                let key_value = from_text(key, &name)?;
                let mut key_text = String::new();
                write_json(key, &key_value, &mut key_text);
                if key_text.starts_with('"') {
                    out.push_str(&key_text);
                } else {
                    out.push_str(&format!("\"{key_text}\""));
                }
                out.push(':');
                write_json(value, &from_json(value, raw)?, &mut out);
            }
            out.push('}');
            Ok(Value::Text(out))
        }
        Type::Struct(fields) => {
            let members = members(token)?;
            let mut out = String::from("{");
            for (i, (name, ty)) in fields.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(name).map_err(|e| Invalid(e.to_string()))?);
                out.push(':');
                match members.iter().find(|(n, _)| n == name) {
                    Some((_, raw)) => write_json(ty, &from_json(ty, raw)?, &mut out),
                    None => out.push_str("null"),
                }
            }
            out.push('}');
            Ok(Value::Text(out))
        }
        Type::Sketch(name) => Err(Invalid(format!("{name} needs a function in the columns header"))),
    }
}

/// The text a JSON string token stands for.
pub fn unquoted(token: &str) -> Result<String, Invalid> {
    serde_json::from_str(token).map_err(|e| Invalid(format!("not a JSON string: {e}")))
}

/// The members of a JSON object, in order.
pub fn members(token: &str) -> Result<Vec<(String, &RawValue)>, Invalid> {
    crate::json::object(token).map_err(|_| invalid("Unsupported value type. Object is required."))
}

/// JSON text without the blanks outside strings.
pub fn minified(token: &str) -> String {
    let mut out = String::with_capacity(token.len());
    let (mut in_text, mut escaped) = (false, false);
    for c in token.chars() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else if c.is_ascii_whitespace() {
            continue;
        } else {
            in_text = c == '"';
        }
        out.push(c);
    }
    out
}

/// Writes a value of an array, map or struct as JSON.
fn write_json(ty: &Type, value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Integer(n) => out.push_str(&n.to_string()),
        Value::Real(n) => out.push_str(&float_text(ty, *n)),
        Value::Blob(bytes) => out.push_str(&format!("\"{}\"", STANDARD.encode(bytes))),
        Value::Text(text) => match ty {
            Type::Char(_) | Type::Varchar(_) | Type::Date | Type::DateTime => {
                out.push_str(&serde_json::Value::from(text.as_str()).to_string());
            }
            _ => out.push_str(text),
        },
    }
}

/// A FLOAT or DOUBLE as the server prints it: the shortest text that reads back to the same value.
pub fn float_text(ty: &Type, value: f64) -> String {
    let text = if *ty == Type::Float { format!("{:?}", value as f32) } else { format!("{value:?}") };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn boolean(text: &str) -> Result<bool, Invalid> {
    let trimmed = text.trim_end_matches(' ');
    if trimmed.eq_ignore_ascii_case("true") {
        return Ok(true);
    }
    if trimmed.eq_ignore_ascii_case("false") {
        return Ok(false);
    }
    trimmed.parse::<f64>().map(|n| n != 0.0).map_err(|_| invalid("not a boolean"))
}

fn small_integer(text: &str, min: i64, max: i64) -> Converted {
    let text = text.trim();
    let value = match text.parse::<i64>() {
        Ok(n) => n,
        Err(_) => match text.parse::<f64>() {
            // Float text is cut towards zero.
            Ok(f) if f.is_finite() && f.abs() < 9e15 => f.trunc() as i64,
            _ => return Err(invalid("not an integer")),
        },
    };
    if (min..=max).contains(&value) { Ok(Value::Integer(value)) } else { Err(invalid("out of range")) }
}

fn big_integer(text: &str) -> Converted {
    let text = text.trim();
    if let Ok(n) = text.parse::<i64>() {
        return Ok(Value::Integer(n));
    }
    let whole =
        Decimal::parse(text).filter(|d| d.scale > 0).map(|d| d.unscaled / 10i128.pow(d.scale.min(38)));
    whole
        .and_then(|n| i64::try_from(n).ok())
        .map(Value::Integer)
        .ok_or_else(|| invalid("not an integer of 64 bits"))
}

fn large_integer(text: &str) -> Converted {
    let text = text.trim();
    let value = match text.parse::<i128>() {
        Ok(n) => n,
        Err(_) => match Decimal::parse(text) {
            Some(d) if d.scale > 0 => d.unscaled / 10i128.pow(d.scale.min(38)),
            _ => return Err(invalid("not an integer of 128 bits")),
        },
    };
    Ok(Value::Text(value.to_string()))
}

/// Accepts a float unless it overflowed while being read; `inf` and `nan` may be spelled out.
fn finite_or_spelled(value: f64, text: &str) -> Converted {
    if value.is_infinite() && text.bytes().any(|b| b.is_ascii_digit()) {
        return Err(invalid("out of range"));
    }
    Ok(Value::Real(value))
}

/// A date and time of day as the server reads them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DateTime {
    year: u32,
    month: u32,
    day: u32,
    hour: u32,
    minute: u32,
    second: u32,
    micros: u32,
}

impl DateTime {
    /// `yyyy-MM-dd`
    pub fn date(&self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl std::fmt::Display for DateTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:02}:{:02}:{:02}", self.date(), self.hour, self.minute, self.second)?;
        if self.micros > 0 {
            write!(f, ".{:06}", self.micros)?;
        }
        Ok(())
    }
}

/// Reads a date with or without a time of day. Any single sign separates; runs of 8 or 14 digits (6 or 12 with a
/// two-digit year) need no separators; digits beyond the microsecond and whatever follows the seconds, time zones
/// too, are ignored.
pub fn date_time(text: &str) -> Result<DateTime, Invalid> {
    let bytes = text.trim().as_bytes();
    let run = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
    // A run of digits that is longer than a year is the compact form.
    let compact = match run {
        8 | 14 => Some(4),
        6 | 12 => Some(2),
        _ => None,
    };
    let mut parts = [0u32; 6];
    let mut given = 0;
    let mut at = 0;
    let mut year_digits = 0;
    for (i, part) in parts.iter_mut().enumerate() {
        let width = if i == 0 { compact.unwrap_or(4) } else { 2 };
        let from = at;
        while at < bytes.len() && at - from < width && bytes[at].is_ascii_digit() {
            *part = *part * 10 + u32::from(bytes[at] - b'0');
            at += 1;
        }
        if at == from {
            break;
        }
        if i == 0 {
            year_digits = at - from;
        }
        given = i + 1;
        if i == 5 {
            break;
        }
        match bytes.get(at) {
            None => break,
            Some(b) if b.is_ascii_digit() => {
                if compact.is_none() {
                    return Err(invalid("not a date"));
                }
            }
            Some(b) if i == 2 && (*b == b'T' || *b == b' ') => {
                at += 1;
                while bytes.get(at) == Some(&b' ') {
                    at += 1;
                }
            }
            Some(b) if b.is_ascii_punctuation() || *b == b' ' => at += 1,
            Some(_) => break,
        }
    }
    if given < 3 {
        return Err(invalid("not a date"));
    }
    let mut micros = 0;
    if given == 6 && bytes.get(at) == Some(&b'.') {
        let mut unit = 100_000;
        for b in bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).take(6) {
            micros += u32::from(b - b'0') * unit;
            unit /= 10;
        }
    }
    let [mut year, month, day, hour, minute, second] = parts;
    if year_digits <= 2 {
        year += if year < 70 { 2000 } else { 1900 };
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return Err(invalid("no such month")),
    };
    if day == 0 || day > days || hour > 23 || minute > 59 || second > 59 {
        return Err(invalid("no such day or time"));
    }
    Ok(DateTime { year, month, day, hour, minute, second, micros })
}

/// Reads the server's array text `[e1,e2]` at the start of `text`, writes it as JSON and returns what follows.
fn csv_array<'a>(element: &Type, text: &'a str, out: &mut String) -> Result<&'a str, Invalid> {
    let mut rest = text.strip_prefix('[').ok_or_else(|| invalid("an array starts with ["))?.trim_start();
    out.push('[');
    if let Some(after) = rest.strip_prefix(']') {
        out.push(']');
        return Ok(after);
    }
    loop {
        rest = csv_element(element, rest.trim_start(), out)?.trim_start();
        if let Some(after) = rest.strip_prefix(',') {
            out.push(',');
            rest = after;
        } else if let Some(after) = rest.strip_prefix(']') {
            out.push(']');
            return Ok(after);
        } else {
            return Err(invalid("expected , or ] in an array"));
        }
    }
}

fn csv_element<'a>(ty: &Type, text: &'a str, out: &mut String) -> Result<&'a str, Invalid> {
    if let Type::Array(inner) = ty
        && text.starts_with('[')
    {
        return csv_array(inner, text, out);
    }
    if text.starts_with('"') {
        let (value, rest) = csv_quoted(text)?;
        write_json(ty, &from_text(ty, &value)?, out);
        return Ok(rest);
    }
    let end = if *ty == Type::Json { json_end(text) } else { text.find([',', ']']).unwrap_or(text.len()) };
    let (token, rest) = text.split_at(end);
    let token = token.trim_end();
    if token == "null" {
        out.push_str("null");
    } else if matches!(ty, Type::Char(_) | Type::Varchar(_)) {
        return Err(invalid("text in an array stands in double quotes"));
    } else {
        write_json(ty, &from_text(ty, token)?, out);
    }
    Ok(rest)
}

/// A text in double quotes, an inner quote doubled.
fn csv_quoted(text: &str) -> Result<(String, &str), Invalid> {
    let mut value = String::new();
    let mut rest = &text[1..];
    loop {
        let at = rest.find('"').ok_or_else(|| invalid("unterminated text in an array"))?;
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.strip_prefix('"') {
            Some(after) => {
                value.push('"');
                rest = after;
            }
            None => return Ok((value, rest)),
        }
    }
}

/// Where a JSON value inside an array's text ends.
fn json_end(text: &str) -> usize {
    let (mut depth, mut in_text, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        if in_text {
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '"' => in_text = true,
            '{' | '[' => depth += 1,
            ']' | ',' if depth == 0 => return at,
            '}' | ']' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(ty: Type, input: &str) -> Converted {
        from_text(&ty, input)
    }

    fn json(ty: Type, input: &str) -> Converted {
        from_json(&ty, &RawValue::from_string(input.to_owned()).unwrap())
    }

    fn t(s: &str) -> Converted {
        Ok(Value::Text(s.into()))
    }

    #[test]
    fn integers_are_cut_and_bounded() {
        assert_eq!(text(Type::Int, "1.9"), Ok(Value::Integer(1)));
        assert_eq!(text(Type::Int, "-1.9"), Ok(Value::Integer(-1)));
        assert_eq!(text(Type::Int, "1e2"), Ok(Value::Integer(100)));
        assert!(text(Type::TinyInt, "128").is_err());
        assert!(text(Type::TinyInt, "").is_err());
        assert_eq!(text(Type::BigInt, "9223372036854775807"), Ok(Value::Integer(i64::MAX)));
        assert!(text(Type::BigInt, "9223372036854775808").is_err());
        assert_eq!(text(Type::BigInt, "12.7"), Ok(Value::Integer(12)));
        assert_eq!(text(Type::LargeInt, &i128::MIN.to_string()), t(&i128::MIN.to_string()));
    }

    #[test]
    fn booleans_floats_and_decimals() {
        assert_eq!(text(Type::Boolean, "TRUE "), Ok(Value::Integer(1)));
        assert_eq!(text(Type::Boolean, "2"), Ok(Value::Integer(1)));
        assert!(text(Type::Boolean, "yes").is_err());
        assert!(text(Type::Double, "1e999").is_err());
        assert_eq!(text(Type::Double, "inf"), Ok(Value::Real(f64::INFINITY)));
        assert!(text(Type::Float, "1e39").is_err());
        let decimal = Type::Decimal { precision: 4, scale: 2 };
        assert_eq!(text(decimal.clone(), "12.345"), t("12.35"));
        assert!(text(decimal.clone(), "123").is_err());
        assert_eq!(json(decimal, "1.10"), t("1.10"));
    }

    #[test]
    fn dates_by_the_servers_rules() {
        for (input, want) in [
            ("2024-02-29 10:11:12.123456789", "2024-02-29 10:11:12.123456"),
            ("2024-01-01T10:00", "2024-01-01 10:00:00"),
            ("20240102030405", "2024-01-02 03:04:05"),
            ("2024/1/2", "2024-01-02 00:00:00"),
            ("690102", "2069-01-02 00:00:00"),
            ("2024-01-01 10:00:00+08:00", "2024-01-01 10:00:00"),
            ("0001-01-01 00:00:00.5", "0001-01-01 00:00:00.500000"),
            (" 9999-12-31 23:59:59 ", "9999-12-31 23:59:59"),
        ] {
            assert_eq!(text(Type::DateTime, input), t(want), "{input}");
        }
        assert_eq!(text(Type::Date, "2024-01-01 10:00:00"), t("2024-01-01"));
        for bad in ["2023-02-29", "0000-00-00", "2024-13-01", "2024-01", "", "x", "2024-01-01 25:00:00"] {
            assert!(text(Type::Date, bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn binary_prefers_base64() {
        assert_eq!(text(Type::Varbinary(10), "AQI="), Ok(Value::Blob(vec![1, 2])));
        assert_eq!(text(Type::Varbinary(10), "a b"), Ok(Value::Blob(b"a b".to_vec())));
        assert_eq!(text(Type::Varbinary(10), "  "), Ok(Value::Blob(vec![])));
    }

    #[test]
    fn csv_arrays_become_json() {
        let nested = Type::Array(Box::new(Type::Array(Box::new(Type::Varchar(9)))));
        assert_eq!(text(nested, r#"[["a""b", null],[]]"#), t(r#"[["a\"b",null],[]]"#));
        assert_eq!(text(Type::Array(Box::new(Type::Int)), "[1, 2]"), t("[1,2]"));
        assert!(text(Type::Array(Box::new(Type::Int)), "[1").is_err());
        assert_eq!(text(Type::Array(Box::new(Type::Json)), r#"[{"a":[1,2]},3]"#), t(r#"[{"a":[1,2]},3]"#));
    }

    #[test]
    fn json_tokens_by_target() {
        assert_eq!(json(Type::Varchar(99), r#"{ "a" : [1, "x y"] }"#), t(r#"{"a":[1,"x y"]}"#));
        assert_eq!(json(Type::Varchar(99), "true"), t("1"));
        assert_eq!(json(Type::Varchar(99), "1.50"), t("1.50"));
        assert_eq!(json(Type::Json, r#"{"b":1, "a":1e400}"#), t(r#"{"b":1, "a":1e400}"#));
        assert_eq!(json(Type::Int, r#""12""#), Ok(Value::Integer(12)));
        assert!(json(Type::Int, "true").is_err());
        assert_eq!(json(Type::Int, "null"), Ok(Value::Null));
        let row = Type::Struct(vec![("a".into(), Type::Int), ("b".into(), Type::Date)]);
        assert_eq!(json(row, r#"{"b":"2024-01-01"}"#), t(r#"{"a":null,"b":"2024-01-01"}"#));
        let map = Type::Map(Box::new(Type::Int), Box::new(Type::Varchar(5)));
        assert_eq!(json(map, r#"{"1":"x"}"#), t(r#"{"1":"x"}"#));
    }
}
