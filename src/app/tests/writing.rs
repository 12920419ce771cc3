//! Writing: one write at a time, what becomes of each, what is staged, kept, asked and taken back.

use super::*;
use crate::{
    app::writer::{Purpose, READ_ONLY},
    db::{session::ReadSession, testing, write::WriteSession},
    domain::{
        change::{Batch, Change, Known, Obstacle, Refusal, Written},
        page::Record,
        review::{Decision, ReferenceCount},
        schema::KeyKind,
    },
    message::command::Command,
    panes::picture::picture,
};

pub(super) fn writing(recovered: Option<&str>) -> AppOptions {
    AppOptions { writing: Some(testing::grant()), recovered: recovered.map(str::to_owned), ..options() }
}

/// A status edit of the question with this rowid.
fn update(row: i64, from: &str, to: &str) -> Change {
    Change::Update {
        relation: schema().relations[1].clone(),
        key: RowKey::Rowid(row),
        shown: vec![(4, Value::text(from))],
        set: vec![(4, Value::text(to))],
    }
}

impl Driver {
    pub(super) fn of_writing(recovered: Option<&str>, (width, height): (u16, u16)) -> Self {
        let app = App::new(writing(recovered));
        let now = Now { elapsed: Duration::ZERO, wall: Timestamp::from_second(1_772_445_600).unwrap() };
        let mut driver = Self { app, now, sent: Vec::new(), others: Vec::new() };
        let commands = driver.app.start(now, (width, height));
        driver.take(commands);
        driver
    }

    fn to_write(width: u16, height: u16) -> Self {
        let mut driver = Self::of_writing(None, (width, height));
        driver.answer(Slot::Schema, Answer::Schema(schema()));
        driver.answer(Slot::Page, Answer::Page(page(80)));
        driver
    }

    /// As if an editor had staged it.
    fn stage(&mut self, change: Change) {
        self.app.out.intents.push(crate::panes::Intent::Stage(change));
        self.event(Event::Resumed);
    }

    fn batches(&self) -> Vec<&Batch> {
        let batch = |request: &'_ Request| matches!(request.query, Query::Write(..));
        let batches = self.sent.iter().filter(|request| batch(request));
        batches
            .map(|request| match &request.query {
                Query::Write(_, batch) => batch.as_ref(),
                _ => unreachable!(),
            })
            .collect()
    }

    fn last_batch(&self) -> Batch {
        (*self.batches().last().unwrap()).clone()
    }

    fn became(&mut self, outcome: Outcome) {
        let batch = self.last_batch().id;
        self.answer(Slot::Write, Answer::Written(Arc::new(Receipt { batch, outcome })));
    }

    fn committed(&mut self) {
        let written = self.last_batch().entries.iter().map(written).collect();
        self.became(Outcome::Committed { written, known: Known::Answered });
    }

    fn fails(&mut self, kind: ErrorKind) {
        let id = self.newest(Slot::Write).unwrap().id;
        let outcome = Err(Error::new(kind, "what happened", "what to do"));
        self.event(Event::Reply(Reply::Answer { slot: Slot::Write, id, outcome }));
    }

    fn remembered(&self) -> Option<&Option<String>> {
        self.others.iter().rev().find_map(|command| match command {
            Command::Remember(text) => Some(text),
            _ => None,
        })
    }

    fn said(&self, text: &str) -> bool {
        self.app.toasts.all().any(|toast| toast.text.contains(text))
    }

    fn picture(&self) -> String {
        let mut buf = Buffer::empty(self.app.size);
        self.app.draw(self.app.size, &mut buf);
        picture(&buf)
    }
}

fn written(entry: &crate::domain::change::Entry) -> Written {
    let Change::Update { relation, key, shown, set } = &entry.change else { unreachable!() };
    let mut cells = vec![Value::Null; relation.columns.len()];
    for (column, value) in set {
        cells[*column] = value.clone();
    }
    let inverse =
        Change::Update { relation: relation.clone(), key: key.clone(), shown: set.clone(), set: shown.clone() };
    let after = Some(Record { relation: relation.clone(), key: key.clone(), cells });
    Written { entry: entry.id, key: key.clone(), after, inverse, statements: vec!["UPDATE this".to_owned()] }
}

fn decision(id: &str) -> Purpose {
    Purpose::Decision { ids: vec![id.to_owned()], decision: Decision::Approve }
}

