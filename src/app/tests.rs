//! The app through its front door: events in, commands and pictures out.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{sync::Arc, time::Duration};

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect};

use super::{layout::Visibility, *};
use crate::{
    db::{
        error::ErrorKind,
        request::{Answer, Reply, Request, SLOTS},
    },
    domain::{
        activity::ActivityUpdate,
        change::{Outcome, Receipt},
        page::{Anchor, Page, PageAt, Position, Row, RowKey},
        schema::{Relation, samples},
        value::Value,
    },
    keymap::{KeyTables, chords},
    message::event::Timer,
};

fn relation(name: &str, columns: &[&str]) -> Arc<Relation> {
    Arc::new(Relation { sql: Some(format!("CREATE TABLE {name} (id)")), ..samples::table(name, columns) })
}

fn schema() -> Arc<Schema> {
    Arc::new(Schema {
        relations: vec![
            relation("users", &["id", "username", "password"]),
            relation("questions", &["id", "question", "answer", "explanation", "status"]),
            relation("bot_ledger", &["id", "bot_name", "action", "item_id", "created_at"]),
            relation("blog\u{1b}[31m posts", &["id", "te\nxt"]),
        ],
    })
}

fn page(rows: i64) -> Arc<Page> {
    let row = |number: i64| Row {
        key: RowKey::Rowid(number),
        cells: vec![Value::text(&format!("q-{number}")); 5].into_boxed_slice(),
    };
    let anchor = |number| Some(Anchor { key: RowKey::Rowid(number), sort: Vec::new() });
    Arc::new(Page {
        rows: (1..=rows).map(row).collect(),
        first: anchor(1),
        last: anchor(rows),
        at_start: true,
        at_end: false,
        position: Position::Exact(0),
        rows_read: 0,
    })
}

struct Driver {
    app: App,
    now: Now,
    sent: Vec<Request>,
    others: Vec<Command>,
}

fn options() -> AppOptions {
    AppOptions {
        theme: ThemeName::Dark,
        keymap: Keymap::with(&KeyTables::new()).unwrap(),
        label: "demo.db".to_owned(),
        whole: "/tmp/demo.db".to_owned(),
        copy: None,
        kind: DatabaseKind::Demo,
        place: None,
        mouse: MouseCapture::On,
        times: TimeFormat::Raw,
        preview: Visibility::Shown,
        hint: None,
        notes: Vec::new(),
        writing: None,
        author: "tester".to_owned(),
        recovered: None,
        seed: [1, 2],
        limits: Limits::default(),
        telling: Telling::default(),
    }
}

impl Driver {
    fn new(width: u16, height: u16) -> Self {
        let app = App::new(options());
        let now = Now { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH };
        let mut driver = Self { app, now, sent: Vec::new(), others: Vec::new() };
        let commands = driver.app.start(now, (width, height));
        driver.take(commands);
        driver
    }

    /// With a schema and the first page.
    fn ready(width: u16, height: u16) -> Self {
        let mut driver = Self::new(width, height);
        driver.answer(Slot::Schema, Answer::Schema(schema()));
        driver.answer(Slot::Page, Answer::Page(page(80)));
        driver
    }

    fn take(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Send(request) => self.sent.push(request),
                other => self.others.push(other),
            }
        }
    }

    fn event(&mut self, event: Event) {
        self.now.elapsed += Duration::from_millis(1);
        let commands = self.app.update(event, self.now);
        self.take(commands);
    }

    fn press(&mut self, keys: &str) {
        for chord in chords(keys).unwrap() {
            self.event(Event::Key(chord.event()));
        }
    }

    fn newest(&self, slot: Slot) -> Option<&Request> {
        self.sent.iter().rev().find(|request| request.slot == slot)
    }

    fn answer(&mut self, slot: Slot, answer: Answer) {
        let id = self.newest(slot).unwrap().id;
        self.event(Event::Reply(Reply::Answer { slot, id, outcome: Ok(answer) }));
    }

    fn screen(&self) -> String {
        let mut buf = Buffer::empty(self.app.size);
        self.app.draw(self.app.size, &mut buf);
        let area = buf.area;
        (0..area.height)
            .map(|y| (0..area.width).map(|x| buf[(x, y)].symbol().to_owned()).collect::<String>() + "\n")
            .collect()
    }

    fn shows(&self, text: &str) -> bool {
        self.screen().contains(text)
    }
}

#[test]
fn a_database_without_tables_says_so_from_the_start() {
    let mut driver = Driver::new(120, 40);
    driver.answer(Slot::Schema, Answer::Schema(Arc::new(Schema { relations: Vec::new() })));
    assert!(driver.shows("This database has no tables"), "{}", driver.screen());
}

