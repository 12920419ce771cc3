//! The tail against the plainest model of a ledger, and pictures of it.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use ratatui::buffer::Buffer;

use super::*;
use crate::{
    db::{
        error::ErrorKind,
        request::{Answer, Query, Request},
    },
    domain::activity::{LedgerFrom, LedgerPage, LedgerQuery},
    message::{action::Action, command::Command},
    panes::{Intent, Now, Outbox, PromptKind, PromptState, Settings, ViewCx, picture::picture},
    theme::{Theme, ThemeName},
};

const WALL: i64 = 1_770_000_000;

fn row(id: i64) -> LedgerRow {
    let nth = id.unsigned_abs() as usize;
    let at = Timestamp::from_second(WALL - 4_000 + id).unwrap();
    LedgerRow {
        id,
        bot: ["creator", "verifier", "session-builder"][nth % 3].to_owned(),
        action: ["create", "update", "verify", "flag"][nth / 2 % 4].to_owned(),
        item_type: if nth % 5 == 4 { "challenge" } else { "question" }.to_owned(),
        item_id: format!("q-{id}"),
        reason: (nth % 4 != 1)
            .then(|| format!("reason {id}: the answer was too short to be of use, and it has no example at all")),
        created_at: Some(crate::domain::time::iso(at)),
    }
}

/// A ledger as the database has it, and what was told of it.
#[derive(Default)]
struct Ledger {
    rows: BTreeMap<i64, LedgerRow>,
    told: BTreeSet<i64>,
    next: i64,
}

impl Ledger {
    fn commit(&mut self, count: usize, step: i64) {
        for _ in 0..count {
            self.next += step;
            self.rows.insert(self.next, row(self.next));
        }
    }

    /// What the reader tells of it: of many rows the last ones only.
    fn tell(&mut self, most: usize) -> ActivityUpdate {
        let last = self.told.last().copied().unwrap_or(i64::MIN);
        let untold: Vec<i64> = self.rows.keys().copied().filter(|id| !self.told.contains(id)).collect();
        self.told.extend(&untold);
        let (late, new): (Vec<i64>, Vec<i64>) = untold.into_iter().partition(|id| *id < last);
        let skipped = new.len().saturating_sub(most);
        let ids = late.into_iter().chain(new.into_iter().skip(skipped));
        ActivityUpdate {
            ledger: ids.map(|id| self.rows[&id].clone()).collect(),
            ledger_skipped: skipped as u64,
            ..ActivityUpdate::default()
        }
    }

    fn first(&mut self) -> ActivityUpdate {
        self.told = self.rows.keys().copied().collect();
        let skip = self.rows.len().saturating_sub(activity::TAIL);
        ActivityUpdate {
            anew: true,
            ledger: self.rows.values().skip(skip).cloned().collect(),
            ..ActivityUpdate::default()
        }
    }

    /// As `db::ledger` answers, looking at some rows at a time.
    fn page(&self, query: &LedgerQuery, looks: usize) -> LedgerPage {
        let passes = |row: &&LedgerRow| query.filter.matches(row);
        match query.from {
            LedgerFrom::Before(id) => self.back(id, query, looks),
            LedgerFrom::Newest => self.back(i64::MAX, query, looks),
            LedgerFrom::Row(id) => {
                let rows = self.rows.get(&id).filter(passes).cloned().into_iter().collect();
                LedgerPage { rows, ..LedgerPage::default() }
            }
            LedgerFrom::After(id) => {
                let seen: Vec<&LedgerRow> =
                    self.rows.range(id..).map(|(_, row)| row).filter(|row| row.id > id).take(looks).collect();
                let found: Vec<LedgerRow> = seen.iter().copied().filter(passes).take(query.limit).cloned().collect();
                let last = self.rows.keys().next_back().copied().unwrap_or(i64::MIN);
                let full = found.len() == query.limit;
                let end = if full { found.last().map(|row| row.id) } else { seen.last().map(|row| row.id) };
                let newer = end.is_some_and(|end| end < last);
                LedgerPage { reached: end.filter(|_| newer && !full), rows: found, older: true, newer, anchor: None }
            }
            LedgerFrom::Around(time) => {
                let anchor = self
                    .rows
                    .values()
                    .find(|row| crate::domain::time::parse(row.created_at.as_deref().unwrap()).unwrap() >= time);
                let anchor = anchor.map(|row| row.id);
                let half = LedgerQuery { limit: query.limit / 2, ..query.clone() };
                let before = self.back(anchor.unwrap_or(i64::MAX), &half, usize::MAX);
                let mut rows = before.rows;
                let behind = anchor.map(|anchor| {
                    let half = LedgerQuery { from: LedgerFrom::After(anchor - 1), ..half };
                    self.page(&half, usize::MAX)
                });
                let newer = behind.as_ref().is_some_and(|page| page.newer);
                rows.extend(behind.into_iter().flat_map(|page| page.rows));
                LedgerPage { rows, reached: None, older: before.older, newer, anchor }
            }
        }
    }

