//! The list of tables: what is listed, how it moves, when it counts, what it looks like.

#![expect(clippy::unwrap_used, reason = "tests")]

use crossterm::event::KeyModifiers;
use jiff::Timestamp;

use super::*;
use crate::{
    domain::{
        catalogue,
        schema::{KeyKind, samples},
    },
    message::command::Command,
    panes::{Now, Outbox, Settings},
    theme::{Theme, ThemeName},
};

fn relation(name: &str, kind: RelationKind) -> Arc<Relation> {
    let table = if catalogue::table(name).is_some() { samples::catalogued(name) } else { samples::table(name, &["a"]) };
    let broken = (name == "v_broken").then(|| "no such table: main.gone".into());
    Arc::new(Relation { kind, key: KeyKind::None, broken, ..table })
}

fn schema() -> Arc<Schema> {
    let mut relations: Vec<_> =
        catalogue::TABLES.iter().map(|table| relation(table.physical, RelationKind::Table)).collect();
    relations.push(relation("blog_posts", RelationKind::Table));
    relations.push(relation("v_broken", RelationKind::View));
    relations.push(relation("v_channel_totals_by_difficulty", RelationKind::View));
    relations.push(relation("notes_fts", RelationKind::Virtual));
    relations.push(relation("sqlite_sequence", RelationKind::Internal));
    Arc::new(Schema { relations })
}

struct Desk {
    pane: TablesPane,
    out: Outbox,
    now: Duration,
    area: Rect,
}

impl Desk {
    fn new(width: u16, height: u16) -> Self {
        let area = Rect::new(0, 0, width, height);
        let mut desk = Self { pane: TablesPane::new(), out: Outbox::default(), now: Duration::ZERO, area };
        desk.with(|pane, cx| pane.resize(area, cx));
        desk.with(|pane, cx| pane.set_schema(&schema(), cx));
        desk
    }

