//! Any bytes as the answer to a question for a label's state: committed is only what says so.

#![no_main]

use libfuzzer_sys::fuzz_target;
use starrocks_load::reply::LabelState;

fuzz_target!(|bytes: &[u8]| {
    let Ok(state) = LabelState::parse(bytes) else { return };
    let value: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(bytes).unwrap();
    let said: Vec<String> = value
        .iter()
        .filter(|(key, value)| key.eq_ignore_ascii_case("state") && value.is_string())
        .map(|(_, value)| value.as_str().unwrap().trim().to_ascii_uppercase())
        .collect();
    if matches!(state, LabelState::Visible | LabelState::Committed) {
        assert!(said.iter().all(|said| said == "VISIBLE" || said == "COMMITTED"), "{said:?}");
        assert!(!said.is_empty());
    }
});