    fn back(&self, id: i64, query: &LedgerQuery, looks: usize) -> LedgerPage {
        let seen: Vec<&LedgerRow> = self.rows.range(..id).rev().map(|(_, row)| row).take(looks).collect();
        let passes = |row: &&LedgerRow| query.filter.matches(row);
        let mut found: Vec<LedgerRow> = seen.iter().copied().filter(passes).take(query.limit).cloned().collect();
        let full = found.len() == query.limit;
        let end = if full { found.last().map(|row| row.id) } else { seen.last().map(|row| row.id) };
        let first = self.rows.keys().next().copied().unwrap_or(i64::MAX);
        let older = end.is_some_and(|end| end > first);
        found.reverse();
        LedgerPage { rows: found, reached: end.filter(|_| older && !full), older, newer: true, anchor: None }
    }
}

struct Stage {
    tail: Tail,
    out: Outbox,
    now: Now,
    ledger: Ledger,
    /// The page that is asked for, and what the database would have said at once.
    pending: Option<(LedgerQuery, LedgerPage)>,
    looks: usize,
    size: (u16, u16),
}

impl Stage {
    fn new(width: u16, height: u16, rows: usize) -> Self {
        let wall = Timestamp::from_second(WALL).unwrap();
        let now = Now { elapsed: Duration::from_secs(100), wall };
        let mut stage = Self {
            tail: Tail::default(),
            out: Outbox::default(),
            now,
            ledger: Ledger::default(),
            pending: None,
            looks: 400,
            size: (width, height),
        };
        stage.ledger.commit(rows, 2);
        let part = Part { head: Rect::new(0, 0, width, 1), body: Rect::new(0, 1, width, height - 1) };
        stage.with(|tail, cx| tail.place(part, cx));
        let first = stage.ledger.first();
        stage.with(|tail, cx| tail.take(&first, Look::First, cx));
        stage
    }

