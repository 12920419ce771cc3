//! Draws the model: the panes, the two lines below them, overlays, messages.

use ratatui::{Frame, buffer::Buffer, layout::Rect, widgets::Widget};
use unicode_width::UnicodeWidthStr;

use super::{App, layout::SMALLEST};
use crate::{
    panes::{Access, Pane, PaneId, ViewCx},
    theme::Role,
};

impl App {
    /// Draws the whole screen.
    pub fn view(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        self.draw(area, frame.buffer_mut());
    }

    /// Draws the whole screen into a buffer.
    pub fn draw(&self, screen: Rect, buf: &mut Buffer) {
        let now = self.now;
        buf.set_style(screen, self.theme.style(Role::Text));
        let Some(layout) = self.layout.filter(|_| screen.as_size() == self.size.as_size()) else {
            self.draw_too_small(screen, buf);
            return;
        };
        let cx = |focused| ViewCx { theme: &self.theme, now, settings: &self.settings, focused };
        let quiet = !self.overlays.is_empty();
        let panes: [(&dyn Pane, PaneId); 5] = [
            (&self.tables, PaneId::Tables),
            (&self.table, PaneId::Table),
            (&self.question, PaneId::Question),
            (&self.bots, PaneId::Bots),
            (&self.review, PaneId::Review),
        ];
        for (pane, id) in panes {
            let area = layout.area(id);
            if !area.is_empty() {
                pane.view(area, buf, &cx(!quiet && self.wanted.focus == id));
            }
        }
        self.draw_hints(layout.hints, buf);
        self.draw_status(layout.status, buf, now);
        for overlay in &self.overlays {
            overlay.view(screen, buf, &cx(true));
        }
        // A window may cover the whole screen, but not that this session writes.
        if !self.overlays.is_empty() {
            self.draw_badge(layout.status, buf);
        }
        // What a window's keys do stands in its lower border: what is said stands below it then, where the hints are.
        let hints = u16::from(!layout.hints.is_empty() && self.overlays.is_empty());
        let above = Rect { height: layout.status.y.saturating_sub(hints), ..screen };
        self.toasts.draw(above, buf, &self.theme, now.elapsed);
    }

    fn draw_too_small(&self, screen: Rect, buf: &mut Buffer) {
        let text = format!("needs {}×{}, has {}×{}", SMALLEST.0, SMALLEST.1, screen.width, screen.height);
        let short = format!("needs {}×{}", SMALLEST.0, SMALLEST.1);
        let text = if text.width() <= screen.width as usize { text } else { short };
        if !screen.is_empty() {
            let y = screen.y + screen.height / 2;
            let x = screen.x + screen.width.saturating_sub(text.width() as u16) / 2;
            let line = ratatui::text::Line::styled(text, self.theme.style(Role::Muted));
            line.render(Rect { x, y, width: screen.right() - x, height: 1 }, buf);
            // Keys work here, too: that they can change something is said at every size.
            if screen.height > 1 {
                self.draw_badge(Rect { y: screen.bottom() - 1, height: 1, ..screen }, buf);
            }
        }
    }

    fn draw_badge(&self, line: Rect, buf: &mut Buffer) {
        if self.settings.access == Access::Writing {
            buf.set_stringn(line.x, line.y, " WRITE ", usize::from(line.width), self.theme.style(Role::Writing));
        }
    }
}
