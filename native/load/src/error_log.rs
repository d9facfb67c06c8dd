//! The error log of a load: what the server found wrong with rows, one per line, behind the answer's `ErrorURL`.

use std::time::Duration;

use ureq::http::Method;

use crate::endpoint::{Endpoint, HostMapping};
use crate::http::{Http, Request};
use crate::redirect::parse_location;

/// How long fetching may take: the error it explains must not wait for it.
const LIMIT: Duration = Duration::from_secs(3);
const MAX_BYTES: u64 = 64 * 1024;
const MAX_LINES: usize = 5;
const MAX_LINE: usize = 500;

/// Fetches the first lines. Credentials go to the BE that took the load, and to no one else.
///
/// # Errors
/// Why there are none. The caller's error matters more.
pub(crate) fn fetch(
    http: &Http,
    url: &str,
    mapping: &HostMapping,
    be: Option<&Endpoint>,
) -> Result<Vec<String>, String> {
    let nowhere = Endpoint { scheme: crate::Scheme::Http, host: String::new(), port: 0 };
    if !url.contains("://") {
        return Err("its address is not a URL".to_owned());
    }
    let (named, path) =
        parse_location(url.as_bytes(), &nowhere, "/").map_err(|_| "its address can't be read".to_owned())?;
    let to = mapping.apply(&named);
    let request = Request {
        method: Method::GET,
        to: &to,
        path: &path,
        headers: &[],
        credentials: be == Some(&to),
        body: None,
        compression: None,
        wait: LIMIT,
        fresh: false,
    };
    let answer =
        http.send_for_start(&request, MAX_BYTES, LIMIT).map_err(|failure| failure.why().to_owned())?;
    if answer.status != 200 {
        return Err(format!("HTTP status {}", answer.status));
    }
    first_lines(&answer.body)
}

fn first_lines(bytes: &[u8]) -> Result<Vec<String>, String> {
    let odd = bytes.iter().filter(|&&b| b < 0x20 && !matches!(b, b'\n' | b'\r' | b'\t')).count();
    if odd * 10 > bytes.len() {
        return Err("it is not text".to_owned());
    }
    let text = String::from_utf8_lossy(bytes);
    let lines: Vec<String> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .take(MAX_LINES)
        .map(|line| shorten(line, MAX_LINE))
        .collect();
    if lines.is_empty() { Err("it is empty".to_owned()) } else { Ok(lines) }
}

/// Cuts a text to `max` characters, and makes control characters visible.
pub(crate) fn shorten(text: &str, max: usize) -> String {
    let mut short: String = text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(max).is_some() {
        short.push('…');
    }
    short
}

/// Takes row values out of a server's text: the row itself, what stands in quotes, and what follows `value`.
pub(crate) fn sanitize(text: &str) -> String {
    let text = match find_ignore_case(text, "row: ") {
        Some(at) => &text[..at + "row: ".len()],
        None => text,
    };
    let row_cut = find_ignore_case(text, "row: ").is_some();
    let mut out = hide_quoted(text);
    for key in ["value=", "value: ", "input_str: "] {
        out = hide_after(&out, key);
    }
    if row_cut {
        out.push_str("***");
    }
    out
}

/// What StarRocks says behind a value that doesn't fit its column; then come the column's name and type.
const BEHIND_VALUES: [&str; 2] = ["' is out of range. the type of '", "' is too long. the type of '"];

/// Hides what stands in quotes. A value may hold quotes itself, which nothing marks: hence up to the last one.
fn hide_quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = opening_quote(rest) {
        let (quote, inside) = rest[at..].split_at(1);
        out.push_str(&rest[..at]);
        out.push_str(quote);
        out.push_str("***");
        let lower = inside.to_ascii_lowercase();
        if let Some(end) = BEHIND_VALUES.iter().filter_map(|text| lower.rfind(text)).max() {
            out.push_str(&inside[end..]);
            return out;
        }
        // Without an end, whatever follows may be the value.
        let end = inside.rfind(quote).unwrap_or(inside.len());
        out.push_str(&inside[end..][..quote.len().min(inside.len() - end)]);
        rest = inside.get(end + 1..).unwrap_or_default();
    }
    out.push_str(rest);
    out
}