    fn with<T>(&mut self, work: impl FnOnce(&mut Tail, &mut Cx<'_>) -> T) -> T {
        let settings = Settings::default();
        let mut cx = Cx { now: self.now, schema: None, settings: &settings, out: &mut self.out };
        let done = work(&mut self.tail, &mut cx);
        for command in self.out.commands.drain(..) {
            match command {
                Command::Send(Request { slot: Slot::Ledger, query: Query::Ledger(query), .. }) => {
                    let page = self.ledger.page(&query, self.looks);
                    self.pending = Some((query, page));
                }
                Command::Cancel(Slot::Ledger) => self.pending = None,
                _ => {}
            }
        }
        done
    }

    fn act(&mut self, action: Action) -> Handled {
        self.with(|tail, cx| tail.act(action, None, cx))
    }

    fn typed(&mut self, kind: PromptKind, text: &str) {
        self.with(|tail, cx| tail.prompted(kind, text, PromptState::Done, cx));
    }

    fn tell(&mut self, most: usize) {
        let update = self.ledger.tell(most);
        self.with(|tail, cx| tail.take(&update, Look::Next, cx));
    }

    /// The database answers: with what there is now, or what there was when it was asked.
    fn answer(&mut self, late: bool) -> bool {
        let Some((query, then)) = self.pending.take() else { return false };
        let page = if late { then } else { self.ledger.page(&query, self.looks) };
        let answer = Answer::Ledger(Arc::new(page));
        self.with(|tail, cx| tail.reply(Ok(&answer), cx));
        true
    }

    fn answer_all(&mut self) {
        for _ in 0..200 {
            if !self.answer(false) {
                return;
            }
        }
        unreachable!("it asks for ever");
    }

    fn picture(&self) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, self.size.0, self.size.1));
        let theme = Theme::built_in(ThemeName::Dark);
        let settings = Settings::default();
        let cx = ViewCx { theme: &theme, now: self.now, settings: &settings, focused: true };
        self.tail.draw(Cursor::Here, &mut buf, &cx);
        picture(&buf)
    }

    fn cursor(&self) -> Option<(Key, isize)> {
        let key = self.tail.eye.key()?;
        let line = self.tail.screen().into_iter().find(|line| self.tail.window.get(line.at).unwrap().key() == key)?;
        Some((key, line.y))
    }

    /// `truth`: the ids that were told while it was not paused.
    fn check(&self, truth: &BTreeSet<i64>) {
        let window = &self.tail.window;
        let entries: Vec<&Entry> = window.lines(0..window.len()).map(|(_, entry)| entry).collect();
        assert!(entries.windows(2).all(|pair| pair[0].key() < pair[1].key()), "sorted, each once: {entries:?}");
        assert!(window.rows() <= window::MOST + 200, "bounded");
        let mut shown = BTreeSet::new();
        let mut gaps = Vec::new();
        for entry in &entries {
            match entry {
                Entry::Row(row) => {
                    assert_eq!(self.ledger.rows.get(&row.data.id), Some(&row.data));
                    assert!(self.tail.passes.matches(&row.data), "{:?} does not pass", row.data);
                    shown.insert(row.data.id);
                }
                Entry::Gap(gap) => gaps.push(*gap),
            }
        }
        for gap in &gaps {
            assert!(shown.range(gap.after.saturating_add(1)..gap.until).next().is_none(), "{gap:?} is over a row");
            let inside = truth.range(gap.after.saturating_add(1)..gap.until).count() as u64;
            if gap.count == window::Count::Exactly && self.tail.filter.is_empty() {
                assert_eq!(gap.rows, inside, "{gap:?}");
            }
        }
        for id in truth.iter().filter(|id| window.older().is_none_or(|from| **id > from)) {
            let inside = gaps.iter().any(|gap| gap.after < *id && *id < gap.until);
            let passes = self.tail.passes.matches(&self.ledger.rows[id]);
            assert_eq!(shown.contains(id) || inside, passes || inside, "row {id}: {gaps:?}");
        }
    }
}

#[derive(Clone, Debug)]
enum Happens {
    Commits(usize, i64),
    Late(usize),
    Tells(usize),
    Answers(bool),
    Fails,
    Acts(Action, Option<u64>),
    Pauses,
    Filters(usize),
    GoesTo(usize),
    Searches(usize),
    Wheels(isize),
    Anew,
}

const FILTERS: [&str; 5] =
    ["", "bot=verifier", "action=flag type=question", "nothing-has-this", "\"reason 1\" bot=creator,verifier"];
const TIMES: [&str; 4] = ["2h", "30m", "yesterday", "1h"];

