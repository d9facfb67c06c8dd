//! Seeded courses of a job, its checkpoints and restarts, while anything may go wrong on the server.
//!
//! A source counts rows; one or several subtasks write them into three tables, one with a PRIMARY KEY. Checkpoints
//! fail, complete late or unheard, and jobs are killed, cancelled, and restored with another parallelism. In the end, and
//! after each death, the tables must hold what the completed checkpoints cover, each row once.
//!
//! `STORMS=FIRST..END` runs these seeds instead of a few of them; a failure names its seed.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::{Duration, Instant};

use starrocks_faults::{Job, PATIENCE, State, World};
use starrocks_row::Op;
use starrocks_sandbox::config::Config as ServerConfig;
use starrocks_sandbox::faults::{Fault, Kind, Op as Ask};
use starrocks_sink::{Code, SinkError};

/// Rows of a whole run.
const ROWS: u64 = 150;

/// Keys of the table with a PRIMARY KEY.
const KEYS: u64 = 17;

/// Deaths after which the server is left in peace, so that each course ends.
const DEATHS: u32 = 12;

const TABLES: [&str; 3] = ["t", "u", "p"];

const FAULTS: [(Option<Ask>, Kind); 38] = [
    (None, Kind::FeError),
    (None, Kind::NoBackend),
    (None, Kind::CloseIdle),
    (None, Kind::ResetInBody),
    (None, Kind::BodyCut),
    (None, Kind::RedirectDeadPort),
    (None, Kind::AnswerTruncated),
    (None, Kind::AnswerEmpty),
    (None, Kind::AnswerUnknownStatus),
    (None, Kind::StateDrop),
    (None, Kind::StateHttpError),
    (None, Kind::PublishTimeout),
    (None, Kind::PublishDelay),
    (None, Kind::EarlyErrorReset),
    (Some(Ask::StreamLoad), Kind::DropAnswerAfterCommit),
    (Some(Ask::StreamLoad), Kind::DieBeforeCommit),
    (Some(Ask::StreamLoad), Kind::HoldThenVisible),
    (Some(Ask::StreamLoad), Kind::HoldThenAbort),
    (Some(Ask::StreamLoad), Kind::StatusUnknownCommitted),
    (Some(Ask::StreamLoad), Kind::StatusUnknownAborted),
    (Some(Ask::StreamLoad), Kind::Fail),
    (Some(Ask::StreamLoad), Kind::CommitDelay),
    (Some(Ask::Begin), Kind::TxnDropAnswer),
    (Some(Ask::Load), Kind::TxnDropAnswer),
    (Some(Ask::Prepare), Kind::TxnDropAnswer),
    (Some(Ask::Commit), Kind::TxnDropAnswer),
    (Some(Ask::Rollback), Kind::TxnDropAnswer),
    (Some(Ask::Load), Kind::TxnFail),
    (Some(Ask::Prepare), Kind::TxnFail),
    (Some(Ask::Commit), Kind::TxnFail),
    (Some(Ask::Rollback), Kind::TxnFail),
    (Some(Ask::Load), Kind::TxnInProcessing),
    (Some(Ask::Prepare), Kind::TxnInProcessing),
    (Some(Ask::Commit), Kind::TxnDelay),
    (Some(Ask::Prepare), Kind::TxnLoseContext),
    (Some(Ask::Load), Kind::TxnKillBe),
    (None, Kind::TxnLeaderChange),
    (Some(Ask::Rollback), Kind::TxnRollbackLate),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Batches,
    Transactions,
    AtLeastOnce,
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }
}

/// A completed checkpoint: the rows before `position`, in the state of all subtasks, and whose it is.
#[derive(Default, Clone)]
struct Checkpoint {
    position: u64,
    state: State,
}

struct Course {
    world: World,
    mode: Mode,
    seed: u64,
    dice: Dice,
    /// What was done, told when it fails.
    story: Vec<String>,
    completed: Checkpoint,
    checkpoints: u64,
    attempts: u32,
    /// Attempts that died before a checkpoint of their own completed: nobody knows of what they left open.
    unknown: Vec<String>,
}

