//! The bots of a server, watched: what is told of them is what is told of a file with the same rows, whatever happens, and costs one
//! round trip a poll at most.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reelscope::{
    db::{
        location::Location,
        replica::{self, Replica},
        request::{Answer, Query, Reply, Slot},
    },
    domain::activity::{ActivityUpdate, BoardUpdate, QueueEvent, RunRow},
};
use rusqlite::Connection;
use support::{
    PATIENCE,
    proxy::Proxy,
    reach::{self, Asked},
    samples::Sample,
    sqld::Sqld,
};

const TABLES: &str = "
    CREATE TABLE questions (id TEXT PRIMARY KEY, question TEXT);
    CREATE TABLE bot_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT, action TEXT, item_type TEXT, item_id TEXT,
      before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
    CREATE INDEX idx_bot_ledger_created_at ON bot_ledger(created_at);
    CREATE TABLE bot_runs (id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT, started_at TEXT, completed_at TEXT,
      status TEXT DEFAULT 'running', items_processed INTEGER DEFAULT 0, items_created INTEGER DEFAULT 0,
      items_updated INTEGER DEFAULT 0, items_deleted INTEGER DEFAULT 0, summary TEXT);
    CREATE INDEX idx_bot_runs_status ON bot_runs(status);
    CREATE TABLE work_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, item_type TEXT, item_id TEXT, action TEXT,
      priority INTEGER DEFAULT 5, status TEXT DEFAULT 'pending', reason TEXT, created_by TEXT, assigned_to TEXT, created_at TEXT,
      processed_at TEXT, result TEXT);
    CREATE INDEX idx_work_queue_status ON work_queue(status);";

type Times = BTreeMap<Option<i64>, u64>;

/// What a board makes of what it is told.
#[derive(Debug, Default, PartialEq)]
struct Folded {
    ledger: BTreeMap<(String, String, Option<i64>), u64>,
    runs: BTreeMap<i64, RunRow>,
    queue: BTreeMap<(String, String, String), u64>,
    arrived: Times,
    finished: Times,
}

impl Folded {
    fn take(&mut self, board: &BoardUpdate, week: i64) {
        // What is older than the last days may be told by the hour.
        let old = |second: Option<i64>| second.map(|at| if at < week { at - at.rem_euclid(3600) } else { at });
        if board.ledger_anew {
            self.ledger.clear();
        }
        for tally in &board.ledger {
            *self.ledger.entry((tally.bot.to_string(), tally.action.to_string(), old(tally.second))).or_default() +=
                tally.rows;
        }
        if board.runs_anew {
            self.runs.clear();
        }
        self.runs.extend(board.runs.iter().map(|run| (run.id, run.clone())));
        if let Some(groups) = &board.queue {
            let named = groups.iter().filter(|group| group.rows > 0);
            let named = named
                .map(|group| ((group.status.to_string(), group.action.to_string(), group.bot.to_string()), group.rows));
            self.queue = named.collect();
        }
        if board.queue_anew {
            (self.arrived, self.finished) = Default::default();
        }
        for event in &board.queue_events {
            let times = if event.what == QueueEvent::Arrived { &mut self.arrived } else { &mut self.finished };
            *times.entry(old(event.second)).or_default() += event.rows;
        }
    }

    fn rows(&self) -> u64 {
        self.ledger.values().sum()
    }
}

/// Somebody who watches the bots.
struct Watcher {
    asked: Asked,
    folded: Folded,
    week: i64,
    /// Ledger rows that were shown, or counted.
    shown: u64,
    all: bool,
}

impl Watcher {
    fn of(location: Location) -> Self {
        let mut asked = Asked::open(location);
        asked.get(Slot::Schema, Query::Schema).unwrap();
        asked.get(Slot::Page, Query::Question("q-1".into())).unwrap();
        asked.ask(Slot::Activity, Query::Activity);
        // A day is read as a whole, and this may be near to midnight.
        let week = (Timestamp::now().as_second().div_euclid(86_400) - 8) * 86_400;
        Self { asked, folded: Folded::default(), week, shown: 0, all: false }
    }

    fn take(&mut self, update: &ActivityUpdate) {
        self.folded.take(&update.board, self.week);
        self.shown += update.ledger.len() as u64 + update.ledger_skipped;
        self.all = update.board.read.map_or(self.all, |read| read.all);
    }

    /// Takes in what is told until this holds.
    fn until(&mut self, what: &str, wanted: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !wanted(self) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.asked.replies.recv_timeout(left) {
                Ok(Reply::Answer { outcome: Ok(Answer::Activity(update)), .. }) => self.take(&update),
                Ok(Reply::Answer { outcome: Err(error), .. }) => panic!("{error}"),
                Ok(_) => {}
                Err(_) => panic!("time is up before {what}: {:#?}", self.folded),
            }
        }
    }

    /// Takes in what is told within this time.
    fn within(&mut self, time: Duration) {
        for reply in self.asked.within(time) {
            if let Reply::Answer { outcome: Ok(Answer::Activity(update)), .. } = reply {
                self.take(&update);
            }
        }
    }
}

