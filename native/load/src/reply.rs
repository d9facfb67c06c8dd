//! What servers answer: loads and label states.
//!
//! BEs answer loads with `Status`, `Message` and so on; FEs' own answers are spelt `Status: FAILED` or all in lower
//! case with `msg`. Keys are therefore read in any case, `Fail` and `FAILED` are the same, and what is not known is
//! never taken for success. (StarRocks documentation: "STREAM LOAD", return value.)

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::client::Loaded;

/// The fields of a load's answer that matter, as text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// `Status`, as the server spells it.
    pub status: String,
    /// `Message` or `msg`.
    pub message: String,
    /// `ExistingJobStatus`.
    pub existing_job_status: String,
    /// `Label`.
    pub label: String,
    /// `TxnId`: only BEs send it, -1 where the transaction didn't begin.
    pub txn_id: Option<i64>,
    /// `ErrorURL`.
    pub error_url: Option<String>,
    /// Counts and times.
    pub loaded: Loaded,
}

impl Reply {
    /// Reads a load's answer.
    ///
    /// # Errors
    /// Why it is not one: no JSON object, something after it, no status, or two that differ.
    pub fn parse(body: &[u8]) -> Result<Reply, String> {
        let fields = Fields::parse(body)?;
        let status = fields.text("status")?.ok_or("it has no Status")?;
        let number = |key| fields.number(key);
        let count = |key| number(key).and_then(|n| u64::try_from(n).ok());
        let txn_id = number("txnid");
        Ok(Reply {
            status,
            message: fields.text("message")?.or(fields.text("msg")?).unwrap_or_default(),
            existing_job_status: fields.text("existingjobstatus")?.unwrap_or_default(),
            label: fields.text("label")?.unwrap_or_default(),
            txn_id,
            error_url: fields.text("errorurl")?.filter(|url| !url.is_empty()),
            loaded: Loaded {
                txn_id: txn_id.filter(|&id| id >= 0),
                total_rows: count("numbertotalrows"),
                loaded_rows: count("numberloadedrows"),
                filtered_rows: count("numberfilteredrows"),
                unselected_rows: count("numberunselectedrows"),
                load_bytes: count("loadbytes"),
                load_ms: count("loadtimems"),
                begin_ms: count("begintxntimems"),
                // Versions up to 2.1 call it by the second name.
                plan_ms: count("streamloadplantimems").or_else(|| count("streamloadputtimems")),
                read_ms: count("readdatatimems"),
                write_ms: count("writedatatimems"),
                commit_publish_ms: count("commitandpublishtimems"),
                ..Loaded::default()
            },
        })
    }

    /// What the answer means.
    pub fn verdict(&self) -> Verdict {
        let is = |text: &str, status: &str| text.trim().eq_ignore_ascii_case(status);
        if is(&self.status, "Success") {
            Verdict::Success
        } else if is(&self.status, "Publish Timeout") {
            Verdict::PublishTimeout
        } else if is(&self.status, "Label Already Exists") {
            Verdict::LabelExists { finished: is(&self.existing_job_status, "FINISHED") }
        } else if is(&self.status, "Fail") || is(&self.status, "FAILED") {
            Verdict::Fail
        } else {
            Verdict::Unknown
        }
    }

    /// What the answer means if it is one about a transaction (`/api/transaction/...`): its statuses are others than a
    /// load's.
    pub fn transaction_verdict(&self) -> TransactionVerdict {
        let is = |status: &str| self.status.trim().eq_ignore_ascii_case(status);
        match () {
            () if is("OK") => TransactionVerdict::Ok,
            () if is("PUBLISH_TIMEOUT") => TransactionVerdict::PublishTimeout,
            () if is("TXN_IN_PROCESSING") => TransactionVerdict::InProcessing,
            () if is("TXN_NOT_EXISTS") => TransactionVerdict::NotExists,
            () if is("LABEL_ALREADY_EXISTS") => TransactionVerdict::LabelExists,
            () if is("ABORTED") => TransactionVerdict::Aborted,
            () if FAILURES.into_iter().any(is) => TransactionVerdict::Fail,
            () => TransactionVerdict::Unknown,
        }
    }
}

