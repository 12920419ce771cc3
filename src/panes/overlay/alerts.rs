//! The alerts: what of the bots wants attention, and wanted it in this session. Shows what
//! [`Settings::alerts`](crate::panes::Settings) holds.

use std::time::Duration;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};
use unicode_width::UnicodeWidthStr;

use crate::{
    domain::{
        bots::{
            alerts::Cause,
            told::{Listed, Seen, Standing},
        },
        time,
    },
    keymap::Context,
    message::action::Action,
    panes::{
        Cx, Intent, Settings, ViewCx,
        overlay::{Overlay, Step, centred, draw_hint, keep_visible, moved, window},
    },
    theme::Role,
    widgets::{
        safe::{fit, safe},
        scrollbar::{self, Scroll},
    },
};

/// Columns of the age and of the state.
const AGE: u16 = 7;
const STATE: u16 = 12;
/// From this width on the state is written out.
const WIDE: u16 = 56;

/// The list.
#[derive(Debug, Default)]
pub struct AlertList {
    /// The alert under the cursor: it stays under it when others come.
    at: Option<Cause>,
    cursor: usize,
    top: usize,
    height: usize,
}

impl AlertList {
    /// The list, the cursor on the newest.
    pub fn new() -> Self {
        Self::default()
    }

    /// The cursor's place in the list and the first line on the screen.
    fn places(&self, list: &[Listed]) -> (usize, usize) {
        let (mut cursor, mut top) = (self.cursor, self.top);
        if let Some(at) = &self.at
            && let Some(place) = list.iter().position(|listed| listed.alert.cause == *at)
        {
            // What came above it pushes nothing that is looked at away.
            top = (top + place).saturating_sub(cursor);
            cursor = place;
        }
        keep_visible(&mut cursor, &mut top, list.len(), self.height);
        (cursor, top)
    }

    fn go_to(&mut self, cursor: usize, list: &[Listed]) {
        (self.at, self.cursor) = (None, cursor);
        (self.cursor, self.top) = self.places(list);
        self.at = list.get(self.cursor).map(|listed| listed.alert.cause.clone());
    }
}

fn area(screen: Rect) -> Rect {
    // Where there is little room, what shows around a window is only noise.
    let margin = if screen.width < 100 { 0 } else { 4 };
    centred(screen, screen.width.saturating_sub(margin).min(110), screen.height.saturating_sub(2).min(24))
}

/// The mark before an alert, its word, and their role.
const fn state(listed: &Listed) -> (&'static str, &'static str, Role) {
    match (listed.seen, listed.standing) {
        (Seen::New, Standing::Now) => ("▲", "new", Role::Bad),
        (Seen::New, Standing::Over(_)) => ("△", "new, over", Role::Muted),
        (Seen::Before, Standing::Now) => ("▲", "known", Role::Warning),
        (Seen::Before, Standing::Over(_)) => ("△", "known, over", Role::Muted),
        (Seen::Acknowledged, _) => ("✓", "acknowledged", Role::Muted),
    }
}

impl Overlay for AlertList {
    fn context(&self) -> Context {
        Context::Alerts
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        let list = cx.settings.alerts.list();
        let (cursor, top) = self.places(list);
        (self.cursor, self.top) = (cursor, top);
        match action {
            Action::Cancel | Action::Alerts => return Step::Close,
            Action::Open => {
                if let Some(listed) = list.get(cursor) {
                    cx.out.intents.push(Intent::ShowCause(listed.alert.cause.clone()));
                    return Step::Close;
                }
            }
            Action::Acknowledge => {
                if let Some(listed) = list.get(cursor) {
                    cx.out.intents.push(Intent::Acknowledge(Some(listed.alert.cause.clone())));
                    // What is over leaves the list: the next one comes to the cursor by itself.
                    self.at = None;
                    if listed.standing == Standing::Now {
                        self.go_to(cursor + 1, list);
                    }
                }
            }
            Action::AcknowledgeAll => cx.out.intents.push(Intent::Acknowledge(None)),
            _ => {
                if let Some(to) = moved(action, cursor, list.len(), self.height) {
                    self.go_to(to, list);
                }
            }
        }
        Step::Stay
    }

