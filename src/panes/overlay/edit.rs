//! The editor of a value, over the screen: text in place or in `$EDITOR`, known values as a list, NULL, empty and default as
//! choices of their own.
//!
//! Owns what is being typed until it is staged. Reads the whole row first: what is edited is what is staged already, what guards
//! the edit is the row as it was read. Checks with [`crate::domain::edit`]; never writes.

mod choices;
mod external;
pub(super) mod list;
mod stage;
#[cfg(test)]
mod tests;
mod view;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{buffer::Buffer, layout::Rect};

use list::{List, Pick};

use crate::{
    db::{
        error::Error,
        request::{Answer, Query, Slot},
    },
    domain::{
        catalogue::Meaning,
        edit::{Draft, Finding, Form, NewValue, Weight},
        page::{Record, RowKey},
        record_text::is_secret,
        schema::{Column, Relation},
        syntax::{Computed, Job},
        value::Value,
    },
    keymap::Context,
    message::{action::Action, command::Command, severity::Severity},
    panes::{
        Cx, EditHow, Handled, ViewCx, link,
        overlay::{Overlay, Step},
    },
    widgets::{
        editor::{Changed, LineNumbers, Pasted, TextEditor},
        prompt::LineInput,
    },
};

/// JSON up to this length is checked with every key; longer JSON in the background.
const CHECKED_AT_ONCE: usize = 64 << 10;

/// What is edited.
#[derive(Clone, Debug, PartialEq)]
enum Target {
    /// A cell of a row that is there: staged as an update.
    Cell(RowKey),
    /// A value without a row: it comes back by [`crate::panes::Intent::Edited`].
    Field(u64),
}

/// How far it is.
#[derive(Clone, Debug, PartialEq)]
enum Phase {
    /// The row is being read.
    Reading,
    /// It could not be read.
    Failed(Error),
    /// There is nothing to edit, for this reason.
    Gone(&'static str),
    /// Being edited.
    Open,
    /// In the user's editor.
    Away,
}

/// What the value is: NULL and the default are no texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    Null,
    Default,
    Text,
}

/// The text.
#[derive(Debug)]
enum Body {
    Area(Box<TextEditor>),
    /// Too long to be edited in place.
    Large(Arc<str>),
}

impl Body {
    fn new(text: String) -> Self {
        if TextEditor::fits(&text) { Self::Area(Box::new(TextEditor::new(&text))) } else { Self::Large(text.into()) }
    }

    fn text(&self) -> String {
        match self {
            Self::Area(editor) => editor.text(),
            Self::Large(text) => text.to_string(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Area(editor) => editor.len(),
            Self::Large(text) => text.len(),
        }
    }
}

/// A check in the background.
#[derive(Debug, Default)]
struct Checking {
    /// What is being checked.
    job: Option<Job>,
    /// The text has changed since.
    stale: bool,
}

/// The editor of a value.
#[derive(Debug)]
pub struct CellEditor {
    target: Target,
    relation: Arc<Relation>,
    column: usize,
    how: EditHow,
    /// Comes back with what the user's editor has left.
    ticket: u64,
    phase: Phase,
    record: Option<Arc<Record>>,
    /// What the database holds.
    was: Value,
    /// What was here when the editor was opened: staged already, or what the database holds.
    start: NewValue,
    start_text: String,
    held: Held,
    form: Form,
    body: Body,
    /// Whether anything was typed or chosen.
    touched: bool,
    findings: Vec<Finding>,
    checking: Checking,
    list: Option<List>,
    searching: Option<LineInput>,
    /// Whether the user has said that a secret is to be shown.
    revealed: bool,
    /// A text that was typed before the program ended, to go on with.
    draft: Option<String>,
    done: bool,
    screen: Rect,
}

impl CellEditor {
    /// For a cell of a row that is there: reads the row. `ticket` must be this editor's own.
    pub fn for_cell(
        relation: Arc<Relation>,
        key: RowKey,
        column: usize,
        how: EditHow,
        ticket: u64,
        cx: &mut Cx<'_>,
    ) -> Self {
        let mut editor = Self::new(Target::Cell(key), relation, column, how, ticket);
        editor.read(cx);
        editor
    }