/// Why an attempt is over.
enum End {
    Died,
    Finished,
}

impl Course {
    fn new(mode: Mode, seed: u64) -> Self {
        let world =
            World::with(ServerConfig { heartbeat: Duration::from_millis(150), ..ServerConfig::default() });
        world.create_table("u", "DUPLICATE KEY (id)");
        world.create_table("p", "PRIMARY KEY (id)");
        let mut dice = Dice(seed);
        for (number, (op, kind)) in (0u64..).zip(FAULTS) {
            // Some courses are calm but for a few kinds of faults, which then strike more often.
            if dice.percent(50) {
                continue;
            }
            let times = match kind {
                // The sink waits some seconds for what the FE has and no BE knows.
                Kind::TxnLoseContext | Kind::TxnKillBe => 1,
                // Labels that a leader forgets are gaps, which end the search for lingering transactions.
                Kind::TxnLeaderChange => 2,
                _ => 0,
            };
            world.inject(Fault {
                op,
                times,
                probability: Some([0.01, 0.03, 0.1][dice.below(3) as usize]),
                seed: seed * 1000 + number,
                delay_ms: Some(40),
                ..Fault::new(kind)
            });
        }
        Self {
            world,
            mode,
            seed,
            dice,
            story: Vec::new(),
            completed: Checkpoint::default(),
            checkpoints: 0,
            attempts: 0,
            unknown: Vec::new(),
        }
    }

    fn tell(&mut self, text: impl Into<String>) {
        self.story.push(text.into());
    }

    fn run(mut self) {
        let deadline = Instant::now() + 4 * PATIENCE;
        loop {
            self.attempts += 1;
            if self.attempts > DEATHS {
                self.world.sandbox.server().faults.remove(None);
            }
            assert!(Instant::now() < deadline && self.attempts < 3 * DEATHS, "no end: {}", self.report());
            let before = self.checkpoints_completed();
            let end = self.attempt();
            if self.checkpoints_completed() == before {
                self.unknown.push(self.job_id());
            }
            self.check(matches!(end, End::Finished));
            if matches!(end, End::Finished) {
                return;
            }
        }
    }

    fn checkpoints_completed(&self) -> u64 {
        self.completed.position
    }

    fn report(&self) -> String {
        format!("seed {}\n{}", self.seed, self.story.join("\n"))
    }

    fn job_id(&self) -> String {
        format!("a{:04}", self.attempts)
    }

    fn open(&mut self, parallelism: u64) -> Vec<Job> {
        let job_id = self.job_id();
        let threads = (1 + self.dice.below(2)).to_string();
        let rows_per_batch = (5 + self.dice.below(40)).to_string();
        let way: &[(&str, &str)] = match self.mode {
            Mode::Batches => &[("sink.semantic", "exactly-once"), ("sink.version", "V1")],
            Mode::Transactions => &[("sink.semantic", "exactly-once"), ("sink.version", "V2")],
            Mode::AtLeastOnce => &[("sink.at-least-once.use-transaction-stream-load", "true")],
        };
        let open = |subtask: u64| {
            let subtask = subtask.to_string();
            let mut options = vec![
                ("context.job-id", &*job_id),
                ("context.subtask", &*subtask),
                ("sink.io.thread-count", &*threads),
                ("sink.buffer-flush.max-rows", &*rows_per_batch),
                ("sink.max-retries", "6"),
                ("sink.retry.interval-ms", "5"),
            ];
            options.extend(way);
            let job = self.world.job(&options);
            for table in &TABLES[1..] {
                job.table(table, *table == "p");
            }
            job
        };
        (0..parallelism).map(open).collect()
    }

