//! Tests of the workers on real files: a writer on one side, a database that is read on the other.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    time::Duration,
};

use rusqlite::Connection;

use super::Database;
use crate::{
    db::{
        error::{Error, ErrorKind},
        location::Location,
        request::{Answer, Freshness, Query, Reply, Request, RequestId, Slot},
        session::ReadSession,
    },
    domain::{
        activity::ActivityUpdate,
        page::{PageAt, PageQuery},
        schema::{Relation, Schema},
    },
};

/// How long something that has to come may take: so long only where the machine stands still.
const PATIENCE: Duration = Duration::from_secs(20);

const TABLES: &str = "
    CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT);
    INSERT INTO notes VALUES (1, 'one'), (2, 'two'), (3, 'three');
    CREATE TABLE bot_ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, bot_name TEXT, action TEXT, item_type TEXT, item_id TEXT,
      before_state TEXT, after_state TEXT, reason TEXT, created_at TEXT);
    CREATE VIEW slow AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;";

/// A file with a writer on it and a database that is read.
struct Bench {
    folder: tempfile::TempDir,
    writer: Connection,
    schema: Schema,
    database: Database,
    replies: Receiver<Reply>,
}

impl Bench {
    fn new(sql: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bench.db");
        let writer = Connection::open(&path).unwrap();
        writer.busy_timeout(PATIENCE).unwrap();
        writer.execute_batch(sql).unwrap();
        let schema = ReadSession::open(&Location::File(path.clone())).unwrap().schema().unwrap();
        let (database, replies) = open(&path);
        Self { folder, writer, schema, database, replies }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("bench.db")
    }

    fn relation(&self, name: &str) -> Arc<Relation> {
        Arc::clone(self.schema.find(name).unwrap())
    }

    fn submit(&self, slot: Slot, id: u64, query: Query) {
        self.database.submit(Request { slot, id: RequestId(id), query, freshness: Freshness::Any });
    }

    fn count(&self, id: u64, names: &[&str]) {
        self.submit(Slot::Count, id, Query::Counts(names.iter().map(|name| self.relation(name)).collect()));
    }

    fn page(&self, id: u64, name: &str) {
        let query = PageQuery { relation: self.relation(name), sort: Vec::new(), at: PageAt::First, limit: 10 };
        self.submit(Slot::Page, id, Query::Page(query));
    }

    fn next(&self) -> Reply {
        self.replies.recv_timeout(PATIENCE).unwrap()
    }

    /// The next answer, whatever else is told before it.
    fn answer(&self) -> (Slot, u64, Result<Answer, Error>) {
        loop {
            if let Reply::Answer { slot, id, outcome } = self.next() {
                return (slot, id.0, outcome);
            }
        }
    }

    /// The next change that is told.
    fn change(&self) -> bool {
        loop {
            if let Reply::Changed { schema } = self.next() {
                return schema;
            }
        }
    }

    /// Waits until the activity is told.
    fn activity(&self) -> Arc<ActivityUpdate> {
        loop {
            match self.answer() {
                (Slot::Activity, _, Ok(Answer::Activity(update))) => return update,
                (slot, _, other) => assert!(slot != Slot::Activity, "{other:?}"),
            }
        }
    }

    /// Waits until a slow query runs in this slot: a cancel that comes first would be another test.
    fn until_it_runs(&self, slot: Slot) {
        let mailbox = Arc::clone(self.database.lock().mailboxes[slot as usize].as_ref().unwrap());
        while mailbox.wanted() != super::mailbox::Wanted::Still {
            std::thread::yield_now();
        }
    }
}

fn open(path: &Path) -> (Database, Receiver<Reply>) {
    let (send, replies) = channel();
    let database = Database::open(Location::File(path.to_owned()), move |reply| {
        // The receiver goes first at the end of a test.
        let _ = send.send(reply);
    });
    (database, replies)
}

fn rows(outcome: Result<Answer, Error>) -> usize {
    match outcome {
        Ok(Answer::Page(page)) => page.rows.len(),
        other => panic!("{other:?}"),
    }
}