#[test]
fn the_first_page_is_asked_for_as_soon_as_the_schema_is_there() {
    let mut driver = Driver::new(120, 40);
    assert!(driver.newest(Slot::Schema).is_some() && driver.newest(Slot::Activity).is_some());
    assert!(driver.newest(Slot::Page).is_none());
    driver.answer(Slot::Schema, Answer::Schema(schema()));
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_eq!((query.relation.name.as_str(), &query.at), ("questions", &PageAt::First));
    driver.answer(Slot::Page, Answer::Page(page(80)));
    assert!(driver.shows("q-1"), "{}", driver.screen());
    assert!(driver.shows("READ-ONLY") && driver.shows("DEMO"));
}

#[test]
fn a_percentage_is_typed_before_its_key() {
    let mut driver = Driver::ready(120, 40);
    driver.press("5 0 %");
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_eq!(query.at, PageAt::Percent(50.0));
}

#[test]
fn unfinished_keys_say_how_to_go_on_and_are_forgotten() {
    let mut driver = Driver::ready(120, 40);
    driver.press("g");
    assert!(driver.shows("g …  o go to"), "{}", driver.screen());
    driver.press("esc");
    assert!(!driver.shows("g …  o go to"));
    driver.press("1 2");
    assert!(driver.shows("12 …  % per cent"), "{}", driver.screen());
    driver.press("esc");
    assert!(!driver.shows("12 …  % per cent"));
}

#[test]
fn esc_and_a_key_that_arrive_together_are_two() {
    let mut driver = Driver::ready(120, 40);
    driver.press("?");
    assert!(driver.shows("Everywhere"));
    driver.press("alt-:");
    assert!(!driver.shows("Everywhere") && driver.shows("go to TABLE/KEY"), "{}", driver.screen());
    driver.press("x alt-b");
    assert!(driver.shows("› x"), "a text field has keys of its own with Alt");
    driver.press("alt-q");
    assert!(driver.others.contains(&Command::Quit));
}

#[test]
fn the_palette_and_help_are_there_over_what_lies_over_the_panes() {
    let mut driver = Driver::ready(120, 40);
    for under in ["?", "Y", "v", "g e"] {
        driver.press(under);
        assert!(!driver.app.overlays.is_empty());
        driver.press(":");
        assert!(driver.app.overlays.len() == 1 && driver.shows("go to TABLE/KEY"), "{}", driver.screen());
        driver.press("esc");
        assert!(driver.app.overlays.is_empty());
    }
    driver.press("v");
    driver.press("?");
    assert!(driver.shows("Whole cell"), "{}", driver.screen());
    driver.press("?");
    assert_eq!(driver.app.overlays.len(), 1, "help is closed, the cell is still there");
}

#[test]
fn stale_replies_are_dropped() {
    let mut driver = Driver::ready(120, 40);
    let old = driver.newest(Slot::Page).unwrap().id;
    driver.press("5 0 %");
    let before = driver.screen();
    let error = Error::new(ErrorKind::Damaged, "the stale reply", "");
    driver.event(Event::Reply(Reply::Answer { slot: Slot::Page, id: old, outcome: Err(error) }));
    assert!(!driver.shows("stale reply"));
    assert_eq!(before, driver.screen());
}

#[test]
fn overlays_take_the_keys_and_give_them_back() {
    let mut driver = Driver::ready(120, 40);
    driver.press("?");
    assert!(driver.shows("Everywhere"), "{}", driver.screen());
    driver.press("q");
    assert!(!driver.others.contains(&Command::Quit));
    driver.press(":");
    driver.press("b o t _ l e d g e r enter");
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_eq!(query.relation.name, "bot_ledger");
    driver.press("q");
    assert!(driver.others.contains(&Command::Quit));
}

#[test]
fn places_are_gone_back_to() {
    let mut driver = Driver::ready(120, 40);
    driver.press(": u s e r s enter");
    driver.answer(Slot::Page, Answer::Page(page(3)));
    driver.press("-");
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_eq!(query.relation.name, "questions");
}

#[test]
fn a_question_that_gets_the_focus_is_the_one_under_the_cursor_and_esc_goes_back() {
    let mut driver = Driver::ready(80, 24);
    driver.press("tab");
    let Query::Question(id) = &driver.newest(Slot::Question).unwrap().query else { unreachable!() };
    assert_eq!(id, "q-1");
    driver.press("g b");
    driver.press("g q");
    driver.press("esc");
    assert_eq!(driver.app.wanted.focus, PaneId::Bots);
    driver.press("esc");
    assert_eq!(driver.app.wanted.focus, PaneId::Table);
}

