//! What lies over the panes for a while: prompts, the palette, help, a whole cell, menus, messages.
//!
//! The topmost overlay gets the keys; it says after each whether it stays. It asks for things as panes do, by [`Cx`].

pub mod alerts;
pub mod cell;
pub mod changes;
pub mod choose;
pub mod confirm;
pub mod conflict;
pub mod connection;
pub mod decide;
pub mod delete_row;
pub mod edit;
pub mod edit_field;
pub mod event;
pub mod help;
pub mod left_out;
pub mod log;
pub mod menu;
pub mod messages;
pub mod palette;
pub mod past;
pub mod prompt;
pub mod reason;
pub mod row_form;
#[cfg(test)]
mod tests;
pub mod timeline;

use std::time::Duration;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    symbols::border,
    widgets::{Block, Clear, Widget},
};

use crate::{
    db::{error::Error, request::Answer},
    domain::{
        edit::{Draft, NewValue},
        syntax::{Computed, Job},
        value::Value,
    },
    keymap::Context,
    message::action::Action,
    panes::{Cx, Handled, Now, Settings, ViewCx},
    theme::Role,
};

/// Whether an overlay goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It stays.
    Stay,
    /// It is done.
    Close,
}

/// An overlay.
pub trait Overlay: std::fmt::Debug {
    /// Where its keys are looked up. In [`Context::Prompt`] what means nothing is typed.
    fn context(&self) -> Context;

    /// An action of the user.
    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step;

    /// A key that means nothing in its context.
    fn key(&mut self, _key: KeyEvent, _cx: &mut Cx<'_>) -> Step {
        Step::Stay
    }

