//! Tests of looking at the bots through scripts: what a pane shows of it is what the reader of files shows of the same tables.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::time::{Duration, Instant};

use proptest::prelude::*;
use rusqlite::{Connection, StatementStatus};

use super::{AUDIT, ServerActivity, Taken};
use crate::{
    db::{
        activity::{
            ActivityReader, Occasion,
            tests::{LEDGER, Merged, Step, schema, sql, step, tables},
        },
        connection::reader,
        server::{link::Set, script::Script},
    },
    domain::{activity::ActivityUpdate, value::Value},
};

/// How long a look takes.
pub(super) const TOOK: Duration = Duration::from_millis(1);

pub(super) fn wall() -> jiff::Timestamp {
    "2026-01-29T08:00:00Z".parse().unwrap()
}

/// A database whose statements are run as a server would.
struct Bench {
    connection: Connection,
    reader: ServerActivity,
    shown: Merged,
    now: Instant,
    statements: usize,
}

/// The rows that the statements give, and how many rows SQLite read for them.
pub(super) fn run(connection: &Connection, script: &Script) -> (Vec<Set>, u64) {
    let mut read = 0;
    let set = |sql: &String| {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut set = Set::default();
        while let Some(row) = rows.next().unwrap() {
            let values: Vec<Value> =
                (0..columns).map(|at| reader::value(row.get_ref(at).unwrap(), usize::MAX)).collect();
            for value in &values {
                // What JSON cannot carry must not travel.
                match value {
                    Value::Text(bytes) => assert!(std::str::from_utf8(bytes.head()).is_ok()),
                    Value::Real(number) => assert!(number.is_finite()),
                    _ => {}
                }
            }
            set.rows.push(values);
        }
        drop(rows);
        read += u64::try_from(statement.reset_status(StatementStatus::RowsRead)).unwrap();
        set
    };
    let sets = script.statements().iter().map(set).collect();
    (sets, read)
}

impl Bench {
    fn on(connection: Connection) -> Self {
        let reader = ServerActivity::of(&schema(&connection)).unwrap();
        let mut bench = Self { connection, reader, shown: Merged::default(), now: Instant::now(), statements: 0 };
        bench.look();
        bench
    }

    fn new() -> Self {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(&tables("physical")).unwrap();
        Self::on(connection)
    }

    /// A look, and those that follow it at once. The first of them that brings something.
    fn look(&mut self) -> Option<ActivityUpdate> {
        self.now += Duration::from_secs(1);
        let mut first = None;
        for _ in 0..100 {
            let mut script = Script::default();
            self.reader.ask(&mut script, self.now, wall()).unwrap();
            let (sets, _) = run(&self.connection, &script);
            self.statements = sets.len();
            match self.reader.take(&sets, TOOK, self.now) {
                Taken::Nothing => {}
                Taken::News(update) | Taken::Before(update) => {
                    self.shown.merge((*update).clone());
                    first = first.or(Some(*update));
                }
                Taken::Lost => continue,
            }
            if !self.reader.owes(self.now) {
                return first;
            }
        }
        panic!("it never ends");
    }

    fn run(&mut self, sql: &str) -> Option<ActivityUpdate> {
        self.connection.execute_batch(sql).unwrap();
        self.look()
    }

    /// Looks until everything has had its audit.
    fn settle(&mut self) {
        self.now += AUDIT;
        self.look();
    }

    /// What the reader of files shows.
    fn file(&self) -> Merged {
        let mut reader = ActivityReader::of(&schema(&self.connection)).unwrap();
        let mut shown = Merged::default();
        shown.merge(reader.look(&self.connection, Occasion::Change, self.now).unwrap().unwrap());
        shown
    }
}

#[test]
fn hostile_values_are_read_as_from_a_file() {
    let mut bench = Bench::new();
    let long = "é".repeat(700);
    bench.run(&format!(
        "{LEDGER} VALUES ('creator', x'00ff', 9e999, -9e999, CAST(x'61ff62' AS TEXT), '{long}'), (1.5, 2, 'x', x'', 'Inf', 'x00');
         INSERT INTO bot_runs (bot_name, started_at, items_processed, items_created, items_updated, items_deleted)
           VALUES ('a' || char(0) || 'b', 1, 'text', x'0102', 9e999, 0.1);
         INSERT INTO work_queue (item_type, item_id, action, status)
           VALUES ('q', 'q', 'q', CAST(x'fe' AS TEXT)), ('q', 'q', 'q', x'fe'), ('q', 'q', 'q', NULL), ('q', 'q', 'q', -9e999)"
    ));
    let file = bench.file();
    assert_eq!(bench.shown.ledger, file.ledger);
    assert_eq!(bench.shown.runs, file.runs);
    assert_eq!(bench.shown.queue, file.queue);
    assert_eq!(bench.shown.ledger[&1].reason.as_deref(), Some("a\u{fffd}b"));
}

#[test]
fn the_first_look_is_that_of_a_file() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(&tables("logical")).unwrap();
    connection
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
             INSERT INTO botLedger (botName, action, itemType, itemId) SELECT 'creator', 'create', 'question', 'q-' || i FROM n;
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 80)
             INSERT INTO botRuns (botName, startedAt, status) SELECT 'verifier', '2026', iif(i IN (2, 5, 79), 'running', 'completed') FROM n;",
        )
        .unwrap();
    let bench = Bench::on(connection);
    let file = bench.file();
    assert_eq!((bench.shown.ledger, bench.shown.runs), (file.ledger, file.runs));
    assert_eq!((bench.shown.running, bench.shown.queue), (3, vec![]));
}

