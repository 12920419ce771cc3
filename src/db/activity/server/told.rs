//! Tests of what the board is told through scripts: folded together, it is what stands in the tables, each row once.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use rusqlite::Connection;

use super::{
    AUDIT, ServerActivity, Taken, stamps,
    tests::{TOOK, run, wall},
};
use crate::{
    db::{
        activity::{source::text, tests::schema},
        server::script::Script,
    },
    domain::activity::{BoardUpdate, QueueEvent, RunRow},
};

const TABLES: &str = "
    CREATE TABLE bot_ledger (id INTEGER PRIMARY KEY, bot_name, action TEXT, item_type TEXT, item_id TEXT, before_state TEXT,
      after_state TEXT, reason TEXT, created_at);
    CREATE INDEX l ON bot_ledger(created_at);
    CREATE TABLE bot_runs (id INTEGER PRIMARY KEY, bot_name TEXT, started_at TEXT, completed_at TEXT, status TEXT,
      items_processed INTEGER, items_created INTEGER, items_updated INTEGER, items_deleted INTEGER, summary TEXT);
    CREATE TABLE work_queue (id INTEGER PRIMARY KEY AUTOINCREMENT, item_type TEXT, item_id TEXT, action TEXT, priority INTEGER, status TEXT,
      reason TEXT, created_by TEXT, assigned_to TEXT, created_at TEXT, processed_at TEXT, result TEXT);";

/// Times as they stand in such tables, and what is none.
const TIMES: [&str; 14] = [
    "'2026-01-29T07:59:59.588Z'",
    "'2026-01-29 07:59:59'",
    "'2026-01-29T07:59:59.001Z'",
    "'2026-01-29T09:59:59.5+02:00'",
    "'2026-01-28'",
    "'2026-01-10 11:22:33'",
    "'2026-01-10T11:44:55.123Z'",
    "'2031-01-01T00:00:00Z'",
    "NULL",
    "'now'",
    "'2026-02-30 00:00:00'",
    "2460000.5",
    "x'ff00'",
    "CAST(x'32ff' AS TEXT)",
];

const BOTS: [&str; 4] = ["'creator'", "'verifier'", "NULL", "CAST(x'6100ff' AS TEXT)"];
const ACTIONS: [&str; 3] = ["'create'", "'delete'", "'it''s *odd*, 3'"];

type Tallies = BTreeMap<(String, String, Option<i64>), u64>;
type Times = BTreeMap<Option<i64>, u64>;

/// What a board makes of what it is told.
#[derive(Clone, Default, Debug, PartialEq)]
struct Folded {
    ledger: Tallies,
    runs: BTreeMap<i64, RunRow>,
    queue: BTreeMap<(String, String, String), u64>,
    oldest: Option<i64>,
    arrived: Times,
    finished: Times,
}

impl Folded {
    fn take(&mut self, board: &BoardUpdate) {
        if board.ledger_anew {
            self.ledger.clear();
        }
        for tally in &board.ledger {
            assert!(tally.rows > 0);
            *self.ledger.entry((tally.bot.to_string(), tally.action.to_string(), old(tally.second))).or_default() +=
                tally.rows;
        }
        if board.runs_anew {
            self.runs.clear();
        }
        self.runs.extend(board.runs.iter().map(|run| (run.id, run.clone())));
        if let Some(groups) = &board.queue {
            let named = groups
                .iter()
                .map(|group| ((group.status.to_string(), group.action.to_string(), group.bot.to_string()), group.rows));
            self.queue = named.collect();
        }
        if let Some(oldest) = &board.oldest_pending {
            self.oldest = oldest.as_deref().map(|text| stamps::second(text).unwrap());
        }
        if board.queue_anew {
            (self.arrived, self.finished) = Default::default();
        }
        for event in &board.queue_events {
            let times = if event.what == QueueEvent::Arrived { &mut self.arrived } else { &mut self.finished };
            *times.entry(old(event.second)).or_default() += event.rows;
        }
    }