    /// A paste.
    fn paste(&mut self, _text: &str, _cx: &mut Cx<'_>) {}

    /// The mouse; the screen is the area of [`Overlay::view`].
    fn mouse(&mut self, _mouse: MouseEvent, _screen: Rect, _cx: &mut Cx<'_>) -> Step {
        Step::Stay
    }

    /// A reply on [`crate::db::request::Slot::Cell`] that it asked for.
    fn reply(&mut self, _outcome: Result<&Answer, &Error>, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// An answer from memory to what it asked for on that slot; the true one follows.
    fn kept(&mut self, _answer: &Answer, _read: Timestamp, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// The database can be read again: asks for what failed once more, and says whether it did.
    fn recovered(&mut self, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// The value that it had edited ([`crate::panes::Intent::EditValue`]) is this now.
    fn edited(&mut self, _ticket: u64, _value: &NewValue, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// The user's editor has ended: the text as it was left (`None`: unchanged), or why it could not be had.
    fn left_editor(&mut self, _ticket: u64, _outcome: Result<Option<String>, String>, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// What is being typed and nowhere else yet.
    fn draft(&self) -> Option<Draft> {
        None
    }

    /// Whether something was filled in that closing it unasked would lose.
    fn is_precious(&self) -> bool {
        false
    }

    /// What is staged is another now, see [`Settings::staged`].
    fn staged_changed(&mut self, _cx: &mut Cx<'_>) {}

    /// How long until it says something else by itself.
    fn next_tick(&self, _settings: &Settings, _now: Timestamp) -> Option<Duration> {
        None
    }

    /// A background computation is done.
    fn computed(&mut self, _job: &Job, _result: &Computed, _cx: &mut Cx<'_>) -> Handled {
        Handled::No
    }

    /// What lay on top of it is closed.
    fn uncovered(&mut self, _cx: &mut Cx<'_>) {}

    /// Whether it closes when the user goes to a row or to a question.
    fn gives_way(&self) -> bool {
        false
    }

    /// How long until an age that it shows is another; it is laid out anew then.
    fn next_age(&self, _now: Now) -> Option<Duration> {
        None
    }

    /// Whether it is done without an action of the user (a reply came).
    fn is_done(&self) -> bool {
        false
    }

    /// The screen has this size now. Called before the first view.
    fn resize(&mut self, _screen: Rect, _cx: &mut Cx<'_>) {}

    /// Draws it over the screen.
    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>);
}

/// A rectangle of at most this size in the middle of the screen.
pub(crate) fn centred(screen: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(screen.width), height.min(screen.height));
    Rect { x: screen.x + (screen.width - width) / 2, y: screen.y + (screen.height - height) / 2, width, height }
}

/// A window with one line, at most so wide, near the bottom of the screen: what lies above stays in sight.
pub(crate) fn one_line(screen: Rect, width: u16) -> Rect {
    let width = width.min(screen.width);
    let y = screen.bottom().saturating_sub(5).max(screen.y);
    Rect { x: screen.x + (screen.width - width) / 2, y, width, height: 3.min(screen.height) }
}

/// Clears a window over the screen, frames it and returns what lies inside.
pub(crate) fn window(title: &str, hint: &str, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) -> Rect {
    halve_nothing(area, buf);
    Clear.render(area, buf);
    buf.set_style(area, cx.theme.style(Role::Overlay));
    let style = cx.theme.style(Role::Overlay).patch(cx.theme.style(Role::BorderFocused));
    Block::bordered().border_set(border::ROUNDED).border_style(style).render(area, buf);
    let inside = crate::panes::frame::inner(area);
    if inside.is_empty() {
        return inside;
    }
    let room = inside.width.saturating_sub(2) as usize;
    let title_style = cx.theme.style(Role::Overlay).patch(cx.theme.style(Role::TitleFocused));
    buf.set_stringn(area.x + 2, area.y, format!(" {title} "), room, title_style);
    if !hint.is_empty() {
        draw_hint(hint, area, buf, cx);
    }
    inside
}

/// A wide letter that reaches under the left border would hide it in the terminal: it goes as a whole.
fn halve_nothing(area: Rect, buf: &mut Buffer) {
    let Some(x) = area.x.checked_sub(1) else { return };
    for y in area.y..area.bottom() {
        if let Some(cell) = buf.cell_mut((x, y)).filter(|cell| unicode_width::UnicodeWidthStr::width(cell.symbol()) > 1)
        {
            cell.set_symbol(" ");
        }
    }
}

/// Writes into a window's lower border what its keys do, as far as there is room: the title is no matter there.
pub(crate) fn draw_hint(hint: &str, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let wide = u16::try_from(unicode_width::UnicodeWidthStr::width(hint) + 2).unwrap_or(u16::MAX);
    if wide.saturating_add(2) <= area.width && area.height > 1 {
        let style = cx.theme.style(Role::Overlay).patch(cx.theme.style(Role::Hint));
        buf.set_stringn(area.right() - 1 - wide, area.bottom() - 1, format!(" {hint} "), usize::from(wide), style);
    }
}

/// The beginning of a value, in at most so many letters: a line of a list costs the same however long the value is. Not safe yet.
pub(crate) fn beginning(value: &Value, letters: usize) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Blob(bytes) => format!("a blob of {} bytes", bytes.total()),
        Value::Text(bytes) => {
            // No letter takes more than four bytes.
            let head = &bytes.head()[..bytes.head().len().min(letters.saturating_mul(4))];
            String::from_utf8_lossy(head).chars().take(letters).collect()
        }
        Value::Integer(_) | Value::Real(_) => value.to_plain().into_owned(),
    }
}

/// Keeps a list's scroll so that the cursor is visible, and both within the list.
pub(crate) fn keep_visible(cursor: &mut usize, top: &mut usize, len: usize, height: usize) {
    *cursor = (*cursor).min(len.saturating_sub(1));
    if *cursor < *top {
        *top = *cursor;
    } else if height > 0 && *cursor >= *top + height {
        *top = *cursor + 1 - height;
    }
    *top = (*top).min(len.saturating_sub(height));
}

/// Where a movement leads in a list of this length; `None` where the action is no movement.
pub(crate) fn moved(action: Action, cursor: usize, len: usize, height: usize) -> Option<usize> {
    let last = len.saturating_sub(1);
    let page = height.max(1);
    Some(match action {
        Action::Down => (cursor + 1).min(last),
        Action::Up => cursor.saturating_sub(1),
        Action::First => 0,
        Action::Last => last,
        Action::PageDown => (cursor + page).min(last),
        Action::PageUp => cursor.saturating_sub(page),
        Action::HalfPageDown => (cursor + page / 2).min(last),
        Action::HalfPageUp => cursor.saturating_sub(page / 2),
        _ => return None,
    })
}