#[test]
fn read_only_is_said_by_everything_that_writes() {
    for keys in ["u", "ctrl-r", "ctrl-s", "e", "A", "C", "X"] {
        let mut driver = Driver::ready(160, 40);
        driver.press(keys);
        assert!(driver.shows(&READ_ONLY[..40]), "{keys}\n{}", driver.screen());
        assert!(driver.app.overlays.is_empty() && driver.batches().is_empty(), "{keys}");
    }
}

#[test]
fn one_write_is_on_its_way_and_the_rest_waits_in_order() {
    let mut driver = Driver::to_write(120, 40);
    let now = driver.now;
    for row in 1..=3 {
        let change = vec![(update(row, "flagged", "active"), None)];
        assert!(driver.app.write(change, decision(&format!("q-{row}")), now).is_some());
    }
    driver.event(Event::Resumed);
    assert_eq!(driver.batches().len(), 1);
    driver.committed();
    assert_eq!(driver.batches().len(), 2);
    driver.fails(ErrorKind::Locked);
    assert_eq!(driver.batches().len(), 3);
    driver.committed();
    let ids: Vec<_> = driver.batches().iter().map(|batch| (batch.id, batch.entries[0].id)).collect();
    assert!(ids.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1), "{ids:?}");
    assert!(!driver.app.writer.is_busy());
    assert_eq!(driver.app.writer.waiting(), 0);
}

#[test]
fn what_is_staged_is_marked_and_counted_and_committed_in_one_transaction() {
    let mut driver = Driver::to_write(120, 40);
    driver.press("ctrl-s");
    assert!(driver.shows("nothing is staged"), "{}", driver.screen());
    driver.stage(update(2, "q-2", "retired"));
    driver.stage(update(3, "q-3", "other"));
    assert!(driver.shows(" 2 staged "), "{}", driver.screen());
    assert!(driver.shows("~retir"), "{}", driver.screen());
    assert!(driver.batches().is_empty());
    driver.press("ctrl-s");
    assert!(driver.shows("Commit 2 staged edits?") && driver.shows("UPDATE main.\"questions\""), "{}", driver.screen());
    assert!(driver.batches().is_empty(), "first it is shown");
    driver.press("ctrl-s");
    let batch = driver.last_batch();
    assert_eq!((batch.entries.len(), batch.author.as_str(), batch.at), (2, "tester", driver.now.wall));
    assert_eq!(batch.entries[0].trail.as_ref().unwrap().event, "updated");
    driver.committed();
    assert!(driver.app.settings.staged.is_empty() && !driver.shows(" 2 staged "), "{}", driver.screen());
    assert_eq!(driver.remembered(), Some(&None), "nothing is left to be recovered");
    driver.press("g w");
    assert!(driver.shows("UPDATE this;") && driver.shows("committed"), "{}", driver.screen());
}

#[test]
fn edits_are_dropped_one_by_one_or_all_after_a_question() {
    let mut driver = Driver::to_write(120, 40);
    for row in 1..=3 {
        driver.stage(update(row, "a", "b"));
    }
    driver.press("g d j d");
    let rows: Vec<_> = driver.app.settings.staged.edits().iter().map(|edit| edit.change.key().cloned()).collect();
    assert_eq!(rows, [Some(RowKey::Rowid(1)), Some(RowKey::Rowid(3))]);
    driver.press("D");
    assert!(driver.shows("Drop all staged edits?"), "{}", driver.screen());
    driver.press("enter");
    assert_eq!(driver.app.settings.staged.len(), 2, "Enter is no yes");
    driver.press("D y");
    assert!(driver.app.settings.staged.is_empty() && driver.app.overlays.is_empty());
}

#[test]
fn a_row_that_was_changed_meanwhile_is_shown_three_ways() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    let entry = driver.last_batch().entries[0].clone();
    let cells = vec![Value::Null, Value::Null, Value::Null, Value::Null, Value::text("deleted")];
    let theirs = Record { relation: entry.change.relation().clone(), key: RowKey::Rowid(1), cells };
    let why = Obstacle::Changed(theirs);
    driver.became(Outcome::Refused(vec![Refusal { entry: entry.id, why }]));
    assert!(driver.said("nothing is committed"));
    for version in ["flagged", "deleted", "active"] {
        assert!(driver.shows(version), "{version}\n{}", driver.screen());
    }
    assert_eq!(driver.app.settings.staged.len(), 1);
    driver.press("w ctrl-s ctrl-s");
    let Change::Update { shown, set, .. } = &driver.last_batch().entries[0].change else { unreachable!() };
    assert_eq!((shown, set), (&vec![(4, Value::text("deleted"))], &vec![(4, Value::text("active"))]));
}

