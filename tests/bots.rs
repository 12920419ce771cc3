//! Four programs write at once, and nothing is lost or told twice: neither in what the reader tells, nor on the screen.
//!
//! The test's own program is started again for each of the writers. Two of them take the next id there is; two have blocks of ids of
//! their own, below those, so that their rows keep coming in the middle. One has a clock that is an hour behind.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    path::{Path, PathBuf},
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
use support::{PATIENCE, Start, Terminal};
use tempfile::TempDir;

/// Tells the test's own program which writer it is to be, and where.
const WRITER: &str = "REELSCOPE_BOTS_WRITER";
const PLACE: &str = "REELSCOPE_BOTS_PLACE";

/// What a writer does.
const TRANSACTIONS: i64 = 60;
const ROWS: i64 = 1_200;
const BOTS: [&str; 4] = ["creator", "verifier", "processor", "analysis"];
const ACTIONS: [&str; 5] = ["create", "update", "delete", "verify", "flag"];

fn made(folder: &TempDir, journal: &str) -> PathBuf {
    let path = folder.path().join("bots.db");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(&format!("PRAGMA journal_mode = {journal};")).unwrap();
    connection.execute_batch(include_str!("../assets/schema.sql")).unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
             INSERT INTO bot_ledger(bot_name, action, item_type, item_id, created_at)
             SELECT 'session-builder', 'create', 'question', 'q-' || i,
                    CASE i % 2 WHEN 0 THEN strftime('%Y-%m-%d %H:%M:%S', 'now', '-' || i || ' minutes')
                               ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || i || ' minutes') END FROM n;
             INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, created_at)
             VALUES(9000000, 'session-builder', 'create', 'question', 'q-jump', 'no time');",
        )
        .unwrap();
    path
}

/// The program of a writer.
#[test]
fn writer() {
    let (Ok(number), Ok(place)) = (env::var(WRITER), env::var(PLACE)) else { return };
    let number: i64 = number.parse().unwrap();
    let mut connection = Connection::open(place).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    // The disk's own speed is not what is tried.
    connection.pragma_update(None, "synchronous", "OFF").unwrap();
    let (mut next, mut random) = (number * 1_000_000, 0x9E37_79B9_u64.wrapping_mul(number as u64 + 1));
    let mut left = ROWS;
    for turn in 0..TRANSACTIONS {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let rows = if turn == TRANSACTIONS - 1 { left } else { ((random >> 33) % 40) as i64 }.min(left);
        left -= rows;
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        for row in 0..rows {
            // Blocks have holes, too.
            next += 1 + (row % 7 == 0) as i64;
            let id = (number >= 2).then_some(next);
            let late = if number == 3 { "-1 hours" } else { "+0 hours" };
            let action = ACTIONS[((random as i64 + row).unsigned_abs() % 5) as usize];
            transaction
                .prepare_cached(
                    "INSERT INTO bot_ledger(id, bot_name, action, item_type, item_id, reason, created_at)
                     VALUES(?1, ?2, ?3, 'question', 'q-' || ?4, 'written while it was watched',
                            strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ?5))",
                )
                .unwrap()
                .execute((id, BOTS[number as usize], action, next, late))
                .unwrap();
        }
        transaction.commit().unwrap();
        thread::sleep(Duration::from_millis(random >> 60));
    }
    assert_eq!(left, 0);
}

/// The writers on their way; they are ended with this.
struct Writers(Vec<Child>);

impl Writers {
    fn start(path: &Path) -> Self {
        let start = |number: usize| {
            Command::new(env::current_exe().unwrap())
                .args(["writer", "--exact", "--test-threads=1"])
                .env(WRITER, number.to_string())
                .env(PLACE, path)
                .stdout(Stdio::null())
                .spawn()
                .unwrap()
        };
        Self((0..BOTS.len()).map(start).collect())
    }

    fn finish(mut self) {
        for writer in &mut self.0 {
            assert!(writer.wait().unwrap().success(), "a writer failed");
        }
    }
}

impl Drop for Writers {
    fn drop(&mut self) {
        for writer in &mut self.0 {
            let _ = writer.kill();
            let _ = writer.wait();
        }
    }
}

type Counts = BTreeMap<(String, String), u64>;

