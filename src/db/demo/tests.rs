//! The demo, checked as a whole.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeSet, fs, path::Path, sync::mpsc, thread, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::{DemoReset, Pace, Simulation, content::Content, ensure, stage::Stage, stamp};
use crate::{
    db::session::file::FileSession,
    domain::{
        catalogue::{self, Meaning, Shape},
        review::{ReviewOrder, StoryEvent},
    },
};

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn made() -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = ensure(folder.path(), DemoReset::Keep, now()).unwrap();
    (folder, path)
}

fn read(path: &Path) -> Connection {
    Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn number(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

/// All rows of all tables as text.
fn everything(path: &Path) -> Vec<String> {
    let connection = read(path);
    let mut all = Vec::new();
    for table in &catalogue::TABLES {
        let mut statement = connection.prepare(&format!("SELECT * FROM {} ORDER BY 1", table.physical)).unwrap();
        let width = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cells: Vec<String> = (0..width).map(|place| format!("{:?}", row.get_ref(place).unwrap())).collect();
            all.push(format!("{} {}", table.physical, cells.join("|")));
        }
    }
    all
}

/// Marks a demo, to see later whether it is still the same.
fn mark(path: &Path) {
    Connection::open(path).unwrap().execute("UPDATE users SET username = 'marked' WHERE rowid = 1", []).unwrap();
}

fn is_marked(path: &Path) -> bool {
    number(&read(path), "SELECT count(*) FROM users WHERE username = 'marked'") == 1
}

#[test]
fn a_sound_demo_is_kept_and_reset_makes_it_anew() {
    let (folder, path) = made();
    mark(&path);
    assert_eq!(ensure(folder.path(), DemoReset::Keep, now()).unwrap(), path);
    assert!(is_marked(&path));
    ensure(folder.path(), DemoReset::Anew, now()).unwrap();
    assert!(!is_marked(&path));
}

#[test]
fn the_same_now_gives_the_same_demo() {
    let (_one, first) = made();
    let (folder, second) = made();
    assert_eq!(everything(&first), everything(&second));
    ensure(folder.path(), DemoReset::Anew, now()).unwrap();
    assert_eq!(everything(&first), everything(&second), "made in place or in a new file, it is the same");
}

#[test]
fn stale_and_future_and_older_demos_are_made_anew() {
    for (shift, stays) in [(-11 * stamp::HOUR, true), (-13 * stamp::HOUR, false), (13 * stamp::HOUR, false)] {
        let (folder, path) = made();
        mark(&path);
        ensure(folder.path(), DemoReset::Keep, stamp::before(now(), shift)).unwrap();
        assert_eq!(is_marked(&path), stays, "shifted by {shift} ms");
    }
    let (folder, path) = made();
    mark(&path);
    Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 1").unwrap();
    ensure(folder.path(), DemoReset::Keep, now()).unwrap();
    assert!(!is_marked(&path));
}

#[test]
fn a_broken_demo_is_made_anew() {
    let breakages: [fn(&Path); 5] = [
        |path| fs::write(path, b"this is no database, and long enough to be looked at as one").unwrap(),
        |path| fs::write(path, b"").unwrap(),
        |path| {
            let length = fs::metadata(path).unwrap().len();
            fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length / 2).unwrap();
        },
        |path| Connection::open(path).unwrap().execute_batch("DROP TABLE bot_ledger").unwrap(),
        |path| {
            let mut bytes = fs::read(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle..middle + 4096].fill(0xa5);
            fs::write(path, bytes).unwrap();
        },
    ];
    for (place, breakage) in breakages.into_iter().enumerate() {
        let (folder, path) = made();
        let sound = everything(&path);
        breakage(&path);
        ensure(folder.path(), DemoReset::Keep, now()).unwrap();
        assert_eq!(everything(&path), sound, "breakage {place}");
    }
}

#[test]
fn a_stale_log_beside_a_missing_file_is_not_played_into_the_new_one() {
    let (folder, path) = made();
    let sound = everything(&path);
    fs::remove_file(&path).unwrap();
    fs::write(path.with_extension("db-wal"), vec![7; 9000]).unwrap();
    ensure(folder.path(), DemoReset::Keep, now()).unwrap();
    assert_eq!(everything(&path), sound);
}