    /// Where a row is deleted and another one put in its place that is finished without a time, made in the same second, the times alone
    /// look as if the one had been finished: then one more arrived, and was finished when that was seen.
    fn forget_what_was_seen(&mut self, there: &Self) {
        let Some(seen) = self.finished.remove(&Some(wall().as_second())) else { return };
        *self.finished.entry(None).or_default() += seen;
        let mut more = 0;
        for (made, rows) in &there.arrived {
            let told = self.arrived.get(made).copied().unwrap_or(0);
            assert!(told >= *rows, "{told} arrived at {made:?} of {rows}");
        }
        for (made, rows) in &self.arrived {
            more += rows - there.arrived.get(made).copied().unwrap_or(0);
        }
        assert_eq!(more, seen);
        self.arrived.clone_from(&there.arrived);
    }

    /// What the tables come to.
    fn of(connection: &Connection) -> Self {
        let mut folded = Self::default();
        let each = |sql: &str, take: &mut dyn FnMut(&rusqlite::Row<'_>)| {
            let mut statement = connection.prepare(sql).unwrap();
            let mut rows = statement.query([]).unwrap();
            while let Some(row) = rows.next().unwrap() {
                take(row);
            }
        };
        let name = |row: &rusqlite::Row<'_>, at| text(row, at).unwrap().unwrap_or_default();
        let time = |row: &rusqlite::Row<'_>, at| {
            let text = text(row, at).unwrap();
            text.as_deref().and_then(stamps::second)
        };
        each("SELECT bot_name, action, created_at FROM bot_ledger", &mut |row| {
            *folded.ledger.entry((name(row, 0), name(row, 1), old(time(row, 2)))).or_default() += 1;
        });
        each(
            "SELECT id, bot_name, started_at, completed_at, status, items_processed, items_created, items_updated, items_deleted
             FROM bot_runs",
            &mut |row| {
                let run = crate::db::activity::runs::run_row(row).unwrap();
                folded.runs.insert(run.id, run);
            },
        );
        each("SELECT status, action, assigned_to, created_by, created_at, processed_at FROM work_queue", &mut |row| {
            let bot = Some(name(row, 2)).filter(|bot| !bot.is_empty()).unwrap_or_else(|| name(row, 3));
            let status = name(row, 0);
            let (made, done) = (time(row, 4), time(row, 5));
            let is_open = matches!(&*status, "pending" | "processing");
            if is_open || done.is_some() {
                *folded.arrived.entry(old(made)).or_default() += 1;
            }
            if !is_open {
                *folded.finished.entry(old(done)).or_default() += 1;
            }
            if status == "pending" && made.is_some() && (folded.oldest.is_none() || made < folded.oldest) {
                folded.oldest = made;
            }
            *folded.queue.entry((status, name(row, 1), bot)).or_default() += 1;
        });
        folded
    }
}

/// What is older than the last days is told by the hour.
fn old(second: Option<i64>) -> Option<i64> {
    let day = stamps::second(&stamps::day(wall())).unwrap();
    second.map(|second| if second < day { second - second.rem_euclid(3600) } else { second })
}

struct Bench {
    connection: Connection,
    reader: ServerActivity,
    folded: Folded,
    shown: u64,
    now: Instant,
    looks: usize,
    rows_read: u64,
}

impl Bench {
    fn on(history: &str) -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(TABLES).unwrap();
        connection.execute_batch(history).unwrap();
        let mut reader = ServerActivity::of(&schema(&connection)).unwrap();
        // So that there are several turns.
        while reader.less() {}
        Self { connection, reader, folded: Folded::default(), shown: 0, now: Instant::now(), looks: 0, rows_read: 0 }
    }

    /// One poll.
    fn look(&mut self) {
        self.now += Duration::from_millis(200);
        let mut script = Script::default();
        self.reader.ask(&mut script, self.now, wall()).unwrap();
        self.looks += 1;
        let (sets, read) = run(&self.connection, &script);
        self.rows_read = read;
        match self.reader.take(&sets, TOOK, self.now) {
            Taken::Nothing | Taken::Lost => {}
            Taken::News(update) | Taken::Before(update) => {
                self.folded.take(&update.board);
                self.shown += update.ledger.len() as u64 + update.ledger_skipped;
            }
        }
    }

    /// Looks until everything was compared, and told.
    fn settle(&mut self) {
        for _ in 0..3 {
            // Time enough for anything to be done again.
            self.now += AUDIT * 60;
            self.look();
            while self.reader.owes(self.now) {
                self.look();
            }
        }
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }
}