    fn with<T>(&mut self, run: impl FnOnce(&mut TablesPane, &mut Cx<'_>) -> T) -> T {
        let settings = Settings::default();
        let now = Now { elapsed: self.now, wall: Timestamp::UNIX_EPOCH };
        run(&mut self.pane, &mut Cx { now, schema: None, settings: &settings, out: &mut self.out })
    }

    fn act(&mut self, action: Action) -> Handled {
        self.with(|pane, cx| pane.act(action, None, cx))
    }

    fn reply(&mut self, outcome: Result<Answer, Error>) {
        self.with(|pane, cx| pane.reply(Slot::Count, outcome.as_ref(), cx));
    }

    /// Names asked for by the last request, taken out of the outbox.
    fn asked(&mut self) -> Option<Vec<String>> {
        let commands = std::mem::take(&mut self.out.commands);
        commands.into_iter().rev().find_map(|command| match command {
            Command::Send(request) => match request.query {
                Query::Counts(relations) => Some(relations.iter().map(|relation| relation.name.clone()).collect()),
                _ => None,
            },
            _ => None,
        })
    }

    fn count_all(&mut self) {
        for (at, name) in self.asked().unwrap().into_iter().enumerate() {
            let rows = [4, 1_988, 31_000, 12, 2_700_000, 4_600][at % 6];
            self.reply(Ok(Answer::Count { relation: name, rows }));
        }
    }

    fn selected(&self) -> String {
        self.pane.selected().unwrap().name.clone()
    }

    fn screen(&self) -> String {
        let mut buffer = Buffer::empty(self.area);
        let theme = Theme::built_in(ThemeName::Dark);
        let now = Now { elapsed: self.now, wall: Timestamp::UNIX_EPOCH };
        let cx = ViewCx { theme: &theme, now, settings: &Settings::default(), focused: true };
        self.pane.view(self.area, &mut buffer, &cx);
        let cell = |x, y| buffer[(x, y)].symbol().to_owned();
        let line = |y| (0..self.area.width).map(|x| cell(x, y)).collect::<String>().trim_end().to_owned() + "\n";
        (0..self.area.height).map(line).collect()
    }
}

#[test]
fn what_is_shown_is_counted_once_views_last_broken_ones_never() {
    let mut desk = Desk::new(30, 24);
    let asked = desk.asked().unwrap();
    assert_eq!((asked.len(), asked[0].as_str()), (15, "users"));
    assert_eq!(asked.last().unwrap(), "v_channel_totals_by_difficulty");
    assert!(!asked.iter().any(|name| name == "v_broken" || name == "sqlite_sequence"));
    desk.act(Action::Internal);
    assert!(desk.asked().unwrap().iter().any(|name| name == "sqlite_sequence"));
}

#[test]
fn one_that_cannot_be_counted_does_not_stop_the_others() {
    let mut desk = Desk::new(30, 24);
    desk.asked();
    desk.reply(Ok(Answer::Count { relation: "users".into(), rows: 3 }));
    desk.reply(Err(Error::new(ErrorKind::Damaged, "the file is damaged", "")));
    assert_eq!(desk.asked().unwrap()[0], "channel_mappings", "questions failed, the next ones are asked for");
    desk.act(Action::Down);
    assert!(desk.screen().contains("not counted: the file is"));
}

#[test]
fn changes_are_counted_no_more_than_every_two_seconds_and_never_on_top_of_a_count() {
    let mut desk = Desk::new(30, 24);
    desk.asked();
    let mut requests = 0;
    for step in 0..100_u32 {
        desk.now = Duration::from_millis(100) * step;
        desk.with(TablesPane::changed);
        desk.with(|pane, cx| pane.timer(Timer::Recount, cx));
        requests += u32::from(desk.asked().is_some());
    }
    assert_eq!(requests, 0, "the first count is not over");
    let names: Vec<_> = desk.pane.counting.iter().map(|relation| relation.name.clone()).collect();
    for name in names {
        desk.reply(Ok(Answer::Count { relation: name, rows: 1 }));
    }
    for step in 100..200_u32 {
        desk.now = Duration::from_millis(100) * step;
        desk.with(TablesPane::changed);
        desk.with(|pane, cx| pane.timer(Timer::Recount, cx));
        if let Some(names) = desk.asked() {
            requests += 1;
            for name in names {
                desk.reply(Ok(Answer::Count { relation: name, rows: 1 }));
            }
        }
    }
    assert!((3..=5).contains(&requests), "{requests}");
}

#[test]
fn the_cursor_stays_visible_and_on_its_table() {
    let mut desk = Desk::new(24, 6);
    for _ in 0..30 {
        desk.act(Action::Down);
        assert!(desk.screen().contains(&desk.selected()[..8]), "{}", desk.screen());
    }
    assert_eq!(desk.selected(), "notes_fts");
    desk.act(Action::Internal);
    desk.act(Action::Last);
    assert_eq!(desk.selected(), "sqlite_sequence");
    desk.act(Action::Internal);
    assert_eq!(desk.selected(), "notes_fts");
    desk.act(Action::First);
    assert_eq!(desk.selected(), "users");
    desk.pane.select("work_queue");
    assert_eq!(desk.selected(), "work_queue");
    assert!(desk.screen().contains("work_queue"));
}

#[test]
fn enter_and_a_second_click_open() {
    let mut desk = Desk::new(30, 24);
    desk.act(Action::Open);
    assert!(matches!(desk.out.intents.last(), Some(Intent::ShowRelation(relation)) if relation.name == "users"));
    desk.out.intents.clear();
    for _ in 0..2 {
        let kind = MouseEventKind::Down(MouseButton::Left);
        let mouse = MouseEvent { kind, column: 5, row: 3, modifiers: KeyModifiers::NONE };
        desk.with(|pane, cx| pane.mouse(mouse, cx));
    }
    assert!(matches!(&desk.out.intents[..], [Intent::ShowRelation(relation)] if relation.name == "channel_mappings"));
}

#[test]
fn it_looks_right_at_any_size() {
    for (width, height) in [(24, 6), (24, 20), (40, 10), (60, 26), (130, 30)] {
        let mut desk = Desk::new(width, height);
        desk.count_all();
        desk.act(Action::Down);
        insta::assert_snapshot!(format!("tables-{width}x{height}"), desk.screen());
    }
}

#[test]
fn a_broken_view_says_why_and_nothing_is_drawn_outside() {
    let mut desk = Desk::new(30, 26);
    desk.pane.select("v_broken");
    assert!(desk.screen().contains("cannot be read: no such"), "{}", desk.screen());
    for (width, height) in [(0, 0), (1, 1), (2, 2), (3, 3), (5, 4), (12, 3), (400, 120)] {
        let area = Rect::new(0, 0, width, height);
        desk.area = area;
        desk.with(|pane, cx| pane.resize(area, cx));
        desk.screen();
    }
}
