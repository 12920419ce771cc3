//! The table pane: rows of any relation of any size, and its schema.
//!
//! Owns what is shown of one relation: the [`window::Window`] of rows that are here, the cursor, the columns, the sort order.
//! It asks for pages by messages and never waits for them. It knows nothing of SQL: where a page lies is said by anchors.

mod cells;
mod edits;
mod fetch;
mod measure;
mod mouse;
mod position;
mod refresh;
mod rows;
mod schema;
mod search;
mod seek;
mod sort;
mod travel;
mod view;
mod window;

use std::{collections::HashMap, sync::Arc, time::Duration};

use crossterm::event::MouseEvent;
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use self::{
    cells::Copying,
    rows::{Jump, Land, PATIENCE, Rows, TICK},
    schema::SchemaTab,
    seek::step_match,
    travel::{ask_place, go_first, go_to, go_to_end, go_to_key, go_to_number, go_to_percent, go_to_start},
    window::End,
};
use crate::{
    db::{
        error::Error,
        request::{Answer, Slot},
    },
    domain::{
        page::{PageAt, SortKey},
        place::Place,
        schema::{Relation, RelationKind, Schema},
        syntax::{Computed, Job},
        value::Secrets,
    },
    message::{action::Action, command::Command, event::Timer},
    panes::{Cx, EditHow, Focus, Handled, Intent, Pane, PromptKind, PromptState, Severity, ViewCx},
    widgets::{
        grid::{Columns, Side},
        safe::safe,
    },
};

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
    pub fn schema_came(&mut self, outcome: Result<&Schema, &Error>) {
        self.outset = match outcome {
            Ok(schema) => {
                let relations = &schema.relations;
                self.nothing_to_show = relations.iter().all(|relation| relation.kind == RelationKind::Internal);
                Outset::Read
            }
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
            Action::Timeline => rows.timeline(cx),
            Action::Edit => rows.edit_cell(EditHow::InPlace, cx),
            Action::EditExternal => rows.edit_cell(EditHow::External, cx),
            Action::Copy => self.copying = rows.copy(cx),
            Action::CopyRow => rows.copy_row(cx),
            Action::FollowReference => rows.follow_reference(cx),
            Action::NewRow | Action::DuplicateRow | Action::DeleteRow => {
                return rows.write(action, cx);
            }
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
            // It is asked for by the bots only.
            (PromptKind::Filter, _) => {}
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
            _ => return Handled::No,
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
        self.take_mouse(mouse, cx)
    }

    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        view::draw(self, area, buf, cx);
    }
}

fn sort_by(rows: &mut Rows, change: fn(&[SortKey], usize) -> Vec<SortKey>, cx: &mut Cx<'_>) {
    if rows.relation.broken.is_some() {
        return;
    }
    let sort = change(rows.wanted_sort(), rows.column);
    rows.jump(Jump { at: PageAt::First, land: Land::First, sort, then: 0 }, cx);
}

impl TablePane {
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