fn history(rows: u32) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
         INSERT INTO bot_ledger (bot_name, action, item_type, item_id, created_at)
         SELECT CASE i % 3 WHEN 0 THEN 'creator' WHEN 1 THEN 'verifier' END, iif(i % 2, 'create', 'flag'), 'question', 'q-' || i,
           CASE i % 7 WHEN 0 THEN datetime('now', '-' || ({rows} - i) || ' seconds') WHEN 1 THEN 'unreadable' WHEN 2 THEN NULL
             ELSE strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-' || ({rows} - i) || ' minutes') END FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
         INSERT INTO bot_runs (bot_name, started_at, completed_at, status)
         SELECT 'creator', datetime('now', '-' || (800 - i) || ' hours'), iif(i % 40, datetime('now', '-' || (799 - i) || ' hours'), NULL),
           iif(i % 40, 'completed', 'running') FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)
         INSERT INTO work_queue (item_type, item_id, action, status, created_by, assigned_to, created_at, processed_at)
         SELECT 'question', 'q-' || i, 'improve', CASE i % 3 WHEN 0 THEN 'pending' WHEN 1 THEN 'completed' ELSE 'failed' END, 'creator',
           iif(i % 5, NULL, 'verifier'), datetime('now', '-' || i || ' hours'), iif(i % 3 = 1, datetime('now', '-' || i || ' minutes'), NULL)
           FROM n;"
    )
}

/// A step of a random sequence: something that each reader sees by itself, soon.
fn change(random: &mut u32) -> String {
    let mut next = |below: u32| {
        *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (*random >> 8) % below
    };
    let time = ["'2026-01-29T08:03:07.588Z'", "'2031-01-01 00:00:00'", "'now'", "NULL", "'2026-02-30 01:01:01'"]
        [next(5) as usize];
    match next(9) {
        0 | 1 => format!(
            "INSERT INTO bot_ledger (bot_name, action, item_id, created_at) VALUES ('creator', 'update', 'q', {time})"
        ),
        2 => format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})
             INSERT INTO bot_ledger (bot_name, action, created_at) SELECT 'flooder', 'delete', {time} FROM n",
            300 + next(3000)
        ),
        3 => "DELETE FROM bot_ledger WHERE id = (SELECT max(id) FROM bot_ledger)".to_owned(),
        4 => format!("INSERT INTO bot_runs (bot_name, started_at) VALUES ('verifier', {time})"),
        5 => "UPDATE bot_runs SET status = 'failed', completed_at = '2026-01-29 09:00:00', items_processed = 5
              WHERE id = (SELECT max(id) FROM bot_runs WHERE status = 'running')"
            .to_owned(),
        6 => format!(
            "INSERT INTO work_queue (item_id, action, created_by, created_at) VALUES ('q', 'verify', 'verifier', {time})"
        ),
        7 => "UPDATE work_queue SET status = 'processing', assigned_to = 'processor'
              WHERE id = (SELECT min(id) FROM work_queue WHERE status = 'pending')"
            .to_owned(),
        _ => "UPDATE work_queue SET status = 'completed', processed_at = '2026-01-29 10:00:00'
              WHERE id = (SELECT min(id) FROM work_queue WHERE status IN ('pending', 'processing'))"
            .to_owned(),
    }
}

fn served(rows: u32) -> Option<(Sample, Sqld)> {
    let sample = Sample::of(&format!("{TABLES}{}", history(rows)));
    let server = sample.served()?;
    Some((sample, server))
}

#[test]
fn a_server_tells_what_a_file_tells() {
    let Some((sample, server)) = served(5000) else { return };
    let mut here = Watcher::of(Location::File(sample.path().to_owned()));
    let mut there = Watcher::of(Location::Server(reach::server(&server.url(), None)));
    here.until("the file is read", |watcher| watcher.all);
    there.until("the server is read", |watcher| watcher.all);
    assert_eq!(there.folded, here.folded);
    assert_eq!(there.folded.rows(), 5000);
    let writer = Connection::open(sample.path()).unwrap();
    writer.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut random = 7;
    for round in 0..3 {
        for _ in 0..15 {
            let sql = change(&mut random);
            writer.execute_batch(&sql).unwrap();
            server.run(&sql);
            if random % 5 == 0 {
                there.within(Duration::from_millis(100));
                here.within(Duration::from_millis(1));
            }
        }
        let deadline = Instant::now() + PATIENCE;
        while here.folded != there.folded || !here.all || !there.all || here.folded.rows() != count(&writer) {
            assert!(
                Instant::now() < deadline,
                "round {round}: {} rows of {}, {} there; all {} {}; runs {}, queue {}, arrived {}, finished {}",
                here.folded.rows(),
                count(&writer),
                there.folded.rows(),
                here.all,
                there.all,
                here.folded.runs == there.folded.runs,
                here.folded.queue == there.folded.queue,
                here.folded.arrived == there.folded.arrived,
                here.folded.finished == there.folded.finished
            );
            here.within(Duration::from_millis(20));
            there.within(Duration::from_millis(100));
        }
    }
}

