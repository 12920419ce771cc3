//! How wide a column wants to be: by its header, and by the cells on the screen when it first comes into view.

use unicode_width::UnicodeWidthStr as _;

use super::window::Window;
use crate::{
    domain::{
        catalogue::Meaning,
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
/// Rows that are looked at.
const ROWS: usize = 128;

/// How cells are shown, while the pane changes.
pub(super) fn options(cx: &Cx<'_>, secrets: Secrets) -> CellOptions {
    CellOptions { times: cx.settings.times, secrets, now: cx.now.wall }
}

/// How cells are shown, while the pane is drawn.
pub(super) fn view_options(cx: &ViewCx<'_>, secrets: Secrets) -> CellOptions {
    CellOptions { times: cx.settings.times, secrets, now: cx.now.wall }
}

fn header(column: &Column) -> u16 {
    (safe(&column.name).width() as u16).min(HEADER).max(3)
}

/// By the headers alone.
pub(super) fn headers(relation: &Relation) -> impl FnMut(usize) -> u16 {
    |column| relation.columns.get(column).map_or(3, header)
}

/// By headers and cells of the rows on the screen.
pub(super) fn contents<'a>(
    relation: &'a Relation,
    window: &'a Window,
    top: i64,
    height: u16,
    options: CellOptions,
) -> impl FnMut(usize) -> u16 + 'a {
    move |at| {
        let Some(column) = relation.columns.get(at) else { return 3 };
        let least = header(column);
        // A page that is shorter than the screen counts whole.
        let from = top.min((window.end() - i64::from(height)).max(window.base()));
        let rows = window.rows_from(from).take(usize::from(height).clamp(1, ROWS));
        rows.filter_map(|(_, row)| row.cells.get(at))
            .map(|value| cell::width(value, column.facts, &options, WIDEST))
            .fold(least, u16::max)
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

/// A word for the column's type.
pub(super) fn kind(column: &Column) -> &'static str {
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
