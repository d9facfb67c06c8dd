//! What a session is told when it is opened.

use std::sync::Arc;
use std::time::Duration;

use starrocks_format::{Properties, ZoneRules};
use starrocks_load::ClientConfig;
use starrocks_load::label::Labels;
use starrocks_row::Pairs;

use crate::error::{Code, SinkError};
use crate::pool::CHUNK;
use crate::writer::SealAt;

/// The configuration of one session.
pub struct Config {
    /// How to reach StarRocks.
    pub client: ClientConfig,
    /// When batches are sealed.
    pub seal_at: SealAt,
    /// The age at which a batch is sealed.
    pub interval: Duration,
    /// The bound on native memory, in bytes.
    pub max_memory: usize,
    /// Flusher threads.
    pub threads: usize,
    /// Where labels come from.
    pub labels: Labels,
    /// Number of the subtask, for thread names.
    pub subtask: u32,
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

        let threads = client.connections;
        let max_memory = bytes("sink.buffer.max-memory")?;
        let max_bytes = bytes("sink.buffer-flush.max-bytes")?;
        let chunk_limit = bytes("sink.chunk-limit")?;
        // Half of the memory fills while the other half is on its way.
        let open_bytes = max_bytes.min(max_memory / 2).max(CHUNK);
        let subtask = u32::try_from(number("context.subtask")?).unwrap_or(u32::MAX);
        let prefix = pairs.text("sink.label-prefix").map_err(invalid)?.filter(|text| !text.is_empty());
        let labels = Labels::new(
            prefix.unwrap_or("flink"),
            pairs.require("context.job-id").map_err(invalid)?,
            subtask,
        )?;
        let zone = match pairs.get("context.zone-transitions") {
            Some(transitions) => ZoneRules::decode(transitions).map_err(invalid)?,
            None => ZoneRules::utc(),
        };
        let properties = Properties::from_pairs(&pairs).map_err(invalid)?;
        Ok(Self {
            client,
            seal_at: SealAt {
                open_bytes,
                batch_bytes: open_bytes.min(chunk_limit),
                batch_rows: number("sink.buffer-flush.max-rows")?,
            },
            interval: Duration::from_millis(number("sink.buffer-flush.interval-ms")?),
            max_memory,
            threads,
            labels,
            subtask,
            properties,
            zone: Arc::new(zone),
        })
    }
}

fn invalid(error: impl ToString) -> SinkError {
    SinkError::new(Code::Config, format!("the sink's configuration can't be used: {}", error.to_string()))
}
