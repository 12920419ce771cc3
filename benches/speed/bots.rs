//! Watching the bots: four processes that write 2,000 rows a second, how soon a row is on the screen, and five million rows at the start.

use std::{
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use reelscope::{
    db::{
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot},
        workers::Database,
    },
    domain::{activity::ActivityUpdate, bots::Board},
};

use crate::{
    inserts::Inserter,
    keys, process,
    pty::{Look, Terminal},
    report::{Line, Report, Verdict},
    samples::Samples,
    setting::{Setting, number, open},
    typing::{Pace, Random, any, storm},
};

/// Writers, and rows of each of their transactions, which come every 10 ms.
const WRITERS: usize = 4;
const ROWS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);
const PACE: Pace = Pace::Within(Duration::from_millis(24));
/// From insert to screen, at most.
const SOON: Duration = Duration::from_millis(50);
/// The program's share of a core while 2,000 rows/s come.
const SHARE: f64 = 0.15;
/// Rows of the large ledger.
const LARGE: u64 = 5_000_000;

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    report.part("four writers, counted", |report| counted(setting, report));
    report.part("four writers, watched", |report| watched(setting, report));
    report.part("insert to screen", |report| soon(setting, report));
    report.part("a large ledger", |report| large(setting, report));
    Ok(())
}

fn writers(path: &Path, seconds: u64) -> Result<Vec<Inserter>, String> {
    (0..WRITERS).map(|_| Inserter::start_with(path, seconds, ROWS)).collect()
}

fn finish(writers: Vec<Inserter>, report: &mut Report) -> Result<(), String> {
    let words = writers.into_iter().map(Inserter::finish).collect::<Result<Vec<_>, _>>()?;
    report.note(&format!("the writers: {}", words.join("; ")));
    Ok(())
}

/// What the reader told.
#[derive(Default)]
struct Told {
    shown: std::collections::BTreeSet<i64>,
    skipped: u64,
    twice: usize,
    tallied: u64,
    board: Board,
}

impl Told {
    fn take(&mut self, update: &ActivityUpdate) {
        self.skipped += update.ledger_skipped;
        self.twice += update.ledger.iter().filter(|row| !self.shown.insert(row.id)).count();
        if update.board.ledger_anew {
            self.tallied = 0;
        }
        self.tallied += update.board.ledger.iter().map(|tally| tally.rows).sum::<u64>();
        self.board.take(update, jiff::Timestamp::now());
    }
}

/// Follows a file: what is told, as it comes.
fn follow(path: &Path) -> (Database, mpsc::Receiver<Result<Answer, reelscope::db::error::Error>>) {
    let (sender, updates) = mpsc::channel();
    let database = Database::open(Location::File(path.to_path_buf()), move |reply| {
        if let Reply::Answer { slot: Slot::Activity, outcome, .. } = reply {
            let _ = sender.send(outcome);
        }
    });
    database.submit(Request {
        slot: Slot::Activity,
        id: RequestId(1),
        query: Query::Activity,
        freshness: Freshness::Any,
    });
    (database, updates)
}