    /// For a cell whose text was being typed when the program ended: goes on with that text.
    pub fn for_draft(
        relation: Arc<Relation>,
        key: RowKey,
        column: usize,
        text: String,
        ticket: u64,
        cx: &mut Cx<'_>,
    ) -> Self {
        let mut editor = Self::for_cell(relation, key, column, EditHow::InPlace, ticket, cx);
        editor.draft = Some(text);
        editor
    }

    /// For a value without a row. `answer` comes back with the value, `ticket` must be this editor's own.
    pub fn for_field(
        relation: Arc<Relation>,
        column: usize,
        value: NewValue,
        how: EditHow,
        (answer, ticket): (u64, u64),
        cx: &mut Cx<'_>,
    ) -> Self {
        let mut editor = Self::new(Target::Field(answer), relation, column, how, ticket);
        editor.open(value, cx);
        editor
    }

    fn new(target: Target, relation: Arc<Relation>, column: usize, how: EditHow, ticket: u64) -> Self {
        Self {
            target,
            relation,
            column,
            how,
            ticket,
            phase: Phase::Reading,
            record: None,
            was: Value::Null,
            start: NewValue::Given(Value::Null),
            start_text: String::new(),
            held: Held::Null,
            form: Form::Text,
            body: Body::new(String::new()),
            touched: false,
            findings: Vec::new(),
            checking: Checking::default(),
            list: None,
            searching: None,
            revealed: false,
            draft: None,
            done: false,
            screen: Rect::default(),
        }
    }

    fn read(&mut self, cx: &mut Cx<'_>) {
        let Target::Cell(key) = &self.target else { return };
        self.phase = Phase::Reading;
        // The guard of an edit is what the database holds, not what memory does.
        cx.out.ask_again(Slot::Cell, Query::Record(Arc::clone(&self.relation), key.clone()));
    }

    fn of(&self) -> Option<&Column> {
        self.relation.columns.get(self.column)
    }

    fn meaning(&self) -> Meaning {
        self.of().and_then(|column| column.facts).map_or(Meaning::Plain, |facts| facts.meaning)
    }

    fn is_secret(&self) -> bool {
        self.of().is_some_and(is_secret)
    }

    /// The row is here: edits what is staged for the cell, or else what it holds.
    fn arrived(&mut self, record: &Arc<Record>, cx: &mut Cx<'_>) {
        let Some(value) = record.cells.get(self.column) else {
            self.phase = Phase::Gone("the table has changed: read it anew and try again");
            return;
        };
        self.was = value.clone();
        self.record = Some(Arc::clone(record));
        let staged = match &self.target {
            Target::Cell(key) => cx.settings.staged.cell(&self.relation, key, self.column).cloned(),
            Target::Field(_) => None,
        };
        let value = staged.unwrap_or_else(|| self.was.clone());
        self.open(NewValue::Given(value), cx);
    }

    /// Shows this value, and goes on as the user wanted: a secret first asks, `$EDITOR` opens, known values are offered.
    fn open(&mut self, value: NewValue, cx: &mut Cx<'_>) {
        self.phase = Phase::Open;
        self.held = match &value {
            NewValue::Default => Held::Default,
            NewValue::Given(Value::Null) => Held::Null,
            NewValue::Given(_) => Held::Text,
        };
        let given = match &value {
            NewValue::Given(value) if !value.is_null() => value,
            _ => &self.was,
        };
        self.form = self.of().map_or(Form::Text, |column| Form::of(column, given));
        self.start_text = match &value {
            NewValue::Given(value) => self.form.write(value),
            NewValue::Default => String::new(),
        };
        self.body = Body::new(self.start_text.clone());
        self.start = value;
        self.lay_out();
        if self.is_single()
            && let Body::Area(editor) = &mut self.body
        {
            editor.go_to_end();
        }
        if self.is_secret() && self.held == Held::Text && !self.revealed {
            self.list = Some(self.ask_reveal());
        } else {
            self.go_on(cx);
        }
        self.fit_list();
    }

