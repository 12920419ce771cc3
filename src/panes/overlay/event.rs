//! What a row of the ledger, the history, the runs or the queue tells: what changed, the summary of a run and what its bot wrote during
//! it, the result of a queue item.
//!
//! Owns the row that is shown and the place one looks at. States are compared in the background where that takes time; whatever is
//! stored (no JSON, bytes, nothing at all) is said in words and shown.

mod head;
mod path;
mod run;
mod states;
#[cfg(test)]
mod tests;
mod told;
pub(in crate::panes::overlay) mod view;

use std::{sync::Arc, time::Duration};

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::{
    run::{NoRows, RunRows},
    states::{Form, Style},
    told::{Told, source_of},
    view::Areas,
};
use super::cell::content::Content as Document;
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, RequestId, Slot},
    },
    domain::{
        diff::Diff,
        page::{Record, RowKey},
        place::Place,
        review::{Story, StoryEvent, StorySource},
        schema::{KeyKind, Relation},
        syntax::{Computed, Job},
        value::{Secrets, Value},
    },
    keymap::Context,
    message::{action::Action, command::Command, severity::Severity},
    panes::{
        Cx, Focus, Handled, Intent, Now, ViewCx, link,
        overlay::{Overlay, Step},
        story::{
            sheet::{Content, Places, Sheet},
            timeline::{fields_of, key_text},
            when,
            works::Works,
        },
    },
    theme::Role,
    widgets::{
        diff::{Folding, Shape},
        json_tree::JsonTree,
        rich::{RichLine, RichSpan, Wrap, plain},
        safe,
    },
};

/// Text longer than this is not made a tree: that would hold up the screen.
const MOST_TREE: usize = 1 << 20;
/// Columns a step sideways goes.
const SIDEWAYS: i64 = 4;
/// Lines a turn of the wheel goes.
const WHEEL: i64 = 3;

/// The window.
#[derive(Debug)]
pub struct EventView {
    relation: Arc<Relation>,
    key: RowKey,
    source: StorySource,
    phase: Phase,
    asked: Option<(RequestId, Wanted)>,
    /// When what is shown was read, where it is from memory.
    read: Option<Timestamp>,
    told: Option<Told>,
    record: Option<Arc<Record>>,
    /// What it says above everything else.
    head: Vec<RichLine>,
    /// What differs, where the row has states.
    sheet: Sheet,
    found: Option<(Arc<Diff>, Vec<usize>)>,
    style: Style,
    /// The summary or the result, where it has such.
    document: Document,
    rows: Result<RunRows, NoRows>,
    part: Part,
    areas: Areas,
    works: Works,
    /// The story of its item, to go on in.
    story: Option<Arc<Story>>,
    screen: Rect,
}

/// How far it is.
#[derive(Debug)]
enum Phase {
    Reading,
    Here,
    Gone,
    Failed(Error),
}

/// What an answer is awaited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Record,
    Rows,
    /// To go on in it.
    Story(Turn),
}

/// Where to, in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Earlier,
    Later,
}

/// Whose the keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Document,
    Rows,
}

impl EventView {
    /// For this row; `None` where the relation is none of the four that tell of events.
    pub fn new(relation: Arc<Relation>, key: RowKey, cx: &mut Cx<'_>) -> Option<Self> {
        let source = source_of(&relation)?;
        let mut view = Self {
            relation,
            key,
            source,
            phase: Phase::Reading,
            asked: None,
            read: None,
            told: None,
            record: None,
            head: Vec::new(),
            sheet: Sheet::default(),
            found: None,
            style: Style { shape: Shape::Fitting, folding: Folding::Folded, form: Form::Compared },
            document: Document::Loading,
            rows: Err(NoRows::Ledger),
            part: Part::Document,
            areas: Areas::default(),
            works: Works::default(),
            story: None,
            screen: Rect::default(),
        };
        view.ask(Wanted::Record, cx);
        Some(view)
    }

