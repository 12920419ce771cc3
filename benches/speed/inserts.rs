//! Another process inserts 1,000 ledger rows a second: each is shown or counted, none twice, and keys are not held up.

use std::{
    collections::BTreeSet,
    env,
    path::Path,
    process::{Child, Command, Stdio},
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
    domain::activity::ActivityUpdate,
};
use rusqlite::{Connection, TransactionBehavior};

use crate::{
    keys,
    pty::Terminal,
    report::{Report, Verdict},
    setting::{Setting, number, open},
    typing::{Pace, Random, any, storm},
};

/// Rows of a transaction where nothing else is said, and the time between two: 1,000 rows a second.
const ROWS: u64 = 10;
const TICK: Duration = Duration::from_millis(10);
const PATIENCE: Duration = Duration::from_secs(20);
const PACE: Pace = Pace::Within(Duration::from_millis(24));

/// The role of the other process: inserts so many rows every 10 ms for so many seconds, and says how many rows and how long the longest wait was.
pub(crate) fn insert(path: &Path, seconds: u64, rows: u64) -> Result<(), String> {
    let mut connection = Connection::open(path).map_err(|error| error.to_string())?;
    let setup = |connection: &Connection| {
        connection.busy_timeout(Duration::from_secs(5))?;
        // The disk's own speed is not what is measured.
        connection.pragma_update(None, "synchronous", "OFF")
    };
    setup(&connection).map_err(|error| error.to_string())?;
    let begun = Instant::now();
    let ticks = seconds * 1000 / TICK.as_millis() as u64;
    let mut longest = Duration::ZERO;
    for tick in 0..ticks {
        let due = begun + TICK * tick as u32;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let started = Instant::now();
        transaction(&mut connection, tick, rows).map_err(|error| error.to_string())?;
        longest = longest.max(started.elapsed());
    }
    println!("{} {}", begun.elapsed().as_millis(), longest.as_millis());
    Ok(())
}

fn transaction(connection: &mut Connection, tick: u64, rows: u64) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    {
        let mut insert = transaction.prepare_cached(
            "INSERT INTO bot_ledger (bot_name, action, item_type, item_id, reason, created_at) \
             VALUES ('creator', 'update', 'question', ?1, 'inserted while watched', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))",
        )?;
        for row in 0..rows {
            insert.execute([format!("q-{}", tick * rows + row)])?;
        }
    }
    transaction.commit()
}

/// The other process, on its way.
pub(crate) struct Inserter(Child);

impl Inserter {
    fn start(path: &Path, seconds: u64) -> Result<Self, String> {
        Self::start_with(path, seconds, ROWS)
    }

    /// Starts it: so many rows every 10 ms.
    pub(crate) fn start_with(path: &Path, seconds: u64, rows: u64) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| error.to_string())?;
        Command::new(program)
            .arg("--insert")
            .arg(path)
            .args([seconds.to_string(), rows.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map(Self)
            .map_err(|error| error.to_string())
    }

    /// Waits for it: what it says of itself.
    pub(crate) fn finish(self) -> Result<String, String> {
        let output = self.0.wait_with_output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err("the inserting process failed".to_owned());
        }
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let mut numbers = text.split_whitespace();
        let (took, longest) = (numbers.next().unwrap_or("?"), numbers.next().unwrap_or("?"));
        Ok(format!("it took {took} ms, its longest transaction {longest} ms"))
    }
}

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let seconds = setting.runs(10, 3) as u64;
    let path = setting.copy("inserts.db")?;
    counted(&path, seconds, report)?;
    typed(setting, &path, seconds, report)
}

