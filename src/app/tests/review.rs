//! The review through the front door: keys in, writes out, and what their receipts do.

mod next;

use super::*;
use crate::{
    db::testing,
    domain::{
        change::{Change, Entry, Known, Obstacle, Outcome, Receipt, Refusal, Written},
        page::Record,
        review::{ReviewItem, ReviewList, ReviewOrder},
    },
    panes::review::tests::item,
};

fn tables() -> Arc<Schema> {
    let named = |name: &str| Arc::new(samples::catalogued(name));
    let all = ["questions", "workQueue", "botLedger", "questionHistory"];
    Arc::new(Schema { relations: all.map(named).to_vec() })
}

fn list(ids: &[&str]) -> Answer {
    let items = ids.iter().map(|id| Arc::new(item(id))).collect();
    Answer::Review(Arc::new(ReviewList { items, total: ids.len() as u64 }))
}

const IDS: [&str; 4] = ["q-1", "q-2", "q-3", "q-4"];

/// What a flagged question is like as a row.
fn record(item: &ReviewItem, answer: &str) -> Record {
    let relation = Arc::new(samples::catalogued("questions"));
    let mut cells = vec![Value::Null; relation.columns.len()];
    for (name, text) in [
        ("id", item.id.as_str()),
        ("question", &item.title),
        ("answer", answer),
        ("status", "flagged"),
        ("channel", &item.channel),
        ("difficulty", &item.difficulty),
    ] {
        cells[relation.column(name).unwrap()] = Value::text(text);
    }
    Record { relation, key: item.key.clone(), cells }
}

impl Driver {
    fn writing(width: u16, height: u16) -> Self {
        let grant = testing::grant();
        Self::with(AppOptions { writing: Some(grant), ..options() }, (width, height))
    }

    fn with(options: AppOptions, size: (u16, u16)) -> Self {
        let now = Now { elapsed: Duration::ZERO, wall: "2026-01-30T08:03:07Z".parse().unwrap() };
        let mut driver = Self { app: App::new(options), now, sent: Vec::new(), others: Vec::new() };
        let commands = driver.app.start(now, size);
        driver.take(commands);
        driver.answer(Slot::Schema, Answer::Schema(tables()));
        driver
    }

    /// At the desk, with four flagged questions.
    pub(super) fn desk(width: u16, height: u16) -> Self {
        let mut driver = Self::writing(width, height);
        driver.press("Q");
        driver.answer(Slot::Review, list(&IDS));
        driver
    }

    fn current(&self) -> &str {
        &self.app.review.current().unwrap().id
    }

    fn batch(&self) -> &crate::domain::change::Batch {
        let Query::Write(_, batch) = &self.newest(Slot::Write).unwrap().query else { unreachable!() };
        batch
    }

    fn outcome(&mut self, outcome: Outcome) {
        let batch = self.batch().id;
        self.answer(Slot::Write, Answer::Written(Arc::new(Receipt { batch, outcome })));
    }

    fn refuse(&mut self, whys: &[(usize, Obstacle)]) {
        let entries: Vec<_> = self.batch().entries.iter().map(|entry| entry.id).collect();
        let refusals = whys.iter().map(|(at, why)| Refusal { entry: entries[*at], why: why.clone() }).collect();
        self.outcome(Outcome::Refused(refusals));
    }

    /// All of it was written.
    fn commit(&mut self) {
        let outcome = committed(self.batch());
        self.outcome(outcome);
    }

    fn writes(&self) -> usize {
        self.sent.iter().filter(|request| request.slot == Slot::Write).count()
    }

    /// The question beside the list is read.
    fn read_question(&mut self, answer: &str) {
        let item = Arc::clone(self.app.review.current().unwrap());
        let record = crate::db::request::QuestionRecord { record: record(&item, answer), mappings: Vec::new() };
        self.answer(Slot::Question, Answer::Question(Some(Arc::new(record))));
    }
}

/// A queue as it may be read: longer, shorter, cut off.
pub(super) fn any_list(choice: u8) -> Answer {
    let from = usize::from(choice % 3);
    let ids: Vec<String> = (from..from + usize::from(choice % 7)).map(|number| format!("q-{number}")).collect();
    let items = ids.iter().map(|id| Arc::new(item(id))).collect();
    Answer::Review(Arc::new(ReviewList { items, total: ids.len() as u64 + u64::from(choice % 2) }))
}

