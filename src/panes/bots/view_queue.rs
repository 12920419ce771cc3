//! Draws the queue: its rows by status, action and bot, what is open first.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{BotsPane, layout::Region, queue::Depths, view::role_of};
use crate::{
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{bar, number::grouped, pen::Pen},
};

impl BotsPane {
    pub(super) fn draw_queue(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let depths = self.shown().board.depths();
        if depths.is_empty() {
            let words = if self.is_absent(Region::Queue) {
                "This database has no work_queue table"
            } else {
                "The queue is empty"
            };
            return notice::draw(&[(words, Role::Muted)], area, buf, cx.theme);
        }
        let lines = Depths(depths);
        let visible = self.queue.visible(&lines, usize::from(area.height));
        let cursor = self.queue.cursor(&lines).filter(|_| self.region == Region::Queue);
        let most = depths.iter().map(|depth| depth.rows).max().unwrap_or(1).max(1);
        let named = |name: &str, nobody: &str| if name.is_empty() { nobody.to_owned() } else { name.to_owned() };
        let columns = if area.width >= 70 { [12, 14, 18] } else { [10, 9, 9] };
        for (at, y) in visible.zip(area.y..area.bottom()) {
            let Some(depth) = depths.get(at) else { break };
            let row = Rect { y, height: 1, ..area };
            let role = role_of("workQueue", "status", &depth.status);
            let mut pen = Pen::new(row, buf, cx.theme);
            pen.left(&named(&depth.status, "(no status)"), role, columns[0]).skip(1);
            let action = role_of("workQueue", "action", &depth.action);
            pen.left(&named(&depth.action, "(no action)"), action, columns[1]).skip(1);
            pen.left(&named(&depth.bot, "nobody's"), Role::Text, columns[2]).skip(1);
            pen.right(&grouped(depth.rows), Role::Text, 7).skip(2);
            let width = pen.room().saturating_sub(1).min(40);
            if width >= 4 {
                #[expect(clippy::cast_precision_loss, reason = "a bar of some columns")]
                let (full, empty) = bar::parts(depth.rows as f64 / most as f64, width);
                pen.word(&full, role).word(&empty, Role::BarEmpty);
            }
            if cursor == Some(at) {
                let role = if cx.focused { Role::Selected } else { Role::SelectedQuiet };
                Pen::over(buf, row, cx.theme, role);
            }
        }
    }

    /// `37 pending · 2 processing · 3 failed`: rows by status, as many as have room.
    pub(super) fn write_statuses(&self, pen: &mut Pen<'_>, cx: &ViewCx<'_>) {
        let statuses = self.shown().queue.statuses().unwrap_or_default();
        for (at, status) in statuses.iter().enumerate() {
            let name = if status.name.is_empty() { "(no status)" } else { &status.name };
            let words = format!("{} {name}", grouped(status.rows));
            // Whole words or none: a cut figure is another one.
            if crate::widgets::safe::width(&words) + 4 > usize::from(pen.room()) {
                break;
            }
            if at > 0 {
                pen.word(" · ", Role::Faint);
            }
            let changed = status.changed.is_some_and(|at| cx.now.elapsed < at + super::MARK);
            pen.word(&words, if changed { Role::Changed } else { role_of("workQueue", "status", &status.name) });
        }
    }
}
