//! What a session is told when it is opened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use starrocks_format::{Properties, ZoneRules};
use starrocks_load::label::Labels;
use starrocks_load::{ClientConfig, Compression};
use starrocks_row::Pairs;

use crate::delivery::{Delivery, InDoubt, Wanted};
use crate::error::{Code, SinkError};
use crate::pool::CHUNK;
use crate::writer::SealAt;

/// How many attempts before this one are looked after: each of them has looked after those before it, if it got as far.
/// Flink counts those too that found no TaskManager, and with a short delay makes some hundreds while one is replaced.
const EARLIER_ATTEMPTS: u32 = 256;

/// What part of a sink a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// All of it.
    Whole,
    /// What takes rows. At a checkpoint it hands over what waits for that to complete, and forgets it.
    Writer,
    /// What settles that, once the checkpoint has completed. It takes no rows.
    Committer,
}

/// Bytes from which on a batch may be loaded while it fills, at least: smaller ones are quickly sent. Where batches are
/// large it is an eighth, so that pauses in the input don't make many small loads of them.
const STREAM_FROM: usize = 4 * 1024 * 1024;

/// The configuration of one session.
pub struct Config {
    /// How to reach StarRocks.
    pub client: ClientConfig,
    /// When batches are sealed.
    pub seal_at: SealAt,
    /// Bytes from which on a batch may be loaded while it fills.
    pub stream_from: usize,
    /// The age at which a batch is sealed.
    pub interval: Duration,
    /// The bound on native memory, in bytes.
    pub max_memory: usize,
    /// Flusher threads.
    pub threads: usize,
    /// Where labels come from.
    pub labels: Labels,
    /// The labels of attempts before this one, the latest first.
    pub earlier: Vec<Labels>,
    /// Number of the subtask, for thread names.
    pub subtask: u32,
    /// What part of a sink it is.
    pub role: Role,
    /// How rows are delivered.
    pub delivery: Wanted,
    /// What to do where it can't be found out whether rows are loaded.
    pub in_doubt: InDoubt,
    /// Whether transactions that former sessions left open are rolled back.
    pub clean_up: bool,
    /// How many labels to look at for that, per table and former session; `None`: until the server knows no more.
    pub most_cleaned: Option<u64>,
    /// How long the server lets a transaction be open.
    pub transaction_timeout: Duration,
    /// Folders for temporary files.
    pub temporary_folders: Vec<PathBuf>,
    /// `sink.properties.*`, without the prefix.
    pub properties: Properties,
    /// The zone in which TIMESTAMP_LTZ values become wall time.
    pub zone: Arc<ZoneRules>,
}

impl Config {
    /// Reads a configuration from pairs: the options under their own keys, and `context.*`, which says whose
    /// session it is. The options have been checked on the Java side; here only what can't be used is an error.
    pub fn decode(bytes: &[u8]) -> Result<Self, SinkError> {
        let pairs = Pairs::decode(bytes).map_err(invalid)?;
        let client = ClientConfig::from_options(|key| pairs.text(key).ok().flatten())?;
        let number = |key: &str| -> Result<u64, SinkError> {
            let text = pairs.require(key).map_err(invalid)?;
            text.trim()
                .parse()
                .map_err(|_| invalid(format!("option '{key}': '{text}' is not a whole number")))
        };
        let bytes = |key: &str| Ok::<_, SinkError>(usize::try_from(number(key)?).unwrap_or(usize::MAX));

        let option = |key: &str| Ok::<_, SinkError>(pairs.text(key).map_err(invalid)?.unwrap_or_default());

        let threads = client.connections;
        let role = role(pairs.text("context.role").map_err(invalid)?)?;
        let delivery = wanted(
            option("sink.semantic")?,
            option("sink.version")?,
            option("sink.at-least-once.use-transaction-stream-load")? == "true",
        )?;
        let max_memory = share(bytes("sink.buffer.max-memory")?, role, delivery);
        let max_bytes = bytes("sink.buffer-flush.max-bytes")?;
        let chunk_limit = bytes("sink.chunk-limit")?;
        // Half of the memory fills while the other half is on its way.
        let open_bytes = max_bytes.min(max_memory / 2).max(CHUNK);
        let subtask = u32::try_from(number("context.subtask")?).unwrap_or(u32::MAX);
        let prefix = pairs.text("sink.label-prefix").map_err(invalid)?.filter(|text| !text.is_empty());
        let prefix = prefix.unwrap_or("flink");
        let job = pairs.require("context.job-id").map_err(invalid)?;
        let (labels, earlier) = match pairs.text("context.lineage").map_err(invalid)? {
            Some(lineage) => {
                let attempt = u32::try_from(number("context.attempt")?).unwrap_or(u32::MAX);
                let of = |attempt| Labels::of_attempt(prefix, job, subtask, lineage, attempt);
                let earlier = (attempt.saturating_sub(EARLIER_ATTEMPTS)..attempt).rev().map(of);
                (of(attempt)?, earlier.collect::<Result<_, _>>()?)
            }
            None => (Labels::new(prefix, job, subtask)?, Vec::new()),
        };
        let zone = match pairs.get("context.zone-transitions") {
            Some(transitions) => ZoneRules::decode(transitions).map_err(invalid)?,
            None => ZoneRules::utc(),
        };
        let properties = Properties::from_pairs(&pairs).map_err(invalid)?;
        let most_cleaned: i64 = match option("sink.exactly-once.check-num-lingering-txn")? {
            "" => -1,
            text => text.parse().map_err(|_| {
                invalid(format!(
                    "option 'sink.exactly-once.check-num-lingering-txn': '{text}' is not a whole number"
                ))
            })?,
        };
        let folders = option("context.temporary-folders")?;
        let batch_bytes = open_bytes.min(chunk_limit);
        let stream_from = match pairs.text("context.stream-from").map_err(invalid)? {
            Some(_) => bytes("context.stream-from")?,
            None => (batch_bytes / 8).max(STREAM_FROM),
        };
        Ok(Self {
            stream_from,
            role,
            delivery,
            in_doubt: in_doubt(option("sink.exactly-once.in-doubt")?)?,
            clean_up: option("sink.exactly-once.enable-abort-lingering-txn")? != "false",
            most_cleaned: u64::try_from(most_cleaned).ok(),
            transaction_timeout: transaction_timeout(&properties),
            temporary_folders: folders
                .split('\n')
                .filter(|text| !text.is_empty())
                .map(PathBuf::from)
                .collect(),
            client,
            seal_at: SealAt { open_bytes, batch_bytes, batch_rows: number("sink.buffer-flush.max-rows")? },
            interval: Duration::from_millis(number("sink.buffer-flush.interval-ms")?),
            max_memory,
            threads,
            labels,
            earlier,
            subtask,
            properties,
            zone: Arc::new(zone),
        })
    }

