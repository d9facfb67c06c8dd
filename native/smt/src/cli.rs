//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Print(String),
    Run(Arguments),
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) config: Option<PathBuf>,
    pub(crate) output: Option<PathBuf>,
    pub(crate) dry_run: bool,
    pub(crate) apply: bool,
    pub(crate) skip_checks: bool,
    pub(crate) verbose: bool,
}

const HELP: &str = "\
Reads the schema of MySQL or MariaDB and writes SQL that carries its tables through Flink CDC into StarRocks.

Usage: starrocks-migrate-tool [OPTION]...

  --config FILE   the configuration; conf/config_prod.conf here, or else beside the program, if not given
  --output DIR    where the files go, instead of output_dir in the configuration
  --apply         create the databases and tables in StarRocks too, over flink.starrocks.jdbc-url
  --dry-run       say what would be generated, and write and create nothing
  --skip-checks   don't check the source's binlog settings and the user's rights
  --verbose       list every table and warning, however many
  --help, --version

Files, for each rule N and for all rules together (all), readable by their owner alone:
  starrocks-create.N.sql            databases and tables, for StarRocks
  flink-create.N.sql                sources, sinks and INSERTs, for bin/sql-client.sh -f
  starrocks-external-create.N.sql   external tables, by which StarRocks reads MySQL itself

Exit codes: 0 done (perhaps with warnings), 1 failed, 2 wrong command line or configuration.

Configuration: [section] and key = value; # begins a comment line; values are taken as they stand, without quotes.

[db]                      the server to read
  host, user, password    password may be empty
  port                    3306
  type                    mysql (default) or mariadb

[other]                   for all rules
  be_num                  number of BEs: replication_num is the least of it and 3; unset, StarRocks chooses
  use_decimal_v3          true (default): DECIMAL up to 38 digits; false: up to 27 digits, 9 after the point, else text
  output_dir              ./result
  statement_set           off (default): a Flink job for each table; execute: one job for all (Flink 1.15 on);
                          begin: the same for the SQL client of Flink 1.13 and 1.14
  tinyint1                tinyint (default) or boolean: what tinyint(1) becomes where it is no key
  string_type             string (default) or varchar: VARCHAR(4n) for char(n), varchar(n), enum, set
  shards                  tables whose names differ by a number at the end are merged into NAME__auto_shard;
                          error (default): unless their columns differ, which ends the run; union: with all columns;
                          split: a target for each kind; separate: never merged
  shard_source            regex (default): the rule's expressions, so that new shards are read; list: today's names
  shard_key               false (default); true: the key of merged tables begins as it was and goes on with
                          shard_database and shard_table; without, equal keys of two shards overwrite each other
  unsupported             skip (default): columns and tables that can't be carried are left out, with a warning; fail
  buckets                 server (default): StarRocks chooses (2.5.7 on); size: one for each GiB, up to 4 for each BE
  external_tables         true (default) or false: write the third kind of file
  server_id_start         5400: the binlog readers' server ids are counted from here, without gaps or overlaps;
                          they must be unique among all replicas and jobs of the server
  server_ids_per_source   4: as many as the parallelism of a source
  flink.set.KEY           SET 'KEY' = 'value' at the head of the Flink files, such as
                          flink.set.execution.checkpointing.interval = 10s

[table-rule.N]            one section for each rule; nothing is inherited from another
  database, table         regular expressions that must match a whole name; ^ and $ at the ends are allowed
  schema                  accepted, and without meaning for MySQL
  flink.starrocks.KEY     options of the sink; jdbc-url, load-url, username, password are required.
                          JSON is the format, unless sink.properties.format or a separator is set
  flink.cdc.KEY           options of the source; they replace what is generated (hostname, server-id, ...), but for a
                          scan.incremental.snapshot.chunk.size at which rows with NULL would be missing
  properties.KEY          PROPERTIES of the StarRocks tables
  duplicate_keys          k1,k2: key of tables that have neither primary key nor unique index
  distributed_by          k1,k2: instead of the key
  bucket_num              number of buckets
  partition_key           column to partition by: a partition for each day, or
  partitions              such as START (\"2021-01-01\") END (\"2022-01-01\") EVERY (INTERVAL 1 day)
  target_database         instead of the source's database
  target_table            instead of the source's name, or of NAME__auto_shard

The user needs GRANT SELECT, SHOW DATABASES, REPLICATION SLAVE, REPLICATION CLIENT ON *.*; the server log_bin,
binlog_format = ROW and binlog_row_image = FULL. Connections are not encrypted; passwords are never sent in the clear.
";

/// Reads the arguments, of which the first is the program's name.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, String> {
    use lexopt::prelude::*;
    let mut parser = lexopt::Parser::from_iter(arguments);
    let mut result = Arguments::default();
    while let Some(argument) = parser.next().map_err(|e| e.to_string())? {
        match argument {
            Long("config") => result.config = Some(parser.value().map_err(|e| e.to_string())?.into()),
            Long("output") => result.output = Some(parser.value().map_err(|e| e.to_string())?.into()),
            Long("dry-run") => result.dry_run = true,
            Long("apply") => result.apply = true,
            Long("skip-checks") => result.skip_checks = true,
            Long("verbose") | Short('v') => result.verbose = true,
            Long("help") | Short('h') => return Ok(Command::Print(HELP.into())),
            Long("version") | Short('V') => {
                return Ok(Command::Print(format!("starrocks-migrate-tool {}\n", env!("CARGO_PKG_VERSION"))));
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    if result.dry_run && result.apply {
        return Err("--dry-run creates nothing, --apply does: give one of them".into());
    }
    Ok(Command::Run(result))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Command, String> {
        parse(std::iter::once("tool").chain(arguments.iter().copied()).map(OsString::from))
    }

    #[test]
    fn arguments() {
        let expected = Arguments {
            config: Some("c".into()),
            output: Some("o".into()),
            apply: true,
            ..Arguments::default()
        };
        assert_eq!(parsed(&["--config", "c", "--output=o", "--apply"]), Ok(Command::Run(expected)));
        assert!(parsed(&["--dry-run", "--apply"]).unwrap_err().contains("give one of them"));
        assert!(parsed(&["--confg", "c"]).unwrap_err().contains("--confg"));
        assert!(parsed(&["file"]).is_err());
    }

    #[test]
    fn help_fits_a_screen_s_width() {
        assert!(HELP.lines().all(|l| l.chars().count() <= 120), "too wide");
    }
}