#[test]
fn a_question_that_is_not_there_is_not_replaced_by_its_neighbour() {
    let mut driver = Driver::ready(120, 40);
    driver.press(": q u e s t i o n s / n o n e enter");
    driver.answer(Slot::Question, Answer::Question(None));
    driver.answer(Slot::Page, Answer::Page(page(80)));
    driver.event(Event::Timer(Timer::Preview));
    let Query::Question(id) = &driver.newest(Slot::Question).unwrap().query else { unreachable!() };
    assert_eq!(id, "none");
    assert!(driver.shows("none"), "{}", driver.screen());
}

#[test]
fn tab_goes_through_the_panes_at_every_size() {
    for (width, height) in [(40, 10), (80, 24), (200, 60)] {
        let mut driver = Driver::ready(width, height);
        let mut seen = Vec::new();
        for _ in 0..4 {
            driver.press("tab");
            seen.push(driver.app.wanted.focus);
        }
        seen.sort();
        assert_eq!(seen, [PaneId::Tables, PaneId::Table, PaneId::Question, PaneId::Bots]);
    }
}

#[test]
fn too_small_is_said_politely_and_the_place_is_kept() {
    let mut driver = Driver::ready(120, 40);
    let before = driver.screen();
    driver.event(Event::Resize(30, 8));
    assert!(driver.shows("needs 40×10, has 30×8"), "{}", driver.screen());
    driver.event(Event::Resize(1, 1));
    let _ = driver.screen();
    driver.event(Event::Resize(120, 40));
    assert!(before == driver.screen(), "{before}\n{}", driver.screen());
}

#[test]
fn nothing_is_drawn_for_events_without_consequence() {
    let mut driver = Driver::ready(120, 40);
    driver.app.take_dirty();
    driver.event(Event::Timer(Timer::Progress));
    assert!(!driver.app.take_dirty());
    let moved = MouseEvent { kind: MouseEventKind::Moved, column: 5, row: 5, modifiers: KeyModifiers::NONE };
    driver.event(Event::Mouse(moved));
    assert!(!driver.app.take_dirty());
    driver.press("j");
    assert!(driver.app.take_dirty());
}

#[test]
fn who_watches_the_bots_alone_reads_nothing_else_until_he_is_back() {
    let mut driver = Driver::ready(120, 40);
    driver.press("g q B");
    let asked = |driver: &Driver| [Slot::Page, Slot::Question].map(|slot| driver.newest(slot).map(|it| it.id));
    let before = asked(&driver);
    for _ in 0..3 {
        driver.event(Event::Reply(Reply::Changed { schema: false }));
        for timer in [Timer::Refresh, Timer::Recount] {
            driver.event(Event::Timer(timer));
        }
    }
    assert_eq!(asked(&driver), before);
    driver.press("B");
    for timer in [Timer::Refresh, Timer::Recount] {
        driver.now.elapsed += Duration::from_secs(60);
        driver.event(Event::Timer(timer));
    }
    let after = asked(&driver);
    assert!(after[0] > before[0] && after[1] > before[1], "{before:?} {after:?}");
}

#[test]
fn no_control_character_of_the_schema_reaches_the_screen() {
    let driver = Driver::ready(120, 40);
    assert!(!driver.screen().chars().any(|letter| letter.is_control() && letter != '\n'));
}

fn any_event() -> impl Strategy<Value = Event> {
    let keys: Vec<String> = Context::ALL
        .iter()
        .flat_map(|context| Keymap::with(&KeyTables::new()).unwrap().of(*context).to_vec())
        .flat_map(|binding| binding.chords)
        .map(|chord| chord.to_string())
        .chain(('a'..='z').map(String::from))
        .chain(('0'..='9').map(String::from))
        .collect();
    let key = prop::sample::select(keys).prop_map(|key| Event::Key(key.parse::<Chord>().unwrap().event()));
    let mouse = (0u16..210, 0u16..70, 0..4).prop_map(|(column, row, kind)| {
        let kind = match kind {
            0 => MouseEventKind::ScrollDown,
            1 => MouseEventKind::ScrollUp,
            2 => MouseEventKind::Drag(MouseButton::Left),
            _ => MouseEventKind::Down(MouseButton::Left),
        };
        Event::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE })
    });
    let timers = [
        Timer::Progress,
        Timer::Toast,
        Timer::Flash,
        Timer::Ages,
        Timer::Refresh,
        Timer::Recount,
        Timer::Preview,
        Timer::Retry,
        Timer::Link,
    ];
    prop_oneof![
        12 => key,
        3 => mouse,
        1 => (0u16..220, 0u16..80).prop_map(|(width, height)| Event::Resize(width, height)),
        1 => "\\PC{0,12}".prop_map(Event::Paste),
        2 => prop::sample::select(timers.to_vec()).prop_map(Event::Timer),
        1 => any::<bool>().prop_map(|schema| Event::Reply(Reply::Changed { schema })),
        2 => link::any_status().prop_map(|status| Event::Reply(Reply::Link(Arc::new(status)))),
        1 => any::<bool>().prop_map(|well| Event::Reply(Reply::Health(if well { Ok(()) } else { Err(link::refused()) }))),
        1 => Just(Event::Resumed),
    ]
}