#[test]
fn two_that_start_at_once_do_not_break_each_other() {
    let folder = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        let threads: Vec<_> = (0..6)
            .map(|place| {
                let reset = if place == 3 { DemoReset::Anew } else { DemoReset::Keep };
                let folder = folder.path();
                scope.spawn(move || {
                    let path = ensure(folder, reset, now()).unwrap();
                    number(&read(&path), "SELECT count(*) FROM questions")
                })
            })
            .collect();
        for thread in threads {
            assert!(thread.join().unwrap() >= 60);
        }
    });
    let left: BTreeSet<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.ends_with("-wal") && !name.ends_with("-shm"))
        .collect();
    assert_eq!(left, ["demo.db", "demo.lock"].map(str::to_owned).into());
}

#[test]
fn readers_go_on_while_the_demo_is_made_anew() {
    let (folder, path) = made();
    let reader = read(&path);
    let before = number(&reader, "SELECT count(*) FROM bot_ledger");
    ensure(folder.path(), DemoReset::Anew, now()).unwrap();
    assert_eq!(number(&reader, "SELECT count(*) FROM bot_ledger"), before);
}

#[test]
fn a_folder_that_cannot_be_made_is_told_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let error = ensure(&file.join("below"), DemoReset::Keep, now()).unwrap_err();
    assert!(error.what.contains("below") && error.remedy.contains("reelscope PATH"), "{error:?}");
}

