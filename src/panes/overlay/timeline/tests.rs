//! The window as a user meets it: pictures with gaps, runs and marks; replies that come late; keys that lead on.

#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::{
    db::request::Request,
    domain::{
        page::RowKey,
        review::{StoryEvent, StorySource},
        schema::{Schema, samples},
        time,
    },
    panes::{Moments, Outbox, Settings},
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

/// A challenge of which all four tables tell.
fn story() -> Arc<Story> {
    Arc::new(Story {
        events: vec![
            StoryEvent {
                reason: Some("the hidden tests never reach the eviction".to_owned()),
                before: Some(r#"{"status":"active","tests":14}"#.into()),
                after: Some(r#"{"status":"flagged","tests":14}"#.into()),
                ..event(StorySource::Ledger, 4711, "2026-01-31T23:40:00.112Z", "verifier", "flag")
            },
            StoryEvent {
                status: Some("completed".to_owned()),
                end: Some("2026-01-31 23:43:12".to_owned()),
                after: Some(r#"{"checked":12,"flagged":1}"#.into()),
                ..event(StorySource::Run, 106, "2026-01-31T23:39:00.000Z", "verifier", "run")
            },
            StoryEvent {
                fields: Some(r#"["timeLimit"]"#.to_owned()),
                before: Some(r#"{"timeLimit":1}"#.into()),
                after: Some(r#"{"timeLimit":2}"#.into()),
                reason: Some("Time limit raised from 1 s to 2 s".to_owned()),
                ..event(StorySource::History, 30, "2026-01-28T09:12:44.000Z", "maria", "updated")
            },
            StoryEvent {
                status: Some("completed".to_owned()),
                priority: Some(2),
                after: Some(r#"{"changed":1}"#.into()),
                ..event(StorySource::Queue, 12, "2026-01-28 09:00:00", "analysis", "improve")
            },
            event(StorySource::Ledger, 17, "someday", "creator", "create"),
        ],
        cut: vec![StorySource::Ledger],
    })
}

fn item() -> Item {
    Item { kind: "challenge".to_owned(), id: "coding-lru-cache".to_owned() }
}

struct Stage {
    schema: Arc<Schema>,
    view: TimelineView,
    out: Outbox,
    now: Now,
    settings: Settings,
    screen: Rect,
}

impl Stage {
    fn new(width: u16, height: u16) -> Self {
        let tables = ["questions", "botLedger", "questionHistory", "botRuns", "workQueue"];
        let schema = Arc::new(Schema { relations: tables.map(|name| Arc::new(samples::catalogued(name))).to_vec() });
        let now = Now { elapsed: Duration::from_secs(9), wall: "2026-02-01T00:00:30Z".parse().unwrap() };
        let (mut out, settings, screen) = (Outbox::default(), Settings::default(), Rect::new(0, 0, width, height));
        let mut cx = Cx { now, schema: Some(&schema), settings: &settings, out: &mut out };
        let mut view = TimelineView::new(item(), &mut cx);
        view.resize(screen, &mut cx);
        Self { schema, view, out, now, settings, screen }
    }

    fn told(width: u16, height: u16) -> Self {
        let mut stage = Self::new(width, height);
        stage.answer(Ok(Answer::Story(story())));
        stage
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut TimelineView, &mut Cx<'_>) -> T) -> T {
        let mut cx = Cx { now: self.now, schema: Some(&self.schema), settings: &self.settings, out: &mut self.out };
        work(&mut self.view, &mut cx)
    }

    fn act(&mut self, action: Action) -> Step {
        self.with(|view, cx| view.act(action, cx))
    }

    fn answer(&mut self, outcome: Result<Answer, Error>) -> Handled {
        let handled = self.with(|view, cx| view.reply(outcome.as_ref(), cx));
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
        handled
    }

    fn stories_asked(&self) -> usize {
        let is = |command: &&Command| {
            matches!(command, Command::Send(Request { slot: Slot::Cell, query: Query::Story(_), .. }))
        };
        self.out.commands.iter().filter(is).count()
    }

    fn picture(&self) -> String {
        let mut buf = Buffer::empty(self.screen);
        let theme = Theme::built_in(ThemeName::Dark);
        let cx = ViewCx { theme: &theme, now: self.now, settings: &self.settings, focused: true };
        self.view.view(self.screen, &mut buf, &cx);
        crate::panes::picture::picture(&buf)
    }
}

#[test]
fn pictures() {
    for (width, height) in [(80, 24), (120, 40), (40, 10)] {
        let mut stage = Stage::told(width, height);
        insta::assert_snapshot!(format!("timeline_{width}x{height}"), stage.picture());
        stage.act(Action::Fold);
        stage.act(Action::Down);
        stage.act(Action::Down);
        stage.act(Action::Mark);
        insta::assert_snapshot!(format!("timeline_open_{width}x{height}"), stage.picture());
    }
}

#[test]
fn its_keys_lead_on() {
    let mut stage = Stage::told(80, 24);
    stage.act(Action::Open);
    let Some(Intent::ShowEvent { relation, key }) = stage.out.intents.pop() else {
        unreachable!("Enter shows the row")
    };
    assert!(relation.is("botLedger") && key == RowKey::Rowid(4711));
    stage.act(Action::Down);
    stage.act(Action::Open);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::ShowEvent { relation, .. }) if relation.is("botRuns")));
    stage.act(Action::FocusTable);
    let Some(Intent::Go(place)) = stage.out.intents.pop() else { unreachable!("g r goes to the row") };
    assert_eq!(place.to_string(), "botRuns/106");
    stage.act(Action::FollowReference);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Say(_, words)) if words.contains("only questions")));
    stage.act(Action::Mark);
    stage.act(Action::Last);
    stage.act(Action::Mark);
    let Some(Intent::ShowPast { item: of, moments, .. }) = stage.out.intents.pop() else { unreachable!("two points") };
    assert_eq!((of, moments), (item(), Moments::Between(1, 4)));
    stage.act(Action::AsItWas);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::ShowPast { moments: Moments::Then(4), .. })));
    assert_eq!((stage.act(Action::Cancel), stage.act(Action::Cancel)), (Step::Stay, Step::Close), "marks go first");
}

