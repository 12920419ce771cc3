//! The window as a user meets it: pictures, what keys and replies do, and differences of realistic pairs of states.

#![expect(clippy::unwrap_used, reason = "tests")]

mod pairs;
mod random;

use ratatui::buffer::Buffer;

use super::*;
use crate::{
    db::request::Request,
    domain::{
        activity::{Item, LedgerPage, LedgerRow},
        catalogue,
        schema::{Schema, samples},
        value::Bytes,
    },
    panes::{Outbox, Settings},
    theme::{Theme, ThemeName},
    widgets::compute,
};

/// The tables of a database as far as they matter here.
pub(super) fn schema() -> Arc<Schema> {
    let tables = ["questions", "botLedger", "questionHistory", "botRuns", "workQueue"];
    Arc::new(Schema { relations: tables.map(|name| Arc::new(samples::catalogued(name))).to_vec() })
}

/// A row of a table of the catalogue with these cells, by logical names; the others are NULL.
pub(super) fn record(schema: &Schema, table: &str, cells: &[(&str, Value)]) -> Arc<Record> {
    let relation = Arc::clone(schema.catalogued(table).unwrap());
    let columns = catalogue::table(table).unwrap().columns;
    let value = |column: &catalogue::CatalogueColumn| {
        let cell = cells.iter().find(|(name, _)| *name == column.logical);
        cell.map_or(Value::Null, |(_, value)| value.clone())
    };
    let cells = columns.iter().map(value).collect();
    Arc::new(Record { relation, key: RowKey::Rowid(4711), cells })
}

pub(super) struct Stage {
    pub(super) schema: Arc<Schema>,
    pub(super) view: EventView,
    pub(super) out: Outbox,
    pub(super) now: Now,
    pub(super) settings: Settings,
    pub(super) screen: Rect,
}

impl Stage {
    /// A window of this size for a row of this table; nothing is answered yet.
    pub(super) fn new(table: &str, width: u16, height: u16) -> Self {
        Self::of(schema(), table, width, height)
    }

    pub(super) fn of(schema: Arc<Schema>, table: &str, width: u16, height: u16) -> Self {
        let mut out = Outbox::default();
        let now = Now { elapsed: Duration::from_secs(9), wall: "2026-02-01T00:00:30Z".parse().unwrap() };
        let (settings, screen) = (Settings::default(), Rect::new(0, 0, width, height));
        let relation = Arc::clone(schema.catalogued(table).unwrap());
        let mut cx = Cx { now, schema: Some(&schema), settings: &settings, out: &mut out };
        let mut view = EventView::new(relation, RowKey::Rowid(4711), &mut cx).unwrap();
        view.resize(screen, &mut cx);
        Self { schema, view, out, now, settings, screen }
    }

    /// With this row.
    pub(super) fn told(table: &str, cells: &[(&str, Value)], (width, height): (u16, u16)) -> Self {
        let mut stage = Self::new(table, width, height);
        let record = record(&stage.schema, table, cells);
        stage.answer(Ok(Answer::Record(Some(record))));
        stage.compute();
        stage
    }

