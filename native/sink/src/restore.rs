//! What a session does with the state of the checkpoint that it is restored from, before it takes rows.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::Role;
use crate::counters::Cell;
use crate::delivery::Job;
use crate::error::SinkError;
use crate::events::Level;
use crate::flow::Class;
use crate::hold::{Before, Held, Restored};
use crate::loader::Destination;
use crate::pack::Packed;
use crate::session::Shared;
use crate::state::{LabelsRecord, Record};
use crate::table::{Covered, Table};
use crate::transactions::Prepared;

/// Headers that say how to load, not what the bytes are: a restored batch gets those of today's options, so that a user
/// can change them to get a batch through.
const POLICY: [&str; 6] =
    ["max_filter_ratio", "timeout", "log_rejected_record_num", "load_mem_limit", "warehouse", "load_dop"];

/// The restored state, until it is on its way.
#[derive(Default)]
pub struct Restoring(Mutex<Records>);

#[derive(Default)]
struct Records {
    entries: Vec<Entry>,
    labels: Vec<LabelsRecord>,
}

/// Something that must be loaded or committed.
struct Entry {
    table: Arc<Table>,
    checkpoint: u64,
    sequence: u64,
    what: What,
}

enum What {
    Batch {
        database: String,
        headers: Vec<(String, String)>,
        raw: bool,
        label: String,
        rows: u64,
        packed: Packed,
        restored: Restored,
    },
    Prepared(Prepared),
}

impl What {
    fn label(&self) -> &str {
        match self {
            Self::Batch { label, .. } => label,
            Self::Prepared(prepared) => &prepared.label,
        }
    }

    fn after(&mut self) -> &mut Option<String> {
        match self {
            Self::Batch { restored, .. } => &mut restored.after,
            Self::Prepared(prepared) => &mut prepared.after,
        }
    }
}

impl Restoring {
    /// Takes one piece of state.
    ///
    /// A committer is given again what it hasn't settled yet: that is on its way already.
    pub fn add(&self, piece: &[u8], shared: &Shared) -> Result<(), SinkError> {
        let record = crate::state::decode(piece)?;
        if shared.role == Role::Committer && is_waiting(&record, shared) {
            return Ok(());
        }
        let restored = |checkpoint| (shared.role != Role::Committer).then_some(checkpoint);
        let entry = match record {
            Record::Labels(record) => {
                self.lock().labels.push(record);
                return Ok(());
            }
            Record::Batch(record, blocks) => Entry {
                table: shared.tables.get(&record.database, &record.table, &shared.flow),
                checkpoint: record.checkpoint,
                sequence: record.sequence,
                what: What::Batch {
                    packed: shared.hold.store.adopt(&record.label, &blocks)?,
                    database: record.database,
                    headers: record.headers,
                    raw: record.raw,
                    label: record.label,
                    rows: record.rows,
                    restored: Restored {
                        checkpoint: restored(record.checkpoint),
                        after: record.after,
                        before: Before { at: record.taken_at, witness: record.witness },
                    },
                },
            },
            Record::Prepared(record) => Entry {
                table: shared.tables.get(&record.database, &record.table, &shared.flow),
                checkpoint: record.checkpoint,
                sequence: record.sequence,
                what: What::Prepared(Prepared {
                    label: record.label,
                    rows: record.rows,
                    bytes: record.bytes,
                    prepared_at: record.prepared_at,
                    restored: restored(record.checkpoint),
                    after: record.after,
                    stall: Mutex::default(),
                }),
            },
        };
        self.lock().entries.push(entry);
        Ok(())
    }

