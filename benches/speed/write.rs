//! Writing: a thousand decisions in one transaction beside the same SQL in `sqlite3`, and from a decision's key to the next question.

use std::{
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reelscope::{
    db::{
        location::Location,
        session::ReadSession,
        write::{Grant, WriteSession},
    },
    domain::{
        change::{Batch, BatchId, Entry, EntryId, Outcome, TrailPolicy},
        review::{Decision, Priority, ReviewOrder, Verdict, change, guard},
    },
};

use crate::{
    pty::Terminal,
    report::{Line, Report, Verdict as Kept},
    samples::{Samples, ms},
    setting::{Setting, open, texts},
};

/// Rows of the ledger: the file is copied for every run.
const ROWS: u64 = 100_000;
const DECISIONS: usize = 1_000;
const NEXT: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(20);
const QUIET: Duration = Duration::from_millis(300);

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    report.part("decide in one batch", |report| batch(setting, report));
    report.part("key → next question", |report| next(setting, report));
    Ok(())
}

/// A copy in which so many questions are flagged, and their ids.
fn desk(setting: &Setting, name: &str) -> Result<(PathBuf, Vec<String>), String> {
    let path = setting.copy_of(ROWS, name)?;
    let connection = open(&path)?;
    let flag =
        format!("UPDATE questions SET status = 'flagged' WHERE id IN (SELECT id FROM questions LIMIT {DECISIONS})");
    connection.execute_batch(&flag).map_err(|error| error.to_string())?;
    let ids = texts(&connection, "SELECT id FROM questions WHERE status = 'flagged'")?;
    Ok((path, ids))
}

fn batch(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let runs = setting.runs(5, 3);
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    let (path, ids) = desk(setting, "write-statements.db")?;
    let script = path.with_extension("sql");
    let statements = statements(&path, &ids)?;
    File::create(&script)
        .and_then(|mut file| {
            file.write_all(format!("BEGIN IMMEDIATE;\n{}\nCOMMIT;\n", statements.join("\n")).as_bytes())
        })
        .map_err(|error| error.to_string())?;
    let mut has_sqlite3 = true;
    for _ in 0..runs {
        let (path, ids) = desk(setting, "write-ours.db")?;
        ours = ours.min(decide(setting, &path, &ids)?);
        let (path, _) = desk(setting, "write-theirs.db")?;
        match sqlite3(&path, &script)? {
            Some(took) => theirs = theirs.min(took),
            None => {
                has_sqlite3 = false;
                theirs = theirs.min(library(&path, &script)?);
            }
        }
    }
    if !has_sqlite3 {
        report.note("sqlite3 is not installed: the same SQL was run by the library instead, without a process");
    }
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    report.line(Line {
        what: format!("{} decisions in one batch, whole process", ids.len()),
        measured: ms(ours),
        reference: format!("the same SQL {} {}", if has_sqlite3 { "in sqlite3" } else { "by the library" }, ms(theirs)),
        ratio: Some(ratio),
        limit: "≥ 0.5 × its speed",
        verdict: Kept::of(ratio >= 0.5),
    });
    Ok(())
}

/// What deciding on these carries out, as SQL text.
fn statements(path: &Path, ids: &[String]) -> Result<Vec<String>, String> {
    let words = |error: reelscope::db::error::Error| error.to_string();
    let location = Location::File(path.to_owned());
    let mut read = ReadSession::open(&location).map_err(words)?;
    let schema = read.schema().map_err(words)?;
    let questions = schema.catalogued("questions").ok_or("no table questions")?;
    let at = Timestamp::now();
    let verdict =
        Verdict { decision: Decision::Approve, reason: None, priority: Priority::default(), author: "bench", at };
    let mut entries = Vec::new();
    for (id, number) in ids.iter().zip(1..) {
        let record = read.find(questions, id).map_err(words)?.ok_or_else(|| format!("{id} is gone"))?;
        let (change, trail) =
            change(questions, None, id, &record.key, &guard(&record), &verdict).map_err(|why| why.to_string())?;
        entries.push(Entry { id: EntryId(number), change, trail });
    }
    let batch = Batch { id: BatchId(1), entries, author: "bench".to_owned(), at, trail: TrailPolicy::Required };
    let mut session = Grant::open(&location).and_then(|grant| WriteSession::open(&grant)).map_err(words)?;
    match session.write(&batch).map_err(words)?.outcome {
        Outcome::Committed { written, .. } => Ok(written
            .into_iter()
            .flat_map(|written| written.statements)
            .map(|sql| format!("{};", sql.trim_end().trim_end_matches(';')))
            .collect()),
        other => Err(format!("not committed: {other:?}")),
    }
}