/// What may become of a batch: all of it, nothing for every reason, nobody knows.
pub(super) fn any_outcome(batch: &crate::domain::change::Batch, choice: u8) -> Outcome {
    let refused = |why: fn(&Entry) -> Obstacle, every: usize| {
        let entries = batch.entries.iter().step_by(every);
        Outcome::Refused(entries.map(|entry| Refusal { entry: entry.id, why: why(entry) }).collect())
    };
    match choice % 7 {
        0 => Outcome::Unknown("the connection was lost".to_owned()),
        1 => refused(|_| Obstacle::Gone, 2),
        2 => refused(|_| Obstacle::Pending(RowKey::Rowid(3)), 2),
        3 => refused(|_| Obstacle::Changed(record(&item("q-1"), "an\u{1b}[31mother\nanswer")), 1),
        4 => refused(|_| Obstacle::Said { what: "a trigger".to_owned(), remedy: String::new() }, 3),
        _ => committed(batch),
    }
}

fn committed(batch: &crate::domain::change::Batch) -> Outcome {
    let written = |entry: &Entry| {
        let key = entry.change.key().cloned().unwrap_or(RowKey::Rowid(77));
        let inverse = match &entry.change {
            Change::Update { relation, key, shown, set } => Change::Update {
                relation: Arc::clone(relation),
                key: key.clone(),
                shown: set.clone(),
                set: shown.iter().filter(|(at, _)| set.iter().any(|(set, _)| set == at)).cloned().collect(),
            },
            other => Change::Delete { relation: Arc::clone(other.relation()), key: key.clone(), shown: Vec::new() },
        };
        Written { entry: entry.id, key, after: None, inverse, statements: vec!["UPDATE …".to_owned()] }
    };
    Outcome::Committed { written: batch.entries.iter().map(written).collect(), known: Known::Answered }
}

/// Which columns guard, and which are set to what.
fn update(entry: &Entry) -> (Vec<String>, Vec<(String, String)>) {
    let Change::Update { relation, shown, set, .. } = &entry.change else { unreachable!() };
    let name = |at: usize| relation.columns[at].name.clone();
    let set = set.iter().map(|(at, value)| (name(*at), value.to_plain().into_owned())).collect();
    (shown.iter().map(|(at, _)| name(*at)).collect(), set)
}

#[test]
fn one_key_opens_the_desk_from_anywhere_and_leads_back() {
    for from in ["g t", "g r", "g b", "g q"] {
        let mut driver = Driver::writing(120, 40);
        driver.press(from);
        let (focus, before) = (driver.app.wanted.focus, driver.app.layout);
        driver.press("Q");
        let Query::Review(order, _) = driver.newest(Slot::Review).unwrap().query else { unreachable!() };
        assert_eq!(order, ReviewOrder::Flagged);
        driver.answer(Slot::Review, list(&IDS));
        assert!(driver.shows("flagged by verifier") && driver.shows("4 left"), "{}", driver.screen());
        driver.press("f2");
        assert_eq!((driver.app.wanted.focus, driver.app.layout), (focus, before));
    }
}

#[test]
fn a_decision_is_guarded_by_all_that_is_shown_and_the_next_one_opens() {
    let mut driver = Driver::desk(120, 40);
    driver.read_question("42");
    driver.press("a");
    let batch = driver.batch();
    assert_eq!((batch.author.as_str(), batch.entries.len()), ("tester", 1));
    assert_eq!(batch.entries[0].trail.as_ref().unwrap().event, "approved");
    let (guard, set) = update(&batch.entries[0]);
    assert!(guard.contains(&"answer".to_owned()) && !guard.contains(&"last_updated".to_owned()), "{guard:?}");
    assert_eq!(set, [("status".to_owned(), "active".to_owned())]);
    // Nobody waits for the database.
    assert_eq!(driver.current(), "q-2");
    let Query::Question(id) = &driver.newest(Slot::Question).unwrap().query else { unreachable!() };
    assert_eq!(id, "q-2");
    assert!(driver.shows("writing 1 · 1 decided · 3 left"), "{}", driver.screen());
    driver.commit();
    assert!(driver.shows("✓") && driver.shows("1 decided · 3 left"), "{}", driver.screen());
}