fn counted(outcome: Result<Answer, Error>) -> (String, u64) {
    match outcome {
        Ok(Answer::Count { relation, rows }) => (relation, rows),
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_slot_answers_its_request() {
    let bench = Bench::new(TABLES);
    bench.submit(Slot::Schema, 1, Query::Schema);
    let (slot, id, outcome) = bench.answer();
    assert_eq!((slot, id), (Slot::Schema, 1));
    assert!(matches!(outcome, Ok(Answer::Schema(schema)) if *schema == bench.schema));
    bench.page(7, "notes");
    let (slot, id, outcome) = bench.answer();
    assert_eq!((slot, id, rows(outcome)), (Slot::Page, 7, 3));
    bench.submit(Slot::Question, 1, Query::Question("q-1".into()));
    assert_eq!(bench.answer().2, Ok(Answer::Question(None)));
}

#[test]
fn counts_come_one_by_one_in_the_order_asked_for_up_to_one_that_fails() {
    let bench = Bench::new(&format!("{TABLES} CREATE VIEW broken AS SELECT * FROM notes; "));
    bench
        .writer
        .execute_batch("CREATE TABLE gone (x); CREATE VIEW lost AS SELECT * FROM gone; DROP TABLE gone")
        .unwrap();
    let lost = Arc::new(Relation { name: "lost".into(), ..(*bench.relation("broken")).clone() });
    let asked = vec![bench.relation("notes"), lost, bench.relation("bot_ledger")];
    bench.submit(Slot::Count, 1, Query::Counts(asked));
    assert_eq!(counted(bench.answer().2), ("notes".into(), 3));
    assert_eq!(bench.answer().2.unwrap_err().kind, ErrorKind::NoSuchRelation);
    bench.count(2, &["bot_ledger"]);
    assert_eq!(counted(bench.answer().2), ("bot_ledger".into(), 0));
}

#[test]
fn a_long_query_of_one_slot_does_not_delay_another() {
    let bench = Bench::new(TABLES);
    bench.count(1, &["slow"]);
    bench.until_it_runs(Slot::Count);
    bench.page(1, "notes");
    let (slot, _, outcome) = bench.answer();
    assert_eq!((slot, rows(outcome)), (Slot::Page, 3));
    bench.database.cancel(Slot::Count);
    let (slot, id, outcome) = bench.answer();
    assert_eq!((slot, id, outcome.unwrap_err().kind), (Slot::Count, 1, ErrorKind::Cancelled));
}

#[test]
fn the_newest_request_ends_the_older_ones_which_say_nothing() {
    let bench = Bench::new(TABLES);
    bench.count(1, &["slow"]);
    bench.until_it_runs(Slot::Count);
    bench.count(2, &["slow"]);
    bench.count(3, &["notes"]);
    let (_, id, outcome) = bench.answer();
    assert_eq!((id, counted(outcome)), (3, ("notes".into(), 3)));
    bench.count(4, &["bot_ledger"]);
    assert_eq!(bench.answer().1, 4, "neither 1 nor 2 comes later");
}

#[test]
fn a_cancel_is_answered_once_and_the_slot_goes_on() {
    let bench = Bench::new(TABLES);
    bench.database.cancel(Slot::Page);
    bench.count(1, &["slow"]);
    bench.until_it_runs(Slot::Count);
    bench.database.cancel(Slot::Count);
    bench.database.cancel(Slot::Count);
    assert_eq!(bench.answer().2.unwrap_err().kind, ErrorKind::Cancelled);
    bench.count(2, &["notes"]);
    assert_eq!(bench.answer().1, 2);
}

#[test]
fn a_lock_of_another_program_can_be_waited_for_and_given_up() {
    let bench = Bench::new(TABLES);
    bench.writer.execute_batch("BEGIN EXCLUSIVE").unwrap();
    bench.page(1, "notes");
    bench.until_it_runs(Slot::Page);
    bench.database.cancel(Slot::Page);
    assert_eq!(bench.answer().2.unwrap_err().kind, ErrorKind::Cancelled);
    bench.page(2, "notes");
    bench.until_it_runs(Slot::Page);
    bench.writer.execute_batch("COMMIT").unwrap();
    assert_eq!(rows(bench.answer().2), 3);
}

#[test]
fn a_panic_becomes_an_error_and_the_thread_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bench.db");
    Connection::open(&path).unwrap().execute_batch(TABLES).unwrap();
    let schema = ReadSession::open(&Location::File(path.clone())).unwrap().schema().unwrap();
    let (send, replies) = channel();
    let once = AtomicBool::new(true);
    let database = Database::open(Location::File(path), move |reply| {
        if matches!(reply, Reply::Answer { outcome: Ok(Answer::Count { .. }), .. })
            && once.swap(false, Ordering::Relaxed)
        {
            panic!("dropped a tray");
        }
        let _ = send.send(reply);
    });
    let count = |id| Request {
        slot: Slot::Count,
        id: RequestId(id),
        query: Query::Counts(vec![Arc::clone(schema.find("notes").unwrap())]),
        freshness: Freshness::Any,
    };
    let next = || loop {
        if let Reply::Answer { outcome, .. } = replies.recv_timeout(PATIENCE).unwrap() {
            return outcome;
        }
    };
    database.submit(count(1));
    assert!(next().unwrap_err().what.contains("dropped a tray"));
    database.submit(count(2));
    assert_eq!(counted(next()), ("notes".into(), 3));
}

#[test]
fn a_commit_of_another_program_is_noticed_and_counts_are_taken_anew() {
    let bench = Bench::new(TABLES);
    bench.count(1, &["notes"]);
    assert_eq!(counted(bench.answer().2).1, 3);
    bench.writer.execute_batch("INSERT INTO notes VALUES (4, 'four')").unwrap();
    assert!(!bench.change());
    bench.count(2, &["notes"]);
    assert_eq!(counted(bench.answer().2).1, 4);
    bench.writer.execute_batch("CREATE TABLE more (x)").unwrap();
    assert!(bench.change(), "the schema changed");
}

#[test]
fn a_write_ahead_log_is_watched_too() {
    let bench = Bench::new(&format!("PRAGMA journal_mode = WAL; {TABLES}"));
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert!(bench.activity().anew);
    bench.writer.execute_batch("INSERT INTO bot_ledger (bot_name) VALUES ('creator')").unwrap();
    assert_eq!(bench.activity().ledger.len(), 1);
    bench
        .writer
        .execute_batch("PRAGMA wal_checkpoint(TRUNCATE); INSERT INTO bot_ledger (bot_name) VALUES ('verifier')")
        .unwrap();
    assert_eq!(bench.activity().ledger[0].bot, "verifier");
}

#[test]
fn the_last_writer_leaves_and_another_comes() {
    // With the last connection its log goes: the session reads the file as it lies there, until somebody writes again.
    let Bench { folder, writer, replies, database, schema } =
        Bench::new(&format!("PRAGMA journal_mode = WAL; {TABLES}"));
    writer.close().unwrap();
    let writer = Connection::open(folder.path().join("bench.db")).unwrap();
    let bench = Bench { folder, writer, schema, database, replies };
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert!(bench.activity().anew);
    bench.writer.execute_batch("INSERT INTO bot_ledger (bot_name) VALUES ('creator')").unwrap();
    assert_eq!(bench.activity().ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [1]);
}

#[test]
fn every_ledger_row_is_told_exactly_once() {
    let bench = Bench::new(TABLES);
    bench.submit(Slot::Activity, 5, Query::Activity);
    assert!(bench.activity().anew);
    let mut told = Vec::new();
    for number in 0..60 {
        bench.writer.execute("INSERT INTO bot_ledger (bot_name, item_id) VALUES ('creator', ?1)", [number]).unwrap();
        if number % 7 == 0 {
            told.extend(bench.activity().ledger.iter().map(|row| row.id));
        }
    }
    while told.len() < 60 {
        told.extend(bench.activity().ledger.iter().map(|row| row.id));
    }
    assert_eq!(told, (1..=60).collect::<Vec<_>>());
    bench.database.cancel(Slot::Activity);
}

#[test]
fn who_follows_already_and_asks_again_goes_on_with_what_was_told() {
    let bench = Bench::new(TABLES);
    let insert = "INSERT INTO bot_ledger (bot_name, created_at) VALUES ('creator', '2026-01-02 03:04:05')";
    bench.writer.execute_batch(&format!("{insert}; {insert}; {insert}")).unwrap();
    bench.submit(Slot::Activity, 1, Query::Activity);
    let first = bench.activity();
    assert!(first.anew && first.board.ledger_anew);
    for id in 2..6 {
        bench.database.submit(Request {
            slot: Slot::Activity,
            id: RequestId(id),
            query: Query::Activity,
            freshness: Freshness::Now,
        });
    }
    bench.writer.execute_batch(insert).unwrap();
    let (slot, id, outcome) = bench.answer();
    let Ok(Answer::Activity(update)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((slot, id), (Slot::Activity, 5), "nothing else was there to be told");
    assert!(!update.anew && !update.board.ledger_anew);
    assert_eq!(update.ledger.iter().map(|row| row.id).collect::<Vec<_>>(), [4]);
    assert_eq!(update.board.ledger.iter().map(|tally| tally.rows).sum::<u64>(), 1, "what was counted stays counted");
    // Who knows nothing is told everything.
    bench.submit(Slot::Activity, 6, Query::Activity);
    let anew = bench.activity();
    assert!(anew.anew && anew.board.ledger_anew && anew.ledger.len() == 4);
}

#[test]
fn a_table_dropped_and_made_again_is_followed() {
    let bench = Bench::new(TABLES);
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert!(bench.activity().anew);
    bench.writer.execute_batch("DROP TABLE bot_ledger").unwrap();
    loop {
        match bench.answer() {
            (Slot::Activity, _, Ok(Answer::NoActivity)) => break,
            (_, _, Ok(_)) => {}
            (_, _, Err(error)) => panic!("{error:?}"),
        }
    }
    bench
        .writer
        .execute_batch(
            "CREATE TABLE botLedger (id INTEGER PRIMARY KEY, botName TEXT); INSERT INTO botLedger VALUES (9, 'back')",
        )
        .unwrap();
    let mut last = bench.activity();
    while last.ledger.is_empty() {
        last = bench.activity();
    }
    assert_eq!(last.ledger[0].bot, "back");
}

#[test]
fn without_the_tables_it_says_so_once() {
    let bench = Bench::new("CREATE TABLE notes (x)");
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert_eq!(bench.answer().2, Ok(Answer::NoActivity));
    bench.writer.execute_batch("INSERT INTO notes VALUES (1)").unwrap();
    bench.change();
    bench.count(1, &["notes"]);
    assert_eq!(bench.answer().0, Slot::Count, "the activity has nothing more to say");
}

#[test]
fn a_file_taken_away_and_put_back_is_told() {
    let bench = Bench::new(TABLES);
    bench.page(1, "notes");
    assert_eq!(rows(bench.answer().2), 3);
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert!(bench.activity().anew);
    let other = bench.folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch(&format!(
            "{TABLES} INSERT INTO bot_ledger (bot_name) VALUES ('other'); DELETE FROM notes WHERE id > 1"
        ))
        .unwrap();
    std::fs::remove_file(bench.path()).unwrap();
    let gone = loop {
        if let Reply::Health(health) = bench.next() {
            break health;
        }
    };
    assert_eq!(gone.unwrap_err().kind, ErrorKind::NotFound);
    bench.page(2, "notes");
    assert_eq!(bench.answer().2.unwrap_err().kind, ErrorKind::NotFound);
    std::fs::rename(&other, bench.path()).unwrap();
    let back = loop {
        if let Reply::Health(health) = bench.next() {
            break health;
        }
    };
    assert_eq!(back, Ok(()));
    assert!(bench.change(), "another file: everything is read anew");
    let update = bench.activity();
    assert_eq!((update.anew, update.ledger[0].bot.as_str()), (true, "other"));
    bench.page(3, "notes");
    assert_eq!(rows(bench.answer().2), 1);
}

#[test]
fn a_file_replaced_at_once_is_another_file() {
    let bench = Bench::new(TABLES);
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert!(bench.activity().anew);
    let other = bench.folder.path().join("other.db");
    Connection::open(&other).unwrap().execute_batch(TABLES).unwrap();
    std::fs::rename(&other, bench.path()).unwrap();
    assert!(bench.change());
    assert!(bench.activity().anew);
}

#[test]
fn what_cannot_be_opened_is_the_answer_to_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let (database, replies) = open(&folder.path().join("missing.db"));
    for id in 1..3 {
        database.submit(Request {
            slot: Slot::Schema,
            id: RequestId(id),
            query: Query::Schema,
            freshness: Freshness::Any,
        });
        let outcome = loop {
            if let Reply::Answer { outcome, .. } = replies.recv_timeout(PATIENCE).unwrap() {
                break outcome;
            }
        };
        assert_eq!(outcome.unwrap_err().kind, ErrorKind::NotFound);
    }
}

#[test]
fn the_threads_end_with_the_database() {
    let bench = Bench::new(TABLES);
    bench.page(1, "notes");
    bench.count(1, &["slow"]);
    bench.submit(Slot::Activity, 1, Query::Activity);
    assert!(bench.activity().anew);
    let shared = Arc::downgrade(&bench.database.shared);
    drop(bench.database);
    // The threads hold what they share; when the last one has ended nobody does, and the other end of the replies is gone.
    while bench.replies.recv_timeout(PATIENCE).is_ok() {}
    assert_eq!(shared.strong_count(), 0);
}
