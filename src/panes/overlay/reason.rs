//! The reason of a decision, in one line. Enter with nothing typed gives none; Esc takes the decision back before it is one.

use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::review::{Decision, Priority},
    keymap::Context,
    message::action::Action,
    panes::{
        Cx, Intent, Reason, Subject, ViewCx,
        overlay::{
            Overlay, Step,
            decide::{about, verb},
            one_line, window,
        },
    },
    theme::Role,
    widgets::prompt::LineInput,
};

/// The prompt.
#[derive(Debug)]
pub struct ReasonPrompt {
    subjects: Vec<Subject>,
    decision: Decision,
    priority: Priority,
    input: LineInput,
}

impl ReasonPrompt {
    /// For this decision on these questions.
    pub fn new(subjects: Vec<Subject>, decision: Decision, priority: Priority) -> Self {
        Self { subjects, decision, priority, input: LineInput::default() }
    }
}

impl Overlay for ReasonPrompt {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Open => {
                let text = self.input.text().trim();
                cx.out.intents.push(Intent::Verdict {
                    subjects: std::mem::take(&mut self.subjects),
                    decision: self.decision,
                    priority: self.priority,
                    reason: Reason::Given((!text.is_empty()).then(|| text.to_owned())),
                });
                Step::Close
            }
            Action::Cancel => Step::Close,
            _ => Step::Stay,
        }
    }

    fn key(&mut self, key: KeyEvent, _cx: &mut Cx<'_>) -> Step {
        self.input.key(key);
        Step::Stay
    }

    fn paste(&mut self, text: &str, _cx: &mut Cx<'_>) {
        self.input.paste(text);
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = one_line(screen, 72);
        let title = format!("{} {}: why?", verb(self.decision), about(&self.subjects, 24));
        let inside = window(&title, "enter (empty: no reason) · esc: not yet", area, buf, cx);
        if inside.width > 2 {
            let line = Rect { x: inside.x + 1, width: inside.width - 2, ..inside };
            buf.set_style(line, cx.theme.style(Role::Prompt));
            self.input.draw(line, buf);
        }
    }
}
