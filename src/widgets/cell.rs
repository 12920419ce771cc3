//! One cell of the grid, drawn so that no two kinds of value look alike.
//!
//! Owns how a value becomes one row of a given width. Draws straight into the buffer; the usual cell costs no allocation.

mod content;
mod draw;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    domain::{
        catalogue::CatalogueColumn,
        time::TimeFormat,
        value::{Secrets, Value},
    },
    theme::Theme,
};

/// What the drawing of a cell depends on beside its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CellOptions {
    /// How times are shown.
    pub times: TimeFormat,
    /// Whether secrets are shown.
    pub secrets: Secrets,
    /// For ages.
    pub now: Timestamp,
}

/// Draws a value into the first row of `area`, blanks included. Styles are patched onto the cells, so that a row's ground
/// (selected, flashing) set before stays.
pub fn draw(
    value: &Value,
    facts: Option<&CatalogueColumn>,
    options: &CellOptions,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
) {
    draw::draw(&content::of(value, facts, options), area, buf, theme);
}

/// Columns the value would like to have, at most `cap`.
pub fn width(value: &Value, facts: Option<&CatalogueColumn>, options: &CellOptions, cap: u16) -> u16 {
    draw::width(&content::of(value, facts, options), cap)
}
