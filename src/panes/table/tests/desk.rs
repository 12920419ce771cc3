//! A desk to test the pane on: a database that is a list, a clock that is turned by hand, a screen that is text.

use std::{cmp::Ordering, collections::VecDeque, sync::Arc, time::Duration};

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, Request, Slot},
    },
    domain::{
        catalogue,
        page::{Anchor, CELL_HEAD, Direction, Page, PageAt, PageQuery, Position, Row, RowKey, SortKey},
        schema::{Column, KeyKind, Relation, Schema, samples},
        value::{Bytes, Value},
    },
    message::{action::Action, command::Command, event::Timer},
    panes::{
        Cx, Handled, Intent, Now, Outbox, Pane, PromptKind, PromptState, Settings, ViewCx,
        picture::picture,
        table::{TablePane, position, rows::Rows, window::Window},
    },
    theme::{Theme, ThemeName},
};

pub(super) fn text(text: &str) -> Value {
    Value::text(text)
}

pub(super) fn column(name: &str, declared: &str, table: Option<&'static catalogue::CatalogueTable>) -> Column {
    Column { primary_key: (name == "id").then_some(1), ..samples::column(name, declared, table) }
}

fn relation(name: &str, columns: &[(&str, &str)], key: KeyKind) -> Relation {
    let facts = catalogue::table(name);
    Relation {
        columns: columns.iter().map(|(name, declared)| column(name, declared, facts)).collect(),
        key,
        sql: Some(format!("CREATE TABLE {name} (\n\tid INTEGER PRIMARY KEY -- …\n)")),
        ..samples::table(name, &[])
    }
}

/// A table as a list in key order.
pub(super) struct List {
    pub(super) relation: Arc<Relation>,
    pub(super) schema: Arc<Schema>,
    pub(super) rows: Vec<Row>,
    /// Every request fails with this.
    pub(super) fail: Option<Error>,
    /// Pages read so far.
    pub(super) pages: usize,
}

impl List {
    pub(super) fn new(relation: Relation, rows: Vec<Row>) -> Self {
        let relation = Arc::new(relation);
        let questions = self::relation("questions", &[("id", "TEXT")], KeyKind::None);
        let schema = Arc::new(Schema { relations: vec![Arc::clone(&relation), Arc::new(questions)] });
        Self { relation, schema, rows, fail: None, pages: 0 }
    }

    pub(super) fn alter(&mut self, relation: Relation) {
        self.relation = Arc::new(relation);
        self.schema = Arc::new(Schema { relations: vec![Arc::clone(&self.relation)] });
        for row in &mut self.rows {
            let mut cells = row.cells.to_vec();
            cells.insert(0, Value::Null);
            row.cells = cells.into();
        }
    }

    pub(super) fn append(&mut self, rows: i64) {
        for _ in 0..rows {
            let id = self.rows.iter().map(id_of).max().unwrap_or(0) + 1;
            self.rows.push(ledger_row(id));
        }
    }

    /// The rows in this order.
    pub(super) fn sorted(&self, sort: &[SortKey]) -> Vec<Row> {
        let mut rows = self.rows.clone();
        rows.sort_by(|a, b| order(sort, &keys(sort, a), &keys(sort, b)).then_with(|| id_of(a).cmp(&id_of(b))));
        rows
    }

