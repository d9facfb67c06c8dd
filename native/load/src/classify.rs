//! What a failure's message says about trying again.
//!
//! StarRocks reports nearly every failure as `Fail` with a message; the texts here are those of its source, versions
//! 2.5 to 4.0.

use crate::ErrorCode;

/// What a server's failure message means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The same load will fail again; with the code of the error and what the user can do.
    Permanent(ErrorCode, &'static str),
    /// The server is busy or not ready, and has not taken the load.
    Busy,
    /// The server itself doesn't know whether it committed.
    Ambiguous,
    /// The label is taken, by a load whose state must be asked for.
    LabelUsed,
    /// There was no row to load.
    NoData,
    /// None of those: not taken, as far as the server knows.
    Other,
}

const FILTERED: &str = "look at the rows in the error log; the types and NULLs of the rows must fit the table, or max_filter_ratio allow for them";
pub(crate) const RIGHTS: &str =
    "check username and password, and that the user has the INSERT privilege on the table";
const TABLE: &str =
    "check database-name and table-name, and that the table still is as it was when the job started";
const OPTIONS: &str = "check the sink.properties.* options";
const ROWS: &str = "the rows can't be read as the format in sink.properties.* says";
const SIZE: &str = "lower sink.buffer-flush.max-bytes or sink.chunk-limit, or raise the server's limit";

