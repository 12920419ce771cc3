//! Tests of the activity reader: what a pane shows of its updates is what stands in the tables.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use rusqlite::Connection;

use super::{ActivityReader, Occasion};
use crate::domain::{
    activity::{ActivityUpdate, LedgerRow, RunRow},
    catalogue,
    schema::{KeyKind, Relation, RelationKind, Schema, samples},
    value::Value,
};

/// The tables the reader follows, with the physical or the logical names.
pub(super) fn tables(logical: &str) -> String {
    let names = |physical: &'static str| match logical {
        "logical" => catalogue::TABLES.iter().find(|table| table.physical == physical).unwrap().logical.to_owned(),
        _ => physical.to_owned(),
    };
    let sql = format!(
        "CREATE TABLE {} (id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, action TEXT NOT NULL, item_type TEXT NOT NULL,
           item_id TEXT NOT NULL, before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
         CREATE TABLE {} (id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT NOT NULL, started_at TEXT NOT NULL, completed_at TEXT,
           status TEXT DEFAULT 'running', items_processed INTEGER DEFAULT 0, items_created INTEGER DEFAULT 0,
           items_updated INTEGER DEFAULT 0, items_deleted INTEGER DEFAULT 0, summary TEXT);
         CREATE TABLE {} (id INTEGER PRIMARY KEY AUTOINCREMENT, item_type TEXT NOT NULL, item_id TEXT NOT NULL, action TEXT NOT NULL,
           status TEXT DEFAULT 'pending');",
        names("bot_ledger"),
        names("bot_runs"),
        names("work_queue")
    );
    if logical != "logical" {
        return sql;
    }
    ["bot_name", "item_type", "item_id", "created_at", "started_at", "completed_at", "items_processed", "before_state"]
        .into_iter()
        .fold(sql, |sql, physical| {
            let mut letters = physical.split('_');
            let first = letters.next().unwrap().to_owned();
            let camel = letters.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..]);
            sql.replace(physical, &camel)
        })
}

/// The schema of what is in this database, without what the reader does not look at.
pub(super) fn schema(connection: &Connection) -> Schema {
    let names: Vec<(String, String)> = connection
        .prepare("SELECT name, type FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let relations = names.into_iter().map(|(name, kind)| {
        let columns: Vec<String> = connection
            .prepare("SELECT name FROM pragma_table_info(?1)")
            .unwrap()
            .query_map([&name], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let table = samples::table(&name, &columns);
        Arc::new(if kind == "view" {
            Relation { kind: RelationKind::View, key: KeyKind::None, ..table }
        } else {
            Relation { key: KeyKind::Rowid { alias: "rowid".into(), column: Some(0) }, ..table }
        })
    });
    Schema { relations: relations.collect() }
}

/// What a pane makes of the updates.
#[derive(Default, Debug)]
pub(super) struct Merged {
    pub(super) ledger: BTreeMap<i64, LedgerRow>,
    pub(super) runs: BTreeMap<i64, RunRow>,
    pub(super) running: u64,
    pub(super) skipped: u64,
    pub(super) queue: Vec<(String, u64)>,
}

impl Merged {
    pub(super) fn merge(&mut self, update: ActivityUpdate) {
        if update.anew {
            *self = Self::default();
        }
        let mut last = i64::MIN;
        for row in update.ledger {
            assert!(row.id > last, "ascending");
            last = row.id;
            assert!(self.ledger.insert(row.id, row).is_none(), "no row is shown twice");
        }
        self.skipped += update.ledger_skipped;
        self.runs.extend(update.runs.into_iter().map(|run| (run.id, run)));
        self.running = update.runs_running;
        if let Some(queue) = update.queue {
            self.queue = queue;
        }
    }
}

/// A database with a reader on it and what a pane shows of it.
struct Bench {
    connection: Connection,
    reader: ActivityReader,
    shown: Merged,
    now: Instant,
}

impl Bench {
    fn on(connection: Connection) -> Self {
        let reader = ActivityReader::of(&schema(&connection)).unwrap();
        let mut bench = Self { connection, reader, shown: Merged::default(), now: Instant::now() };
        bench.look(Occasion::Change);
        bench
    }

    fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&tables("physical")).unwrap();
        Self::on(connection)
    }

    fn run(&mut self, sql: &str) -> Option<ActivityUpdate> {
        self.connection.execute_batch(sql).unwrap();
        self.look(Occasion::Change)
    }

    fn look(&mut self, occasion: Occasion) -> Option<ActivityUpdate> {
        let update = self.try_look(occasion).unwrap();
        if let Some(update) = update.clone() {
            self.shown.merge(update);
        }
        update
    }

    /// Looks as the watcher does: in a transaction, with a copy that is kept where all went well.
    fn try_look(&mut self, occasion: Occasion) -> rusqlite::Result<Option<ActivityUpdate>> {
        let transaction = self.connection.unchecked_transaction()?;
        let mut reader = self.reader.clone();
        let update = reader.look(&transaction, occasion, self.now)?;
        self.reader = reader;
        Ok(update)
    }

    /// Looks until nothing is due any more.
    fn settle(&mut self) {
        while let Some(pause) = self.reader.next_look(self.now) {
            self.now += pause;
            self.look(Occasion::Due);
        }
    }

    fn numbers(&self, sql: &str) -> Vec<i64> {
        self.connection.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    }

    fn queue_in_the_table(&self) -> Vec<(String, u64)> {
        self.connection
            .prepare(
                "SELECT status, count(*) FROM work_queue GROUP BY status
                 ORDER BY instr('pending processing completed failed ', status || ' ') = 0,
                   instr('pending processing completed failed ', status || ' '), status",
            )
            .unwrap()
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)? as u64)))
            .unwrap()
            .map(Result::unwrap)
            .collect()
    }
}

pub(super) const LEDGER: &str = "INSERT INTO bot_ledger (bot_name, action, item_type, item_id, reason, created_at)";

#[test]
fn the_first_look_has_the_tail_the_runs_and_the_queue() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&tables("physical")).unwrap();
    connection
        .execute_batch(&format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
             {LEDGER} SELECT 'creator', 'create', 'question', 'q-' || i, NULL, '2026-01-01 00:00:00' FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80)
             INSERT INTO bot_runs (bot_name, started_at, status) SELECT 'verifier', '2026', iif(i IN (2, 5, 79), 'running', 'completed') FROM n;
             INSERT INTO work_queue (item_type, item_id, action, status)
               VALUES ('question', 'q-1', 'improve', 'failed'), ('question', 'q-2', 'improve', 'pending'), ('question', 'q-3', 'x', 'stuck');"
        ))
        .unwrap();
    let bench = Bench::on(connection);
    assert_eq!(bench.shown.ledger.keys().copied().collect::<Vec<_>>(), (101..=300).collect::<Vec<_>>());
    assert_eq!(
        bench.shown.runs.keys().copied().collect::<Vec<_>>(),
        [2, 5].into_iter().chain(31..=80).collect::<Vec<_>>()
    );
    assert_eq!(bench.shown.running, 3);
    assert_eq!(bench.shown.queue, [("pending".into(), 1), ("failed".into(), 1), ("stuck".into(), 1)]);
    assert_eq!(bench.shown.ledger[&300].item_id, "q-300");
    assert_eq!(bench.reader.next_look(bench.now), None, "nothing is due");
}

#[test]
fn one_insert_into_a_large_ledger_reads_few_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.db");
    crate::db::generate::generate(&path, 100_000, &mut |_, _| {}).unwrap();
    let connection = Connection::open(&path).unwrap();
    // The queue and the runs that can change are looked at again: here none, to see the rest alone.
    connection
        .execute_batch("UPDATE work_queue SET status = 'completed'; UPDATE bot_runs SET status = 'failed'")
        .unwrap();
    let mut bench = Bench::on(connection);
    let update =
        bench.run(&format!("{LEDGER} VALUES ('creator', 'create', 'question', 'q-1', 'why', '2026')")).unwrap();
    assert_eq!(update.ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [100_001]);
    assert!(update.rows_read <= 50, "{} rows read", update.rows_read);
    assert!(update.rows_read >= 1, "rows are counted");
    let update = bench.run("INSERT INTO bot_runs (bot_name, started_at) VALUES ('creator', '2026')").unwrap();
    assert_eq!((update.runs.len(), update.runs_running), (1, 1));
    assert!(update.rows_read <= 50, "{} rows read", update.rows_read);
    assert_eq!(bench.run("UPDATE questions SET tldr = 'x' WHERE id = 'q-1'"), None, "nothing of this is the bots'");
}

#[test]
fn a_flood_is_counted_not_read() {
    let mut bench = Bench::new();
    let flood = |rows: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             {LEDGER} SELECT 'creator', 'create', 'question', 'q-' || i, NULL, '2026' FROM n;"
        )
    };
    let update = bench.run(&flood(2000)).unwrap();
    assert_eq!((update.ledger.len(), update.ledger_skipped), (2000, 0));
    let update = bench.run(&flood(7000)).unwrap();
    assert_eq!((update.ledger.len(), update.ledger_skipped), (500, 6500));
    assert_eq!(update.ledger.last().unwrap().id, 9000);
    assert_eq!(bench.run(&flood(1)).unwrap().ledger.len(), 1);
}