/// Where the next quotation begins. The apostrophe in "doesn't" is none.
fn opening_quote(text: &str) -> Option<usize> {
    text.match_indices(['\'', '"', '`'])
        .map(|(at, _)| at)
        .find(|&at| !text[at..].starts_with("'t ") || !text[..at].ends_with('n'))
}

/// Hides what follows `key`, up to the last `, ` that begins another `name=` or `name:`, or else to the end.
fn hide_after(text: &str, key: &str) -> String {
    let Some(at) = find_ignore_case(text, key) else { return text.to_owned() };
    let value = at + key.len();
    let end = text[value..]
        .match_indices(", ")
        .map(|(i, _)| value + i)
        .filter(|&i| {
            let next: &str = &text[i + 2..];
            let name = next.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("");
            !name.is_empty() && next[name.len()..].starts_with(['=', ':'])
        })
        .last()
        .unwrap_or(text.len());
    format!("{}***{}", &text[..value], &text[end..])
}

fn find_ignore_case(text: &str, lower: &str) -> Option<usize> {
    // ASCII lower case keeps every byte's place.
    text.to_ascii_lowercase().find(lower)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_lines_are_taken_and_cut() {
        let long = "x".repeat(600);
        let text = format!("Error: a. Row: 1\n\n{long}\nc\r\nd\ne\nf\ng\n");
        let lines = first_lines(text.as_bytes()).unwrap();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[0], "Error: a. Row: 1");
        assert_eq!(lines[1].chars().count(), 501);
        assert!(lines[1].ends_with("x…"));
        assert_eq!(&lines[2..], ["c", "d", "e"]);
    }

    #[test]
    fn binary_and_empty_logs_are_not_shown() {
        assert!(first_lines(b"").is_err());
        assert!(first_lines(b"\n \n").is_err());
        assert!(first_lines(&[0, 1, 2, 3, 200, 255, 0, 0]).is_err());
        assert_eq!(
            first_lines(b"Error: \xff\x01 and more text that is fine").unwrap()[0],
            "Error: \u{fffd}  and more text that is fine"
        );
    }

    #[test]
    fn sanitizing_hides_values_and_keeps_the_reason() {
        for (text, expected) in [
            (
                "Error: Target column count: 2 doesn't match. Row: a,b,secret",
                "Error: Target column count: 2 doesn't match. Row: ***",
            ),
            (
                "Error: NULL value in non-nullable column. Row: [1, 'secret']",
                "Error: NULL value in non-nullable column. Row: ***",
            ),
            (
                "Value ''secret'' is out of range. The type of 'c' is INT'",
                "Value '***' is out of range. The type of 'c' is INT'",
            ),
            (
                "String 'it's a 'secret' is too long. The type of 'x' is too long. The type of 'c' is VARCHAR(3)'",
                "String '***' is too long. The type of 'c' is VARCHAR(3)'",
            ),
            ("Value 'it's secret' and more, \"a\"secret\"", "Value '***' and more, \"***\""),
            (
                "Unable to cast string value to BIGINT. value=secret, column=c",
                "Unable to cast string value to BIGINT. value=***, column=c",
            ),
            (
                "The field (name = c, pos = 1) is out of range. Type: INT, Value length: 6, Value: secret, x",
                "The field (name = c, pos = 1) is out of range. Type: INT, Value length: 6, Value: ***",
            ),
            ("value=secret, x=secret, column=c; value=secret, column=d", "value=***, column=d"),
            // Up to StarRocks 2.5.
            (
                "the length of input is too long than schema. column_name: c; input_str: [secret, x] schema length: 5",
                "the length of input is too long than schema. column_name: c; input_str: ***",
            ),
            ("String 'secret is too long", "String '***"),
            ("too many filtered rows", "too many filtered rows"),
        ] {
            assert_eq!(sanitize(text), expected);
        }
    }

    proptest! {
        #[test]
        fn a_row_never_shows(before in "[a-z ]{0,20}", secret in "[A-Z]{8,16}", after in "[a-z' \"]{0,20}") {
            for text in [
                format!("Error: {before}. Row: {after}{secret}"),
                format!("{before}'{secret}' {before}"),
                format!("{before} '{after}{secret}' {before}"),
                format!("{before} value={secret}, column={before}"),
                format!("{before} \"{secret}\""),
            ] {
                let clean = sanitize(&text);
                prop_assert!(!clean.contains(&secret), "{}", clean);
            }
        }
    }
}
