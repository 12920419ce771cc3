//! How wide a column wants to be: by its header, and by the cells on the screen when it first comes into view.

use unicode_width::UnicodeWidthStr as _;

use super::{sort, window::Window};
use crate::{
    domain::{
        catalogue::Meaning,
        page::SortKey,
        schema::{Column, Relation},
        value::Secrets,
    },
    panes::{Cx, ViewCx},
    widgets::{
        cell::{self, CellOptions},
        grid::{Columns, WIDEST},
        safe::safe,
    },
};

/// A header asks for no more than this.
const HEADER: u16 = 24;
/// Rows that are looked at, beside those on the screen.
const ROWS: i64 = 64;
/// Rows that are looked at even on the tallest screen.
const MOST_ROWS: i64 = 256;

/// How cells are shown, while the pane changes.
pub(super) fn options(cx: &Cx<'_>, secrets: Secrets) -> CellOptions {
    CellOptions { times: cx.settings.times, secrets, now: cx.now.wall }
}

/// How cells are shown, while the pane is drawn.
pub(super) fn view_options(cx: &ViewCx<'_>, secrets: Secrets) -> CellOptions {
    CellOptions { times: cx.settings.times, secrets, now: cx.now.wall }
}

/// What the header of the column at this place asks for, the sign of its sort included.
fn header(column: &Column, at: usize, order: &[SortKey]) -> u16 {
    let name = (safe(&column.name).width() as u16).clamp(3, HEADER);
    match sort::of(order, at) {
        Some((_, Some(_))) => name + 3,
        Some((_, None)) => name + 2,
        None => name,
    }
}

/// By the headers alone.
pub(super) fn headers(relation: &Relation, order: &[SortKey]) -> impl FnMut(usize) -> u16 {
    move |at| relation.columns.get(at).map_or(3, |column| header(column, at, order))
}

/// By headers and cells of the rows on the screen (their names, the second exclusive) and some around them.
pub(super) fn contents<'a>(
    relation: &'a Relation,
    order: &'a [SortKey],
    window: &'a Window,
    screen: (i64, i64),
    options: CellOptions,
) -> impl FnMut(usize) -> u16 + 'a {
    let height = screen.1 - screen.0;
    // Where the screen is at the end of what is here, what comes before it counts.
    let from = screen.0.min((window.end() - height.max(ROWS)).max(window.base()));
    let rows = usize::try_from(height.clamp(ROWS, MOST_ROWS)).unwrap_or(0);
    move |at| {
        let Some(column) = relation.columns.get(at) else { return 3 };
        let cells = window.rows_from(from).take(rows).filter_map(|(_, row)| row.cells.get(at));
        cells.map(|value| cell::width(value, column.facts, &options, WIDEST)).fold(header(column, at, order), u16::max)
    }
}

/// Times are shown in another format: their columns are measured anew.
pub(super) fn forget_times(relation: &Relation, columns: &mut Columns) {
    for (at, column) in relation.columns.iter().enumerate() {
        if column.facts.is_some_and(|facts| facts.meaning == Meaning::Time) {
            columns.forget_one(at);
        }
    }
}

/// Whether values of this column stand at the right: by the affinity of its declared type
/// (<https://www.sqlite.org/datatype3.html>, section 3.1).
pub(super) fn is_numeric(column: &Column) -> bool {
    matches!(kind(column), "int" | "real" | "num")
}

/// Whether the column becomes wider when wider values come: cut numbers, times and keys mislead, cut texts do not.
pub(super) fn grows(column: &Column) -> bool {
    is_numeric(column)
        || column.primary_key.is_some()
        || column.facts.is_some_and(|facts| matches!(facts.meaning, Meaning::Time | Meaning::QuestionId))
}

/// What the header says of the column's type: nothing of text, which is what one expects.
pub(super) fn marker(column: &Column) -> &'static str {
    match kind(column) {
        "text" => "",
        other => other,
    }
}

/// A word for the column's type.
fn kind(column: &Column) -> &'static str {
    let declared = column.declared.as_bytes();
    let has = |word: &str| declared.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    if has("INT") {
        "int"
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        "text"
    } else if has("BLOB") {
        "blob"
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        "real"
    } else if declared.is_empty() {
        ""
    } else {
        "num"
    }
}
