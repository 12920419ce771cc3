//! A line asked for by a pane: search, go to. What is typed goes to the pane at once.

use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    keymap::Context,
    message::action::Action,
    panes::{
        Cx, Intent, PaneId, PromptKind, PromptState, ViewCx,
        overlay::{Overlay, Step, one_line, window},
    },
    widgets::prompt::LineInput,
};

/// The prompt.
#[derive(Debug)]
pub struct Prompt {
    pane: PaneId,
    kind: PromptKind,
    title: String,
    input: LineInput,
}

impl Prompt {
    /// A prompt for this pane.
    pub fn new(pane: PaneId, kind: PromptKind, title: String, text: &str) -> Self {
        Self { pane, kind, title, input: LineInput::new(text) }
    }

    fn tell(&self, state: PromptState, cx: &mut Cx<'_>) {
        let text = self.input.text().to_owned();
        cx.out.intents.push(Intent::Prompted { pane: self.pane, kind: self.kind, text, state });
    }
}

impl Overlay for Prompt {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Open => self.tell(PromptState::Done, cx),
            Action::Cancel => self.tell(PromptState::Given, cx),
            _ => return Step::Stay,
        }
        Step::Close
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        if self.input.key(key) {
            self.tell(PromptState::Typing, cx);
        }
        Step::Stay
    }

    fn paste(&mut self, text: &str, cx: &mut Cx<'_>) {
        if self.input.paste(text) {
            self.tell(PromptState::Typing, cx);
        }
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = one_line(screen, 64);
        let inside = window(&self.title, "enter · esc", area, buf, cx);
        if inside.width > 2 {
            self.input.draw(Rect { x: inside.x + 1, width: inside.width - 2, ..inside }, buf);
        }
    }
}
