//! Draws the queue's counts.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{BotsPane, view::role_of};
use crate::{
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{bar, pen::Pen},
};

impl BotsPane {
    pub(super) fn draw_queue(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let queue = &self.shown().queue;
        let statuses = queue.statuses().unwrap_or_default();
        if statuses.is_empty() {
            return notice::draw(&[("The queue is empty", Role::Muted)], area, buf, cx.theme);
        }
        let total = queue.total().max(1);
        let lines = usize::from(area.height);
        // Where not all of them fit, the last line says how many more there are.
        let shown = if statuses.len() > lines { lines.saturating_sub(1) } else { statuses.len() };
        for (status, y) in statuses.iter().take(shown).zip(area.y..) {
            let mut pen = Pen::new(Rect { y, height: 1, ..area }, buf, cx.theme);
            let role = role_of("workQueue", "status", &status.name);
            let changed = status.changed.is_some_and(|at| cx.now.elapsed < at + super::MARK);
            let name = if status.name.is_empty() { "(no status)" } else { &status.name };
            pen.left(name, role, 10).skip(1);
            pen.right(&status.rows.to_string(), if changed { Role::Changed } else { Role::Text }, 6).skip(1);
            let width = pen.room().saturating_sub(1).min(24);
            if width >= 4 {
                #[expect(clippy::cast_precision_loss, reason = "a bar of some columns")]
                let (full, empty) = bar::parts(status.rows as f64 / total as f64, width);
                pen.word(&full, role).word(&empty, Role::BarEmpty);
            }
        }
        if shown < statuses.len() {
            let rest = Rect { y: area.bottom().saturating_sub(1), height: 1, ..area };
            Pen::new(rest, buf, cx.theme).word(&format!("and {} more", statuses.len() - shown), Role::Muted);
        }
    }
}
