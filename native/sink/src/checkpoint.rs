//! The state of a checkpoint.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::config::Role;
use crate::counters::Cell;
use crate::delivery::{Delivery, Job};
use crate::error::SinkError;
use crate::flow::Class;
use crate::hold::{Before, Held};
use crate::session::Shared;
use crate::table::{Pending, Table};

/// The checkpoint that is being taken, piece by piece.
#[derive(Debug, Default)]
pub struct Snapshot {
    id: u64,
    taken: bool,
    finishing: bool,
    pieces: VecDeque<Piece>,
}

/// A piece of state, encoded only when it is asked for: it may be large.
#[derive(Debug)]
enum Piece {
    Batch { held: Arc<Held>, sequence: u64, checkpoint: u64, now: Before, after: Option<String> },
    Encoded(Vec<u8>),
}

impl Snapshot {
    /// A checkpoint whose rows are still on their way.
    pub fn begun(id: u64) -> Self {
        Self { id, ..Self::default() }
    }

    /// Says that no checkpoint will come any more.
    pub fn finish(&mut self) {
        self.finishing = true;
    }

    /// Whether all of its pieces were given out.
    pub fn is_given(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether no checkpoint will come any more.
    pub fn is_finishing(&self) -> bool {
        self.finishing
    }

    /// Notes what the state consists of, once all rows before the checkpoint are packed or prepared.
    pub(crate) fn take(&mut self, shared: &Shared) {
        if std::mem::replace(&mut self.taken, true) {
            return;
        }
        for table in shared.tables.all() {
            self.take_table(&table, shared);
        }
        // Also without open transactions: they are what may come after the checkpoint. And where a committer loads batches:
        // its labels are witnesses to the writer after this one.
        let delivery = shared.delivery();
        if delivery == Ok(Delivery::Transaction)
            || shared.role == Role::Writer && delivery == Ok(Delivery::Hold)
        {
            let records = shared.transactions.label_records(self.id);
            self.pieces.extend(records.iter().map(|record| Piece::Encoded(record.encode())));
        }
        shared.counters.set(Cell::LastCheckpointBytes, 0);
    }

    fn take_table(&mut self, table: &Arc<Table>, shared: &Shared) {
        let mut pending = table.pending();
        pending.cover(self.id);
        let mut after = None;
        for entry in &pending.held {
            let held = Arc::clone(&entry.what);
            let label = held.label.clone();
            self.pieces.push_back(Piece::Batch {
                held,
                sequence: entry.sequence,
                checkpoint: entry.checkpoint.unwrap_or(self.id),
                now: shared.hold.now(&table.database),
                after: after.replace(label),
            });
        }
        let mut after = None;
        for entry in &pending.prepared {
            let prepared = &entry.what;
            let checkpoint = entry.checkpoint.unwrap_or(self.id);
            let record =
                prepared.record(table, entry.sequence, checkpoint, after.replace(prepared.label.clone()));
            self.pieces.push_back(Piece::Encoded(record.encode()));
        }
        if shared.role == Role::Writer {
            hand_over(table, &mut pending, shared);
        }
        shared.hold.look_at_witness(table);
    }

    /// The next piece.
    pub(crate) fn next(&mut self, shared: &Shared) -> Result<Option<Vec<u8>>, SinkError> {
        let Some(piece) = self.pieces.pop_front() else { return Ok(None) };
        let bytes = match piece {
            Piece::Batch { held, sequence, checkpoint, now, after } => {
                held.encode(sequence, checkpoint, now, after)?
            }
            Piece::Encoded(bytes) => bytes,
        };
        shared.counters.add(Cell::LastCheckpointBytes, bytes.len() as i64);
        Ok(Some(bytes))
    }
}

/// Forgets what the pieces have; their committer does the rest. To the writer, the rows are on their way.
fn hand_over(table: &Arc<Table>, pending: &mut Pending, shared: &Shared) {
    let count = |rows: u64, bytes: u64| {
        shared.counters.add(Cell::RowsLoaded, rows as i64);
        shared.counters.add(Cell::BytesLoaded, bytes as i64);
    };
    for entry in pending.prepared.drain(..) {
        count(entry.what.rows, entry.what.bytes);
        shared.counters.add(Cell::PreparedTransactions, -1);
    }
    let last = pending.held.back().map(|entry| entry.what.label.clone());
    for entry in pending.held.drain(..) {
        count(entry.what.rows, entry.what.bytes());
    }
    if last.is_some()
        && let Some(before) = std::mem::replace(&mut pending.handed_over, last)
    {
        // Handed over a checkpoint ago, it is probably loaded by now.
        shared.flow.push(table.settle, Class::Control, Job::LookAt(Arc::clone(table), before));
    }
}
