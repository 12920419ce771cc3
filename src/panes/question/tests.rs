//! The pane as a user meets it: pictures at three sizes, and what keys and replies do.

#![expect(clippy::unwrap_used, reason = "tests")]

mod story;

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    domain::{
        catalogue,
        page::{Record, RowKey},
        review::{Story, StoryEvent},
        schema::{Schema, samples},
        value::Value,
    },
    panes::{Intent, Outbox, Settings},
    theme::{Theme, ThemeName},
    widgets::compute,
};

/// A row of `questions` with these cells; the others are NULL.
fn record(cells: &[(&str, Value)]) -> Arc<QuestionRecord> {
    let table = catalogue::table("questions").unwrap();
    let relation = Arc::new(samples::catalogued("questions"));
    let value =
        |name: &str| cells.iter().find(|(cell, _)| *cell == name).map_or(Value::Null, |(_, value)| value.clone());
    let cells = table.columns.iter().map(|column| value(column.physical)).collect();
    let mappings = vec![("react".to_owned(), "hooks".to_owned()), ("frontend".to_owned(), "performance".to_owned())];
    Arc::new(QuestionRecord { record: Record { relation, key: RowKey::Rowid(7), cells }, mappings })
}

fn sample() -> Arc<QuestionRecord> {
    record(&[
        ("id", Value::text("react-memo-7")),
        ("question", Value::text("When does `useMemo` **hurt** instead of helping?")),
        (
            "answer",
            Value::text(
                "It costs more than it saves when:\n\n- the value is *cheap* to compute\n- the dependencies change on **every** render\n\n```js\nconst total = useMemo(() => a + b, [a, b]); // not worth it\n```\n\n| case | memo? |\n|---|---|\n| sort 10k rows | yes |\n| a + b | no |\n\nSee [the docs](https://react.dev/reference/react/useMemo).",
            ),
        ),
        (
            "explanation",
            Value::text(
                "# Cost of a memo\n\nEvery memo **stores** its dependencies and compares them on *each* render.\n\n1. Measure first.\n2. Then memoise what is slow.\n\n> Premature optimisation is the root of all evil.\n\n```ts\nfunction Table({ rows }: { rows: Row[] }) {\n  const sorted = useMemo(() => [...rows].sort(byName), [rows]);\n  return <Rows of={sorted} />;\n}\n```",
            ),
        ),
        (
            "diagram",
            Value::text(
                "flowchart LR\n  A[render] --> B{deps changed?}\n  B -->|yes| C[compute]\n  B -->|no| D[reuse]",
            ),
        ),
        ("difficulty", Value::text("intermediate")),
        ("tags", Value::text(r#"["react","performance","hooks","memoization"]"#)),
        ("channel", Value::text("react")),
        ("sub_channel", Value::text("hooks")),
        ("source_url", Value::text("https://react.dev/reference/react/useMemo")),
        ("videos", Value::text(r#"{"short":"https://youtu.be/abc","long":"https://youtu.be/def"}"#)),
        ("companies", Value::text(r#"{"name":"Meta"}"#)),
        ("eli5", Value::text("Writing down the answer takes time, too.")),
        ("tldr", Value::text("Memoise what is slow and stable, nothing else.")),
        ("relevance_score", Value::Integer(85)),
        ("relevance_details", Value::text(r#"{"trend":"rising"}"#)),
        ("job_title_relevance", Value::text(r#"{"frontend-engineer":95,"full-stack-engineer":70,"sre":5}"#)),
        ("experience_level_tags", Value::text(r#"["mid","senior"]"#)),
        ("voice_keywords", Value::text("[\"memo\", \"dependencies\"")),
        ("voice_suitable", Value::Integer(1)),
        ("status", Value::text("flagged")),
        ("is_new", Value::Integer(0)),
        ("last_updated", Value::text("2026-01-31 23:40:00")),
        ("created_at", Value::text("2026-01-29T08:03:07.588Z")),
    ])
}

/// The tables that events are of.
fn schema() -> Schema {
    let tables = ["questions", "botLedger", "questionHistory", "botRuns", "workQueue"];
    Schema { relations: tables.map(|name| Arc::new(samples::catalogued(name))).to_vec() }
}

struct Stage {
    /// What is answered where the story is asked for; nothing where there is none.
    story: Option<Arc<Story>>,
    settings: Settings,
    schema: Arc<Schema>,
    pane: QuestionPane,
    out: Outbox,
    now: Now,
    area: Rect,
}

impl Stage {
    fn new(width: u16, height: u16) -> Self {
        let now = Now { elapsed: Duration::from_secs(1), wall: "2026-02-01T00:00:30Z".parse().unwrap() };
        let mut stage = Self {
            story: Some(story::sample()),
            settings: Settings::default(),
            schema: Arc::new(schema()),
            pane: QuestionPane::new(),
            out: Outbox::default(),
            now,
            area: Rect::new(0, 0, width, height),
        };
        let area = stage.area;
        stage.with(|pane, cx| pane.resize(area, cx));
        stage
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut QuestionPane, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx { now: self.now, schema: Some(&self.schema), settings: &self.settings, out: &mut self.out };
        work(&mut self.pane, &mut cx)
    }

    /// Does the jobs that were asked for and tells the story where it was asked for, until nothing is left.
    fn compute(&mut self) {
        loop {
            let is_story = |command: &Command| matches!(command, Command::Send(request) if request.slot == Slot::Story);
            let asked = self.out.commands.iter().any(is_story);
            if let Some(story) = self.story.clone().filter(|_| asked) {
                let answer = Answer::Story(story);
                self.with(|pane, cx| pane.reply(Slot::Story, Ok(&answer), cx));
            }
            let jobs: Vec<Job> = self
                .out
                .commands
                .drain(..)
                .filter_map(|command| match command {
                    Command::Compute(job) => Some(job),
                    _ => None,
                })
                .collect();
            if jobs.is_empty() {
                return;
            }
            for job in jobs {
                let result = compute::run(&job);
                self.with(|pane, cx| pane.computed(&job, &result, cx));
            }
        }
    }

    fn reply(&mut self, outcome: Result<Answer, Error>) -> Handled {
        self.with(|pane, cx| pane.reply(Slot::Question, outcome.as_ref(), cx))
    }

    fn open(&mut self, id: &str, record: Arc<QuestionRecord>) {
        self.with(|pane, cx| pane.show(id.to_owned(), cx));
        self.reply(Ok(Answer::Question(Some(record))));
        self.compute();
        // It stays: its story is told.
        self.now.elapsed += Duration::from_secs(1);
        self.with(|pane, cx| pane.timer(Timer::Preview, cx));
        self.compute();
    }

    fn act(&mut self, action: Action) -> Handled {
        self.with(|pane, cx| pane.act(action, None, cx))
    }

    fn picture(&self) -> String {
        let mut buf = Buffer::empty(self.area);
        let theme = Theme::built_in(ThemeName::Dark);
        let cx = ViewCx { theme: &theme, now: self.now, settings: &self.settings, focused: true };
        self.pane.view(self.area, &mut buf, &cx);
        crate::panes::picture::picture(&buf)
    }
}

#[test]
fn pictures() {
    for (width, height) in [(40, 10), (80, 24), (160, 50)] {
        let mut stage = Stage::new(width, height);
        insta::assert_snapshot!(format!("nothing_{width}x{height}"), stage.picture());
        stage.open("react-memo-7", sample());
        for tab in Tab::NAMES {
            insta::assert_snapshot!(format!("{tab}_{width}x{height}"), stage.picture());
            stage.act(Action::NextTab);
            stage.compute();
        }
    }
}

fn asked(out: &Outbox) -> usize {
    out.commands
        .iter()
        .filter(|command| matches!(command, Command::Send(request) if request.slot == Slot::Question))
        .count()
}

#[test]
fn a_question_is_asked_for_once_and_read_anew_in_place() {
    let mut stage = Stage::new(60, 12);
    stage.story = None;
    stage.with(|pane, cx| pane.show("react-memo-7".to_owned(), cx));
    stage.with(|pane, cx| pane.show("react-memo-7".to_owned(), cx));
    assert_eq!(asked(&stage.out), 1);
    assert_eq!(stage.reply(Ok(Answer::Question(Some(sample())))), Handled::Yes);
    stage.compute();
    stage.act(Action::HalfPageDown);
    let before = stage.picture();
    stage.with(|pane, cx| pane.show("react-memo-7".to_owned(), cx));
    assert_eq!(asked(&stage.out), 0);
    stage.with(QuestionPane::changed);
    assert_eq!((asked(&stage.out), stage.reply(Ok(Answer::Question(Some(sample()))))), (1, Handled::No));
    assert_eq!(stage.picture(), before, "the same row is no news");
    let mut changed = QuestionRecord::clone(&sample());
    let difficulty = changed.record.relation.column("difficulty").unwrap();
    changed.record.cells[difficulty] = Value::text("undetermined");
    stage.with(QuestionPane::changed);
    assert_eq!(stage.reply(Ok(Answer::Question(Some(Arc::new(changed))))), Handled::Yes);
    stage.compute();
    assert_eq!(stage.picture(), before.replacen("intermediate", "undetermined", 1), "the place stays");
}

#[test]
fn each_tab_keeps_its_place_until_another_question_comes() {
    let mut stage = Stage::new(60, 12);
    stage.open("react-memo-7", sample());
    stage.act(Action::Last);
    let end = stage.picture();
    stage.act(Action::NextTab);
    stage.compute();
    stage.act(Action::Down);
    stage.act(Action::PreviousTab);
    assert_eq!(stage.picture(), end);
    stage.open("other", record(&[("id", Value::text("other")), ("answer", Value::text("x\n\n".repeat(40).as_str()))]));
    assert!(stage.picture().contains("── "), "the top, with the rule of the answer");
    stage.act(Action::NextTab);
    insta::assert_snapshot!(stage.picture());
}

#[test]
fn what_is_shown_stays_while_another_is_read() {
    let mut stage = Stage::new(60, 12);
    stage.open("react-memo-7", sample());
    let before = stage.picture();
    stage.with(|pane, cx| pane.show("slow".to_owned(), cx));
    assert_eq!(stage.picture(), before, "nothing flickers");
    stage.now.elapsed += Duration::from_millis(400);
    assert_eq!(stage.with(|pane, cx| pane.timer(Timer::Progress, cx)), Handled::Yes);
    assert!(stage.picture().contains("reading … 0.4 s"));
    stage.with(|pane, cx| pane.show("react-memo-7".to_owned(), cx));
    assert_eq!(stage.picture(), before, "back before it came");
    assert!(stage.out.commands.contains(&Command::Cancel(Slot::Question)));
}

#[test]
fn what_is_not_there_is_said_in_words() {
    let mut stage = Stage::new(60, 10);
    stage.with(|pane, cx| pane.show("q-\u{1b}[2J".to_owned(), cx));
    stage.reply(Ok(Answer::Question(None)));
    insta::assert_snapshot!("not_found", stage.picture());
    let locked = Error::new(ErrorKind::Locked, "the database is locked by another program", "try again in a moment");
    stage.with(|pane, cx| pane.show("q-2".to_owned(), cx));
    stage.reply(Err(locked.clone()));
    insta::assert_snapshot!("failed", stage.picture());
    stage.open("react-memo-7", sample());
    stage.with(QuestionPane::changed);
    assert_eq!(stage.reply(Err(locked.clone())), Handled::Yes);
    assert!(stage.picture().contains("not read anew: the database is locked"), "{}", stage.picture());
    assert!(stage.picture().contains("When does useMemo hurt"), "what is known stays");
    stage.with(QuestionPane::changed);
    assert_eq!(stage.reply(Err(locked)), Handled::No, "said once");
}

#[test]
fn a_diagram_that_cannot_be_drawn_shows_its_source_and_why() {
    let mut stage = Stage::new(60, 10);
    let source = Value::text("holodeck\n  A --> B");
    stage.open("x", record(&[("id", Value::text("x")), ("diagram", source)]));
    stage.act(Action::NextTab);
    stage.act(Action::NextTab);
    stage.compute();
    insta::assert_snapshot!("not_drawn", stage.picture());
    stage.open("react-memo-7", sample());
    let drawn = stage.picture();
    assert!(drawn.contains("│ render │"), "{drawn}");
    stage.act(Action::Raw);
    stage.compute();
    assert!(stage.picture().contains("A[render] --> B{deps changed?}"));
    stage.act(Action::Raw);
    assert_eq!(stage.picture(), drawn);
    stage.open("none", record(&[("id", Value::text("none"))]));
    assert!(stage.picture().contains("This question has none."));
}

#[test]
fn a_search_marks_steps_and_gives_the_place_back() {
    let mut stage = Stage::new(60, 8);
    stage.open("react-memo-7", sample());
    let before = stage.picture();
    stage.act(Action::Search);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Prompt { kind: PromptKind::Search, .. })));
    let typed = |stage: &mut Stage, text: &str, state| {
        stage.with(|pane, cx| pane.prompted(PromptKind::Search, text, state, cx));
        stage.picture()
    };
    let found = typed(&mut stage, "compute", PromptState::Typing);
    assert!(found.contains("match 1 of 1") && found.contains("cheap to compute"), "{found}");
    assert_eq!(typed(&mut stage, "compute", PromptState::Given), before);
    stage.act(Action::Search);
    let found = typed(&mut stage, "memo", PromptState::Done);
    assert!(found.contains("match 1 of"), "{found}");
    assert_eq!(stage.act(Action::NextMatch), Handled::Yes);
    assert!(stage.picture().contains("match 2 of"));
    assert_eq!(stage.act(Action::Cancel), Handled::Yes);
    assert_eq!(stage.act(Action::Cancel), Handled::No);
    typed(&mut stage, "nowhere", PromptState::Done);
    assert!(stage.picture().contains("no match"));
    assert_eq!(stage.act(Action::NextMatch), Handled::No);
}

#[test]
fn copying_gives_the_source() {
    let mut stage = Stage::new(60, 12);
    stage.open("react-memo-7", sample());
    stage.act(Action::Copy);
    let Some(Command::Copy { text, .. }) = stage.out.commands.pop() else { unreachable!("something is copied") };
    assert!(text.starts_with("When does `useMemo`") && text.contains("## Answer\n\nIt costs"), "{text}");
    stage.act(Action::Last);
    stage.act(Action::Open);
    let link = Command::Copy { text: "https://react.dev/reference/react/useMemo".to_owned(), what: "link".to_owned() };
    assert_eq!(stage.out.commands.pop(), Some(link));
    stage.act(Action::FollowReference);
    let place = crate::domain::place::Place { relation: "questions".to_owned(), key: Some("react-memo-7".to_owned()) };
    assert_eq!(stage.out.intents.pop(), Some(Intent::Go(place)));
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        "\\PC{0,80}|[\\x00-\\x7f]{0,80}".prop_map(|text| Value::text(&text)),
        "(\\[|\\{|\"|[a-z:, 0-9]|\\]|\\}){0,30}".prop_map(|text| Value::text(&text)),
        "(graph|flowchart) (LR|TD)\n( *[A-D](\\[[a-z]{1,9}\\])? --> [A-D]\n){0,5}".prop_map(|text| Value::text(&text)),
        proptest::collection::vec(any::<u8>(), 0..200)
            .prop_map(|bytes| Value::Blob(crate::domain::value::Bytes::whole(bytes))),
        proptest::collection::vec(any::<u8>(), 0..60)
            .prop_map(|bytes| Value::Text(crate::domain::value::Bytes::whole(bytes))),
    ]
}

#[derive(Clone, Debug)]
enum Happens {
    Acts(usize, Option<u64>),
    Resizes(u16, u16),
    Shows(Vec<Value>),
    Missing,
    Fails,
    Tells(Vec<StoryEvent>),
    Forgets,
    Times,
    Searches(String, bool),
    Waits(u64),
    Clicks(u16, u16),
}

fn happens() -> impl Strategy<Value = Happens> {
    prop_oneof![
        8 => (0..Action::ALL.len(), proptest::option::of(0u64..=u64::MAX)).prop_map(|(at, count)| Happens::Acts(at, count)),
        1 => (0u16..170, 0u16..60).prop_map(|(width, height)| Happens::Resizes(width, height)),
        2 => proptest::collection::vec(value(), 24).prop_map(Happens::Shows),
        1 => Just(Happens::Missing),
        1 => Just(Happens::Fails),
        2 => proptest::collection::vec(story::event(), 0..12).prop_map(Happens::Tells),
        1 => Just(Happens::Forgets),
        1 => Just(Happens::Times),
        1 => ("\\PC{0,3}", any::<bool>()).prop_map(|(text, done)| Happens::Searches(text, done)),
        1 => (0u64..100_000).prop_map(Happens::Waits),
        1 => (0u16..170, 0u16..60).prop_map(|(x, y)| Happens::Clicks(x, y)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_the_picture_is_harmless(events in proptest::collection::vec(happens(), 1..40)) {
        let mut stage = Stage::new(80, 24);
        let mut number = 0;
        for event in events {
            match event {
                Happens::Acts(at, count) => {
                    let action = Action::ALL[at];
                    stage.with(|pane, cx| pane.act(action, count, cx));
                }
                Happens::Resizes(width, height) => {
                    stage.area = Rect::new(0, 0, width, height);
                    let area = stage.area;
                    stage.with(|pane, cx| pane.resize(area, cx));
                }
                Happens::Shows(values) => {
                    number += 1;
                    let mut record = QuestionRecord::clone(&sample());
                    record.record.cells = values;
                    stage.with(|pane, cx| pane.show(format!("q-{}", number % 3), cx));
                    stage.reply(Ok(Answer::Question(Some(Arc::new(record)))));
                }
                Happens::Missing => {
                    stage.with(QuestionPane::changed);
                    stage.reply(Ok(Answer::Question(None)));
                }
                Happens::Fails => {
                    stage.with(QuestionPane::changed);
                    stage.reply(Err(Error::new(ErrorKind::Io, "no", "")));
                }
                Happens::Tells(events) => {
                    stage.story = Some(Arc::new(Story { events, cut: vec![] }));
                    stage.with(QuestionPane::changed);
                }
                Happens::Forgets => {
                    stage.story = None;
                    let error = Error::new(ErrorKind::Io, "no\u{1b}", "");
                    stage.with(|pane, cx| pane.reply(Slot::Story, Err(&error), cx));
                }
                Happens::Times => stage.settings.times = stage.settings.times.next(),
                Happens::Searches(text, done) => {
                    let state = if done { PromptState::Done } else { PromptState::Typing };
                    stage.with(|pane, cx| pane.prompted(PromptKind::Search, &text, state, cx));
                }
                Happens::Waits(millis) => {
                    stage.now.elapsed += Duration::from_millis(millis);
                    stage.now.wall = Timestamp::from_millisecond(stage.now.wall.as_millisecond() + millis as i64).unwrap();
                    for timer in [Timer::Progress, Timer::Ages, Timer::Flash, Timer::Preview] {
                        stage.with(|pane, cx| pane.timer(timer, cx));
                    }
                }
                Happens::Clicks(column, row) => {
                    let kind = MouseEventKind::Down(MouseButton::Left);
                    let mouse = MouseEvent { kind, column, row, modifiers: crossterm::event::KeyModifiers::NONE };
                    stage.with(|pane, cx| pane.mouse(mouse, cx));
                }
            }
            stage.compute();
            let picture = stage.picture();
            prop_assert!(!picture.chars().any(|letter| letter != '\n' && letter.is_control()), "{picture:?}");
            prop_assert!(!picture.contains(['\u{202a}', '\u{202e}', '\u{2066}', '\u{200f}']), "{picture:?}");
        }
    }
}