    fn go_on(&mut self, cx: &mut Cx<'_>) {
        if let Some(text) = self.draft.take() {
            self.put(text);
            self.recheck(cx);
            return;
        }
        self.recheck(cx);
        if self.how == EditHow::External {
            self.leave_for_editor(cx);
        } else if matches!(self.body, Body::Large(_)) {
            self.list = Some(self.too_large());
        } else {
            self.list = self.known_values();
        }
        self.fit_list();
    }

    fn fit_list(&mut self) {
        let screen = self.screen;
        if let Some(list) = &mut self.list {
            list.resize(screen);
        }
    }

    /// Whether a line is what this value is: Enter stages it then.
    fn is_single(&self) -> bool {
        let Body::Area(editor) = &self.body else { return false };
        let short = match self.form {
            Form::Number(_) => true,
            Form::Text => matches!(
                self.meaning(),
                Meaning::Plain
                    | Meaning::Time
                    | Meaning::Enumerated(_)
                    | Meaning::Percent
                    | Meaning::Flag
                    | Meaning::QuestionId
                    | Meaning::Url
                    | Meaning::Secret
            ),
            Form::Blob | Form::TextBytes => false,
        };
        short && editor.lines() == 1 && editor.len() <= 400
    }

    /// Numbers lines where there are some to tell apart.
    fn lay_out(&mut self) {
        let single = self.is_single();
        if let Body::Area(editor) = &mut self.body {
            editor.number_lines(if single { LineNumbers::Hidden } else { LineNumbers::Shown });
        }
    }

    /// Another text in the place of what is there.
    fn put(&mut self, text: String) {
        self.touched = true;
        self.held = Held::Text;
        match &mut self.body {
            Body::Area(editor) if TextEditor::fits(&text) => editor.replace(&text),
            _ => self.body = Body::new(text),
        }
        self.lay_out();
    }

    fn typed(&mut self, changed: Changed, cx: &mut Cx<'_>) {
        if changed == Changed::Yes {
            self.touched = true;
            self.lay_out();
            self.recheck(cx);
        }
    }

    /// Typing over NULL or the default begins a text.
    fn begin_text(&mut self) {
        if self.held != Held::Text {
            self.held = Held::Text;
            if let Body::Area(editor) = &mut self.body
                && !editor.is_empty()
            {
                editor.replace("");
            }
        }
    }

    /// Whether something was typed or chosen that is not what was there.
    fn is_changed(&self) -> bool {
        let held = match &self.start {
            NewValue::Default => Held::Default,
            NewValue::Given(Value::Null) => Held::Null,
            NewValue::Given(_) => Held::Text,
        };
        self.touched && (self.held != held || (held == Held::Text && self.body.text() != self.start_text))
    }

    /// Closes where nothing was changed; asks where something was.
    fn leave(&mut self, cx: &mut Cx<'_>) -> Step {
        if self.phase == Phase::Away {
            // A key pressed right behind the one that opened it: what is written there comes back here.
            return Step::Stay;
        }
        if self.phase == Phase::Reading {
            cx.out.cancel(Slot::Cell);
        }
        if let Some(text) = self.draft.take() {
            let what = "what was being typed".to_owned();
            cx.out.commands.push(Command::Copy { text, what });
            cx.out.say(Severity::Warning, "what was being typed is on the clipboard");
            return Step::Close;
        }
        if self.phase == Phase::Reading {
            return Step::Close;
        }
        if self.is_changed() {
            self.list = Some(self.ask_leave());
            self.fit_list();
            return Step::Stay;
        }
        Step::Close
    }

