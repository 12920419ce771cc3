//! From what stands in the editor to a value: checked, asked about, staged.

use super::{Body, CHECKED_AT_ONCE, CellEditor, Held, List, Pick, Target, list::Item};
use crate::{
    domain::{
        catalogue::Meaning,
        change::{Cell, Change},
        edit::{Finding, NewValue, Weight, check, default_value, is_kept_by_the_database},
        json_check::{JsonReport, is_json, shape_words},
        syntax::Job,
        value::Value,
    },
    message::{command::Command, severity::Severity},
    panes::{Cx, Intent, overlay::Step},
    theme::Role,
    widgets::safe::safe,
};

/// Whether the user has said yes already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sure {
    /// He was not asked.
    No,
    /// He was asked, and did.
    Yes,
}

impl CellEditor {
    /// What stands in the editor, as a value.
    ///
    /// # Errors
    ///
    /// Why it is none, in words.
    fn value(&self, cx: &Cx<'_>) -> Result<NewValue, String> {
        match (self.held, &self.target) {
            (Held::Null, _) => Ok(NewValue::Given(Value::Null)),
            (Held::Default, Target::Field(_)) => Ok(NewValue::Default),
            (Held::Default, Target::Cell(_)) => {
                let column = self.of().ok_or("the table has changed: read it anew and try again")?;
                default_value(column, cx.now.wall).map(NewValue::Given)
            }
            // What was not touched stays what it is, to the last bit.
            (Held::Text, _) if !self.is_changed() => Ok(self.start.clone()),
            (Held::Text, _) => self.form.read(&self.body.text()).map(NewValue::Given),
        }
    }

    /// Stages what stands in the editor, or says what speaks against it.
    pub(super) fn stage(&mut self, sure: Sure, cx: &mut Cx<'_>) -> Step {
        let value = match self.value(cx) {
            Ok(value) => value,
            Err(what) => {
                cx.out.say(Severity::Warning, safe(&what).into_owned());
                self.findings = vec![Finding { weight: Weight::Refused, what, at: None }];
                return Step::Stay;
            }
        };
        if value == self.start {
            cx.out.say(Severity::Info, "unchanged: nothing is staged");
            return Step::Close;
        }
        if let NewValue::Given(given) = &value {
            self.findings = check(&self.relation, self.column, &self.was, given);
        }
        match self.findings.first().map(|finding| finding.weight) {
            Some(Weight::Refused) => {
                let what = self.findings.first().map(|finding| safe(&finding.what).into_owned()).unwrap_or_default();
                cx.out.say(Severity::Warning, what);
                return Step::Stay;
            }
            Some(Weight::Ask) if sure == Sure::No => {
                self.go_to_finding();
                self.list = Some(self.ask_anyway());
                self.fit_list();
                return Step::Stay;
            }
            _ => {}
        }
        self.hand_over(value, cx);
        Step::Close
    }

    fn hand_over(&mut self, value: NewValue, cx: &mut Cx<'_>) {
        let intent = match (&self.target, value) {
            (Target::Field(ticket), value) => Intent::Edited { ticket: *ticket, value },
            (Target::Cell(key), NewValue::Given(value)) => Intent::Stage(Change::Update {
                relation: self.relation.clone(),
                key: key.clone(),
                shown: self.shown(),
                set: vec![(self.column, value)],
            }),
            (Target::Cell(_), NewValue::Default) => return,
        };
        cx.out.intents.push(intent);
    }

    /// The row as it was read, without what the database keeps by itself.
    fn shown(&self) -> Vec<Cell> {
        let Some(record) = &self.record else { return Vec::new() };
        let cells = record.cells.iter().enumerate().zip(&self.relation.columns);
        cells
            .filter(|(_, column)| !is_kept_by_the_database(column))
            .map(|((position, value), _)| (position, value.clone()))
            .collect()
    }

    /// The cursor goes where the first fault is.
    pub(super) fn go_to_finding(&mut self) {
        if let (Some(Finding { at: Some((line, column)), .. }), Body::Area(editor)) =
            (self.findings.first(), &mut self.body)
        {
            editor.go_to(*line, *column);
        }
    }

    fn ask_anyway(&self) -> List {
        let words = self.findings.iter().filter(|finding| finding.weight == Weight::Ask).map(|finding| {
            let place = finding.at.map_or_else(String::new, |(line, column)| format!("line {line}, column {column}: "));
            (format!("{place}{}", finding.what), Role::Bad)
        });
        let items = vec![
            Item::new('e', "keep editing", "", Pick::Back),
            Item::new('y', "yes, stage it as it is", "", Pick::Anyway),
        ];
        List::new("Stage it anyway?", items, Pick::Back).saying(words)
    }

    /// Checks what stands in the editor: at once, or in the background where it is long.
    pub(super) fn recheck(&mut self, cx: &mut Cx<'_>) {
        let relation = &self.relation;
        if self.held == Held::Null {
            self.findings = check(relation, self.column, &self.was, &Value::Null);
            return;
        }
        if self.held == Held::Default {
            self.findings.clear();
            return;
        }
        if self.body.len() <= CHECKED_AT_ONCE {
            self.findings = match self.form.read(&self.body.text()) {
                Ok(value) if NewValue::Given(value.clone()) != self.start => {
                    check(relation, self.column, &self.was, &value)
                }
                Ok(value) => check(relation, self.column, &value, &value),
                Err(what) => vec![Finding { weight: Weight::Refused, what, at: None }],
            };
            return;
        }
        match self.meaning() {
            Meaning::Json(shape) if self.checking.job.is_none() => {
                let job = Job::CheckJson { text: self.body.text().into(), shape };
                self.checking.job = Some(job.clone());
                cx.out.commands.push(Command::Compute(job));
            }
            // One check at a time: the next one begins with the newest text when this one is back.
            Meaning::Json(_) => self.checking.stale = true,
            _ => self.findings.clear(),
        }
    }

    /// What a check in the background says.
    pub(super) fn findings_of(&self, report: &JsonReport) -> Vec<Finding> {
        let (weight, what, fault) = match report {
            JsonReport::Fine => return Vec::new(),
            JsonReport::Shape(fault) => {
                let shape = match self.meaning() {
                    Meaning::Json(shape) => shape_words(shape),
                    _ => "of the documented shape",
                };
                (Weight::Hint, format!("not {shape}: {}", fault.what), fault)
            }
            JsonReport::Broken(fault) => {
                let before = self.was.as_text().is_some_and(|was| !is_json(&was));
                let weight = if before { Weight::Hint } else { Weight::Ask };
                (weight, format!("broken JSON: {}", fault.what), fault)
            }
        };
        vec![Finding { weight, what, at: Some((fault.line, fault.column)) }]
    }
}