    fn ask(&mut self, wanted: Wanted, cx: &mut Cx<'_>) {
        let query = match wanted {
            Wanted::Record => Query::Record(Arc::clone(&self.relation), self.key.clone()),
            Wanted::Rows => {
                let Ok(rows) = &mut self.rows else { return };
                let Some(query) = rows.wanted() else { return };
                rows.asked(query.from);
                Query::Ledger(query)
            }
            Wanted::Story(_) => match self.told.as_ref().and_then(|told| told.item.clone()) {
                Some(item) => Query::Story(item),
                None => return,
            },
        };
        self.asked = Some((cx.out.ask(Slot::Cell, query), wanted));
    }

    /// Another row takes the place of this one.
    fn show(&mut self, relation: Arc<Relation>, key: RowKey, cx: &mut Cx<'_>) {
        let Some(source) = source_of(&relation) else { return };
        (self.relation, self.key, self.source) = (relation, key, source);
        (self.phase, self.read, self.told, self.record) = (Phase::Reading, None, None, None);
        self.sheet.restart();
        self.found = None;
        self.works = Works::default();
        self.part = Part::Document;
        self.ask(Wanted::Record, cx);
    }

    /// The row is here.
    fn receive(&mut self, record: &Arc<Record>, cx: &mut Cx<'_>) {
        self.phase = Phase::Here;
        if self.record.as_ref() == Some(record) {
            return;
        }
        let told = Told::read(self.source, record);
        self.record = Some(Arc::clone(record));
        self.document = document(self.source, &told.document);
        self.rows = match cx.schema.and_then(|schema| schema.catalogued("botLedger")) {
            _ if self.source != StorySource::Run => Err(NoRows::Ledger),
            None => Err(NoRows::Ledger),
            Some(_) => RunRows::of(&told),
        };
        self.told = Some(told);
        self.sheet.spoil();
        self.lay_out(cx);
        self.ask_rows(cx);
    }

    fn ask_rows(&mut self, cx: &mut Cx<'_>) {
        let free = self.asked.is_none();
        if free && self.rows.as_ref().is_ok_and(|rows| rows.wanted().is_some() && rows.failed.is_none()) {
            self.ask(Wanted::Rows, cx);
        }
    }

    /// Makes the lines for the screen.
    fn lay_out(&mut self, cx: &mut Cx<'_>) {
        let inside = view::inside(view::area(self.screen));
        let Some(told) = &self.told else { return };
        let width = inside.width;
        self.head = head::lines(told, width, cx.settings, cx.now.wall);
        if let Some(states) = &told.states {
            let fields = match &told.item {
                Some(item) => fields_of(item, cx),
                None => Arc::new([]),
            };
            let made = states::lines(states, &fields, self.style, width, &mut self.works, cx.out);
            let mut lines = self.head.clone();
            lines.push(rule(if self.style.form == Form::Stored { "as stored" } else { "what changed" }, width));
            let first = lines.len();
            lines.extend(made.lines);
            if !told.document.is_null() {
                lines.push(rule("metadata", width));
                lines.extend(metadata(&told.document));
            }
            let places = made.places.into_iter().map(|place| place.start + first..place.end + first).collect();
            self.found = made.found;
            self.sheet.view.resize(width, inside.height);
            self.sheet.take(Content::Marked { lines, places, kind: Places::Changes }, width);
            return;
        }
        let rows = self.source == StorySource::Run;
        let wanted = self.document.rows(width, &told.document);
        self.areas = Areas::of(inside, self.head.len(), wanted, rows.then_some(self.part));
        self.document.resize(self.areas.document, &told.document);
        if let Ok(rows) = &mut self.rows {
            rows.resize(self.areas.rows.height);
        }
    }

    fn has_states(&self) -> bool {
        self.told.as_ref().is_some_and(|told| told.states.is_some())
    }

    fn value(&self) -> &Value {
        const NOTHING: &Value = &Value::Null;
        self.told.as_ref().map_or(NOTHING, |told| &told.document)
    }

