//! Faults: what tests make the server do wrong.
//!
//! A fault is posted to the control port and then fires at the requests it fits: by operation, database, table and
//! label, from the n-th fitting request on, so many times, or by chance from a seed.

use regex::Regex;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// The kinds of faults. The README of this crate says what each does and which parameters it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "each is described once, in the README's table")]
pub enum Kind {
    DropAnswerAfterCommit,
    DelayAnswerAfterCommit,
    DieBeforeCommit,
    HoldThenVisible,
    HoldThenAbort,
    LabelExistsFinished,
    LabelExistsRunning,
    LabelUsedAsFail,
    PublishTimeout,
    StatusUnknownCommitted,
    StatusUnknownAborted,
    StateHttpError,
    StateHang,
    StateDrop,
    StateRedirect,
    StateUnknown,
    StateWithoutKey,
    StateStrange,
    ForgetLabel,
    FilteredRows,
    LoadedRowsOff,
    LoadBytesOff,
    EarlyErrorReset,
    RedirectDelay,
    RedirectWithoutLocation,
    RedirectLoop,
    RedirectDeadPort,
    RedirectTo,
    RedirectViaFe,
    NoContinue,
    DoubleContinue,
    FinalInsteadOfContinue,
    AnswerTruncated,
    AnswerSplit,
    AnswerChunked,
    AnswerTrailingBytes,
    AnswerGzip,
    AnswerHtml,
    AnswerEmpty,
    AnswerKeyCase,
    AnswerUnknownStatus,
    AnswerHttpStatus,
    CloseIdle,
    BodyCut,
    ResetInBody,
    SlowBody,
    StallBody,
    Fail,
    CommitDelay,
    FeError,
    FeUnauthorized,
    FeHang,
    NoBackend,
    BeHang,
    MysqlDropMidResult,
    MysqlWrongTypes,
    MysqlNullColumnKey,
    MysqlUnknownType,
    MysqlVersion,
    MysqlError,
    MysqlHang,
    ErrorLogMissing,
    ErrorLogHuge,
    ErrorLogSlow,
    ErrorLogBinary,
    ErrorLogOtherHost,
    PublishDelay,
    TxnDropAnswer,
    TxnDelayAnswer,
    TxnDelay,
    TxnFail,
    TxnInProcessing,
    TxnPipelineFailed,
    TxnTakenTwice,
    TxnLeaderChange,
    TxnKillBe,
    TxnLoseContext,
    TxnExpire,
    TxnCommitBehind,
    TxnRollbackLate,
}

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// A plain stream load.
    StreamLoad,
    /// Begins a transaction.
    Begin,
    /// Sends rows of a transaction.
    Load,
    /// Makes a transaction durable.
    Prepare,
    /// Commits a transaction.
    Commit,
    /// Rolls a transaction back.
    Rollback,
    /// Asks for the state of a label.
    State,
    /// Aborts a label.
    Cancel,
}

impl Op {
    /// The operation of `/api/transaction/NAME`.
    pub fn transaction(name: &str) -> Option<Self> {
        Some(match name {
            "begin" => Self::Begin,
            "load" => Self::Load,
            "prepare" => Self::Prepare,
            "commit" => Self::Commit,
            "rollback" => Self::Rollback,
            _ => return None,
        })
    }
}

/// A fault and which requests it fits.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub kind: Kind,
    /// How often it fires; 0 for without end.
    #[serde(default = "one")]
    pub times: u64,
    /// The first fitting request at which it fires, counted from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// Only for requests that do this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op: Option<Op>,
    /// Only for this database.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub db: Option<String>,
    /// Only for this table.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// Only for labels that this regular expression fits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Chance to fire at a fitting request; default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// Seed of the chance.
    #[serde(default)]
    pub seed: u64,
    /// Milliseconds, where the kind waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Bytes per second, where the kind slows down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
    /// Bytes or rows, where the kind counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// HTTP status, where the kind answers with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Message, version, address or text, where the kind sends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// `Status` of a transaction's answer, where the kind sends one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,
}

fn one() -> u64 {
    1
}

impl Fault {
    /// A fault of that kind that fires once, at the first request.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            times: 1,
            nth: 1,
            op: None,
            db: None,
            table: None,
            label: None,
            probability: None,
            seed: 0,
            delay_ms: None,
            rate: None,
            count: None,
            status: None,
            text: None,
            result: None,
        }
    }

    /// The delay, or `default` milliseconds.
    pub fn delay(&self, default: u64) -> std::time::Duration {
        std::time::Duration::from_millis(self.delay_ms.unwrap_or(default))
    }
}

/// What a request is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'a> {
    /// What it does; `None` for what isn't about loading.
    pub op: Option<Op>,
    /// Its database.
    pub database: &'a str,
    /// Its table.
    pub table: &'a str,
    /// Its label.
    pub label: &'a str,
}

#[derive(Debug)]
struct Armed {
    id: u64,
    fault: Fault,
    label: Option<Regex>,
    fitting: u64,
    hits: u64,
    random: u64,
}

