//! What a cell is shown as: a tree, lines, or bytes in hexadecimal; each scrolls and is drawn alike.

use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::value::Value,
    theme::{Role, Theme},
    widgets::{
        hex,
        json_tree::JsonTree,
        rich::{RichLine, RichView, Wrap},
        scrollbar::Scroll,
        toast::wrap,
    },
};

/// How a cell is shown.
#[derive(Debug)]
pub(in crate::panes::overlay) enum Content {
    /// It is on its way.
    Loading,
    /// There is none, in words.
    Failed(String),
    /// A tree that folds.
    Json(Box<JsonTree>),
    /// Lines.
    Lines(Box<RichView>),
    /// Bytes; the number of the first line shown.
    Hex(usize),
}

impl Content {
    pub(in crate::panes::overlay) fn lines(lines: Vec<RichLine>, wrap: Wrap) -> Self {
        let mut view = RichView::new();
        view.set_lines(lines);
        view.set_wrap(wrap);
        Self::Lines(Box::new(view))
    }

    /// Fits it to the area it is drawn into.
    pub(in crate::panes::overlay) fn resize(&mut self, inside: Rect, value: &Value) {
        match self {
            Self::Json(tree) => tree.resize(inside.height),
            Self::Lines(view) => view.resize(inside.width, inside.height),
            Self::Hex(first) => *first = (*first).min(last_top(value, inside)),
            Self::Loading | Self::Failed(_) => {}
        }
    }

    pub(in crate::panes::overlay) fn scroll(&mut self, columns: i64, rows: i64, inside: Rect, value: &Value) {
        match self {
            Self::Json(tree) => {
                tree.move_by(rows);
                tree.scroll(columns);
            }
            Self::Lines(view) => view.scroll(columns, rows),
            Self::Hex(first) => {
                let distance = usize::try_from(rows.unsigned_abs()).unwrap_or(usize::MAX);
                let moved = if rows < 0 { first.saturating_sub(distance) } else { first.saturating_add(distance) };
                *first = moved.min(last_top(value, inside));
            }
            Self::Loading | Self::Failed(_) => {}
        }
    }

    pub(in crate::panes::overlay) fn first(&mut self) {
        match self {
            Self::Json(tree) => tree.first(),
            Self::Lines(view) => view.top(),
            Self::Hex(first) => *first = 0,
            Self::Loading | Self::Failed(_) => {}
        }
    }

    pub(in crate::panes::overlay) fn last(&mut self, inside: Rect, value: &Value) {
        match self {
            Self::Json(tree) => tree.last(),
            Self::Lines(view) => view.bottom(),
            Self::Hex(first) => *first = last_top(value, inside),
            Self::Loading | Self::Failed(_) => {}
        }
    }

    /// How many rows it would take in an area of this width.
    pub(in crate::panes::overlay) fn rows(&self, width: u16, value: &Value) -> u64 {
        match self {
            Self::Loading | Self::Failed(_) => 3,
            Self::Json(tree) => tree.position().total,
            Self::Lines(view) => view.row_count() as u64,
            Self::Hex(_) => hex::line_count(bytes(value).len(), width) as u64,
        }
    }

    /// Draws it, and says where it is scrolled to.
    pub(in crate::panes::overlay) fn draw(
        &self,
        inside: Rect,
        value: &Value,
        buf: &mut Buffer,
        theme: &Theme,
    ) -> Option<Scroll> {
        match self {
            Self::Loading => say("reading the cell …", Role::Muted, inside, buf, theme),
            Self::Failed(why) => say(why, Role::Warning, inside, buf, theme),
            Self::Json(tree) => {
                tree.draw(inside, buf, theme);
                return Some(tree.position());
            }
            Self::Lines(view) => {
                view.draw(inside, buf, theme);
                return Some(view.position());
            }
            Self::Hex(first) => {
                let shown = *first..*first + usize::from(inside.height);
                let mut view = RichView::new();
                view.set_lines(hex::lines(bytes(value), inside.width, shown));
                view.resize(inside.width, inside.height);
                view.draw(inside, buf, theme);
                let total = self.rows(inside.width, value);
                return Some(Scroll { first: *first as u64, shown: u64::from(inside.height), total });
            }
        }
        None
    }
}

fn say(text: &str, role: Role, inside: Rect, buf: &mut Buffer, theme: &Theme) {
    let width = usize::from(inside.width);
    for (row, line) in wrap(text, width, usize::from(inside.height)).iter().enumerate() {
        buf.set_stringn(inside.x, inside.y + row as u16, line, width, theme.style(role));
    }
}

fn bytes(value: &Value) -> &[u8] {
    match value {
        Value::Blob(bytes) | Value::Text(bytes) => bytes.head(),
        _ => &[],
    }
}

/// The first line on the screen when the last one is the lowest.
fn last_top(value: &Value, inside: Rect) -> usize {
    hex::line_count(bytes(value).len(), inside.width).saturating_sub(usize::from(inside.height))
}
