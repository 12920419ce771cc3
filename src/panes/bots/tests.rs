//! The pane as a user meets it: pictures at three sizes, and what keys and replies do.

#![expect(clippy::unwrap_used, reason = "tests")]

mod board;

use std::sync::Arc;

use crossterm::event::KeyModifiers;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    db::request::Freshness,
    domain::{
        activity::{BoardUpdate, LedgerRow, RunRow, Tally},
        bots::{Depth, ReadSoFar},
        page::RowKey,
        schema::{KeyKind, Relation, Schema, samples},
        value::Value,
    },
    panes::{Focus, Intent, Outbox, Settings, picture::picture},
    theme::{Role, Theme, ThemeName},
};

const WALL: &str = "2026-02-01T12:00:30Z";

fn before(seconds: i64) -> String {
    let at: Timestamp = WALL.parse().unwrap();
    crate::domain::time::iso(at - SignedDuration::from_secs(seconds))
}

fn ledger(id: i64, age: i64) -> LedgerRow {
    let actions = ["create", "update", "verify", "flag", "delete", "translate"];
    let bots = ["creator", "verifier", "session-builder"];
    let nth = usize::try_from(id).unwrap_or(0);
    LedgerRow {
        id,
        bot: bots[nth % 3].to_owned(),
        action: actions[nth % 6].to_owned(),
        item_type: if nth % 5 == 4 { "challenge" } else { "question" }.to_owned(),
        item_id: format!("q-{id}"),
        reason: (nth % 2 == 0).then(|| format!("reason {id}: answer was too short,\nno example")),
        created_at: Some(before(age)),
    }
}

fn run(id: i64, status: &str, started: i64, took: Option<i64>) -> RunRow {
    RunRow {
        id,
        bot: ["creator", "session-builder", "processor"][usize::try_from(id).unwrap_or(0) % 3].to_owned(),
        started_at: Some(before(started)),
        completed_at: took.map(|took| before(started - took)),
        status: status.to_owned(),
        items: [20, id % 4, 17, 0].map(Value::Integer),
    }
}

fn first() -> ActivityUpdate {
    ActivityUpdate {
        anew: true,
        ledger: (1..=30).map(|id| ledger(id, (31 - id) * 400)).collect(),
        runs: vec![
            run(9, "running", 90, None),
            run(8, "completed", 4_000, Some(42)),
            run(7, "failed", 9_000, Some(700)),
            run(6, "running", 400_000, None),
            run(5, "completed", 90_000, Some(4_000)),
            run(4, "paused", 100_000, None),
        ],
        runs_running: 14,
        queue: Some(vec![
            ("pending".to_owned(), 37),
            ("processing".to_owned(), 2),
            ("completed".to_owned(), 410),
            ("failed".to_owned(), 3),
        ]),
        ..ActivityUpdate::default()
    }
}

/// The same look with what the board learns from it.
fn told(mut update: ActivityUpdate) -> ActivityUpdate {
    let tally = |row: &LedgerRow| Tally {
        bot: row.bot.as_str().into(),
        action: row.action.as_str().into(),
        second: row.created_at.as_deref().and_then(crate::domain::time::parse).map(Timestamp::as_second),
        rows: 1,
    };
    let queue = update.queue.as_ref().map(|counts| {
        let depth = |(status, rows): &(String, u64)| Depth {
            status: status.as_str().into(),
            action: "verify".into(),
            bot: "verifier".into(),
            rows: *rows,
        };
        counts.iter().map(depth).collect()
    });
    update.board = BoardUpdate {
        ledger_anew: update.anew,
        ledger: update.ledger.iter().map(tally).collect(),
        runs_anew: update.anew,
        runs: update.runs.clone(),
        queue_anew: update.anew,
        queue,
        read: update.anew.then_some(ReadSoFar { rows: 30, of: 30, week: true, all: true }),
        ..update.board
    };
    update
}

fn more(ids: std::ops::RangeInclusive<i64>) -> ActivityUpdate {
    ActivityUpdate { ledger: ids.map(|id| ledger(id, 0)).collect(), runs_running: 14, ..ActivityUpdate::default() }
}

