//! Measures each stage of a row's way through the native half of the sink.
//!
//! ```text
//! starrocks-bench time [PART]            nanoseconds per row: median, least and greatest of many runs
//! starrocks-bench count [PART]           instructions per row, counted by valgrind: the same in every run
//! starrocks-bench count --record FILE    ... and writes them into FILE
//! starrocks-bench count --check FILE     ... and compares them with those in FILE
//! starrocks-bench send SERVER            nanoseconds of sending, to a server that this program runs
//! ```
//!
//! PART: only stages whose name holds it. Nanoseconds say little on a machine that others use; instructions
//! can be held against those of another day.

mod rows;
mod send;
mod stages;

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use stages::Stage;

/// Runs before anything is measured: they fill caches and pools.
const WARM_UP: usize = 3;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["time"] => time(""),
        ["time", part] => time(part),
        ["count"] => print(&count("")?, &[]),
        ["count", "--record", file] => record(&count("")?, file)?,
        ["count", "--check", file] => print(&count("")?, &recorded(file)?),
        ["count", part] => print(&count(part)?, &[]),
        ["send", server] => send::run(Path::new(server))?,
        // What `count` runs under valgrind.
        ["run", part] => chosen(part).iter_mut().for_each(run_once),
        _ => {
            return Err(
                "usage: starrocks-bench time|count [PART | --record FILE | --check FILE], or send SERVER"
                    .into(),
            );
        }
    }
    Ok(())
}

fn chosen(part: &str) -> Vec<Stage> {
    let mut stages = stages::stages(&rows::shapes());
    stages.retain(|stage| stage.name.contains(part));
    stages
}

fn time(part: &str) {
    println!("{:<38} {:>10} {:>10} {:>10}  ns per row", "stage", "median", "least", "greatest");
    for mut stage in chosen(part) {
        let mut samples = Vec::new();
        let end = Instant::now() + Duration::from_millis(400);
        while samples.len() < WARM_UP + 5 || Instant::now() < end {
            let start = Instant::now();
            stage.measured();
            samples.push(start.elapsed().as_nanos() as f64 / stage.rows as f64);
            stage.reset();
        }
        samples.drain(..WARM_UP);
        samples.sort_by(f64::total_cmp);
        let (median, least) = (samples[samples.len() / 2], samples[0]);
        println!("{:<38} {median:>10.1} {least:>10.1} {:>10.1}", stage.name, samples[samples.len() - 1]);
    }
}

/// What is counted: one run of a stage, warmed up.
fn run_once(stage: &mut Stage) {
    for _ in 0..=WARM_UP {
        stage.measured();
        stage.reset();
    }
}

/// Runs this program under valgrind, which counts the instructions within [`Stage::measured`] and dumps them
/// each time that it returns.
fn count(part: &str) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let folder = env::temp_dir().join(format!("starrocks-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let out = folder.join("out");
    let status = Command::new("valgrind")
        // Two different patterns: of two equal ones, only the first takes effect.
        .args(["--tool=callgrind", "--toggle-collect=*Stage*measured*", "--dump-after=*::measured*"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(env::current_exe()?)
        .args(["run", part])
        .stderr(Stdio::null())
        .status()
        .map_err(|error| format!("valgrind can't be run ({error}): install it"))?;
    if !status.success() {
        return Err(format!("valgrind ended with {status}").into());
    }
    let runs = WARM_UP + 1;
    let counts = chosen(part)
        .iter()
        .enumerate()
        .map(|(i, stage)| {
            // Dumps are numbered from 1; the last run of each stage is the one that counts.
            let dump = folder.join(format!("out.{}", (i + 1) * runs));
            let text = fs::read_to_string(&dump).map_err(|error| format!("{}: {error}", dump.display()))?;
            let total = text.lines().find_map(|line| line.strip_prefix("totals: "));
            let total: f64 = total.ok_or("a dump of valgrind's has no total")?.trim().parse()?;
            Ok((stage.name.clone(), total / stage.rows as f64))
        })
        .collect::<Result<Vec<_>, Box<dyn Error>>>();
    fs::remove_dir_all(&folder)?;
    counts
}

fn print(counts: &[(String, f64)], before: &[(String, f64)]) {
    println!("{:<38} {:>10} {:>10} {:>7}  instructions per row", "stage", "now", "recorded", "ratio");
    for (name, now) in counts {
        match before.iter().find(|(other, _)| other == name) {
            Some((_, then)) => println!("{name:<38} {now:>10.1} {then:>10.1} {:>7.3}", now / then),
            None => println!("{name:<38} {now:>10.1}"),
        }
    }
}

fn record(counts: &[(String, f64)], file: &str) -> Result<(), Box<dyn Error>> {
    print(counts, &[]);
    let lines: String = counts.iter().map(|(name, count)| format!("{name}\t{count:.1}\n")).collect();
    Ok(fs::write(Path::new(file), format!("stage\tinstructions per row\n{lines}"))?)
}

fn recorded(file: &str) -> Result<Vec<(String, f64)>, Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
    text.lines()
        .skip(1)
        .map(|line| {
            let (name, count) = line.split_once('\t').ok_or_else(|| format!("{file}: no TAB in '{line}'"))?;
            Ok((name.to_owned(), count.parse()?))
        })
        .collect()
}