    fn scroll(&mut self, columns: i64, rows: i64, cx: &mut Cx<'_>) {
        if self.has_states() {
            self.sheet.view.scroll(columns, rows);
            self.sheet.at = None;
            return;
        }
        if self.part == Part::Rows
            && let Ok(list) = &mut self.rows
        {
            if list.at_top() && rows < 0 {
                self.part = Part::Document;
                return self.lay_out(cx);
            }
            let by = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
            let to = if rows < 0 { list.cursor.saturating_sub(by) } else { list.cursor.saturating_add(by) };
            list.go(to);
            return self.ask_rows(cx);
        }
        let before = self.document_place();
        let value = self.told.as_ref().map_or(Value::Null, |told| told.document.clone());
        self.document.scroll(columns, rows, self.areas.document, &value);
        // Behind the last line of the summary come the rows.
        if rows > 0 && before == self.document_place() && self.rows.as_ref().is_ok_and(|rows| rows.len() > 0) {
            self.part = Part::Rows;
            self.lay_out(cx);
        }
    }

    fn document_place(&self) -> (u64, String) {
        match &self.document {
            Document::Json(tree) => (tree.position().first, tree.path()),
            Document::Lines(view) => (view.position().first, String::new()),
            Document::Hex(first) => (*first as u64, String::new()),
            Document::Loading | Document::Failed(_) => (0, String::new()),
        }
    }

    fn turn_part(&mut self, cx: &mut Cx<'_>) {
        if self.rows.is_ok() {
            self.part = if self.part == Part::Rows { Part::Document } else { Part::Rows };
            self.lay_out(cx);
        }
    }

    fn ends(&mut self, action: Action, cx: &mut Cx<'_>) {
        let first = action == Action::First;
        if self.has_states() {
            if first {
                self.sheet.view.top();
            } else {
                self.sheet.view.bottom();
            }
            self.sheet.at = None;
        } else if self.part == Part::Rows {
            if let Ok(rows) = &mut self.rows {
                rows.go(if first { 0 } else { rows.len() });
            }
            self.ask_rows(cx);
        } else if first {
            self.document.first();
        } else {
            let value = self.value().clone();
            self.document.last(self.areas.document, &value);
        }
    }

    /// What the keys for folding do: unchanged parts, or the tree.
    fn fold(&mut self, action: Action, cx: &mut Cx<'_>) {
        if self.has_states() {
            self.style.folding = match action {
                Action::FoldAll => Folding::Folded,
                Action::UnfoldAll => Folding::Open,
                _ => self.style.folding.other(),
            };
            let at = self.sheet.at;
            self.lay_out(cx);
            // The change one looks at stays on the screen.
            if let Some(place) = at.and_then(|at| self.sheet.places.get(at)) {
                self.sheet.view.go_to(place.start.saturating_sub(2));
            }
        } else if let Document::Json(tree) = &mut self.document {
            match action {
                Action::FoldAll => tree.fold_all(),
                Action::UnfoldAll => tree.unfold_all(),
                _ => tree.toggle(),
            }
        }
    }

    /// The change that was stepped to, as a row of the diff.
    fn change(&self) -> Option<(&Arc<Diff>, usize)> {
        let (found, rows) = self.found.as_ref()?;
        Some((found, *rows.get(self.sheet.at?)?))
    }

    fn copy(&self, cx: &mut Cx<'_>) {
        let Some(told) = &self.told else { return };
        let (text, what) = match (&told.states, &self.document) {
            (Some([before, after]), _) => {
                let at = |state: &told::State| {
                    let (found, row) = self.change()?;
                    path::value(&state.plain()?, found, row)
                };
                match at(after).map(|text| (text, "value")).or_else(|| at(before).map(|text| (text, "value before"))) {
                    Some((text, what)) => (Some(text), what),
                    None if after.is_there() => (after.plain(), "state after"),
                    None => (before.plain(), "state before"),
                }
            }
            (None, _) if self.part == Part::Rows => match self.rows.as_ref().ok().and_then(RunRows::selected) {
                Some(row) => {
                    let parts = [row.created_at.as_deref(), Some(&row.bot), Some(&row.action), Some(&row.item_type)];
                    let parts = parts.into_iter().chain([Some(row.item_id.as_str()), row.reason.as_deref()]);
                    (Some(parts.map(Option::unwrap_or_default).collect::<Vec<_>>().join("\t")), "ledger row")
                }
                None => (None, ""),
            },
            (None, Document::Json(tree)) => (Some(tree.value()), "value"),
            (None, _) if told.document.is_null() => (None, ""),
            (None, _) => (Some(told.document.to_plain().into_owned()), "text"),
        };
        match text {
            Some(text) => cx.out.commands.push(Command::Copy { text, what: what.to_owned() }),
            None => cx.out.say(Severity::Info, "there is nothing to copy here"),
        }
    }