#[test]
fn what_nobody_knows_is_never_sent_again_by_itself() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    driver.became(Outcome::Unknown("look at questions".to_owned()));
    assert!(driver.shows("nobody knows") && driver.shows("1 unknown: look"), "{}", driver.screen());
    driver.press("esc ctrl-s ctrl-s");
    assert_eq!(driver.batches().len(), 1, "{}", driver.screen());
    driver.press("esc g d enter esc ctrl-s ctrl-s");
    assert_eq!(driver.batches().len(), 2, "the user has looked, and wants it\n{}", driver.screen());
}

#[test]
fn a_commit_that_waits_is_of_what_is_staged_when_its_turn_comes() {
    let mut driver = Driver::to_write(120, 40);
    let now = driver.now;
    let change = vec![(update(9, "flagged", "active"), None)];
    driver.app.write(change, decision("q-9"), now);
    for row in 1..=3 {
        driver.stage(update(row, "a", "b"));
    }
    driver.press("ctrl-s ctrl-s ctrl-s ctrl-s");
    driver.press("g d d esc");
    assert_eq!(driver.batches().len(), 1, "the decision comes first");
    driver.committed();
    assert_eq!(driver.batches().len(), 2);
    let rows: Vec<_> = driver.last_batch().entries.iter().map(|entry| entry.change.key().cloned()).collect();
    assert_eq!(rows, [Some(RowKey::Rowid(2)), Some(RowKey::Rowid(3))], "what was dropped is not written");
    driver.committed();
    assert_eq!(driver.batches().len(), 2, "nothing is written twice");
    assert!(driver.app.settings.staged.is_empty() && !driver.app.writer.is_busy());
}

#[test]
fn what_is_being_written_cannot_be_dropped() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "a", "b"));
    driver.press("ctrl-s ctrl-s");
    driver.stage(update(2, "a", "b"));
    driver.press("g d d");
    assert!(driver.said("it is being written just now") && driver.app.settings.staged.len() == 2);
    driver.press("D y");
    assert!(driver.said("1 being written just now") && driver.app.settings.staged.len() == 1);
    driver.committed();
    assert!(driver.app.settings.staged.is_empty());
}

#[test]
fn who_commits_and_quits_while_a_commit_is_under_way_quits_with_all_of_it_written() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "a", "b"));
    driver.press("ctrl-s ctrl-s");
    driver.stage(update(2, "a", "b"));
    driver.press("q c");
    let quits = |driver: &Driver| driver.others.contains(&Command::Quit);
    driver.committed();
    assert!(!quits(&driver) && driver.batches().len() == 2);
    driver.committed();
    assert!(quits(&driver) && driver.app.settings.staged.is_empty());
}

#[test]
fn where_nothing_could_be_written_the_edits_stay() {
    for kind in
        [ErrorKind::Locked, ErrorKind::Cancelled, ErrorKind::DiskFull, ErrorKind::ReadOnly, ErrorKind::Forbidden]
    {
        let mut driver = Driver::to_write(160, 40);
        driver.stage(update(1, "flagged", "active"));
        driver.press("ctrl-s ctrl-s");
        driver.fails(kind);
        assert!(driver.said("the edits are still staged"), "{kind:?}");
        assert_eq!(driver.app.settings.staged.len(), 1);
        driver.press("esc u");
        assert_eq!(driver.batches().len(), 1, "there is nothing to take back");
    }
}