    fn page(&mut self, query: &PageQuery) -> Result<Page, Error> {
        self.pages += 1;
        let rows = self.sorted(&query.sort);
        let count = rows.len();
        let against = |anchor: &Anchor, row: &Row| {
            order(&query.sort, &keys(&query.sort, row), &anchor.sort).then_with(|| id_of(row).cmp(&id(&anchor.key)))
        };
        let first = |wanted: &dyn Fn(&Row) -> bool| rows.iter().position(wanted).unwrap_or(count);
        let mut position = Position::Unknown;
        let (from, to) = match &query.at {
            PageAt::First => (0, query.limit),
            PageAt::Last => (count.saturating_sub(query.limit), count),
            PageAt::After(anchor) => {
                let from = first(&|row| against(anchor, row) == Ordering::Greater);
                (from, from + query.limit)
            }
            PageAt::From(anchor) => {
                let from = first(&|row| against(anchor, row) != Ordering::Less);
                (from, from + query.limit)
            }
            PageAt::Before(anchor) => {
                let to = first(&|row| against(anchor, row) != Ordering::Less);
                (to.saturating_sub(query.limit), to)
            }
            PageAt::Key(key) => match rows.iter().position(|row| row.key == *key) {
                Some(from) => (from, from + query.limit),
                None => return Err(Error::new(ErrorKind::NoSuchRow, "no such row", "")),
            },
            PageAt::KeyText(text) => {
                let wanted = text.trim_start_matches("q-").parse().unwrap_or(0);
                let from = first(&|row| id_of(row) >= wanted);
                (from, from + query.limit)
            }
            PageAt::Percent(percent) => {
                // Like the database: the end does not cut the page short.
                let from = ((count as f64 * percent / 100.0) as usize).min(count.saturating_sub(query.limit));
                position = match from {
                    0 => Position::Exact(0),
                    from if from + query.limit >= count => Position::FromEnd((count - from) as u64),
                    _ => Position::About(percent / 100.0),
                };
                (from, from + query.limit)
            }
        };
        let (from, to) = (from.min(count), to.min(count));
        match query.at {
            PageAt::First => position = Position::Exact(0),
            PageAt::Last => position = Position::FromEnd((to - from) as u64),
            _ => {}
        }
        let anchor = |row: &Row| Anchor { key: row.key.clone(), sort: keys(&query.sort, row) };
        let part = &rows[from..to];
        Ok(Page {
            rows: part.iter().map(cut).collect(),
            first: part.first().map(anchor),
            last: part.last().map(anchor),
            at_start: from == 0,
            at_end: to == count,
            position,
            rows_read: part.len() as u64,
        })
    }

    pub(super) fn answer(&mut self, query: &Query) -> Result<Answer, Error> {
        if let Some(error) = &self.fail {
            return Err(error.clone());
        }
        match query {
            Query::Page(query) => self.page(query).map(|page| Answer::Page(Arc::new(page))),
            Query::Cell { key, column, .. } => {
                let row = self.rows.iter().find(|row| row.key == *key);
                Ok(Answer::Cell(row.map(|row| Arc::new(row.cells[*column].clone()))))
            }
            other => unreachable!("{other:?}"),
        }
    }
}

fn cut(row: &Row) -> Row {
    let cells = row.cells.iter().map(|cell| match cell {
        Value::Text(bytes) => Value::Text(Bytes::cut(bytes.head(), CELL_HEAD)),
        other => other.clone(),
    });
    Row { key: row.key.clone(), cells: cells.collect() }
}

fn keys(sort: &[SortKey], row: &Row) -> Vec<Value> {
    sort.iter().map(|key| row.cells[key.column].clone()).collect()
}