fn ledger(rows: u64, from: i64, time: &str) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < {rows} - 1)
         INSERT INTO bot_ledger (id, bot_name, action, item_type, item_id, created_at)
         SELECT {from} + i * 3, 'creator', iif(i % 2, 'create', 'flag'), 'question', 'q-' || i, {time} FROM n;"
    )
}

const SPREAD: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', '2026-01-29 08:00:00', '-' || (3000 - i) || ' minutes')";

#[test]
fn what_was_there_before_is_told_in_turns_the_newest_first() {
    let mut bench = Bench::on(&ledger(3000, 1, SPREAD));
    let mut reads = Vec::new();
    bench.look();
    reads.push(bench.folded.ledger.values().sum::<u64>());
    assert!(bench.reader.owes(bench.now));
    let newest = bench.folded.ledger.keys().map(|(_, _, second)| *second).min().unwrap();
    bench.look();
    reads.push(bench.folded.ledger.values().sum::<u64>());
    assert!(bench.folded.ledger.keys().any(|(_, _, second)| *second < newest));
    assert_eq!(reads, [250, 750], "the second turn is larger: the first was short");
    while bench.reader.owes(bench.now) {
        bench.look();
    }
    assert_eq!(bench.folded, Folded::of(&bench.connection));
    let looks = bench.looks;
    assert_eq!(looks, 4, "250, 500, 1000, 1250");
    for _ in 0..10 {
        bench.look();
        assert!(!bench.reader.owes(bench.now));
    }
}

#[test]
fn a_flood_is_counted_in_the_look_that_sees_it_and_in_turns_where_it_is_too_large() {
    let mut bench = Bench::on(&ledger(10, 1, SPREAD));
    bench.look();
    let shown = bench.shown;
    bench.run(&ledger(7000, 1000, SPREAD));
    bench.look();
    assert_eq!((bench.folded.clone(), bench.shown - shown), (Folded::of(&bench.connection), 7000));
    bench.run(&ledger(60_000, 1_000_000, SPREAD));
    bench.look();
    assert_eq!(bench.folded.ledger.values().sum::<u64>(), 7010 + 200 + 50_000);
    while bench.reader.owes(bench.now) {
        bench.look();
    }
    assert_eq!((bench.folded.clone(), bench.shown - shown), (Folded::of(&bench.connection), 67_000));
}

#[test]
fn a_quiet_look_reads_few_rows() {
    let mut bench = Bench::on(&format!(
        "{}
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
         INSERT INTO bot_runs (bot_name, started_at, status, items_processed, items_created, items_updated, items_deleted)
           SELECT 'creator', '2026', iif(i % 30, 'completed', 'running'), 0, 0, 0, 0 FROM n;
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
         INSERT INTO work_queue (item_type, item_id, action, status, created_at)
           SELECT 'question', 'q', 'improve', iif(i % 20, 'completed', 'pending'), '2026-01-29 01:01:01' FROM n;",
        ledger(50_000, 1, SPREAD)
    ));
    bench.settle();
    bench.look();
    bench.look();
    assert!((1..600).contains(&bench.rows_read), "{} rows read", bench.rows_read);
    bench.run(&ledger(1, 1_000_000, SPREAD));
    let quiet = bench.rows_read;
    bench.look();
    assert!(bench.rows_read <= quiet + 8, "{} rows read for one that came", bench.rows_read);
}