fn schema() -> Arc<Schema> {
    let relation = |name: &str| {
        let key = KeyKind::Rowid { alias: "id".to_owned(), column: Some(0) };
        Arc::new(Relation { key, ..samples::catalogued(name) })
    };
    Arc::new(Schema { relations: ["work_queue", "bot_ledger", "bot_runs"].map(relation).to_vec() })
}

struct Stage {
    pane: BotsPane,
    out: Outbox,
    now: Now,
    area: Rect,
    schema: Arc<Schema>,
}

impl Stage {
    fn new(width: u16, height: u16) -> Self {
        let now = Now { elapsed: Duration::from_secs(100), wall: WALL.parse().unwrap() };
        let area = Rect::new(0, 0, width, height);
        let mut stage = Self { pane: BotsPane::new(), out: Outbox::default(), now, area, schema: schema() };
        stage.with(|pane, cx| pane.resize(area, cx));
        stage
    }

    fn live(width: u16, height: u16) -> Self {
        let mut stage = Self::new(width, height);
        stage.with(BotsPane::start);
        stage.update(first());
        stage
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut BotsPane, &mut Cx<'_>) -> T) -> T {
        let settings = Settings::default();
        let mut cx = Cx { now: self.now, schema: Some(&self.schema), settings: &settings, out: &mut self.out };
        work(&mut self.pane, &mut cx)
    }

    fn update(&mut self, update: ActivityUpdate) -> Handled {
        self.update_as_it_is(told(update))
    }

    /// A look that says itself what the board learns.
    fn update_as_it_is(&mut self, update: ActivityUpdate) -> Handled {
        let answer = Answer::Activity(Arc::new(update));
        self.with(|pane, cx| pane.reply(Slot::Activity, Ok(&answer), cx))
    }

    fn act(&mut self, action: Action) -> Handled {
        self.with(|pane, cx| pane.act(action, None, cx))
    }

    fn buffer(&self) -> Buffer {
        self.buffer_in(ThemeName::Dark)
    }

    fn buffer_in(&self, theme: ThemeName) -> Buffer {
        let mut buf = Buffer::empty(self.area);
        let theme = Theme::built_in(theme);
        let settings = Settings::default();
        let cx = ViewCx { theme: &theme, now: self.now, settings: &settings, focused: true };
        self.pane.view(self.area, &mut buf, &cx);
        buf
    }

    fn picture(&self) -> String {
        picture(&self.buffer())
    }

    /// The rows of the screen that are laid over with this role's ground.
    fn grounds(&self, role: Role) -> usize {
        let ground = Theme::built_in(ThemeName::Dark).style(role).bg.unwrap();
        let buf = self.buffer();
        let has = |row: &[ratatui::buffer::Cell]| row.iter().any(|cell| cell.bg == ground);
        buf.content.chunks(usize::from(self.area.width)).filter(|row| has(row)).count()
    }
}

#[test]
fn pictures() {
    for (width, height) in [(40, 10), (80, 24), (160, 50), (160, 14)] {
        let mut stage = Stage::live(width, height);
        for (region, name) in Region::ALL.into_iter().zip(Region::NAMES) {
            stage.pane.turn_to(region);
            insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.picture());
        }
    }
}

#[test]
fn what_is_whole_is_compared_and_not_read_anew() {
    let asked = |stage: &mut Stage| {
        let commands = std::mem::take(&mut stage.out.commands);
        let activity = commands.into_iter().filter_map(|command| match command {
            Command::Send(request) if request.slot == Slot::Activity => Some(request.freshness),
            _ => None,
        });
        activity.collect::<Vec<_>>()
    };
    let mut stage = Stage::new(80, 24);
    stage.with(BotsPane::start);
    assert_eq!(asked(&mut stage), [Freshness::Any]);
    stage.act(Action::Refresh);
    assert_eq!(asked(&mut stage), [Freshness::Any], "nothing is known yet");
    stage.update(first());
    stage.act(Action::Refresh);
    assert_eq!(asked(&mut stage), [Freshness::Now]);
    let error = Error::new(ErrorKind::Locked, "the database is locked", "try again in a moment");
    stage.with(|pane, cx| pane.reply(Slot::Activity, Err(&error), cx));
    stage.act(Action::Refresh);
    assert_eq!(asked(&mut stage), [Freshness::Any], "who knows what was told before it failed");
}