/// Follows the file as the program does, and holds every row that is told against those that were inserted.
fn counted(path: &Path, seconds: u64, report: &mut Report) -> Result<(), String> {
    let plain = open(path)?;
    let before = number(&plain, "SELECT max(id) FROM bot_ledger")?;
    let (sender, updates) = mpsc::channel();
    let database = Database::open(Location::File(path.to_path_buf()), move |reply| {
        if let Reply::Answer { slot: Slot::Activity, outcome, .. } = reply {
            let _ = sender.send((Instant::now(), outcome));
        }
    });
    database.submit(Request {
        slot: Slot::Activity,
        id: RequestId(1),
        query: Query::Activity,
        freshness: Freshness::Any,
    });
    let first = updates.recv_timeout(PATIENCE).map_err(|_| "the activity does not answer")?;
    update(first.1)?;
    let inserter = Inserter::start(path, seconds)?;
    let expected = seconds * 1000;
    let (mut shown, mut skipped, mut twice, mut looks) = (BTreeSet::new(), 0, 0, 0_u64);
    let deadline = Instant::now() + Duration::from_secs(seconds) + PATIENCE;
    while (shown.len() as u64) + skipped < expected && Instant::now() < deadline {
        let Ok((_, outcome)) = updates.recv_timeout(Duration::from_secs(1)) else { continue };
        let update = update(outcome)?;
        looks += 1;
        if update.anew {
            return Err("the activity began anew, though nothing was replaced".to_owned());
        }
        skipped += update.ledger_skipped;
        twice += update.ledger.iter().filter(|row| !shown.insert(row.id)).count();
    }
    // What comes now would be told twice.
    while let Ok((_, outcome)) = updates.recv_timeout(Duration::from_secs(1)) {
        let update = update(outcome)?;
        skipped += update.ledger_skipped;
        twice += update.ledger.iter().filter(|row| !shown.insert(row.id)).count();
    }
    let inserter = inserter.finish()?;
    let inserted = number(&plain, &format!("SELECT count(*) FROM bot_ledger WHERE id > {before}"))?.unsigned_abs();
    report.plain(
        &format!("1,000 inserts/s from another process for {seconds} s"),
        format!("{inserted} inserted, {} shown, {skipped} counted, {twice} twice ({looks} looks)", shown.len()),
        "all shown or counted, none twice",
        Verdict::of(shown.len() as u64 + skipped == inserted && inserted == expected && twice == 0),
    );
    report.note(&format!("the inserting process: {inserter}"));
    Ok(())
}

fn update(outcome: Result<Answer, reelscope::db::error::Error>) -> Result<ActivityUpdate, String> {
    match outcome {
        Ok(Answer::Activity(update)) => Ok((*update).clone()),
        other => Err(format!("the activity answers {other:?}")),
    }
}

/// Types into the running program meanwhile, and looks at its screen afterwards.
fn typed(setting: &Setting, path: &Path, seconds: u64, report: &mut Report) -> Result<(), String> {
    let text = path.to_str().ok_or("the path of the database is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[text, "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.settle(Duration::from_millis(500), PATIENCE)?;
    let inserter = Inserter::start(path, seconds)?;
    let typed = storm(&mut terminal, &mut Random::new(4), 100_000, Duration::from_secs(seconds), PACE, any)?;
    let inserter = inserter.finish()?;
    keys::line(report, "key → frame while they come", &typed);
    report.note(&format!("the inserting process: {inserter}"));
    terminal.quit(b"\x03");
    screen(setting, path, seconds, report)
}

/// The rows that came while the program was open are on its screen: the end of the table, and the tail of the ledger.
fn screen(setting: &Setting, path: &Path, seconds: u64, report: &mut Report) -> Result<(), String> {
    let text = path.to_str().ok_or("the path of the database is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[text, "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.settle(Duration::from_millis(500), PATIENCE)?;
    terminal.send(b"G")?;
    let inserter = Inserter::start(path, seconds)?;
    let notes = inserter.finish()?;
    let end = Instant::now();
    // Rows that the table shows, but not the tail of the ledger below it; and the very last.
    let total = seconds * 1000;
    let rows: Vec<String> = (total - 30..total - 27).chain([total - 1]).map(|row| format!("q-{row}")).collect();
    let there = terminal
        .wait_for("the last rows", PATIENCE, |screen| rows.iter().all(|item| screen.contains(item.as_str())))?;
    report.plain(
        "the last inserted row stands in the table that follows its end, after the last insert",
        format!("{} ms", there.saturating_duration_since(end).as_millis()),
        "",
        Verdict::Told,
    );
    report.note(&format!("the inserting process: {notes}"));
    terminal.quit(b"q");
    Ok(())
}
