//! A form for a new row, from the schema: each column with its type, whether it must be given, and what it gets otherwise.
//!
//! Ids are made where the catalogue says that they are (UUIDs), left to the database where it makes them, and asked for and looked up
//! where they are given by hand. The values themselves are edited by the editor over it.

mod field;

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect};

use self::field::Field;
use crate::{
    db::{
        error::Error,
        request::{Answer, Query, Slot},
    },
    domain::{
        change::{Cell, Change, EntryId},
        edit::NewValue,
        page::{PageAt, PageQuery, Record, RowKey},
        record_text::{MASK, is_masked},
        schema::Relation,
        value::{Secrets, Value},
    },
    keymap::Context,
    message::{action::Action, severity::Severity},
    panes::{
        Cx, EditHow, Handled, Intent, ViewCx, Wish,
        overlay::{Overlay, Step, beginning, centred, draw_hint, keep_visible, moved, window},
    },
    theme::Role,
    widgets::safe::{fit, safe},
};

/// What is waited for.
#[derive(Debug, PartialEq)]
enum Waiting {
    Nothing,
    /// The row that this one is to be like.
    Like,
    /// Whether there is a row with this key already.
    Key(Value),
}

/// What closing it would lose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Filled {
    /// Nothing: it is as it was opened.
    Nothing,
    /// What was filled in by hand.
    ByHand,
    /// That, too; Esc was pressed once, and is meant where it is pressed again.
    Warned,
}

/// The form.
#[derive(Debug)]
pub struct RowForm {
    relation: Arc<Relation>,
    fields: Vec<Field>,
    cursor: usize,
    top: usize,
    height: usize,
    waiting: Waiting,
    /// The staged new row that is edited once more.
    again: Option<EntryId>,
    filled: Filled,
    done: bool,
}

fn area(screen: Rect, fields: usize) -> Rect {
    let height = u16::try_from(fields).unwrap_or(u16::MAX).saturating_add(3).min(screen.height.saturating_sub(2));
    centred(screen, screen.width.saturating_sub(2).min(100), height.max(screen.height.min(6)))
}

impl RowForm {
    /// An empty form, or one like the row with this key, which is read first. `uuid` is for keys that are made.
    pub fn new(relation: Arc<Relation>, like: Option<RowKey>, uuid: &str, cx: &mut Cx<'_>) -> Self {
        let mut waiting = Waiting::Nothing;
        if let Some(key) = like {
            cx.out.ask_again(Slot::Cell, Query::Record(relation.clone(), key));
            waiting = Waiting::Like;
        }
        let fields = field::all(&relation, uuid, cx.now.wall);
        Self::of(relation, fields, waiting, None).on_first()
    }

    fn of(relation: Arc<Relation>, fields: Vec<Field>, waiting: Waiting, again: Option<EntryId>) -> Self {
        let filled = Filled::Nothing;
        Self { relation, fields, cursor: 0, top: 0, height: 1, waiting, again, filled, done: false }
    }

    /// The form of a staged new row.
    pub fn again(id: EntryId, relation: Arc<Relation>, cells: &[Cell]) -> Self {
        let mut fields = field::all(&relation, "", jiff::Timestamp::UNIX_EPOCH);
        for field in &mut fields {
            let given = cells.iter().find(|(column, _)| *column == field.column);
            field.value = given.map_or(NewValue::Default, |(_, value)| NewValue::Given(value.clone()));
        }
        let waiting = Waiting::Nothing;
        Self::of(relation, fields, waiting, Some(id)).on_first()
    }

    /// The cursor on what has to be given.
    fn on_first(mut self) -> Self {
        self.cursor = self.fields.iter().position(Field::is_missing).unwrap_or(0);
        self
    }

    fn edit(&self, how: EditHow, cx: &mut Cx<'_>) {
        let Some(field) = self.fields.get(self.cursor) else { return };
        cx.out.intents.push(Intent::EditValue {
            ticket: field.column as u64,
            relation: self.relation.clone(),
            column: field.column,
            value: field.value.clone(),
            how,
        });
    }

