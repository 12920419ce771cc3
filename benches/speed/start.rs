//! From the start of the process to rows on the screen, and from `G` to the last page: against the least a program can do.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    minimal::ROWS,
    pty::Terminal,
    report::{Line, Report, Verdict},
    samples::{Samples, ms},
    setting::{Setting, number, open, texts},
};

const PATIENCE: Duration = Duration::from_secs(5);
/// No work is left over when nothing was written for so long.
const QUIET: Duration = Duration::from_millis(150);
/// Times of the minimal program that are allowed.
const LIMIT: f64 = 2.0;

/// How to know the first and the last page on a screen.
struct Pages {
    first: Vec<String>,
    last: Vec<String>,
}

impl Pages {
    fn of(path: &Path) -> Result<Self, String> {
        let connection = open(path)?;
        let end = number(&connection, "SELECT max(id) FROM bot_ledger")?;
        // Ids of the items stand behind the columns that are drawn first: a row that has them is whole. The last rows of all
        // stand among the bots' activity, too.
        let last = format!("SELECT item_id FROM bot_ledger WHERE id > {end} - 30 ORDER BY id LIMIT 3");
        Ok(Self {
            first: texts(&connection, "SELECT item_id FROM bot_ledger ORDER BY id LIMIT 3")?,
            last: texts(&connection, &last)?,
        })
    }
}

fn shows(screen: &str, words: &[String]) -> bool {
    words.iter().all(|word| screen.contains(word.as_str()))
}

/// (start to first rows, `G` to last rows)
fn once(program: &Path, arguments: &[&str], home: &Path, pages: &Pages) -> Result<(Duration, Duration), String> {
    let mut terminal = Terminal::start(program, arguments, home)?;
    let first = terminal.wait_for("the first rows", PATIENCE, |screen| shows(screen, &pages.first))?;
    let start = first.duration_since(terminal.started());
    terminal.settle(QUIET, PATIENCE)?;
    let pressed = terminal.send(b"G")?;
    let last = terminal.wait_for("the last rows", PATIENCE, |screen| shows(screen, &pages.last))?;
    terminal.quit(b"q");
    Ok((start, last.saturating_duration_since(pressed)))
}

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let big = setting.big()?;
    let path = big.to_str().ok_or("the path of the database is no text")?;
    let home = setting.home();
    let minimal = env::current_exe().map_err(|error| error.to_string())?;
    let pages = Pages::of(&big)?;
    let (mut starts, mut jumps) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    // One run of each before, so that both find their files in the system's cache.
    for run in 0..=setting.runs(25, 15) {
        let programs: [(&Path, &[&str]); 2] =
            [(Setting::program(), &[path, "bot_ledger"]), (&minimal, &["--minimal", path])];
        for (which, (program, arguments)) in programs.into_iter().enumerate() {
            let (start, jump) = once(program, arguments, &home, &pages)?;
            if run > 0 {
                starts[which].push(start);
                jumps[which].push(jump);
            }
        }
    }
    for (what, [ours, minimal]) in [("start → first rows on the screen", starts), ("`G` → last page drawn", jumps)]
    {
        let (ours, minimal) = (Samples::new(ours), Samples::new(minimal));
        let ratio = ours.median().as_secs_f64() / minimal.median().as_secs_f64();
        report.line(Line {
            what: what.to_owned(),
            measured: format!("{} (p90 {})", ms(ours.median()), ms(ours.quantile(0.9))),
            reference: format!("minimal ratatui program {} (p90 {})", ms(minimal.median()), ms(minimal.quantile(0.9))),
            ratio: Some(ratio),
            limit: "≤ 2 ×",
            verdict: Verdict::of(ratio <= LIMIT),
        });
    }
    sqlite3(path, setting.runs(25, 15), report);
    Ok(())
}

/// What the command-line program of SQLite takes as a whole, for orientation.
fn sqlite3(path: &str, runs: usize, report: &mut Report) {
    let sql = format!("SELECT * FROM bot_ledger ORDER BY id LIMIT {ROWS}");
    let mut times = Vec::new();
    for _ in 0..runs {
        let begun = Instant::now();
        let output = Command::new("sqlite3").arg(path).arg(&sql).stdin(Stdio::null()).output();
        match output {
            Ok(output) if output.status.success() && !output.stdout.is_empty() => times.push(begun.elapsed()),
            _ => {
                report.note("sqlite3 is not here, or does not read the file: not compared with it");
                return;
            }
        }
    }
    report.plain(
        &format!("whole process `sqlite3 FILE \"{sql}\"`"),
        ms(Samples::new(times).median()),
        "",
        Verdict::Told,
    );
}