#[test]
fn what_is_not_there_is_said_in_words() {
    let mut stage = Stage::new(50, 8);
    stage.with(BotsPane::start);
    assert!(!stage.picture().contains("Reading"), "nothing flickers");
    stage.now.elapsed += Duration::from_secs(1);
    assert!(stage.picture().contains("Reading what the bots do"));
    let error = Error::new(ErrorKind::Locked, "the database is locked", "try again in a moment");
    stage.with(|pane, cx| pane.reply(Slot::Activity, Err(&error), cx));
    insta::assert_snapshot!("failed", stage.picture());
    stage.with(|pane, cx| pane.reply(Slot::Activity, Ok(&Answer::NoActivity), cx));
    insta::assert_snapshot!("missing", stage.picture());
    assert_eq!(stage.pane.summary(stage.now, &Limits::default()), None);
    stage.update(ActivityUpdate { anew: true, queue: Some(Vec::new()), ..ActivityUpdate::default() });
    insta::assert_snapshot!("nothing_yet", stage.picture());
    stage.update(more(1..=3));
    stage.with(|pane, cx| pane.reply(Slot::Activity, Err(&error), cx));
    assert!(stage.picture().contains("the database is locked") && stage.picture().contains("q-3"));
    assert_eq!(stage.pane.summary(stage.now, &Limits::default()), Some((14, 0)), "all that run are at work");
}

#[test]
fn it_follows_until_the_cursor_moves_and_then_nothing_moves() {
    let mut stage = Stage::live(80, 12);
    stage.update(more(31..=31));
    assert!(stage.picture().contains("q-31") && stage.picture().contains("live"));
    stage.act(Action::Up);
    stage.act(Action::Up);
    let held = stage.picture();
    assert_eq!(stage.grounds(Role::Selected), 1);
    stage.update(more(32..=43));
    let after = stage.picture();
    assert!(after.contains("▼ 12 new"), "{after}");
    let rows = |picture: &str| {
        picture.lines().take(11).map(|line| line.chars().skip(37).take(39).collect()).collect::<Vec<String>>()
    };
    assert_eq!(rows(&after), rows(&held), "what is looked at does not move");
    stage.act(Action::PageDown);
    assert!(stage.picture().contains("▼ 4 new"), "{}", stage.picture());
    stage.act(Action::Last);
    assert!(stage.picture().contains("live") && stage.picture().contains("q-43"));
    stage.act(Action::Up);
    assert_eq!(stage.act(Action::Cancel), Handled::Yes);
    assert_eq!(stage.act(Action::Cancel), Handled::No, "it follows already");
}

#[test]
fn while_paused_nothing_moves_and_nothing_is_lost() {
    let mut stage = Stage::live(160, 14);
    stage.act(Action::Pause);
    let paused = stage.picture();
    assert!(paused.contains("paused"), "{paused}");
    stage.update(ActivityUpdate {
        ledger_skipped: 2,
        queue: Some(vec![("pending".to_owned(), 99)]),
        runs: vec![run(9, "completed", 90, Some(80))],
        ..more(33..=37)
    });
    let meanwhile = stage.picture();
    assert!(meanwhile.contains("paused · 7 new"), "{meanwhile}");
    let above = |picture: &str| picture.lines().take(13).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(above(&meanwhile), above(&paused), "only the count moves");
    assert_eq!(stage.pane.summary(stage.now, &Limits::default()), Some((13, 99)), "what is known goes on");
    stage.act(Action::Pause);
    let on = stage.picture();
    assert!(on.contains("q-37") && on.contains("┄┄ 2 rows came too fast to be read"), "{on}");
}