#[test]
fn replies_that_come_late_or_fail() {
    let mut stage = Stage::new(60, 12);
    assert!(stage.picture().contains("Reading what is recorded"), "{}", stage.picture());
    let locked = Error::new(ErrorKind::Locked, "the database is locked", "wait");
    stage.answer(Err(locked.clone()));
    assert!(stage.picture().contains("cannot be read: the database is locked"), "{}", stage.picture());
    stage.act(Action::Refresh);
    // An event was shown on top of it, which has asked on the same line.
    stage.out.ask(Slot::Cell, Query::Schema);
    assert_eq!(stage.answer(Ok(Answer::Story(story()))), Handled::No);
    let asked = stage.stories_asked();
    stage.with(Overlay::uncovered);
    assert_eq!(stage.stories_asked(), asked + 1);
    stage.answer(Ok(Answer::Story(story())));
    let shown = stage.picture();
    assert!(shown.contains("flag · verifier"), "{shown}");
    stage.act(Action::Refresh);
    stage.answer(Err(locked));
    assert!(stage.picture().contains("flag · verifier") && stage.picture().contains("not read anew"));
    stage.act(Action::Refresh);
    stage.answer(Ok(Answer::Story(Arc::default())));
    assert!(stage.picture().contains("Nothing is recorded"), "{}", stage.picture());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_keys_come_the_picture_is_harmless(
        keys in proptest::collection::vec((0..Action::ALL.len(), 0u16..170, 0u16..60, 0u8..9), 1..40),
        hostile in "(\\PC|\\p{C}){0,20}",
    ) {
        let mut stage = Stage::told(80, 24);
        for (key, width, height, also) in keys {
            stage.act(Action::ALL[key]);
            match also {
                0 => {
                    stage.screen = Rect::new(0, 0, width, height);
                    let screen = stage.screen;
                    stage.with(|view, cx| view.resize(screen, cx));
                }
                1 => {
                    let mut story = Story::clone(&story());
                    for event in &mut story.events {
                        (event.who, event.what, event.at) = (hostile.clone(), hostile.clone(), hostile.clone());
                        (event.before, event.reason) = (Some(hostile.as_str().into()), Some(hostile.clone()));
                    }
                    story.events.truncate(usize::from(width % 6));
                    stage.answer(Ok(Answer::Story(Arc::new(story))));
                }
                2 => {
                    let kind = MouseEventKind::Down(MouseButton::Left);
                    let modifiers = crossterm::event::KeyModifiers::NONE;
                    let mouse = MouseEvent { kind, column: width, row: height, modifiers };
                    let screen = stage.screen;
                    stage.with(|view, cx| view.mouse(mouse, screen, cx));
                }
                _ => {}
            }
            let picture = stage.picture();
            prop_assert!(!picture.chars().any(|letter| letter != '\n' && letter.is_control()), "{picture:?}");
            prop_assert!(!picture.contains(['\u{202a}', '\u{202e}', '\u{2066}', '\u{200f}']), "{picture:?}");
        }
    }
}
