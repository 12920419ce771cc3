//! Draws the board: a line for each bot.

use ratatui::{buffer::Buffer, layout::Rect};

use super::BotsPane;
use crate::{
    panes::{ViewCx, notice},
    theme::Role,
    widgets::{number::grouped, pen::Pen},
};

impl BotsPane {
    pub(super) fn draw_board(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let lines = self.shown().board.lines(self.window, cx.now.wall, &cx.settings.limits);
        if lines.is_empty() {
            return notice::draw(&[("No bot is known yet", Role::Muted)], area, buf, cx.theme);
        }
        for (line, y) in lines.iter().zip(area.y..area.bottom()) {
            let mut pen = Pen::new(Rect { y, height: 1, ..area }, buf, cx.theme);
            pen.left(&line.bot, Role::Text, 16).skip(1).right(&grouped(line.hour.all), Role::Text, 7);
        }
    }
}
