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

use super::{ActivityReader, Effort, Occasion};
use crate::domain::{
    activity::{ActivityUpdate, BoardUpdate, LedgerRow, QueueEvent, RunRow, TAIL},
    bots::{ReadSoFar, Series},
    catalogue,
    schema::{Index, KeyKind, Relation, RelationKind, Schema, samples},
    time,
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
           status TEXT DEFAULT 'pending', created_by TEXT, assigned_to TEXT, created_at TEXT, processed_at TEXT);",
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
            let indexes = indexes(connection, &name);
            Relation { key: KeyKind::Rowid { alias: "rowid".into(), column: Some(0) }, indexes, ..table }
        })
    });
    Schema { relations: relations.collect() }
}

fn indexes(connection: &Connection, table: &str) -> Vec<Index> {
    connection
        .prepare(
            "SELECT l.name, l.\"partial\", i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i WHERE i.seqno = 0",
        )
        .unwrap()
        .query_map([table], |row| {
            Ok(Index {
                name: row.get(0)?,
                unique: false,
                partial: row.get(1)?,
                origin: "c".into(),
                columns: vec![row.get(2)?],
                sql: None,
            })
        })
        .unwrap()
        .map(Result::unwrap)
        .collect()
}

/// What a pane makes of the updates.
#[derive(Default, Debug)]
pub(super) struct Merged {
    pub(super) ledger: BTreeMap<i64, LedgerRow>,
    pub(super) runs: BTreeMap<i64, RunRow>,
    pub(super) running: u64,
    pub(super) skipped: u64,
    pub(super) queue: Vec<(String, u64)>,
    pub(super) board: Tallied,
}

/// What a board makes of them.
#[derive(Default, Debug)]
pub(super) struct Tallied {
    pub(super) ledger: BTreeMap<(String, String, Option<i64>), u64>,
    pub(super) runs: BTreeMap<i64, RunRow>,
    pub(super) queue: BTreeMap<[String; 3], u64>,
    pub(super) oldest: Option<String>,
    pub(super) events: BTreeMap<(bool, Option<i64>), u64>,
    pub(super) read: ReadSoFar,
}

impl Tallied {
    fn take(&mut self, board: BoardUpdate) {
        if board.ledger_anew {
            self.ledger.clear();
        }
        for tally in board.ledger {
            *self.ledger.entry((tally.bot.to_string(), tally.action.to_string(), tally.second)).or_default() +=
                tally.rows;
        }
        if board.runs_anew {
            self.runs.clear();
        }
        self.runs.extend(board.runs.into_iter().map(|run| (run.id, run)));
        if board.queue_anew {
            self.events.clear();
        }
        for event in board.queue_events {
            *self.events.entry((event.what == QueueEvent::Finished, event.second)).or_default() += event.rows;
        }
        if let Some(depths) = board.queue {
            let name = |name: &str| name.to_owned();
            self.queue = depths
                .iter()
                .map(|depth| ([name(&depth.status), name(&depth.action), name(&depth.bot)], depth.rows))
                .collect();
        }
        if let Some(oldest) = board.oldest_pending {
            self.oldest = oldest;
        }
        self.read = board.read.unwrap_or(self.read);
    }
}

impl Merged {
    pub(super) fn merge(&mut self, update: ActivityUpdate) {
        if update.anew {
            *self = Self { board: std::mem::take(&mut self.board), ..Self::default() };
        }
        self.board.take(update.board);
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
        Self::with(connection, Effort::default())
    }

