//! Three versions of a row side by side: as it was shown, as it is now, and as it is wanted; and what is to become of that.
//!
//! For decisions and for staged edits alike: who opens it says whose change it is, and gets it back with the answer. Nothing is
//! written here, and no key that decides questions means anything here: who works fast does not answer by accident.

use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::{
        change::Change,
        change_words,
        conflict::{self, Versions},
        diff::Comparison,
        page::Record,
        syntax::{Computed, Job},
        value::Value,
    },
    keymap::{Chord, Context},
    message::{action::Action, command::Command},
    panes::{
        Cx, Dispute, Handled, Intent, Settle, ViewCx,
        overlay::{Overlay, Step, beginning, centred, decide::verb, keep_visible, moved, window},
    },
    theme::Role,
    widgets::{
        diff::{self, DiffView},
        pen::Pen,
        safe::{fit, safe, safe_prose},
    },
};

/// Texts longer than this, or of several lines, are shown as a diff, too.
const SHORT: usize = 40;
/// Fields on the screen at most, where there is a diff to show, too.
const FIELDS: usize = 8;

/// What is left to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    /// The row is as it is wanted already.
    Nothing,
    Mine,
}

/// The three versions.
#[derive(Debug)]
pub struct Conflict {
    dispute: Dispute,
    change: Change,
    theirs: Record,
    fields: Vec<Versions>,
    left: Left,
    cursor: usize,
    top: usize,
    /// Of the field under the cursor: what somebody else has made of what was shown.
    diff: DiffView,
    /// The comparison that is being computed.
    asked: Option<Arc<Comparison>>,
    screen: Rect,
}

impl Conflict {
    /// For this change of a row that is `theirs` by now.
    pub fn new(dispute: Dispute, change: Change, theirs: Record) -> Self {
        let mut fields = conflict::versions(&change, &theirs);
        // What somebody else has changed is what one has not seen.
        fields.sort_by_key(|field| !field.is_changed());
        let left = if conflict::is_done(&change, &theirs) { Left::Nothing } else { Left::Mine };
        let diff = DiffView::default();
        Self { dispute, change, theirs, fields, left, cursor: 0, top: 0, diff, asked: None, screen: Rect::ZERO }
    }

    fn settle(&self, how: Settle, cx: &mut Cx<'_>) -> Step {
        let change = conflict::renewed(&self.change, &self.theirs);
        cx.out.intents.push(Intent::Settle { dispute: self.dispute.clone(), change, how });
        Step::Close
    }

    fn name(&self, field: &Versions) -> String {
        let column = self.change.relation().columns.get(field.column);
        column.map_or_else(String::new, |column| safe(&column.name).into_owned())
    }

    fn is_long(field: &Versions) -> bool {
        let long = |value: &Option<Value>| {
            value.as_ref().and_then(Value::as_text).is_some_and(|text| text.len() > SHORT || text.contains('\n'))
        };
        field.is_changed() && (long(&field.shown) || long(&field.theirs))
    }

    fn has_diff(&self) -> bool {
        self.fields.iter().any(Self::is_long)
    }

    /// Finds what differs in the field under the cursor.
    fn compare(&mut self, cx: &mut Cx<'_>) {
        self.asked = None;
        self.diff.set(Arc::default());
        let Some(field) = self.fields.get(self.cursor).filter(|field| Self::is_long(field)) else { return };
        let (null, shown, theirs) = (Value::Null, field.shown.as_ref(), field.theirs.as_ref());
        let comparison = Comparison::of_values(shown.unwrap_or(&null), theirs.unwrap_or(&null));
        if comparison.is_heavy() {
            let comparison = Arc::new(comparison);
            cx.out.commands.push(Command::Compute(Job::Diff(Arc::clone(&comparison))));
            self.asked = Some(comparison);
        } else {
            self.diff.set(Arc::new(diff::compare(&comparison)));
        }
    }

    fn move_to(&mut self, at: usize, cx: &mut Cx<'_>) {
        if at != self.cursor {
            self.cursor = at;
            self.compare(cx);
        }
        let height = usize::from(self.areas(self.screen).fields.height);
        keep_visible(&mut self.cursor, &mut self.top, self.fields.len(), height);
    }

    /// What is said above the fields.
    fn words(&self) -> (String, Role) {
        if self.left == Left::Nothing {
            return ("It already is as you want it: nothing is left to write.".to_owned(), Role::Good);
        }
        let changed = self.fields.iter().filter(|field| field.is_changed()).count();
        let since = match changed {
            0 => "It is another row by now.".to_owned(),
            1 => "Not written: somebody else changed 1 field since it was shown.".to_owned(),
            many => format!("Not written: somebody else changed {many} fields since it was shown."),
        };
        (since, Role::Warning)
    }

    fn areas(&self, screen: Rect) -> Areas {
        let width = screen.width.saturating_sub(2).min(120);
        let list = if self.has_diff() { self.fields.len().min(FIELDS) } else { self.fields.len() };
        let list = u16::try_from(list).unwrap_or(u16::MAX);
        let diff = if self.has_diff() { screen.height / 2 } else { 0 };
        // Border, words, header, fields, diff, answers.
        let height = list.saturating_add(diff).saturating_add(6).min(screen.height.saturating_sub(2).max(8));
        let whole = centred(screen, width, height);
        let inside = crate::panes::frame::inner(whole);
        let fields = list.min(inside.height.saturating_sub(4));
        let fields = Rect { y: inside.y + 2, height: fields, ..inside };
        let answers = Rect { y: inside.bottom().saturating_sub(1), height: u16::from(!inside.is_empty()), ..inside };
        let from = fields.bottom() + 1;
        let diff = Rect {
            x: inside.x + 1,
            y: from,
            width: inside.width.saturating_sub(2),
            height: answers.y.saturating_sub(from),
        };
        Areas { whole, fields, diff, answers }
    }
}