fn decide(setting: &Setting, path: &Path, ids: &[String]) -> Result<Duration, String> {
    let begun = Instant::now();
    let mut child = Command::new(Setting::program())
        .args(["review", "decide", "--write"])
        .arg(path)
        .args(["-", "approve"])
        .env("HOME", setting.home())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| error.to_string())?;
    let typed = child.stdin.take().map(|mut input| input.write_all(ids.join("\n").as_bytes()));
    let status = child.wait().map_err(|error| error.to_string())?;
    let took = begun.elapsed();
    typed.transpose().map_err(|error| error.to_string())?;
    if status.success() { Ok(took) } else { Err(format!("reelscope review decide: {status}")) }
}

/// Runs the script; `None` where there is no `sqlite3`.
fn sqlite3(path: &Path, script: &Path) -> Result<Option<Duration>, String> {
    let script = File::open(script).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    match Command::new("sqlite3").arg("-bail").arg(path).stdin(script).stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(Some(begun.elapsed())),
        Ok(status) => Err(format!("sqlite3: {status}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("sqlite3: {error}")),
    }
}

fn library(path: &Path, script: &Path) -> Result<Duration, String> {
    let sql = std::fs::read_to_string(script).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    open(path)?.execute_batch(&sql).map_err(|error| error.to_string())?;
    Ok(begun.elapsed())
}

/// From `a` to the frame that shows the next question.
fn next(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let (path, ids) = desk(setting, "write-keys.db")?;
    let keys = setting.runs(300, 100).min(ids.len().saturating_sub(2));
    let mut read = ReadSession::open(&Location::File(path.clone())).map_err(|error| error.to_string())?;
    let list = read.review(ReviewOrder::Flagged, keys + 2).map_err(|error| error.to_string())?;
    let answers = open(&path)?;
    drop(read);
    let place = path.to_str().ok_or("the path is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[place, "--write"], &setting.home())?;
    terminal.wait_for("the tables", PATIENCE, |screen| screen.contains("questions"))?;
    terminal.send(b"Q")?;
    terminal.wait_for("the first question", PATIENCE, |screen| screen.contains(" 0 decided"))?;
    terminal.settle(QUIET, PATIENCE)?;
    let mut latencies = Vec::new();
    for item in list.items.iter().skip(1).take(keys) {
        let sent = terminal.send(b"a")?;
        // That it is written is not waited for: the next question is there before.
        let shown = terminal.wait_for(&item.id, PATIENCE, |screen| is_open(screen, &item.id))?;
        latencies.push(shown - sent);
        terminal.settle(Duration::from_millis(20), PATIENCE)?;
    }
    let all = format!(" {keys} decided");
    terminal.wait_for("the last receipt", PATIENCE, |screen| screen.contains(&all))?;
    terminal.quit(b"\x03");
    let latencies = Samples::new(latencies);
    let left = texts(&answers, "SELECT id FROM questions WHERE status = 'flagged'")?.len();
    if left + keys != ids.len() {
        return Err(format!("{keys} were decided on, and {left} of {} are left", ids.len()));
    }
    report.plain(
        "a → the next question shown",
        latencies.spread(),
        "p99 ≤ 30 ms",
        Kept::of(latencies.quantile(0.99) <= NEXT),
    );
    Ok(())
}

/// Whether the question beside the list is this one: its id ends the line below the tabs.
fn is_open(screen: &str, id: &str) -> bool {
    screen.lines().nth(1).is_some_and(|line| line.trim_end().trim_end_matches('│').trim_end().ends_with(id))
}