    /// Stages the row, after all that can be checked here; a key given by hand is looked up first.
    fn stage(&mut self, cx: &mut Cx<'_>) {
        match self.waiting {
            Waiting::Nothing => {}
            Waiting::Like => {
                return cx.out.say(Severity::Info, "the row that this one is to be like is still being read");
            }
            Waiting::Key(_) => return cx.out.say(Severity::Info, "whether the key is free is still being looked up"),
        }
        let missing: Vec<usize> = (0..self.fields.len()).filter(|at| self.fields[*at].is_missing()).collect();
        if let Some(first) = missing.first() {
            self.cursor = *first;
            let names: Vec<&str> = missing.iter().map(|at| self.fields[*at].name.as_str()).collect();
            cx.out.say(Severity::Warning, format!("still to be given: {}", safe(&names.join(", "))));
            return;
        }
        match self.fields.iter().find(|field| field.is_only_key) {
            Some(Field { value: NewValue::Given(key), .. }) => {
                let key = key.clone();
                let query = PageQuery {
                    relation: self.relation.clone(),
                    sort: Vec::new(),
                    at: PageAt::KeyText(key.to_plain().into_owned()),
                    limit: 1,
                };
                cx.out.ask_again(Slot::Cell, Query::Page(query));
                self.waiting = Waiting::Key(key);
            }
            _ => self.stage_now(cx),
        }
    }

    fn look_no_more(&mut self, cx: &mut Cx<'_>) {
        cx.out.cancel(Slot::Cell);
        self.waiting = Waiting::Nothing;
    }

    fn stage_now(&mut self, cx: &mut Cx<'_>) {
        let given = |field: &Field| match &field.value {
            NewValue::Given(value) => Some((field.column, value.clone())),
            NewValue::Default => None,
        };
        let cells = self.fields.iter().filter_map(given).collect();
        let change = Change::Insert { relation: self.relation.clone(), cells, unless: Vec::new() };
        cx.out.intents.push(match self.again {
            Some(id) => Intent::Writing(Wish::Restage(id, change)),
            None => Intent::Stage(change),
        });
        self.done = true;
    }

    fn fill(&mut self, record: &Record) {
        for field in &mut self.fields {
            if let Some(value) = record.cells.get(field.column).filter(|_| field.is_copied) {
                field.value = NewValue::Given(value.clone());
            }
        }
    }

    fn value_words(field: &Field, relation: &Relation) -> (String, Role) {
        match &field.value {
            NewValue::Default if field.is_missing() => ("to be given".to_owned(), Role::Warning),
            NewValue::Default => (field.otherwise.clone(), Role::Faint),
            NewValue::Given(Value::Null) => ("NULL".to_owned(), Role::Null),
            NewValue::Given(value)
                if relation.columns.get(field.column).is_some_and(|own| is_masked(own, value, Secrets::Masked)) =>
            {
                (MASK.to_owned(), Role::Text)
            }
            NewValue::Given(Value::Text(bytes)) if bytes.total() == 0 => ("(empty)".to_owned(), Role::Empty),
            NewValue::Given(value) => (beginning(value, 200), Role::Text),
        }
    }
}

impl Overlay for RowForm {
    fn context(&self) -> Context {
        Context::Changes
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        if action != Action::Cancel && self.filled == Filled::Warned {
            self.filled = Filled::ByHand;
        }
        match action {
            Action::Cancel if matches!(self.waiting, Waiting::Key(_)) => self.look_no_more(cx),
            Action::Cancel if self.filled == Filled::ByHand => {
                self.filled = Filled::Warned;
                cx.out.say(Severity::Warning, "esc once more gives the new row up; Ctrl-s stages it");
            }
            Action::Cancel => {
                if self.waiting != Waiting::Nothing {
                    cx.out.cancel(Slot::Cell);
                }
                return Step::Close;
            }
            // What is looked up is the key as it was: another one is looked up anew.
            Action::Open | Action::Edit | Action::EditExternal | Action::Drop
                if matches!(self.waiting, Waiting::Key(_)) =>
            {
                self.look_no_more(cx);
                return self.act(action, cx);
            }
            Action::Open | Action::Edit => self.edit(EditHow::InPlace, cx),
            Action::EditExternal => self.edit(EditHow::External, cx),
            Action::Drop => {
                if let Some(field) = self.fields.get_mut(self.cursor) {
                    field.value = NewValue::Default;
                    self.filled = Filled::ByHand;
                }
            }
            Action::Commit => self.stage(cx),
            _ => {
                if let Some(to) = moved(action, self.cursor, self.fields.len(), self.height) {
                    self.cursor = to;
                }
            }
        }
        keep_visible(&mut self.cursor, &mut self.top, self.fields.len(), self.height);
        if self.done { Step::Close } else { Step::Stay }
    }

