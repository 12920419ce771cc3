//! Drawing: the text area draws with marks instead of colours, and the theme's roles are put in their place afterwards, together
//! with signs for what must not reach the terminal.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::{Modifier, Style},
    widgets::Widget,
};
use tui_textarea::TextArea;

use super::TextEditor;
use crate::{
    theme::{Role, Theme},
    widgets::safe::{Kind, pieces},
};

/// Modifiers that no theme uses for text, each standing for what the text area draws with it.
const SELECTED: Modifier = Modifier::RAPID_BLINK;
const FOUND: Modifier = Modifier::SLOW_BLINK;
const CURSOR: Modifier = Modifier::REVERSED;
const NUMBER: Modifier = Modifier::HIDDEN;

/// Makes the text area draw marks.
pub(super) fn mark(area: &mut TextArea<'static>) {
    area.set_style(Style::new());
    area.set_cursor_line_style(Style::new());
    area.set_cursor_style(Style::new().add_modifier(CURSOR));
    area.set_selection_style(Style::new().add_modifier(SELECTED));
    area.set_search_style(Style::new().add_modifier(FOUND));
}

/// Numbers the lines.
pub(super) fn number(area: &mut TextArea<'static>) {
    area.set_line_number_style(Style::new().add_modifier(NUMBER));
}

impl TextEditor {
    /// Draws the text, the cursor in it, into an area that is clear.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        if area.is_empty() {
            return;
        }
        self.area.render(area, buf);
        for row in area.rows() {
            for column in row.columns() {
                let Some(cell) = buf.cell_mut((column.x, column.y)) else { continue };
                if let Some(sign) = sign(cell.symbol()) {
                    cell.set_symbol(sign);
                }
                let marks = cell.modifier;
                cell.modifier -= SELECTED | FOUND | NUMBER;
                let role = if marks.contains(NUMBER) {
                    Role::Faint
                } else if marks.contains(SELECTED) {
                    Role::MatchCurrent
                } else if marks.contains(FOUND) {
                    Role::Match
                } else {
                    Role::Text
                };
                cell.set_style(theme.style(role));
                if marks.contains(CURSOR) {
                    cell.modifier |= CURSOR;
                }
            }
        }
    }
}

/// What is drawn instead of a cell's symbol, where that must not be drawn as it is.
fn sign(symbol: &str) -> Option<&'static str> {
    let mut all = pieces(symbol);
    match (all.next(), all.next()) {
        (None, _) => None,
        (Some(piece), None) if piece.kind == Kind::Text && piece.text == symbol => None,
        _ => Some("\u{fffd}"),
    }
}
