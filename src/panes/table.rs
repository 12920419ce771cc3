//! The table pane: rows of any relation of any size, and its schema.
//!
//! Owns what is shown of one relation: the [`window::Window`] of rows that are here, the cursor, the columns, the sort order.
//! It asks for pages by messages and never waits for them. It knows nothing of SQL: where a page lies is said by anchors.

mod cells;
mod fetch;
mod measure;
mod position;
mod refresh;
mod rows;
mod schema;
mod search;
mod sort;
mod view;
mod window;

use std::{collections::HashMap, sync::Arc, time::Duration};

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    cells::Copying,
    rows::{Jump, Land, PATIENCE, Rows, TICK},
    schema::SchemaTab,
    window::{End, Place as Origin},
};
use crate::{
    db::{
        error::Error,
        request::{Answer, Slot},
    },
    domain::{
        page::{PageAt, RowKey, SortKey},
        place::Place,
        schema::{KeyKind, Relation, RelationKind, Schema},
        syntax::{Computed, Job},
        value::Secrets,
    },
    message::{action::Action, command::Command, event::Timer},
    panes::{Cx, Focus, Handled, Intent, Pane, PromptKind, PromptState, Severity, ViewCx},
    widgets::{
        grid::{Columns, Side},
        number::grouped,
        safe::safe,
    },
};

/// Two clicks within this time on the same cell open it.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// Rows the wheel scrolls.
const WHEEL: i64 = 3;
/// A row number is walked to, page by page, where it is no further than this from a place that is known; otherwise it is
/// reckoned.
const WALK: u64 = 10_000;

/// The tabs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tab {
    Rows,
    Schema,
}

/// How far the schema is, before which nothing can be shown.
#[derive(Clone, Debug, PartialEq)]
enum Outset {
    /// It is read.
    Reading,
    /// It could not be read.
    Failed(Error),
    /// It is there.
    Read,
}

/// What is remembered of a relation that is not shown any more.
#[derive(Debug)]
struct Memory {
    relation: Arc<Relation>,
    columns: Columns,
    column: usize,
    sort: Vec<SortKey>,
}

/// The rows of a relation, and its schema.
#[derive(Debug)]
pub struct TablePane {
    area: Rect,
    tab: Tab,
    rows: Option<Rows>,
    schema: SchemaTab,
    /// The relation that was shown and is not in the database any more.
    gone: Option<String>,
    /// Whether the database has no tables and views at all.
    nothing_to_show: bool,
    outset: Outset,
    /// Rows of each relation as last counted.
    counted: HashMap<String, u64>,
    memory: HashMap<String, Memory>,
    copying: Option<Copying>,
    clicked: Option<(Duration, i64, usize)>,
    /// Where the search began, to go back to when it is given up.
    search_from: Option<(i64, usize)>,
}

impl Default for TablePane {
    fn default() -> Self {
        Self::new()
    }
}

impl TablePane {
    /// A pane that shows nothing yet.
    pub fn new() -> Self {
        Self {
            area: Rect::default(),
            tab: Tab::Rows,
            rows: None,
            schema: SchemaTab::default(),
            gone: None,
            nothing_to_show: false,
            outset: Outset::Read,
            counted: HashMap::new(),
            memory: HashMap::new(),
            copying: None,
            clicked: None,
            search_from: None,
        }
    }

    /// The first schema is on its way.
    pub fn schema_asked(&mut self) {
        self.outset = Outset::Reading;
    }

    /// The schema came, or could not be read.
    pub fn schema_came(&mut self, outcome: Result<(), &Error>) {
        self.outset = match outcome {
            Ok(()) => Outset::Read,
            Err(error) => Outset::Failed(error.clone()),
        };
    }