fn counted(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let path = setting.copy_of(10_000, "bots.db")?;
    let seconds = setting.runs(60, 5) as u64;
    let (_database, updates) = follow(&path);
    let mut told = Told::default();
    let before = number(&open(&path)?, "SELECT count(*) FROM bot_ledger")?.unsigned_abs();
    let take = |told: &mut Told, patience: Duration| match updates.recv_timeout(patience) {
        Ok(Ok(Answer::Activity(update))) => {
            told.take(&update);
            Ok(true)
        }
        Ok(other) => Err(format!("the activity answers {other:?}")),
        Err(_) => Ok(false),
    };
    while !told.board.read().all {
        if !take(&mut told, PATIENCE)? {
            return Err("the activity does not answer".to_owned());
        }
    }
    let first = told.shown.len() as u64;
    let own = std::process::id();
    let cpu = process::cpu(own)?;
    let begun = Instant::now();
    let writers = writers(&path, seconds)?;
    let all = before + seconds * 100 * ROWS * WRITERS as u64;
    let deadline = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
    while told.tallied < all && Instant::now() < deadline {
        take(&mut told, Duration::from_millis(200))?;
    }
    let share = process::cpu(own)?.saturating_sub(cpu).as_secs_f64() / begun.elapsed().as_secs_f64();
    finish(writers, report)?;
    // What comes now would be told twice.
    while take(&mut told, Duration::from_secs(2))? {}
    let there = number(&open(&path)?, "SELECT count(*) FROM bot_ledger")?.unsigned_abs();
    let came = there - before;
    report.plain(
        &format!("2,000 rows/s from four processes for {seconds} s"),
        format!(
            "{came} came, {} shown, {} counted, {} twice, {} of {there} on the board",
            told.shown.len() as u64 - first,
            told.skipped,
            told.twice,
            told.tallied
        ),
        "none lost, none twice",
        Verdict::of(
            told.twice == 0
                && told.shown.len() as u64 - first + told.skipped == came
                && told.tallied == there
                && there == all,
        ),
    );
    report.note(&format!("the reader, and counting what it tells: {:.1} % of a core", share * 100.0));
    Ok(())
}

/// The program, with the bots on its whole screen.
fn watching(setting: &Setting, path: &Path) -> Result<Terminal, String> {
    let text = path.to_str().ok_or("the path of the database is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[text, "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.send(b"B")?;
    terminal.settle(Duration::from_millis(500), PATIENCE)?;
    Ok(terminal)
}

fn watched(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let path = setting.copy_of(10_000, "bots.db")?;
    let seconds = setting.runs(60, 8) as u64;
    let mut terminal = watching(setting, &path)?;
    let pid = terminal.pid()?;
    let busy = writers(&path, seconds)?;
    // Not the start of the writers.
    thread::sleep(Duration::from_secs(2));
    let (cpu, memory, (bytes, frames)) = (process::cpu(pid)?, process::memory(pid)?, terminal.received());
    let begun = Instant::now();
    let end = begun + Duration::from_secs(seconds - 3);
    while Instant::now() < end {
        thread::sleep(Duration::from_millis(100));
        terminal.catch_up(Look::Skim);
    }
    let wall = begun.elapsed().as_secs_f64();
    let share = process::cpu(pid)?.saturating_sub(cpu).as_secs_f64() / wall;
    let grown = process::memory(pid)?.saturating_sub(memory);
    terminal.catch_up(Look::Read);
    let (bytes, frames) = (terminal.received().0 - bytes, terminal.received().1 - frames);
    finish(busy, report)?;
    report.plain(
        "the program while they are watched on 200×60",
        format!("{:.1} % of a core", share * 100.0),
        "≤ 15 %",
        Verdict::of(share <= SHARE),
    );
    report.note(&format!(
        "{:.0} frames/s, {:.0} bytes a frame, memory {:+.1} MiB in {wall:.0} s",
        frames as f64 / wall,
        bytes as f64 / frames.max(1) as f64,
        grown as f64 / 1024.0
    ));
    let busy = writers(&path, seconds)?;
    let typed = storm(&mut terminal, &mut Random::new(5), 100_000, Duration::from_secs(seconds), PACE, any)?;
    finish(busy, report)?;
    keys::line(report, "key → frame while they write", &typed);
    terminal.quit(b"\x03");
    Ok(())
}

fn soon(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let path = setting.copy_of(10_000, "bots.db")?;
    let mut terminal = watching(setting, &path)?;
    let writer = open(&path)?;
    writer.busy_timeout(Duration::from_secs(5)).map_err(|error| error.to_string())?;
    let (mut latencies, mut random) = (Vec::new(), Random::new(6));
    for round in 0..setting.runs(300, 60) {
        thread::sleep(Duration::from_millis(40 + random.below(200)));
        let item = format!("soon-{round}-");
        let sql = "INSERT INTO bot_ledger (bot_name, action, item_type, item_id, reason, created_at) \
                   VALUES ('creator', 'update', 'question', ?1, '', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))";
        writer.execute(sql, [&item]).map_err(|error| error.to_string())?;
        let committed = Instant::now();
        let at = terminal.wait_for("the row", PATIENCE, |screen| screen.contains(item.as_str()))?;
        latencies.push(at.saturating_duration_since(committed));
    }
    let samples = Samples::new(latencies);
    report.plain("insert → screen", samples.spread(), "p99 ≤ 50 ms", Verdict::of(samples.quantile(0.99) <= SOON));
    terminal.quit(b"\x03");
    Ok(())
}

/// Rows of the last seven days, in both forms of times, so that there is something to count in them: how many.
pub(crate) fn lately(path: &Path) -> Result<u64, String> {
    const ROWS: u64 = 200_000;
    let sql = format!(
        "PRAGMA synchronous = OFF;
         WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS} - 1)
         INSERT INTO bot_ledger (bot_name, action, item_type, item_id, reason, created_at)
         SELECT CASE i % 3 WHEN 0 THEN 'creator' WHEN 1 THEN 'verifier' ELSE 'processor' END, 'update', 'question', 'q-' || i, '',
                strftime(CASE i % 2 WHEN 0 THEN '%Y-%m-%d %H:%M:%S' ELSE '%Y-%m-%dT%H:%M:%fZ' END, 'now',
                         printf('-%d seconds', ({ROWS} - i) * 3)) FROM n;"
    );
    open(path)?.execute_batch(&sql).map_err(|error| error.to_string())?;
    Ok(ROWS)
}

