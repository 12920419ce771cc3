//! Measures how fast and how small Reelscope is, against the limits it set itself.
//!
//! ```text
//! cargo bench --bench speed [-- SECTION … [--rows N] [--quick] [--markdown]]
//! ```
//!
//! Each line says what was measured, what it is compared with (measured in the same run), the limit, and `ok` or `MISSED`. A
//! limit that is missed is no failure: machines differ. What could not be measured is one: exit status 1.
//!
//! The generated database is made once in `target/bench` and kept. Sections that type run the real program in a pseudo-terminal
//! of 200×60; the others call the library. Those with servers start a real sqld, found as the tests find it, behind the tests' proxy.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints what it measured")]

mod bots;
mod draw;
mod export;
mod generate;
mod idle;
mod inserts;
mod keys;
mod memory;
mod minimal;
mod pages;
mod process;
mod pty;
mod remote;
mod replica;
mod report;
mod samples;
mod server;
mod server_keys;
mod setting;
mod soak;
mod start;
mod support;
mod typing;
mod write;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    process::ExitCode,
};

use report::Report;
use setting::Setting;

type Section = fn(&Setting, &mut Report) -> Result<(), String>;

/// The sections, in the order they are run.
const SECTIONS: [(&str, Section); 15] = [
    ("generate", generate::run),
    ("start", start::run),
    ("pages", pages::run),
    ("keys", keys::run),
    ("draw", draw::run),
    ("memory", memory::run),
    ("idle", idle::run),
    ("inserts", inserts::run),
    ("bots", bots::run),
    ("write", write::run),
    ("server", server::run),
    ("server-keys", server_keys::run),
    ("export", export::run),
    ("replica", replica::run),
    ("soak", soak::run),
];

/// What the command line asks for.
struct Wanted {
    sections: Vec<&'static (&'static str, Section)>,
    rows: u64,
    quick: bool,
    markdown: bool,
}

impl Wanted {
    fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut wanted = Self { sections: Vec::new(), rows: 1_000_000, quick: false, markdown: false };
        let mut arguments = arguments.iter();
        let mut rows = None;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                // cargo says this to every benchmark.
                "--bench" => {}
                "--quick" => wanted.quick = true,
                "--markdown" => wanted.markdown = true,
                "--rows" => {
                    let number = arguments.next().and_then(|number| number.replace([',', '_'], "").parse().ok());
                    rows = Some(number.ok_or("--rows wants a number")?);
                }
                name => {
                    let all: Vec<_> = SECTIONS.iter().map(|(name, _)| *name).collect();
                    let section = SECTIONS.iter().find(|(section, _)| *section == name);
                    wanted.sections.push(section.ok_or_else(|| format!("no section {name}: {}", all.join(", ")))?);
                }
            }
        }
        if wanted.quick {
            wanted.rows = 100_000;
        }
        wanted.rows = rows.unwrap_or(wanted.rows);
        if wanted.sections.is_empty() {
            wanted.sections = SECTIONS.iter().collect();
        }
        Ok(wanted)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        // What follows are the roles this program plays for itself in processes of their own.
        ["--minimal", path] => {
            minimal::run(Path::new(path)).map(|()| ExitCode::SUCCESS).map_err(|error| error.to_string())
        }
        ["--insert", path, seconds, rows] => (seconds.parse())
            .and_then(|seconds| Ok((seconds, rows.parse()?)))
            .map_err(|_| "seconds and rows are numbers".to_owned())
            .and_then(|(seconds, rows)| inserts::insert(Path::new(path), seconds, rows))
            .map(|()| ExitCode::SUCCESS),
        _ => Wanted::parse(&arguments).and_then(|wanted| measure(&wanted)),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("speed: {error}");
        ExitCode::FAILURE
    })
}

fn measure(wanted: &Wanted) -> Result<ExitCode, String> {
    // Before files are opened by `rusqlite`: copies of servers are made in this process, too.
    reelscope::db::replica::prepare();
    let setting = Setting::new(wanted.rows, wanted.quick)?;
    let mut report = Report::default();
    report.note(&format!("{} ledger rows; {}", setting.rows, machine()));
    for (name, section) in &wanted.sections {
        report.section(name);
        // The tests' servers and proxies panic where they fail.
        let outcome = catch_unwind(AssertUnwindSafe(|| section(&setting, &mut report)));
        if let Err(why) = outcome.unwrap_or_else(|_| Err("it panicked".to_owned())) {
            report.unmeasured(name, &why);
        }
    }
    if wanted.markdown {
        report.markdown();
    }
    println!("\n{} limits missed, {} things not measured", report.missed(), report.failures());
    Ok(if report.failures() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What it runs on, and how busy that is with other things.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    format!("{cores} cores, load {load} at the start")
}