#[test]
fn waiting_for_another_program_is_shown_and_esc_gives_up() {
    let mut driver = Driver::to_write(160, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    driver.press("esc");
    assert!(!driver.others.contains(&Command::Cancel(Slot::Write)), "it has only begun");
    driver.now.elapsed += Duration::from_secs(12);
    driver.event(Event::Timer(Timer::Progress));
    assert!(driver.shows("writing · waiting for another program 12.0 s · esc stops"), "{}", driver.screen());
    driver.press("esc");
    assert!(driver.others.contains(&Command::Cancel(Slot::Write)));
    assert!(driver.app.writer.is_busy(), "it may be written already: the answer tells");
    driver.fails(ErrorKind::Cancelled);
    assert!(driver.said("cancelled, nothing is written") && !driver.app.progress.is_under_way(Slot::Write));
}

#[test]
fn without_a_history_it_asks_once() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    driver.fails(ErrorKind::NoTrail);
    assert!(driver.shows("Write without a trail?"), "{}", driver.screen());
    driver.press("n");
    assert_eq!((driver.batches().len(), driver.app.settings.staged.len()), (1, 1));
    driver.press("esc ctrl-s ctrl-s");
    driver.fails(ErrorKind::NoTrail);
    driver.press("y");
    assert_eq!(driver.last_batch().trail, crate::domain::change::TrailPolicy::Waived);
    driver.committed();
    driver.stage(update(2, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    assert_eq!(driver.last_batch().trail, crate::domain::change::TrailPolicy::Waived, "a yes counts");
}

#[test]
fn what_was_written_last_is_taken_back_and_done_again() {
    let mut driver = Driver::to_write(160, 40);
    driver.press("u");
    assert!(driver.shows("nothing to take back"), "{}", driver.screen());
    for row in 1..=2 {
        driver.stage(update(row, "flagged", "active"));
        driver.press("ctrl-s ctrl-s");
        driver.committed();
    }
    driver.press("u u");
    let batch = driver.last_batch();
    assert_eq!(batch.entries[0].change, update(2, "active", "flagged"));
    assert_eq!(batch.entries[0].trail.as_ref().unwrap().event, "reverted");
    driver.committed();
    assert_eq!(driver.last_batch().entries[0].change, update(1, "active", "flagged"));
    driver.committed();
    assert!(driver.shows("taken back: edit questions #1"), "{}", driver.screen());
    driver.press("ctrl-r");
    let batch = driver.last_batch();
    assert_eq!(batch.entries[0].change, update(1, "flagged", "active"));
    assert_eq!(batch.entries[0].trail.as_ref().unwrap().event, "updated");
    driver.committed();
    driver.press("u");
    let refusal = Refusal { entry: driver.last_batch().entries[0].id, why: Obstacle::Gone };
    driver.became(Outcome::Refused(vec![refusal]));
    assert!(driver.shows("not taken back") && driver.shows("the row is gone"), "{}", driver.screen());
}

#[test]
fn nothing_else_is_taken_back_where_the_write_before_did_not_come_about() {
    let mut driver = Driver::to_write(160, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    driver.committed();
    driver.stage(update(2, "flagged", "active"));
    driver.press("ctrl-s ctrl-s u");
    driver.fails(ErrorKind::Locked);
    assert_eq!(driver.batches().len(), 2, "the first one stays\n{}", driver.screen());
    assert!(!driver.app.writer.is_busy());
}

#[test]
fn quitting_with_something_staged_asks() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("q");
    assert!(driver.shows("Quit?") && !driver.others.contains(&Command::Quit), "{}", driver.screen());
    driver.press("esc q enter");
    assert!(driver.app.overlays.is_empty() && !driver.others.contains(&Command::Quit), "staying cannot hurt");
    driver.press("q c");
    assert!(!driver.others.contains(&Command::Quit), "first it is written");
    driver.fails(ErrorKind::Locked);
    assert!(!driver.others.contains(&Command::Quit), "and where it is not, it is said");
    driver.press("q c");
    driver.committed();
    assert_eq!(driver.others.last(), Some(&Command::Quit));

    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("q d");
    assert_eq!(driver.remembered(), Some(&None));
    assert!(driver.others.contains(&Command::Quit));

    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("q k");
    assert!(driver.remembered().unwrap().is_some() && driver.others.contains(&Command::Quit));
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-c");
    assert!(driver.remembered().unwrap().is_some() && driver.others.contains(&Command::Quit), "it ends at once");
}

#[test]
fn ctrl_c_writes_what_was_decided_before_it_ends_and_ends_at_once_when_pressed_again() {
    let decided = |driver: &mut Driver, row: i64| {
        let now = driver.now;
        let purpose = Purpose::Decision { ids: vec![format!("q-{row}")], decision: Decision::Approve };
        driver.app.write(vec![(update(row, "flagged", "active"), None)], purpose, now).unwrap();
        driver.event(Event::Resumed);
    };
    let mut driver = Driver::to_write(120, 40);
    decided(&mut driver, 1);
    decided(&mut driver, 2);
    driver.press("ctrl-c");
    assert!(!driver.others.contains(&Command::Quit) && driver.shows("Ctrl-c again"), "{}", driver.screen());
    driver.committed();
    assert!(!driver.others.contains(&Command::Quit), "the second one still waits for its receipt");
    driver.committed();
    assert_eq!((driver.batches().len(), driver.others.last()), (2, Some(&Command::Quit)));

    let mut driver = Driver::to_write(120, 40);
    decided(&mut driver, 1);
    driver.press("ctrl-c ctrl-c");
    assert_eq!(driver.others.last(), Some(&Command::Quit));
}

#[test]
fn what_a_killed_session_left_is_offered_and_taken_up_under_its_guards() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.stage(update(2, "flagged", "active"));
    let left = driver.remembered().unwrap().clone().unwrap();

    let start = |left: &str| {
        let mut driver = Driver::of_writing(Some(left), (120, 40));
        assert!(driver.app.overlays.is_empty(), "before the schema is there");
        driver.answer(Slot::Schema, Answer::Schema(schema()));
        assert!(driver.shows("2 staged edits (at 2026-03-02 10:00 UTC"), "{}", driver.screen());
        driver
    };
    let mut driver = start(&left);
    driver.press("l");
    assert!(driver.shows("UPDATE main.\"questions\""), "{}", driver.screen());
    let changes: Vec<_> = driver.app.settings.staged.edits().iter().map(|edit| edit.change.clone()).collect();
    assert_eq!(changes, [update(1, "flagged", "active"), update(2, "flagged", "active")]);

    let mut driver = start(&left);
    driver.press("x");
    assert_eq!(driver.remembered(), Some(&None));

    // Not now: what is staged then is kept beside it.
    let mut driver = start(&left);
    driver.press("esc");
    assert_eq!(driver.remembered(), None, "the file is as it was");
    driver.stage(update(3, "flagged", "active"));
    let kept = driver.remembered().unwrap().clone().unwrap();
    let text: serde_json::Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(text["edits"].as_array().unwrap().len(), 3);
}

#[test]
fn what_is_on_its_way_is_kept_as_unknown() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    assert!(driver.remembered().unwrap().as_ref().unwrap().contains("\"state\":\"unknown\""));
    driver.fails(ErrorKind::Locked);
    assert!(!driver.remembered().unwrap().as_ref().unwrap().contains("unknown"));
}

