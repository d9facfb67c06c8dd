//! Any bytes as pairs: what decodes is encoded back to the same bytes; and as a table's description:
//! what decodes is encoded back to the same description, and makes a plan or an error.

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use starrocks_format::{Properties, TablePlan, TableSpec, ZoneRules};
use starrocks_row::{Pairs, pairs};

fuzz_target!(|bytes: &[u8]| {
    let Ok(decoded) = Pairs::decode(bytes) else { return };
    let list: Vec<(&str, &[u8])> = decoded.iter().collect();
    assert_eq!(pairs::encode(&list), bytes);
    for (key, value) in &list {
        assert_eq!(decoded.get(key), Some(*value));
        let _ = ZoneRules::decode(value).map(|zone| zone.offset_at(0));
    }
    let Ok(spec) = TableSpec::decode(&decoded) else { return };
    let again = spec.encode();
    assert_eq!(TableSpec::decode(&Pairs::decode(&again).unwrap()).unwrap(), spec);
    let Ok(properties) = Properties::from_pairs(&decoded) else { return };
    if let Ok(plan) = TablePlan::new(spec, &properties, Arc::new(ZoneRules::utc())) {
        for (name, value) in plan.headers() {
            assert!(
                !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b.is_ascii_uppercase())
            );
            assert!(value.bytes().all(|b| b == b'\t' || b >= b' ' && b != 0x7f));
        }
    }
});