    fn with(connection: Connection, effort: Effort) -> Self {
        let mut reader = ActivityReader::of(&schema(&connection)).unwrap();
        reader.effort = effort;
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

    /// What a board must have: every row of the three tables, read here one by one.
    fn compare_the_board(&self) {
        self.compare_the_ledger();
        self.compare_the_others();
    }

    fn compare_the_ledger(&self) {
        let board = &self.shown.board;
        let second = |text: Option<String>| text.as_deref().and_then(time::parse).map(time::second);
        let cell = |row: &rusqlite::Row<'_>, at| super::source::text(row, at);
        let mut ledger: BTreeMap<(String, String, Option<i64>), u64> = BTreeMap::new();
        self.each(
            "SELECT bot_name, action, CASE typeof(created_at) WHEN 'text' THEN created_at END FROM bot_ledger",
            |row| {
                let names = (cell(row, 0)?.unwrap_or_default(), cell(row, 1)?.unwrap_or_default());
                *ledger.entry((names.0, names.1, second(cell(row, 2)?))).or_default() += 1;
                Ok(())
            },
        );
        let now = jiff::Timestamp::now().as_second();
        let kept = |tallies: &BTreeMap<(String, String, Option<i64>), u64>| {
            let mut kept: BTreeMap<(String, String, Option<i64>), u64> = BTreeMap::new();
            for ((bot, action, second), rows) in tallies {
                let second = second.map(|second| Series::kept(second, now));
                *kept.entry((bot.clone(), action.clone(), second)).or_default() += rows;
            }
            kept
        };
        assert_eq!(kept(&board.ledger), kept(&ledger));
        let rows = ledger.values().sum();
        assert_eq!(board.read, ReadSoFar { rows, of: rows, week: true, all: true });
    }

    fn compare_the_others(&self) {
        let (board, cell) = (&self.shown.board, |row: &rusqlite::Row<'_>, at| super::source::text(row, at));
        let second = |text: Option<String>| text.as_deref().and_then(time::parse).map(time::second);
        let mut runs = BTreeMap::new();
        self.each("SELECT id, status, items_processed FROM bot_runs", |row| {
            runs.insert(row.get(0)?, (cell(row, 1)?.unwrap_or_default(), row.get::<_, i64>(2)?));
            Ok(())
        });
        let told = board.runs.iter().map(|(id, run)| (*id, (run.status.clone(), run.items[0].as_integer().unwrap())));
        assert_eq!(told.collect::<BTreeMap<i64, _>>(), runs);

        let (mut queue, mut open, mut oldest) = (BTreeMap::new(), 0, None);
        self.each(
            "SELECT status, action, ifnull(nullif(assigned_to, ''), created_by), created_at FROM work_queue",
            |row| {
                let [status, action, bot, made] = [cell(row, 0)?, cell(row, 1)?, cell(row, 2)?, cell(row, 3)?];
                let status = status.unwrap_or_default();
                open += i64::from(status == "pending" || status == "processing");
                if status == "pending"
                    && let Some(made) = second(made)
                {
                    oldest = Some(oldest.map_or(made, |oldest: i64| oldest.min(made)));
                }
                *queue.entry([status, action.unwrap_or_default(), bot.unwrap_or_default()]).or_default() += 1_u64;
                Ok(())
            },
        );
        assert_eq!(board.queue, queue);
        assert_eq!(second(board.oldest.clone()), oldest);
        // Whatever happened on the way: those that came and were not finished are those that are open.
        let sum = |finished: bool| -> i64 {
            let events =
                board.events.iter().filter(|((what, second), _)| *what == finished && (!finished || second.is_some()));
            events.map(|(_, rows)| *rows as i64).sum()
        };
        assert_eq!(sum(false) - sum(true), open, "{:?}", board.events);
    }

    fn each(&self, sql: &str, mut take: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<()>) {
        let mut statement = self.connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            take(row).unwrap();
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
    bench.settle();
    assert_eq!(bench.shown.board.ledger.values().sum::<u64>(), 100_000);
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
    assert_eq!(update.ledger.len(), 500);
    assert_eq!(update.ledger.last().unwrap().id, 9000);
    assert_eq!(bench.run(&flood(1)).unwrap().ledger.len(), 1, "what comes meanwhile does not wait");
    bench.settle();
    assert_eq!(bench.shown.skipped, 6500);
    assert_eq!(bench.shown.board.ledger.values().sum::<u64>(), 9001);
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
    bench.settle();
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
fn all_is_told_when_the_runs_and_the_queue_are_too() {
    let effort = Effort { work: Duration::ZERO, audit: Duration::ZERO, rows: 100 };
    let made = |without: &str| {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&tables("physical")).unwrap();
        connection
            .execute_batch(&format!(
                "{LEDGER} VALUES ('creator', 'create', 'question', 'q-1', NULL, '1969-12-31T23:59:59.5Z');
                 WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
                 INSERT INTO bot_runs (bot_name, started_at, status) SELECT 'creator', '2026-01-29', 'completed' FROM n;
                 {without}"
            ))
            .unwrap();
        connection
    };
    for without in
        ["", "DROP TABLE bot_ledger", "DROP TABLE work_queue", "DROP TABLE bot_ledger; DROP TABLE work_queue"]
    {
        let mut bench = Bench::with(made(without), effort);
        assert!(!bench.shown.board.read.all && bench.shown.board.runs.len() < 500, "{without}");
        bench.settle();
        let board = &bench.shown.board;
        assert!(board.read.all && board.runs.len() == 500, "{without}: {:?}", board.read);
    }
    let bench = Bench::with(made("DROP TABLE bot_runs; DROP TABLE work_queue"), effort);
    bench.compare_the_ledger();
    let bench = Bench::with(made("DROP TABLE bot_ledger; DROP TABLE bot_runs"), effort);
    assert!(bench.shown.board.read.all);
}

#[test]
fn a_flood_between_the_newest_rows_is_no_new_start() {
    let mut bench = Bench::new();
    bench.run(&format!("{LEDGER} VALUES ('creator', 'create', 'question', 'q-1', NULL, '2026-01-29')"));
    bench.run("INSERT INTO bot_ledger (id, bot_name, action, item_type, item_id) VALUES (9000000, 'a', 'b', 'c', 'd')");
    bench.settle();
    let flood = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
         {LEDGER} SELECT 'flooder', 'flag', 'question', 'q', NULL, NULL FROM n"
    );
    let update = bench
        .run(&flood.replace("(bot_name", "(id, bot_name").replace("SELECT 'flooder'", "SELECT 100 + i, 'flooder'"));
    assert!(!update.unwrap().anew);
    bench.settle();
    bench.compare_the_board();
    // A known row that goes in the same commit is missed all the same.
    let more = flood.replace("(bot_name", "(id, bot_name").replace("SELECT 'flooder'", "SELECT 100000 + i, 'flooder'");
    let update = bench.run(&format!("BEGIN; DELETE FROM bot_ledger WHERE id = 9000000; {more}; COMMIT"));
    assert!(update.unwrap().anew);
    bench.settle();
    bench.compare_the_board();
}

#[test]
fn of_a_table_that_is_gone_nothing_is_counted_any_more() {
    let mut bench = Bench::new();
    bench.run(&format!(
        "{LEDGER} VALUES ('creator', 'create', 'question', 'q-1', NULL, '2026-01-29');
         INSERT INTO bot_runs (bot_name, started_at) VALUES ('creator', '2026-01-29');
         INSERT INTO work_queue (item_type, item_id, action, created_at) VALUES ('question', 'q-1', 'improve', '2026-01-29');"
    ));
    bench.settle();
    for table in ["bot_ledger", "work_queue"] {
        bench.connection.execute_batch(&format!("DROP TABLE {table}")).unwrap();
        bench.reader = ActivityReader::of(&schema(&bench.connection)).unwrap();
        bench.look(Occasion::Change).unwrap();
        bench.settle();
        let board = &bench.shown.board;
        assert_eq!((board.ledger.len(), board.runs.len()), (0, 1), "{table}");
        assert_eq!((board.queue.is_empty(), board.oldest.is_none()), (table == "work_queue", table == "work_queue"));
    }
    assert!(bench.shown.queue.is_empty() && bench.shown.board.events.is_empty());
    bench
        .connection
        .execute_batch(&format!("{} DROP TABLE bot_runs;", tables("physical").replace("TABLE", "TABLE IF NOT EXISTS")))
        .unwrap();
    bench.reader = ActivityReader::of(&schema(&bench.connection)).unwrap();
    bench.look(Occasion::Change).unwrap();
    assert!(bench.shown.board.runs.is_empty());
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

#[test]
fn the_last_week_is_told_first_and_all_of_it_once() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&tables("physical")).unwrap();
    connection
        .execute_batch(&format!(
            "CREATE INDEX ledger_time ON bot_ledger (created_at);
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
             {LEDGER} SELECT 'creator', 'create', 'question', 'q-' || i, NULL,
               CASE WHEN i % 11 = 0 THEN 'soon' WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN {early}
                    WHEN i % 2 = 0 THEN {iso} ELSE {plain} END FROM n;",
            // All on one second, too: a page of the index may begin and end within it.
            early = "strftime('%Y-%m-%dT12:00:00.000Z', 'now', '-2 days')",
            iso = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', (i - 4000) || ' minutes')",
            plain = "strftime('%Y-%m-%d %H:%M:%S', 'now', ((i - 4000) * 9) || ' minutes')",
        ))
        .unwrap();
    let effort = Effort { work: Duration::ZERO, audit: Duration::ZERO, rows: 100 };
    let mut bench = Bench::with(connection, effort);
    while !bench.shown.board.read.week {
        bench.now += Duration::from_millis(1);
        assert!(bench.reader.next_look(bench.now).is_some());
        bench.look(Occasion::Due);
    }
    let read = bench.shown.board.read;
    assert!(!read.all && read.rows < read.of && read.of == 4000, "{read:?}");
    let since = bench.numbers("SELECT unixepoch('now', '-7 days')")[0];
    let told = bench.shown.board.ledger.iter().filter(|((_, _, second), _)| second.is_some_and(|at| at >= since));
    let there =
        bench.numbers("SELECT count(*) FROM bot_ledger WHERE unixepoch(created_at) >= unixepoch('now', '-7 days')");
    assert_eq!(told.map(|(_, rows)| *rows as i64).sum::<i64>(), there[0]);
    // Meanwhile a row comes in the middle of what is not counted yet, and one before all.
    bench.run(&format!("DELETE FROM bot_ledger WHERE id = 7; INSERT INTO bot_ledger VALUES (7, 'late', 'b', 'c', 'd', NULL, NULL, NULL, {}),
        (-5, 'early', 'b', 'c', 'd', NULL, NULL, NULL, '2020-01-01')", TIMES[5]));
    bench.settle();
    bench.compare_the_board();
}

#[test]
fn all_is_told_only_where_the_runs_and_the_queue_are_told_too() {
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
        INSERT INTO bot_runs (bot_name, started_at, status) SELECT 'creator', '2026-01-01', 'completed' FROM n;
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 700)
        INSERT INTO work_queue (item_type, item_id, action, status) SELECT 'question', 'q', 'verify', 'completed' FROM n;";
    for without in ["", "bot_ledger", "bot_runs", "work_queue"] {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&tables("physical")).unwrap();
        connection.execute_batch(many).unwrap();
        if !without.is_empty() {
            connection.execute_batch(&format!("DROP TABLE {without}")).unwrap();
        }
        let effort = Effort { work: Duration::ZERO, audit: Duration::ZERO, rows: 200 };
        let mut bench = Bench::with(connection, effort);
        let (runs, items) =
            (if without == "bot_runs" { 0 } else { 900 }, if without == "work_queue" { 0 } else { 700 });
        let mut looks = 0;
        while !bench.shown.board.read.all {
            assert!(bench.reader.next_look(bench.now).is_some(), "it is told at last, without {without:?}");
            bench.now += Duration::from_millis(1);
            bench.look(Occasion::Due);
            looks += 1;
        }
        assert!(looks > 5, "in turns: {looks}");
        assert_eq!(bench.shown.board.runs.len(), runs);
        assert_eq!(bench.shown.board.queue.values().sum::<u64>(), items);
    }
}

#[test]
fn writers_with_their_own_ids_are_shown_at_once_and_little_is_read_for_it() {
    let mut bench = Bench::new();
    for turn in 0..300 {
        for writer in [3, 1, 4, 2] {
            let update = bench.run(&sql_of(&Turn::Block(writer, 5))).unwrap();
            assert_eq!(update.ledger.len(), 5, "turn {turn} of writer {writer}");
            assert!(!update.anew);
            assert!(update.rows_read <= 60, "{} rows read", update.rows_read);
        }
    }
    assert_eq!(bench.shown.ledger.len(), 6000);
    bench.settle();
    bench.compare_the_board();
}

#[test]
fn a_clean_up_in_a_hundred_commits_does_not_count_a_hundred_times() {
    let mut bench = Bench::new();
    bench.run(&sql_of(&Turn::Flood(50_000)));
    bench.settle();
    let mut counted = 0;
    for batch in 0..100_i64 {
        bench.now += Duration::from_millis(100);
        let sql = format!(
            "DELETE FROM bot_ledger WHERE id BETWEEN {} AND {}",
            50_000 - batch * 300 - 299,
            50_000 - batch * 300
        );
        counted += i32::from(bench.run(&sql).is_some_and(|update| update.board.ledger_anew));
    }
    assert!(counted <= 10, "counted {counted} times in ten seconds");
    bench.settle();
    bench.compare_the_board();
    assert_eq!(bench.shown.ledger.keys().next_back(), Some(&20_000));
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

/// What else happens to the tables.
#[derive(Clone, Debug)]
enum Turn {
    Plain(Step),
    /// Rows with ids of a writer's own block, below those of others.
    Block(i64, i64),
    /// Many in one commit.
    Flood(i64),
    /// Sparse ids.
    Jump(i64),
    /// Rows with times of all kinds, at this id or behind the last one.
    Time(Option<i64>, usize),
    Changed(i64, usize),
    /// Rows from the first to the second id are gone.
    Swept(i64, i64),
    /// All rows are gone.
    Emptied,
    /// As many rows with the same ids, and others in them, in one commit.
    Replaced,
    Dropped,
    Finished(i64, usize),
    /// A look while somebody else holds the lock.
    Later(u64),
}

const TIMES: [&str; 13] = [
    "'2026-01-29T08:03:07.588Z'",
    "'2026-01-29 08:03:07'",
    "'2026-01-29T09:03:07+01:00'",
    "strftime('%Y-%m-%d %H:%M:%S', 'now')",
    "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+1 hour')",
    "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-3 days')",
    "NULL",
    "'soon'",
    "1769673787",
    "17.5",
    "x'ff00'",
    "CAST(x'ff32303236' AS TEXT)",
    "'1969-12-31T23:59:58.5Z'",
];

fn turn() -> impl Strategy<Value = Turn> {
    let time = || 0..TIMES.len();
    prop_oneof![
        40 => step().prop_map(Turn::Plain),
        6 => (1..5_i64, 1..30_i64).prop_map(|(writer, rows)| Turn::Block(writer, rows)),
        1 => (1000..4000_i64).prop_map(Turn::Flood),
        2 => (1..300_i64).prop_map(Turn::Jump),
        8 => (prop::option::of(1..400_i64), time()).prop_map(|(id, time)| Turn::Time(id, time)),
        2 => (1..400_i64, time()).prop_map(|(id, time)| Turn::Changed(id, time)),
        2 => (1..4000_i64, 0..2000_i64).prop_map(|(first, rows)| Turn::Swept(first, first + rows)),
        1 => Just(Turn::Emptied),
        1 => Just(Turn::Replaced),
        1 => Just(Turn::Dropped),
        4 => (1..40_i64, time()).prop_map(|(id, time)| Turn::Finished(id, time)),
        6 => (1..2000_u64).prop_map(Turn::Later),
    ]
}

fn sql_of(turn: &Turn) -> String {
    let rows = |rows: i64, ids: &str, made: &str| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT OR IGNORE INTO bot_ledger (id, bot_name, action, item_type, item_id, created_at)
             SELECT {ids}, 'processor', iif(i % 3, 'update', 'verify'), 'question', 'q-' || i, {made} FROM n;"
        )
    };
    match turn {
        Turn::Plain(step) => sql(step),
        Turn::Block(writer, count) => {
            let (first, last) = (writer * 1_000_000, (writer + 1) * 1_000_000);
            let last = format!("SELECT ifnull(max(id), {first}) FROM bot_ledger WHERE id > {first} AND id < {last}");
            rows(*count, &format!("({last}) + i"), TIMES[0])
        }
        Turn::Flood(count) => rows(*count, "NULL", TIMES[1]),
        Turn::Jump(count) => rows(*count, "(SELECT ifnull(max(id), 0) FROM bot_ledger) + 17 + i * 3", TIMES[3]),
        Turn::Time(id, time) => {
            let id = id.map_or("NULL".to_owned(), |id| id.to_string());
            format!(
                "INSERT OR IGNORE INTO bot_ledger (id, bot_name, action, item_type, item_id, created_at)
                 VALUES ({id}, x'00ff', 'flag', 'question', 'q', {})", TIMES[*time]
            )
        }
        Turn::Changed(id, time) => {
            format!("UPDATE bot_ledger SET created_at = {}, action = 'delete' WHERE id = {id}", TIMES[*time])
        }
        Turn::Swept(first, last) => format!("DELETE FROM bot_ledger WHERE id BETWEEN {first} AND {last}"),
        Turn::Emptied => "DELETE FROM bot_ledger; DELETE FROM bot_runs; DELETE FROM work_queue".to_owned(),
        Turn::Replaced => "BEGIN; CREATE TEMP TABLE old AS SELECT id FROM bot_ledger; DELETE FROM bot_ledger;
             INSERT INTO bot_ledger (id, bot_name, action, item_type, item_id) SELECT id, 'x', 'y', 'z', 'other' FROM old;
             DROP TABLE old; COMMIT".to_owned(),
        Turn::Dropped => {
            format!("DROP TABLE bot_ledger; DROP TABLE bot_runs; DROP TABLE work_queue; {}", tables("physical"))
        }
        Turn::Finished(id, time) => {
            format!("UPDATE work_queue SET status = 'completed', processed_at = {} WHERE id = {id}", TIMES[*time])
        }
        Turn::Later(_) => "SELECT 1".to_owned(),
    }
}