fn order(sort: &[SortKey], a: &[Value], b: &[Value]) -> Ordering {
    let class = |value: &Value| match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    let one = |a: &Value, b: &Value| match (a, b) {
        (Value::Integer(a), Value::Integer(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) | (Value::Blob(a), Value::Blob(b)) => a.head().cmp(b.head()),
        _ => class(a).cmp(&class(b)),
    };
    sort.iter()
        .zip(a.iter().zip(b))
        .map(|(key, (a, b))| match key.direction {
            Direction::Ascending => one(a, b),
            Direction::Descending => one(b, a),
        })
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}

fn id(key: &RowKey) -> i64 {
    match key {
        RowKey::Rowid(id) => *id,
        RowKey::Ordinal(number) => *number as i64,
        RowKey::Primary(_) => 0,
    }
}

pub(super) fn id_of(row: &Row) -> i64 {
    id(&row.key)
}

fn ledger_row(id: i64) -> Row {
    let bot = ["creator", "verifier", "processor", "session-builder", "analysis"][(id - 1).rem_euclid(5) as usize];
    let action = ["create", "update", "delete", "verify", "flag"][(id * 7).rem_euclid(5) as usize];
    let cells = [
        Value::Integer(id),
        text(bot),
        text(action),
        text(if id % 3 == 2 { "challenge" } else { "question" }),
        text(&format!("q-{id}")),
        if id % 4 == 0 { Value::Null } else { text(&format!("reason {id}\nsecond line")) },
        text("2026-01-29T08:03:07.588Z"),
    ];
    Row { key: RowKey::Rowid(id), cells: cells.into() }
}

pub(super) fn ledger(rows: i64) -> List {
    let columns = [
        ("id", "INTEGER"),
        ("bot_name", "TEXT"),
        ("action", "TEXT"),
        ("item_type", "TEXT"),
        ("item_id", "TEXT"),
        ("reason", "TEXT"),
        ("created_at", "TEXT"),
    ];
    let key = KeyKind::Rowid { alias: "id".into(), column: Some(0) };
    List::new(relation("bot_ledger", &columns, key), (1..=rows).map(ledger_row).collect())
}

pub(super) fn questions(rows: i64) -> List {
    let columns = [
        ("id", "TEXT"),
        ("question", "TEXT"),
        ("difficulty", "TEXT"),
        ("status", "TEXT"),
        ("relevance_score", "INTEGER"),
    ];
    let key = KeyKind::Rowid { alias: "rowid".into(), column: None };
    let row = |id: i64| {
        let words =
            ["What is a B-tree?", "什么是闭包？ explain", "Was ist ein Mutex? 🔒", "ما هو الفهرس؟"][(id % 4) as usize];
        let cells = [
            text(&format!("q-{id}")),
            text(words),
            text(["beginner", "intermediate", "advanced", "wizard"][(id % 4) as usize]),
            text(["active", "flagged", "deleted"][(id % 3) as usize]),
            Value::Integer(id * 37 % 101),
        ];
        Row { key: RowKey::Rowid(id), cells: cells.into() }
    };
    List::new(relation("questions", &columns, key), (1..=rows).map(row).collect())
}

pub(super) fn users(rows: i64) -> List {
    let columns = [("id", "TEXT"), ("username", "TEXT"), ("password", "TEXT")];
    let key = KeyKind::Rowid { alias: "rowid".into(), column: None };
    let row = |id: i64| {
        let cells = [text(&format!("u-{id}")), text("ada"), text("argon2id$v=19$secret")];
        Row { key: RowKey::Rowid(id), cells: cells.into() }
    };
    List::new(relation("users", &columns, key), (1..=rows).map(row).collect())
}

/// Every kind of value, wide characters, hostile text.
pub(super) fn odd(rows: i64) -> List {
    let columns = [
        ("id", "INTEGER"),
        ("na\u{1b}me", "TEXT"),
        ("anything", ""),
        ("größe", "REAL"),
        ("payload", "BLOB"),
        ("long", "TEXT"),
    ];
    let key = KeyKind::Rowid { alias: "id".into(), column: Some(0) };
    let row = |id: i64| {
        let anything = match id % 6 {
            0 => Value::Null,
            1 => text(""),
            2 => text("plain"),
            3 => Value::Integer(i64::MIN),
            4 => Value::Real(f64::NEG_INFINITY),
            _ => Value::Blob(Bytes::whole(*b"\x00\xff\x1b")),
        };
        let cells = [
            Value::Integer(id),
            text(
                ["日本語テキスト", "e\u{301}\u{302}", "\u{202e}abc\u{1b}[31m", "tab\there\nnew", "👩‍👩‍👧 family"]
                    [(id % 5) as usize],
            ),
            anything,
            Value::Real(id as f64 / 7.0),
            if id % 3 == 0 { Value::Null } else { Value::Blob(Bytes::cut(&[id as u8; 4_000], 1_024)) },
            text(&"lorem ipsum dolor ".repeat(60)),
        ];
        Row { key: RowKey::Rowid(id), cells: cells.into() }
    };
    List::new(relation("odd \"one\"", &columns, key), (1..=rows).map(row).collect())
}

pub(super) fn wide(columns: usize, rows: i64) -> List {
    let names: Vec<String> = (0..columns).map(|at| format!("c{at}")).collect();
    let columns: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "INTEGER")).collect();
    let row = |id: i64| Row { key: RowKey::Rowid(id), cells: columns.iter().map(|_| Value::Integer(id)).collect() };
    let key = KeyKind::Rowid { alias: "rowid".into(), column: None };
    List::new(relation("wide", &columns, key), (1..=rows).map(row).collect())
}