/// What the table says.
fn counted(path: &Path) -> Counts {
    let connection = Connection::open(path).unwrap();
    let mut statement = connection.prepare("SELECT bot_name, action, count(*) FROM bot_ledger GROUP BY 1, 2").unwrap();
    let rows = statement.query_map([], |row| Ok(((row.get(0)?, row.get(1)?), row.get::<_, i64>(2)? as u64))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// What was told of the ledger.
#[derive(Default)]
struct Told {
    tallied: Counts,
    shown: BTreeSet<i64>,
    skipped: u64,
    twice: u64,
    anew: u64,
}

impl Told {
    fn take(&mut self, update: &ActivityUpdate) {
        self.anew += u64::from(update.anew || update.board.ledger_anew);
        if update.board.ledger_anew {
            self.tallied.clear();
        }
        for tally in &update.board.ledger {
            *self.tallied.entry((tally.bot.to_string(), tally.action.to_string())).or_default() += tally.rows;
        }
        self.skipped += update.ledger_skipped;
        self.twice += update.ledger.iter().filter(|row| !self.shown.insert(row.id)).count() as u64;
    }
}

fn followed(journal: &str) {
    let folder = TempDir::new().unwrap();
    let path = made(&folder, journal);
    let (sender, updates) = mpsc::channel();
    let database = Database::open(Location::File(path.clone()), move |reply| {
        if let Reply::Answer { slot: Slot::Activity, outcome, .. } = reply {
            let _ = sender.send(outcome);
        }
    });
    let request = Request { slot: Slot::Activity, id: RequestId(1), query: Query::Activity, freshness: Freshness::Any };
    database.submit(request);
    let next = |patience: Duration| match updates.recv_timeout(patience) {
        Ok(Ok(Answer::Activity(update))) => Some(update),
        Ok(other) => unreachable!("{other:?}"),
        Err(_) => None,
    };
    let mut told = Told::default();
    told.take(&next(PATIENCE).unwrap());
    let (first, before) = (told.shown.len(), counted(&path).values().sum::<u64>());
    assert_eq!((first, before), (200, 701));
    let writers = Writers::start(&path);
    let mut writers = Some(writers);
    let deadline = Instant::now() + PATIENCE;
    let all = before + 4 * ROWS as u64;
    while told.tallied.values().sum::<u64>() < all && Instant::now() < deadline {
        if let Some(update) = next(Duration::from_millis(100)) {
            told.take(&update);
        }
    }
    writers.take().unwrap().finish();
    // What comes when all is told would be told twice.
    while let Some(update) = next(Duration::from_millis(1_500)) {
        told.take(&update);
    }
    assert_eq!(told.tallied, counted(&path), "{journal}");
    assert_eq!(told.twice, 0, "{journal}");
    assert_eq!((told.shown.len() - first) as u64 + told.skipped, 4 * ROWS as u64, "{journal}");
    assert_eq!(told.anew, 1, "nothing but the first look begins anew ({journal})");
}

#[test]
fn four_writers_are_followed_exactly() {
    followed("WAL");
    followed("DELETE");
}

/// The line of the screen that begins with this bot.
fn line(screen: &str, bot: &str) -> String {
    screen.lines().find(|line| line.contains(&format!(" {bot} "))).unwrap_or_default().to_owned()
}

#[test]
fn four_writers_are_shown_exactly_while_keys_are_pressed() {
    let folder = TempDir::new().unwrap();
    let path = made(&folder, "WAL");
    let arguments = [path.to_str().unwrap(), "bot_ledger"];
    let mut terminal = Terminal::start(&Start { arguments: &arguments, size: (160, 44), ..Start::default() });
    terminal.until_text("bot_name");
    // The whole screen, everything that ever was.
    terminal.press("B6");
    terminal.until("the board", |screen| line(&screen.contents(), "session-builder").contains("701"));
    let writers = Writers::start(&path);
    let mut keys = ["j", "k", "3", "]", "G", "[", "6", "\u{4}", "\u{15}", " ", " ", "w", "w", "m", "5"].iter().cycle();
    let deadline = Instant::now() + PATIENCE;
    let done = |path: &Path| counted(path).values().sum::<u64>() == 701 + 4 * ROWS as u64;
    while !done(&path) && Instant::now() < deadline {
        terminal.press(keys.next().unwrap());
        thread::sleep(Duration::from_millis(7));
    }
    writers.finish();
    // Whatever the keys have left open, held or paused.
    terminal.press("\u{1b}\u{1b}\u{1b}");
    terminal.settle();
    if terminal.text().contains("paused") {
        terminal.press(" ");
    }
    if !terminal.text().contains("full screen") {
        terminal.press("B");
    }
    terminal.press("6G");
    let screen = terminal.until("every row on the board", |screen| {
        let text = screen.contents();
        BOTS.iter().all(|bot| line(&text, bot).contains("1,200")) && line(&text, "session-builder").contains("701")
    });
    // A row more is shown and counted.
    let writer = Connection::open(&path).unwrap();
    writer.busy_timeout(PATIENCE).unwrap();
    writer
        .execute_batch(
            "INSERT INTO bot_ledger(bot_name, action, item_type, item_id, reason, created_at)
             VALUES('creator', 'create', 'question', 'q-last-of-all', '', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'));",
        )
        .unwrap();
    terminal.until("the last row", |screen| {
        let text = screen.contents();
        text.contains("q-last-of-all") && line(&text, "creator").contains("1,201")
    });
    // Emptied and filled again in one transaction, with the ids there were.
    writer
        .execute_batch(
            "BEGIN; DELETE FROM bot_ledger WHERE bot_name <> 'creator'; UPDATE bot_ledger SET bot_name = 'renamed'; COMMIT;",
        )
        .unwrap();
    terminal.until("what is left", |screen| {
        let text = screen.contents();
        line(&text, "renamed").contains("1,201") && line(&text, "verifier").is_empty()
    });
    assert!(screen.contains("Bots"));
    terminal.press("\u{3}");
    assert_eq!(terminal.end(), 0);
    terminal.assert_restored();
}