/// Tables as they are: users with made ids, a queue whose ids the database makes, questions with ids given by hand.
fn keyed() -> Arc<Schema> {
    let mut schema = (*schema()).clone();
    let change = |at: usize, change: &dyn Fn(&mut Relation), schema: &mut Schema| {
        let mut relation = (*schema.relations[at]).clone();
        change(&mut relation);
        schema.relations[at] = Arc::new(relation);
    };
    for at in [0, 1] {
        change(
            at,
            &|relation| {
                relation.columns[0].primary_key = Some(1);
                relation.columns[1].not_null = true;
            },
            &mut schema,
        );
    }
    change(
        2,
        &|relation| {
            relation.columns[0].primary_key = Some(1);
            relation.key = KeyKind::Rowid { alias: "id".to_owned(), column: Some(0) };
        },
        &mut schema,
    );
    Arc::new(schema)
}

fn keyed_driver(table: &str, size: (u16, u16)) -> Driver {
    let mut driver = Driver::of_writing(None, size);
    driver.answer(Slot::Schema, Answer::Schema(keyed()));
    driver.answer(Slot::Page, Answer::Page(page(5)));
    let keys: Vec<String> = table.chars().map(String::from).collect();
    driver.press(&format!(": {} enter", keys.join(" ")));
    driver.answer(Slot::Page, Answer::Page(page(5)));
    driver
}

/// As if the editor over the form had been used.
fn fill(driver: &mut Driver, column: u64, text: &str) {
    let value = crate::domain::edit::NewValue::Given(Value::text(text));
    driver.app.out.intents.push(crate::panes::Intent::Edited { ticket: column, value });
    driver.event(Event::Resumed);
}

#[test]
fn ids_of_new_rows_are_made_left_to_the_database_or_asked_for() {
    let mut driver = keyed_driver("users", (120, 40));
    driver.press("A");
    assert!(driver.shows("New row of users") && driver.shows("to be given"), "{}", driver.screen());
    driver.press("ctrl-s");
    assert!(driver.shows("still to be given: username"), "{}", driver.screen());
    fill(&mut driver, 1, "ada");
    driver.press("ctrl-s");
    let Query::Page(query) = &driver.newest(Slot::Cell).unwrap().query else { unreachable!() };
    let PageAt::KeyText(id) = &query.at else { unreachable!() };
    assert!(id.len() == 36 && id.as_bytes()[14] == b'4' && b"89ab".contains(&id.as_bytes()[19]), "{id}");
    driver.answer(Slot::Cell, Answer::Page(page(0)));
    let Change::Insert { cells, .. } = &driver.app.settings.staged.edits()[0].change else { unreachable!() };
    assert_eq!(cells.len(), 2);

    let mut driver = keyed_driver("bot_ledger", (120, 40));
    driver.press("A");
    assert!(driver.shows("made by the database"), "{}", driver.screen());
    driver.press("ctrl-s");
    let Change::Insert { cells, .. } = &driver.app.settings.staged.edits()[0].change else { unreachable!() };
    assert!(cells.iter().all(|(column, _)| *column != 0), "{cells:?}");
    assert!(driver.shows("1 new row is staged"), "{}", driver.screen());

    let mut driver = keyed_driver("questions", (120, 40));
    driver.press("A");
    fill(&mut driver, 0, "q-1");
    fill(&mut driver, 1, "Why?");
    driver.press("ctrl-s");
    driver.answer(Slot::Cell, Answer::Page(page(1)));
    assert!(driver.shows("q-1 is there already"), "{}", driver.screen());
    assert!(driver.app.settings.staged.is_empty());
    driver.press("esc");
    assert!(driver.shows("New row of questions"), "what is filled in is not lost by one key");
    driver.press("esc");
    assert!(driver.app.overlays.is_empty());
}