/// Names of statuses by which a BE says that it failed (`gensrc/thrift/StatusCode.thrift` of StarRocks), besides those that
/// have a verdict of their own, and the FE's and the stream load's own words for it.
const FAILURES: [&str; 37] = [
    "FAILED",
    "Fail",
    "CANCELLED",
    "ANALYSIS_ERROR",
    "NOT_IMPLEMENTED_ERROR",
    "RUNTIME_ERROR",
    "MEM_LIMIT_EXCEEDED",
    "INTERNAL_ERROR",
    "THRIFT_RPC_ERROR",
    "TIMEOUT",
    "MEM_ALLOC_FAILED",
    "BUFFER_ALLOCATION_FAILED",
    "MINIMUM_RESERVATION_UNAVAILABLE",
    "TOO_MANY_TASKS",
    "END_OF_FILE",
    "NOT_FOUND",
    "CORRUPTION",
    "INVALID_ARGUMENT",
    "IO_ERROR",
    "ALREADY_EXIST",
    "NETWORK_ERROR",
    "ILLEGAL_STATE",
    "NOT_AUTHORIZED",
    "REMOTE_ERROR",
    "SERVICE_UNAVAILABLE",
    "UNINITIALIZED",
    "CONFIGURATION_ERROR",
    "INCOMPLETE",
    "OLAP_ERR_VERSION_ALREADY_MERGED",
    "DATA_QUALITY_ERROR",
    "DUPLICATE_RPC_INVOCATION",
    "GLOBAL_DICT_ERROR",
    "RESOURCE_BUSY",
    "SR_EAGAIN",
    "JIT_COMPILE_ERROR",
    "CAPACITY_LIMIT_EXCEED",
    "SHUTDOWN",
];

/// What an answer about a transaction means, by its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransactionVerdict {
    /// Done.
    Ok,
    /// Committed, visible after a while.
    PublishTimeout,
    /// Another request for the transaction is under way; this one was not looked at.
    InProcessing,
    /// The server that was asked doesn't have the transaction (any more).
    NotExists,
    /// There is, or was, a transaction of this label.
    LabelExists,
    /// The transaction is rolled back, or will be.
    Aborted,
    /// Not done.
    Fail,
    /// A status that we don't know: anything may have happened.
    Unknown,
}

/// What a load's answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Committed and visible.
    Success,
    /// Committed, visible after a while: it must not be sent again.
    PublishTimeout,
    /// A load of this label is committed (`finished`), or its state must be asked for.
    LabelExists {
        /// `ExistingJobStatus` was `FINISHED`.
        finished: bool,
    },
    /// Refused or rolled back, unless the message says that this is not certain.
    Fail,
    /// A status that we don't know.
    Unknown,
}

/// The state of a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelState {
    /// The server knows no such label (any more).
    Unknown,
    /// The load is running.
    Prepare,
    /// The transaction is durable and waits for its commit (two-phase loads only).
    Prepared,
    /// Committed, soon visible.
    Committed,
    /// Committed and visible.
    Visible,
    /// Rolled back; the server's reason, where it gives one.
    Aborted(String),
}

impl LabelState {
    /// Reads the answer of `get_load_state`.
    ///
    /// # Errors
    /// What it says instead of a known state.
    pub fn parse(body: &[u8]) -> Result<LabelState, String> {
        let fields = Fields::parse(body)?;
        let Some(state) = fields.text("state")? else {
            let message = fields.text("msg")?.or(fields.text("message")?).unwrap_or_default();
            return Err(format!("the answer has no state: {message}"));
        };
        match state.trim().to_ascii_uppercase().as_str() {
            "UNKNOWN" => Ok(LabelState::Unknown),
            "PREPARE" => Ok(LabelState::Prepare),
            "PREPARED" => Ok(LabelState::Prepared),
            "COMMITTED" => Ok(LabelState::Committed),
            "VISIBLE" => Ok(LabelState::Visible),
            "ABORTED" => Ok(LabelState::Aborted(fields.text("reason")?.unwrap_or_default())),
            _ => Err(format!("unknown state '{}'", state.escape_debug())),
        }
    }
}

/// The scalar fields of a JSON object by lower-case key, as text; others are left out.
struct Fields(Vec<(String, String)>);

impl Fields {
    fn parse(body: &[u8]) -> Result<Fields, String> {
        if body.is_empty() {
            return Err("it is empty".to_owned());
        }
        serde_json::from_slice(body).map_err(|e| format!("it is not a JSON object: {e}"))
    }

    /// The one value of a key. Two that differ can't both be meant.
    fn text(&self, key: &str) -> Result<Option<String>, String> {
        let mut values = self.0.iter().filter(|(name, _)| name == key).map(|(_, value)| value);
        let first = values.next();
        match values.find(|&other| Some(other) != first) {
            Some(_) => Err(format!("it has two different values of {key}")),
            None => Ok(first.cloned()),
        }
    }

