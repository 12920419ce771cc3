//! Draws the ledger's tail.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    BotsPane, ages,
    layout::Region,
    tail::{Entry, Row},
    view::role_of,
};
use crate::{
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{pen::Pen, scrollbar},
};

/// Widths of the columns.
struct Columns {
    bot: u16,
    action: u16,
    item: u16,
    reason: bool,
}

impl Columns {
    const fn of(width: u16) -> Self {
        match width {
            ..36 => Self { bot: 4, action: 6, item: u16::MAX, reason: false },
            36..56 => Self { bot: 8, action: 6, item: u16::MAX, reason: false },
            56..90 => Self { bot: 9, action: 7, item: 20, reason: true },
            _ => Self { bot: 15, action: 7, item: 28, reason: true },
        }
    }
}

impl BotsPane {
    pub(super) fn draw_ledger(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let tail = &self.shown().tail;
        if tail.len() == 0 {
            let words = [
                ("Nothing has happened yet", Role::Title),
                ("What the bots write into the ledger appears here by itself.", Role::Muted),
            ];
            return notice::draw(&words, area, buf, cx.theme);
        }
        let visible = self.ledger.visible(tail, usize::from(area.height));
        let cursor = self.ledger.cursor(tail).filter(|_| self.region == Region::Ledger);
        let columns = Columns::of(area.width);
        for (n, entry) in tail.lines(visible.clone()).enumerate() {
            let Ok(row) = u16::try_from(n) else { break };
            let strip = Rect { y: area.y + row, height: 1, ..area };
            match entry {
                Entry::Row(row) => self.draw_ledger_row(row, &columns, strip, buf, cx),
                Entry::Gap { rows, .. } => {
                    let text = format!("┄┄ {rows} more, counted but not read ┄┄");
                    Pen::new(strip, buf, cx.theme).word(&text, Role::Muted);
                }
            }
            if cursor == Some(visible.start + n) {
                let role = if cx.focused { Role::Selected } else { Role::SelectedQuiet };
                Pen::over(buf, strip, cx.theme, role);
            }
        }
        if !self.ledger.follows() {
            let bar = Rect { x: area.right().saturating_sub(1), width: 1, ..area };
            let (first, shown) = (visible.start as u64, visible.len() as u64);
            scrollbar::draw(scrollbar::Scroll { first, shown, total: tail.len() as u64 }, bar, buf, cx.theme);
        }
    }

    fn draw_ledger_row(&self, row: &Row, columns: &Columns, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let data = &row.data;
        // The last column is left to the scroll bar, so that nothing moves when it comes.
        let text = Rect { width: area.width.saturating_sub(1), ..area };
        let mut pen = Pen::new(text, buf, cx.theme);
        match row.at {
            Some(at) => pen.right(&ages::age(at, cx.now.wall), Role::Muted, 4),
            None => pen.right(data.created_at.as_deref().map_or("–", |_| "?"), Role::Faint, 4),
        };
        pen.skip(1).left(&data.bot, Role::Text, columns.bot).skip(1);
        pen.left(&data.action, role_of("botLedger", "action", &data.action), columns.action).skip(1);
        let item = columns.item.min(pen.room());
        if data.item_type == "question" {
            pen.left(&data.item_id, Role::Text, item);
        } else {
            let typed = format!("{}/{}", data.item_type, data.item_id);
            pen.left(&typed, Role::Muted, item);
        }
        if columns.reason {
            pen.skip(1).word(data.reason.as_deref().unwrap_or_default(), Role::Muted);
        }
        if row.arrived.is_some_and(|arrived| cx.now.elapsed < arrived + super::FLASH) {
            Pen::over(buf, area, cx.theme, Role::Flash);
        }
    }
}