    /// From a start to a death, or to the end.
    fn attempt(&mut self) -> End {
        let parallelism = 1 + self.dice.below(3);
        let position = self.completed.position;
        self.tell(format!("{}: {parallelism} subtasks from row {position}", self.job_id()));
        let jobs = self.open(parallelism);
        match self.live(&jobs) {
            Ok(end) => {
                let kill = matches!(end, End::Died) && self.dice.percent(70);
                self.tell(format!("{} is {}", self.job_id(), if kill { "killed" } else { "closed" }));
                jobs.into_iter().for_each(|job| if kill { job.kill() } else { drop(job) });
                end
            }
            Err(error) => {
                self.tell(format!("{} fails: {error}", self.job_id()));
                // No fault here leaves anything in doubt for good.
                assert!(
                    error.retriable || error.code == Code::Cancelled,
                    "{error}: {}{}",
                    self.report(),
                    jobs.iter().map(Job::log).collect::<String>()
                );
                End::Died
            }
        }
    }

    fn live(&mut self, jobs: &[Job]) -> Result<End, SinkError> {
        self.restore(jobs)?;
        let mut position = self.completed.position;
        let mut late = Vec::new();
        while position < ROWS {
            let end = (position + 1 + self.dice.below(30)).min(ROWS);
            self.write(jobs, position..end)?;
            position = end;
            if self.dice.percent(30) {
                jobs.iter().try_for_each(Job::seal)?;
            }
            for id in std::mem::take(&mut late) {
                self.tell(format!("checkpoint {id} is heard of"));
                jobs.iter().try_for_each(|job| job.complete(id))?;
            }
            if self.dice.percent(7) {
                return Ok(End::Died);
            }
            if self.dice.percent(45) {
                let (id, state) = self.checkpoint(jobs)?;
                if self.dice.percent(15) {
                    self.tell(format!("checkpoint {id} at {position} fails"));
                    continue;
                }
                self.completed = Checkpoint { position, state };
                self.tell(format!("checkpoint {id} at {position} completes"));
                match self.dice.below(10) {
                    0 => return Ok(End::Died),
                    1 | 2 => late.push(id),
                    3 => {
                        // Only some hear of it.
                        for job in jobs {
                            if self.dice.percent(50) {
                                job.complete(id)?;
                            }
                        }
                    }
                    _ => jobs.iter().try_for_each(|job| job.complete(id))?,
                }
                if self.dice.percent(10) {
                    std::thread::sleep(Duration::from_millis(self.dice.below(30)));
                    return Ok(End::Died);
                }
            }
        }
        let (id, state) = self.checkpoint(jobs)?;
        self.completed = Checkpoint { position, state };
        self.tell(format!("last checkpoint {id} completes"));
        jobs.iter().try_for_each(|job| job.complete(id))?;
        jobs.iter().try_for_each(Job::settle)?;
        Ok(End::Finished)
    }

    /// The pieces go to any subtask.
    fn restore(&mut self, jobs: &[Job]) -> Result<(), SinkError> {
        let mut parts = vec![Vec::new(); jobs.len()];
        for piece in &self.completed.state {
            parts[self.dice.below(jobs.len() as u64) as usize].push(piece);
        }
        for (job, part) in jobs.iter().zip(parts) {
            job.begin_restore(part)?;
        }
        let deadline = Instant::now() + PATIENCE;
        // Each may have to wait for another.
        while !jobs.iter().map(Job::is_ready).collect::<Result<Vec<_>, _>>()?.iter().all(|ready| *ready) {
            assert!(Instant::now() < deadline, "never ready: {}", self.report());
            std::thread::sleep(Duration::from_millis(2));
        }
        let logs: String = jobs.iter().map(Job::log).collect();
        self.tell(format!("restored: {}", logs.replace(|c: char| c.is_control(), " ")));
        Ok(())
    }

    fn write(&mut self, jobs: &[Job], rows: Range<u64>) -> Result<(), SinkError> {
        let subtasks = jobs.len() as u64;
        for (subtask, job) in (0u64..).zip(jobs) {
            for (number, table) in (0u16..).zip(TABLES) {
                let ours = rows.clone().filter_map(|n| match table {
                    "p" => (n % KEYS % subtasks == subtask).then(|| change(n)),
                    _ => (n % subtasks == subtask).then(|| (n, Op::Upsert, format!("row {n}"))),
                });
                job.write_to(number, ours)?;
            }
        }
        Ok(())
    }