    /// The database can be read again: asks once more for what could not be read.
    pub fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        let visible = self.is_visible();
        let asked = self.rows.as_mut().is_some_and(|rows| rows.recovered(visible, cx));
        if asked { Handled::Yes } else { Handled::No }
    }

    /// An answer from memory: the true one follows.
    pub fn kept(&mut self, slot: Slot, answer: &Answer, read: Timestamp, cx: &mut Cx<'_>) -> Handled {
        let (Answer::Page(page), Some(rows)) = (answer, &mut self.rows) else { return Handled::No };
        match slot {
            Slot::Page => rows.page_kept(page, read, cx),
            Slot::Ahead => rows.ahead_kept(page, read, cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    /// When what is shown was read, where it is from memory.
    pub fn read(&self) -> Option<Timestamp> {
        self.rows.as_ref()?.read
    }

    /// What is shown.
    pub fn relation(&self) -> Option<&Arc<Relation>> {
        self.rows.as_ref().map(|rows| &rows.relation)
    }

    /// The relation and, where a text names it, the row under the cursor: for the history of places.
    pub fn place(&self) -> Option<Place> {
        self.rows.as_ref().map(Rows::place)
    }

    /// The question under the cursor, where questions are shown.
    pub fn question(&self) -> Option<String> {
        self.rows.as_ref()?.question()
    }

    /// Shows a relation, from the row with this key (or the next one) or from the first. A relation that is shown already keeps
    /// its place where no key is given; one that was shown before keeps its columns and its order.
    pub fn show(&mut self, relation: Arc<Relation>, key: Option<String>, cx: &mut Cx<'_>) {
        self.gone = None;
        self.tab = Tab::Rows;
        if let Some(rows) = self.rows.as_mut().filter(|rows| rows.relation == relation) {
            match key {
                Some(key) => go_to_key(rows, key, cx),
                None if rows.trouble.is_some() => go_first(rows, cx),
                None => {}
            }
            return;
        }
        self.remember(cx);
        self.show_schema(&relation);
        let mut rows = Rows::new(Arc::clone(&relation));
        let mut sort = Vec::new();
        if let Some(memory) = self.memory.remove(&relation.name).filter(|memory| memory.relation == relation) {
            rows.columns = memory.columns;
            rows.column = memory.column;
            sort = memory.sort;
        }
        self.measure_area(&mut rows);
        self.copying = None;
        if relation.broken.is_none() {
            match key {
                Some(key) => {
                    rows.jump(Jump { at: PageAt::KeyText(key.clone()), land: Land::Key(key), sort, then: 0 }, cx);
                }
                None => rows.jump(Jump { at: PageAt::First, land: Land::First, sort, then: 0 }, cx),
            }
        }
        rows.fit(cx);
        self.rows = Some(rows);
    }

    fn show_schema(&mut self, relation: &Relation) {
        self.schema = SchemaTab::new(relation);
        let place = view::schema(self.area);
        self.schema.view.resize(place.width, place.height);
    }

    fn remember(&mut self, cx: &mut Cx<'_>) {
        let Some(mut rows) = self.rows.take() else { return };
        rows.leave(cx);
        let memory = Memory {
            relation: Arc::clone(&rows.relation),
            columns: rows.columns,
            column: rows.column,
            sort: rows.sort,
        };
        self.memory.insert(rows.relation.name.clone(), memory);
    }

    /// The rows of a relation have been counted.
    pub fn counted(&mut self, relation: &str, rows: u64) {
        self.counted.insert(relation.to_owned(), rows);
    }

    /// The database has changed: what is in view is read again, where it is in view, and not all the time.
    pub fn changed(&mut self, cx: &mut Cx<'_>) {
        let visible = self.is_visible();
        let Some(rows) = &mut self.rows else { return };
        if visible {
            rows.refresh.schedule(cx);
        } else {
            rows.refresh.stale = true;
        }
    }

    /// What the whole screen shares has changed (times are shown in another format): columns are measured anew.
    pub fn settings_changed(&mut self, cx: &mut Cx<'_>) {
        if let Some(rows) = &mut self.rows {
            rows.fit(cx);
        }
    }

    /// The schema was read anew: what is shown may be altered or gone.
    pub fn schema_changed(&mut self, schema: &Arc<Schema>, cx: &mut Cx<'_>) {
        self.nothing_to_show = schema.relations.iter().all(|relation| relation.kind == RelationKind::Internal);
        self.counted.retain(|name, _| schema.relations.iter().any(|relation| relation.name == *name));
        let Some(rows) = &mut self.rows else {
            // A table that was gone may be back.
            let back =
                self.gone.as_ref().and_then(|name| schema.relations.iter().find(|own| own.name == *name)).cloned();
            if let Some(relation) = back {
                self.show(relation, None, cx);
            }
            return;
        };
        let Some(relation) = schema.relations.iter().find(|own| own.name == rows.relation.name).cloned() else {
            rows.leave(cx);
            self.gone = Some(rows.relation.name.clone());
            self.rows = None;
            return;
        };
        if relation == rows.relation {
            return;
        }
        let before = std::mem::replace(&mut rows.relation, Arc::clone(&relation));
        self.schema = SchemaTab::new(&relation);
        let place = view::schema(self.area);
        self.schema.view.resize(place.width, place.height);
        if self.tab == Tab::Schema {
            cx.out.commands.extend(self.schema.jobs().into_iter().map(Command::Compute));
        }
        let same_rows = before.columns == relation.columns
            && before.key == relation.key
            && before.kind == relation.kind
            && before.broken == relation.broken;
        if same_rows {
            return;
        }
        rows.leave(cx);
        let name = |at: usize| before.columns.get(at).map(|column| column.name.as_str()).unwrap_or_default();
        let place = |at: usize| relation.columns.iter().position(|column| column.name == name(at));
        let sort: Vec<_> =
            rows.sort.iter().filter_map(|key| place(key.column).map(|column| SortKey { column, ..*key })).collect();
        let column = place(rows.column).unwrap_or(0);
        let key = (before.key == relation.key).then(|| rows.row().map(|row| row.key.clone())).flatten();
        let (height, width, secrets) = (rows.height, rows.width, rows.secrets);
        *rows = Rows::new(relation);
        (rows.height, rows.width, rows.secrets, rows.column) = (height, width, secrets, column);
        if rows.relation.broken.is_none() {
            let at = key.map_or(PageAt::First, PageAt::Key);
            rows.jump(Jump { at, land: Land::First, sort, then: 0 }, cx);
        }
        rows.fit(cx);
    }

    fn is_visible(&self) -> bool {
        self.tab == Tab::Rows && !view::body(self.area).is_empty()
    }

    fn measure_area(&self, rows: &mut Rows) {
        let body = view::body(self.area);
        rows.height = body.height;
        rows.width = body.width;
    }

    fn open_tab(&mut self, tab: Tab, cx: &mut Cx<'_>) -> Handled {
        self.tab = tab;
        match tab {
            Tab::Schema => cx.out.commands.extend(self.schema.jobs().into_iter().map(Command::Compute)),
            Tab::Rows => {
                if let Some(rows) = self.rows.as_mut().filter(|rows| rows.refresh.stale) {
                    rows.read_again(cx);
                }
            }
        }
        Handled::Yes
    }

    /// The schema tab's actions: it scrolls.
    fn act_schema(&mut self, action: Action, count: Option<u64>) -> Handled {
        let view = &mut self.schema.view;
        let steps = i64::try_from(count.unwrap_or(1)).unwrap_or(i64::MAX);
        let page = i64::from(self.area.height.saturating_sub(2).max(1));
        match action {
            Action::Down => view.scroll(0, steps),
            Action::Up => view.scroll(0, -steps),
            Action::Left => view.scroll(-4 * steps.min(1_000), 0),
            Action::Right => view.scroll(4 * steps.min(1_000), 0),
            Action::HalfPageDown => view.scroll(0, page / 2),
            Action::HalfPageUp => view.scroll(0, -(page / 2)),
            Action::PageDown => view.scroll(0, page),
            Action::PageUp => view.scroll(0, -page),
            Action::First => view.top(),
            Action::Last => view.bottom(),
            Action::FirstColumn => view.leftmost(),
            Action::LastColumn => view.rightmost(),
            Action::NextMatch => view.next_match(),
            Action::PreviousMatch => view.previous_match(),
            _ => return Handled::No,
        }
        Handled::Yes
    }
}

fn go_first(rows: &mut Rows, cx: &mut Cx<'_>) {
    rows.go(PageAt::First, Land::First, 0, cx);
}

fn go_to_key(rows: &mut Rows, key: String, cx: &mut Cx<'_>) {
    rows.go(PageAt::KeyText(key.clone()), Land::Key(key), 0, cx);
}

/// Goes to a share of the rows.
fn go_to_percent(rows: &mut Rows, percent: f64, counted: Option<u64>, cx: &mut Cx<'_>) {
    match percent {
        ..=0.0 => go_first(rows, cx),
        100.0.. => go_last(rows, cx),
        _ => rows.go(PageAt::Percent(percent), Land::Share(percent / 100.0, counted), 0, cx),
    }
}

fn go_last(rows: &mut Rows, cx: &mut Cx<'_>) {
    rows.go(PageAt::Last, Land::Last, 0, cx);
    rows.follow = rows::Follow::End;
}

/// Goes to the row of this number from 1: exactly where that takes no more than a short walk, else to about there.
fn go_to_number(rows: &mut Rows, number: u64, counted: Option<u64>, cx: &mut Cx<'_>) {
    let index = number.saturating_sub(1);
    let here = rows.window.as_ref().and_then(|window| match window.place() {
        Origin::Exact(origin) => Some((origin + rows.cursor).unsigned_abs()),
        _ => None,
    });
    let total = rows.window.as_ref().and_then(window::Window::total).or(counted);
    let walk = |steps: u64| i64::try_from(steps).unwrap_or(i64::MAX);
    if let Some(here) = here
        && here.abs_diff(index) <= WALK
    {
        let steps = walk(here.abs_diff(index));
        rows.move_by(if index < here { -steps } else { steps }, cx);
    } else if rows.relation.key == KeyKind::None && rows.wanted_sort().is_empty() {
        // Rows without a key are counted through: the database knows the number.
        rows.go(PageAt::Key(RowKey::Ordinal(index)), Land::First, 0, cx);
    } else if index <= WALK {
        rows.go(PageAt::First, Land::First, walk(index), cx);
    } else if let Some(total) = total.filter(|total| *total > index) {
        let share = index as f64 / total as f64;
        rows.go(PageAt::Percent(share * 100.0), Land::Share(share, Some(total)), 0, cx);
    } else if total.is_some() {
        go_last(rows, cx);
    } else {
        cx.out.say(Severity::Info, "the rows are not counted yet: try again in a moment, or go to a percentage: 50%");
    }
}

/// Goes where the prompt says: `50%`, `#1234` (a row id), or a key.
fn go_to(rows: &mut Rows, text: &str, counted: Option<u64>, cx: &mut Cx<'_>) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if let Some(percent) = text.strip_suffix('%') {
        match percent.trim().parse::<f64>() {
            Ok(percent) if percent.is_finite() => go_to_percent(rows, percent, counted, cx),
            _ => cx.out.say(Severity::Warning, format!("'{}' is no percentage: type it like 50%", safe(text))),
        }
        return;
    }
    let Some(id) = text.strip_prefix('#') else {
        go_to_key(rows, text.to_owned(), cx);
        return;
    };
    match (id.trim().replace(',', "").parse::<i64>(), &rows.relation.key) {
        (Ok(id), KeyKind::Rowid { column: Some(_), .. }) => go_to_key(rows, id.to_string(), cx),
        (Ok(id), KeyKind::Rowid { column: None, .. }) => rows.go(PageAt::Key(RowKey::Rowid(id)), Land::First, 0, cx),
        (Ok(_), KeyKind::Primary(_) | KeyKind::None) => {
            cx.out.say(
                Severity::Warning,
                format!("the rows of {} have no row id: go to a key or a percentage", safe(&rows.relation.name)),
            );
        }
        (Err(_), _) => cx.out.say(Severity::Warning, format!("'{}' is no row id: type it like #1234", safe(text))),
    }
}

impl Pane for TablePane {
    fn resize(&mut self, area: Rect, cx: &mut Cx<'_>) {
        self.area = area;
        let schema = view::schema(area);
        self.schema.view.resize(schema.width, schema.height);
        let visible = self.is_visible();
        let Some(mut rows) = self.rows.take() else { return };
        // The row under the cursor keeps its height on the screen as well as it can.
        self.measure_area(&mut rows);
        rows.reveal();
        rows.fit(cx);
        if visible {
            if rows.refresh.stale {
                rows.read_again(cx);
            }
            rows.feed(cx);
        }
        self.rows = Some(rows);
    }

    fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        match (action, self.tab) {
            _ if self.rows.is_none() => return Handled::No,
            (Action::NextTab | Action::PreviousTab | Action::Schema, Tab::Rows) => {
                return self.open_tab(Tab::Schema, cx);
            }
            (Action::NextTab | Action::PreviousTab | Action::Schema, Tab::Schema) => {
                return self.open_tab(Tab::Rows, cx);
            }
            (Action::Search, _) => return self.ask_search(cx),
            (_, Tab::Schema) => return self.act_schema(action, count),
            (_, Tab::Rows) => {}
        }
        let counted = self.relation().and_then(|relation| self.counted.get(&relation.name)).copied();
        let Some(rows) = &mut self.rows else { return Handled::No };
        let steps = i64::try_from(count.unwrap_or(1)).unwrap_or(i64::MAX);
        let page = i64::from(rows.height.max(1));
        let half = (page / 2).max(1);
        match action {
            Action::Down => rows.move_by(steps, cx),
            Action::Up => rows.move_by(-steps, cx),
            Action::HalfPageDown => rows.page_by(half.saturating_mul(steps), cx),
            Action::HalfPageUp => rows.page_by(-half.saturating_mul(steps), cx),
            Action::PageDown => rows.page_by(page.saturating_mul(steps), cx),
            Action::PageUp => rows.page_by(-page.saturating_mul(steps), cx),
            Action::Left => rows.column = rows.columns.step(rows.column, Side::Left, count.unwrap_or(1)),
            Action::Right => rows.column = rows.columns.step(rows.column, Side::Right, count.unwrap_or(1)),
            Action::FirstColumn => rows.column = rows.columns.outermost(Side::Left),
            Action::LastColumn => rows.column = rows.columns.outermost(Side::Right),
            Action::First => match count {
                Some(number) => go_to_number(rows, number, counted, cx),
                None => go_to_start(rows, cx),
            },
            Action::Last => match count {
                Some(number) => go_to_number(rows, number, counted, cx),
                None => go_to_end(rows, cx),
            },
            Action::Percent => match count {
                Some(percent) => go_to_percent(rows, percent as f64, counted, cx),
                None => ask_place(rows, "%", cx),
            },
            Action::GoTo => ask_place(rows, "", cx),
            Action::Sort => sort_by(rows, sort::by, cx),
            Action::SortAdd => sort_by(rows, sort::and, cx),
            Action::HideColumn => match rows.columns.hide(rows.column) {
                Some(next) => rows.column = next,
                None => cx.out.say(Severity::Info, "the last column stays"),
            },
            Action::ResetColumns => rows.columns.reset(),
            Action::Narrower => rows.columns.resize(rows.column, Side::Left, count.unwrap_or(1)),
            Action::Wider => rows.columns.resize(rows.column, Side::Right, count.unwrap_or(1)),
            Action::FreezeColumns => rows.columns.freeze(rows.column),
            Action::Open => rows.open(cx),
            Action::ViewCell => rows.view_cell(cx),
            Action::Copy => self.copying = rows.copy(cx),
            Action::CopyRow => rows.copy_row(cx),
            Action::FollowReference => rows.follow_reference(cx),
            Action::Reveal => {
                rows.secrets = match rows.secrets {
                    Secrets::Masked => Secrets::Revealed,
                    Secrets::Revealed => Secrets::Masked,
                };
                rows.columns.forget();
                rows.found.renew(&rows.relation, rows.window.as_ref(), rows.secrets);
            }
            Action::Refresh => {
                if rows.window.is_none() && rows.relation.broken.is_none() {
                    match rows.failure.take().and_then(|failure| failure.wanted) {
                        Some(jump) => rows.jump(jump, cx),
                        None => go_first(rows, cx),
                    }
                } else {
                    rows.refresh.unblock();
                    rows.read_again(cx);
                    rows.feed(cx);
                }
            }
            Action::NextMatch => step_match(rows, End::Back, cx),
            Action::PreviousMatch => step_match(rows, End::Front, cx),
            Action::Cancel => {
                if rows.cancel(cx) {
                    cx.out.say(Severity::Info, "reading was cancelled");
                } else if self.copying.take().is_some() {
                    cx.out.cancel(Slot::Cell);
                } else if !rows.found.pattern().is_empty() {
                    rows.found.search("", &rows.relation, None, rows.secrets);
                } else {
                    return Handled::No;
                }
            }
            _ => return Handled::No,
        }
        rows.fit(cx);
        Handled::Yes
    }

    fn prompted(&mut self, kind: PromptKind, text: &str, state: PromptState, cx: &mut Cx<'_>) {
        match (kind, self.tab) {
            (PromptKind::GoTo, _) => {
                if let (PromptState::Done, Some(rows)) = (state, &mut self.rows) {
                    let counted = self.counted.get(&rows.relation.name).copied();
                    go_to(rows, text, counted, cx);
                }
            }
            (PromptKind::Search, Tab::Schema) => {
                let text = if state == PromptState::Given { "" } else { text };
                let found = self.schema.view.search(text);
                if state == PromptState::Done && !text.is_empty() && found == 0 {
                    cx.out.say(Severity::Info, format!("'{}' is not here", safe(text)));
                }
            }
            (PromptKind::Search, Tab::Rows) => self.search(text, state, cx),
        }
    }

    fn reply(&mut self, slot: Slot, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let page = match outcome {
            Ok(Answer::Page(page)) => Ok(&**page),
            Ok(_) if slot != Slot::Cell => return Handled::No,
            Ok(_) => return self.cell_came(outcome, cx),
            Err(error) => Err(error),
        };
        match slot {
            Slot::Page => {
                if let Some(rows) = &mut self.rows {
                    rows.page_came(page, cx);
                }
            }
            Slot::Ahead => {
                if let Some(rows) = &mut self.rows {
                    rows.ahead_came(page, cx);
                }
            }
            Slot::Cell => return self.cell_came(outcome, cx),
            Slot::Schema | Slot::Count | Slot::Question | Slot::Activity | Slot::Sync => return Handled::No,
        }
        Handled::Yes
    }

    fn computed(&mut self, job: &Job, result: &Computed, _cx: &mut Cx<'_>) -> Handled {
        let (Computed::Highlighted(lines), Some(rows)) = (result, &self.rows) else { return Handled::No };
        if self.schema.highlighted(job, lines, &rows.relation) { Handled::Yes } else { Handled::No }
    }

    fn timer(&mut self, timer: Timer, cx: &mut Cx<'_>) -> Handled {
        let visible = self.is_visible();
        let Some(rows) = &mut self.rows else { return Handled::No };
        let handled = |yes: bool| if yes { Handled::Yes } else { Handled::No };
        match timer {
            Timer::Progress => {
                let Some(since) = rows.waiting_since() else { return Handled::No };
                let waited = cx.now.elapsed.saturating_sub(since);
                let next = if waited < PATIENCE { PATIENCE - waited } else { TICK };
                cx.out.commands.push(Command::After(next, Timer::Progress));
                handled(waited >= PATIENCE)
            }
            Timer::Flash => handled(rows.marks.expire(cx)),
            Timer::Refresh => {
                if rows.refresh.is_due(cx) {
                    if visible {
                        rows.read_again(cx);
                    } else {
                        rows.refresh.stale = true;
                    }
                }
                Handled::No
            }
            Timer::Preview => {
                if rows.preview_due(cx)
                    && let Some(id) = rows.question()
                {
                    cx.out.intents.push(Intent::ShowQuestion { id, focus: Focus::Leave });
                }
                Handled::No
            }
            _ => Handled::No,
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &mut Cx<'_>) -> Handled {
        let at = (mouse.column, mouse.row).into();
        let clicked = mouse.kind == MouseEventKind::Down(MouseButton::Left);
        if clicked && let Some(tab) = view::tab_at(self, at) {
            return self.open_tab(tab, cx);
        }
        if self.tab == Tab::Schema {
            match mouse.kind {
                MouseEventKind::ScrollDown => self.schema.view.scroll(0, WHEEL),
                MouseEventKind::ScrollUp => self.schema.view.scroll(0, -WHEEL),
                MouseEventKind::ScrollRight => self.schema.view.scroll(4, 0),
                MouseEventKind::ScrollLeft => self.schema.view.scroll(-4, 0),
                _ => return Handled::No,
            }
            return Handled::Yes;
        }
        let Some(rows) = &mut self.rows else { return Handled::No };
        let sideways = mouse.modifiers.contains(KeyModifiers::SHIFT);
        match mouse.kind {
            MouseEventKind::ScrollRight => rows.column = rows.columns.step(rows.column, Side::Right, 1),
            MouseEventKind::ScrollLeft => rows.column = rows.columns.step(rows.column, Side::Left, 1),
            MouseEventKind::ScrollDown if sideways => rows.column = rows.columns.step(rows.column, Side::Right, 1),
            MouseEventKind::ScrollUp if sideways => rows.column = rows.columns.step(rows.column, Side::Left, 1),
            MouseEventKind::ScrollDown => rows.scroll_by(WHEEL, cx),
            MouseEventKind::ScrollUp => rows.scroll_by(-WHEEL, cx),
            MouseEventKind::Down(MouseButton::Left) => {
                let (header, body) = (view::header(self.area), view::body(self.area));
                let column = rows.columns.layout(body.width).column_at(mouse.column.saturating_sub(body.x));
                if header.contains(at) {
                    let Some(column) = column else { return Handled::No };
                    rows.column = column;
                    sort_by(rows, sort::by, cx);
                } else if body.contains(at) {
                    let row = rows.seen(None).1 + i64::from(mouse.row - body.y);
                    if rows.window.as_ref().is_none_or(|window| window.row(row).is_none()) {
                        return Handled::Yes;
                    }
                    rows.column = column.unwrap_or(rows.column);
                    let double = self.clicked.is_some_and(|(when, at, what)| {
                        (at, what) == (row, rows.column) && cx.now.elapsed < when + DOUBLE_CLICK
                    });
                    self.clicked = (!double).then_some((cx.now.elapsed, row, rows.column));
                    rows.move_to(row, cx);
                    if double {
                        rows.open(cx);
                    }
                } else {
                    return Handled::No;
                }
            }
            _ => return Handled::No,
        }
        rows.fit(cx);
        Handled::Yes
    }

    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        view::draw(self, area, buf, cx);
    }
}

