//! The user's own editor: there with the text and the right ending, back with the same checks as in place.

use super::{Body, CellEditor, Form, Held, Phase, Target, Weight, stage::Sure};
use crate::{
    domain::{
        catalogue::{Meaning, Shape},
        change_words::key_words,
        edit::without_editors_newline,
        record_text::is_secret,
    },
    message::{
        command::{Command, ExternalEdit},
        severity::Severity,
    },
    panes::{Cx, overlay::Step},
    widgets::safe::safe,
};

/// The longest name of a file.
const NAME: usize = 60;

impl CellEditor {
    /// Hands the terminal over with what stands in the editor.
    pub(super) fn leave_for_editor(&mut self, cx: &mut Cx<'_>) {
        self.phase = Phase::Away;
        cx.out.commands.push(Command::OpenEditor(ExternalEdit {
            ticket: self.ticket,
            text: if self.held == Held::Text { self.body.text() } else { String::new() },
            ending: self.ending(),
            name: self.file_name(),
        }));
    }

    fn ending(&self) -> &'static str {
        match (self.form, self.meaning()) {
            (Form::Number(_) | Form::Blob | Form::TextBytes, _) => "txt",
            (Form::Text, Meaning::Markdown) => "md",
            (Form::Text, Meaning::Mermaid) => "mmd",
            (Form::Text, Meaning::Json(shape)) if shape != Shape::JsonOrText => "json",
            (Form::Text, _) if self.may_be_json() => "json",
            (Form::Text, _) if self.of().is_some_and(|column| column.name.eq_ignore_ascii_case("sql")) => "sql",
            (Form::Text, _) => "txt",
        }
    }

    fn file_name(&self) -> String {
        let column = self.of().map_or("", |column| column.name.as_str());
        let words = format!("{}-{}-{column}", self.relation.name, self.row_words());
        let mut name = String::new();
        for letter in words.chars().take(NAME) {
            if letter.is_ascii_alphanumeric() {
                name.push(letter);
            } else if !name.ends_with('-') {
                name.push('-');
            }
        }
        name.trim_matches('-').to_owned()
    }

    /// Which row, as people know it; a secret column is no name.
    pub(super) fn row_words(&self) -> String {
        match (&self.target, &self.record) {
            (Target::Field(_), _) => "new row".to_owned(),
            (Target::Cell(key), Some(record)) => {
                let cells: Vec<_> = record
                    .cells
                    .iter()
                    .enumerate()
                    .filter(|(position, _)| {
                        self.relation
                            .columns
                            .get(*position)
                            .is_some_and(|column| column.primary_key.is_some() && !is_secret(column))
                    })
                    .map(|(position, value)| (position, value.clone()))
                    .collect();
                key_words(&self.relation, key, &cells)
            }
            (Target::Cell(key), None) => key_words(&self.relation, key, &[]),
        }
    }

    /// What the user's editor has left: staged where nothing speaks against it and `$EDITOR` was all that was asked for, else
    /// shown in place.
    pub(super) fn back_from_editor(&mut self, outcome: Result<Option<String>, String>, cx: &mut Cx<'_>) {
        self.phase = Phase::Open;
        let came_for_editor = self.came_for_editor();
        let before = if self.held == Held::Text { self.body.text() } else { String::new() };
        let text = match outcome {
            Ok(text) => text.map(|text| without_editors_newline(&before, text)).filter(|text| *text != before),
            Err(why) => {
                cx.out.say(Severity::Error, safe(&why).into_owned());
                if matches!(self.body, Body::Large(_)) {
                    self.list = Some(self.too_large());
                }
                return;
            }
        };
        let Some(text) = text else {
            if came_for_editor {
                cx.out.say(Severity::Info, "unchanged: nothing is staged");
                self.done = true;
            } else if matches!(self.body, Body::Large(_)) && !self.touched {
                self.list = Some(self.too_large());
            }
            return;
        };
        self.put(text);
        self.recheck(cx);
        if !came_for_editor && matches!(self.body, Body::Area(_)) {
            return;
        }
        self.done = self.stage(Sure::No, cx) == Step::Close;
        if !self.done && self.findings.first().is_some_and(|finding| finding.weight != Weight::Hint) {
            // The text with its fault is what is wanted first; the question comes with the next attempt to stage it.
            if matches!(self.body, Body::Area(_)) {
                self.list = None;
            }
            self.go_to_finding();
        }
    }
}
