//! What kept a decision on many questions from being written, row by row, and the offer to decide the others.

use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::review::{Decision, Priority},
    keymap::{Chord, Context},
    message::action::Action,
    panes::{
        Cx, Intent, Reason, Subject, ViewCx,
        notice::wrapped,
        overlay::{Overlay, Step, centred, decide::verb, moved, window},
    },
    theme::Role,
    widgets::{pen::Pen, safe::safe_prose},
};

/// The question whether the others are decided. Only `y` is a yes.
#[derive(Debug)]
pub struct LeftOut {
    /// Which were refused, and why.
    refused: Vec<(String, String)>,
    others: Vec<Subject>,
    decision: Decision,
    priority: Priority,
    reason: Option<String>,
    top: usize,
}

impl LeftOut {
    /// These were refused, with why; the others can be decided without them.
    pub fn new(
        refused: Vec<(String, String)>,
        others: Vec<Subject>,
        decision: Decision,
        priority: Priority,
        reason: Option<String>,
    ) -> Self {
        Self { refused, others, decision, priority, reason, top: 0 }
    }

    fn lines(&self, width: usize) -> Vec<(String, Role)> {
        let said = match self.refused.len() {
            1 => "Nothing was written: one question stands against it.".to_owned(),
            many => format!("Nothing was written: {many} questions stand against it."),
        };
        let mut lines: Vec<_> = wrapped(&said, width).into_iter().map(|line| (line, Role::Text)).collect();
        for (id, why) in &self.refused {
            let text = safe_prose(&format!("{id}: {why}")).into_owned();
            lines.extend(wrapped(&text, width).into_iter().map(|line| (line, Role::Warning)));
        }
        lines
    }

    fn area(&self, screen: Rect) -> Rect {
        let width = screen.width.saturating_sub(2).min(76);
        let lines = self.lines(usize::from(width.saturating_sub(4))).len();
        let height = u16::try_from(lines).unwrap_or(u16::MAX).saturating_add(4);
        centred(screen, width, height.min(screen.height.saturating_sub(2).max(6)))
    }
}

impl Overlay for LeftOut {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, _cx: &mut Cx<'_>) -> Step {
        match moved(action, self.top, self.refused.len() * 2, 5) {
            Some(to) => self.top = to,
            None if action == Action::Cancel => return Step::Close,
            None => {}
        }
        Step::Stay
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        match Chord::from(key).typed() {
            Some('y') if !self.others.is_empty() => {
                cx.out.intents.push(Intent::Verdict {
                    subjects: std::mem::take(&mut self.others),
                    decision: self.decision,
                    priority: self.priority,
                    reason: Reason::Given(self.reason.clone()),
                });
                Step::Close
            }
            Some('n' | 'q') => Step::Close,
            Some('j') => self.act(Action::Down, cx),
            Some('k') => self.act(Action::Up, cx),
            _ => Step::Stay,
        }
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let hint = if self.others.is_empty() { "esc closes" } else { "y decides the others · n none" };
        let inside = window(&format!("{}: left out", verb(self.decision)), hint, self.area(screen), buf, cx);
        let last = inside.bottom().saturating_sub(1);
        let lines = self.lines(usize::from(inside.width.saturating_sub(2)));
        let room = usize::from(last.saturating_sub(inside.y));
        let top = self.top.min(lines.len().saturating_sub(room));
        for (y, (line, role)) in (inside.y..last).zip(lines.iter().skip(top)) {
            let row = Rect { x: inside.x + 1, y, width: inside.width.saturating_sub(1), height: 1 };
            Pen::new(row, buf, cx.theme).word(line, *role);
        }
        let offer = match self.others.len() {
            0 => "There are no others.".to_owned(),
            1 => "Decide the other one?".to_owned(),
            many => format!("Decide the other {many}?"),
        };
        if !inside.is_empty() {
            let row = Rect { x: inside.x + 1, y: last, width: inside.width.saturating_sub(1), height: 1 };
            Pen::new(row, buf, cx.theme).word(&offer, Role::Strong);
        }
    }
}