/// The first row: without asking where it is here.
fn go_to_start(rows: &mut Rows, cx: &mut Cx<'_>) {
    match rows.window.as_ref().filter(|window| window.complete(End::Front) && !rows.is_jumping()) {
        Some(window) => {
            let first = window.base();
            rows.move_to(first, cx);
        }
        None => go_first(rows, cx),
    }
}

/// The last row: without asking where it is here.
fn go_to_end(rows: &mut Rows, cx: &mut Cx<'_>) {
    match rows.window.as_ref().filter(|window| window.complete(End::Back) && !rows.is_jumping()) {
        Some(window) => {
            let last = window.end() - 1;
            rows.move_to(last, cx);
            rows.follow = rows::Follow::End;
        }
        None => go_last(rows, cx),
    }
}

fn sort_by(rows: &mut Rows, change: fn(&[SortKey], usize) -> Vec<SortKey>, cx: &mut Cx<'_>) {
    if rows.relation.broken.is_some() {
        return;
    }
    let sort = change(rows.wanted_sort(), rows.column);
    rows.jump(Jump { at: PageAt::First, land: Land::First, sort, then: 0 }, cx);
}

fn ask_place(rows: &Rows, text: &str, cx: &mut Cx<'_>) {
    let title = match rows.relation.key {
        KeyKind::Rowid { .. } => "go to: 50%, #row id, or a key",
        KeyKind::Primary(_) => "go to: 50%, or a key",
        KeyKind::None => "go to: 50%",
    };
    cx.out.intents.push(Intent::Prompt { kind: PromptKind::GoTo, title: title.to_owned(), text: text.to_owned() });
}

