//! A question that is answered with y or n, before something that cannot be taken back.

use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    db::request::{Query, Slot, SyncHow},
    keymap::{Chord, Context},
    message::action::Action,
    panes::{
        Cx, ViewCx,
        notice::wrapped,
        overlay::{Overlay, Step, centred, window},
    },
    theme::Role,
    widgets::safe::safe,
};

/// The question whether a copy is rebuilt. Only `y` is a yes; Enter is none, so that no key pressed too often is.
#[derive(Debug)]
pub struct Rebuild {
    what: String,
    role: Role,
    rest: String,
}

impl Rebuild {
    /// For the copy in this file; `why` it cannot be used as it is.
    pub fn new(path: &str, why: Option<&str>) -> Self {
        let path = safe(path);
        let (what, role) = match why {
            Some(why) => (format!("The copy cannot be used: {}", safe(why)), Role::Warning),
            None => (format!("The copy {path} is fetched anew from the server."), Role::Text),
        };
        let rest = format!("Rebuild {path}? Nothing is thrown away before y is pressed; the server is not changed.");
        Self { what, role, rest }
    }

    fn lines(&self, width: u16) -> Vec<(String, Role)> {
        let width = usize::from(width.max(1));
        let what = wrapped(&self.what, width).into_iter().map(|line| (line, self.role));
        let rest = wrapped(&self.rest, width).into_iter().map(|line| (line, Role::Text));
        what.chain([(String::new(), Role::Text)]).chain(rest).collect()
    }
}

impl Overlay for Rebuild {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, _cx: &mut Cx<'_>) -> Step {
        if action == Action::Cancel { Step::Close } else { Step::Stay }
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        match Chord::from(key).typed() {
            Some('y') => {
                cx.out.ask(Slot::Sync, Query::Sync(SyncHow::Rebuild));
                Step::Close
            }
            Some('n' | 'q') => Step::Close,
            _ => Step::Stay,
        }
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let width = screen.width.saturating_sub(2).min(70);
        let lines = self.lines(width.saturating_sub(4));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(screen.height);
        let inside = window("Rebuild the copy?", "y yes · n no", centred(screen, width, height), buf, cx);
        for (y, (line, role)) in (inside.y..inside.bottom()).zip(&lines) {
            buf.set_stringn(inside.x + 1, y, line, usize::from(inside.width.saturating_sub(1)), cx.theme.style(*role));
        }
    }
}