#[test]
fn a_duplicate_takes_over_all_but_the_key() {
    let mut driver = keyed_driver("questions", (120, 40));
    driver.press("C");
    let relation = keyed().relations[1].clone();
    let cells = ["q-1", "Why?", "Because", "So", "active"].map(Value::text).to_vec();
    let record = Record { relation, key: RowKey::Rowid(1), cells };
    driver.answer(Slot::Cell, Answer::Record(Some(Arc::new(record))));
    assert!(driver.shows("Because"), "{}", driver.screen());
    fill(&mut driver, 0, "q-new");
    driver.press("ctrl-s");
    driver.answer(Slot::Cell, Answer::Page(page(1)));
    let Change::Insert { cells, .. } = &driver.app.settings.staged.edits()[0].change else { unreachable!() };
    assert_eq!(cells[0], (0, Value::text("q-new")));
    assert_eq!(cells[2], (2, Value::text("Because")));
}

#[test]
fn a_form_is_neither_staged_half_read_nor_given_up_by_two_keys_far_apart() {
    let mut driver = keyed_driver("questions", (120, 40));
    driver.press("C ctrl-s ctrl-s");
    assert!(driver.app.settings.staged.is_empty() && driver.said("still being read"), "{}", driver.screen());
    // Help lies over it when the row comes.
    driver.press("?");
    let relation = keyed().relations[1].clone();
    let cells = ["q-1", "Why?", "Because", "So", "active"].map(Value::text).to_vec();
    let record = Record { relation, key: RowKey::Rowid(1), cells };
    driver.answer(Slot::Cell, Answer::Record(Some(Arc::new(record))));
    driver.press("esc");
    assert!(driver.shows("Because"), "{}", driver.screen());
    driver.press("esc j esc");
    assert!(driver.shows("New row of questions"), "a key between says that it goes on\n{}", driver.screen());
    driver.press(":");
    assert!(driver.shows("New row of questions"), "the palette closes nothing that is filled in");
    fill(&mut driver, 0, "q-new");
    driver.press("ctrl-s g g e");
    assert_eq!(driver.app.overlays.len(), 2, "the key is edited once more");
    driver.answer(Slot::Cell, Answer::Page(page(1)));
    assert!(driver.app.settings.staged.is_empty(), "what was looked up is another key");
}

#[test]
fn nothing_is_answered_by_what_is_typed_elsewhere() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s g d");
    let entry = driver.last_batch().entries[0].clone();
    let cells = vec![Value::Null, Value::Null, Value::Null, Value::Null, Value::text("deleted")];
    let theirs = Record { relation: entry.change.relation().clone(), key: RowKey::Rowid(1), cells };
    driver.became(Outcome::Refused(vec![Refusal { entry: entry.id, why: Obstacle::Changed(theirs) }]));
    assert!(driver.said("a question waits for you") && driver.app.overlays.len() == 1, "{}", driver.screen());
    driver.press("t");
    assert_eq!(driver.app.settings.staged.len(), 1);
    driver.press("esc");
    assert!(driver.shows("changed meanwhile"), "{}", driver.screen());
    driver.press("t");
    assert!(driver.app.settings.staged.is_empty());
}

#[test]
fn a_deletion_is_staged_after_what_refers_to_the_row_was_shown() {
    let mut driver = keyed_driver("questions", (120, 40));
    driver.press("X");
    let cells = ["q-1", "Why?", "Because", "So", "active"].map(Value::text).to_vec();
    let record = Record { relation: keyed().relations[1].clone(), key: RowKey::Rowid(1), cells };
    driver.answer(Slot::Cell, Answer::Record(Some(Arc::new(record))));
    let count = |relation: &str, rows, declared: Option<&str>| ReferenceCount {
        relation: relation.to_owned(),
        column: "question_id".to_owned(),
        rows,
        declared: declared.map(str::to_owned),
    };
    let references = vec![count("channel_mappings", 3, Some("CASCADE")), count("question_history", 1, None)];
    driver.answer(Slot::Cell, Answer::References(references));
    insta::assert_snapshot!(driver.picture().lines().skip(14).take(12).collect::<Vec<_>>().join("\n"));
    driver.press("enter");
    assert!(driver.app.settings.staged.is_empty(), "only y is a yes");
    driver.press("y");
    let Change::Delete { shown, .. } = &driver.app.settings.staged.edits()[0].change else { unreachable!() };
    assert_eq!(shown.len(), 5, "the whole row is the guard");
    driver.press("X");
    assert!(driver.app.settings.staged.is_empty(), "the same key lets it stay");
}