fn try_turns(turns: &[Turn], index: &str, rows: usize) {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&tables("physical")).unwrap();
    connection.execute_batch(index).unwrap();
    // A look counts few rows, so that what happens meanwhile is tried, too.
    let effort = Effort { work: Duration::ZERO, audit: Duration::ZERO, rows };
    let mut bench = Bench::with(connection, effort);
    for turn in turns {
        bench.connection.execute_batch(&sql_of(turn)).unwrap();
        match turn {
            Turn::Plain(Step::Look) => {
                bench.now += Duration::from_millis(30);
                bench.look(Occasion::Change);
            }
            Turn::Later(pause) => {
                // Changes are looked for before the next piece of what is due, as the watcher does.
                bench.look(Occasion::Change);
                bench.now += Duration::from_millis(*pause);
                if bench.reader.next_look(bench.now) == Some(Duration::ZERO) {
                    bench.look(Occasion::Due);
                }
            }
            Turn::Dropped => {
                bench.connection.execute_batch(index).unwrap();
                bench.reader = ActivityReader::of(&schema(&bench.connection)).unwrap();
                bench.reader.effort = effort;
                bench.look(Occasion::Change);
            }
            _ => {}
        }
    }
    bench.look(Occasion::Change);
    bench.settle();
    bench.compare_the_board();
    let newest = |mut ids: Vec<i64>| ids.split_off(ids.len().saturating_sub(TAIL));
    assert_eq!(
        newest(bench.shown.ledger.keys().copied().collect()),
        newest(bench.numbers("SELECT id FROM bot_ledger ORDER BY id"))
    );
    bench.each(
        &format!("SELECT id, bot_name, action, item_id, created_at FROM bot_ledger ORDER BY id DESC LIMIT {TAIL}"),
        |row| {
            let shown = &bench.shown.ledger[&row.get(0)?];
            let cell = |at| super::source::text(row, at);
            assert_eq!((Some(&shown.bot), Some(&shown.action)), (cell(1)?.as_ref(), cell(2)?.as_ref()));
            assert_eq!((Some(&shown.item_id), &shown.created_at), (cell(3)?.as_ref(), &cell(4)?));
            Ok(())
        },
    );
    let every = bench.numbers("SELECT id FROM bot_ledger");
    let every: std::collections::BTreeSet<i64> = every.into_iter().collect();
    assert!(bench.shown.ledger.keys().all(|id| every.contains(id)), "nothing is shown that is gone");
    let runs: Vec<i64> = bench.shown.runs.keys().copied().collect();
    assert_eq!(newest(runs), newest(bench.numbers("SELECT id FROM bot_runs ORDER BY id")));
    assert_eq!(bench.shown.running as i64, bench.numbers("SELECT count(*) FROM bot_runs WHERE status = 'running'")[0]);
    assert_eq!(bench.shown.queue, bench.queue_in_the_table());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_in_the_end_is_what_stands_in_the_tables(steps in prop::collection::vec(step(), 0..120)) {
        let steps: Vec<Turn> = steps.into_iter().map(Turn::Plain).collect();
        try_turns(&steps, "", 4096);
    }

    #[test]
    fn nothing_is_lost_or_told_twice_whatever_happens_to_the_tables(turns in prop::collection::vec(turn(), 0..80)) {
        try_turns(&turns, "CREATE INDEX ledger_time ON bot_ledger (created_at)", 40);
    }
}
