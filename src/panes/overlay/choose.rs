//! A question with a few answers, each with a letter of its own; what each means is an intent.

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use crate::{
    keymap::{Chord, Context},
    message::action::Action,
    panes::{
        Cx, Intent, ViewCx,
        notice::wrapped,
        overlay::{Overlay, Step, centred, moved, window},
    },
    theme::Role,
    widgets::safe::{fit, safe},
};

/// An answer.
#[derive(Clone, Debug)]
pub struct Choice {
    /// The letter that gives it.
    pub letter: char,
    /// What it does.
    pub words: String,
    /// What is wanted then; nothing where it only closes.
    pub intent: Option<Intent>,
}

impl Choice {
    /// An answer that wants something.
    pub fn new(letter: char, words: impl Into<String>, intent: Intent) -> Self {
        Self { letter, words: words.into(), intent: Some(intent) }
    }

    /// An answer that only closes.
    pub fn nothing(letter: char, words: impl Into<String>) -> Self {
        Self { letter, words: words.into(), intent: None }
    }
}

/// The question. The cursor begins on the first answer, so that has to be one that cannot hurt.
#[derive(Debug)]
pub struct Choose {
    title: String,
    lines: Vec<(String, Role)>,
    choices: Vec<Choice>,
    /// Which answer Esc gives.
    escape: usize,
    cursor: usize,
}

impl Choose {
    /// A question of a few lines; Esc gives the last answer.
    pub fn new(title: impl Into<String>, lines: Vec<(String, Role)>, choices: Vec<Choice>) -> Self {
        let escape = choices.len().saturating_sub(1);
        let lines = lines.into_iter().map(|(line, role)| (safe(&line).into_owned(), role)).collect();
        Self { title: title.into(), lines, choices, escape, cursor: 0 }
    }

    /// Esc gives this answer.
    #[must_use]
    pub fn escaping_with(mut self, at: usize) -> Self {
        self.escape = at;
        self
    }

    fn choose(&self, at: usize, cx: &mut Cx<'_>) -> Step {
        if let Some(intent) = self.choices.get(at).and_then(|choice| choice.intent.clone()) {
            cx.out.intents.push(intent);
        }
        Step::Close
    }

    fn area(&self, screen: Rect) -> (Rect, Vec<(String, Role)>) {
        let width = screen.width.saturating_sub(2).min(72);
        let room = usize::from(width.saturating_sub(4).max(1));
        let mut lines: Vec<(String, Role)> = Vec::new();
        for (line, role) in &self.lines {
            lines.extend(wrapped(line, room).into_iter().map(|line| (line, *role)));
        }
        // The answers must be seen; the words are cut where there is no room for both.
        let answers = u16::try_from(self.choices.len()).unwrap_or(u16::MAX);
        let words = usize::from(screen.height.saturating_sub(answers.saturating_add(3)));
        lines.truncate(words.max(1));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(answers).saturating_add(3);
        (centred(screen, width, height), lines)
    }
}

impl Overlay for Choose {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Cancel => self.choose(self.escape, cx),
            Action::Open => self.choose(self.cursor, cx),
            _ => {
                if let Some(to) = moved(action, self.cursor, self.choices.len(), self.choices.len()) {
                    self.cursor = to;
                }
                Step::Stay
            }
        }
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        let letter = Chord::from(key).typed();
        match self.choices.iter().position(|choice| Some(choice.letter) == letter) {
            Some(at) => self.choose(at, cx),
            None => Step::Stay,
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, screen: Rect, cx: &mut Cx<'_>) -> Step {
        let (area, lines) = self.area(screen);
        if mouse.kind == MouseEventKind::Down(MouseButton::Left)
            && area.contains(Position { x: mouse.column, y: mouse.row })
        {
            let first = usize::from(area.y) + lines.len() + 2;
            if let Some(at) = usize::from(mouse.row).checked_sub(first).filter(|at| *at < self.choices.len()) {
                return self.choose(at, cx);
            }
        }
        Step::Stay
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let (area, lines) = self.area(screen);
        let inside = window(&self.title, "enter · esc", area, buf, cx);
        let room = usize::from(inside.width.saturating_sub(2));
        for (y, (line, role)) in (inside.y..inside.bottom()).zip(&lines) {
            buf.set_stringn(inside.x + 1, y, line, room, cx.theme.style(*role));
        }
        let first = inside.y.saturating_add(u16::try_from(lines.len()).unwrap_or(u16::MAX)).saturating_add(1);
        for ((at, choice), y) in self.choices.iter().enumerate().zip(first..inside.bottom()) {
            let mut letters = [0; 4];
            buf.set_stringn(inside.x + 2, y, choice.letter.encode_utf8(&mut letters), 1, cx.theme.style(Role::Key));
            let room = usize::from(inside.width.saturating_sub(6));
            let words = safe(&choice.words);
            buf.set_stringn(inside.x + 5, y, fit(&words, room), room, cx.theme.style(Role::Text));
            if at == self.cursor {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::SelectedCell));
            }
        }
    }
}