#[test]
fn the_changes_at_every_size() {
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        let mut driver = Driver::to_write(width, height);
        driver.stage(update(1, "flagged", "active"));
        driver.stage(Change::Delete {
            relation: schema().relations[1].clone(),
            key: RowKey::Rowid(2),
            shown: vec![(0, Value::text("q-2"))],
        });
        driver.now.elapsed += Duration::from_secs(60);
        driver.event(Event::Timer(Timer::Toast));
        driver.press("ctrl-s");
        insta::assert_snapshot!(format!("changes_{width}x{height}"), driver.picture());
    }
}

#[test]
fn the_log_is_saved_where_the_user_says() {
    let mut driver = Driver::to_write(120, 40);
    driver.stage(update(1, "flagged", "active"));
    driver.press("ctrl-s ctrl-s");
    driver.committed();
    driver.press("g w w");
    assert!(driver.shows("./reelscope-20260302-100000.sql"), "{}", driver.screen());
    driver.press("enter");
    let Some(Command::SaveFile { path, text, .. }) = driver.others.last() else { unreachable!() };
    assert_eq!(path, "./reelscope-20260302-100000.sql");
    assert!(text.contains("BEGIN;\nUPDATE this;\nCOMMIT;"), "{text}");
}

#[test]
fn no_secret_gets_into_the_changes_or_the_log() {
    let mut driver = Driver::to_write(120, 40);
    let relation = schema().relations[0].clone();
    let shown = vec![(2, Value::text("old-hash"))];
    let set = vec![(2, Value::text("new-hash"))];
    driver.stage(Change::Update { relation, key: RowKey::Rowid(1), shown, set });
    driver.press("ctrl-s");
    assert!(driver.shows("••••••") && !driver.shows("-hash"), "{}", driver.screen());
    driver.press("ctrl-s");
    driver.committed();
    driver.press("g w");
    assert!(driver.shows("a secret is masked") && !driver.shows("-hash"), "{}", driver.screen());
    driver.press("y");
    let Some(Command::Copy { text, .. }) = driver.others.last() else { unreachable!() };
    assert!(!text.contains("-hash"), "{text}");
}

const TABLES: &str = "CREATE TABLE questions(id TEXT PRIMARY KEY, question TEXT NOT NULL, status TEXT);
    INSERT INTO questions VALUES ('q-1', 'one', 'flagged'), ('q-2', 'two', 'flagged'), ('q-3', 'three', NULL);
    CREATE TABLE question_history(id INTEGER PRIMARY KEY AUTOINCREMENT, question_id TEXT NOT NULL,
        question_type TEXT NOT NULL DEFAULT 'question', event_type TEXT NOT NULL, event_source TEXT NOT NULL, source_name TEXT,
        changes_summary TEXT, changed_fields TEXT, before_snapshot TEXT, after_snapshot TEXT, reason TEXT, metadata TEXT,
        created_at TEXT);";

/// What a user does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Deed {
    Set {
        row: i64,
        value: u8,
    },
    Delete {
        row: i64,
    },
    Commit,
    DropAll,
    Undo,
    Redo,
    /// Another program changes a row.
    Other {
        row: i64,
        value: u8,
    },
}

fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        6 => (1i64..4, 0u8..4).prop_map(|(row, value)| Deed::Set { row, value }),
        1 => (1i64..4).prop_map(|row| Deed::Delete { row }),
        5 => Just(Deed::Commit),
        1 => Just(Deed::DropAll),
        4 => Just(Deed::Undo),
        3 => Just(Deed::Redo),
        1 => (1i64..4, 4u8..6).prop_map(|(row, value)| Deed::Other { row, value }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Staging, committing, taking back and doing again on a real database, beside a model of whole states.
    #[test]
    fn whatever_is_staged_committed_and_taken_back_the_database_is_what_the_model_says(
        deeds in prop::collection::vec(any_deed(), 1..24)
    ) {
        let (_folder, path, location) = testing::file(TABLES);
        let grant = Grant::open(&location).unwrap();
        let schema = Arc::new(ReadSession::open(&location).unwrap().schema().unwrap());
        let relation = schema.catalogued("questions").unwrap().clone();
        let mut session = WriteSession::open(&grant).unwrap();
        let mut driver = Driver::of_writing(None, (100, 30));
        driver.answer(Slot::Schema, Answer::Schema(schema.clone()));

        let state = || testing::texts(&path, "SELECT id || question || ifnull(status, '-') FROM questions ORDER BY id");
        let status = |row: i64| testing::texts(&path, &format!("SELECT status FROM questions WHERE rowid = {row}"));
        let value = |value: u8| if value == 0 { Value::Null } else { Value::text(&format!("s{value}")) };
        // The states to go back and forward to.
        let (mut back, mut forward) = (Vec::new(), Vec::new());
        let mut histories = 0;
        let mut others = false;
        for deed in deeds {
            let before = state();
            let edits = driver.app.settings.staged.len();
            match deed {
                Deed::Set { row, value: to } => {
                    let Some(shown) = status(row).pop() else { continue };
                    let shown = vec![(2, shown.map_or(Value::Null, |text| Value::text(&text)))];
                    let set = vec![(2, value(to))];
                    driver.stage(Change::Update { relation: relation.clone(), key: RowKey::Rowid(row), shown, set });
                }
                Deed::Delete { row } => {
                    let Some(shown) = status(row).pop() else { continue };
                    let shown = vec![(2, shown.map_or(Value::Null, |text| Value::text(&text)))];
                    driver.stage(Change::Delete { relation: relation.clone(), key: RowKey::Rowid(row), shown });
                }
                Deed::DropAll => {
                    driver.app.out.intents.push(crate::panes::Intent::Writing(crate::panes::Wish::DropAll));
                    driver.event(Event::Resumed);
                }
                Deed::Other { row, value } => {
                    testing::run(&path, &format!("UPDATE questions SET status = 's{value}' WHERE rowid = {row}"));
                    others = true;
                    continue;
                }
                Deed::Commit | Deed::Undo | Deed::Redo => {
                    let writes = driver.batches().len();
                    match deed {
                        Deed::Commit => driver.press("ctrl-s ctrl-s"),
                        Deed::Undo => driver.press("u"),
                        _ => driver.press("ctrl-r"),
                    }
                    while !driver.app.overlays.is_empty() {
                        driver.press("esc");
                    }
                    if driver.batches().len() == writes {
                        prop_assert_eq!(state(), before);
                        continue;
                    }
                    let batch = driver.last_batch();
                    let receipt = session.write(&batch).unwrap();
                    let outcome = receipt.outcome.clone();
                    driver.answer(Slot::Write, Answer::Written(Arc::new(receipt)));
                    while !driver.app.overlays.is_empty() {
                        driver.press("esc");
                    }
                    match outcome {
                        Outcome::Committed { .. } => {
                            histories += batch.entries.len();
                            match deed {
                                Deed::Commit => {
                                    prop_assert_eq!((driver.app.settings.staged.len(), batch.entries.len()), (0, edits));
                                    back.push(before);
                                    forward.clear();
                                }
                                Deed::Undo => {
                                    let wanted = back.pop();
                                    prop_assert!(others || Some(state()) == wanted, "{:?} {:?}", state(), wanted);
                                    forward.push(before);
                                }
                                _ => {
                                    let wanted = forward.pop();
                                    prop_assert!(others || Some(state()) == wanted, "{:?} {:?}", state(), wanted);
                                    back.push(before);
                                }
                            }
                        }
                        Outcome::Refused(_) => {
                            prop_assert!(others || deed != Deed::Undo, "{deed:?} was refused");
                            prop_assert_eq!(state(), before, "all or nothing");
                            match deed {
                                Deed::Undo => drop(back.pop()),
                                Deed::Redo => drop(forward.pop()),
                                _ => prop_assert_eq!(driver.app.settings.staged.len(), edits),
                            }
                        }
                        Outcome::Unknown(why) => prop_assert!(false, "{}", why),
                    }
                    let rows = testing::texts(&path, "SELECT count(*) || '' FROM question_history");
                    prop_assert_eq!(rows, [Some(histories.to_string())], "every change has its trail");
                    continue;
                }
            }
            prop_assert_eq!(state(), before, "nothing is written by staging");
        }
        prop_assert_eq!(testing::texts(&path, "PRAGMA integrity_check"), [Some("ok".to_owned())]);
    }
}
