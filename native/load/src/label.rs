//! Load labels: the names under which StarRocks remembers loads, unique per database.
//!
//! StarRocks takes labels of 1 to 128 characters out of `[-_A-Za-z0-9]` (its rule is `^[-\w]{1,128}$`).

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use crate::LoadError;

/// The longest label that StarRocks takes, in characters.
pub const MAX_LABEL_LEN: usize = 128;

/// The longest prefix that leaves room for what makes labels unique and traceable.
pub const MAX_PREFIX_LEN: usize = 48;

/// Checks the option `sink.label-prefix`.
///
/// # Errors
/// `Config`, when it is empty, longer than [`MAX_PREFIX_LEN`], or has a character outside `[-_A-Za-z0-9]`.
pub fn check_prefix(prefix: &str) -> Result<(), LoadError> {
    let fail = |why: String| {
        Err(LoadError::config(format!(
            "sink.label-prefix '{prefix}' {why}: 1 to {MAX_PREFIX_LEN} characters of letters, digits, '-' and '_' are \
             allowed, because StarRocks takes no others in a label"
        )))
    };
    if prefix.is_empty() {
        return fail("is empty".to_owned());
    }
    if let Some(bad) = prefix.chars().find(|&c| !legal(c)) {
        return fail(format!("has the character '{}'", bad.escape_debug()));
    }
    if prefix.len() > MAX_PREFIX_LEN {
        return fail(format!("has {} characters", prefix.len()));
    }
    Ok(())
}