/// The desk.
pub(super) struct Desk {
    pub(super) pane: TablePane,
    pub(super) db: List,
    pub(super) out: Outbox,
    pub(super) settings: Settings,
    pub(super) now: Duration,
    pub(super) area: Rect,
    /// Requests that are not answered yet.
    pub(super) waiting: VecDeque<Request>,
    timers: Vec<(Duration, Timer)>,
    done: Vec<Command>,
}

impl Desk {
    pub(super) fn new(db: List, area: Rect) -> Self {
        let mut desk = Self {
            pane: TablePane::new(),
            db,
            out: Outbox::default(),
            settings: Settings::default(),
            now: Duration::ZERO,
            area,
            waiting: VecDeque::new(),
            timers: Vec::new(),
            done: Vec::new(),
        };
        desk.with(|pane, cx| pane.resize(area, cx));
        desk
    }

    /// The table is shown, and its rows are counted.
    pub(super) fn open(db: List, area: Rect) -> Self {
        let mut desk = Self::new(db, area);
        desk.show();
        desk.settle();
        desk.pane.counted(&desk.db.relation.name, desk.db.rows.len() as u64);
        desk
    }

    pub(super) fn with<T>(&mut self, run: impl FnOnce(&mut TablePane, &mut Cx<'_>) -> T) -> T {
        let schema = Arc::clone(&self.db.schema);
        let now = Now { elapsed: self.now, wall: Timestamp::UNIX_EPOCH };
        let mut cx = Cx { now, schema: Some(&schema), settings: &self.settings, out: &mut self.out };
        let result = run(&mut self.pane, &mut cx);
        for command in std::mem::take(&mut self.out.commands) {
            match command {
                Command::Send(request) => self.waiting.push_back(request),
                Command::After(wait, timer) => {
                    self.timers.retain(|(_, other)| *other != timer);
                    self.timers.push((self.now + wait, timer));
                }
                Command::Cancel(_) => {}
                other => self.done.push(other),
            }
        }
        result
    }

    pub(super) fn show(&mut self) {
        self.show_relation(Arc::clone(&self.db.relation));
    }

    pub(super) fn show_relation(&mut self, relation: Arc<Relation>) {
        self.with(|pane, cx| pane.show(relation, None, cx));
    }

    pub(super) fn act(&mut self, action: Action) -> Handled {
        self.act_with(action, None)
    }

    pub(super) fn act_with(&mut self, action: Action, count: Option<u64>) -> Handled {
        self.with(|pane, cx| pane.act(action, count, cx))
    }

    /// Acts, waits for everything, and says whether the cursor moved.
    pub(super) fn step(&mut self, action: Action) -> bool {
        let before = self.pane.rows.as_ref().map(|rows| rows.cursor);
        self.act(action);
        self.settle();
        before != self.pane.rows.as_ref().map(|rows| rows.cursor)
    }

    pub(super) fn prompt(&mut self, answer: &str) {
        self.with(|pane, cx| pane.prompted(PromptKind::GoTo, answer, PromptState::Done, cx));
        self.settle();
    }

    pub(super) fn search(&mut self, answer: &str, state: PromptState) {
        self.with(|pane, cx| pane.prompted(PromptKind::Search, answer, state, cx));
    }

    /// Answers the request at this place of the queue; replies to older requests of a slot are void.
    pub(super) fn answer(&mut self, at: usize) {
        let Some(request) = self.waiting.remove(at) else { return };
        let outcome = self.db.answer(&request.query);
        if self.out.is_newest(request.slot, request.id) {
            self.reply(request.slot, outcome);
        }
    }

    pub(super) fn reply(&mut self, slot: Slot, outcome: Result<Answer, Error>) -> Handled {
        self.with(|pane, cx| pane.reply(slot, outcome.as_ref(), cx))
    }

    /// Answers everything there is.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            if self.waiting.is_empty() {
                return;
            }
            self.answer(0);
        }
        unreachable!("it never stops asking");
    }

    /// Time goes by, and timers run out; nothing is answered but what they ask for.
    pub(super) fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        let quiet = self.waiting.is_empty();
        loop {
            let next =
                self.timers.iter().enumerate().filter(|(_, (at, _))| *at <= until).min_by_key(|(_, (at, _))| *at);
            let Some((index, _)) = next else { break };
            let (at, timer) = self.timers.remove(index);
            self.now = self.now.max(at);
            self.with(|pane, cx| pane.timer(timer, cx));
            if quiet {
                self.settle();
            }
        }
        self.now = until;
    }

    pub(super) fn pane_changed(&mut self) {
        self.with(TablePane::changed);
    }

    /// The database changed, and what comes of it has come.
    pub(super) fn changed(&mut self) {
        self.pane_changed();
        self.wait(Duration::from_millis(600));
    }

    pub(super) fn schema_changed(&mut self) {
        let schema = Arc::clone(&self.db.schema);
        self.with(|pane, cx| pane.schema_changed(&schema, cx));
        self.settle();
    }

    pub(super) fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) {
        let mouse = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
        self.with(|pane, cx| pane.mouse(mouse, cx));
    }

    pub(super) fn click(&mut self, column: u16, row: u16) {
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row);
        self.settle();
    }

    pub(super) fn wheel(&mut self, kind: MouseEventKind) {
        self.mouse(kind, 20, 10);
        self.settle();
    }

    pub(super) fn rows(&self) -> &Rows {
        self.pane.rows.as_ref().unwrap()
    }

    pub(super) fn window(&self) -> &Window {
        self.rows().window.as_ref().unwrap()
    }

    /// The rowid under the cursor.
    pub(super) fn id(&self) -> i64 {
        id_of(self.rows().row().unwrap())
    }

    pub(super) fn position(&self) -> String {
        let counted = self.pane.counted.get(&self.db.relation.name).copied();
        position::words(self.window(), self.rows().cursor, counted)
    }

    /// The last thing said.
    pub(super) fn said(&self) -> String {
        let said = self.out.intents.iter().rev().find_map(|intent| match intent {
            Intent::Say(_, words) => Some(words.clone()),
            _ => None,
        });
        said.unwrap_or_default()
    }

    pub(super) fn intent(&self) -> Intent {
        self.out.intents.last().unwrap().clone()
    }

    pub(super) fn command(&self) -> Command {
        self.done.last().unwrap().clone()
    }

    pub(super) fn buffer(&self) -> Buffer {
        let mut buffer = Buffer::empty(self.area);
        let theme = Theme::built_in(ThemeName::Dark);
        let now = Now { elapsed: self.now, wall: Timestamp::UNIX_EPOCH };
        let cx = ViewCx { theme: &theme, now, settings: &self.settings, focused: true };
        self.pane.view(self.area, &mut buffer, &cx);
        buffer
    }

    pub(super) fn screen(&self) -> String {
        picture(&self.buffer())
    }
}
