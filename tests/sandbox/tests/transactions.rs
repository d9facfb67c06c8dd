//! Transaction stream load over raw connections.

mod common;

use common::{EXPECT, ROOT, Wire, World};
use starrocks_sandbox::config::Config;
use starrocks_sandbox::faults::Op;
use starrocks_sandbox::labels::{Limits, State};
use std::time::{Duration, Instant};

#[test]
fn two_phases() {
    let world = World::new();
    let begun = world.txn("begin", "x", &[]).expect("OK", "");
    let keys: Vec<&String> = begun.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["Status", "Message", "Label", "TxnId", "BeginTxnTimeMs"]);
    let loaded = world.txn_load("x", "1\ta\n2\tb\n", &[]).expect("OK", "");
    let keys: Vec<&String> = loaded.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["Status", "Message", "Label", "TxnId", "LoadBytes", "StreamLoadPlanTimeMs", "ReceivedDataTimeMs"]
    );
    assert_eq!((&loaded["LoadBytes"], &loaded["TxnId"]), (&8.into(), &begun["TxnId"]));
    world.txn_load("x", "3\tc\n", &[]).expect("OK", "");
    assert_eq!(world.state("x"), "PREPARE");
    let prepared = world.txn("prepare", "x", &[]).expect("OK", "");
    assert_eq!((&prepared["NumberTotalRows"], &prepared["NumberLoadedRows"]), (&3.into(), &3.into()));
    assert_eq!(prepared["LoadBytes"], 12);
    assert_eq!((world.state("x").as_str(), world.ids()), ("PREPARED", vec![]));
    let committed = world.txn("commit", "x", &[]).expect("OK", "");
    assert_eq!((&committed["TxnId"], &committed["Label"]), (&begun["TxnId"], &"x".into()));
    assert_eq!((world.state("x").as_str(), world.ids()), ("VISIBLE", vec![1, 2, 3]));
    assert_eq!(world.one::<i64>("SELECT count(*) FROM sandbox.ledger"), 1);
    assert_eq!(world.one::<i64>("SELECT count(*) FROM d.`t$ledger` WHERE _label = 'x'"), 3);
}
