//! The window as a user meets it: whole and with holes, then and now, two points; replies that come late.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        page::{Record, RowKey},
        review::{StoryEvent, StorySource},
        schema::{Schema, samples},
        time,
        value::Value,
    },
    panes::{Outbox, Settings},
    theme::{Theme, ThemeName},
    widgets::compute,
};

fn event(source: StorySource, row: i64, at: &str, who: &str, what: &str) -> StoryEvent {
    StoryEvent {
        source,
        key: RowKey::Rowid(row),
        at: at.to_owned(),
        time: time::parse(at),
        who: who.to_owned(),
        what: what.to_owned(),
        status: None,
        priority: None,
        reason: None,
        before: None,
        after: None,
        end: None,
        fields: None,
        by_bot: source != StorySource::Queue,
    }
}

const COLUMNS: [&str; 7] = ["id", "question", "answer", "difficulty", "tags", "relevance_score", "status"];
const OLD: &str = "Because it is **slow**.\n\n```rust\nlet re = Regex::new(P).unwrap();\n```";
const NEW: &str = "Because compiling is **slow**; build it once.\n\n```rust\nlet re = Regex::new(P)?;\n```";

/// Flagged (partial states), improved before that (whole rows), improved long before that, of which only the fields are told.
fn story() -> Arc<Story> {
    let row = |answer: &str, score: i64| {
        serde_json::json!({
            "id": "rust-regex-cache", "question": "Why not in a loop?", "answer": answer, "difficulty": "beginner",
            "tags": ["rust", "regex"], "relevanceScore": score, "status": "active",
        })
    };
    Arc::new(Story {
        events: vec![
            StoryEvent {
                before: Some(r#"{"status":"active"}"#.into()),
                after: Some(r#"{"status":"flagged"}"#.into()),
                ..event(StorySource::Ledger, 4711, "2026-01-31T23:40:00.112Z", "verifier", "flag")
            },
            StoryEvent {
                fields: Some(r#"["answer","relevanceScore"]"#.to_owned()),
                before: Some(row(OLD, 70).to_string().into()),
                after: Some(row(NEW, 84).to_string().into()),
                ..event(StorySource::History, 30, "2026-01-28T09:12:44.000Z", "processor", "improved")
            },
            StoryEvent {
                fields: Some(r#"["tags","answer"]"#.to_owned()),
                ..event(StorySource::History, 12, "2026-01-20 09:00:00", "maria", "updated")
            },
            event(StorySource::Ledger, 3, "2026-01-12 10:00:00", "creator", "create"),
        ],
        cut: vec![],
    })
}

fn schema() -> Arc<Schema> {
    let questions = samples::catalogued("questions");
    let columns = questions
        .columns
        .iter()
        .filter(|column| COLUMNS.iter().any(|name| column.facts.is_some_and(|facts| facts.physical == *name)));
    let questions = crate::domain::schema::Relation { columns: columns.cloned().collect(), ..questions };
    Arc::new(Schema { relations: vec![Arc::new(questions), Arc::new(samples::catalogued("botLedger"))] })
}

fn record(schema: &Schema) -> Arc<QuestionRecord> {
    let relation = Arc::clone(schema.catalogued("questions").unwrap());
    let cells = relation
        .columns
        .iter()
        .map(|column| match column.name.as_str() {
            "id" => Value::text("rust-regex-cache"),
            "question" => Value::text("Why not in a loop?"),
            "answer" => Value::text(NEW),
            "difficulty" => Value::text("beginner"),
            "tags" => Value::text(r#"["rust","regex"]"#),
            "relevance_score" => Value::Integer(84),
            _ => Value::text("flagged"),
        })
        .collect();
    let record = Record { relation, key: RowKey::Rowid(7), cells };
    Arc::new(QuestionRecord { record, mappings: vec![] })
}

struct Stage {
    schema: Arc<Schema>,
    view: PastView,
    out: Outbox,
    now: Now,
    settings: Settings,
    screen: Rect,
}

impl Stage {
    fn new(moments: Moments, (width, height): (u16, u16)) -> Self {
        let schema = schema();
        let now = Now { elapsed: Duration::from_secs(9), wall: "2026-02-01T00:00:30Z".parse().unwrap() };
        let (mut out, settings, screen) = (Outbox::default(), Settings::default(), Rect::new(0, 0, width, height));
        let mut cx = Cx { now, schema: Some(&schema), settings: &settings, out: &mut out };
        let mut view = PastView::new(Item::question("rust-regex-cache"), story(), moments, &mut cx).unwrap();
        view.resize(screen, &mut cx);
        Self { schema, view, out, now, settings, screen }
    }

    fn told(moments: Moments, size: (u16, u16)) -> Self {
        let mut stage = Self::new(moments, size);
        let record = record(&stage.schema);
        stage.answer(Ok(Answer::Question(Some(record))));
        stage
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut PastView, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx { now: self.now, schema: Some(&self.schema), settings: &self.settings, out: &mut self.out };
        work(&mut self.view, &mut cx)
    }

    fn act(&mut self, action: Action) -> Step {
        let step = self.with(|view, cx| view.act(action, cx));
        self.compute();
        step
    }

    fn answer(&mut self, outcome: Result<Answer, Error>) -> Handled {
        let handled = self.with(|view, cx| view.reply(outcome.as_ref(), cx));
        self.compute();
        handled
    }

    fn compute(&mut self) {
        let commands = std::mem::take(&mut self.out.commands);
        for command in commands {
            if let Command::Compute(job) = command {
                let result = compute::run(&job);
                self.with(|view, cx| view.computed(&job, &result, cx));
            }
        }
    }

    fn picture(&self) -> String {
        let mut buf = Buffer::empty(self.screen);
        let theme = Theme::built_in(ThemeName::Dark);
        let cx = ViewCx { theme: &theme, now: self.now, settings: &self.settings, focused: true };
        self.view.view(self.screen, &mut buf, &cx);
        crate::panes::picture::picture(&buf)
    }
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 10)];

#[test]
fn as_it_was_with_everything_known() {
    for (width, height) in SIZES {
        let mut stage = Stage::told(Moments::Then(1), (width, height));
        insta::assert_snapshot!(format!("whole_{width}x{height}"), stage.picture());
        stage.act(Action::Open);
        insta::assert_snapshot!(format!("until_now_{width}x{height}"), stage.picture());
    }
}

#[test]
fn as_it_was_with_holes() {
    for (width, height) in SIZES {
        let mut stage = Stage::told(Moments::Then(2), (width, height));
        // Before the change of which only the fields are told.
        stage.act(Action::NextPane);
        insta::assert_snapshot!(format!("holes_{width}x{height}"), stage.picture());
    }
}

#[test]
fn what_differs_between_two_points() {
    for (width, height) in SIZES {
        let stage = Stage::told(Moments::Between(0, 2), (width, height));
        insta::assert_snapshot!(format!("between_{width}x{height}"), stage.picture());
    }
    // In whatever order they were marked.
    let [one, other] = [Moments::Between(0, 2), Moments::Between(2, 0)].map(|moments| Stage::told(moments, (80, 24)));
    assert_eq!(one.picture(), other.picture());
}

#[test]
fn its_keys_go_through_the_story() {
    let mut stage = Stage::told(Moments::Then(1), (120, 40));
    assert!(stage.picture().contains("after improved by processor, 3d ago"), "{}", stage.picture());
    stage.act(Action::NextPane);
    assert!(stage.picture().contains("before improved by processor"), "{}", stage.picture());
    assert!(stage.picture().contains("Because it is slow."), "rendered: {}", stage.picture());
    stage.act(Action::Raw);
    assert!(stage.picture().contains("Because it is **slow**."), "source: {}", stage.picture());
    stage.act(Action::Earlier);
    assert!(stage.picture().contains("before updated by maria"), "{}", stage.picture());
    stage.act(Action::Later);
    stage.act(Action::Later);
    stage.act(Action::Later);
    assert!(matches!(stage.out.intents.last(), Some(Intent::Say(_, words)) if words.contains("no event further on")));
    stage.act(Action::Open);
    stage.act(Action::NextMatch);
    assert!(stage.picture().contains("change 1 of"), "{}", stage.picture());
    stage.act(Action::FollowReference);
    assert!(matches!(stage.out.intents.last(), Some(Intent::ShowQuestion { .. })));
    stage.act(Action::FocusTable);
    assert!(matches!(stage.out.intents.last(), Some(Intent::Go(_))));
    assert_eq!(stage.act(Action::Cancel), Step::Close);
}

#[test]
fn without_the_row_as_it_is_only_the_snapshots_are_left() {
    let mut stage = Stage::new(Moments::Then(1), (80, 24));
    assert!(stage.picture().contains("reading it as it is now"), "{}", stage.picture());
    stage.out.ask(Slot::Cell, Query::Schema);
    assert_eq!(stage.answer(Ok(Answer::Question(None))), Handled::No, "another window's");
    stage.with(Overlay::uncovered);
    stage.answer(Err(Error::new(ErrorKind::Io, "the disk is gone", "plug it in")));
    assert!(stage.picture().contains("now cannot be read: the disk is gone"), "{}", stage.picture());
    assert!(stage.picture().contains("relevance_score"), "{}", stage.picture());
    stage.act(Action::Open);
    assert!(matches!(stage.out.intents.last(), Some(Intent::Say(_, words)) if words.contains("no row now")));
    stage.act(Action::Refresh);
    stage.with(PastView::ask);
    stage.answer(Ok(Answer::Question(None)));
    assert!(stage.picture().contains("no such question any more"), "{}", stage.picture());
}

#[test]
fn what_is_no_question_is_rebuilt_from_its_snapshots_alone() {
    let item = Item { kind: "challenge".to_owned(), id: "lru".to_owned() };
    let mut stage = Stage::told(Moments::Then(0), (80, 24));
    stage.view = stage.with(|_, cx| PastView::new(item, story(), Moments::Then(1), cx)).unwrap();
    let screen = stage.screen;
    stage.with(|view, cx| view.resize(screen, cx));
    let picture = stage.picture();
    assert!(picture.contains("stands in no table") && picture.contains("relevanceScore"), "{picture}");
    assert!(stage.with(|_, cx| PastView::new(Item::question("x"), story(), Moments::Then(9), cx)).is_none());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_keys_come_the_picture_is_harmless(
        keys in proptest::collection::vec((0..Action::ALL.len(), 0u16..170, 0u16..60, 0u8..6), 1..40),
        from in 0usize..4, to in 0usize..4,
        hostile in "(\\PC|\\p{C}){0,20}",
    ) {
        let mut stage = Stage::told(Moments::Between(from, to), (80, 24));
        let mut story = Story::clone(&story());
        for event in &mut story.events {
            event.who.clone_from(&hostile);
            event.what.clone_from(&hostile);
        }
        story.events[0].after = Some(serde_json::json!({ (hostile.as_str()): hostile, "answer": hostile }).to_string().into());
        story.events[2].before = Some(hostile.as_str().into());
        stage.view.chronicle = Chronicle::of(&story);
        stage.view.story = Arc::new(story);
        for (key, width, height, also) in keys {
            stage.act(Action::ALL[key]);
            if also == 0 {
                stage.screen = Rect::new(0, 0, width, height);
                let screen = stage.screen;
                stage.with(|view, cx| view.resize(screen, cx));
            }
            let picture = stage.picture();
            prop_assert!(!picture.chars().any(|letter| letter != '\n' && letter.is_control()), "{picture:?}");
            prop_assert!(!picture.contains(['\u{202a}', '\u{202e}', '\u{2066}', '\u{200f}']), "{picture:?}");
        }
    }
}
