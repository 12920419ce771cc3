//! The program: chooses between the commands that need no terminal and the browser, and says how it ended.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use reelscope::{
    cli::{self, Args, Failure},
    config::Config,
    runtime,
};

fn main() -> ExitCode {
    let args = Args::parse();
    match run(args) {
        Ok(code) => code,
        Err(failure) => {
            // Nobody to tell is no second failure.
            let _ = writeln!(io::stderr(), "reelscope: {failure}");
            ExitCode::from(failure.status as u8)
        }
    }
}

fn run(args: Args) -> Result<ExitCode, Failure> {
    // Variables that are not Unicode are none of ours.
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let config = Config::load(&environment, args.settings.config.clone(), args.settings.layer())?;
    runtime::log::start(config.log_path(), config.log_level);
    match &args.command {
        Some(command) => cli::run(command, &config).map(|()| ExitCode::SUCCESS),
        None => Err(Failure::new(cli::Status::Failed, "the browser is not there yet")),
    }
}