#[test]
fn before_the_question_is_there_the_line_of_the_queue_is_the_guard() {
    let mut driver = Driver::desk(120, 40);
    driver.press("d");
    let (guard, set) = update(&driver.batch().entries[0]);
    assert_eq!(guard, ["id", "status", "channel", "difficulty"]);
    assert_eq!(set, [("status".to_owned(), "deleted".to_owned())]);
}

#[test]
fn decisions_wait_for_each_other_and_none_is_lost() {
    let mut driver = Driver::desk(120, 40);
    driver.press("a d x i");
    assert_eq!(driver.writes(), 1);
    driver.commit();
    driver.commit();
    assert_eq!(driver.writes(), 3);
    assert!(matches!(driver.batch().entries[0].change, Change::Insert { .. }));
    driver.commit();
    assert!(driver.shows("3 decided · 0 left · 1 skipped"), "{}", driver.screen());
    assert!(driver.shows("that was the last one: 3 decided, 1 skipped"), "{}", driver.screen());
    for sign in ["✓", "✗", "↷", "⚙"] {
        assert!(driver.shows(sign), "{sign}: {}", driver.screen());
    }
}

#[test]
fn what_is_marked_is_decided_at_once() {
    let mut driver = Driver::desk(120, 40);
    driver.press("space j space a");
    let batch = driver.batch();
    let ids: Vec<_> = batch.entries.iter().map(|entry| entry.change.key().unwrap().clone()).collect();
    assert_eq!(ids, [item("q-1").key, item("q-3").key]);
    driver.commit();
    assert!(driver.shows("2 decided · 2 left") && !driver.shows("marked"), "{}", driver.screen());
    driver.press("* d");
    assert_eq!(driver.batch().entries.len(), 2);
}

#[test]
fn a_conflict_brings_the_question_back_and_asks() {
    let mut driver = Driver::desk(120, 40);
    driver.read_question("42");
    driver.press("a");
    driver.refuse(&[(0, Obstacle::Changed(record(&item("q-1"), "43")))]);
    assert!(driver.shows("Approve q-1: changed meanwhile"), "{}", driver.screen());
    assert!(driver.shows("42") && driver.shows("43") && driver.shows("0 decided · 4 left"), "{}", driver.screen());
    // Keys that decide mean nothing here.
    driver.press("a d x");
    assert_eq!((driver.writes(), driver.app.overlays.len()), (1, 1));
    driver.press("w");
    assert_eq!(driver.writes(), 2);
    let Change::Update { relation, shown, .. } = &driver.batch().entries[0].change else { unreachable!() };
    let answer = relation.column("answer").unwrap();
    assert!(shown.contains(&(answer, Value::text("43"))), "guarded by what is there now");
    assert_eq!(driver.batch().entries[0].trail.as_ref().unwrap().event, "approved");
    driver.commit();
    assert!(driver.shows("1 decided · 3 left"), "{}", driver.screen());
}

#[test]
fn what_somebody_else_made_of_it_is_kept_where_that_is_wished() {
    for (key, current) in [("t", "q-2"), ("l", "q-1"), ("esc", "q-1")] {
        let mut driver = Driver::desk(120, 40);
        driver.press("d");
        driver.refuse(&[(0, Obstacle::Changed(record(&item("q-1"), "43")))]);
        driver.press(key);
        assert_eq!((driver.writes(), driver.current()), (1, current));
        assert!(driver.app.overlays.is_empty() && driver.shows("0 decided · 4 left"), "{}", driver.screen());
    }
}

#[test]
fn a_batch_names_what_stands_against_it_and_offers_the_others() {
    let mut driver = Driver::desk(120, 40);
    driver.press("* a");
    driver.refuse(&[(1, Obstacle::Gone), (2, Obstacle::Changed(record(&item("q-3"), "43")))]);
    assert!(driver.shows("q-2: the question is gone") && driver.shows("q-3:"), "{}", driver.screen());
    assert!(driver.shows("Decide the other 2?"), "{}", driver.screen());
    driver.press("y");
    let keys: Vec<_> = driver.batch().entries.iter().map(|entry| entry.change.key().unwrap().clone()).collect();
    assert_eq!(keys, [item("q-1").key, item("q-4").key]);
    driver.commit();
    assert!(driver.shows("2 decided · 2 left"), "{}", driver.screen());
}