/// Texts in lower case, each with its class. The first one that a message contains decides.
const TEXTS: &[(&str, Class)] = &[
    ("transaction status unknown", Class::Ambiguous),
    ("has already been used", Class::LabelUsed),
    ("no load data", Class::NoData),
    ("hasn't send any data yet", Class::NoData),
    ("too many filtered rows", Class::Permanent(ErrorCode::Load, FILTERED)),
    // Busy states whose texts could be mistaken for others below.
    ("current running txns on db", Class::Busy),
    ("txn num per be exceeds limit", Class::Busy),
    ("too many versions", Class::Busy),
    ("close index channel failed", Class::Busy),
    ("too large compaction score", Class::Busy),
    ("service is shutting down", Class::Busy),
    ("process is shutting down", Class::Busy),
    ("exceed http cuncurrent limit", Class::Busy),
    ("no backend alive", Class::Busy),
    ("no alive backend", Class::Busy),
    ("read lock timeout", Class::Busy),
    ("write lock timeout", Class::Busy),
    ("memory of process exceed limit", Class::Busy),
    ("mem usage has exceed", Class::Busy),
    ("exceed limit of single query", Class::Busy),
    ("memory exceed limit", Class::Busy),
    // Access.
    ("access denied", Class::Permanent(ErrorCode::Auth, RIGHTS)),
    ("no valid basic authorization", Class::Permanent(ErrorCode::Auth, RIGHTS)),
    ("need auth information", Class::Permanent(ErrorCode::Auth, RIGHTS)),
    // Database and table.
    ("unknown database", Class::Permanent(ErrorCode::Schema, TABLE)),
    ("unknown table", Class::Permanent(ErrorCode::Schema, TABLE)),
    ("is a materialized view", Class::Permanent(ErrorCode::Schema, TABLE)),
    ("mapping column is not in table", Class::Permanent(ErrorCode::Schema, TABLE)),
    ("column has no default value", Class::Permanent(ErrorCode::Schema, TABLE)),
    ("not in partial update columns", Class::Permanent(ErrorCode::Schema, TABLE)),
    ("only primary key table support partial update", Class::Permanent(ErrorCode::Schema, TABLE)),
    // Options.
    ("duplicate column", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("unknown data format", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("invalid strict mode format", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("invalid timeout format", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("numberformatexception", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("invalid prepared_timeout", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("invalid delimiter", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("invalid json path", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("can not specify both partitions", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("content-encoding and compression", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("load op type", Class::Permanent(ErrorCode::Config, OPTIONS)),
    ("label format error", Class::Permanent(ErrorCode::Config, "check sink.label-prefix")),
    (
        "there is no 100-continue header",
        Class::Permanent(ErrorCode::Config, "something between here and the FE takes the header Expect away"),
    ),
    // Rows.
    (
        "primary key size exceed the limit",
        Class::Permanent(ErrorCode::Load, "the key of a row is too long for the table"),
    ),
    ("failed to parse json", Class::Permanent(ErrorCode::Load, ROWS)),
    ("failed to iterate document", Class::Permanent(ErrorCode::Load, ROWS)),
    ("illegal json started", Class::Permanent(ErrorCode::Load, ROWS)),
    ("unrecognized json format", Class::Permanent(ErrorCode::Load, ROWS)),
    ("the value is array type in json", Class::Permanent(ErrorCode::Load, ROWS)),
    ("the value should be array type", Class::Permanent(ErrorCode::Load, ROWS)),
    (
        "csv line length exceed limit",
        Class::Permanent(ErrorCode::Load, "a row is longer than the server can read"),
    ),
    // Sizes.
    ("streaming_load_max_mb", Class::Permanent(ErrorCode::Load, SIZE)),
    ("body exceed max size", Class::Permanent(ErrorCode::Load, SIZE)),
    ("exceed the max size", Class::Permanent(ErrorCode::Load, SIZE)),
    ("beyond the json payload limit", Class::Permanent(ErrorCode::Load, SIZE)),
    ("can't support a document that big", Class::Permanent(ErrorCode::Load, SIZE)),
    (
        "exceeds quota",
        Class::Permanent(ErrorCode::Load, "the database has reached its quota: free space or raise it"),
    ),
    ("disable_load_job", Class::Permanent(ErrorCode::Load, "loads are switched off on the server")),
];

/// Reads a failure's message.
pub(crate) fn classify(message: &str) -> Class {
    let message = message.to_ascii_lowercase();
    TEXTS.iter().find(|(text, _)| message.contains(text)).map_or(Class::Other, |&(_, class)| class)
}

const NO_TRANSACTIONS: &str =
    "transaction stream loads need StarRocks 2.4 or later; without them, sink.version must be V1 or AUTO";

/// Reads a failure's status and message where it is about a transaction.
pub(crate) fn classify_transaction(status: &str, message: &str) -> Class {
    let is = |name: &str| status.trim().eq_ignore_ascii_case(name);
    match classify(message) {
        Class::Other if is("NOT_AUTHORIZED") => Class::Permanent(ErrorCode::Auth, RIGHTS),
        Class::Other if is("INVALID_ARGUMENT") => Class::Permanent(ErrorCode::Config, OPTIONS),
        Class::Other if is("DATA_QUALITY_ERROR") => Class::Permanent(ErrorCode::Load, FILTERED),
        Class::Other if is("NOT_IMPLEMENTED_ERROR") || is_not_implemented(message) => {
            Class::Permanent(ErrorCode::Config, NO_TRANSACTIONS)
        }
        class => class,
    }
}

/// Whether a server says that it is too old for transactions.
pub(crate) fn is_not_implemented(message: &str) -> bool {
    message.trim().eq_ignore_ascii_case("not implemented")
}

/// What a message says became of a transaction, whatever the status beside it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// It is committed, for good.
    Committed,
    /// It is rolled back.
    Aborted,
    /// The server that answers doesn't have it.
    NotFound,
}

/// As [`TEXTS`]. FEs say all of these under the status `FAILED`, some also under `OK`.
const TOLD: &[(&str, Told)] = &[
    ("has already committed", Told::Committed),
    ("can not abort committed transaction", Told::Committed),
    ("can not abort visible transaction", Told::Committed),
    ("state is committed, could not abort", Told::Committed),
    ("state is visible, could not abort", Told::Committed),
    ("has already aborted", Told::Aborted),
    ("can not commit aborted transaction", Told::Aborted),
    ("no transaction found", Told::NotFound),
    ("can't find the transaction", Told::NotFound),
];

/// Reads what a message says of its transaction.
pub(crate) fn told(message: &str) -> Option<Told> {
    let message = message.to_ascii_lowercase();
    TOLD.iter().find(|(text, _)| message.contains(text)).map(|&(_, told)| told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_lower_case() {
        for text in TEXTS.iter().map(|(text, _)| text).chain(TOLD.iter().map(|(text, _)| text)) {
            assert_eq!(*text, text.to_ascii_lowercase());
        }
    }

    #[test]
    fn messages_about_transactions_are_understood() {
        for (message, expected) in [
            ("Transaction 7 has already committed, label is L", Some(Told::Committed)),
            ("class X: Can not abort VISIBLE transaction 7, label is L", Some(Told::Committed)),
            ("Can not abort COMMITTED transaction 7, label is L", Some(Told::Committed)),
            ("transaction 7 state is COMMITTED, could not abort", Some(Told::Committed)),
            ("Transaction 7 has already aborted, label is L", Some(Told::Aborted)),
            ("class X: Can not commit ABORTED transaction 7, label is L", Some(Told::Aborted)),
            ("No transaction found by label L", Some(Told::NotFound)),
            ("No transaction found with db[d] and label[L]", Some(Told::NotFound)),
            (
                "Can't find the transaction with db [d] and label[L]. The possible reasons",
                Some(Told::NotFound),
            ),
            ("current transaction is aborted", None),
            ("", None),
        ] {
            assert_eq!(told(message), expected, "{message}");
        }
    }

    #[test]
    fn failures_of_transactions_have_their_class() {
        let permanent = [
            ("NOT_AUTHORIZED", "", ErrorCode::Auth),
            ("invalid_argument", "request db a transaction db b not match", ErrorCode::Config),
            ("DATA_QUALITY_ERROR", "", ErrorCode::Load),
            ("FAILED", "Not implemented", ErrorCode::Config),
            ("NOT_IMPLEMENTED_ERROR", "x", ErrorCode::Config),
            ("INTERNAL_ERROR", "too many filtered rows", ErrorCode::Load),
            ("INVALID_ARGUMENT", "Invalid prepared_timeout: x", ErrorCode::Config),
            (
                "FAILED",
                "class java.lang.NumberFormatException: For input string: \"soon\"",
                ErrorCode::Config,
            ),
            (
                "INTERNAL_ERROR",
                "payload size [9] of single write beyond the JSON payload limit [4]",
                ErrorCode::Load,
            ),
        ];
        for (status, message, code) in permanent {
            let class = classify_transaction(status, message);
            assert!(matches!(class, Class::Permanent(c, _) if c == code), "{status} {message}");
        }
        // The message says more than the status.
        assert_eq!(classify_transaction("INVALID_ARGUMENT", "too many versions"), Class::Busy);
        assert_eq!(
            classify_transaction("INTERNAL_ERROR", "transaction 1 hasn't send any data yet"),
            Class::NoData
        );
        assert_eq!(classify_transaction("INTERNAL_ERROR", "load request not equal last."), Class::Other);
        assert_eq!(classify_transaction("TXN_NOT_EXISTS", ""), Class::Other);
    }

    #[test]
    fn known_messages_have_their_class() {
        let permanent = [
            ("too many filtered rows", ErrorCode::Load),
            ("primary key size exceed the limit.", ErrorCode::Load),
            ("Only primary key table support partial update", ErrorCode::Schema),
            (
                "Access denied; you need (at least one of) the INSERT privilege(s) for this operation",
                ErrorCode::Auth,
            ),
            ("no valid Basic authorization", ErrorCode::Auth),
            ("unknown database, database=d", ErrorCode::Schema),
            ("unknown table \"d.t\"", ErrorCode::Schema),
            ("Database[d] data size exceeds quota[1 GB]", ErrorCode::Load),
            ("disable_load_job is set to true, all load jobs are prevented", ErrorCode::Load),
            ("unknown data format, format=xml", ErrorCode::Config),
            ("class com.starrocks.common.DdlException: There is no 100-continue header", ErrorCode::Config),
            (
                "body size 11 exceed limit: 10, You can increase the limit by setting streaming_load_max_mb in be.conf.",
                ErrorCode::Load,
            ),
            (
                "The size of this batch exceed the max size [104857600]  of json type data  data [ 1 ]. Set ignore_json_size",
                ErrorCode::Load,
            ),
        ];
        for (message, code) in permanent {
            assert!(matches!(classify(message), Class::Permanent(c, _) if c == code), "{message}");
        }
        for message in [
            "Failed to load data into tablet 1, because of too many versions, current/limit: 1020/1000. You can reduce",
            "current running txns on db 10 is 1000, larger than limit 1000",
            "streamload txn num per be exceeds limit, be: 1, txn_num: 2, limit: 2",
            "Service is shutting down, please retry later!",
            "Stream Load exceed http cuncurrent limit 3, please try again later",
            "class com.starrocks.common.DdlException: No backend alive.",
            "Memory of process exceed limit. Start execute plan fragment. Used: 1, Limit: 1. Mem usage has exceed the limit of BE",
            "get database read lock timeout, database=d, timeout=5000ms",
        ] {
            assert_eq!(classify(message), Class::Busy, "{message}");
        }
        assert_eq!(
            classify(
                "Commit transaction fail cause THRIFT_EAGAIN, Transaction status unknown, you can retry with same label."
            ),
            Class::Ambiguous
        );
        assert_eq!(
            classify("cancel stream task for exception: Label [x] has already been used."),
            Class::LabelUsed
        );
        assert_eq!(classify("all partitions have no load data"), Class::NoData);
        assert_eq!(classify("current fe is not master"), Class::Other);
        assert_eq!(classify("cancelled"), Class::Other);
        assert_eq!(classify(""), Class::Other);
    }
}