#[test]
fn new_rows_flash_once_and_changes_are_marked_for_a_while() {
    let mut stage = Stage::live(160, 14);
    let marked = |stage: &Stage| {
        let role = Theme::built_in(ThemeName::Dark).style(Role::Changed);
        stage
            .buffer()
            .content
            .iter()
            .filter(|cell| Some(cell.fg) == role.fg && cell.modifier == role.add_modifier)
            .count()
    };
    assert_eq!(stage.grounds(Role::Flash), 0, "what was there is not new");
    stage.out.commands.clear();
    stage.act(Action::NextTab);
    let quiet = marked(&stage);
    stage.act(Action::PreviousTab);
    stage.update(ActivityUpdate { runs: vec![run(9, "completed", 90, Some(80))], ..more(31..=32) });
    assert_eq!(stage.grounds(Role::Flash), 2);
    assert_eq!(stage.out.commands.pop(), Some(Command::After(FLASH, Timer::Flash)));
    stage.act(Action::NextTab);
    assert!(marked(&stage) > quiet, "the status and the end of the run");
    stage.now.elapsed += FLASH;
    assert_eq!(stage.with(|pane, cx| pane.timer(Timer::Flash, cx)), Handled::Yes);
    assert_eq!(stage.grounds(Role::Flash), 0);
    assert_eq!(stage.out.commands.pop(), Some(Command::After(MARK - FLASH, Timer::Flash)));
    stage.now.elapsed += MARK - FLASH;
    assert_eq!(stage.with(|pane, cx| pane.timer(Timer::Flash, cx)), Handled::Yes);
    assert_eq!(marked(&stage), quiet);
    assert_eq!(stage.out.commands.pop(), None, "then it is quiet");
    assert_eq!(stage.with(|pane, cx| pane.timer(Timer::Flash, cx)), Handled::No);
    assert_eq!(stage.update(ActivityUpdate { runs_running: 14, ..ActivityUpdate::default() }), Handled::No);
}

#[test]
fn enter_opens_what_the_row_is_about() {
    let mut stage = Stage::live(80, 24);
    stage.act(Action::Open);
    let event = |stage: &mut Stage| match stage.out.intents.pop() {
        Some(Intent::ShowEvent { relation, key: RowKey::Rowid(id) }) => (relation.name.clone(), id),
        other => unreachable!("the event is shown, not {other:?}"),
    };
    assert_eq!(event(&mut stage), ("bot_ledger".to_owned(), 30), "the newest, where no cursor is");
    stage.act(Action::FollowReference);
    let question = Intent::ShowQuestion { id: "q-30".to_owned(), focus: Focus::Take };
    assert_eq!(stage.out.intents.pop(), Some(question));
    stage.act(Action::Up);
    stage.act(Action::FollowReference);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Say(_, words)) if words.contains("challenge q-29")));
    stage.act(Action::Timeline);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::ShowTimeline(item)) if item.id == "q-29"));
    stage.act(Action::Up);
    stage.act(Action::ViewCell);
    let Some(Intent::ShowCell { relation, key, column, value, .. }) = stage.out.intents.pop() else {
        unreachable!("the reason is shown")
    };
    assert_eq!((relation.name.as_str(), key, column), ("bot_ledger", RowKey::Rowid(28), 7));
    assert_eq!(value, Value::text("reason 28: answer was too short,\nno example"));
    stage.act(Action::Copy);
    let Some(Command::Copy { text, .. }) = stage.out.commands.pop() else { unreachable!("the row is copied") };
    assert!(text.ends_with("\tquestion\tq-28\treason 28: answer was too short,\nno example"), "{text}");
    stage.act(Action::NextTab);
    stage.act(Action::Down);
    stage.act(Action::Open);
    let opened = stage.out.intents.pop();
    assert!(matches!(opened, Some(Intent::ShowEvent { key: RowKey::Rowid(9), .. })), "{opened:?}");
    stage.act(Action::FollowReference);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Go(place)) if place.to_string() == "bot_runs/9"));
    stage.act(Action::CopyRow);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::CopyRow { key: RowKey::Rowid(9), .. })));
    stage.act(Action::NextTab);
    stage.act(Action::Open);
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Go(place)) if place.to_string() == "work_queue"));
}

#[test]
fn what_is_about_the_ledger_leads_there_from_every_tab() {
    for region in [Region::Board, Region::Runs, Region::Queue] {
        for action in [Action::Filter, Action::Search, Action::GoTo] {
            let mut stage = Stage::live(80, 24);
            stage.pane.turn_to(region);
            assert_eq!(stage.act(action), Handled::Yes, "{region:?} {action:?}");
            assert_eq!(stage.pane.region, Region::Ledger, "{region:?} {action:?}");
            assert!(matches!(stage.out.intents.pop(), Some(Intent::Prompt { .. })), "{region:?} {action:?}");
        }
        let mut stage = Stage::live(80, 24);
        stage.pane.turn_to(region);
        stage.act(Action::Mark);
        assert!(stage.picture().contains("marked"), "{region:?}: {}", stage.picture());
        stage.pane.turn_to(region);
        stage.act(Action::Timeline);
        let said = stage.out.intents.pop();
        assert!(
            matches!(&said, Some(Intent::Say(_, words)) if words.contains("no single item")),
            "{region:?} {said:?}"
        );
    }
}

