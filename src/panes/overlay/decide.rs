//! The menu of everything that can become of a question, with the priority of queue items and the reason.

use crossterm::event::{KeyCode, KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::review::{Decision, Priority, QueueAction},
    keymap::{Chord, Context},
    message::action::Action,
    panes::{
        Cx, Intent, Reason, Subject, ViewCx,
        overlay::{Overlay, Step, centred, moved, window},
    },
    theme::Role,
    widgets::{
        pen::Pen,
        prompt::LineInput,
        safe::{fit, safe},
    },
};

/// Each decision with its letter and what it does.
const CHOICES: [(char, Decision, &str); 6] = [
    ('a', Decision::Approve, "status active"),
    ('d', Decision::Delete, "status deleted; the row stays"),
    ('i', Decision::Queue(QueueAction::Improve), "a queue item for the bots"),
    ('v', Decision::Queue(QueueAction::Verify), "a queue item for the bots"),
    ('e', Decision::Queue(QueueAction::Enrich), "a queue item for the bots"),
    ('b', Decision::Queue(QueueAction::Delete), "a queue item for the bots"),
];

/// A decision as an order.
pub(crate) const fn verb(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "Approve",
        Decision::Delete => "Delete",
        Decision::Queue(QueueAction::Improve) => "Improve",
        Decision::Queue(QueueAction::Verify) => "Verify",
        Decision::Queue(QueueAction::Enrich) => "Enrich",
        Decision::Queue(QueueAction::Delete) => "Delete by bot",
    }
}

/// `q-12`, or `3 questions`; harmless, and at most so many columns.
pub(crate) fn about(subjects: &[Subject], columns: usize) -> String {
    match subjects {
        [one] => fit(&safe(&one.id), columns).into_owned(),
        many => format!("{} questions", many.len()),
    }
}

/// Whether the reason is being typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typing {
    Off,
    On,
}

/// The menu.
#[derive(Debug)]
pub struct DecideMenu {
    subjects: Vec<Subject>,
    cursor: usize,
    priority: Priority,
    reason: LineInput,
    typing: Typing,
}

impl DecideMenu {
    /// For these questions.
    pub fn new(subjects: Vec<Subject>) -> Self {
        Self { subjects, cursor: 0, priority: Priority::default(), reason: LineInput::default(), typing: Typing::Off }
    }

    fn choose(&mut self, at: usize, cx: &mut Cx<'_>) -> Step {
        let Some((_, decision, _)) = CHOICES.get(at) else { return Step::Stay };
        let subjects = std::mem::take(&mut self.subjects);
        let (decision, priority, text) = (*decision, self.priority, self.reason.text().trim());
        // The app asks for a reason where that is wished and none was typed here.
        let reason = if text.is_empty() { Reason::AsWished } else { Reason::Given(Some(text.to_owned())) };
        cx.out.intents.push(Intent::Verdict { subjects, decision, priority, reason });
        Step::Close
    }

    /// More urgent, or less.
    fn urge(&mut self, by: i8) {
        let number = i16::from(self.priority.get()) + i16::from(by);
        self.priority = u8::try_from(number).ok().and_then(Priority::new).unwrap_or(self.priority);
    }

    fn area(screen: Rect) -> Rect {
        centred(screen, 62, if screen.height >= 13 { 12 } else { 10 })
    }

    fn is_queue(&self) -> bool {
        matches!(CHOICES.get(self.cursor), Some((_, Decision::Queue(_), _)))
    }
}

impl Overlay for DecideMenu {
    /// Its letters are its own, whatever they mean elsewhere.
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match (self.typing, action) {
            (Typing::On, Action::Open | Action::Cancel) => self.typing = Typing::Off,
            (Typing::On, _) => {}
            (Typing::Off, Action::Cancel) => return Step::Close,
            (Typing::Off, Action::Open) => return self.choose(self.cursor, cx),
            (Typing::Off, _) => {
                if let Some(to) = moved(action, self.cursor, CHOICES.len(), CHOICES.len()) {
                    self.cursor = to;
                }
            }
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        if self.typing == Typing::On {
            self.reason.key(key);
            return Step::Stay;
        }
        match (Chord::from(key).typed(), key.code) {
            (Some('h'), _) | (None, KeyCode::Left) => self.urge(-1),
            (Some('l'), _) | (None, KeyCode::Right) => self.urge(1),
            (Some('j'), _) => return self.act(Action::Down, cx),
            (Some('k'), _) => return self.act(Action::Up, cx),
            (Some('q'), _) => return Step::Close,
            (Some('w'), _) => self.typing = Typing::On,
            (Some('0'), _) => self.priority = Priority::new(10).unwrap_or(self.priority),
            (Some(digit @ '1'..='9'), _) => {
                let number = digit.to_digit(10).and_then(|digit| u8::try_from(digit).ok());
                self.priority = number.and_then(Priority::new).unwrap_or(self.priority);
            }
            (Some(letter), _) => {
                if let Some(at) = CHOICES.iter().position(|(own, ..)| *own == letter) {
                    return self.choose(at, cx);
                }
            }
            (None, _) => {}
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) {
        if self.typing == Typing::On {
            self.reason.paste(text);
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, screen: Rect, cx: &mut Cx<'_>) -> Step {
        let inside = crate::panes::frame::inner(Self::area(screen));
        match mouse.kind {
            MouseEventKind::Down(MouseButton::Left) if inside.contains((mouse.column, mouse.row).into()) => {
                self.choose(usize::from(mouse.row - inside.y), cx)
            }
            MouseEventKind::Down(_) => Step::Close,
            _ => Step::Stay,
        }
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let hint = match self.typing {
            Typing::Off => "a letter, or enter · esc",
            Typing::On => "enter: back to the menu",
        };
        let title = format!("What becomes of {}", about(&self.subjects, 30));
        let inside = window(&title, hint, Self::area(screen), buf, cx);
        let line = |y: u16| Rect { x: inside.x + 1, y, width: inside.width.saturating_sub(2), height: 1 };
        for ((at, (letter, decision, what)), y) in CHOICES.iter().enumerate().zip(inside.y..inside.bottom()) {
            let mut letters = [0; 4];
            let mut pen = Pen::new(line(y), buf, cx.theme);
            pen.left(letter.encode_utf8(&mut letters), Role::Key, 3).left(verb(*decision), Role::Text, 15);
            pen.word(what, Role::Muted);
            if at == self.cursor {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::SelectedCell));
            }
        }
        let below = inside.y + CHOICES.len() as u16 + u16::from(inside.height > 8);
        if below < inside.bottom() {
            let (role, quiet) = if self.is_queue() { (Role::Text, Role::Muted) } else { (Role::Faint, Role::Faint) };
            let mut pen = Pen::new(line(below), buf, cx.theme);
            pen.left("1…0", Role::Key, 5).left("priority", role, 10).left(&self.priority.get().to_string(), role, 4);
            pen.word("of a queue item; 1 first, 0 is 10", quiet);
        }
        if below + 1 < inside.bottom() {
            let mut pen = Pen::new(line(below + 1), buf, cx.theme);
            pen.left("w", Role::Key, 5).left("why", Role::Text, 10);
            let room = pen.room();
            if self.typing == Typing::On {
                let area = line(below + 1);
                let area = Rect { x: area.right() - room, width: room, ..area };
                buf.set_style(area, cx.theme.style(Role::Prompt));
                self.reason.draw(area, buf);
            } else if self.reason.text().is_empty() {
                pen.word("no reason", Role::Muted);
            } else {
                pen.word(self.reason.text(), Role::Text);
            }
        }
    }
}