#[test]
fn the_schema_is_the_catalogues_and_can_be_run_again() {
    let (_folder, path) = made();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(super::SCHEMA).unwrap();
    for table in &catalogue::TABLES {
        let columns = texts(&connection, &format!("SELECT name FROM pragma_table_info('{}')", table.physical));
        let known: Vec<&str> = table.columns.iter().map(|column| column.physical).collect();
        assert_eq!(columns, known, "{}", table.physical);
    }
    assert_eq!(number(&connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"), 32);
    for view in texts(&connection, "SELECT name FROM sqlite_schema WHERE type = 'view'") {
        assert!(number(&connection, &format!("SELECT count(*) FROM {view}")) > 0, "{view}");
    }
}

#[test]
fn triggers_write_the_time_once_even_where_they_may_fire_themselves() {
    let (_folder, path) = made();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("PRAGMA recursive_triggers = ON").unwrap();
    connection.execute("UPDATE questions SET last_updated = '2000-01-01 00:00:00', is_new = 0", []).unwrap();
    connection.execute("UPDATE user_sessions SET last_accessed_at = '2000-01-01 00:00:00'", []).unwrap();
    for (table, column) in [("questions", "last_updated"), ("user_sessions", "last_accessed_at")] {
        let old = format!("SELECT count(*) FROM {table} WHERE {column} < datetime('now', '-1 hour')");
        assert_eq!(number(&connection, &old), 0, "{table}");
    }
}

#[test]
fn all_tables_are_filled_as_the_issue_asks() {
    let (_folder, path) = made();
    let connection = read(&path);
    let count = |sql: &str| number(&connection, sql);
    for table in &catalogue::TABLES {
        assert!(count(&format!("SELECT count(*) FROM {}", table.physical)) > 0, "{}", table.physical);
    }
    assert!(count("SELECT count(*) FROM questions WHERE status = 'active'") >= 60);
    assert_eq!(count("SELECT count(*) FROM questions WHERE status = 'flagged'"), 12);
    assert_eq!(count("SELECT count(*) FROM questions WHERE status = 'deleted'"), 4);
    assert_eq!(count("SELECT count(DISTINCT channel) FROM questions"), 10);
    assert!(count("SELECT count(*) FROM bot_ledger") >= 600);
    assert!(count("SELECT count(*) FROM bot_runs") >= 80);
    assert_eq!(count("SELECT count(DISTINCT bot_name) FROM bot_ledger"), 5);
    assert_eq!(count("SELECT count(DISTINCT action) FROM bot_ledger"), 5);
    assert_eq!(count("SELECT count(DISTINCT status) FROM work_queue"), 4);
    assert_eq!(count("SELECT count(DISTINCT status) FROM bot_runs"), 3);
    let stuck = "SELECT count(*) FROM bot_runs WHERE status = 'running' AND completed_at IS NULL
                 AND datetime(started_at) < datetime('2026-02-28 12:00:00')";
    assert_eq!(count(stuck), 4);
    assert!(count("SELECT count(*) FROM work_queue WHERE action NOT IN ('improve', 'delete', 'verify', 'enrich')") > 0);
}

#[test]
fn the_bots_times_are_near_to_now_in_both_forms_and_in_the_order_of_the_ids() {
    let (_folder, path) = made();
    let connection = read(&path);
    let ages: Vec<f64> = {
        let sql = "SELECT (julianday('2026-03-01 12:00:00') - julianday(created_at)) * 24 FROM bot_ledger ORDER BY id";
        let mut statement = connection.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    // A second of play: the database's own form has no milliseconds.
    assert!(ages.windows(2).all(|pair| pair[0] >= pair[1] - 1.01 / 3600.0), "ids and times ascend together");
    assert!(ages.iter().all(|age| (0.0..=9.0 * 24.0).contains(age)));
    let day = ages.iter().filter(|age| **age < 24.0).count();
    assert!(day * 3 > ages.len(), "{day} of {} in the last day", ages.len());
    assert!(ages.last().unwrap() < &0.1);
    for form in ["%T%Z", "____-__-__ __:__:__"] {
        let sql = format!("SELECT count(*) FROM bot_ledger WHERE created_at LIKE '{form}'");
        assert!(number(&connection, &sql) > 30, "{form}");
    }
}

#[test]
fn every_diagram_is_drawn_and_all_six_kinds_are_there() {
    let content = Content::load().unwrap();
    let mut kinds = BTreeSet::new();
    let mut drawn = 0;
    for question in &content.questions {
        let Some(diagram) = &question.diagram else { continue };
        let picture = mermaid_text::render_with_width(diagram.trim(), Some(100));
        assert!(picture.is_ok(), "{}: {picture:?}", question.id);
        let picture = picture.unwrap();
        assert!(picture.lines().count() >= 3, "{}", question.id);
        kinds.insert(diagram.split_whitespace().next().unwrap());
        drawn += 1;
    }
    assert!(drawn >= 25, "{drawn}");
    let wanted = ["classDiagram", "erDiagram", "flowchart", "mindmap", "sequenceDiagram", "stateDiagram-v2"];
    assert_eq!(kinds, wanted.into());
}

#[test]
fn explanations_are_worth_reading() {
    let content = Content::load().unwrap();
    let mut ids = BTreeSet::new();
    let mut languages = BTreeSet::new();
    for question in &content.questions {
        assert!(ids.insert(&question.id), "{} twice", question.id);
        let fences: Vec<&str> = question.explanation.lines().filter(|line| line.starts_with("```")).collect();
        assert_eq!(fences.len() % 2, 0, "{}: a fence is not closed", question.id);
        languages.extend(fences.iter().step_by(2).map(|fence| fence.trim_start_matches('`')));
        if question.status == super::content::Status::Active {
            assert!(question.explanation.split_whitespace().count() >= 80, "{}", question.id);
            assert!(question.tldr.is_some() && !question.tags.is_empty(), "{}", question.id);
        } else {
            assert!(question.reason.is_some(), "{}", question.id);
        }
    }
    for language in ["rust", "python", "javascript", "typescript", "go", "java", "sql", "bash", "yaml", "json"] {
        assert!(languages.contains(language), "{language} is missing");
    }
}

/// What is wrong with a JSON text of this shape.
fn fault(shape: Shape, text: &str, ids: &BTreeSet<String>) -> Option<String> {
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(_) if shape == Shape::JsonOrText => return None,
        Err(error) => return Some(error.to_string()),
    };
    let strings = |value: &Value| value.as_array().is_some_and(|all| all.iter().all(Value::is_string));
    let url = |value: &Value| value.as_str().is_some_and(|text| text.starts_with("https://"));
    let right = match shape {
        Shape::Any | Shape::JsonOrText => true,
        Shape::Object => value.is_object(),
        Shape::Strings => strings(&value),
        Shape::Videos => match &value {
            Value::Object(all) => all.values().all(url),
            Value::Array(all) => all.iter().all(url),
            _ => false,
        },
        Shape::Scores => value
            .as_object()
            .is_some_and(|all| all.values().all(|score| score.as_u64().is_some_and(|score| score <= 100))),
        Shape::Domains => value
            .as_array()
            .is_some_and(|all| all.iter().all(|domain| domain["name"].is_string() && domain["weight"].is_u64())),
        Shape::Ids => {
            value.as_array().is_some_and(|all| all.iter().all(|id| id.as_str().is_some_and(|id| ids.contains(id))))
        }
        Shape::Milestones => value.as_array().is_some_and(|all| {
            !all.is_empty()
                && all.iter().all(|milestone| {
                    milestone["id"].is_string()
                        && milestone["title"].is_string()
                        && strings(&milestone["questionIds"])
                        && milestone["estimatedHours"].is_u64()
                })
        }),
    };
    (!right).then(|| format!("not {shape:?}: {text}"))
}

#[test]
fn json_has_its_documented_shape_but_for_the_one_on_purpose() {
    let (_folder, path) = made();
    let connection = read(&path);
    let ids: BTreeSet<String> = texts(
        &connection,
        "SELECT id FROM questions UNION SELECT id FROM certifications UNION SELECT id FROM learning_paths",
    )
    .into_iter()
    .collect();
    let mut faults = Vec::new();
    let mut seen = 0;
    for table in &catalogue::TABLES {
        for column in table.columns {
            let Meaning::Json(shape) = column.meaning else { continue };
            let (name, physical) = (table.physical, column.physical);
            let stored = texts(&connection, &format!("SELECT {physical} FROM {name} WHERE {physical} IS NOT NULL"));
            assert!(!stored.is_empty(), "{name}.{physical} is nowhere filled");
            seen += stored.len();
            faults.extend(stored.iter().filter_map(|text| Some(format!("{physical}: {}", fault(shape, text, &ids)?))));
        }
    }
    assert!(seen > 1500, "{seen}");
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("tags: "), "{faults:?}");
    assert_eq!(number(&connection, "SELECT count(*) FROM questions WHERE videos LIKE '[%'"), 1, "an old row");
}

#[test]
fn links_hold_but_for_the_orphan_on_purpose() {
    let (_folder, path) = made();
    let connection = read(&path);
    let broken = texts(&connection, "SELECT \"table\" FROM pragma_foreign_key_check");
    assert_eq!(broken, ["channel_mappings"]);
    let dangling = |sql: &str| texts(&connection, sql);
    let no_question = "NOT IN (SELECT id FROM questions)";
    assert_eq!(
        dangling(&format!(
            "SELECT DISTINCT item_id FROM work_queue WHERE item_type = 'question' AND item_id {no_question}"
        )),
        ["algo-bogosort-retired"]
    );
    for sql in [
        format!("SELECT item_id FROM bot_ledger WHERE item_type = 'question' AND item_id {no_question}"),
        format!(
            "SELECT question_id FROM question_history WHERE question_type = 'question' AND question_id {no_question}"
        ),
        "SELECT user_id FROM user_sessions WHERE user_id IS NOT NULL AND user_id NOT IN (SELECT id FROM users)"
            .to_owned(),
        "SELECT certification_id FROM user_sessions WHERE certification_id NOT IN (SELECT id FROM certifications)"
            .to_owned(),
    ] {
        assert_eq!(dangling(&sql), Vec::<String>::new(), "{sql}");
    }
}

#[test]
fn flagged_deleted_and_improved_questions_have_their_story() {
    let (_folder, path) = made();
    let connection = read(&path);
    for (status, event, action, snapshots) in
        [("flagged", "flagged", "flag", "IS NULL"), ("deleted", "deleted", "delete", "IS NOT NULL")]
    {
        let sql = format!(
            "SELECT count(*) FROM questions AS q WHERE status = '{status}'
             AND EXISTS (SELECT 1 FROM question_history AS h WHERE h.question_id = q.id AND h.event_type = '{event}'
                         AND h.before_snapshot {snapshots} AND h.after_snapshot {snapshots} AND h.reason <> '')
             AND EXISTS (SELECT 1 FROM bot_ledger AS l WHERE l.item_id = q.id AND l.action = '{action}' AND l.reason <> '')"
        );
        let all = number(&connection, &format!("SELECT count(*) FROM questions WHERE status = '{status}'"));
        assert_eq!(number(&connection, &sql), all, "{status}");
    }
    let improved = "SELECT count(*) FROM question_history WHERE event_type = 'improved' AND source_name = 'processor'
                    AND json_extract(before_snapshot, '$.answer') <> json_extract(after_snapshot, '$.answer')";
    assert!(number(&connection, improved) >= 8);
}

/// Words of a question that a bot wrote are words of it.
#[test]
fn every_word_that_a_bot_changed_is_there() {
    let content = Content::load().unwrap();
    let mut changed = 0;
    for question in &content.questions {
        assert_eq!(question.earlier.is_some(), question.status == super::content::Status::Flagged, "{}", question.id);
        let Some(earlier) = &question.earlier else { continue };
        assert!(super::script::BOTS.contains(&earlier.by.as_str()), "{}: {}", question.id, earlier.by);
        let texts = [&question.question, &question.answer, &question.explanation];
        let texts: Vec<&String> = texts.into_iter().chain(&question.tldr).chain(&question.eli5).collect();
        for (new, old) in &earlier.words {
            assert!(texts.iter().any(|text| text.contains(new)) && new != old, "{}: {new}", question.id);
            changed += 1;
        }
        for name in earlier.stored.keys() {
            assert!(catalogue::table("questions").unwrap().column(name).is_some(), "{}: {name}", question.id);
        }
    }
    assert!(changed >= 20, "{changed}");
}

/// What a maintainer meets first: a dozen of questions, each with why it is flagged and a bot's change that is worth a look.
#[test]
fn the_review_of_the_demo_has_something_to_decide() {
    let (_folder, path) = made();
    let mut session = FileSession::open(&path).unwrap();
    let list = session.review(ReviewOrder::Flagged, 100).unwrap();
    assert_eq!(list.items.len(), 12);
    assert!(list.items.iter().filter(|item| item.pending > 0).count() >= 5);
    for item in &list.items {
        let sources: BTreeSet<_> = item.flags.iter().map(|flag| format!("{:?}", flag.source)).collect();
        assert_eq!(sources.len(), 2, "{}: {:?}", item.id, item.flags);
        assert!(
            item.flags.iter().all(|flag| flag.reason.as_ref().is_some_and(|reason| reason.len() > 20)),
            "{}",
            item.id
        );
        let story = session.story(&crate::domain::activity::Item::question(&item.id)).unwrap();
        let place = |wanted: &dyn Fn(&StoryEvent) -> bool| story.events.iter().position(wanted).unwrap();
        let change = place(&|event| event.by_bot && event.before.is_some());
        assert!(place(&|event| event.what == "flagged") < change, "{}: it is flagged after the change", item.id);
        let event = story.before_bot().unwrap();
        let row = session.question(&item.id).unwrap().unwrap().record;
        let (before, after): (Value, Value) = (
            serde_json::from_str(event.before.as_deref().unwrap()).unwrap(),
            serde_json::from_str(event.after.as_deref().unwrap()).unwrap(),
        );
        let mut differs = Vec::new();
        for column in catalogue::table("questions").unwrap().columns {
            let stored = row.get(column.logical).unwrap().to_plain().into_owned();
            let said = match &after[column.logical] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            assert!(
                stored == said || ["status", "lastUpdated"].contains(&column.logical),
                "{} {stored}",
                column.logical
            );
            if before[column.logical] != after[column.logical] {
                differs.push(column.logical);
            }
        }
        assert!(differs.len() >= 2, "{}: {differs:?}", item.id);
        // The ledger tells the same, the history which fields.
        let fields = story.events.iter().find_map(|event| event.fields.as_deref().filter(|_| event.before.is_some()));
        assert_eq!(serde_json::from_str::<Vec<String>>(fields.unwrap()).unwrap(), differs, "{}", item.id);
        let told = story.events.iter().filter(|other| other.before.is_some() && other.before == event.before);
        assert_eq!(told.count(), 2, "{}", item.id);
    }
}

/// Decisions of people stand for a while, whatever the bots would do.
#[test]
fn the_bots_leave_decided_questions_alone() {
    let (_folder, path) = made();
    let mut stage = Stage::open(&path).unwrap();
    stage.enter(now()).unwrap();
    let decide = Connection::open(&path).unwrap();
    let decided = texts(&decide, "SELECT id FROM questions WHERE status = 'flagged' OR channel = 'rust'");
    decide
        .execute_batch(
            "INSERT INTO question_history(question_id, event_type, event_source, source_name, created_at)
             SELECT id, 'approved', 'user', 'you', '2026-03-01T12:00:00.000Z' FROM questions WHERE status = 'flagged' OR channel = 'rust';
             UPDATE questions SET status = 'active', is_new = 7 WHERE status = 'flagged' OR channel = 'rust';
             INSERT INTO work_queue(item_type, item_id, action, priority, created_at)
             SELECT 'question', id, 'improve', 1, '2026-03-01T12:00:00.000Z' FROM questions WHERE is_new = 7;",
        )
        .unwrap();
    let kept = "SELECT count(*) FROM questions WHERE status = 'active' AND is_new = 7";
    for step in 1..=700 {
        stage.step(stamp::before(now(), -1_000 * step)).unwrap();
    }
    assert_eq!(number(&decide, kept), i64::try_from(decided.len()).unwrap(), "within a quarter of an hour");
    let done = "SELECT count(*) FROM work_queue WHERE item_id LIKE 'rust-%' AND status <> 'pending'";
    assert!(number(&decide, done) > 0, "what was asked for is taken up all the same");
    for step in 1..=3_000 {
        stage.step(stamp::before(now(), -1_000 * (step + 900))).unwrap();
    }
    assert!(number(&decide, kept) < i64::try_from(decided.len()).unwrap(), "and later they go on");
}

#[test]
fn a_writer_who_takes_long_is_waited_for() {
    let (_folder, path) = made();
    let writer = Connection::open(&path).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE").unwrap();
    let simulation = Simulation::start(&path, Pace::Every(Duration::ZERO)).unwrap();
    // Longer than the failures after which the play would be over: each waits a quarter of a second.
    thread::sleep(Duration::from_secs(6));
    assert!(simulation.is_alive());
    let before = number(&writer, "SELECT max(id) FROM bot_ledger");
    writer.execute_batch("COMMIT").unwrap();
    while number(&writer, "SELECT max(id) FROM bot_ledger") == before {
        assert!(simulation.is_alive());
        thread::yield_now();
    }
}

#[test]
fn seven_thousand_steps_leave_the_demo_sound_and_bounded() {
    let (_folder, path) = made();
    let runs = number(&read(&path), "SELECT count(*) FROM bot_runs");
    let mut stage = Stage::open(&path).unwrap();
    stage.enter(now()).unwrap();
    for step in 1..=7_000 {
        stage.step(stamp::before(now(), -1_500 * step)).unwrap();
    }
    drop(stage);
    let connection = read(&path);
    let count = |sql: &str| number(&connection, sql);
    assert!((4_900..=5_100).contains(&count("SELECT count(*) FROM bot_ledger")));
    assert!(count("SELECT count(*) FROM question_history") <= 2_200);
    assert!(count("SELECT count(*) FROM work_queue WHERE status IN ('completed', 'failed')") <= 400);
    assert!(count("SELECT count(*) FROM bot_runs") <= 520);
    assert!(count("SELECT max(id) FROM bot_runs") > runs + 100);
    assert!(
        (4..=7).contains(&count("SELECT count(*) FROM bot_runs WHERE status = 'running'")),
        "the stuck and the present"
    );
    assert!((4..=15).contains(&count("SELECT count(*) FROM questions WHERE status = 'flagged'")));
    assert_eq!(count("SELECT count(*) FROM questions WHERE status = 'deleted'"), 4);
    assert_eq!(count("SELECT count(*) FROM pragma_foreign_key_check"), 1);
    assert_eq!(texts(&connection, "SELECT quick_check FROM pragma_quick_check"), ["ok"]);
    for (table, column, values) in [
        ("bot_ledger", "action", 5),
        ("bot_ledger", "bot_name", 5),
        ("work_queue", "status", 4),
        ("bot_runs", "status", 3),
        ("question_history", "event_type", 4),
    ] {
        assert!(count(&format!("SELECT count(DISTINCT {column}) FROM {table}")) >= values, "{table}.{column}");
    }
    let sums = "SELECT count(*) FROM bot_runs WHERE status = 'completed' AND (completed_at IS NULL OR json_extract(summary, '$.processed') <> items_processed)";
    assert_eq!(count(sums), 0);
    let broken = "SELECT count(*) FROM bot_ledger WHERE NOT coalesce(json_valid(before_state), 1) OR NOT coalesce(json_valid(after_state), 1)";
    assert_eq!(count(broken), 0);
}

#[test]
fn the_simulation_goes_on_when_the_demo_is_made_anew_under_it() {
    let (folder, path) = made();
    let mut stage = Stage::open(&path).unwrap();
    stage.enter(now()).unwrap();
    ensure(folder.path(), DemoReset::Anew, now()).unwrap();
    for step in 1..=60 {
        stage.step(stamp::before(now(), -1_500 * step)).unwrap();
    }
    assert_eq!(number(&read(&path), "SELECT count(*) FROM questions WHERE status = 'deleted'"), 4);
}

#[test]
fn a_simulation_writes_at_once_and_ends_when_dropped() {
    let (_folder, path) = made();
    let ledger = "SELECT max(id) FROM bot_ledger";
    let runs = "SELECT total(items_processed) + count(*) + (SELECT max(id) FROM bot_ledger) FROM bot_runs";
    let sum = || read(&path).query_row(runs, [], |row| row.get::<_, f64>(0)).unwrap();
    let before = (number(&read(&path), ledger), sum());
    let simulation = Simulation::start(&path, Pace::Every(Duration::from_millis(1))).unwrap();
    assert!(path.with_extension("db-wal").exists(), "readers find the log when start returns");
    while number(&read(&path), ledger) < before.0 + 5 {
        assert!(simulation.is_alive());
        thread::yield_now();
    }
    drop(simulation);
    let after = everything(&path);
    assert!(sum() > before.1);
    assert_eq!(everything(&path), after, "nothing is written after the drop");
}

#[test]
fn a_slow_simulation_does_not_hold_up_the_drop() {
    let (_folder, path) = made();
    let simulation = Simulation::start(&path, Pace::Every(Duration::from_secs(3_600))).unwrap();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        drop(simulation);
        done.send(()).unwrap();
    });
    // Far below the pace, far above what it takes: a wait, not a measurement.
    ended.recv_timeout(Duration::from_secs(60)).unwrap();
}

#[test]
fn only_one_of_two_simulations_plays() {
    let (_folder, path) = made();
    let first = Simulation::start(&path, Pace::Every(Duration::from_secs(3_600))).unwrap();
    let before = everything(&path);
    let second = Simulation::start(&path, Pace::Every(Duration::from_millis(1))).unwrap();
    assert!(second.is_alive());
    drop(second);
    assert_eq!(everything(&path), before, "the second was silent");
    drop(first);
    let _third = Simulation::start(&path, Pace::Every(Duration::from_secs(3_600))).unwrap();
    assert_ne!(everything(&path), before, "the turn was given back");
}

#[test]
fn a_still_simulation_touches_nothing() {
    let (folder, path) = made();
    let bytes = fs::read(&path).unwrap();
    let simulation = Simulation::start(&path, Pace::Still).unwrap();
    assert!(!simulation.is_alive());
    drop(simulation);
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
}