#[test]
fn the_same_as_a_run_or_a_line_of_the_queue_are_its_bots_rows() {
    let mut stage = Stage::live(80, 24);
    stage.pane.turn_to(Region::Runs);
    stage.act(Action::Down);
    stage.act(Action::SameAs);
    assert_eq!(stage.pane.region, Region::Ledger);
    assert!(stage.picture().contains("bot=creator"), "{}", stage.picture());
    stage.act(Action::ClearFilter);
    stage.pane.turn_to(Region::Queue);
    stage.act(Action::SameAs);
    assert_eq!(stage.pane.region, Region::Ledger);
    assert!(stage.picture().contains("bot="), "{}", stage.picture());
}

#[test]
fn a_burst_is_shown_by_its_rows() {
    let mut stage = Stage::live(120, 40);
    let since: Timestamp = before(95).parse().unwrap();
    stage.with(|pane, cx| pane.show_burst("flag", since.as_second(), cx));
    let picture = stage.picture();
    assert_eq!(stage.pane.region, Region::Ledger);
    assert!(picture.contains("action=flag  since 2026-02-01 11:58:55"), "{picture}");
    assert!(!picture.contains("reason 28"), "another action: {picture}");
}

#[test]
fn a_click_puts_the_cursor_and_another_opens() {
    let mut stage = Stage::live(80, 24);
    let line = stage.picture().lines().position(|line| line.contains("q-25")).unwrap();
    let mouse =
        |kind| MouseEvent { kind, column: 10, row: u16::try_from(line).unwrap(), modifiers: KeyModifiers::NONE };
    let click = mouse(MouseEventKind::Down(MouseButton::Left));
    stage.with(|pane, cx| pane.mouse(click, cx));
    assert_eq!(stage.out.intents.pop(), None);
    stage.with(|pane, cx| pane.mouse(click, cx));
    assert!(matches!(stage.out.intents.pop(), Some(Intent::ShowEvent { key: RowKey::Rowid(25), .. })));
    let before = stage.picture();
    stage.with(|pane, cx| pane.mouse(mouse(MouseEventKind::ScrollUp), cx));
    assert_ne!(stage.picture(), before);
}

#[test]
fn ages_wake_the_screen_at_full_minutes_only() {
    let mut stage = Stage::live(80, 24);
    let wait = stage.pane.next_age(stage.now, &Limits::default()).unwrap();
    assert_eq!(wait, Duration::from_secs(30), "an age below an hour is on the screen");
    let ledger = |stage: &Stage| stage.picture().lines().skip(14).map(str::to_owned).collect::<Vec<_>>();
    let shown = ledger(&stage);
    stage.now.wall += SignedDuration::try_from(wait).unwrap() - SignedDuration::from_millis(1);
    assert_eq!(ledger(&stage), shown);
    stage.now.wall += SignedDuration::from_millis(1);
    assert_ne!(ledger(&stage), shown);
    assert_eq!(Stage::new(80, 24).pane.next_age(stage.now, &Limits::default()), None);
}

