//! `starrocks-migrate-tool`: see its `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    starrocks_migrate::main(std::env::args_os())
}
