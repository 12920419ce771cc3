//! `reelscope demo`: the demo's file, and big databases for measuring.

use std::io::{self, IsTerminal as _, Write};

use jiff::Timestamp;

use super::{
    Failure,
    args::{DemoArgs, DemoCommand},
};
use crate::{
    config::Config,
    db::{demo, generate},
};

pub(super) fn run(args: &DemoArgs, config: &Config, out: &mut dyn Write) -> Result<(), Failure> {
    match &args.command {
        DemoCommand::Path => {
            let path = demo::ensure(&config.cache, demo::DemoReset::Keep, Timestamp::now())?;
            Ok(writeln!(out, "{}", path.display())?)
        }
        DemoCommand::Generate { rows, path } => {
            let shown = io::stderr().is_terminal();
            let mut percent = u64::MAX;
            let mut progress = |done: u64, all: u64| {
                let now = (done * 100).checked_div(all).unwrap_or(100);
                if shown && now != percent {
                    percent = now;
                    // Nobody to tell is no failure.
                    let _ = write!(io::stderr(), "\r{now:3} %");
                }
            };
            let made = generate::generate(path, *rows, &mut progress);
            if shown {
                let _ = writeln!(io::stderr());
            }
            made?;
            Ok(writeln!(out, "{}", path.display())?)
        }
    }
}
