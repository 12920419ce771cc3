//! Neighbouring cells of one look, taken together.

use ratatui::{
    buffer::Buffer,
    style::{Color, Modifier},
};
use unicode_width::UnicodeWidthStr as _;

/// How cells look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) fg: Color,
    pub(super) bg: Color,
    pub(super) modifier: Modifier,
}

/// Cells of one row and one look, side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) x: u16,
    pub(super) width: u16,
    pub(super) text: String,
    pub(super) look: Look,
}

/// The runs of a row, from left to right, without gaps.
pub(super) fn of_row(buffer: &Buffer, y: u16) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut x = buffer.area.left();
    while x < buffer.area.right() {
        let cell = &buffer[(x, y)];
        let symbol = cell.symbol();
        let width = u16::try_from(symbol.width().max(1)).unwrap_or(1).min(buffer.area.right() - x);
        let look = Look { fg: cell.fg, bg: cell.bg, modifier: cell.modifier };
        let text = if symbol.is_empty() { " " } else { symbol };
        match runs.last_mut() {
            Some(run) if run.look == look => {
                run.text.push_str(text);
                run.width += width;
            }
            _ => runs.push(Run { x: x - buffer.area.left(), width, text: text.to_owned(), look }),
        }
        x += width;
    }
    runs
}