    fn copy_path(&self, cx: &mut Cx<'_>) {
        let text = match (&self.document, self.change()) {
            (_, Some((found, row))) => path::path(found, row),
            (Document::Json(tree), _) if !self.has_states() => tree.path(),
            _ => {
                return cx.out.say(Severity::Info, "n goes to a change: its path is copied then");
            }
        };
        cx.out.commands.push(Command::Copy { text, what: "path".to_owned() });
    }

    /// Shows a ledger row of the run on top.
    fn open(&self, cx: &mut Cx<'_>) {
        let row = self.rows.as_ref().ok().filter(|_| self.part == Part::Rows).and_then(RunRows::selected);
        let relation = cx.schema.and_then(|schema| schema.catalogued("botLedger"));
        if let (Some(row), Some(relation)) = (row, relation) {
            let (relation, key) = (Arc::clone(relation), key_of(relation, row.id));
            cx.out.intents.push(Intent::ShowEvent { relation, key });
        }
    }

    /// The item of the event, or of the row under the cursor.
    fn item(&self) -> Option<crate::domain::activity::Item> {
        if self.part == Part::Rows
            && let Some(row) = self.rows.as_ref().ok().and_then(RunRows::selected)
        {
            return Some(crate::domain::activity::Item { kind: row.item_type.clone(), id: row.item_id.clone() });
        }
        self.told.as_ref()?.item.clone()
    }

    fn follow(&self, cx: &mut Cx<'_>) {
        match self.item() {
            Some(item) if item.kind == "question" => {
                cx.out.intents.push(Intent::ShowQuestion { id: item.id, focus: Focus::Take });
            }
            Some(item) => {
                let words = format!("{} {}: only questions open", safe::safe(&item.kind), safe::safe(&item.id));
                cx.out.say(Severity::Info, words);
            }
            None => cx.out.say(Severity::Info, "a run is about no single item: the rows below it are"),
        }
    }

    fn timeline(&self, cx: &mut Cx<'_>) {
        match self.item() {
            Some(item) => cx.out.intents.push(Intent::ShowTimeline(item)),
            None => cx.out.say(Severity::Info, "a run is about no single item: the rows below it are"),
        }
    }

    /// The whole value: of the longest of what is shown in part.
    fn view_cell(&self, cx: &mut Cx<'_>) {
        let columns: &[&str] = match self.source {
            StorySource::Ledger => &["afterState", "beforeState", "reason"],
            StorySource::History => &["afterSnapshot", "beforeSnapshot", "metadata", "reason"],
            StorySource::Run => &["summary"],
            StorySource::Queue => &["result", "reason"],
        };
        let Some(record) = &self.record else { return };
        let there = columns.iter().find_map(|name| {
            let column = record.relation.column(name)?;
            let value = record.cells.get(column).filter(|value| !value.is_null())?;
            Some((column, value.clone()))
        });
        match there {
            Some((column, value)) => {
                let (relation, key, secrets) = (Arc::clone(&self.relation), self.key.clone(), Secrets::Masked);
                cx.out.intents.push(Intent::ShowCell { relation, key, column, value, secrets });
            }
            None => cx.out.say(Severity::Info, "there is no longer value to be shown"),
        }
    }

    fn go_to_row(&self, cx: &mut Cx<'_>) {
        let place = Place { relation: self.relation.name.clone(), key: key_text(&self.key) };
        cx.out.intents.push(Intent::Go(place));
    }