/// An answer for a request: the right one, another one, none, or an error.
fn answer_for(request: &Request, choice: u8) -> Option<Result<Answer, Error>> {
    let right = match &request.query {
        Query::Schema => Answer::Schema(schema()),
        Query::Page(query) if query.relation.columns.len() == 5 => Answer::Page(page(i64::from(choice) * 3)),
        Query::Page(_) => Answer::Page(page(0)),
        Query::Counts(relations) => {
            Answer::Count { relation: relations.first()?.name.clone(), rows: u64::from(choice) * 1000 }
        }
        Query::Record(..) => Answer::Record(None),
        Query::Question(_) => Answer::Question(None),
        Query::Cell { .. } => Answer::Cell(Some(Arc::new(Value::text("{\"a\": [1, 2]}")))),
        Query::Activity => Answer::Activity(Arc::new(ActivityUpdate { anew: true, ..ActivityUpdate::default() })),
        Query::Sync(_) => Answer::Synced,
        Query::Review(..) => review::any_list(choice),
        Query::Story(_) => Answer::Story(Arc::default()),
        Query::Ledger(_) => Answer::Ledger(Arc::default()),
        Query::References(..) => Answer::References(Vec::new()),
        Query::Write(_, batch) => {
            Answer::Written(Arc::new(Receipt { batch: batch.id, outcome: review::any_outcome(batch, choice) }))
        }
    };
    match choice % 5 {
        0 => None,
        1 => Some(Err(Error::new(ErrorKind::Locked, "locked", "wait"))),
        _ => Some(Ok(right)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn random_events_never_panic_and_every_screen_can_be_drawn(
        events in prop::collection::vec((any_event(), any::<u8>()), 1..120),
        access in prop::sample::select(vec![Access::ReadOnly, Access::Writing])
    ) {
        // At the tables, which nobody may write or everybody, or at the desk, where everything is decided.
        let mut driver = match (access, events.len() % 2) {
            (Access::ReadOnly, _) => Driver::new(100, 30),
            (Access::Writing, 0) => Driver::of_writing(None, (100, 30)),
            (Access::Writing, _) => Driver::desk(100, 30),
        };
        for (event, choice) in events {
            driver.event(event);
            // Answers come late, for any request so far, in any order.
            let sent = driver.sent.len();
            if sent > 0 {
                let request = driver.sent[usize::from(choice) % sent].clone();
                let outcome = answer_for(&request, choice);
                // First from memory, now and then, and not always what is true.
                if let (0..64, Some(Ok(answer))) = (choice, answer_for(&request, choice / 2)) {
                    let (slot, id, read) = (request.slot, request.id, Timestamp::UNIX_EPOCH);
                    driver.event(Event::Reply(Reply::Kept { slot, id, answer, read }));
                }
                if let Some(outcome) = outcome {
                    let reply = Reply::Answer { slot: request.slot, id: request.id, outcome };
                    driver.event(Event::Reply(reply));
                }
            }
            let screen = driver.screen();
            prop_assert!(!screen.chars().any(|letter| letter.is_control() && letter != '\n'));
        }
        // Whatever happened: once all that was asked is answered, nothing is waited for any more.
        for _ in 0..200 {
            let open: Vec<_> = SLOTS.into_iter().filter(|slot| driver.app.progress.is_under_way(*slot)).collect();
            if open.is_empty() {
                break;
            }
            for request in open.into_iter().filter_map(|slot| driver.newest(slot).cloned()).collect::<Vec<_>>() {
                let outcome = Err(link::refused());
                driver.event(Event::Reply(Reply::Answer { slot: request.slot, id: request.id, outcome }));
            }
        }
        prop_assert!(driver.app.progress.is_idle(), "{:?}", driver.app.progress);
        let area = Rect { x: 0, y: 0, width: 3, height: 2 };
        driver.app.draw(area, &mut Buffer::empty(area));
    }
}

mod alerts;
mod editing;
mod link;
mod review;
mod writing;