#[test]
fn what_is_pending_already_counts_as_done() {
    let mut driver = Driver::desk(120, 40);
    driver.press("V");
    driver.refuse(&[(0, Obstacle::Pending(RowKey::Rowid(5)))]);
    assert!(driver.shows("verify is pending already for q-1"), "{}", driver.screen());
    assert!(driver.shows("1 decided · 3 left"), "{}", driver.screen());
    // Of several, the others are added.
    driver.press("* i");
    driver.refuse(&[(1, Obstacle::Pending(RowKey::Rowid(6)))]);
    assert_eq!(driver.batch().entries.len(), 2);
    driver.commit();
    assert!(driver.shows("4 decided · 0 left"), "{}", driver.screen());
}

#[test]
fn the_menu_has_every_decision_with_priority_and_reason() {
    let mut driver = Driver::desk(120, 40);
    driver.press("m");
    assert!(driver.shows("What becomes of q-1") && driver.shows("Delete by bot"), "{}", driver.screen());
    driver.press("2 w s o enter e");
    let Change::Insert { relation, cells, .. } = &driver.batch().entries[0].change else { unreachable!() };
    let cell = |name: &str| {
        let column = relation.column(name).unwrap();
        cells.iter().find(|(at, _)| *at == column).unwrap().1.to_plain().into_owned()
    };
    let made = ["action", "priority", "reason", "created_by"].map(cell);
    assert_eq!(made, ["enrich", "2", "so", "tester"]);
    driver.press("m esc");
    assert_eq!(driver.writes(), 1);
}

#[test]
fn a_reason_is_asked_for_where_that_is_wished() {
    let mut driver = Driver::desk(120, 40);
    driver.press("! a");
    assert!(driver.shows("Approve q-1: why?"), "{}", driver.screen());
    driver.press("esc");
    assert_eq!((driver.writes(), driver.current()), (0, "q-1"));
    driver.press("a f i n e enter");
    assert_eq!(driver.batch().entries[0].trail.as_ref().unwrap().reason.as_deref(), Some("fine"));
    driver.commit();
    driver.press("d enter");
    assert_eq!(driver.batch().entries[0].trail.as_ref().unwrap().reason, None);
}

#[test]
fn what_is_taken_back_is_open_again() {
    let mut driver = Driver::desk(120, 40);
    driver.press("a");
    driver.commit();
    driver.press("u");
    assert_eq!(driver.batch().entries[0].trail.as_ref().unwrap().event, "reverted");
    driver.commit();
    assert_eq!(driver.current(), "q-1");
    assert!(driver.shows("0 decided · 4 left"), "{}", driver.screen());
    driver.press("j i");
    driver.commit();
    driver.press("u");
    driver.commit();
    assert_eq!(driver.current(), "q-2");
    assert!(driver.shows("0 decided · 4 left"), "{}", driver.screen());
}

#[test]
fn nothing_moves_under_the_cursor_when_bots_flag_more() {
    let mut driver = Driver::desk(120, 40);
    driver.press("j j space k");
    driver.event(Event::Reply(Reply::Changed { schema: false }));
    driver.now.elapsed += Duration::from_secs(1);
    driver.event(Event::Timer(Timer::Refresh));
    driver.answer(Slot::Review, list(&["q-0", "q-1", "q-2", "q-3", "q-4", "q-5"]));
    assert_eq!(driver.current(), "q-3");
    assert!(driver.shows("2 new") && driver.shows("1 marked") && driver.shows("6 left"), "{}", driver.screen());
}

#[test]
fn a_read_only_session_reads_the_queue_and_says_how_to_decide() {
    let mut driver = Driver::with(options(), (120, 40));
    driver.press("Q");
    driver.answer(Slot::Review, list(&IDS));
    for key in ["a", "d", "i", "V", "m"] {
        driver.press(key);
        assert!(driver.shows("Start with --write") && driver.writes() == 0, "{}", driver.screen());
    }
    assert_eq!(driver.current(), "q-1");
    driver.press("j");
    assert_eq!(driver.current(), "q-2");
}

