//! The mouse over the rows: the wheel, clicks on cells, headers and tabs.

use std::time::Duration;

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{Tab, TablePane, sort, sort_by, view};
use crate::{
    panes::{Cx, Handled},
    widgets::grid::Side,
};

/// Two clicks within this time on the same cell open it.
const DOUBLE_CLICK: Duration = Duration::from_millis(400);
/// Rows the wheel scrolls.
const WHEEL: i64 = 3;

impl TablePane {
    pub(super) fn take_mouse(&mut self, mouse: MouseEvent, cx: &mut Cx<'_>) -> Handled {
        let at = (mouse.column, mouse.row).into();
        let clicked = mouse.kind == MouseEventKind::Down(MouseButton::Left);
        if clicked && let Some(tab) = view::tab_at(self, at) {
            return self.open_tab(tab, cx);
        }
        if self.tab == Tab::Schema {
            match mouse.kind {
                MouseEventKind::ScrollDown => self.schema.view.scroll(0, WHEEL),
                MouseEventKind::ScrollUp => self.schema.view.scroll(0, -WHEEL),
                MouseEventKind::ScrollRight => self.schema.view.scroll(4, 0),
                MouseEventKind::ScrollLeft => self.schema.view.scroll(-4, 0),
                _ => return Handled::No,
            }
            return Handled::Yes;
        }
        let Some(rows) = &mut self.rows else { return Handled::No };
        let sideways = mouse.modifiers.contains(KeyModifiers::SHIFT);
        match mouse.kind {
            MouseEventKind::ScrollRight => rows.column = rows.columns.step(rows.column, Side::Right, 1),
            MouseEventKind::ScrollLeft => rows.column = rows.columns.step(rows.column, Side::Left, 1),
            MouseEventKind::ScrollDown if sideways => rows.column = rows.columns.step(rows.column, Side::Right, 1),
            MouseEventKind::ScrollUp if sideways => rows.column = rows.columns.step(rows.column, Side::Left, 1),
            MouseEventKind::ScrollDown => rows.scroll_by(WHEEL, cx),
            MouseEventKind::ScrollUp => rows.scroll_by(-WHEEL, cx),
            MouseEventKind::Down(MouseButton::Left) => {
                let (header, body) = (view::header(self.area), view::body(self.area));
                let column = rows.columns.layout(body.width).column_at(mouse.column.saturating_sub(body.x));
                if header.contains(at) {
                    let Some(column) = column else { return Handled::No };
                    rows.column = column;
                    sort_by(rows, sort::by, cx);
                } else if body.contains(at) {
                    // A count may have taken the cursor as far ahead as numbers go.
                    let row = rows.seen(None).1.saturating_add(i64::from(mouse.row - body.y));
                    if rows.window.as_ref().is_none_or(|window| window.row(row).is_none()) {
                        return Handled::Yes;
                    }
                    rows.column = column.unwrap_or(rows.column);
                    let double = self.clicked.is_some_and(|(when, at, what)| {
                        (at, what) == (row, rows.column) && cx.now.elapsed < when + DOUBLE_CLICK
                    });
                    self.clicked = (!double).then_some((cx.now.elapsed, row, rows.column));
                    rows.move_to(row, cx);
                    if double {
                        rows.open(cx);
                    }
                } else {
                    return Handled::No;
                }
            }
            _ => return Handled::No,
        }
        rows.fit(cx);
        Handled::Yes
    }
}