    fn number(&self, key: &str) -> Option<i64> {
        self.text(key).ok()??.trim().parse().ok()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            if let Some(value) = scalar(&map.next_value::<Box<RawValue>>()?) {
                fields.push((key.to_ascii_lowercase(), value));
            }
        }
        Ok(Fields(fields))
    }
}

/// Text, number or boolean as text; `None` for null, arrays and objects.
fn scalar(raw: &RawValue) -> Option<String> {
    match raw.get() {
        text if text.starts_with('"') => serde_json::from_str(text).ok(),
        text if text.starts_with(['{', '[']) || text == "null" => None,
        text => Some(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SUCCESS: &str = r#"{
        "TxnId": 1003,
        "Label": "label123",
        "Status": "Success",
        "Message": "OK",
        "NumberTotalRows": 1000000,
        "NumberLoadedRows": 999999,
        "NumberFilteredRows": 1,
        "NumberUnselectedRows": 0,
        "LoadBytes": 40888898,
        "LoadTimeMs": 2144,
        "BeginTxnTimeMs": 1,
        "StreamLoadPlanTimeMs": 2,
        "ReadDataTimeMs": 325,
        "WriteDataTimeMs": 1933,
        "CommitAndPublishTimeMs": 106,
        "ErrorURL": "http://192.168.1.1:8042/api/_load_error_log?file=x"
    }"#;

    #[test]
    fn a_success_is_read_whole() {
        let reply = Reply::parse(SUCCESS.as_bytes()).unwrap();
        assert_eq!(reply.verdict(), Verdict::Success);
        assert_eq!(reply.label, "label123");
        assert_eq!(reply.message, "OK");
        assert_eq!(reply.error_url.as_deref(), Some("http://192.168.1.1:8042/api/_load_error_log?file=x"));
        let loaded = reply.loaded;
        assert_eq!(loaded.txn_id, Some(1003));
        assert_eq!((loaded.total_rows, loaded.loaded_rows), (Some(1_000_000), Some(999_999)));
        assert_eq!((loaded.filtered_rows, loaded.unselected_rows), (Some(1), Some(0)));
        assert_eq!(
            (loaded.load_bytes, loaded.load_ms, loaded.begin_ms),
            (Some(40_888_898), Some(2144), Some(1))
        );
        assert_eq!((loaded.plan_ms, loaded.read_ms, loaded.write_ms), (Some(2), Some(325), Some(1933)));
        assert_eq!(loaded.commit_publish_ms, Some(106));
    }

    #[test]
    fn both_dialects_and_odd_forms_are_read() {
        for text in [
            r#"{"Status":"FAILED","Message":"class com.starrocks.common.DdlException: no"}"#,
            r#"{"status":"FAILED","code":"1","msg":"class com.starrocks.common.DdlException: no"}"#,
            r#"{"STATUS":"fail","MESSAGE":"class com.starrocks.common.DdlException: no","x":{"a":[1,{}]},"y":[],"z":null}"#,
        ] {
            let reply = Reply::parse(text.as_bytes()).unwrap();
            assert_eq!(reply.verdict(), Verdict::Fail);
            assert_eq!(reply.message, "class com.starrocks.common.DdlException: no");
            assert_eq!(reply.txn_id, None);
        }
        let reply =
            Reply::parse(br#"{"Status":"Success","TxnId":"12","NumberTotalRows":"7","LoadBytes":-1}"#)
                .unwrap();
        assert_eq!(
            (reply.txn_id, reply.loaded.total_rows, reply.loaded.load_bytes),
            (Some(12), Some(7), None)
        );
        let reply = Reply::parse(br#"{"Status":"Success","StreamLoadPutTimeMs":3,"TxnId":-1}"#).unwrap();
        assert_eq!((reply.txn_id, reply.loaded.txn_id, reply.loaded.plan_ms), (Some(-1), None, Some(3)));
    }

    #[test]
    fn verdicts_are_a_closed_list() {
        let verdict = |status: &str, job: &str| {
            Reply { status: status.into(), existing_job_status: job.into(), ..Reply::default() }.verdict()
        };
        assert_eq!(verdict("Publish Timeout", ""), Verdict::PublishTimeout);
        assert_eq!(verdict("Label Already Exists", "FINISHED"), Verdict::LabelExists { finished: true });
        assert_eq!(verdict("Label Already Exists", "RUNNING"), Verdict::LabelExists { finished: false });
        assert_eq!(verdict("Label Already Exists", ""), Verdict::LabelExists { finished: false });
        for other in ["OK", "Successful", "", "TXN_IN_PROCESSING", "PUBLISH_TIMEOUT"] {
            assert_eq!(verdict(other, ""), Verdict::Unknown, "{other}");
        }
    }

    #[test]
    fn verdicts_about_transactions_are_a_closed_list() {
        let verdict =
            |status: &str| Reply { status: status.into(), ..Reply::default() }.transaction_verdict();
        for (status, expected) in [
            ("OK", TransactionVerdict::Ok),
            (" ok ", TransactionVerdict::Ok),
            ("PUBLISH_TIMEOUT", TransactionVerdict::PublishTimeout),
            ("TXN_IN_PROCESSING", TransactionVerdict::InProcessing),
            ("TXN_NOT_EXISTS", TransactionVerdict::NotExists),
            ("LABEL_ALREADY_EXISTS", TransactionVerdict::LabelExists),
            ("ABORTED", TransactionVerdict::Aborted),
            ("INTERNAL_ERROR", TransactionVerdict::Fail),
            ("Failed", TransactionVerdict::Fail),
            ("Success", TransactionVerdict::Unknown),
            ("Publish Timeout", TransactionVerdict::Unknown),
            ("UNKNOWN", TransactionVerdict::Unknown),
            ("", TransactionVerdict::Unknown),
        ] {
            assert_eq!(verdict(status), expected, "{status}");
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for text in [
            "",
            "   ",
            "<html><body>502 Bad Gateway</body></html>",
            "[]",
            "null",
            "\"Success\"",
            "{}",
            r#"{"Message":"OK"}"#,
            r#"{"Status":"Success""#,
            r#"{"Status":"Success"} trailing"#,
            r#"{"Status":"Success"}{"Status":"Success"}"#,
            r#"{"Status":"Success","status":"Fail"}"#,
            r#"{"Status":null}"#,
            "\u{1f}\u{8b}\u{8}gzip",
        ] {
            assert!(Reply::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(Reply::parse(b"{\"Status\":\"Succ\xff\"}").is_err());
        let deep = format!("{{\"x\":{}", "[".repeat(100_000));
        assert!(Reply::parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn label_states() {
        let state = |text: &str| LabelState::parse(text.as_bytes());
        assert_eq!(
            state(
                r#"{"state":"VISIBLE","reason":"","status":"OK","code":"0","msg":"Success","message":"OK"}"#
            ),
            Ok(LabelState::Visible)
        );
        assert_eq!(state(r#"{"State":"committed"}"#), Ok(LabelState::Committed));
        assert_eq!(state(r#"{"state":"PREPARE"}"#), Ok(LabelState::Prepare));
        assert_eq!(state(r#"{"state":"PREPARED"}"#), Ok(LabelState::Prepared));
        assert_eq!(state(r#"{"state":"UNKNOWN"}"#), Ok(LabelState::Unknown));
        assert_eq!(state(r#"{"state":"ABORTED"}"#), Ok(LabelState::Aborted(String::new())));
        assert_eq!(state(r#"{"state":"ABORTED","reason":"by x"}"#), Ok(LabelState::Aborted("by x".into())));
        for text in [
            r#"{"status":"FAILED","msg":"unknown database, database=x"}"#,
            r#"{"state":"SOMETHING"}"#,
            r#"{"state":null}"#,
            r#"{"state":"VISIBLE","STATE":"ABORTED"}"#,
            "VISIBLE",
            "",
        ] {
            assert!(state(text).is_err(), "{text}");
        }
        assert!(
            state(r#"{"status":"FAILED","msg":"unknown database, database=x"}"#)
                .unwrap_err()
                .contains("unknown database")
        );
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Reply::parse(&bytes).map(|reply| (reply.verdict(), reply.transaction_verdict()));
            let _ = LabelState::parse(&bytes);
        }

        /// Whatever is cut off the end, or put behind it, a success is never read out of it.
        #[test]
        fn a_cut_success_is_no_reply(cut in 1..SUCCESS.len()) {
            prop_assert!(Reply::parse(&SUCCESS.as_bytes()[..cut]).is_err());
        }

        #[test]
        fn only_the_success_statuses_are_success(status in "[ -~]{0,20}|(?i)success|ok|publish[ _]timeout") {
            let text = serde_json::json!({ "Status": status, "TxnId": 1 }).to_string();
            let reply = Reply::parse(text.as_bytes()).unwrap();
            let is = |name: &str| status.trim().eq_ignore_ascii_case(name);
            prop_assert_eq!(reply.verdict() == Verdict::Success, is("success"));
            let verdict = reply.transaction_verdict();
            prop_assert_eq!(verdict == TransactionVerdict::Ok, is("ok"));
            prop_assert_eq!(verdict == TransactionVerdict::PublishTimeout, is("publish_timeout"));
        }
    }
}
