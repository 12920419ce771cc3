//! The log: everything this session wrote, statement by statement, with what became of it.

use crossterm::event::{KeyEvent, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::{
        change::Known,
        journal::{Fate, Journal},
    },
    keymap::Context,
    message::{action::Action, command::Command},
    panes::{
        Cx, ViewCx,
        overlay::{Overlay, Step, centred, draw_hint, window},
    },
    theme::Role,
    widgets::{
        prompt::LineInput,
        rich::{RichLine, RichSpan, RichView, Wrap, plain},
        safe::safe,
        scrollbar,
    },
};

/// Letters of a statement that are shown; all of it is copied and saved.
const MOST: usize = 4096;

/// The log.
#[derive(Debug)]
pub struct Log {
    sql: String,
    empty: bool,
    view: RichView,
    /// The path that is being typed, to save it there.
    saving: Option<LineInput>,
    path: String,
}

fn area(screen: Rect) -> Rect {
    centred(screen, screen.width.saturating_sub(2).min(160), screen.height.saturating_sub(2).max(screen.height.min(10)))
}

fn inside(screen: Rect) -> Rect {
    let inner = crate::panes::frame::inner(area(screen));
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

impl Log {
    /// Of what was written so far, the newest at the end, where it begins; `at` names the file it is saved to.
    pub fn new(journal: &Journal, at: Timestamp) -> Self {
        let mut view = RichView::new();
        view.set_wrap(Wrap::Wrap);
        view.set_lines(lines(journal));
        let path = format!("./reelscope-{}.sql", at.strftime("%Y%m%d-%H%M%S"));
        Self { sql: journal.to_sql(), empty: journal.entries().is_empty(), view, saving: None, path }
    }
}

fn lines(journal: &Journal) -> Vec<RichLine> {
    let mut lines = Vec::new();
    for entry in journal.entries() {
        let (mark, role, fate) = match &entry.fate {
            Fate::Committed(Known::Answered) => ("✓", Role::Good, "committed".to_owned()),
            Fate::Committed(Known::Looked) => {
                ("✓", Role::Good, "committed (the answer was lost; the rows were looked at)".to_owned())
            }
            Fate::TakenBack => ("↶", Role::Muted, "taken back later".to_owned()),
            Fate::NotWritten(why) => ("✗", Role::Warning, format!("not written: {why}")),
            Fate::Unknown(why) => ("?", Role::Bad, format!("unknown: {why}")),
        };
        if !lines.is_empty() {
            lines.push(RichLine::default());
        }
        let time = entry.at.strftime("%H:%M:%S");
        let spans = vec![
            RichSpan::new(format!("{mark} "), role),
            RichSpan::new(format!("{time}Z  "), Role::Muted),
            RichSpan::new(safe(&entry.what).into_owned(), Role::Strong),
            RichSpan::new(format!("  {}", safe(&fate)), role),
        ];
        lines.push(RichLine { spans, ground: None });
        for statement in &entry.statements {
            let shown = match statement.char_indices().nth(MOST) {
                Some((end, _)) => format!("{} …", &statement[..end]),
                None => format!("{};", statement.trim_end().trim_end_matches(';')),
            };
            for line in plain(&shown, Role::Text) {
                let spans = std::iter::once(RichSpan::new("    ", Role::Text)).chain(line.spans).collect();
                lines.push(RichLine { spans, ground: None });
            }
        }
    }
    lines
}

impl Overlay for Log {
    fn context(&self) -> Context {
        if self.saving.is_some() { Context::Prompt } else { Context::Changes }
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        if let Some(input) = &self.saving {
            match action {
                Action::Open => {
                    let path = input.text().trim().to_owned();
                    if !path.is_empty() {
                        let (text, what) = (self.sql.clone(), "the log as SQL".to_owned());
                        cx.out.commands.push(Command::SaveFile { path, text, what });
                        self.saving = None;
                    }
                }
                Action::Cancel => self.saving = None,
                _ => {}
            }
            return Step::Stay;
        }
        let page = i64::try_from(self.view.position().shown).unwrap_or(1).max(1);
        match action {
            Action::Cancel | Action::Log => return Step::Close,
            Action::Save if !self.empty => self.saving = Some(LineInput::new(&self.path)),
            Action::Copy if !self.empty => {
                cx.out.commands.push(Command::Copy { text: self.sql.clone(), what: "the log as SQL".to_owned() });
            }
            Action::Down => self.view.scroll(0, 1),
            Action::Up => self.view.scroll(0, -1),
            Action::PageDown => self.view.scroll(0, page),
            Action::PageUp => self.view.scroll(0, -page),
            Action::HalfPageDown => self.view.scroll(0, page / 2),
            Action::HalfPageUp => self.view.scroll(0, -(page / 2)),
            Action::First => self.view.top(),
            Action::Last => self.view.bottom(),
            _ => {}
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, _cx: &mut Cx<'_>) -> Step {
        if let Some(input) = &mut self.saving {
            input.key(key);
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) {
        if let Some(input) = &mut self.saving {
            input.paste(text);
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, _screen: Rect, _cx: &mut Cx<'_>) -> Step {
        match mouse.kind {
            MouseEventKind::ScrollDown => self.view.scroll(0, 3),
            MouseEventKind::ScrollUp => self.view.scroll(0, -3),
            _ => {}
        }
        Step::Stay
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        let fresh = self.view.position().shown == 0;
        let place = inside(screen);
        self.view.resize(place.width, place.height);
        if fresh {
            self.view.bottom();
        }
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let hint = match (self.empty, screen.width) {
            (true, _) => "esc back",
            (_, ..60) => "w saves · y copies · esc",
            _ => "w saves it as SQL · y copies it as SQL · esc back",
        };
        let area = area(screen);
        window("What this session wrote", "", area, buf, cx);
        draw_hint(hint, area, buf, cx);
        let place = inside(screen);
        if self.empty {
            let words = "Nothing was written yet.";
            buf.set_stringn(place.x, place.y, words, usize::from(place.width), cx.theme.style(Role::Muted));
            return;
        }
        self.view.draw(place, buf, cx.theme);
        let border = Rect { x: area.right().saturating_sub(1), width: 1, ..place };
        scrollbar::draw(self.view.position(), border, buf, cx.theme);
        if let Some(input) = &self.saving {
            let width = screen.width.min(64);
            let prompt = Rect {
                x: screen.x + (screen.width - width) / 2,
                y: screen.bottom().saturating_sub(5).max(screen.y),
                width,
                height: 3.min(screen.height),
            };
            let inside = window("Save the log as SQL to", "enter · esc", prompt, buf, cx);
            if inside.width > 2 {
                input.draw(Rect { x: inside.x + 1, width: inside.width - 2, ..inside }, buf);
            }
        }
    }
}
