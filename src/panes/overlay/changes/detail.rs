//! A staged edit in full: what differs, column by column, then the statement as it will be run.

use crate::{
    db::write::{Caps, tell},
    domain::{
        change::{Cell, Change},
        change_words::masked,
        diff::Comparison,
        schema::Relation,
        staged::{EditState, StagedEdit},
        value::Value,
    },
    theme::Role,
    widgets::{
        diff::{self, Folding, Shape},
        rich::{RichLine, RichSpan, plain},
    },
};

/// Bytes of a value that are shown.
const MOST: usize = 4096;
/// What is shown of a statement: its guard is told by what differs.
const SHOWN: Caps = Caps { value: MOST, guard: 40 };

/// The whole statement, secrets masked.
pub(super) fn whole_sql(change: &Change) -> String {
    tell(&masked(change), Caps::WHOLE)
}

/// The lines, for this many columns.
pub(super) fn lines(edit: &StagedEdit, width: u16) -> Vec<RichLine> {
    let mut lines = Vec::new();
    if edit.state == EditState::Unknown {
        let words = "This was sent once, and the answer was lost: look whether it is written. Enter stages it again, d drops it.";
        lines.extend(plain(words, Role::Bad));
    }
    let change = masked(&edit.change);
    match &change {
        Change::Update { relation, shown, set, .. } => {
            for (column, value) in set {
                let before = shown.iter().find(|(own, _)| own == column).map(|(_, value)| value);
                heading(relation, *column, &mut lines);
                match before {
                    Some(before) => difference(before, value, width, &mut lines),
                    None => one("+", value, Role::Good, &mut lines),
                }
            }
        }
        Change::Insert { relation, cells, .. } => all(relation, cells, "+", Role::Good, &mut lines),
        Change::Delete { relation, shown, .. } => all(relation, shown, "-", Role::Bad, &mut lines),
    }
    lines.push(RichLine::default());
    lines.extend(plain("SQL", Role::Header));
    lines.extend(plain(&format!("{};", tell(&change, SHOWN)), Role::Text));
    lines
}

fn all(relation: &Relation, cells: &[Cell], sign: &'static str, role: Role, lines: &mut Vec<RichLine>) {
    for (column, value) in cells {
        heading(relation, *column, lines);
        one(sign, value, role, lines);
    }
}

fn heading(relation: &Relation, column: usize, lines: &mut Vec<RichLine>) {
    let name = relation.columns.get(column).map_or("", |column| column.name.as_str());
    if !lines.is_empty() {
        lines.push(RichLine::default());
    }
    lines.extend(plain(name, Role::Header));
}

/// Word by word, JSON by key; what is too long for that at once stands one below the other.
fn difference(before: &Value, after: &Value, width: u16, lines: &mut Vec<RichLine>) {
    if !Comparison::of_values(before, after).is_heavy() {
        let diff = diff::of_values(before, after);
        lines.extend(diff::lay_out(&diff, width, Shape::Unified, Folding::Folded).lines);
        return;
    }
    one("-", before, Role::Bad, lines);
    one("+", after, Role::Good, lines);
}

fn one(sign: &'static str, value: &Value, role: Role, lines: &mut Vec<RichLine>) {
    let (text, role) = match value {
        Value::Null => ("NULL".to_owned(), Role::Null),
        Value::Text(bytes) if bytes.total() == 0 => ("(empty)".to_owned(), Role::Empty),
        Value::Text(bytes) => (beginning(&String::from_utf8_lossy(bytes.head())), role),
        Value::Blob(bytes) => {
            let head = &bytes.head()[..bytes.head().len().min(MOST / 2)];
            let cut = if head.len() < bytes.head().len() { " …" } else { "" };
            (format!("x'{}'{cut}", crate::domain::value::hex(head)), role)
        }
        value => (value.to_plain().into_owned(), role),
    };
    for line in plain(&text, role) {
        let mut spans = vec![RichSpan::new(format!("{sign} "), role)];
        spans.extend(line.spans);
        lines.push(RichLine { spans, ..line });
    }
}

fn beginning(text: &str) -> String {
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{} …", &text[..end]),
        None => text.to_owned(),
    }
}