    /// To the event of the same item before or behind this one.
    fn turn(&mut self, turn: Turn, cx: &mut Cx<'_>) {
        let is_this = |event: &StoryEvent| event.source == self.source && event.key == self.key;
        let story = self.story.clone();
        let Some((story, at)) = story.and_then(|story| {
            let at = story.events.iter().position(is_this)?;
            Some((story, at))
        }) else {
            return match self.told.as_ref().map(|told| told.item.is_some()) {
                Some(true) if self.story.is_none() => self.ask(Wanted::Story(turn), cx),
                Some(true) => {
                    cx.out.say(Severity::Info, "this event is not among the newest that are read of its item");
                }
                Some(false) => cx.out.say(Severity::Info, "a run is about no single item: the rows below it are"),
                None => {}
            };
        };
        // The newest come first.
        let next = match turn {
            Turn::Earlier => story.events.get(at + 1),
            Turn::Later => at.checked_sub(1).and_then(|at| story.events.get(at)),
        };
        let Some(next) = next else {
            let words = match turn {
                Turn::Earlier if story.cut.is_empty() => "nothing earlier is recorded of it",
                Turn::Earlier => "nothing earlier is read of it: its tables have more",
                Turn::Later => "nothing later is recorded of it",
            };
            return cx.out.say(Severity::Info, words);
        };
        let relation = cx.schema.and_then(|schema| schema.catalogued(when::table(next.source))).cloned();
        if let Some(relation) = relation {
            self.show(relation, next.key.clone(), cx);
        }
    }

    fn refresh(&mut self, cx: &mut Cx<'_>) {
        if let Ok(rows) = &mut self.rows {
            rows.restart();
        }
        self.story = None;
        let query = Query::Record(Arc::clone(&self.relation), self.key.clone());
        self.asked = Some((cx.out.ask_again(Slot::Cell, query), Wanted::Record));
    }

    /// Restyles the two states.
    fn restyle(&mut self, change: impl FnOnce(&mut Style), cx: &mut Cx<'_>) {
        change(&mut self.style);
        self.sheet.at = None;
        self.lay_out(cx);
        self.sheet.view.top();
    }

    fn give_up(&mut self, cx: &mut Cx<'_>) {
        if self.asked.take().is_some_and(|(id, _)| cx.out.is_newest(Slot::Cell, id)) {
            cx.out.cancel(Slot::Cell);
        }
    }
}

/// The key of a ledger row by its id.
fn key_of(relation: &Relation, id: i64) -> RowKey {
    match relation.key {
        KeyKind::Primary(_) => RowKey::Primary(vec![Value::Integer(id)]),
        KeyKind::Rowid { .. } | KeyKind::None => RowKey::Rowid(id),
    }
}

/// A section's name on a line that reaches across.
fn rule(name: &str, width: u16) -> RichLine {
    let name = safe::fit(name, usize::from(width).saturating_sub(3)).into_owned();
    let dashes = usize::from(width).saturating_sub(safe::width(&name) + 3);
    let spans = vec![
        RichSpan::new("─ ", Role::Faint),
        RichSpan::new(name, Role::Accent),
        RichSpan::new(format!(" {}", "─".repeat(dashes)), Role::Faint),
    ];
    RichLine { spans, ground: None }
}

/// A summary or a result: a tree where it is JSON, else the text.
fn document(source: StorySource, value: &Value) -> Document {
    let name = if source == StorySource::Run { "summary" } else { "result" };
    let text = match value {
        Value::Null => return Document::lines(plain(&format!("It has no {name}."), Role::Muted), Wrap::Wrap),
        Value::Blob(_) => return Document::Hex(0),
        Value::Text(bytes) => match std::str::from_utf8(bytes.head()) {
            Ok(text) if text.trim().is_empty() => {
                return Document::lines(plain(&format!("Its {name} is an empty text."), Role::Empty), Wrap::Wrap);
            }
            Ok(text) => text,
            Err(_) => return Document::Hex(0),
        },
        number => return Document::lines(plain(&number.to_plain(), Role::Integer), Wrap::Wrap),
    };
    if text.len() > MOST_TREE {
        return Document::lines(plain(text, Role::Text), Wrap::Cut);
    }
    if !JsonTree::looks_like(text) {
        return Document::lines(plain(text, Role::Text), Wrap::Wrap);
    }
    match JsonTree::parse(text) {
        Ok(tree) => Document::Json(Box::new(tree)),
        Err(error) => {
            let mut lines = plain(&format!("not valid JSON: {error}"), Role::Warning);
            lines.extend(plain(text, Role::Text));
            Document::lines(lines, Wrap::Wrap)
        }
    }
}