#[test]
fn a_row_committed_late_is_shown_once() {
    let mut bench = Bench::new();
    bench.run(&format!("{LEDGER} VALUES ('a', 'b', 'c', 'd', NULL, NULL)"));
    bench.run("INSERT INTO bot_ledger VALUES (100, 'a', 'b', 'c', 'd', NULL, NULL, NULL, NULL)");
    let update = bench.run("INSERT INTO bot_ledger VALUES (50, 'a', 'b', 'c', 'd', NULL, NULL, NULL, NULL)").unwrap();
    assert_eq!(update.ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [50]);
    bench.settle();
    assert_eq!(bench.shown.ledger.len(), 3);
}

#[test]
fn rows_taken_away_mean_a_new_start() {
    let mut bench = Bench::new();
    for id in 1..=30 {
        bench.run(&format!("INSERT INTO bot_ledger VALUES ({id}, 'a', 'b', 'c', 'd', NULL, NULL, NULL, NULL)"));
    }
    assert!(bench.run("DELETE FROM bot_ledger WHERE id = 30").unwrap().anew, "the last one: at once");
    assert_eq!(bench.run("DELETE FROM bot_ledger WHERE id = 3"), None, "one further back: by the audit");
    bench.settle();
    assert!(!bench.shown.ledger.contains_key(&3));
    assert!(bench.run("DELETE FROM bot_ledger").unwrap().anew);
    assert!(bench.shown.ledger.is_empty());
    // The same ids again, as in a table without AUTOINCREMENT.
    bench.run("INSERT INTO bot_ledger VALUES (1, 'new', 'b', 'c', 'd', NULL, NULL, NULL, NULL)");
    assert_eq!(bench.shown.ledger[&1].bot, "new");
}

#[test]
fn a_run_is_followed_until_it_ends_however_old() {
    let mut bench = Bench::new();
    bench.run("INSERT INTO bot_runs (bot_name, started_at) VALUES ('creator', '2026')");
    bench.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
         INSERT INTO bot_runs (bot_name, started_at, status) SELECT 'verifier', '2026', 'failed' FROM n",
    );
    assert_eq!(bench.shown.running, 1);
    let update = bench.run("UPDATE bot_runs SET items_processed = 7 WHERE id = 1").unwrap();
    assert_eq!((update.runs[0].items[0].clone(), update.runs_running), (Value::Integer(7), 1));
    let update = bench.run("UPDATE bot_runs SET status = 'completed', completed_at = '2027' WHERE id = 1").unwrap();
    assert_eq!((update.runs.len(), update.runs[0].status.as_str(), update.runs_running), (1, "completed", 0));
}

#[test]
fn many_rows_that_can_change_are_looked_at_in_turns() {
    let mut bench = Bench::new();
    bench.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
         INSERT INTO work_queue (item_type, item_id, action) SELECT 'question', 'q-' || i, 'improve' FROM n",
    );
    assert_eq!(bench.shown.queue, [("pending".into(), 9000)]);
    bench.run("UPDATE work_queue SET status = 'completed' WHERE id % 3 = 0");
    assert!(bench.reader.next_look(bench.now).is_some());
    bench.settle();
    assert_eq!(bench.shown.queue, [("pending".into(), 6000), ("completed".into(), 3000)]);
}

#[test]
fn logical_names_missing_columns_and_missing_tables_are_read_too() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&tables("logical")).unwrap();
    connection
        .execute_batch(
            "INSERT INTO botLedger (botName, action, itemType, itemId) VALUES ('creator', 'create', 'question', 'q-1')",
        )
        .unwrap();
    let bench = Bench::on(connection);
    assert_eq!((bench.shown.ledger[&1].bot.as_str(), bench.shown.ledger[&1].item_id.as_str()), ("creator", "q-1"));

    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE bot_ledger (action TEXT); INSERT INTO bot_ledger VALUES ('flag')").unwrap();
    let bench = Bench::on(connection);
    assert_eq!((bench.shown.ledger[&1].action.as_str(), bench.shown.ledger[&1].bot.as_str()), ("flag", ""));
    assert_eq!((bench.shown.queue.len(), bench.shown.running), (0, 0));

    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE notes (id); CREATE VIEW bot_ledger AS SELECT * FROM notes").unwrap();
    assert!(ActivityReader::of(&schema(&connection)).is_none());
}

