//! The lines about the two states: what is odd about them in words, then what differs.

use std::{ops::Range, sync::Arc};

use super::told::State;
use crate::{
    domain::{
        diff::{Comparison, Diff},
        json_check::JsonReport,
    },
    panes::{
        Outbox,
        notice::wrapped,
        story::{lines::head as beginning, works::Works},
    },
    theme::Role,
    widgets::{
        diff::{self, Folding, Shape},
        hex,
        json_tree::JsonTree,
        rich::{self, RichLine},
        safe,
    },
};

/// Lines of bytes that are shown of a state that is no text.
const HEX_LINES: usize = 1024;

/// What is shown of two states.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Style {
    /// How the sides stand.
    pub(super) shape: Shape,
    /// Whether unchanged parts are left out.
    pub(super) folding: Folding,
    /// Compared, or as they are stored.
    pub(super) form: Form,
}

/// Compared, or as they are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Form {
    /// What differs.
    #[default]
    Compared,
    /// Both as they are stored.
    Stored,
}

/// The lines, and what can be stepped through in them.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) lines: Vec<RichLine>,
    /// The lines of each change.
    pub(super) places: Vec<Range<usize>>,
    /// The diff that is shown, and the row of it that each change begins with.
    pub(super) found: Option<(Arc<Diff>, Vec<usize>)>,
}

impl Lines {
    fn say(&mut self, words: &str, role: Role, width: u16) {
        let rows = wrapped(&safe::safe_prose(words), usize::from(width).max(8));
        self.lines.extend(rows.into_iter().map(|row| RichLine::of(row, role)));
    }
}

const SIDES: [&str; 2] = ["before", "after"];

/// Makes the lines.
pub(super) fn lines(
    states: &[State; 2],
    fields: &Arc<[Arc<str>]>,
    style: Style,
    width: u16,
    works: &mut Works,
    out: &mut Outbox,
) -> Lines {
    let mut all = Lines::default();
    if !states.iter().any(State::is_there) {
        let words = match states {
            [State::NoColumn, State::NoColumn] => "This table has no columns for the state before or after.",
            _ => "No state is recorded, neither before nor after: what changed cannot be told.",
        };
        all.say(words, Role::Muted, width);
        return all;
    }
    for (state, side) in states.iter().zip(SIDES) {
        oddities(state, side, width, works, out, &mut all);
    }
    let bytes = states.iter().any(|state| state.bytes().is_some());
    if style.form == Form::Stored || bytes {
        for (state, side) in states.iter().zip(SIDES) {
            stored(state, side, width, &mut all);
        }
        return all;
    }
    let [before, after] = states.each_ref().map(State::side);
    let comparison = Comparison::of_rows(before, after, fields.iter().cloned());
    let Some(found) = works.diff(comparison, out) else {
        all.say("Comparing …", Role::Muted, width);
        return all;
    };
    if found.is_same() {
        all.say("No difference: both states are the same.", Role::Good, width);
    }
    let laid = diff::lay_out(&found, width, style.shape, style.folding);
    let first = all.lines.len();
    let ends = laid.changes.iter().skip(1).copied().chain([laid.lines.len()]);
    all.places = laid.changes.iter().zip(ends).map(|(start, end)| first + start..first + end).collect();
    all.lines.extend(laid.lines);
    all.found = Some((found, laid.rows));
    all
}

/// Says what a state is, where it is not what it should be: JSON.
fn oddities(state: &State, side: &str, width: u16, works: &mut Works, out: &mut Outbox, all: &mut Lines) {
    match state {
        State::Text(text) if !JsonTree::looks_like(text) && works.json(text, out) != Some(JsonReport::Fine) => {
            let words = format!("The state {side} is no JSON: it is shown as the text that it is.");
            all.say(&words, Role::Warning, width);
        }
        State::Text(text) => {
            if let Some(JsonReport::Broken(fault)) = works.json(text, out) {
                let words = format!(
                    "The state {side} is no valid JSON (line {}, column {}: {}): it is shown as the text that it is.",
                    fault.line, fault.column, fault.what
                );
                all.say(&words, Role::Warning, width);
            }
        }
        State::Other(value) => {
            let what = match value {
                crate::domain::value::Value::Blob(bytes) => format!("a blob of {} bytes", bytes.total()),
                crate::domain::value::Value::Text(bytes) => {
                    format!("a text of {} bytes that is not UTF-8", bytes.total())
                }
                _ => "a number".to_owned(),
            };
            all.say(&format!("The state {side} is {what}, no JSON."), Role::Warning, width);
        }
        State::NoColumn | State::Nothing | State::Blank => {}
    }
}

/// A state as it is stored.
fn stored(state: &State, side: &str, width: u16, all: &mut Lines) {
    let start = all.lines.len();
    all.lines.push(super::rule(side, width));
    match state {
        State::NoColumn => all.say("the table has no column for it", Role::Muted, width),
        State::Nothing => all.say("NULL: nothing is recorded", Role::Null, width),
        State::Blank => all.say("an empty text", Role::Empty, width),
        State::Text(text) => {
            let (head, missing) = beginning(text);
            all.lines.extend(rich::plain(head, Role::Text));
            if missing > 0 {
                all.say(&format!("… {missing} more bytes: the cell in the table shows them all"), Role::Warning, width);
            }
        }
        State::Other(value) => match state.bytes() {
            Some(bytes) => {
                all.lines.extend(hex::lines(bytes, width, 0..HEX_LINES));
                let missing = hex::line_count(bytes.len(), width).saturating_sub(HEX_LINES);
                if missing > 0 {
                    all.say(&format!("… {missing} more lines of bytes"), Role::Warning, width);
                }
            }
            None => all.say(&value.to_plain(), Role::Integer, width),
        },
    }
    all.places.push(start..all.lines.len());
}
