//! Help for where the user is: every key that works here, drawn from the keymap.

use ratatui::{buffer::Buffer, layout::Rect};
use unicode_width::UnicodeWidthStr;

use crate::{
    keymap::{Context, Keymap},
    message::action::Action,
    panes::{
        Cx, ViewCx,
        overlay::{Overlay, Step, centred, moved, window},
    },
    theme::Role,
    widgets::safe::fit,
};

#[derive(Debug)]
enum Line {
    Title(&'static str),
    Key { keys: String, action: &'static str },
    Blank,
}

/// The overlay.
#[derive(Debug)]
pub struct Help {
    lines: Vec<Line>,
    keys_width: usize,
    top: usize,
    height: usize,
}

impl Help {
    /// Help for this context, then for everywhere, then for the others.
    pub fn new(keymap: &Keymap, context: Context) -> Self {
        let mut order = vec![context, Context::Global];
        order.extend(Context::ALL);
        let mut seen = Vec::new();
        let mut lines = Vec::new();
        for context in order {
            if seen.contains(&context) {
                continue;
            }
            seen.push(context);
            if !lines.is_empty() {
                lines.push(Line::Blank);
            }
            lines.push(Line::Title(context.title()));
            for action in Action::ALL {
                let keys: Vec<String> = keymap
                    .of(context)
                    .iter()
                    .filter(|binding| binding.action == *action)
                    .map(|binding| crate::keymap::written(&binding.chords))
                    .collect();
                if !keys.is_empty() {
                    lines.push(Line::Key { keys: keys.join("  "), action: action.describe() });
                }
            }
        }
        let keys_width = lines
            .iter()
            .map(|line| if let Line::Key { keys, .. } = line { keys.width() } else { 0 })
            .max()
            .unwrap_or_default()
            .min(20);
        Self { lines, keys_width, top: 0, height: 1 }
    }
}

fn area(screen: Rect) -> Rect {
    centred(screen, screen.width.saturating_sub(4).min(104), screen.height.saturating_sub(2))
}

impl Overlay for Help {
    fn context(&self) -> Context {
        Context::List
    }

    fn act(&mut self, action: Action, _cx: &mut Cx<'_>) -> Step {
        if matches!(action, Action::Cancel | Action::Help | Action::Open) {
            return Step::Close;
        }
        let most = self.lines.len().saturating_sub(self.height);
        if let Some(to) = moved(action, self.top, most + 1, self.height) {
            self.top = to;
        }
        Step::Stay
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.height = area(screen).height.saturating_sub(2) as usize;
        self.top = self.top.min(self.lines.len().saturating_sub(self.height));
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let below = self.lines.len().saturating_sub(self.top + self.height);
        let hint = if below > 0 { format!("j k scroll · {below} more") } else { "esc closes".to_owned() };
        let inside = window("Help", &hint, area(screen), buf, cx);
        if inside.width < 10 {
            return;
        }
        let room = inside.width as usize - 1;
        let keys = self.keys_width.min(room / 3);
        for (row, line) in self.lines.iter().skip(self.top).take(inside.height as usize).enumerate() {
            let y = inside.y + row as u16;
            match line {
                Line::Title(title) => {
                    buf.set_stringn(inside.x + 1, y, title, room, cx.theme.style(Role::Heading2));
                }
                Line::Key { keys: written, action } => {
                    buf.set_stringn(inside.x + 2, y, fit(written, keys), keys, cx.theme.style(Role::Key));
                    let x = inside.x + 4 + keys as u16;
                    let room = room.saturating_sub(keys + 4);
                    buf.set_stringn(x, y, fit(action, room), room, cx.theme.style(Role::Text));
                }
                Line::Blank => {}
            }
        }
    }
}
