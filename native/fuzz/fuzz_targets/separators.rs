//! Any text as a separator: what parses is sent in a form that parses to the same; and searching for
//! two separators in any values finds what splitting plainly finds.
//!
//! The input is cut at 0xff: column separator, row delimiter, values.

#![no_main]

use libfuzzer_sys::fuzz_target;
use starrocks_format::separators::{self, Separators};

fn find(data: &[u8], needle: &[u8]) -> Option<usize> {
    data.windows(needle.len()).position(|window| window == needle)
}

fn split<'d>(mut data: &'d [u8], separator: &[u8]) -> Vec<&'d [u8]> {
    let mut pieces = Vec::new();
    while let Some(at) = find(data, separator) {
        pieces.push(&data[..at]);
        data = &data[at + separator.len()..];
    }
    pieces.push(data);
    pieces
}

fuzz_target!(|input: &[u8]| {
    let mut parts = input.split(|b| *b == 0xff);
    let parsed: Vec<Vec<u8>> = parts
        .by_ref()
        .take(2)
        .filter_map(|text| separators::parse(std::str::from_utf8(text).ok()?).ok())
        .collect();
    for bytes in &parsed {
        assert_eq!(separators::parse(&separators::header(bytes)).as_ref(), Ok(bytes));
    }
    let [column, row] = &parsed[..] else { return };
    let Ok(separators) = Separators::new(column, row) else { return };
    let values: Vec<&[u8]> = parts.collect();
    if values.is_empty() {
        return;
    }
    let last = values.len() - 1;
    let clean = values.iter().enumerate().all(|(i, value)| separators.find(value, i == last).is_none());
    let line = [&values.join(&column[..])[..], row].concat();
    let once = separators.row_ends_once(&line);
    let record = &line[..find(&line, row).unwrap()];
    let reads_back = once && split(record, column) == values;
    if separators.overlap() {
        assert!(!(clean && once) || reads_back);
    } else {
        assert_eq!(clean, reads_back);
    }
});
