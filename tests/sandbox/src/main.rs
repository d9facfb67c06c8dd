//! The command line of the sandbox.

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use starrocks_sandbox::config::{Command, Config, parse};
use starrocks_sandbox::server::Sandbox;
use std::io::Read as _;
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;

fn main() -> ExitCode {
    match parse(std::env::args_os()).map_err(|e| e.to_string()) {
        Ok(Command::Print(text)) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Ok(Command::Run(config)) => match run(*config) {
            Ok(()) => ExitCode::SUCCESS,
            Err(message) => fail(&message),
        },
        Err(message) => fail(&format!("{message} (see --help)")),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("starrocks-sandbox: {message}");
    ExitCode::FAILURE
}

/// Serves until a signal comes, or standard input ends.
fn run(config: Config) -> Result<(), String> {
    let (exit_with_stdin, ready_file) = (config.exit_with_stdin, config.ready_file.clone());
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(|e| format!("can't handle signals: {e}"))?;
    let sandbox = Sandbox::start(config)?;
    let ports = sandbox.ports_json().to_string();
    if let Some(file) = ready_file {
        // Renamed into place, so that whoever waits for the file never reads half of it.
        let partial = file.with_extension("partial");
        std::fs::write(&partial, &ports)
            .and_then(|()| std::fs::rename(&partial, &file))
            .map_err(|e| format!("can't write {}: {e}", file.display()))?;
    }
    println!("{ports}");
    let (stop, stopped) = mpsc::channel();
    if exit_with_stdin {
        let stop = stop.clone();
        thread::spawn(move || {
            // Whatever ends standard input ends the server.
            let _ = std::io::stdin().read_to_end(&mut Vec::new());
            let _ = stop.send(());
        });
    }
    thread::spawn(move || {
        signals.forever().next();
        let _ = stop.send(());
    });
    stopped.recv().map_err(|e| e.to_string())?;
    Ok(())
}