    /// Sends everything on its way, in the order in which it was written. Gives the number of pieces.
    pub fn begin(&self, shared: &Shared) -> usize {
        let Records { mut entries, mut labels } = std::mem::take(&mut *self.lock());
        if !shared.clean_up || shared.role == Role::Committer {
            // What writers left open is for writers to find: a committer only has what they handed over.
            labels.clear();
        } else if shared.wanted.may_leave_transactions() {
            let stems = labels.iter().map(|record| record.stem.clone()).collect();
            labels.extend(shared.transactions.of_earlier_attempts(&stems));
        }
        let pieces = entries.len() + labels.len();
        shared.counters.add(Cell::Restoring, pieces as i64);
        if !entries.is_empty() && shared.role != Role::Committer {
            let rows: u64 = entries.iter().map(|entry| entry.rows()).sum();
            let text = format!(
                "restored {} batches or transactions with {rows} rows: they are loaded or committed before new rows are taken",
                entries.len()
            );
            shared.loader.tell(Level::Info, text);
        }

        entries.sort_by_key(|entry| (entry.checkpoint, entry.sequence));
        // What another subtask has must be waited for; what is ours comes before by its place.
        let ours: HashSet<String> = entries.iter().map(|entry| entry.what.label().to_owned()).collect();
        for mut entry in entries {
            entry.what.after().take_if(|after| ours.contains(after));
            entry.push(shared);
        }
        for record in labels {
            let table = shared.tables.get(&record.database, &record.table, &shared.flow);
            if shared.role == Role::Writer
                && shared.wanted.may_hold()
                && let Some(last) = record.next.checked_sub(1)
            {
                let label = format!("{}-{last}", record.stem);
                shared.flow.push(table.settle, Class::Control, Job::LookAt(Arc::clone(&table), label));
            }
            shared.flow.push(table.settle, Class::Control, Job::RollBack(record));
        }
        pieces
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Records> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a record's batch or transaction was given before and isn't settled yet.
pub fn is_waiting(record: &Record<'_>, shared: &Shared) -> bool {
    let (database, table, label) = match record {
        Record::Batch(batch, _) => (&batch.database, &batch.table, &batch.label),
        Record::Prepared(prepared) => (&prepared.database, &prepared.table, &prepared.label),
        Record::Labels(_) => return false,
    };
    shared.tables.get(database, table, &shared.flow).pending().has(label)
}

impl Entry {
    fn rows(&self) -> u64 {
        match &self.what {
            What::Batch { rows, .. } => *rows,
            What::Prepared(prepared) => prepared.rows,
        }
    }

    fn push(self, shared: &Shared) {
        let Self { table, checkpoint, what, .. } = self;
        match what {
            What::Batch { database, headers, raw, label, rows, packed, restored } => {
                let today = POLICY
                    .iter()
                    .filter_map(|name| Some(((*name).to_owned(), shared.properties.get(name)?.to_owned())));
                let headers = with_policy(headers, today);
                let destination = Arc::new(Destination { database, table: table.name.clone(), headers, raw });
                let held = Arc::new(Held::restored(destination, label, rows, packed, restored));
                let mut pending = table.pending();
                let sequence = pending.next_sequence();
                pending.held.push_back(Covered {
                    what: Arc::clone(&held),
                    sequence,
                    checkpoint: Some(checkpoint),
                    allowed: true,
                });
                drop(pending);
                shared.flow.push(table.settle, Class::Send, Job::Load(Arc::clone(&table), held));
            }
            What::Prepared(prepared) => {
                let prepared = Arc::new(prepared);
                let mut pending = table.pending();
                let sequence = pending.next_sequence();
                pending.prepared.push_back(Covered {
                    what: Arc::clone(&prepared),
                    sequence,
                    checkpoint: Some(checkpoint),
                    allowed: true,
                });
                drop(pending);
                shared.counters.add(Cell::PreparedTransactions, 1);
                shared.flow.push(table.settle, Class::Control, Job::Commit(Arc::clone(&table), prepared));
            }
        }
    }
}

/// The headers of a batch, with what today's options say of how to load.
fn with_policy(
    headers: Vec<(String, String)>,
    today: impl Iterator<Item = (String, String)>,
) -> Vec<(String, String)> {
    let is_policy = |name: &str| POLICY.iter().any(|policy| name.eq_ignore_ascii_case(policy));
    headers.into_iter().filter(|(name, _)| !is_policy(name)).chain(today).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_restored_batch_keeps_its_shape_and_gets_todays_policy() {
        let stored = pairs(&[("format", "json"), ("Max_Filter_Ratio", "0"), ("columns", "a,b")]);
        let today = pairs(&[("max_filter_ratio", "0.5"), ("timeout", "60")]);
        assert_eq!(
            with_policy(stored, today.into_iter()),
            pairs(&[("format", "json"), ("columns", "a,b"), ("max_filter_ratio", "0.5"), ("timeout", "60")])
        );
    }
}