#[derive(Clone, Debug)]
enum Happens {
    Acts(usize, Option<u64>),
    Resizes(u16, u16),
    Comes { rows: usize, again: i64, skipped: u64, runs: Vec<(i64, bool)>, queue: Option<Vec<(String, u64)>> },
    Restarts(usize),
    Missing,
    Fails,
    Waits(u64),
    Mouse(u16, u16, usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    let runs = proptest::collection::vec((0i64..300, any::<bool>()), 0..5);
    let queue = proptest::option::of(proptest::collection::vec(("\\PC{0,9}", 0u64..=u64::MAX), 0..9));
    prop_oneof![
        8 => (0..Action::ALL.len(), proptest::option::of(0u64..=u64::MAX)).prop_map(|(at, count)| Happens::Acts(at, count)),
        1 => (0u16..170, 0u16..60).prop_map(|(width, height)| Happens::Resizes(width, height)),
        6 => (0usize..300, 0i64..4, 0u64..3, runs, queue)
            .prop_map(|(rows, again, skipped, runs, queue)| Happens::Comes { rows, again, skipped, runs, queue }),
        1 => (0usize..200).prop_map(Happens::Restarts),
        1 => Just(Happens::Missing),
        1 => Just(Happens::Fails),
        2 => (0u64..100_000).prop_map(Happens::Waits),
        2 => (0u16..170, 0u16..60, 0usize..3).prop_map(|(x, y, kind)| Happens::Mouse(x, y, kind)),
    ]
}

#[test]
fn the_row_that_is_held_stays_where_the_pane_has_no_room_to_show_it() {
    let mut stage = Stage::live(100, 24);
    stage.area = Rect::new(0, 0, 0, 0);
    let area = stage.area;
    stage.with(|pane, cx| pane.resize(area, cx));
    stage.with(|pane, cx| pane.act(Action::First, None, cx));
    let cursor = |stage: &Stage| stage.pane.tail.cursor_key();
    let before = cursor(&stage);
    for first in (31..).step_by(500).take(6) {
        stage.update(more(first..=first + 499));
    }
    assert!(before.is_some());
    assert_eq!(cursor(&stage), before);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_happens_the_cursor_sticks_and_the_picture_is_harmless(
        events in proptest::collection::vec(happens(), 1..40),
    ) {
        let mut stage = Stage::live(100, 24);
        let mut next = 31;
        for event in events {
            let cursor = |stage: &Stage| {
                stage.pane.tail.cursor_key()
            };
            let before = cursor(&stage);
            match event {
                Happens::Acts(at, count) => {
                    stage.with(|pane, cx| pane.act(Action::ALL[at], count, cx));
                }
                Happens::Resizes(width, height) => {
                    stage.area = Rect::new(0, 0, width, height);
                    let area = stage.area;
                    stage.with(|pane, cx| pane.resize(area, cx));
                    prop_assert_eq!(cursor(&stage), before);
                }
                Happens::Comes { rows, again, skipped, runs, queue } => {
                    next += skipped as i64;
                    let start = (next - again).max(1);
                    next += rows as i64;
                    let runs = runs
                        .into_iter()
                        .map(|(id, done)| run(id, if done { "completed\u{7}" } else { "running" }, 500, done.then_some(9)))
                        .collect();
                    let update = ActivityUpdate { ledger_skipped: skipped, runs, queue, ..more(start..=next - 1) };
                    let live = stage.pane.phase == Phase::Live;
                    stage.update(update);
                    if live {
                        prop_assert_eq!(cursor(&stage), before, "it sticks to its row");
                    }
                }
                Happens::Restarts(rows) => {
                    stage.update(ActivityUpdate { anew: true, ..more(1..=rows as i64) });
                    next = rows as i64 + 1;
                }
                Happens::Missing => {
                    stage.with(|pane, cx| pane.reply(Slot::Activity, Ok(&Answer::NoActivity), cx));
                }
                Happens::Fails => {
                    let error = Error::new(ErrorKind::Io, "no \u{1b}[31m", "");
                    stage.with(|pane, cx| pane.reply(Slot::Activity, Err(&error), cx));
                }
                Happens::Waits(millis) => {
                    stage.now.elapsed += Duration::from_millis(millis);
                    stage.now.wall += SignedDuration::from_millis(millis as i64);
                    stage.with(|pane, cx| pane.timer(Timer::Flash, cx));
                }
                Happens::Mouse(column, row, kind) => {
                    let kinds = [MouseEventKind::Down(MouseButton::Left), MouseEventKind::ScrollUp, MouseEventKind::ScrollDown];
                    let mouse = MouseEvent { kind: kinds[kind], column, row, modifiers: KeyModifiers::NONE };
                    stage.with(|pane, cx| pane.mouse(mouse, cx));
                }
            }
            let _ = stage.pane.next_age(stage.now, &Limits::default());
            let picture = stage.picture();
            prop_assert!(!picture.chars().any(|letter| letter != '\n' && letter.is_control()), "{picture:?}");
        }
    }
}