#[test]
fn the_shown_question_is_decided_outside_the_desk_too() {
    let mut driver = Driver::writing(120, 40);
    driver.press(": q u e s t i o n s / q - 1 enter");
    let record = crate::db::request::QuestionRecord { record: record(&item("q-1"), "42"), mappings: Vec::new() };
    driver.press("a");
    assert_eq!(driver.writes(), 0, "it is not there yet");
    driver.answer(Slot::Question, Answer::Question(Some(Arc::new(record))));
    driver.press("a");
    assert_eq!(driver.batch().entries[0].change.key(), Some(&item("q-1").key));
    driver.commit();
    assert!(driver.shows("approve q-1"), "{}", driver.screen());
}

#[test]
fn the_queue_says_why_it_is_empty() {
    let mut driver = Driver::writing(120, 40);
    driver.press("Q");
    let error = Error::new(ErrorKind::Damaged, "the file is damaged", "restore it");
    let id = driver.newest(Slot::Review).unwrap().id;
    driver.event(Event::Reply(Reply::Answer { slot: Slot::Review, id, outcome: Err(error) }));
    assert!(driver.shows("The queue cannot be read") && driver.shows("r tries again"), "{}", driver.screen());
    driver.press("r");
    driver.answer(Slot::Review, list(&[]));
    assert!(driver.shows("Nothing is flagged: well done"), "{}", driver.screen());
    driver.press("s s s");
    let Query::Review(order, _) = driver.newest(Slot::Review).unwrap().query else { unreachable!() };
    assert_eq!(order, ReviewOrder::Pending);
    driver.answer(Slot::Review, list(&[]));
    assert!(driver.shows("No queue item is pending"), "{}", driver.screen());
    driver.press("a m x space * n N enter");
    assert_eq!(driver.writes(), 0);
    // No table of questions at all.
    let mut driver = Driver::new(120, 40);
    let users = vec![Arc::new(samples::catalogued("users"))];
    driver.answer(Slot::Schema, Answer::Schema(Arc::new(Schema { relations: users })));
    driver.press("Q");
    assert!(
        driver.newest(Slot::Review).is_none() && driver.shows("no questions in this database"),
        "{}",
        driver.screen()
    );
}

#[test]
fn the_queue_is_searched() {
    let mut driver = Driver::desk(120, 40);
    driver.press("/ q - 3 enter");
    assert_eq!(driver.current(), "q-3");
    assert!(driver.shows("match 1 of 1"), "{}", driver.screen());
    driver.press("esc / i s enter n");
    assert_eq!(driver.current(), "q-4");
    driver.press("N");
    assert_eq!(driver.current(), "q-3");
    driver.press("esc");
    assert!(!driver.shows("match") && driver.app.wanted.focus == PaneId::Review);
}

#[test]
fn an_error_brings_everything_back() {
    let mut driver = Driver::desk(120, 40);
    driver.press("space j space a");
    let error = Error::new(ErrorKind::Damaged, "the disk is full", "make room");
    let id = driver.newest(Slot::Write).unwrap().id;
    driver.event(Event::Reply(Reply::Answer { slot: Slot::Write, id, outcome: Err(error) }));
    assert!(driver.shows("the disk is full") && driver.shows("0 decided · 4 left"), "{}", driver.screen());
    driver.press("a");
    driver.outcome(Outcome::Unknown("look at question_history".to_owned()));
    assert!(driver.shows("nobody knows"), "{}", driver.screen());
}

#[test]
fn on_a_narrow_screen_there_is_one_at_a_time() {
    let mut driver = Driver::desk(40, 10);
    assert!(driver.shows("q-1") && driver.shows("Review"), "{}", driver.screen());
    driver.press("enter");
    assert_eq!(driver.app.wanted.focus, PaneId::Question);
    driver.read_question("42");
    driver.press("a");
    let Query::Question(id) = &driver.newest(Slot::Question).unwrap().query else { unreachable!() };
    assert_eq!((id.as_str(), driver.app.wanted.focus), ("q-2", PaneId::Question));
    assert!(driver.shows("1 done · 3 left"), "{}", driver.screen());
    driver.press("tab");
    assert_eq!(driver.app.wanted.focus, PaneId::Bots);
    driver.press("shift-tab x tab");
    assert_eq!((driver.current(), driver.app.wanted.focus), ("q-3", PaneId::Bots));
    driver.press("esc");
    assert_eq!(driver.app.wanted.focus, PaneId::Review);
}

