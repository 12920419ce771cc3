//! The command line: its arguments, and the commands that need no terminal.
//!
//! Data goes to standard output, words to standard error; the exit statuses are [`Status`]. Uses the database's readers
//! directly: what these commands show, any program could show with this library. Must not know of the screen; `main` joins
//! the two.

pub mod args;
mod bots;
mod connect;
mod demo;
mod export;
mod failure;
mod json;
mod review;
pub mod secrets;
mod set;
mod show;
mod tables;
pub mod target;
mod token;
mod watch;
mod writing;

use std::io::{self, IsTerminal as _, Write};

pub use args::{Args, Command, Connecting, ScreenshotArgs};
pub use connect::{Context, Opening};
pub use failure::{Failure, Status};

use crate::{config::Config, keymap::Keymap};

/// Runs a command that needs no terminal, and says its exit status where that is no failure: 0, or 128+n where signal n ended it.
/// `screenshot` is not among them, it needs the screen's drawing.
///
/// # Errors
/// With the words for the user and the exit status. A reader that went away is none.
pub fn run(command: &Command, cx: Context<'_>) -> Result<u8, Failure> {
    let stdout = io::stdout();
    let to = if stdout.is_terminal() { Reader::Terminal } else { Reader::Program };
    let mut out = io::BufWriter::new(stdout.lock());
    let done = match command {
        Command::Tables(args) => tables::run(args, cx, to, &mut out),
        Command::Show(args) => show::run(args, cx, &mut out),
        Command::Export(args) => export::run(args, cx, to, &mut out),
        Command::Review(args) => review::run(args, cx, &mut out),
        Command::Set(args) => set::run(args, cx, &mut out),
        Command::Bots(args) => bots::run(args, cx, &mut out),
        Command::Demo(args) => demo::run(args, cx.config, &mut out),
        Command::Keys => keymap(cx.config).and_then(|keymap| Ok(write!(out, "{keymap}")?)),
        Command::Watch(args) => return quiet(watch::run(args, cx, to, &mut out)),
        Command::Screenshot(_) => Ok(()),
    };
    quiet(done.and_then(|()| Ok(out.flush()?)).map(|()| 0))
}

/// A reader that went away is no failure.
fn quiet(done: Result<u8, Failure>) -> Result<u8, Failure> {
    match done {
        Err(failure) if failure.is_reader_gone() => Ok(0),
        other => other,
    }
}

/// The keymap with the config file's changes.
///
/// # Errors
/// A key, context or action that is not known, with the file's name.
pub fn keymap(config: &Config) -> Result<Keymap, Failure> {
    Keymap::with(&config.keys).map_err(|words| {
        let file = config.keys_source.as_ref().map(|path| format!("{}: ", path.display())).unwrap_or_default();
        Failure::usage(format!("{file}{words}"))
    })
}

/// Who reads what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// A person, on a terminal that must not see control characters.
    Terminal,
    /// A program: exact bytes.
    Program,
}