#[test]
fn tables_and_columns_may_be_missing() {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE bot_ledger (action TEXT); INSERT INTO bot_ledger VALUES ('flag')").unwrap();
    let mut bench = Bench::on(connection);
    assert_eq!((bench.shown.ledger[&1].action.as_str(), bench.shown.ledger[&1].bot.as_str()), ("flag", ""));
    assert_eq!(bench.run("INSERT INTO bot_ledger VALUES ('verify')").unwrap().ledger[0].id, 2);
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch("CREATE TABLE notes (id); CREATE VIEW bot_ledger AS SELECT * FROM notes").unwrap();
    assert!(ServerActivity::of(&schema(&connection)).is_none());
}

#[test]
fn a_quiet_look_brings_nothing_and_a_flood_is_counted() {
    let mut bench = Bench::new();
    bench.run(&format!("{LEDGER} VALUES ('a', 'b', 'c', 'd', NULL, NULL)"));
    assert_eq!(bench.look(), None);
    assert!(bench.statements <= 9, "{} statements", bench.statements);
    let flood = |rows: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             {LEDGER} SELECT 'creator', 'create', 'question', 'q-' || i, NULL, '2026' FROM n;"
        )
    };
    let update = bench.run(&flood(200)).unwrap();
    assert_eq!((update.ledger.len(), update.ledger_skipped), (200, 0));
    let update = bench.run(&flood(7000)).unwrap();
    assert_eq!((update.ledger.len(), update.ledger_skipped), (200, 6800));
    assert_eq!(update.ledger.last().unwrap().id, 7201);
    assert_eq!(bench.run(&flood(1)).unwrap().ledger.len(), 1);
}

#[test]
fn late_rows_are_shown_once_and_rows_taken_away_mean_a_new_start() {
    let mut bench = Bench::new();
    for id in 1..=30 {
        bench.run(&format!("INSERT INTO bot_ledger VALUES ({}, 'a', 'b', 'c', 'd', NULL, NULL, NULL, NULL)", id * 10));
    }
    let update = bench.run("INSERT INTO bot_ledger VALUES (295, 'a', 'b', 'c', 'd', NULL, NULL, NULL, NULL)").unwrap();
    assert_eq!(update.ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [295]);
    assert_eq!(bench.run("INSERT INTO bot_ledger VALUES (15, 'a', 'b', 'c', 'd', NULL, NULL, NULL, NULL)"), None);
    bench.settle();
    assert!(bench.shown.ledger.contains_key(&15), "far back: by the audit");
    assert!(bench.run("DELETE FROM bot_ledger WHERE id = 300").unwrap().anew, "the last one: at once");
    assert_eq!(bench.run("DELETE FROM bot_ledger WHERE id = 20"), None);
    bench.settle();
    assert!(!bench.shown.ledger.contains_key(&20));
    assert!(bench.run("DELETE FROM bot_ledger").unwrap().anew);
    assert!(bench.shown.ledger.is_empty());
    bench.run("INSERT INTO bot_ledger VALUES (-9223372036854775807, 'new', 'b', 'c', 'd', NULL, NULL, NULL, NULL)");
    assert_eq!(bench.shown.ledger[&(i64::MIN + 1)].bot, "new");
    assert_eq!(bench.look(), None);
}

#[test]
fn a_large_queue_is_followed_without_counting_it_each_time() {
    let mut bench = Bench::new();
    bench.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
         INSERT INTO work_queue (item_type, item_id, action, status) SELECT 'q', 'q', 'q', iif(i > 2990, 'pending', 'completed') FROM n",
    );
    assert_eq!(bench.shown.queue, [("pending".into(), 10), ("completed".into(), 2990)]);
    bench.run("UPDATE work_queue SET status = 'processing' WHERE id = 2991; INSERT INTO work_queue (item_type, item_id, action) VALUES ('q', 'q', 'q')");
    assert_eq!(bench.shown.queue, [("pending".into(), 10), ("processing".into(), 1), ("completed".into(), 2990)]);
    assert_eq!(bench.run("UPDATE work_queue SET status = 'failed' WHERE id = 5"), None, "it could not change any more");
    bench.settle();
    assert_eq!(bench.shown.queue, bench.file().queue);
}

#[test]
fn answers_that_are_cut_short_break_nothing() {
    let mut bench = Bench::new();
    bench.run(&format!("{LEDGER} VALUES ('a', 'b', 'c', 'd', NULL, NULL)"));
    let mut script = Script::default();
    let mut reader = bench.reader.clone();
    reader.ask(&mut script, bench.now, wall()).unwrap();
    assert_eq!(reader.take(&[], TOOK, bench.now), Taken::Lost);
    let odd = Set { rows: vec![vec![], vec![Value::Null], vec![Value::Integer(1)]] };
    let _ = reader.clone().take(&vec![odd; 12], TOOK, bench.now);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_is_shown_in_the_end_is_what_a_file_would_show(steps in prop::collection::vec(step(), 0..120)) {
        let mut bench = Bench::new();
        for step in &steps {
            match step {
                Step::Look => {
                    bench.look();
                }
                step => bench.connection.execute_batch(&sql(step)).unwrap(),
            }
        }
        bench.look();
        bench.settle();
        let file = bench.file();
        prop_assert_eq!(&bench.shown.ledger, &file.ledger);
        prop_assert_eq!(bench.shown.running, file.running);
        prop_assert_eq!(&bench.shown.queue, &file.queue);
        // The pane keeps every run that it was told of; the last ones are those that the first look has.
        for (id, run) in &file.runs {
            prop_assert_eq!(bench.shown.runs.get(id), Some(run));
        }
    }
}
