//! The question before the deletion of a row is staged: which row it is, and what refers to it.

use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    db::{
        error::Error,
        request::{Answer, Query, Slot},
    },
    domain::{
        change::{Cell, Change},
        change_words,
        edit::is_kept_by_the_database,
        page::{Record, RowKey},
        review::ReferenceCount,
        schema::Relation,
    },
    keymap::{Chord, Context},
    message::{action::Action, severity::Severity},
    panes::{
        Cx, Handled, Intent, ViewCx,
        notice::wrapped,
        overlay::{Overlay, Step, centred, window},
    },
    theme::Role,
    widgets::{number::grouped, safe::safe},
};

/// How far it is.
#[derive(Debug)]
enum Stage {
    /// The row is on its way: its cells are the guard.
    Row,
    /// What refers to it is on its way.
    References(Arc<Record>),
    /// All is there; what refers to it, or why that is not known.
    Known(Arc<Record>, Result<Vec<ReferenceCount>, String>),
    /// Nothing is left to ask.
    Done,
}

/// The question.
#[derive(Debug)]
pub struct DeleteRow {
    relation: Arc<Relation>,
    key: RowKey,
    stage: Stage,
}

impl DeleteRow {
    /// For this row, which is read first.
    pub fn new(relation: Arc<Relation>, key: RowKey, cx: &mut Cx<'_>) -> Self {
        cx.out.ask_again(Slot::Cell, Query::Record(relation.clone(), key.clone()));
        Self { relation, key, stage: Stage::Row }
    }

    fn stage_it(&self, record: &Record, cx: &mut Cx<'_>) {
        let (relation, key) = (self.relation.clone(), self.key.clone());
        let shown = guard(record);
        cx.out.intents.push(Intent::Stage(Change::Delete { relation, key, shown }));
    }

    fn lines(&self, width: u16) -> Vec<(String, Role)> {
        let mut words: Vec<(String, Role)> = Vec::new();
        let name = &self.relation.name;
        match &self.stage {
            Stage::Row => words.push((format!("reading the row of {name} …"), Role::Muted)),
            Stage::References(record) => {
                words.push((what(record), Role::Text));
                words.push(("looking for what refers to it …".to_owned(), Role::Muted));
            }
            Stage::Known(record, references) => {
                words.push((what(record), Role::Text));
                match references {
                    Ok(references) if references.is_empty() => {
                        words.push(("Nothing refers to it.".to_owned(), Role::Good));
                    }
                    Ok(references) => words.extend(references.iter().map(|count| (reference(count), role(count)))),
                    Err(why) => words.push((format!("What refers to it is not known: {why}"), Role::Warning)),
                }
                words.push(("It is staged; nothing is deleted before it is committed.".to_owned(), Role::Muted));
            }
            Stage::Done => {}
        }
        let width = usize::from(width.max(1));
        let lines = words.into_iter().flat_map(|(text, role)| {
            wrapped(&safe(&text), width).into_iter().map(move |line| (line, role)).collect::<Vec<_>>()
        });
        lines.collect()
    }
}

/// What must still be so for the row to be deleted: all of it but what triggers keep.
fn guard(record: &Record) -> Vec<Cell> {
    let kept = |at: usize| record.relation.columns.get(at).is_none_or(is_kept_by_the_database);
    record.cells.iter().cloned().enumerate().filter(|(at, _)| !kept(*at)).collect()
}

fn what(record: &Record) -> String {
    let cells: Vec<Cell> = record.cells.iter().cloned().enumerate().collect();
    format!("{} {}", record.relation.name, change_words::key_words(&record.relation, &record.key, &cells))
}

fn reference(count: &ReferenceCount) -> String {
    let rows = if count.rows == 1 { "1 row".to_owned() } else { format!("{} rows", grouped(count.rows)) };
    let then = match &count.declared {
        None => " (no foreign key: they will refer to nothing)".to_owned(),
        Some(action) => match action.to_ascii_uppercase().as_str() {
            "CASCADE" => " (foreign key: they are deleted, too)".to_owned(),
            "SET NULL" => " (foreign key: set to NULL)".to_owned(),
            "SET DEFAULT" => " (foreign key: set to the default)".to_owned(),
            _ => " (foreign key: it forbids this where it is enforced)".to_owned(),
        },
    };
    format!("{rows} of {}.{}{then}", count.relation, count.column)
}

fn role(count: &ReferenceCount) -> Role {
    if count.declared.is_some() { Role::Bad } else { Role::Warning }
}

impl Overlay for DeleteRow {
    fn context(&self) -> Context {
        Context::Prompt
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        if action != Action::Cancel {
            return Step::Stay;
        }
        if matches!(self.stage, Stage::Row | Stage::References(_)) {
            cx.out.cancel(Slot::Cell);
        }
        Step::Close
    }

    fn key(&mut self, key: KeyEvent, cx: &mut Cx<'_>) -> Step {
        match (Chord::from(key).typed(), &self.stage) {
            (Some('y'), Stage::Known(record, _)) => {
                self.stage_it(record, cx);
                Step::Close
            }
            // Who does not want to wait for the counting knows what he does.
            (Some('y'), Stage::References(record)) => {
                cx.out.cancel(Slot::Cell);
                self.stage_it(record, cx);
                Step::Close
            }
            (Some('n' | 'q'), _) => self.act(Action::Cancel, cx),
            _ => Step::Stay,
        }
    }

    fn reply(&mut self, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        match (&self.stage, outcome) {
            (Stage::Row, Ok(Answer::Record(Some(record)))) => {
                self.stage = Stage::References(record.clone());
                cx.out.ask(Slot::Cell, Query::References(self.relation.clone(), self.key.clone()));
            }
            (Stage::Row, Ok(Answer::Record(None))) => {
                cx.out.say(Severity::Warning, "the row is gone already");
                self.stage = Stage::Done;
            }
            (Stage::Row, Err(error)) => {
                cx.out.say(Severity::Error, format!("the row could not be read: {error}. {}", error.remedy));
                self.stage = Stage::Done;
            }
            (Stage::References(record), Ok(Answer::References(references))) => {
                self.stage = Stage::Known(record.clone(), Ok(references.clone()));
            }
            (Stage::References(record), Err(error)) => {
                self.stage = Stage::Known(record.clone(), Err(error.to_string()));
            }
            _ => return Handled::No,
        }
        Handled::Yes
    }

    fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Done)
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let width = screen.width.saturating_sub(2).min(76);
        let lines = self.lines(width.saturating_sub(4));
        let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2).min(screen.height);
        let inside = window("Delete this row?", "y yes · n no", centred(screen, width, height), buf, cx);
        for (y, (line, role)) in (inside.y..inside.bottom()).zip(&lines) {
            buf.set_stringn(inside.x + 1, y, line, usize::from(inside.width.saturating_sub(1)), cx.theme.style(*role));
        }
    }
}
