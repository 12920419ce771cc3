//! Tables: columns fitted to the width, cells wrapped, rows kept apart by lines where any of them wraps.

use pulldown_cmark::Alignment;

use super::{
    block::{Inline, Table},
    wrap::{Asides, Wrapped, measure, wrap},
};
use crate::{theme::Role, widgets::rich::RichSpan};

/// Columns a column needs to be readable; where there is no room for that, rows become lists.
const NARROWEST: usize = 5;

type Line = Vec<RichSpan>;

/// The lines of a table, none wider than `room` (but where that is below a few columns).
pub(super) fn lines(table: &Table, room: usize) -> Vec<Line> {
    let count = table.columns.len();
    if count == 0 {
        return Vec::new();
    }
    // `│ a │ b │`
    let Some(space) = room.checked_sub(3 * count + 1).filter(|space| *space >= count * NARROWEST) else {
        return list(table, room);
    };
    let widths = fitted(table, count, space);
    let head = row(&table.head, &widths, table);
    let rows: Vec<Vec<Line>> = table.rows.iter().map(|cells| row(cells, &widths, table)).collect();
    let apart = rows.iter().any(|lines| lines.len() > 1);
    let mut out = vec![rule(&widths, ["┌", "┬", "┐"])];
    out.extend(head);
    for (number, lines) in rows.into_iter().enumerate() {
        if number == 0 || apart {
            out.push(rule(&widths, ["├", "┼", "┤"]));
        }
        out.extend(lines);
    }
    out.push(rule(&widths, ["└", "┴", "┘"]));
    out
}

/// Widths of the columns, together at most `space`: what each wants where that fits, else as much as is fair, and whole words
/// before long ones.
fn fitted(table: &Table, count: usize, space: usize) -> Vec<usize> {
    let mut wants = vec![1; count];
    let mut words = vec![1; count];
    for cells in std::iter::once(&table.head).chain(&table.rows) {
        for (column, cell) in cells.iter().take(count).enumerate() {
            let (widest, word) = measure(cell, Asides::Left);
            wants[column] = wants[column].max(widest);
            words[column] = words[column].max(word);
        }
    }
    if wants.iter().sum::<usize>() <= space {
        return wants;
    }
    let fair = fill(&wants, space);
    // Where it costs the others little, no column is narrower than its longest word.
    let floors: Vec<usize> = words.iter().map(|word| (*word).min(space / count)).collect();
    let widths: Vec<usize> = fair.iter().zip(&floors).map(|(fair, floor)| *fair.max(floor)).collect();
    let over = widths.iter().sum::<usize>().saturating_sub(space);
    shrink(widths, &floors, over)
}

/// Shares `space` among the wants: small ones are met, the others get equal parts of the rest.
fn fill(wants: &[usize], space: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..wants.len()).collect();
    order.sort_by_key(|column| wants[*column]);
    let mut widths = vec![0; wants.len()];
    let mut left = space;
    for (place, column) in order.iter().enumerate() {
        let share = left / (wants.len() - place);
        widths[*column] = wants[*column].min(share).max(1);
        left -= widths[*column].min(left);
    }
    widths
}

/// Takes `over` columns from those that are above their floor, the widest first.
fn shrink(mut widths: Vec<usize>, floors: &[usize], mut over: usize) -> Vec<usize> {
    while over > 0 {
        let above = (0..widths.len()).filter(|column| widths[*column] > floors[*column]);
        let Some(widest) = above.max_by_key(|column| widths[*column]) else { break };
        widths[widest] -= 1;
        over -= 1;
    }
    widths
}

fn rule(widths: &[usize], [left, middle, right]: [&str; 3]) -> Line {
    let mut text = String::from(left);
    for (column, width) in widths.iter().enumerate() {
        if column > 0 {
            text.push_str(middle);
        }
        text.push_str(&"─".repeat(width + 2));
    }
    text.push_str(right);
    vec![RichSpan::new(text, Role::Faint)]
}

/// The lines of a row: as many as its highest cell has.
fn row(cells: &[Vec<Inline>], widths: &[usize], table: &Table) -> Vec<Line> {
    let mut wrapped: Vec<Vec<Wrapped>> = widths
        .iter()
        .enumerate()
        .map(|(column, width)| cells.get(column).map_or_else(Vec::new, |cell| wrap(cell, *width, Asides::Left)))
        .collect();
    let height = wrapped.iter().map(Vec::len).max().unwrap_or(0).max(1);
    let mut lines = Vec::with_capacity(height);
    for number in 0..height {
        let mut line = vec![RichSpan::new("│ ", Role::Faint)];
        for (column, width) in widths.iter().enumerate() {
            let part = wrapped[column].get_mut(number).map(std::mem::take).unwrap_or_default();
            let free = width.saturating_sub(part.width);
            let before = match table.columns.get(column) {
                Some(Alignment::Right) => free,
                Some(Alignment::Center) => free / 2,
                _ => 0,
            };
            if before > 0 {
                line.push(RichSpan::new(" ".repeat(before), Role::Text));
            }
            line.extend(part.spans);
            let end = if column + 1 == widths.len() { "│" } else { "│ " };
            if free > before {
                line.push(RichSpan::new(" ".repeat(free - before), Role::Text));
            }
            line.push(RichSpan::new(format!(" {end}"), Role::Faint));
        }
        lines.push(line);
    }
    lines
}

/// A table in too narrow a place: each row as a list of its cells under the names of their columns.
fn list(table: &Table, room: usize) -> Vec<Line> {
    let mut out = Vec::new();
    for (number, cells) in table.rows.iter().enumerate() {
        if number > 0 {
            out.push(vec![RichSpan::new("─".repeat(room), Role::Faint)]);
        }
        for (column, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
            let name = table.head.get(column).filter(|name| !name.is_empty());
            let indent = if name.is_some() && room > 4 { 2 } else { 0 };
            if let Some(name) = name {
                out.extend(wrap(name, room, Asides::Left).into_iter().map(|line| line.spans));
            }
            for line in wrap(cell, room - indent, Asides::Left) {
                let mut spans = vec![RichSpan::new(" ".repeat(indent), Role::Text)];
                spans.extend(line.spans);
                out.push(spans);
            }
        }
    }
    if table.rows.is_empty() {
        for name in &table.head {
            out.extend(wrap(name, room, Asides::Left).into_iter().map(|line| line.spans));
        }
    }
    out
}