/// Five million rows: when the first rows are there, the last 7 days, everything.
fn large(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let rows = if setting.quick { LARGE / 10 } else { LARGE };
    let (big, small) = (setting.copy_of(rows, "bots-large.db")?, setting.database(10_000)?);
    let rows = rows + lately(&big)?;
    let first = |path: &Path| -> Result<(Duration, Duration, Duration, u64), String> {
        let begun = Instant::now();
        let (_database, updates) = follow(path);
        let (mut told, mut first, mut week) = (Told::default(), None, None);
        while !told.board.read().all {
            match updates.recv_timeout(PATIENCE) {
                Ok(Ok(Answer::Activity(update))) => told.take(&update),
                other => return Err(format!("the activity answers {other:?}")),
            }
            first = first.or_else(|| (!told.shown.is_empty()).then(|| begun.elapsed()));
            week = week.or_else(|| told.board.read().week.then(|| begun.elapsed()));
        }
        Ok((first.unwrap_or_default(), week.unwrap_or_default(), begun.elapsed(), told.tallied))
    };
    let (small_first, ..) = first(&small)?;
    let (first_rows, week, all, tallied) = first(&big)?;
    report.line(Line {
        what: format!("first rows of {rows}"),
        measured: format!("{:.1} ms", first_rows.as_secs_f64() * 1e3),
        reference: format!("{:.1} ms of 10,000", small_first.as_secs_f64() * 1e3),
        ratio: Some(first_rows.as_secs_f64() / small_first.as_secs_f64().max(1e-9)),
        limit: "at once",
        verdict: Verdict::Told,
    });
    report.plain(
        "the last 7 days on the board",
        format!("{:.0} ms", week.as_secs_f64() * 1e3),
        "within 1 s",
        Verdict::of(week <= Duration::from_secs(1)),
    );
    report.plain(
        "everything on the board",
        format!("{:.1} s, {tallied} of {rows} rows", all.as_secs_f64()),
        "",
        Verdict::of(tallied == rows),
    );
    let mut terminal = watching(setting, &big)?;
    let memory = process::peak_memory(terminal.pid()?)?;
    let typed = storm(&mut terminal, &mut Random::new(7), 100_000, Duration::from_secs(5), PACE, any)?;
    keys::line(report, "key → frame beside it", &typed);
    report.note(&format!("peak memory {:.0} MiB", memory as f64 / 1024.0));
    terminal.quit(b"\x03");
    Ok(())
}