/// What the history says beside the states.
fn metadata(value: &Value) -> Vec<RichLine> {
    let text = value.to_plain();
    let (head, missing) = crate::panes::story::lines::head(&text);
    let pretty = crate::domain::json_check::pretty(head);
    let mut lines = plain(pretty.as_deref().unwrap_or(head), Role::Text);
    if missing > 0 {
        lines.push(RichLine::of(format!("… {missing} more bytes"), Role::Warning));
    }
    lines
}

impl Overlay for EventView {
    fn context(&self) -> Context {
        Context::Event
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        let page = i64::from(self.page()).max(1);
        match action {
            Action::Cancel | Action::Quit => {
                self.give_up(cx);
                return Step::Close;
            }
            Action::Down => self.scroll(0, 1, cx),
            Action::Up => self.scroll(0, -1, cx),
            Action::Right => self.scroll(SIDEWAYS, 0, cx),
            Action::Left => self.scroll(-SIDEWAYS, 0, cx),
            Action::HalfPageDown => self.scroll(0, (page / 2).max(1), cx),
            Action::HalfPageUp => self.scroll(0, -(page / 2).max(1), cx),
            Action::PageDown => self.scroll(0, page, cx),
            Action::PageUp => self.scroll(0, -page, cx),
            Action::First | Action::Last => self.ends(action, cx),
            Action::NextMatch | Action::PreviousMatch => {
                let by = if action == Action::NextMatch { 1 } else { -1 };
                if self.has_states() && !self.sheet.step(by) {
                    cx.out.say(Severity::Info, "there is no change to go to");
                }
            }
            Action::Fold | Action::FoldAll | Action::UnfoldAll => self.fold(action, cx),
            Action::Wrap => self.restyle(
                |style| {
                    style.shape = if style.shape == Shape::Unified { Shape::Fitting } else { Shape::Unified };
                },
                cx,
            ),
            Action::Raw => self.restyle(
                |style| style.form = if style.form == Form::Stored { Form::Compared } else { Form::Stored },
                cx,
            ),
            Action::NextPane | Action::PreviousPane => self.turn_part(cx),
            Action::Open => self.open(cx),
            Action::ViewCell => self.view_cell(cx),
            Action::FollowReference | Action::FocusQuestion => self.follow(cx),
            Action::Timeline => self.timeline(cx),
            Action::FocusTable => self.go_to_row(cx),
            Action::Earlier => self.turn(Turn::Earlier, cx),
            Action::Later => self.turn(Turn::Later, cx),
            Action::Copy => self.copy(cx),
            Action::CopyPath => self.copy_path(cx),
            Action::CopyRow => {
                let (relation, key, secrets) = (Arc::clone(&self.relation), self.key.clone(), Secrets::Masked);
                cx.out.intents.push(Intent::CopyRow { relation, key, secrets });
            }
            Action::Refresh => self.refresh(cx),
            _ => {}
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, cx: &mut Cx<'_>) -> Step {
        let at = Position { x: mouse.column, y: mouse.row };
        match mouse.kind {
            MouseEventKind::ScrollDown => self.scroll(0, WHEEL, cx),
            MouseEventKind::ScrollUp => self.scroll(0, -WHEEL, cx),
            MouseEventKind::Down(MouseButton::Left) if !self.has_states() => {
                if self.areas.rows.contains(at) {
                    let again = self.part == Part::Rows;
                    self.part = Part::Rows;
                    let line = at.y - self.areas.rows.y;
                    let opens = self.rows.as_mut().ok().and_then(|rows| rows.click(line)) == Some(true) && again;
                    if opens {
                        self.open(cx);
                    }
                } else if self.areas.document.contains(at) {
                    self.part = Part::Document;
                    if let Document::Json(tree) = &mut self.document
                        && tree.click(at.y - self.areas.document.y)
                    {
                        tree.toggle();
                    }
                }
            }
            _ => {}
        }
        Step::Stay
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let Some((id, wanted)) = self.asked else { return Handled::No };
        // Another window's.
        if !cx.out.is_newest(Slot::Cell, id) {
            return Handled::No;
        }
        self.asked = None;
        match (wanted, outcome) {
            (Wanted::Record, Ok(Answer::Record(Some(record)))) => {
                self.read = None;
                let record = Arc::clone(record);
                self.receive(&record, cx);
                self.ask_rows(cx);
            }
            (Wanted::Record, Ok(Answer::Record(None))) => (self.phase, self.read) = (Phase::Gone, None),
            (Wanted::Rows, Ok(Answer::Ledger(page))) => {
                if let Ok(rows) = &mut self.rows {
                    rows.take(page);
                }
                self.ask_rows(cx);
            }
            (Wanted::Story(turn), Ok(Answer::Story(story))) => {
                self.story = Some(Arc::clone(story));
                self.turn(turn, cx);
            }
            (_, Ok(_)) => return Handled::No,
            (_, Err(error)) if error.kind == ErrorKind::Cancelled => {}
            (Wanted::Record, Err(error)) if self.told.is_some() => {
                cx.out.say(Severity::Warning, format!("the row was not read anew: {}", safe::safe(&error.what)));
            }
            (Wanted::Record, Err(error)) => self.phase = Phase::Failed(error.clone()),
            (Wanted::Rows, Err(error)) => {
                if let Ok(rows) = &mut self.rows {
                    rows.failed = Some(error.clone());
                }
            }
            (Wanted::Story(_), Err(error)) => {
                cx.out.say(Severity::Warning, format!("its story cannot be read: {}", safe::safe(&error.what)));
            }
        }
        Handled::Yes
    }

    fn kept(&mut self, answer: &Answer, read: Timestamp, cx: &mut Cx<'_>) -> Handled {
        let mine = self.asked.is_some_and(|(id, wanted)| wanted == Wanted::Record && cx.out.is_newest(Slot::Cell, id));
        let (true, None, Answer::Record(Some(record))) = (mine, &self.told, answer) else { return Handled::No };
        let record = Arc::clone(record);
        self.receive(&record, cx);
        self.read = Some(read);
        Handled::Yes
    }

    fn uncovered(&mut self, cx: &mut Cx<'_>) {
        // What lay on top has asked on the same line.
        if let Some((id, wanted)) = self.asked
            && !cx.out.is_newest(Slot::Cell, id)
        {
            self.asked = None;
            self.ask(wanted, cx);
        }
    }

    fn gives_way(&self) -> bool {
        true
    }

    fn next_age(&self, now: Now) -> Option<Duration> {
        self.told.as_ref().map(|_| when::next_minute(now))
    }

    fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        let rows = self.rows.as_ref().ok().and_then(|rows| rows.failed.as_ref());
        if self.asked.is_some() {
            return Handled::No;
        }
        if matches!(&self.phase, Phase::Failed(error) if link::is_of_the_way(error)) {
            self.phase = Phase::Reading;
            self.ask(Wanted::Record, cx);
        } else if rows.is_some_and(link::is_of_the_way) {
            self.ask(Wanted::Rows, cx);
        } else {
            return Handled::No;
        }
        Handled::Yes
    }

    fn computed(&mut self, job: &Job, result: &Computed, cx: &mut Cx<'_>) -> Handled {
        if !self.works.take(job, result) {
            return Handled::No;
        }
        self.lay_out(cx);
        Handled::Yes
    }

    fn resize(&mut self, screen: Rect, cx: &mut Cx<'_>) {
        self.screen = screen;
        self.lay_out(cx);
        self.ask_rows(cx);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        self.draw(screen, buf, cx);
    }
}

impl EventView {
    /// Lines of a page of what the keys scroll.
    fn page(&self) -> u16 {
        if self.has_states() {
            return view::inside(view::area(self.screen)).height;
        }
        match self.part {
            Part::Document => self.areas.document.height,
            Part::Rows => self.areas.rows.height,
        }
    }
}
