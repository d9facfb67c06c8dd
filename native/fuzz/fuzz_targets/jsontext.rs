//! The verdict on whether a text is JSON is serde_json's.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use starrocks_format::jsontext;

fuzz_target!(|text: &[u8]| {
    let verdict = jsontext::is_value(text);
    // serde_json checks UTF-8 too, and has no bound on nesting.
    let Ok(text) = std::str::from_utf8(text) else { return };
    if text.bytes().filter(|b| matches!(b, b'[' | b'{')).count() > jsontext::MAX_DEPTH {
        return;
    }
    assert_eq!(verdict, serde_json::from_str::<Value>(text).is_ok());
});