    /// What was copied goes to the clipboard, too.
    fn copied(text: Option<String>, what: &str, cx: &mut Cx<'_>) {
        match text {
            Some(text) => cx.out.commands.push(Command::Copy { text, what: what.to_owned() }),
            None => {
                cx.out.say(Severity::Info, "nothing is selected: shift and the arrows select, F8 selects everything");
            }
        }
    }

    fn found(found: bool, cx: &mut Cx<'_>) {
        if !found {
            cx.out.say(Severity::Info, "not found");
        }
    }

    /// What an action does in the text.
    fn edit(&mut self, action: Action, cx: &mut Cx<'_>) {
        let Body::Area(editor) = &mut self.body else { return };
        match action {
            Action::Undo | Action::Redo if self.held != Held::Text => {
                // What was typed before NULL was chosen is still there.
                self.held = Held::Text;
                self.typed(Changed::Yes, cx);
            }
            Action::Undo => {
                let changed = editor.undo();
                self.typed(changed, cx);
            }
            Action::Redo => {
                let changed = editor.redo();
                self.typed(changed, cx);
            }
            Action::SelectAll => editor.select_all(),
            Action::Copy => Self::copied(editor.copy(), "selection", cx),
            Action::Cut => {
                let cut = editor.cut();
                let changed = Changed::from(cut.is_some());
                Self::copied(cut, "selection", cx);
                self.typed(changed, cx);
            }
            Action::Paste => {
                self.begin_text();
                let Body::Area(editor) = &mut self.body else { return };
                let changed = editor.paste_kept();
                self.typed(changed, cx);
            }
            Action::Wrap => editor.toggle_wrap(),
            Action::Search => self.searching = Some(LineInput::default()),
            Action::NextMatch => Self::found(editor.next_match(), cx),
            Action::PreviousMatch => Self::found(editor.previous_match(), cx),
            _ => {}
        }
    }
}

impl Overlay for CellEditor {
    fn context(&self) -> Context {
        match self.phase {
            _ if self.list.is_some() || self.searching.is_some() => Context::Prompt,
            Phase::Open => Context::Edit,
            _ => Context::List,
        }
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        if let Some(list) = &mut self.list {
            return match list.act(action) {
                Some(pick) => self.pick(pick, cx),
                None => Step::Stay,
            };
        }
        if self.searching.is_some() {
            if matches!(action, Action::Open | Action::Cancel) {
                self.searching = None;
            }
            return Step::Stay;
        }
        match (action, &self.phase) {
            (Action::Cancel, _) => return self.leave(cx),
            (_, Phase::Open) => {}
            _ => return Step::Stay,
        }
        match action {
            Action::Commit => return self.stage(stage::Sure::No, cx),
            Action::Choices => {
                self.list = Some(self.choices());
                self.fit_list();
            }
            Action::EditExternal => self.leave_for_editor(cx),
            Action::Format => self.format(cx),
            _ => self.edit(action, cx),
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        if let Some(list) = &mut self.list {
            return match list.key(key) {
                Some(pick) => self.pick(pick, cx),
                None => Step::Stay,
            };
        }
        if let Some(input) = &mut self.searching {
            if input.key(key)
                && let Body::Area(editor) = &mut self.body
            {
                editor.search(input.text());
            }
            return Step::Stay;
        }
        if self.phase != Phase::Open {
            return Step::Stay;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Enter if self.is_single() => return self.stage(stage::Sure::No, cx),
            KeyCode::Char('j') if control => {
                self.begin_text();
                if let Body::Area(editor) = &mut self.body {
                    editor.break_line();
                }
                self.typed(Changed::Yes, cx);
                return Step::Stay;
            }
            // A key that would type nothing, or delete what is not there, leaves NULL what it is.
            KeyCode::Char(_) | KeyCode::Enter | KeyCode::Tab if !control => self.begin_text(),
            _ if self.held != Held::Text => return Step::Stay,
            _ => {}
        }
        if let Body::Area(editor) = &mut self.body {
            let changed = editor.key(key);
            self.typed(changed, cx);
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        if let Some(input) = &mut self.searching {
            if input.paste(text)
                && let Body::Area(editor) = &mut self.body
            {
                editor.search(input.text());
            }
            return;
        }
        if self.list.is_some() || self.phase != Phase::Open {
            return;
        }
        self.begin_text();
        let Body::Area(editor) = &mut self.body else { return };
        match editor.paste(text) {
            Pasted::In(0) => self.typed(Changed::Yes, cx),
            Pasted::In(left_out) => {
                cx.out.say(Severity::Warning, format!("pasted without {left_out} control characters"));
                self.typed(Changed::Yes, cx);
            }
            Pasted::TooLong => {
                cx.out.say(Severity::Warning, "not pasted: too long to be edited in place. F4 opens $EDITOR");
            }
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, cx: &mut Cx<'_>) -> Step {
        if let Some(list) = &mut self.list {
            return match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => match list.click(mouse.column, mouse.row) {
                    Some(pick) => self.pick(pick, cx),
                    None => Step::Stay,
                },
                _ => Step::Stay,
            };
        }
        let area = self.text_area(self.screen);
        if let Body::Area(editor) = &mut self.body {
            match mouse.kind {
                MouseEventKind::ScrollDown => editor.scroll(3),
                MouseEventKind::ScrollUp => editor.scroll(-3),
                MouseEventKind::Down(MouseButton::Left) if area.contains((mouse.column, mouse.row).into()) => {
                    editor.click(mouse.column, mouse.row, area);
                }
                _ => {}
            }
        }
        Step::Stay
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        if self.phase != Phase::Reading {
            return Handled::No;
        }
        match outcome {
            Ok(Answer::Record(Some(record))) => self.arrived(record, cx),
            Ok(Answer::Record(None)) => self.phase = Phase::Gone("the row is gone"),
            Ok(_) => return Handled::No,
            Err(error) => self.phase = Phase::Failed(error.clone()),
        }
        Handled::Yes
    }

    fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        match &self.phase {
            Phase::Failed(error) if link::is_of_the_way(error) => self.read(cx),
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn left_editor(&mut self, ticket: u64, outcome: Result<Option<String>, String>, cx: &mut Cx<'_>) -> Handled {
        if ticket != self.ticket || self.phase != Phase::Away {
            return Handled::No;
        }
        self.back_from_editor(outcome, cx);
        self.fit_list();
        Handled::Yes
    }

    fn draft(&self) -> Option<Draft> {
        // A secret is not written to another file.
        if self.is_secret() {
            return None;
        }
        let text = match &self.draft {
            // It is kept until the row is here to go on with it.
            Some(text) => text.clone(),
            None if self.held == Held::Text && self.is_changed() => self.body.text(),
            None => return None,
        };
        let key = match &self.target {
            Target::Cell(key) => Some(key.clone()),
            Target::Field(_) => None,
        };
        let column = self.of()?.name.clone();
        Some(Draft { relation: self.relation.name.clone(), key, column, text })
    }

    fn is_precious(&self) -> bool {
        self.phase == Phase::Away || self.draft.is_some() || self.is_changed()
    }

    fn computed(&mut self, job: &Job, result: &Computed, cx: &mut Cx<'_>) -> Handled {
        let Computed::Json(report) = result else { return Handled::No };
        if self.checking.job.as_ref() != Some(job) {
            return Handled::No;
        }
        self.checking.job = None;
        self.findings = self.findings_of(report);
        if std::mem::take(&mut self.checking.stale) {
            self.recheck(cx);
        }
        Handled::Yes
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.screen = screen;
        self.fit_list();
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        self.draw(screen, buf, cx);
    }
}