#[test]
fn nothing_is_decided_or_edited_unseen() {
    let mut driver = Driver::desk(120, 40);
    driver.read_question("42");
    driver.press("enter a");
    assert_eq!((driver.writes(), driver.current()), (1, "q-2"));
    // q-2 is still on its way: q-1 is what stands there.
    driver.press("a e");
    assert_eq!(driver.writes(), 1);
    assert!(
        driver.app.toasts.all().any(|toast| toast.text.contains("q-2 is not on the screen yet: nothing is decided"))
    );
    assert!(driver.app.overlays.is_empty(), "{}", driver.screen());
    driver.read_question("43");
    driver.commit();
    driver.press("a");
    assert_eq!(driver.batch().entries[0].change.key(), Some(&item("q-2").key));
}

#[test]
fn what_nobody_knows_promises_no_undo() {
    let mut driver = Driver::desk(120, 40);
    driver.press("a");
    driver.outcome(Outcome::Unknown("the connection was lost".to_owned()));
    driver.press("g g a");
    assert!(driver.shows("nobody knows whether q-1 is decided"), "{}", driver.screen());
    assert_eq!(driver.writes(), 1);
}

#[test]
fn where_the_marks_are_not_on_the_screen_the_question_that_is_gets_decided() {
    let mut driver = Driver::desk(40, 10);
    driver.press("space enter");
    driver.read_question("42");
    driver.press("a");
    assert_eq!(driver.batch().entries[0].change.key(), Some(&item("q-2").key), "q-1 is marked, q-2 is read");
}

#[test]
fn what_is_under_the_cursor_of_the_queue_is_edited_whatever_was_shown_before() {
    let mut driver = Driver::desk(40, 10);
    driver.press("enter");
    driver.read_question("42");
    driver.press("esc j j e");
    assert!(driver.app.overlays.is_empty(), "q-1 is still there: {}", driver.screen());
    assert_eq!((driver.app.question.id(), driver.app.wanted.focus), (Some("q-3"), PaneId::Question));
    driver.read_question("44");
    driver.press("e");
    assert!(driver.shows("44"), "{}", driver.screen());
}

/// A desk with one of everything.
fn busy(width: u16, height: u16) -> Driver {
    let mut driver = Driver::desk(width, height);
    driver.press("a");
    driver.commit();
    driver.press("x space");
    if driver.newest(Slot::Question).is_some() {
        driver.read_question("It is **42**, as everybody knows.");
    }
    driver.now.elapsed += Duration::from_secs(60);
    driver.event(Event::Timer(Timer::Toast));
    driver
}

#[test]
fn the_desk_looks_as_it_should() {
    insta::assert_snapshot!("desk_busy_40x10", busy(40, 10).screen());
    insta::assert_snapshot!("desk_busy_80x24", busy(80, 24).screen());
    insta::assert_snapshot!("desk_busy_160x50", busy(160, 50).screen());
    let mut empty = Driver::writing(80, 24);
    empty.press("Q");
    empty.answer(Slot::Review, list(&[]));
    insta::assert_snapshot!("desk_empty_80x24", empty.screen());
    for (width, height) in [(40, 10), (80, 24)] {
        let mut driver = Driver::desk(width, height);
        if width > 40 {
            driver.read_question("It is 42,\nas everybody knows.");
        }
        driver.press("a");
        let theirs = ReviewItem { channel: "databases".to_owned(), ..item("q-1") };
        driver.refuse(&[(0, Obstacle::Changed(record(&theirs, "It is 43,\nas nobody knows.")))]);
        insta::assert_snapshot!(format!("desk_conflict_{width}x{height}"), driver.screen());
        let mut driver = Driver::desk(width, height);
        driver.press("m");
        insta::assert_snapshot!(format!("desk_menu_{width}x{height}"), driver.screen());
    }
}