#[test]
fn a_failing_look_forgets_nothing_and_the_next_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let path: &Path = &folder.path().join("locked.db");
    let writer = Connection::open(path).unwrap();
    writer.execute_batch(&tables("physical")).unwrap();
    let reading = Connection::open(path).unwrap();
    reading.busy_timeout(Duration::ZERO).unwrap();
    let mut bench = Bench::on(reading);
    writer
        .execute_batch(&format!(
            "BEGIN EXCLUSIVE; {LEDGER} VALUES ('creator', 'create', 'question', 'q-1', NULL, '2026')"
        ))
        .unwrap();
    assert!(bench.try_look(Occasion::Change).is_err());
    writer.execute_batch("COMMIT").unwrap();
    let update = bench.look(Occasion::Change).unwrap();
    assert!(!update.anew);
    assert_eq!(update.ledger.len(), 1);
    // A table dropped: an error until somebody makes a reader for the new schema.
    bench.connection.execute_batch("DROP TABLE bot_ledger").unwrap();
    assert!(bench.try_look(Occasion::Change).is_err());
    bench.reader = ActivityReader::of(&schema(&bench.connection)).unwrap();
    assert!(bench.look(Occasion::Change).unwrap().anew);
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Ledger,
    LedgerAt(i64),
    LedgerGone(i64),
    Run,
    RunEnds(i64),
    RunWorks(i64),
    RunGone(i64),
    Queue(usize),
    QueueMoves(i64, usize),
    QueueGone(i64),
    Look,
}

const STATUSES: [&str; 5] = ["pending", "processing", "completed", "failed", "odd"];

pub(super) fn step() -> impl Strategy<Value = Step> {
    let id = 1..40_i64;
    prop_oneof![
        6 => Just(Step::Ledger),
        2 => (1..400_i64).prop_map(Step::LedgerAt),
        1 => id.clone().prop_map(Step::LedgerGone),
        3 => Just(Step::Run),
        3 => id.clone().prop_map(Step::RunEnds),
        2 => id.clone().prop_map(Step::RunWorks),
        1 => id.clone().prop_map(Step::RunGone),
        3 => (0..5_usize).prop_map(Step::Queue),
        4 => (id.clone(), 0..5_usize).prop_map(|(id, status)| Step::QueueMoves(id, status)),
        1 => id.prop_map(Step::QueueGone),
        8 => Just(Step::Look),
    ]
}

pub(super) fn sql(step: &Step) -> String {
    match step {
        Step::Ledger => format!("{LEDGER} VALUES ('creator', 'create', 'question', 'q-1', NULL, '2026')"),
        Step::LedgerAt(id) => {
            format!(
                "INSERT OR IGNORE INTO bot_ledger VALUES ({id}, 'creator', 'flag', 'question', 'q-2', NULL, NULL, NULL, '2026')"
            )
        }
        Step::LedgerGone(id) => format!("DELETE FROM bot_ledger WHERE id = {id}"),
        Step::Run => "INSERT INTO bot_runs (bot_name, started_at) VALUES ('verifier', '2026')".into(),
        Step::RunEnds(id) => format!("UPDATE bot_runs SET status = 'completed', completed_at = '2027' WHERE id = {id}"),
        Step::RunWorks(id) => format!("UPDATE bot_runs SET items_processed = items_processed + 1 WHERE id = {id}"),
        Step::RunGone(id) => format!("DELETE FROM bot_runs WHERE id = {id}"),
        Step::Queue(status) => {
            format!(
                "INSERT INTO work_queue (item_type, item_id, action, status) VALUES ('question', 'q', 'verify', '{}')",
                STATUSES[*status]
            )
        }
        Step::QueueMoves(id, status) => {
            format!("UPDATE work_queue SET status = '{}' WHERE id = {id}", STATUSES[*status])
        }
        Step::QueueGone(id) => format!("DELETE FROM work_queue WHERE id = {id}"),
        Step::Look => "SELECT 1".into(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_in_the_end_is_what_stands_in_the_tables(steps in prop::collection::vec(step(), 0..120)) {
        let mut bench = Bench::new();
        for step in &steps {
            match step {
                Step::Look => {
                    bench.now += Duration::from_millis(700);
                    bench.look(Occasion::Change);
                }
                step => bench.connection.execute_batch(&sql(step)).unwrap(),
            }
        }
        bench.look(Occasion::Change);
        bench.settle();
        prop_assert_eq!(bench.shown.ledger.keys().copied().collect::<Vec<_>>(), bench.numbers("SELECT id FROM bot_ledger ORDER BY id"));
        prop_assert_eq!(bench.shown.running as i64, bench.numbers("SELECT count(*) FROM bot_runs WHERE status = 'running'")[0]);
        let runs: Vec<i64> = bench.shown.runs.keys().copied().collect();
        prop_assert_eq!(runs, bench.numbers("SELECT id FROM bot_runs ORDER BY id"));
        let items: Vec<i64> = bench.shown.runs.values().map(|run| run.items[0].as_integer().unwrap()).collect();
        prop_assert_eq!(items, bench.numbers("SELECT items_processed FROM bot_runs ORDER BY id"));
        prop_assert_eq!(&bench.shown.queue, &bench.queue_in_the_table());
    }
}
