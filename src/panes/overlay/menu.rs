//! The menu that asks how to copy a row.

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    db::{
        error::Error,
        request::{Answer, Query, Slot},
    },
    domain::{
        page::{Record, RowKey},
        record_text::{is_secret, record_csv, record_json, record_markdown, record_sql},
        schema::Relation,
        value::Secrets,
    },
    keymap::Context,
    message::{action::Action, command::Command, severity::Severity},
    panes::{
        Cx, Handled, ViewCx,
        overlay::{Overlay, Step, centred, moved, window},
    },
    theme::Role,
};

const FORMATS: [(char, &str); 4] = [('1', "JSON"), ('2', "CSV"), ('3', "SQL"), ('4', "Markdown")];

/// How to copy a row.
#[derive(Debug)]
pub struct CopyMenu {
    relation: Arc<Relation>,
    key: RowKey,
    secrets: Secrets,
    cursor: usize,
    /// The chosen format, while the row is on its way.
    chosen: Option<usize>,
    /// The overlay is done and only waits to be closed.
    done: bool,
}

impl CopyMenu {
    /// For this row.
    pub fn new(relation: Arc<Relation>, key: RowKey, secrets: Secrets) -> Self {
        Self { relation, key, secrets, cursor: 0, chosen: None, done: false }
    }

    fn choose(&mut self, format: usize, cx: &mut Cx<'_>) -> Step {
        self.cursor = format;
        self.chosen = Some(format);
        cx.out.ask(Slot::Cell, Query::Record(self.relation.clone(), self.key.clone()));
        Step::Stay
    }

    fn copy(&self, format: usize, record: &Record, cx: &mut Cx<'_>) {
        let text = match format {
            0 => format!("{:#}", record_json(record, self.secrets)),
            1 => record_csv(record, self.secrets),
            2 => record_sql(record, self.secrets),
            _ => record_markdown(record, self.secrets),
        };
        let name = FORMATS.get(format).map_or("", |(_, name)| name);
        cx.out.commands.push(Command::Copy { text, what: format!("row as {name}") });
        if self.secrets == Secrets::Masked && record.relation.columns.iter().any(is_secret) {
            cx.out.say(Severity::Warning, "secrets were copied masked: reveal them in the table first to copy them");
        }
    }
}

impl Overlay for CopyMenu {
    fn context(&self) -> Context {
        Context::List
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Cancel => {
                if self.chosen.is_some() {
                    cx.out.cancel(Slot::Cell);
                }
                Step::Close
            }
            Action::Open => self.choose(self.cursor, cx),
            _ => {
                if let Some(to) = moved(action, self.cursor, FORMATS.len(), FORMATS.len()) {
                    self.cursor = to;
                }
                Step::Stay
            }
        }
    }

    fn key(&mut self, key: crossterm::event::KeyEvent, cx: &mut Cx<'_>) -> Step {
        let letter = crate::keymap::Chord::from(key).typed();
        match FORMATS.iter().position(|(own, _)| Some(*own) == letter) {
            Some(format) => self.choose(format, cx),
            None => Step::Stay,
        }
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        let Some(format) = self.chosen else { return Handled::No };
        match outcome {
            Ok(Answer::Record(Some(record))) => self.copy(format, record, cx),
            Ok(Answer::Record(None)) => cx.out.say(Severity::Warning, "nothing was copied: the row is gone"),
            Ok(_) => return Handled::No,
            Err(error) => cx.out.say(Severity::Error, format!("nothing was copied: {error}. {}", error.remedy)),
        }
        self.done = true;
        Handled::Yes
    }

    fn is_done(&self) -> bool {
        self.done
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = centred(screen, 34, FORMATS.len() as u16 + 2);
        let inside = window("Copy the row as", "enter · esc", area, buf, cx);
        for (row, (key, name)) in FORMATS.iter().enumerate().take(inside.height as usize) {
            let y = inside.y + row as u16;
            let mut letters = [0; 4];
            buf.set_stringn(inside.x + 2, y, key.encode_utf8(&mut letters), 1, cx.theme.style(Role::Key));
            let room = inside.width.saturating_sub(5) as usize;
            buf.set_stringn(inside.x + 5, y, name, room, cx.theme.style(Role::Text));
            if row == self.cursor {
                buf.set_style(Rect { y, height: 1, ..inside }, cx.theme.style(Role::SelectedCell));
            }
        }
    }
}
