//! The messages so far, newest first.

use std::time::Duration;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    keymap::Context,
    message::{action::Action, severity::Severity},
    panes::{
        Cx, ViewCx,
        overlay::{Overlay, Step, centred, keep_visible, moved, window},
    },
    theme::Role,
    widgets::toast::{Toast, Toasts, wrap},
};

/// The list.
#[derive(Debug)]
pub struct Messages {
    all: Vec<Toast>,
    top: usize,
    height: usize,
}

impl Messages {
    /// Of what came so far.
    pub fn new(toasts: &Toasts) -> Self {
        Self { all: toasts.all().rev().cloned().collect(), top: 0, height: 1 }
    }
}

fn area(screen: Rect) -> Rect {
    centred(screen, screen.width.saturating_sub(4).min(100), screen.height.saturating_sub(2).min(24))
}

impl Overlay for Messages {
    fn context(&self) -> Context {
        Context::List
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Cancel | Action::Open | Action::Messages => return Step::Close,
            Action::Copy => {
                let text: Vec<&str> = self.all.iter().map(|toast| toast.text.as_str()).collect();
                let text = text.join("\n");
                cx.out.commands.push(crate::message::command::Command::Copy { text, what: "the messages".into() });
            }
            _ => {
                if let Some(to) = moved(action, self.top, self.all.len(), self.height) {
                    self.top = to;
                    keep_visible(&mut self.top.clone(), &mut self.top, self.all.len(), self.height);
                }
            }
        }
        Step::Stay
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.height = area(screen).height.saturating_sub(2) as usize;
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let inside = window("Messages", "y copies · esc closes", area(screen), buf, cx);
        if self.all.is_empty() && !inside.is_empty() {
            buf.set_stringn(inside.x + 1, inside.y, "Nothing was said yet.", 40, cx.theme.style(Role::Muted));
        }
        let mut y = inside.y;
        for toast in self.all.iter().skip(self.top) {
            let role = match toast.severity {
                Severity::Info => Role::Text,
                Severity::Warning => Role::Warning,
                Severity::Error => Role::Bad,
            };
            let room = inside.width.saturating_sub(10) as usize;
            for (row, line) in wrap(&toast.text, room.max(1), 4).iter().enumerate() {
                if y >= inside.bottom() {
                    return;
                }
                if row == 0 {
                    let ago = cx.now.elapsed.saturating_sub(toast.at);
                    buf.set_stringn(inside.x + 1, y, ago_word(ago), 7, cx.theme.style(Role::Muted));
                }
                buf.set_stringn(inside.x + 9, y, line, room, cx.theme.style(role));
                y += 1;
            }
        }
    }
}

fn ago_word(ago: Duration) -> String {
    match ago.as_secs() {
        seconds @ ..60 => format!("{seconds:>3} s"),
        seconds @ ..3600 => format!("{:>3} min", seconds / 60),
        seconds => format!("{:>3} h", seconds / 3600),
    }
}