    fn checkpoint(&mut self, jobs: &[Job]) -> Result<(u64, State), SinkError> {
        self.checkpoints += 1;
        let id = self.checkpoints;
        jobs.iter().try_for_each(|job| job.begin_snapshot(id))?;
        if self.dice.percent(5) {
            // Interrupted, and begun anew.
            self.checkpoints += 1;
        }
        let id = self.checkpoints;
        let states = jobs.iter().map(|job| job.snapshot(id)).collect::<Result<Vec<_>, _>>()?;
        Ok((id, states.concat()))
    }

    /// What must be there after an attempt: nothing that isn't covered, and in the end all of it.
    fn check(&self, finished: bool) {
        let covered = self.completed.position;
        if finished {
            self.world.sandbox.server().faults.remove(None);
        }
        for table in &TABLES[..2] {
            let expected: Vec<u64> = (0..covered).collect();
            if self.mode == Mode::AtLeastOnce {
                if finished {
                    let mut there = self.world.ids(table);
                    there.dedup();
                    assert_eq!(there, expected, "{table}: {}", self.report());
                }
            } else if finished {
                self.world.expect_ids(table, &expected, &self.report());
            } else {
                let there = self.world.ids(table);
                let once = there.windows(2).all(|pair| pair[0] < pair[1]);
                let all_covered = there.iter().all(|id| *id < covered);
                assert!(once && all_covered, "{table} has {there:?} at {covered}: {}", self.report());
            }
        }
        if finished {
            let mut model = BTreeMap::new();
            for (key, op, payload) in (0..covered).map(change) {
                match op {
                    Op::Delete => drop(model.remove(&key)),
                    Op::Upsert => drop(model.insert(key, payload)),
                }
            }
            let model: Vec<_> = model.into_iter().collect();
            let deadline = Instant::now() + Duration::from_secs(5);
            // What was committed may be published late.
            while self.world.payloads("p") != model && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            assert_eq!(self.world.payloads("p"), model, "{}", self.report());
            let lingering = || {
                let known = |label: &String| !self.unknown.iter().any(|attempt| label.contains(&**attempt));
                self.world.open_labels().into_iter().filter(known).collect::<Vec<_>>()
            };
            // At least once, what was open when a job was killed is left to time out.
            while self.mode != Mode::AtLeastOnce && !lingering().is_empty() {
                assert!(Instant::now() < deadline, "{:?} stay open: {}", lingering(), self.report());
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
}

/// The change of the table with a PRIMARY KEY that row `n` makes.
fn change(n: u64) -> (u64, Op, String) {
    (n % KEYS, if n % 11 == 3 { Op::Delete } else { Op::Upsert }, format!("v{n}"))
}

fn storms(mode: Mode) {
    let seeds = match std::env::var("STORMS") {
        Ok(range) => {
            let (first, end) = range.split_once("..").expect("STORMS=FIRST..END");
            first.parse().expect("a number")..end.parse().expect("a number")
        }
        Err(_) if mode == Mode::Batches => 0..6,
        // Lost transactions are waited for: these are quick ones.
        Err(_) => 3008..3010,
    };
    for seed in seeds {
        let start = Instant::now();
        let run = std::panic::catch_unwind(|| Course::new(mode, seed).run());
        eprintln!("seed {seed}: {} ms", start.elapsed().as_millis());
        assert!(run.is_ok(), "seed {seed} fails, see above");
    }
}

#[test]
fn exactly_once_by_batches() {
    storms(Mode::Batches);
}

#[test]
fn exactly_once_by_transactions() {
    storms(Mode::Transactions);
}

#[test]
fn at_least_once_by_transactions() {
    storms(Mode::AtLeastOnce);
}