    fn edited(&mut self, ticket: u64, value: &NewValue, _cx: &mut Cx<'_>) -> Handled {
        let Some(field) = self.fields.iter_mut().find(|field| field.column as u64 == ticket) else {
            return Handled::No;
        };
        field.value = value.clone();
        self.filled = Filled::ByHand;
        Handled::Yes
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        match (std::mem::replace(&mut self.waiting, Waiting::Nothing), outcome) {
            (Waiting::Like, Ok(Answer::Record(Some(record)))) => {
                self.fill(record);
                self.filled = Filled::ByHand;
            }
            (Waiting::Like, Ok(Answer::Record(None))) => {
                cx.out.say(Severity::Warning, "the row to be duplicated is gone: the form is empty");
            }
            (Waiting::Key(key), Ok(Answer::Page(page))) => {
                let at = self.fields.iter().position(|field| field.is_only_key);
                let column = at.and_then(|at| self.fields.get(at)).map(|field| field.column);
                let there = page.rows.first().zip(column).and_then(|(row, column)| row.cells.get(column));
                if there == Some(&key) {
                    self.cursor = at.unwrap_or(self.cursor);
                    let words = format!("{} is there already: give another key", key.to_plain());
                    cx.out.say(Severity::Warning, safe(&words).into_owned());
                } else {
                    self.stage_now(cx);
                }
            }
            (Waiting::Key(_), Err(error)) => {
                cx.out.say(
                    Severity::Error,
                    format!("whether the key is free could not be read: {error}. {}", error.remedy),
                );
            }
            (Waiting::Like, Err(error)) => {
                cx.out.say(Severity::Error, format!("the row could not be read: {error}. {}", error.remedy));
            }
            (waiting, _) => {
                self.waiting = waiting;
                return Handled::No;
            }
        }
        keep_visible(&mut self.cursor, &mut self.top, self.fields.len(), self.height);
        Handled::Yes
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn is_precious(&self) -> bool {
        self.filled != Filled::Nothing
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.height = usize::from(area(screen, self.fields.len()).height.saturating_sub(3)).max(1);
        keep_visible(&mut self.cursor, &mut self.top, self.fields.len(), self.height);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let title = match self.again {
            Some(_) => format!("Staged new row of {}", safe(&self.relation.name)),
            None => format!("New row of {}", safe(&self.relation.name)),
        };
        let hint = match screen.width {
            ..60 => "enter edits · ^s stages · esc",
            _ => "enter edits · d default · ctrl-s stages · esc gives it up",
        };
        let place = area(screen, self.fields.len());
        let inside = window(&title, "", place, buf, cx);
        draw_hint(hint, place, buf, cx);
        if inside.is_empty() {
            return;
        }
        let wide = self.fields.iter().map(|field| crate::widgets::safe::width(&safe(&field.name))).max().unwrap_or(0);
        let names = wide.min(usize::from(inside.width) / 3).max(4);
        let room = usize::from(inside.width);
        let list = Rect { height: inside.height.saturating_sub(1), ..inside };
        for ((at, field), y) in self.fields.iter().enumerate().skip(self.top).zip(list.y..list.bottom()) {
            let name = safe(&field.name);
            let role = if field.is_missing() { Role::Warning } else { Role::Header };
            buf.set_stringn(inside.x + 1, y, fit(&name, names), names, cx.theme.style(role));
            let x = inside.x + 2 + names as u16;
            let must = if field.must { "!" } else { " " };
            buf.set_stringn(x, y, must, 1, cx.theme.style(Role::Warning));
            let (words, role) = match (&self.waiting, field.is_copied) {
                (Waiting::Like, true) => ("…".to_owned(), Role::Muted),
                _ => Self::value_words(field, &self.relation),
            };
            let left = room.saturating_sub(names + 5);
            buf.set_stringn(x + 2, y, fit(&safe(&words), left), left, cx.theme.style(role));
            if at == self.cursor {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::Selected));
            }
        }
        if let Some(field) = self.fields.get(self.cursor) {
            let words = match &self.waiting {
                Waiting::Key(_) => "looking whether the key is free …".to_owned(),
                _ => field.about.clone(),
            };
            let words = safe(&words);
            let y = inside.bottom() - 1;
            buf.set_stringn(inside.x + 1, y, fit(&words, room.saturating_sub(2)), room, cx.theme.style(Role::Muted));
        }
    }
}