fn step_match(rows: &mut Rows, towards: End, cx: &mut Cx<'_>) {
    if rows.found.pattern().is_empty() {
        cx.out.say(Severity::Info, "nothing is searched for: / searches the rows that are loaded");
        return;
    }
    let next = match towards {
        End::Back => rows.found.after(rows.cursor, rows.column),
        End::Front => rows.found.before(rows.cursor, rows.column),
    };
    match next {
        Some((_, (row, column))) => {
            if rows.columns.is_shown(column) {
                rows.column = column;
            }
            rows.move_to(row, cx);
        }
        None => say_nothing_found(rows, cx),
    }
}

fn say_nothing_found(rows: &Rows, cx: &mut Cx<'_>) {
    let loaded = rows.window.as_ref().map_or(0, window::Window::len);
    let words = format!("not in the {} rows that are loaded", grouped(loaded as u64));
    cx.out.say(Severity::Info, words);
}

impl TablePane {
    fn ask_search(&mut self, cx: &mut Cx<'_>) -> Handled {
        let Some(rows) = &self.rows else { return Handled::No };
        self.search_from = Some((rows.cursor, rows.column));
        let title = match self.tab {
            Tab::Rows => "search the rows that are loaded",
            Tab::Schema => "search the schema",
        };
        cx.out.intents.push(Intent::Prompt { kind: PromptKind::Search, title: title.to_owned(), text: String::new() });
        Handled::Yes
    }

