//! The raw tab: every column with its value as it is stored; JSON indented.

use std::borrow::Cow;

use super::text::missing_line;
use crate::{
    domain::{page::Record, value::Value},
    panes::story::lines::head,
    theme::Role,
    widgets::{
        hex,
        json_tree::JsonTree,
        rich::{self, RichLine, RichSpan},
        safe,
    },
};

/// Columns for the names.
const NAMES: usize = 22;
/// Lines of a blob that are shown.
const BLOB_LINES: usize = 64;

/// The lines of the tab at this width.
pub(super) fn lines(record: &Record, width: u16) -> Vec<RichLine> {
    let mut lines = Vec::new();
    // Between values of several lines stands a blank one.
    let mut block = false;
    for (column, value) in record.relation.columns.iter().zip(&record.cells) {
        let name = safe::safe(&column.name);
        let short = short(value).filter(|(text, _)| NAMES + safe::width(text) <= usize::from(width));
        if let Some((text, role)) = short {
            if std::mem::take(&mut block) {
                lines.push(RichLine::default());
            }
            let blanks = " ".repeat(NAMES.saturating_sub(safe::width(&name)).max(1));
            let spans = vec![RichSpan::new(format!("{name}{blanks}"), Role::Header), RichSpan::new(text, role)];
            lines.push(RichLine { spans, ground: None });
        } else {
            if !lines.is_empty() {
                lines.push(RichLine::default());
            }
            block = true;
            long(&name, value, width, &mut lines);
        }
    }
    lines
}

/// A value that is one short line, with its role.
fn short(value: &Value) -> Option<(Cow<'_, str>, Role)> {
    const SHORT: usize = 200;
    match value {
        Value::Null => Some((Cow::Borrowed("NULL"), Role::Null)),
        Value::Integer(_) => Some((value.to_plain(), Role::Integer)),
        Value::Real(_) => Some((value.to_plain(), Role::Real)),
        Value::Text(bytes) if bytes.head().is_empty() => Some((Cow::Borrowed("(empty)"), Role::Empty)),
        Value::Text(bytes) if bytes.head().len() <= SHORT => {
            let text = value.to_plain();
            let plain = !text.contains(['\n', '\r']) && !JsonTree::looks_like(&text);
            plain.then(|| (Cow::Owned(safe::safe(&text).into_owned()), Role::Text))
        }
        Value::Text(_) | Value::Blob(_) => None,
    }
}

/// A value of several lines below its name.
fn long(name: &str, value: &Value, width: u16, lines: &mut Vec<RichLine>) {
    let title = |kind: &str| {
        let spans = vec![RichSpan::new(name, Role::Header), RichSpan::new(format!("  {kind}"), Role::Muted)];
        RichLine { spans, ground: None }
    };
    if let Value::Blob(bytes) = value {
        lines.push(title(&format!("blob, {} bytes", bytes.total())));
        let count = hex::line_count(bytes.head().len(), width);
        lines.extend(hex::lines(bytes.head(), width, 0..count.min(BLOB_LINES)));
        if count > BLOB_LINES {
            lines.push(missing_line(bytes.head().len() - BLOB_LINES * hex::bytes_per_line(width)));
        }
        return;
    }
    let text = value.to_plain();
    let (shown, missing) = head(&text);
    let tree = (missing == 0 && JsonTree::looks_like(shown)).then(|| JsonTree::parse(shown).ok()).flatten();
    let kind = if tree.is_some() { "JSON" } else { "text" };
    lines.push(title(&format!("{kind}, {} bytes", text.len())));
    match tree {
        Some(tree) => lines.extend(rich::plain(&tree.pretty(), Role::Text)),
        None => lines.extend(rich::plain(shown, Role::Text)),
    }
    if missing > 0 {
        lines.push(missing_line(missing));
    }
}