pub(crate) fn legal(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Digits of the largest number in a label.
const MAX_DIGITS: usize = 20;

/// Mints the labels of one session: `{prefix}-{table}-{subtask}-{job}{id}-{n}`, where `job` is the start of the
/// job's id, `id` is 64 bits of the session alone (random, or made from what tells the attempt from all others), and `n`
/// counts the table's labels from 0. No two are ever the same, neither within a session nor among sessions, whatever tables they are for. Any thread may mint.
///
/// What stands before the last `-` is the table's *stem*, which no other table has, be it one of the same name in another
/// database. As `n` has no gaps, who knows the stem and the number minted next at some time can find all labels minted
/// later, by asking the server for one after the other.
#[derive(Debug)]
pub struct Labels {
    prefix: String,
    session: String,
    tables: Mutex<Tables>,
}

#[derive(Debug, Default)]
struct Tables {
    /// By database and table.
    series: HashMap<(String, String), Series>,
    stems: HashSet<String>,
}

/// The labels of a table.
#[derive(Debug)]
struct Series {
    stem: String,
    /// The number minted next.
    next: u64,
}

impl Labels {
    /// Labels for subtask `subtask` of job `job_id` (any text; what is legal in a label is used of it).
    ///
    /// # Errors
    /// `Config` when the prefix can't be used, see [`check_prefix`].
    pub fn new(prefix: &str, job_id: &str, subtask: u32) -> Result<Labels, LoadError> {
        let mut random = [0; 8];
        getrandom::getrandom(&mut random)
            .map_err(|e| LoadError::config(format!("no random numbers for load labels: {e}")))?;
        Labels::with_id(prefix, job_id, subtask, u64::from_be_bytes(random))
    }

    /// The labels of one attempt to run a subtask. `lineage` tells the subtask, and what runs it, from all others there
    /// ever were; so the attempts after it, which know its number, find what it left behind.
    ///
    /// # Errors
    /// As [`new`](Labels::new).
    pub fn of_attempt(
        prefix: &str,
        job_id: &str,
        subtask: u32,
        lineage: &str,
        attempt: u32,
    ) -> Result<Labels, LoadError> {
        Labels::with_id(prefix, job_id, subtask, fnv1a(format!("{lineage}/{attempt}").as_bytes()))
    }

    fn with_id(prefix: &str, job_id: &str, subtask: u32, id: u64) -> Result<Labels, LoadError> {
        check_prefix(prefix)?;
        let job: String = job_id.chars().filter(|c| c.is_ascii_alphanumeric()).take(8).collect();
        let session = format!("{subtask}-{job}{id:016x}");
        Ok(Labels { prefix: prefix.to_owned(), session, tables: Mutex::default() })
    }

    /// A label for a batch of a table, never given out before: its [`stem`](Labels::stem), `-`, and the number that
    /// [`next`](Labels::next) gave.
    pub fn mint(&self, database: &str, table: &str) -> String {
        self.with_series(database, table, |series| {
            let label = format!("{}-{}", series.stem, series.next);
            series.next += 1;
            label
        })
    }

    /// What the table's labels begin with.
    pub fn stem(&self, database: &str, table: &str) -> String {
        self.with_series(database, table, |series| series.stem.clone())
    }

    /// The number of the table's label that is minted next: how many were minted.
    pub fn next(&self, database: &str, table: &str) -> u64 {
        self.with_series(database, table, |series| series.next)
    }

    fn with_series<T>(&self, database: &str, table: &str, look: impl FnOnce(&mut Series) -> T) -> T {
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let Tables { series, stems } = &mut *tables;
        let key = (database.to_owned(), table.to_owned());
        look(series.entry(key).or_insert_with(|| {
            // Who comes second to a name has it told apart by its database.
            let mut name = table.to_owned();
            let mut stem = self.stem_of(&name);
            while !stems.insert(stem.clone()) {
                name = format!("{name}.{database}");
                stem = self.stem_of(&name);
            }
            Series { stem, next: 0 }
        }))
    }

    fn stem_of(&self, name: &str) -> String {
        let room = MAX_LABEL_LEN.saturating_sub(self.prefix.len() + self.session.len() + MAX_DIGITS + 3);
        format!("{}-{}-{}", self.prefix, table_part(name, room), self.session)
    }
}

/// The table's name, or where it has other characters or is too long, what is legal of its start and a hash of it.
fn table_part(table: &str, room: usize) -> String {
    if table.len() <= room && !table.is_empty() && table.chars().all(legal) {
        return table.to_owned();
    }
    let hash = format!("{:016x}", fnv1a(table.as_bytes()));
    let start: String =
        table.chars().filter(|&c| legal(c)).take(room.saturating_sub(hash.len() + 1).min(24)).collect();
    if start.is_empty() { hash } else { format!("{start}_{hash}") }
}

/// FNV-1a, 64 bits: stable over releases, so that a table keeps its label form.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_are_checked() {
        for good in ["a", "A-z_09", "-", &"x".repeat(MAX_PREFIX_LEN)] {
            assert_eq!(check_prefix(good), Ok(()));
        }
        for bad in ["", "a b", "a.b", "ü", "a/b", "a\n", &"x".repeat(MAX_PREFIX_LEN + 1)] {
            let e = check_prefix(bad).unwrap_err();
            assert!(e.message.contains("sink.label-prefix"), "{e}");
            assert!(Labels::new(bad, "job", 0).is_err());
        }
    }

    #[test]
    fn labels_can_be_traced() {
        let labels = Labels::new("flink", "3f2504e04f8941d39a0c0305e82c3301", 7).unwrap();
        let label = labels.mint("d", "orders");
        assert!(label.starts_with("flink-orders-7-3f2504e0"), "{label}");
        assert!(label.ends_with("-0"), "{label}");
    }

    #[test]
    fn each_table_counts_its_labels() {
        let labels = Labels::new("p", "job", 0).unwrap();
        let long = "t".repeat(500);
        for n in 0..3 {
            for table in ["a", "ä", &long] {
                assert_eq!(labels.next("d", table), n);
                assert_eq!(labels.mint("d", table), format!("{}-{n}", labels.stem("d", table)));
            }
        }
        assert_eq!(labels.next("d", "b"), 0);
    }

    #[test]
    fn tables_of_one_name_count_apart_and_their_labels_differ() {
        let labels = Labels::new("p", "job", 0).unwrap();
        let long = "t".repeat(500);
        let mut seen = HashSet::new();
        for n in 0..3 {
            for (database, table) in [("d", "t"), ("e", "t"), ("f", "t"), ("d", &*long), ("e", &long)] {
                let label = labels.mint(database, table);
                assert!(label.ends_with(&format!("-{n}")), "{label}");
                assert!(label.len() <= MAX_LABEL_LEN && label.chars().all(legal), "{label}");
                assert!(seen.insert(label));
            }
        }
    }

    #[test]
    fn later_attempts_know_the_labels_of_earlier_ones() {
        let labels = |lineage: &str, attempt| Labels::of_attempt("p", "job", 1, lineage, attempt).unwrap();
        let first = labels("a", 0);
        let minted: Vec<_> = (0..3).map(|_| first.mint("d", "t")).collect();
        let stem = labels("a", 0).stem("d", "t");
        assert_eq!(minted, [format!("{stem}-0"), format!("{stem}-1"), format!("{stem}-2")]);
        let others = [labels("a", 1), labels("a", 10), labels("b", 0), Labels::new("p", "job", 1).unwrap()];
        let stems: HashSet<_> = others.iter().map(|labels| labels.stem("d", "t")).chain([stem]).collect();
        assert_eq!(stems.len(), 5);
    }

    #[test]
    fn no_two_labels_are_the_same() {
        let sessions: Vec<_> = (0..4).map(|_| Labels::new("p", "same", 1).unwrap()).collect();
        let mut seen = HashSet::new();
        for labels in &sessions {
            std::thread::scope(|scope| {
                let mint = || (0..200).map(|_| labels.mint("d", "t")).collect::<Vec<_>>();
                let threads: Vec<_> = (0..4).map(|_| scope.spawn(mint)).collect();
                for thread in threads {
                    for label in thread.join().unwrap() {
                        assert!(seen.insert(label));
                    }
                }
            });
        }
    }

    #[test]
    fn odd_table_names_are_replaced_and_kept_apart() {
        let labels = Labels::new(&"p".repeat(MAX_PREFIX_LEN), "job", u32::MAX).unwrap();
        let part = |table: &str| table_part(table, 40);
        assert_eq!(part("t_1"), "t_1");
        assert_ne!(part("täble"), part("tüble"));
        assert!(part("täble").starts_with("tble_"));
        assert_eq!(part("表").len(), 16);
        assert!(labels.mint("d", &"t".repeat(500)).len() <= MAX_LABEL_LEN);
    }

    proptest! {
        #[test]
        fn every_label_is_legal(
            prefix in "[-_A-Za-z0-9]{1,48}", job in ".{0,40}", subtask in any::<u32>(), table in ".{0,200}"
        ) {
            let labels = Labels::new(&prefix, &job, subtask).unwrap();
            labels.with_series("d", &table, |series| series.next = u64::MAX - 1);
            let label = labels.mint("d", &table);
            prop_assert!((1..=MAX_LABEL_LEN).contains(&label.len()), "{}", label);
            prop_assert!(label.chars().all(legal), "{}", label);
            prop_assert!(label.starts_with(&prefix));
        }
    }
}