/// Where everything stands.
struct Areas {
    whole: Rect,
    fields: Rect,
    diff: Rect,
    answers: Rect,
}

impl Overlay for Conflict {
    /// Its letters are its own, whatever they mean elsewhere.
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Cancel => return self.settle(Settle::Later, cx),
            Action::PageDown => self.diff.scroll(i64::from(self.areas(self.screen).diff.height)),
            Action::PageUp => self.diff.scroll(-i64::from(self.areas(self.screen).diff.height)),
            _ => {
                if let Some(to) = moved(action, self.cursor, self.fields.len(), 1) {
                    self.move_to(to, cx);
                }
            }
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        match Chord::from(key).typed() {
            Some('t') => self.settle(Settle::KeepTheirs, cx),
            Some('w') if self.left == Left::Mine => self.settle(Settle::WriteMine, cx),
            Some('l' | 'q') => self.settle(Settle::Later, cx),
            Some('j') => self.act(Action::Down, cx),
            Some('k') => self.act(Action::Up, cx),
            Some(' ') => self.act(Action::PageDown, cx),
            _ => Step::Stay,
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, screen: Rect, cx: &mut Cx<'_>) -> Step {
        let fields = self.areas(screen).fields;
        match mouse.kind {
            MouseEventKind::ScrollDown => self.diff.scroll(3),
            MouseEventKind::ScrollUp => self.diff.scroll(-3),
            MouseEventKind::Down(_) if fields.contains((mouse.column, mouse.row).into()) => {
                let at = self.top + usize::from(mouse.row - fields.y);
                self.move_to(at.min(self.fields.len().saturating_sub(1)), cx);
            }
            _ => {}
        }
        Step::Stay
    }

    fn computed(&mut self, job: &Job, result: &Computed, _cx: &mut Cx<'_>) -> Handled {
        match (job, result) {
            (Job::Diff(comparison), Computed::Diff(found)) if self.asked.as_ref() == Some(comparison) => {
                self.asked = None;
                self.diff.set(Arc::clone(found));
                Handled::Yes
            }
            _ => Handled::No,
        }
    }

    fn resize(&mut self, screen: Rect, cx: &mut Cx<'_>) {
        let first = self.screen.is_empty();
        self.screen = screen;
        if first {
            self.compare(cx);
        }
        let area = self.areas(screen).diff;
        self.diff.resize(area.width, area.height);
        self.move_to(self.cursor, cx);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let areas = self.areas(screen);
        let what = change_words::subject(&self.change);
        let what = match &self.dispute {
            Dispute::Decision { id, decision, .. } => format!("{} {id}", verb(*decision)),
            Dispute::Staged(_) => what,
        };
        let title = format!("{}: changed meanwhile", fit(&safe(&what), 40));
        let inside = window(&title, "", areas.whole, buf, cx);
        if inside.is_empty() {
            return;
        }
        let line = |y: u16| Rect { x: inside.x + 1, y, width: inside.width.saturating_sub(2), height: 1 };
        let (words, role) = self.words();
        Pen::new(line(inside.y), buf, cx.theme).word(&words, role);
        let width = inside.width.saturating_sub(4);
        let name = (width / 5).clamp(8, 24);
        let column = width.saturating_sub(name) / 3;
        if areas.fields.y > inside.y + 1 {
            let mut pen = Pen::new(line(inside.y + 1), buf, cx.theme);
            pen.left("field", Role::Header, name);
            for title in ["shown", if column > 13 { "now (theirs)" } else { "theirs" }, "yours"] {
                pen.left(title, Role::Header, column.saturating_sub(1)).skip(1);
            }
        }
        let visible = self.fields.iter().enumerate().skip(self.top);
        for (y, (at, field)) in (areas.fields.y..areas.fields.bottom()).zip(visible) {
            let mut pen = Pen::new(line(y), buf, cx.theme);
            pen.left(&self.name(field), Role::Text, name.saturating_sub(1)).skip(1);
            let theirs = if field.is_changed() { Role::Warning } else { Role::Muted };
            let cells = [
                (field.shown.as_ref(), Role::Muted),
                (field.theirs.as_ref(), theirs),
                (field.mine.as_ref(), Role::Good),
            ];
            for (value, role) in cells {
                let (text, role) = match value {
                    None => ("·".to_owned(), Role::Faint),
                    Some(Value::Null) => ("NULL".to_owned(), Role::Null),
                    Some(value) => (safe_prose(&beginning(value, 200)).into_owned(), role),
                };
                pen.left(&text, role, column.saturating_sub(1)).skip(1);
            }
            if at == self.cursor && self.fields.len() > 1 {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::SelectedCell));
            }
        }
        if areas.diff.height > 0 && self.has_diff() {
            self.diff.draw(areas.diff, buf, cx.theme);
        }
        let [theirs, mine, later] = if inside.width < 56 {
            [" theirs  ", " mine  ", " look again"]
        } else {
            [" keep theirs   ", " write mine over it   ", " look again"]
        };
        let mut pen = Pen::new(line(areas.answers.y), buf, cx.theme);
        pen.word("t", Role::Key).word(theirs, Role::Hint);
        if self.left == Left::Mine {
            pen.word("w", Role::Key).word(mine, Role::Hint);
        }
        pen.word("l", Role::Key).word(later, Role::Hint);
    }
}