fn happens() -> impl Strategy<Value = Happens> {
    let actions = vec![
        Action::Up,
        Action::Down,
        Action::PageUp,
        Action::PageDown,
        Action::HalfPageUp,
        Action::HalfPageDown,
        Action::First,
        Action::Last,
        Action::Cancel,
        Action::Left,
        Action::Right,
        Action::Mark,
        Action::Wrap,
        Action::SameAs,
        Action::ClearFilter,
        Action::Open,
        Action::NextMatch,
        Action::PreviousMatch,
    ];
    prop_oneof![
        4 => (0usize..60, 1i64..4).prop_map(|(count, step)| Happens::Commits(count, step)),
        1 => (500usize..3_000, 1i64..3).prop_map(|(count, step)| Happens::Commits(count, step)),
        2 => (0usize..400).prop_map(Happens::Late),
        6 => prop_oneof![Just(20usize), Just(500)].prop_map(Happens::Tells),
        8 => any::<bool>().prop_map(Happens::Answers),
        1 => Just(Happens::Fails),
        10 => (prop::sample::select(actions), prop::option::of(1u64..40)).prop_map(|(action, count)| Happens::Acts(action, count)),
        1 => Just(Happens::Pauses),
        1 => (0..FILTERS.len()).prop_map(Happens::Filters),
        1 => (0..TIMES.len()).prop_map(Happens::GoesTo),
        1 => (0usize..40).prop_map(Happens::Searches),
        1 => (-9isize..9).prop_map(Happens::Wheels),
        1 => Just(Happens::Anew),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_shown_is_the_ledger_whatever_happens(
        events in prop::collection::vec(happens(), 1..60),
        rows in prop_oneof![Just(0usize), Just(30), Just(1_500)],
        height in 4u16..40,
    ) {
        let mut stage = Stage::new(100, height, rows);
        let mut truth = stage.ledger.told.clone();
        let mut paused = false;
        for event in events {
            let before = stage.cursor();
            let full = stage.tail.screen().iter().map(|line| line.height).sum::<usize>() >= stage.tail.height();
            let screen = stage.picture();
            match event {
                Happens::Commits(count, step) => stage.ledger.commit(count, step),
                Happens::Late(nth) => {
                    // It is told with the next look, and no page is read between.
                    let id = stage.ledger.told.iter().rev().nth(nth).map(|id| id + 1);
                    if let Some(id) = id.filter(|id| !stage.ledger.rows.contains_key(id) && *id < stage.ledger.next) {
                        stage.ledger.rows.insert(id, row(id));
                        stage.tell(500);
                    }
                }
                Happens::Tells(most) => stage.tell(most),
                Happens::Answers(late) => {
                    let moves = stage.tail.asked.as_ref().is_some_and(Asked::is_wanted)
                        || before.is_some_and(|(key, _)| key.gap);
                    stage.answer(late);
                    if !moves && full {
                        prop_assert_eq!(stage.cursor(), before, "a page that is read ahead moves nothing");
                    }
                }
                Happens::Fails => {
                    if stage.pending.take().is_some() {
                        let error = Error::new(ErrorKind::Io, "it failed", "try again");
                        stage.with(|tail, cx| tail.reply(Err(&error), cx));
                    }
                }
                Happens::Acts(action, count) => {
                    stage.with(|tail, cx| tail.act(action, count, cx));
                    if matches!(action, Action::SameAs | Action::ClearFilter) && paused {
                        // Another filter begins with what is there now.
                        truth.clone_from(&stage.ledger.told);
                        paused = false;
                        stage.with(|tail, cx| tail.set_paused(Pause::Off, cx));
                    }
                }
                Happens::Pauses => {
                    paused = !paused;
                    stage.with(|tail, cx| tail.set_paused(if paused { Pause::On } else { Pause::Off }, cx));
                }
                Happens::Filters(nth) => {
                    paused = false;
                    stage.with(|tail, cx| tail.set_paused(Pause::Off, cx));
                    stage.typed(PromptKind::Filter, FILTERS[nth]);
                }
                Happens::GoesTo(nth) => stage.typed(PromptKind::GoTo, TIMES[nth]),
                Happens::Searches(nth) => stage.typed(PromptKind::Search, &format!("reason {nth}")),
                Happens::Wheels(by) => stage.with(|tail, cx| tail.wheel(by, cx)),
                Happens::Anew => {
                    if !paused {
                        let first = stage.ledger.first();
                        stage.with(|tail, cx| tail.take(&first, Look::First, cx));
                    }
                }
            }
            if matches!(event, Happens::Tells(_) | Happens::Late(_)) {
                // A list that does not fill the screen stands at its top: a row with an older id has its place above, and nowhere to come from.
                if full || matches!(event, Happens::Tells(_)) {
                    prop_assert_eq!(stage.cursor(), before, "what is looked at stays whatever comes");
                }
                if paused {
                    prop_assert_eq!(stage.picture(), screen, "paused, nothing moves at all");
                }
            }
            if !paused {
                truth.clone_from(&stage.ledger.told);
            }
            stage.check(&truth);
            if stage.tail.follows() {
                prop_assert_eq!(stage.tail.unseen(), 0);
            }
        }
        // All of its history can be read, to its first row.
        if paused {
            stage.with(|tail, cx| tail.set_paused(Pause::Off, cx));
        }
        stage.tell(500);
        stage.act(Action::First);
        stage.answer_all();
        stage.check(&stage.ledger.told);
        let first = stage.ledger.rows.values().find(|row| stage.tail.passes.matches(row)).map(|row| row.id);
        prop_assert_eq!(stage.tail.window.older(), None);
        if let Some(first) = first {
            prop_assert_eq!(stage.tail.row().map(|row| row.id), Some(first));
        }
    }
}

#[test]
fn everything_that_came_is_shown_or_counted() {
    let mut stage = Stage::new(80, 20, 100);
    stage.act(Action::Up);
    stage.ledger.commit(10_000, 1);
    stage.tell(500);
    assert_eq!(stage.tail.unseen(), 10_000);
    let picture = stage.picture();
    stage.act(Action::Down);
    let gap = stage.picture();
    assert!(gap.contains("9,500 rows came too fast to be read · enter reads them"), "{picture}\n{gap}");
    stage.act(Action::Open);
    stage.answer(false);
    assert_eq!(stage.tail.row().map(|row| row.id), Some(201), "the first of them");
    assert_eq!(stage.tail.window.rows_after(Key::row(200)), 10_000);
}

#[test]
fn a_row_that_comes_late_while_its_page_is_on_the_way_is_not_lost() {
    let mut stage = Stage::new(80, 12, 1_500);
    stage.act(Action::First);
    let id = *stage.ledger.rows.keys().nth(1).unwrap() + 1;
    assert!(stage.ledger.rows.insert(id, row(id)).is_none());
    stage.tell(500);
    assert!(stage.tail.window.row(id).is_none(), "it is older than all that is here");
    stage.answer(true);
    assert!(stage.tail.window.row(id).is_some(), "the page was read before it was there");
}

#[test]
fn a_long_search_goes_on_until_somebody_ends_it() {
    let mut stage = Stage::new(80, 12, 3_000);
    stage.looks = 100;
    stage.typed(PromptKind::Filter, "item=q-2");
    for _ in 0..5 {
        assert!(stage.answer(false), "it goes on by itself");
    }
    stage.now.elapsed += Duration::from_secs(1);
    let picture = stage.picture();
    assert!(picture.contains("searched back to row") && picture.contains("Esc stops"), "{picture}");
    stage.act(Action::Cancel);
    assert_eq!(stage.pending, None);
    stage.act(Action::Up);
    stage.answer_all();
    assert_eq!(stage.tail.window.rows(), 1, "and is found in the end");
}

#[test]
fn an_expression_that_is_wrong_is_asked_for_again() {
    let mut stage = Stage::new(80, 12, 30);
    stage.typed(PromptKind::Filter, "colour=red");
    let prompt = stage.out.intents.pop();
    assert!(matches!(prompt, Some(Intent::Prompt { kind: PromptKind::Filter, text, .. }) if text == "colour=red"));
    assert!(matches!(stage.out.intents.pop(), Some(Intent::Say(_, words)) if words.contains("nothing to filter by")));
    assert!(stage.tail.filter.is_empty());
}

#[test]
fn the_cell_under_the_cursor_filters_and_again_does_not() {
    let mut stage = Stage::new(120, 20, 30);
    stage.act(Action::Right);
    stage.act(Action::SameAs);
    let (key, passes) = (stage.tail.eye.key(), stage.tail.passes.clone());
    assert_eq!(passes.actions, [row(60).action]);
    stage.act(Action::Left);
    stage.act(Action::SameAs);
    assert_eq!(stage.tail.passes.bots, [row(60).bot], "they combine");
    assert_eq!(stage.tail.eye.key(), key, "the row stays under the cursor");
    stage.act(Action::SameAs);
    assert_eq!(stage.tail.passes, passes);
}

#[test]
fn pictures() {
    for (width, height) in [(40, 10), (80, 24), (120, 40)] {
        let snap =
            |name: &str, stage: &Stage| insta::assert_snapshot!(format!("{name}_{width}x{height}"), stage.picture());
        let mut stage = Stage::new(width, height, 900);
        snap("following", &stage);
        stage.typed(PromptKind::Filter, "bot=verifier since=3d short");
        stage.answer_all();
        snap("filtered", &stage);
        stage.act(Action::ClearFilter);
        for _ in 0..3 {
            stage.act(Action::Up);
        }
        stage.act(Action::Mark);
        stage.ledger.commit(12, 1);
        stage.tell(500);
        snap("held_and_marked", &stage);
        stage.act(Action::Wrap);
        snap("wrapped", &stage);
        stage.act(Action::Wrap);
        stage.act(Action::Last);
        stage.ledger.commit(5_000, 1);
        stage.tell(3);
        stage.now.elapsed += Duration::from_secs(1);
        snap("gap", &stage);
        stage.looks = 100;
        stage.typed(PromptKind::Filter, "item=nowhere");
        stage.answer(false);
        stage.now.elapsed += Duration::from_secs(1);
        snap("searching", &stage);
        stage.looks = 100_000;
        stage.answer_all();
        snap("nothing_passes", &stage);
    }
}