    /// How bodies are compressed.
    pub(crate) fn compression(&self) -> Option<Compression> {
        let name = self.properties.get("compression")?.trim().to_owned();
        Compression::announced(&[("compression".to_owned(), name)])
    }
}

fn role(text: Option<&str>) -> Result<Role, SinkError> {
    match text {
        None => Ok(Role::Whole),
        Some("writer") => Ok(Role::Writer),
        Some("committer") => Ok(Role::Committer),
        Some(other) => Err(invalid(format!("'context.role' = '{other}'"))),
    }
}

/// What a session may take of the memory of the whole sink. A committer holds rows only where batches are state.
fn share(whole: usize, role: Role, delivery: Wanted) -> usize {
    let committer = if delivery.may_hold() { whole / 4 } else { 0 };
    match role {
        Role::Whole => whole,
        Role::Writer => whole - committer,
        Role::Committer => committer,
    }
}

/// How long the server lets a transaction be open: the user's, else what the client asks for.
fn transaction_timeout(properties: &Properties) -> Duration {
    let seconds = properties.get("timeout").and_then(|text| text.trim().parse().ok()).filter(|&s| s > 0);
    Duration::from_secs(seconds.unwrap_or(600))
}

/// How the options want rows delivered; what is missing has its default.
fn wanted(semantic: &str, version: &str, transactions: bool) -> Result<Wanted, SinkError> {
    use Delivery::{Hold, Load, LoadInTransaction, Transaction};
    match (semantic, version.to_ascii_uppercase().as_str()) {
        ("" | "at-least-once", "V1") => Ok(Wanted::Exactly(Load)),
        ("" | "at-least-once", _) if transactions => Ok(Wanted::IfTransactions(LoadInTransaction, Load)),
        ("" | "at-least-once", _) => Ok(Wanted::Exactly(Load)),
        ("exactly-once", "V1") => Ok(Wanted::Exactly(Hold)),
        ("exactly-once", "V2") => Ok(Wanted::Exactly(Transaction)),
        ("exactly-once", "" | "AUTO") => Ok(Wanted::IfTransactions(Transaction, Hold)),
        _ => Err(invalid(format!("'sink.semantic' = '{semantic}', 'sink.version' = '{version}'"))),
    }
}

fn in_doubt(text: &str) -> Result<InDoubt, SinkError> {
    match text {
        "" | "fail" => Ok(InDoubt::Fail),
        "load-again" => Ok(InDoubt::LoadAgain),
        "skip" => Ok(InDoubt::Skip),
        other => Err(invalid(format!("'sink.exactly-once.in-doubt' = '{other}'"))),
    }
}

fn invalid(error: impl ToString) -> SinkError {
    SinkError::new(Code::Config, format!("the sink's configuration can't be used: {}", error.to_string()))
}
