//! `starrocks-migrate-tool`: from the schema of a MySQL server to the DDL of a Flink CDC pipeline into StarRocks.
//!
//! A run goes through the modules in this order: `cli` and `config` (over `ini`) say what is wanted; `source` connects,
//! `catalog` reads the server once, `check` looks at its binlog settings and the user's rights; `generate` has each rule's
//! tables grouped by `shards` and planned by `plan` (`carry` says what can't be, `chunks` how snapshots are cut, `mysql_type`
//! and `types` know types), has the rules compared by `overlaps`, and all written as SQL by `starrocks_sql` and `flink_sql`
//! (over `quote`); `output` writes the files, `apply` creates the tables, `report` tells.

mod apply;
mod carry;
mod catalog;
mod check;
mod chunks;
mod cli;
mod config;
mod error;
mod flink_sql;
mod generate;
mod ini;
mod mysql_type;
mod output;
mod overlaps;
mod plan;
mod quote;
mod report;
mod shards;
mod source;
mod starrocks_sql;
mod types;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use catalog::{Catalog, Table};
use cli::{Arguments, Command};
use config::{Buckets, Config, Rule};
use error::{Error, Kind, Result};

/// Where the configuration is, unless told otherwise.
const CONFIG: &str = "conf/config_prod.conf";

/// Runs the program with its arguments, the name first. Prints to standard output and standard error.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let result = match cli::parse(arguments) {
        Ok(Command::Print(text)) => {
            print!("{text}");
            Ok(())
        }
        Ok(Command::Run(arguments)) => run(&arguments),
        Err(message) => Err(Error::input(format!("{message} (see --help)"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for problem in &error.problems {
                eprintln!("error: {problem}");
            }
            ExitCode::from(match error.kind {
                Kind::Failed => 1,
                Kind::Input => 2,
            })
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let (path, config) = read_config(arguments)?;
    let source = &config.source;
    let whose = format!("[db] of {}", path.display());
    let mut progress = |text: &str| eprintln!("{text}");
    progress(&format!("Reading the schema of {source:?}"));
    let mut connection = source::connect(&source.host, source.port, &source.user, &source.password, &whose)
        .map_err(Error::failed)?;
    let wanted = |database: &str, table: &str| config.rules.iter().any(|r| r.matches(database, table));
    let sizes = config.options.buckets == Buckets::Size;
    let counted = |table: &Table| {
        let of = |r: &&Rule| r.matches(&table.database, &table.name);
        config.rules.iter().filter(of).any(|r| chunks::counts_rows(r, &config.options, table))
    };
    let catalog = Catalog::read(&mut connection, sizes, wanted, counted, &mut progress)?;
    let results = generate::plan(&config, &catalog)?;

    let mut warnings = config.warnings.clone();
    if !arguments.skip_checks {
        let databases: BTreeSet<&str> = catalog.tables.iter().map(|t| t.database.as_str()).collect();
        warnings.extend(check::check(&mut connection, &databases)?);
    }
    if !catalog.compressed.is_empty() {
        warnings.push(format!(
            "Flink CDC can't read a binlog with changes of tables that have compressed columns, even of tables that it doesn't \
             carry: {}. Take COMPRESSED off them",
            generate::list(&catalog.compressed.iter().map(String::as_str).collect())
        ));
    }
    let time_zone = check::time_zone(&mut connection);
    drop(connection);
    let zone_needed = |t: &plan::Target| t.has_timestamp;
    for result in &results {
        if time_zone.is_none()
            && result.rule.cdc_option("server-time-zone").is_none()
            && result.targets.iter().any(zone_needed)
        {
            warnings.push(format!(
                "rule {}: there are timestamp columns, and the server's time zone has no clear name: set \
                 flink.cdc.server-time-zone, such as Asia/Shanghai",
                result.rule.name
            ));
        }
        if result.rule.cdc_option("server-id").is_some() && result.targets.len() > 1 {
            warnings.push(format!(
                "rule {}: its {} sources share flink.cdc.server-id, and binlog readers with the same id cut each other off; \
                 remove it, so that each source gets ids of its own",
                result.rule.name,
                result.targets.len()
            ));
        }
    }

    let folder = arguments.output.as_ref().unwrap_or(&config.options.output_dir);
    if arguments.dry_run {
        print!("{}", report::summary(&results, &warnings, arguments.verbose));
        println!("Nothing was written (--dry-run)");
        return Ok(());
    }
    let files = generate::files(&config, &results, time_zone.as_deref());
    output::write(folder, &files)?;
    let old = output::left_over(folder, &files);
    if !old.is_empty() {
        warnings.push(format!(
            "{} has files of an earlier run that this one didn't write: {}",
            folder.display(),
            old.join(", ")
        ));
    }
    print!("{}", report::summary(&results, &warnings, arguments.verbose));
    println!("Done writing to: {}", folder.display());
    if arguments.apply {
        let (made, found) = apply::apply(&config.options, &results, &mut progress)?;
        println!("StarRocks: {made} tables created, {found} were there already and are left as they are");
    }
    Ok(())
}

/// The configuration, and where it was found.
fn read_config(arguments: &Arguments) -> Result<(PathBuf, Config)> {
    let path = match &arguments.config {
        Some(path) => path.clone(),
        None => {
            let beside = env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join(CONFIG)));
            let here = PathBuf::from(CONFIG);
            match beside {
                Some(beside) if !here.exists() && beside.exists() => beside,
                _ => here,
            }
        }
    };
    let text = fs::read(&path).map_err(|e| {
        Error::input(format!(
            "can't read the configuration {}: {e}. Name it with --config FILE",
            path.display()
        ))
    })?;
    let text = String::from_utf8(text).map_err(|_| {
        Error::input(format!("the configuration {} is not in UTF-8: save it so", path.display()))
    })?;
    let config = config::parse(&text).map_err(|mut error| {
        for problem in &mut error.problems {
            *problem = format!("{}: {problem}", path.display());
        }
        error
    })?;
    Ok((path, config))
}