    fn search(&mut self, text: &str, state: PromptState, cx: &mut Cx<'_>) {
        let from = self.search_from;
        let Some(rows) = &mut self.rows else { return };
        let text = if state == PromptState::Given { "" } else { text };
        rows.found.search(text, &rows.relation, rows.window.as_ref(), rows.secrets);
        if let Some((row, column)) = from {
            // Each letter searches from where the search began; given up, the cursor is there again.
            let at = (rows.cursor, rows.column);
            let to = match column.checked_sub(1) {
                Some(before) => rows.found.after(row, before),
                None => rows.found.after(row - 1, usize::MAX),
            };
            let (row, column) = to.map_or((row, column), |(_, found)| found);
            if (row, column) != at {
                if rows.columns.is_shown(column) {
                    rows.column = column;
                }
                rows.move_to(row, cx);
            }
        }
        if state != PromptState::Typing {
            self.search_from = None;
            if state == PromptState::Done && !text.is_empty() && rows.found.count() == 0 {
                say_nothing_found(rows, cx);
            }
        }
        rows.fit(cx);
    }

    /// The whole cell that was to be copied is here, if it is ours: the cell view uses the same slot.
    fn cell_came(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let Some(copying) = self.copying.take() else { return Handled::No };
        if !cx.out.is_newest(Slot::Cell, copying.id) {
            return Handled::No;
        }
        let Some(rows) = &self.rows else { return Handled::No };
        match outcome {
            Ok(Answer::Cell(value)) => rows.copy_whole(copying, value.as_deref(), cx),
            Ok(_) => return Handled::No,
            Err(error) => cx.out.say(Severity::Error, format!("nothing was copied: {}", safe(&error.what))),
        }
        Handled::Yes
    }
}

#[cfg(test)]
mod tests;