fn count(connection: &Connection) -> u64 {
    connection.query_row("SELECT count(*) FROM bot_ledger", [], |row| row.get(0)).unwrap()
}

/// The requests since then, of which each is a poll.
fn polls_since(proxy: &Proxy, then: usize) -> usize {
    let requests = proxy.requests();
    for request in &requests[then..] {
        assert_eq!(request.body.matches("pragma_freelist_count").count(), 1, "not a poll: {}", request.body);
    }
    requests.len() - then
}

#[test]
fn a_poll_is_one_round_trip_while_history_is_read_in_a_flood_and_after_a_restart() {
    let Some((_sample, mut server)) = served(90_000) else { return };
    let proxy = Proxy::before(server.address());
    let mut watcher = Watcher::of(Location::Server(reach::server(&proxy.url(), None)));
    let before = proxy.requests().iter().filter(|request| request.body.contains("freelist_count")).count();
    assert!(before <= 2, "{before} polls before the bots were asked for");
    let start = proxy.requests().len();
    watcher.until("everything is told", |watcher| watcher.all);
    assert_eq!(watcher.folded.rows(), 90_000);
    let polls = polls_since(&proxy, start);
    assert!(polls <= 8, "{polls} polls for 90,000 rows");

    let then = proxy.requests().len();
    let shown = watcher.shown;
    for _ in 0..20 {
        server.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
             INSERT INTO bot_ledger (bot_name, action, created_at) SELECT 'creator', 'create', datetime('now') FROM n",
        );
    }
    watcher.until("the flood is told", |watcher| watcher.folded.rows() == 100_000 && watcher.all);
    assert_eq!(watcher.shown - shown, 10_000, "shown or counted");
    polls_since(&proxy, then);

    server.restart();
    server.run("INSERT INTO bot_ledger (bot_name, action) VALUES ('creator', 'create')");
    watcher.until("it goes on", |watcher| watcher.folded.rows() == 100_001);
    polls_since(&proxy, then);
}

#[test]
fn a_copy_tells_what_stands_on_its_server() {
    let Some((_sample, mut server)) = served(3000) else { return };
    replica::prepare();
    let folder = tempfile::tempdir().unwrap();
    let copy = Replica::new(folder.path().join("copy.db"), reach::server(&server.url(), None));
    let mut copied = Watcher::of(Location::Replica(copy));
    copied.until("everything is told", |watcher| watcher.all && watcher.folded.rows() == 3000);
    let mut random = 11;
    for round in 0..3 {
        (0..10).for_each(|_| server.run(&change(&mut random)));
        match round {
            0 => server.run("DELETE FROM bot_ledger WHERE id < 500; UPDATE bot_ledger SET bot_name = 'renamed' WHERE id % 7 = 0"),
            1 => server.run(
                "DROP TABLE bot_ledger;
                 CREATE TABLE bot_ledger (id INTEGER PRIMARY KEY, bot_name TEXT, action TEXT, item_id TEXT, created_at TEXT);
                 INSERT INTO bot_ledger (bot_name, action, created_at) VALUES ('creator', 'flag', datetime('now'))",
            ),
            _ => {}
        }
        server.restart();
        let mut there = Watcher::of(Location::Server(reach::server(&server.url(), None)));
        there.until("the server is read", |watcher| watcher.all);
        let deadline = Instant::now() + PATIENCE;
        while (&copied.folded.ledger, &copied.folded.runs, &copied.folded.queue)
            != (&there.folded.ledger, &there.folded.runs, &there.folded.queue)
        {
            assert!(
                Instant::now() < deadline,
                "round {round}: {} rows of {}; runs {}, queue {}",
                copied.folded.rows(),
                there.folded.rows(),
                copied.folded.runs == there.folded.runs,
                copied.folded.queue == there.folded.queue
            );
            copied.within(Duration::from_millis(50));
        }
    }
}

#[test]
fn answers_that_are_too_large_are_asked_for_in_smaller_parts() {
    let sample = Sample::of(&format!("{TABLES}{}", history(30_000)));
    let options = support::sqld::Options {
        arguments: vec!["--max-response-size".into(), "300KB".into()],
        ..support::sqld::Options::default()
    };
    let Some(server) = Sqld::start_with(options) else { return };
    server.run(&support::samples::dump(sample.path()));
    let mut watcher = Watcher::of(Location::Server(reach::server(&server.url(), None)));
    watcher.until("everything is told", |watcher| watcher.all);
    assert_eq!(watcher.folded.rows(), 30_000);
}
