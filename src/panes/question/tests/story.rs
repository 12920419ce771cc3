//! The strip and the tabs that tell of the story.

use super::*;
use crate::domain::{
    review::{Flag, FlagSource, ReviewItem, Story, StoryEvent, StorySource},
    time::parse,
};

fn happened(source: StorySource, row: i64, at: &str, who: &str, what: &str) -> StoryEvent {
    StoryEvent {
        source,
        key: RowKey::Rowid(row),
        at: at.to_owned(),
        time: parse(at),
        who: who.to_owned(),
        what: what.to_owned(),
        status: None,
        priority: None,
        reason: None,
        before: None,
        after: None,
        fields: None,
        end: None,
        by_bot: source != StorySource::Queue,
    }
}

/// What is recorded of the question of [`super::sample`]: its snapshot has the names of the documents, the table those of the database.
pub(super) fn sample() -> Arc<Story> {
    let flagged = StoryEvent {
        reason: Some("The table of the answer says that 10k rows want a memo, its text that only measuring tells; one of the two is wrong. The link answers with 404.".to_owned()),
        before: Some(r#"{"status":"active"}"#.into()),
        after: Some(r#"{"status":"flagged"}"#.into()),
        fields: Some(r#"["status"]"#.to_owned()),
        ..happened(StorySource::History, 31, "2026-01-31T23:40:00.112Z", "verifier", "flagged")
    };
    let before = serde_json::json!({
        "id": "react-memo-7",
        "status": "active",
        "difficulty": "beginner",
        "answer": "It costs more than it saves when:\n\n- the value is *cheap* to compute\n- the dependencies change on **each** render\n\n```js\nconst total = useMemo(() => a + b, [a, b]); // not worth it\n```\n\n| case | memo? |\n|---|---|\n| sort 10k rows | yes |\n\nSee [the docs](https://react.dev/reference/react/useMemo).",
        "tags": ["react", "hooks", "memoization"],
        "subChannel": "hooks",
        "relevanceScore": 70,
        "videos": null,
        "isNew": true,
    });
    let improved = StoryEvent {
        reason: Some("clearer wording, one more row in the table".to_owned()),
        fields: Some(r#"["answer","tags","difficulty","relevanceScore","videos","isNew"]"#.to_owned()),
        before: Some(before.to_string().into()),
        ..happened(StorySource::History, 30, "2026-01-30T09:12:44.000Z", "processor", "improved")
    };
    Arc::new(Story {
        events: vec![
            StoryEvent { before: None, ..flagged },
            StoryEvent {
                reason: None,
                ..happened(StorySource::Ledger, 4711, "2026-01-31 23:40:00", "verifier", "flag")
            },
            improved,
            StoryEvent {
                status: Some("completed".to_owned()),
                priority: Some(2),
                reason: Some("wording".to_owned()),
                after: Some(r#"{"changed":6}"#.into()),
                ..happened(StorySource::Queue, 12, "2026-01-30T09:00:00.000Z", "analysis", "improve")
            },
            StoryEvent {
                status: Some("pending".to_owned()),
                priority: Some(5),
                ..happened(StorySource::Queue, 9, "2026-01-12T10:00:00.000Z", "maria", "verify")
            },
            happened(StorySource::Ledger, 17, "someday", "creator", "create"),
        ],
        cut: vec![],
    })
}

pub(super) fn event() -> impl Strategy<Value = StoryEvent> {
    let source = prop_oneof![Just(StorySource::Ledger), Just(StorySource::History), Just(StorySource::Queue)];
    let text = || "(\\PC|\\p{C}){0,20}";
    let state = || {
        let json = r#"\{"(status|subChannel|tags|x)":("[a-z\\n ]{0,9}"|1|null|\["a"\]|\{"b":2\})\}"#;
        proptest::option::of(prop_oneof![Just(String::new()), "\\PC{0,40}", json])
    };
    let at = prop_oneof![
        (0u32..28, 0u32..24).prop_map(|(day, hour)| format!("2026-01-{:02} {hour:02}:00:00", day + 1)),
        text().prop_map(|text| text),
    ];
    let rest = (proptest::option::of(text()), proptest::option::of(any::<i64>()), state(), state(), any::<bool>());
    (source, 0i64..5, at, text(), text(), rest).prop_map(|(source, row, at, who, what, rest)| {
        let (reason, priority, before, after, by_bot) = rest;
        StoryEvent {
            status: reason.clone(),
            fields: reason.clone(),
            reason,
            priority,
            before: before.map(Arc::from),
            after: after.map(Arc::from),
            by_bot,
            ..happened(source, row, &at, &who, &what)
        }
    })
}

fn told(width: u16, height: u16, tab: Tab) -> Stage {
    let mut stage = Stage::new(width, height);
    stage.open("react-memo-7", super::sample());
    stage.with(|pane, cx| pane.open_tab(tab, cx));
    stage.act(Action::First);
    stage.compute();
    stage
}

fn stories_asked(out: &Outbox) -> usize {
    out.commands
        .iter()
        .filter(|command| matches!(command, Command::Send(request) if request.slot == Slot::Story))
        .count()
}

#[test]
fn the_story_is_asked_for_only_where_it_is_seen_and_the_question_stays() {
    let mut stage = Stage::new(80, 24);
    stage.with(|pane, cx| pane.show("react-memo-7".to_owned(), cx));
    stage.reply(Ok(Answer::Question(Some(super::sample()))));
    assert_eq!(stories_asked(&stage.out), 0, "it may be passed by");
    assert!(stage.picture().contains("⚑ flagged"), "{}", stage.picture());
    let waits = stage.out.commands.iter().any(|command| matches!(command, Command::After(_, Timer::Preview)));
    assert!(waits, "{:?}", stage.out.commands);
    stage.now.elapsed += Duration::from_millis(300);
    stage.with(|pane, cx| pane.timer(Timer::Preview, cx));
    assert_eq!(stories_asked(&stage.out), 1);
    stage.with(|pane, cx| pane.timer(Timer::Preview, cx));
    stage.act(Action::Down);
    assert_eq!(stories_asked(&stage.out), 1, "once");
    // Another one comes: nobody waits for that story any more. It is not flagged, so nothing of its own is to be seen.
    stage.open("other", record(&[("id", Value::text("other")), ("status", Value::text("active"))]));
    stage.now.elapsed += Duration::from_secs(3);
    stage.with(|pane, cx| pane.timer(Timer::Preview, cx));
    stage.act(Action::Down);
    assert_eq!(stories_asked(&stage.out), 0);
    stage.act(Action::PreviousTab);
    assert_eq!(stories_asked(&stage.out), 1, "the timeline shows it");
    stage.compute();
    stage.with(QuestionPane::changed);
    assert_eq!(stories_asked(&stage.out), 1, "and is kept up to date");
}

#[test]
fn in_a_review_the_flags_are_known_already() {
    let mut stage = Stage::new(80, 24);
    let flag = Flag {
        source: FlagSource::Ledger,
        by: "verifier".to_owned(),
        reason: Some("broken\u{1b}[31m link".to_owned()),
        at: "2026-01-31 00:00:00".to_owned(),
    };
    let item = ReviewItem {
        id: "react-memo-7".to_owned(),
        key: RowKey::Rowid(7),
        title: "memo".to_owned(),
        channel: "react".to_owned(),
        difficulty: "beginner".to_owned(),
        status: Value::text("flagged"),
        flags: vec![flag],
        pending: 0,
    };
    stage.with(|pane, cx| pane.review(Some(&Arc::new(item)), cx));
    stage.open("react-memo-7", super::sample());
    assert!(
        stage.picture().contains("⚑ flagged by verifier · 1d ago · ledger · broken␛[31m link"),
        "{}",
        stage.picture()
    );
    assert_eq!(stories_asked(&stage.out), 0);
    stage.with(|pane, cx| pane.open_tab(Tab::Changes, cx));
    assert_eq!(stories_asked(&stage.out), 1, "at once");
}

#[test]
fn changes_are_told_by_field_with_the_words_that_changed() {
    let mut stage = told(80, 44, Tab::Changes);
    insta::assert_snapshot!("changes", stage.picture());
    stage.act(Action::NextMatch);
    assert!(stage.picture().contains("change 1 of"), "{}", stage.picture());
    stage.act(Action::PreviousMatch);
    let last = stage.picture();
    stage.act(Action::NextMatch);
    assert!(stage.picture().contains("change 1 of") && stage.picture() != last);
    stage.act(Action::Raw);
    assert!(stage.picture().contains("useMemo(() => a + b"), "what is the same is unfolded: {}", stage.picture());
}

#[test]
fn what_cannot_be_compared_is_said() {
    let mut stage = told(60, 14, Tab::Changes);
    let story = Story::clone(&sample());
    let with = |stage: &mut Stage, change: fn(&mut StoryEvent)| {
        let mut story = story.clone();
        story.events.iter_mut().for_each(change);
        stage.story = Some(Arc::new(story));
        stage.with(QuestionPane::changed);
        stage.compute();
        stage.picture()
    };
    insta::assert_snapshot!("no_snapshot", with(&mut stage, |event| event.before = None));
    let plain = with(&mut stage, |event| event.before = event.before.take().map(|_| "was \u{202e}fine".into()));
    assert!(plain.contains("no JSON object") && plain.contains("was ◌fine"), "{plain}");
    let same = with(&mut stage, |event| event.before = event.before.take().map(|_| r#"{"subChannel":"hooks"}"#.into()));
    assert!(same.contains("No difference"), "{same}");
    let nobody = with(&mut stage, |event| event.by_bot = false);
    assert!(nobody.contains("Neither the ledger nor the history"), "{nobody}");
    stage.story = None;
    stage.with(QuestionPane::changed);
    let gone = Error::new(ErrorKind::Io, "the disk is gone", "plug it in");
    stage.with(|pane, cx| pane.reply(Slot::Story, Err(&gone), cx));
    assert!(stage.picture().contains("Neither the ledger"), "what is known stays");
    stage.open("x", record(&[("id", Value::text("x")), ("status", Value::text("flagged"))]));
    stage.act(Action::Down);
    stage.with(|pane, cx| pane.reply(Slot::Story, Err(&gone), cx));
    insta::assert_snapshot!("story_failed", stage.picture());
    stage.out.commands.clear();
    stage.act(Action::Refresh);
    assert_eq!(stories_asked(&stage.out), 1, "r tries again");
}

#[test]
fn the_timeline_opens_its_events_and_leads_to_their_rows() {
    let mut stage = told(80, 30, Tab::Timeline);
    assert!(stage.picture().contains("1 of 6"), "{}", stage.picture());
    stage.act(Action::Down);
    stage.act(Action::Down);
    stage.act(Action::Raw);
    stage.compute();
    insta::assert_snapshot!("timeline_open", stage.picture());
    stage.act(Action::FollowReference);
    let place = crate::domain::place::Place { relation: "questionHistory".to_owned(), key: Some("30".to_owned()) };
    assert_eq!(stage.out.intents.pop(), Some(Intent::Go(place)));
    stage.act(Action::Open);
    let Some(Intent::ShowEvent { relation, key }) = stage.out.intents.pop() else {
        unreachable!("Enter shows the row")
    };
    assert!(relation.is("questionHistory") && key == RowKey::Rowid(30), "{key:?}");
    stage.act(Action::Raw);
    stage.act(Action::Last);
    assert!(stage.picture().contains("6 of 6"), "{}", stage.picture());
    stage.act(Action::Up);
    stage.act(Action::FollowReference);
    let place = crate::domain::place::Place { relation: "workQueue".to_owned(), key: Some("9".to_owned()) };
    assert_eq!(stage.out.intents.pop(), Some(Intent::Go(place)));
}

#[test]
fn two_points_are_marked_and_what_differs_is_shown() {
    let mut stage = told(80, 30, Tab::Timeline);
    stage.act(Action::Mark);
    assert!(stage.picture().contains("① ●"), "{}", stage.picture());
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Say(..))));
    stage.act(Action::Down);
    stage.act(Action::Down);
    stage.act(Action::Mark);
    assert!(stage.picture().contains("② ●"), "{}", stage.picture());
    let Some(Intent::ShowPast { item, moments, .. }) = stage.out.intents.pop() else { unreachable!("two are marked") };
    assert_eq!((item, moments), (Item::question("react-memo-7"), crate::panes::Moments::Between(0, 2)));
    stage.act(Action::AsItWas);
    let Some(Intent::ShowPast { moments, .. }) = stage.out.intents.pop() else { unreachable!("A shows it") };
    assert_eq!(moments, crate::panes::Moments::Then(2));
    assert_eq!(
        (stage.act(Action::Cancel), stage.picture().contains('①')),
        (Handled::Yes, false),
        "Esc takes them back"
    );
    // A third one begins anew.
    for _ in 0..3 {
        stage.act(Action::Mark);
        stage.act(Action::Up);
    }
    assert!(stage.picture().contains("① "), "{}", stage.picture());
}

#[test]
fn times_are_shown_as_the_user_wants_them() {
    let mut stage = told(120, 30, Tab::Timeline);
    assert!(stage.picture().contains("20m ago"), "{}", stage.picture());
    stage.settings.times = stage.settings.times.next();
    stage.with(QuestionPane::settings_changed);
    let raw = stage.picture();
    assert!(raw.contains("2026-01-31T23:40:00.112Z") && raw.contains("2026-01-31 23:40:00"), "{raw}");
    stage.settings.times = stage.settings.times.next();
    stage.with(QuestionPane::settings_changed);
    let iso = stage.picture();
    assert!(iso.contains("23:40:00 ") && iso.contains("⚑ flagged by verifier · 2026-01-31T23:40:00.112Z"), "{iso}");
}