    pub(super) fn with<T>(&mut self, work: impl FnOnce(&mut EventView, &mut Cx<'_>) -> T) -> T {
        let settings = self.settings.clone();
        let mut cx = Cx { now: self.now, schema: Some(&self.schema), settings: &settings, out: &mut self.out };
        work(&mut self.view, &mut cx)
    }

    pub(super) fn act(&mut self, action: Action) -> Step {
        self.with(|view, cx| view.act(action, cx))
    }

    pub(super) fn answer(&mut self, outcome: Result<Answer, Error>) -> Handled {
        self.with(|view, cx| view.reply(outcome.as_ref(), cx))
    }

    /// Does the background work that was asked for.
    pub(super) fn compute(&mut self) {
        let jobs: Vec<Job> = self
            .out
            .commands
            .iter()
            .filter_map(|command| if let Command::Compute(job) = command { Some(job.clone()) } else { None })
            .collect();
        for job in jobs {
            let result = compute::run(&job);
            self.with(|view, cx| view.computed(&job, &result, cx));
        }
    }

    /// The last request.
    pub(super) fn asked(&self) -> Option<&Request> {
        self.out.commands.iter().rev().find_map(|command| match command {
            Command::Send(request) => Some(request),
            _ => None,
        })
    }

    fn copied(&mut self, action: Action) -> Option<String> {
        self.act(action);
        match self.out.commands.pop() {
            Some(Command::Copy { text, .. }) => Some(text),
            _ => None,
        }
    }

    fn said(&self) -> &str {
        match self.out.intents.last() {
            Some(Intent::Say(_, words)) => words,
            _ => "",
        }
    }

    pub(super) fn picture(&self) -> String {
        let mut buf = Buffer::empty(self.screen);
        let theme = Theme::built_in(ThemeName::Dark);
        let cx = ViewCx { theme: &theme, now: self.now, settings: &self.settings, focused: true };
        self.view.view(self.screen, &mut buf, &cx);
        crate::panes::picture::picture(&buf)
    }
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

fn ledger(action: &str, before: Value, after: Value) -> Vec<(&str, Value)> {
    vec![
        ("id", Value::Integer(4711)),
        ("botName", Value::text("processor")),
        ("action", Value::text(action)),
        ("itemType", Value::text("question")),
        ("itemId", Value::text("rust-regex-cache")),
        ("beforeState", before),
        ("afterState", after),
        ("reason", Value::text("the example built the pattern in the loop that it warns of")),
        ("createdAt", Value::text("2026-01-30T09:12:44.000Z")),
    ]
}

fn pictures(name: &str, table: &str, cells: &[(&str, Value)]) {
    for (width, height) in SIZES {
        let stage = Stage::told(table, cells, (width, height));
        insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.picture());
    }
}

fn text(value: &str) -> Value {
    Value::text(value)
}

#[test]
fn changed() {
    let [before, after] = pairs::pair("improved");
    pictures("changed", "botLedger", &ledger("update", text(before), text(after)));
}

#[test]
fn created_and_deleted_have_one_side_only() {
    let [before, after] = pairs::pair("partial");
    pictures("created", "botLedger", &ledger("create", Value::Null, text(after)));
    pictures("deleted", "botLedger", &ledger("delete", text(before), Value::Null));
}

#[test]
fn what_is_no_json_is_said_and_shown() {
    let cells = ledger("update", text("status was active\nand all was well"), text(r#"{"status": "flagged", }"#));
    pictures("no_json", "botLedger", &cells);
    let words =
        |before: Value, after: Value| Stage::told("botLedger", &ledger("update", before, after), (100, 30)).picture();
    let none = words(Value::Null, Value::Null);
    assert!(none.contains("No state is recorded, neither before nor after"), "{none}");
    let empty = words(text("  "), text("{}"));
    assert!(empty.contains("before: an empty text"), "{empty}");
    let blob = words(Value::Blob(Bytes::whole(vec![0x1b, b'[', b'2', b'J'])), text("{}"));
    assert!(blob.contains("before is a blob of 4 bytes") && blob.contains("1b 5b 32 4a"), "{blob}");
    let broken = words(text("{}"), Value::Text(Bytes::whole(*b"a\xff\x9b")));
    assert!(broken.contains("after is a text of 3 bytes that is not UTF-8") && broken.contains("61 ff 9b"), "{broken}");
    let number = words(Value::Integer(3), Value::Integer(4));
    assert!(number.contains("before is a number") && number.contains("3 → 4"), "{number}");
    let hostile = words(text("a\u{1b}[31m\u{202e}b"), text("a\u{9b}b\u{7}"));
    assert!(!hostile.contains(['\u{1b}', '\u{9b}', '\u{7}', '\u{202e}']), "{hostile:?}");
    let same = words(text(r#"{"a":1,"b":2}"#), text(r#"{"b":2,"a":1}"#));
    assert!(same.contains("No difference") || same.contains("the same JSON"), "{same}");
}

#[test]
fn fields_that_only_one_side_has_are_named_and_unfolded() {
    let before = r#"{"status": "active", "answer": "whole", "tags": ["a"]}"#;
    let cells = ledger("flag", text(before), text(r#"{"status": "flagged", "confidence": 0.9}"#));
    let mut stage = Stage::told("botLedger", &cells, (80, 24));
    let folded = stage.picture();
    assert!(folded.contains("2 fields are recorded only before: answer, tags"), "{folded}");
    assert!(folded.contains("1 field is recorded only after: confidence") && !folded.contains("0.9"), "{folded}");
    stage.act(Action::Fold);
    assert!(stage.picture().contains("confidence  0.9"), "{}", stage.picture());
    stage.act(Action::NextMatch);
    assert_eq!(stage.copied(Action::CopyPath).as_deref(), Some("$.status"));
}

#[test]
fn a_table_without_columns_for_states_says_so() {
    let few = samples::table("bot_ledger", &["id", "bot_name", "action", "item_type", "item_id"]);
    let few = Relation { facts: catalogue::table("botLedger"), ..few };
    let schema = Arc::new(Schema { relations: vec![Arc::new(few)] });
    let mut stage = Stage::of(Arc::clone(&schema), "botLedger", 80, 12);
    let cells = vec![Value::Integer(1), text("creator"), text("create"), text("question"), text("q-1")];
    let record = Record { relation: Arc::clone(&schema.relations[0]), key: RowKey::Rowid(1), cells };
    stage.answer(Ok(Answer::Record(Some(Arc::new(record)))));
    let picture = stage.picture();
    assert!(picture.contains("no columns for the state") && picture.contains("no time is recorded"), "{picture}");
}

#[test]
fn changes_are_stepped_through_and_copied_with_their_path() {
    let [before, after] = pairs::pair("improved");
    let mut stage = Stage::told("botLedger", &ledger("update", text(before), text(after)), (120, 40));
    assert!(stage.copied(Action::CopyPath).is_none() && stage.said().contains("n goes to a change"));
    assert_eq!(stage.copied(Action::Copy).as_deref(), Some(after), "without a change, the state");
    let mut paths = Vec::new();
    for _ in 0..9 {
        stage.act(Action::NextMatch);
        paths.push(stage.copied(Action::CopyPath).unwrap());
    }
    assert!(stage.picture().contains("change 9 of"), "{}", stage.picture());
    for path in ["$.answer", "$.tags[2]", "$.tldr", "$.relevance_score", "$.job_title_relevance[\"backend-engineer\"]"]
    {
        assert!(paths.iter().any(|known| known == path), "{path}: {paths:?}");
    }
    stage.act(Action::First);
    while !stage.picture().contains("change 1 of") {
        stage.act(Action::NextMatch);
    }
    while stage.copied(Action::CopyPath).as_deref() != Some("$.relevance_score") {
        stage.act(Action::NextMatch);
    }
    assert_eq!(stage.copied(Action::Copy).as_deref(), Some("84"), "by the table's name for it, too");
    let folded = stage.picture();
    stage.act(Action::Fold);
    assert_ne!(stage.picture(), folded);
    stage.act(Action::Fold);
    stage.act(Action::Raw);
    assert!(stage.picture().contains("─ before ─") && stage.picture().contains(r#"{"id": "rust-regex-cache""#));
}

fn run(summary: Value, started: &str, completed: Value) -> Vec<(&'static str, Value)> {
    let status = if completed.is_null() { "running" } else { "completed" };
    vec![
        ("id", Value::Integer(4711)),
        ("botName", text("verifier")),
        ("startedAt", text(started)),
        ("completedAt", completed),
        ("status", text(status)),
        ("itemsProcessed", Value::Integer(12)),
        ("itemsCreated", Value::Integer(0)),
        ("itemsUpdated", Value::Integer(3)),
        ("itemsDeleted", Value::Null),
        ("summary", summary),
    ]
}

fn ledger_row(id: i64) -> LedgerRow {
    LedgerRow {
        id,
        bot: "verifier".to_owned(),
        action: if id % 3 == 0 { "flag" } else { "verify" }.to_owned(),
        item_type: "question".to_owned(),
        item_id: format!("q-{id}"),
        reason: Some("the second link answers with 404".to_owned()),
        created_at: Some(format!("2026-01-30T08:{:02}:{:02}.000Z", id / 60 % 60, id % 60)),
    }
}

fn page(ids: std::ops::Range<i64>, older: bool, newer: bool) -> Answer {
    let rows = ids.map(ledger_row).collect();
    Answer::Ledger(Arc::new(LedgerPage { rows, older, newer, ..LedgerPage::default() }))
}

#[test]
fn a_run_has_its_summary_and_what_it_wrote() {
    let summary = r#"{"checked": 12, "flagged": ["q-3", "q-6"], "model": {"name": "house-3", "temperature": 0.2}}"#;
    let cells = run(text(summary), "2026-01-30T08:00:00.000Z", text("2026-01-30 08:03:12"));
    for (width, height) in SIZES {
        let mut stage = Stage::told("botRuns", &cells, (width, height));
        let Some(Request { slot: Slot::Cell, query: Query::Ledger(query), .. }) = stage.asked() else {
            unreachable!("{:?}", stage.asked())
        };
        assert_eq!(query.filter.bots, ["verifier"]);
        let times = [query.filter.since, query.filter.until].map(|time| time.map(|time| time.to_string()));
        let [since, until] = times.each_ref().map(Option::as_deref);
        assert_eq!((since, until), (Some("2026-01-30T08:00:00Z"), Some("2026-01-30T08:03:12Z")));
        stage.answer(Ok(page(0..9, false, false)));
        insta::assert_snapshot!(format!("run_{width}x{height}"), stage.picture());
        stage.act(Action::NextPane);
        stage.act(Action::Down);
        insta::assert_snapshot!(format!("run_rows_{width}x{height}"), stage.picture());
        stage.act(Action::Open);
        let Some(Intent::ShowEvent { relation, key }) = stage.out.intents.pop() else { unreachable!("a row opens") };
        assert!(relation.is("botLedger") && key == RowKey::Rowid(1));
        stage.act(Action::Timeline);
        assert_eq!(stage.out.intents.pop(), Some(Intent::ShowTimeline(Item::question("q-1"))));
    }
}

#[test]
fn the_rows_of_a_run_are_read_page_by_page_in_both_directions() {
    let cells = run(Value::Null, "2026-01-30T08:00:00.000Z", Value::Null);
    let mut stage = Stage::told("botRuns", &cells, (80, 24));
    let from = |stage: &Stage| match stage.asked().map(|request| &request.query) {
        Some(Query::Ledger(query)) => query.from,
        other => unreachable!("{other:?}"),
    };
    use crate::domain::activity::LedgerFrom;
    assert!(matches!(from(&stage), LedgerFrom::Around(_)));
    stage.answer(Ok(page(100..200, true, true)));
    assert_eq!(from(&stage), LedgerFrom::Before(100), "the cursor is near to the front");
    stage.answer(Ok(page(90..100, false, true)));
    stage.act(Action::NextPane);
    let picture = stage.picture();
    assert!(picture.contains("110+ ledger rows during it, until now"), "{picture}");
    assert_eq!(stage.view.rows.as_ref().unwrap().selected().unwrap().id, 100, "what one looks at stays");
    stage.act(Action::Last);
    assert_eq!(from(&stage), LedgerFrom::After(199));
    // It fails, and is tried again.
    let gone = Error::new(ErrorKind::Io, "the disk is gone", "plug it in");
    stage.answer(Err(gone));
    let asked = stage.out.commands.len();
    stage.act(Action::Up);
    assert_eq!(stage.out.commands.len(), asked, "not with each key");
    stage.act(Action::Refresh);
    let record = stage.view.record.clone();
    stage.answer(Ok(Answer::Record(record)));
    assert!(matches!(from(&stage), LedgerFrom::Around(_)), "from the beginning");
    stage.answer(Ok(page(100..150, false, false)));
    assert!(stage.picture().contains("50 ledger rows during it"), "{}", stage.picture());
}

#[test]
fn a_run_without_times_bot_or_ledger_says_why_nothing_is_below_it() {
    let stage = Stage::told("botRuns", &run(text("not yet"), "someday", Value::Null), (80, 24));
    let picture = stage.picture();
    assert!(picture.contains("no start that can be read") && picture.contains("someday"), "{picture}");
    let mut cells = run(text("{"), "2026-01-30T08:00:00.000Z", Value::Null);
    cells.retain(|(name, _)| *name != "botName");
    let picture = Stage::told("botRuns", &cells, (80, 24)).picture();
    assert!(picture.contains("no bot's name") && picture.contains("not valid JSON"), "{picture}");
    let only = Arc::new(Schema { relations: vec![Arc::new(samples::catalogued("botRuns"))] });
    let mut stage = Stage::of(Arc::clone(&only), "botRuns", 80, 24);
    let row = record(&only, "botRuns", &run(Value::Null, "2026-01-30T08:00:00.000Z", Value::Null));
    stage.answer(Ok(Answer::Record(Some(row))));
    let picture = stage.picture();
    assert!(picture.contains("no ledger") && picture.contains("It has no summary"), "{picture}");
}

#[test]
fn a_queue_item_has_its_result() {
    let mut cells = vec![
        ("id", Value::Integer(4711)),
        ("itemType", text("question")),
        ("itemId", text("q-1")),
        ("action", text("improve")),
        ("priority", Value::Integer(2)),
        ("status", text("failed")),
        ("reason", text("the answer has no example")),
        ("createdBy", text("maria")),
        ("assignedTo", text("processor")),
        ("createdAt", text("2026-01-30 08:00:00")),
        ("processedAt", text("2026-01-30T08:05:00.000Z")),
        ("result", text(r#"{"error": {"code": 429, "words": "too many requests"}, "tries": 3}"#)),
    ];
    let stage = Stage::told("workQueue", &cells, (80, 24));
    insta::assert_snapshot!("queue", stage.picture());
    cells.pop();
    cells.push(("result", text("Error: timeout\n\tat fetch")));
    let picture = Stage::told("workQueue", &cells, (80, 24)).picture();
    assert!(picture.contains("Error: timeout") && picture.contains("at fetch"), "{picture}");
}

#[test]
fn events_of_the_item_are_gone_through() {
    use crate::domain::{review::StoryEvent, time};
    let [before, after] = pairs::pair("partial");
    let cells = ledger("update", text(before), text(after));
    let mut stage = Stage::told("botLedger", &cells, (80, 24));
    stage.act(Action::Earlier);
    assert!(matches!(stage.asked().map(|request| &request.query), Some(Query::Story(_))));
    let event = |source, row, at: &str| StoryEvent {
        source,
        key: RowKey::Rowid(row),
        at: at.to_owned(),
        time: time::parse(at),
        who: String::new(),
        what: String::new(),
        status: None,
        priority: None,
        reason: None,
        before: None,
        after: None,
        end: None,
        fields: None,
        by_bot: true,
    };
    let events = vec![
        event(StorySource::Ledger, 4711, "2026-01-30 09:00:00"),
        event(StorySource::History, 31, "2026-01-29 09:00:00"),
    ];
    let story = Story { events, cut: vec![] };
    stage.answer(Ok(Answer::Story(Arc::new(story))));
    let Some(Query::Record(relation, key)) = stage.asked().map(|request| &request.query) else {
        unreachable!("{:?}", stage.asked())
    };
    assert!(relation.is("questionHistory") && *key == RowKey::Rowid(31));
    let history = record(&stage.schema, "questionHistory", &[("questionId", text("rust-regex-cache"))]);
    stage.answer(Ok(Answer::Record(Some(history))));
    assert!(stage.picture().contains("question_history 31") || stage.picture().contains("questionHistory 31"));
    stage.act(Action::Earlier);
    assert!(stage.said().contains("nothing earlier is recorded"), "{}", stage.said());
    stage.act(Action::Later);
    assert!(
        matches!(stage.asked().map(|request| &request.query), Some(Query::Record(relation, _)) if relation.is("botLedger"))
    );
}

#[test]
fn replies_that_come_late_or_fail() {
    let mut stage = Stage::new("botLedger", 80, 24);
    assert!(stage.picture().contains("reading the row"), "{}", stage.picture());
    stage.act(Action::Copy);
    stage.act(Action::NextMatch);
    stage.act(Action::Open);
    let locked = Error::new(ErrorKind::Locked, "the database is locked", "wait");
    stage.answer(Err(locked.clone()));
    assert!(stage.picture().contains("cannot be read: the database is locked"), "{}", stage.picture());
    stage.act(Action::Refresh);
    stage.answer(Ok(Answer::Record(None)));
    assert!(stage.picture().contains("The row is gone"), "{}", stage.picture());
    // Another window has asked on the same line since: its answer is not for this one.
    stage.act(Action::Refresh);
    stage.out.ask(Slot::Cell, Query::Schema);
    assert_eq!(stage.answer(Ok(Answer::Record(None))), Handled::No);
    stage.with(Overlay::uncovered);
    assert!(matches!(stage.asked().map(|request| &request.query), Some(Query::Record(..))), "it asks again");
    let [before, after] = pairs::pair("partial");
    let row = record(&stage.schema, "botLedger", &ledger("update", text(before), text(after)));
    stage.answer(Ok(Answer::Record(Some(row))));
    let shown = stage.picture();
    assert!(shown.contains("relevance_score"), "{shown}");
    stage.act(Action::Refresh);
    stage.answer(Err(locked));
    assert!(stage.said().contains("not read anew") && stage.picture() == shown, "what is known stays");
    assert_eq!(stage.act(Action::Cancel), Step::Close);
}

#[test]
fn states_of_megabytes_are_compared_in_the_background() {
    let state = |words: &str| {
        let line = "word after word after word, with nothing new in it\\n".repeat(40_000);
        Value::text(&format!(r#"{{"status":"{words}","answer":"{line}"}}"#))
    };
    let mut stage = Stage::new("botLedger", 120, 40);
    let row = record(&stage.schema, "botLedger", &ledger("update", state("active"), state("flagged")));
    stage.answer(Ok(Answer::Record(Some(row))));
    assert!(stage.picture().contains("Comparing …"), "{}", stage.picture());
    stage.compute();
    assert!(stage.picture().contains("active → flagged"), "{}", stage.picture());
}

#[test]
fn it_leads_on() {
    let [before, after] = pairs::pair("partial");
    let mut stage = Stage::told("botLedger", &ledger("update", text(before), text(after)), (80, 24));
    stage.act(Action::FollowReference);
    let question = Intent::ShowQuestion { id: "rust-regex-cache".to_owned(), focus: Focus::Take };
    assert_eq!(stage.out.intents.pop(), Some(question));
    stage.act(Action::Timeline);
    assert_eq!(stage.out.intents.pop(), Some(Intent::ShowTimeline(Item::question("rust-regex-cache"))));
    stage.act(Action::FocusTable);
    let row = Place { relation: "botLedger".to_owned(), key: Some("4711".to_owned()) };
    assert_eq!(stage.out.intents.pop(), Some(Intent::Go(row)));
    stage.act(Action::ViewCell);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::ShowCell { .. })));
    stage.act(Action::CopyRow);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::CopyRow { .. })));
}