#[test]
fn rows_that_are_gone_are_counted_no_more_and_the_recounts_are_not_the_work() {
    let mut bench = Bench::on(&ledger(2000, 1, SPREAD));
    bench.settle();
    bench.run("DELETE FROM bot_ledger WHERE id < 3000");
    bench.look();
    assert_ne!(bench.folded, Folded::of(&bench.connection), "in the middle: nobody saw it");
    bench.settle();
    assert_eq!(bench.folded, Folded::of(&bench.connection));
    // Somebody takes the last row away, again and again.
    let mut scanned = 0;
    for _ in 0..100 {
        bench.run("DELETE FROM bot_ledger WHERE id = (SELECT max(id) FROM bot_ledger)");
        bench.look();
        scanned += u64::from(bench.rows_read > 600);
    }
    assert!(scanned <= 60, "{scanned} of 100 looks read what was there before");
    bench.settle();
    assert_eq!(bench.folded, Folded::of(&bench.connection));
    bench.run("DELETE FROM bot_ledger");
    bench.run(&ledger(700, 1, SPREAD));
    bench.settle();
    assert_eq!(bench.folded, Folded::of(&bench.connection), "emptied and filled again");
}

#[test]
fn of_a_table_that_is_gone_nothing_is_counted_any_more() {
    let mut bench = Bench::on(&ledger(10, 1, SPREAD));
    bench.run(
        "INSERT INTO bot_runs (bot_name, started_at, status) VALUES ('verifier', '2026', 'running');
         INSERT INTO work_queue (action, status, created_at) VALUES ('improve', 'pending', '2026-01-29')",
    );
    bench.settle();
    assert_eq!(bench.folded, Folded::of(&bench.connection));
    for table in ["bot_ledger", "work_queue"] {
        bench.run(&format!("DROP TABLE {table}"));
        bench.reader = ServerActivity::of(&schema(&bench.connection)).unwrap();
        bench.settle();
        assert_eq!((bench.folded.ledger.len(), bench.folded.runs.len()), (0, 1), "{table}");
    }
    bench.folded.runs.clear();
    assert_eq!(bench.folded, Folded::default());
}

#[test]
fn an_item_that_was_finished_without_a_time_was_finished_when_that_was_seen() {
    let mut bench = Bench::on(
        "INSERT INTO work_queue (id, action, status, created_at) VALUES (1, 'a', 'pending', '2026-01-29 01:00:00'),
           (2, 'a', 'pending', '2026-01-29 02:00:00'), (3, 'a', 'completed', '2026-01-29 03:00:00')",
    );
    bench.look();
    let finished = |bench: &Bench| bench.folded.finished.clone();
    assert_eq!(finished(&bench), BTreeMap::from([(None, 1)]));
    bench.run("UPDATE work_queue SET status = 'failed' WHERE id = 1");
    bench.look();
    let seen = Some(wall().as_second());
    assert_eq!(finished(&bench), BTreeMap::from([(None, 1), (seen, 1)]));
    bench.settle();
    assert_eq!(finished(&bench), BTreeMap::from([(None, 1), (seen, 1)]), "it is remembered");
    assert_eq!(bench.folded.arrived.values().sum::<u64>(), 2);
    assert_eq!(bench.folded.oldest, stamps::second("2026-01-29 02:00:00"));
}

#[derive(Clone, Debug)]
enum Step {
    Ledger(usize, usize, usize),
    LedgerAt(i64, usize),
    LedgerGone(i64),
    LedgerFlood,
    LedgerEmptied,
    Run,
    RunWorks(i64),
    RunEnds(i64),
    RunGone(i64),
    Queue(usize, usize, usize),
    QueueMoves(i64, usize),
    QueueDone(i64, usize),
    QueueGone(i64),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let id = 1..60_i64;
    prop_oneof![
        6 => (0..BOTS.len(), 0..ACTIONS.len(), 0..TIMES.len()).prop_map(|(bot, action, time)| Step::Ledger(bot, action, time)),
        2 => (1..3000_i64, 0..TIMES.len()).prop_map(|(id, time)| Step::LedgerAt(id, time)),
        1 => (1..1500_i64).prop_map(Step::LedgerGone),
        1 => Just(Step::LedgerFlood),
        1 => Just(Step::LedgerEmptied),
        3 => Just(Step::Run),
        2 => id.clone().prop_map(Step::RunWorks),
        2 => id.clone().prop_map(Step::RunEnds),
        1 => id.clone().prop_map(Step::RunGone),
        4 => (0..BOTS.len(), 0..5_usize, 0..TIMES.len()).prop_map(|(bot, status, time)| Step::Queue(bot, status, time)),
        3 => (id.clone(), 0..2_usize).prop_map(|(id, status)| Step::QueueMoves(id, status)),
        3 => (id.clone(), 0..8_usize).prop_map(|(id, time)| Step::QueueDone(id, time)),
        1 => id.prop_map(Step::QueueGone),
        10 => Just(Step::Look),
    ]
}