    fn mouse(&mut self, mouse: MouseEvent, screen: Rect, cx: &mut Cx<'_>) -> Step {
        let inside = crate::panes::frame::inner(area(screen));
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) if inside.contains(Position::new(mouse.column, mouse.row)) => {
                let list = cx.settings.alerts.list();
                let at = self.places(list).1 + usize::from(mouse.row - inside.y);
                if at < list.len() {
                    self.go_to(at, list);
                }
            }
            MouseEventKind::ScrollDown => return self.act(Action::Down, cx),
            MouseEventKind::ScrollUp => return self.act(Action::Up, cx),
            _ => {}
        }
        Step::Stay
    }

    fn next_tick(&self, settings: &Settings, now: Timestamp) -> Option<Duration> {
        // Ages change at full minutes.
        let second = now.as_second().rem_euclid(60).unsigned_abs();
        (!settings.alerts.list().is_empty()).then(|| Duration::from_secs(60 - second))
    }

    fn resize(&mut self, screen: Rect, cx: &mut Cx<'_>) {
        self.height = usize::from(crate::panes::frame::inner(area(screen)).height);
        let list = cx.settings.alerts.list();
        self.go_to(self.places(list).0, list);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let list = cx.settings.alerts.list();
        let title = match list.len() {
            0 => "No alerts".to_owned(),
            1 => "1 alert".to_owned(),
            more => format!("{more} alerts"),
        };
        let hint = match screen.width {
            _ if list.is_empty() => "esc back",
            ..60 => "enter · a seen · A all · esc",
            _ => "enter goes there · a acknowledges · A all · esc back",
        };
        let area = area(screen);
        let inside = window(&title, "", area, buf, cx);
        draw_hint(hint, area, buf, cx);
        if inside.is_empty() {
            return;
        }
        let room = usize::from(inside.width.saturating_sub(2));
        if list.is_empty() {
            let words = "Nothing wants attention: no run failed or is stuck, the queue is young, no burst.";
            buf.set_stringn(inside.x + 1, inside.y, fit(words, room), room, cx.theme.style(Role::Muted));
            return;
        }
        let (cursor, top) = self.places(list);
        for ((at, listed), y) in list.iter().enumerate().skip(top).zip(inside.y..inside.bottom()) {
            draw_line(listed, Rect { y, height: 1, ..inside }, buf, cx);
            if at == cursor {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::Selected));
            }
        }
        let border = Rect { x: area.right().saturating_sub(1), width: 1, ..inside };
        let position = Scroll { first: top as u64, shown: self.height as u64, total: list.len() as u64 };
        scrollbar::draw(position, border, buf, cx.theme);
    }
}

fn draw_line(listed: &Listed, line: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let (mark, word, role) = state(listed);
    let role_of_words = if role == Role::Muted { Role::Muted } else { Role::Text };
    buf.set_stringn(line.x + 1, line.y, mark, 1, cx.theme.style(role));
    let age = match listed.alert.since {
        Some(since) => time::relative(since, cx.now.wall),
        None => "?".to_owned(),
    };
    buf.set_stringn(line.x + 3, line.y, format!("{age:>5}"), usize::from(AGE), cx.theme.style(Role::Muted));
    let word_room = if line.width >= WIDE { STATE + 1 } else { 0 };
    let from = line.x + 3 + AGE;
    let room = usize::from(line.right().saturating_sub(from + word_room + 1));
    let words = safe(&listed.alert.what);
    buf.set_stringn(from, line.y, fit(&words, room), room, cx.theme.style(role_of_words));
    if word_room > 0 {
        let at = line.right().saturating_sub(u16::try_from(word.width()).unwrap_or(0) + 1);
        buf.set_stringn(at, line.y, word, usize::from(STATE), cx.theme.style(role));
    }
}