/// A fault as `GET /faults` reports it.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// Its number.
    pub id: u64,
    /// How many requests fitted.
    pub fitting: u64,
    /// How often it fired.
    pub hits: u64,
    /// The fault.
    #[serde(flatten)]
    pub fault: Fault,
}

/// The faults that are armed.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<(u64, Vec<Armed>)>,
    count: AtomicUsize,
}

impl Faults {
    /// Arms a fault and returns its number; the error names a bad regular expression.
    pub fn add(&self, fault: Fault) -> Result<u64, String> {
        let label = fault.label.as_deref().map(Regex::new).transpose().map_err(|e| e.to_string())?;
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.0 += 1;
        let id = armed.0;
        let random = fault.seed ^ 0x9E37_79B9_7F4A_7C15;
        armed.1.push(Armed { id, fault, label, fitting: 0, hits: 0, random });
        self.count.store(armed.1.len(), Ordering::Release);
        Ok(id)
    }

    /// Disarms one fault, or all.
    pub fn remove(&self, id: Option<u64>) {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.1.retain(|a| id.is_some_and(|id| id != a.id));
        self.count.store(armed.1.len(), Ordering::Release);
    }

    /// All faults with their counts.
    pub fn report(&self) -> Vec<Report> {
        let armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let report =
            |a: &Armed| Report { id: a.id, fitting: a.fitting, hits: a.hits, fault: a.fault.clone() };
        armed.1.iter().map(report).collect()
    }

    /// The first fault of that kind that fires for this request.
    pub fn take(&self, kind: Kind, scope: Scope<'_>) -> Option<Fault> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        armed.1.iter_mut().filter(|a| a.fault.kind == kind).find_map(|a| a.fires(scope))
    }

    /// The first of `kinds` that fires.
    pub fn take_any(&self, kinds: &[Kind], scope: Scope<'_>) -> Option<Fault> {
        kinds.iter().find_map(|kind| self.take(*kind, scope))
    }
}

impl Armed {
    fn fires(&mut self, scope: Scope<'_>) -> Option<Fault> {
        let fits = |want: &Option<String>, is: &str| want.as_deref().is_none_or(|w| w == is);
        if self.fault.op.is_some_and(|op| Some(op) != scope.op)
            || !fits(&self.fault.db, scope.database)
            || !fits(&self.fault.table, scope.table)
            || !self.label.as_ref().is_none_or(|r| r.is_match(scope.label))
        {
            return None;
        }
        self.fitting += 1;
        if self.fitting < self.fault.nth || (self.fault.times > 0 && self.hits >= self.fault.times) {
            return None;
        }
        if let Some(probability) = self.fault.probability {
            // SplitMix64: the same seed gives the same course of a test.
            self.random = self.random.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = self.random;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            if (z >> 11) as f64 / (1u64 << 53) as f64 >= probability {
                return None;
            }
        }
        self.hits += 1;
        Some(self.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope<'a>(table: &'a str, label: &'a str) -> Scope<'a> {
        Scope { op: Some(Op::StreamLoad), database: "d", table, label }
    }

    #[test]
    fn fires_at_the_nth_fitting_request_and_so_many_times() {
        let faults = Faults::default();
        let json = r#"{"kind":"publish_timeout","nth":2,"times":2,"table":"t","label":"^a"}"#;
        faults.add(serde_json::from_str(json).unwrap()).unwrap();
        let fire = |table, label| faults.take(Kind::PublishTimeout, scope(table, label)).is_some();
        assert!(!fire("u", "a1") && !fire("t", "b") && !fire("t", "a1"));
        assert!(fire("t", "a2") && fire("t", "a3") && !fire("t", "a4"));
        let report = &faults.report()[0];
        assert_eq!((report.fitting, report.hits), (4, 2));
        faults.remove(None);
        assert!(faults.report().is_empty());
    }

    #[test]
    fn fits_by_operation() {
        let faults = Faults::default();
        faults.add(serde_json::from_str(r#"{"kind":"txn_delay","op":"prepare"}"#).unwrap()).unwrap();
        let fire = |op| faults.take(Kind::TxnDelay, Scope { op: Some(op), ..Scope::default() }).is_some();
        assert!(!fire(Op::Begin) && fire(Op::Prepare));
        assert_eq!(Op::transaction("rollback"), Some(Op::Rollback));
        assert_eq!(Op::transaction("stream_load"), None);
    }

    #[test]
    fn chance_follows_the_seed() {
        let run = |seed| {
            let faults = Faults::default();
            let fault = Fault { probability: Some(0.3), seed, times: 0, ..Fault::new(Kind::Fail) };
            faults.add(fault).unwrap();
            (0..1000).map(|_| faults.take(Kind::Fail, Scope::default()).is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(7), run(7));
        assert_ne!(run(7), run(8));
        let hits = run(7).iter().filter(|h| **h).count();
        assert!((250..350).contains(&hits), "{hits}");
    }

    #[test]
    fn refuses_unknown_kinds_and_parameters() {
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"nope"}"#).is_err());
        assert!(serde_json::from_str::<Fault>(r#"{"kind":"fail","tabel":"t"}"#).is_err());
    }
}