const STATUSES: [&str; 5] = ["'pending'", "'processing'", "'completed'", "'failed'", "NULL"];

fn sql(step: &Step) -> String {
    let ledger_row = |id: &str, bot: usize, action: usize, time: usize| {
        format!(
            "INSERT OR IGNORE INTO bot_ledger (id, bot_name, action, item_type, item_id, created_at)
             VALUES ({id}, {}, {}, 'question', 'q', {})",
            BOTS[bot], ACTIONS[action], TIMES[time]
        )
    };
    match step {
        Step::Ledger(bot, action, time) => ledger_row("NULL", *bot, *action, *time),
        Step::LedgerAt(id, time) => ledger_row(&id.to_string(), 0, 0, *time),
        Step::LedgerGone(id) => format!("DELETE FROM bot_ledger WHERE id BETWEEN {id} AND {id} + 5"),
        Step::LedgerFlood => "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 450)
             INSERT INTO bot_ledger (bot_name, action, created_at)
             SELECT 'creator', 'flag', datetime('2026-01-29', '+' || (i % 9) || ' seconds') FROM n"
            .to_owned(),
        Step::LedgerEmptied => "DELETE FROM bot_ledger".to_owned(),
        Step::Run => "INSERT INTO bot_runs (bot_name, started_at, status, items_processed) VALUES ('verifier', '2026', 'running', 0)".to_owned(),
        Step::RunWorks(id) => format!("UPDATE bot_runs SET items_processed = items_processed + 1 WHERE id = {id} AND status = 'running'"),
        Step::RunEnds(id) => format!("UPDATE bot_runs SET status = 'completed', completed_at = '2027' WHERE id = {id}"),
        Step::RunGone(id) => format!("DELETE FROM bot_runs WHERE id = {id}"),
        Step::Queue(bot, status, time) => format!(
            "INSERT INTO work_queue (action, status, created_by, created_at, processed_at) VALUES ('improve', {}, {}, {}, {})",
            STATUSES[*status], BOTS[*bot], TIMES[*time], if *time % 2 == 0 { TIMES[*time] } else { "NULL" }
        ),
        Step::QueueMoves(id, status) => {
            format!(
                "UPDATE work_queue SET status = {}, assigned_to = iif(id % 2, 'processor', '') WHERE id = {id}",
                STATUSES[*status]
            )
        }
        Step::QueueDone(id, time) => format!(
            "UPDATE work_queue SET status = 'completed', processed_at = {} WHERE id = {id} AND status IN ('pending', 'processing')",
            TIMES[*time]
        ),
        Step::QueueGone(id) => format!("DELETE FROM work_queue WHERE id = {id}"),
        Step::Look => "SELECT 1".to_owned(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_was_told_in_the_end_is_what_stands_in_the_tables(
        history in 0..1200_u64,
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut bench = Bench::on(&if history == 0 { String::new() } else { ledger(history, 1, SPREAD) });
        for step in &steps {
            match step {
                Step::Look => bench.look(),
                step => bench.run(&sql(step)),
            }
        }
        bench.settle();
        let there = Folded::of(&bench.connection);
        bench.folded.forget_what_was_seen(&there);
        prop_assert_eq!(&bench.folded.ledger, &there.ledger);
        prop_assert_eq!(&bench.folded.runs, &there.runs);
        prop_assert_eq!(&bench.folded, &there);
    }
}
