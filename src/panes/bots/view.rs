//! Draws the pane: its frame with the state of the live view, and the regions that fit.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    BotsPane, Phase, figures,
    layout::{Layout, Part, Region},
    tail::Cursor,
};
use crate::{
    domain::{
        bots::Window,
        catalogue::{self, Tone},
    },
    panes::{
        Now, ViewCx,
        frame::{self, Frame},
        notice,
    },
    theme::Role,
    widgets::{number::grouped, pen::Pen, safe},
};

impl BotsPane {
    /// The frame, for drawing and for clicks on its tabs.
    pub(super) fn frame(&self) -> Frame<'static> {
        let open = Region::ALL.iter().position(|region| *region == self.region).unwrap_or(0);
        let window = match self.window {
            Window::Minute => "last 1 min",
            Window::FiveMinutes => "last 5 min",
            Window::QuarterHour => "last 15 min",
            Window::Hour => "last 1 h",
            Window::Day => "last 24 h",
            Window::Week => "last 7 d",
            Window::All => "all",
        };
        let corner = if self.phase == Phase::Live { window } else { "" };
        Frame { title: "Bots", tabs: &Region::NAMES, open, corner, ..Frame::default() }
    }

    pub(super) fn draw(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = area.intersection(buf.area);
        let inner = frame::frame(&self.frame(), area, buf, cx);
        if inner.is_empty() {
            return;
        }
        // Paused, time stands still: every age and figure is that of the moment.
        let wall = self.wall(cx.now);
        let cx = &ViewCx { now: Now { wall, ..cx.now }, ..*cx };
        if let Phase::Live = self.phase {
            self.draw_regions(area, buf, cx);
            self.draw_state(area, buf, cx);
        } else {
            self.draw_notice(inner, buf, cx);
        }
    }

    fn draw_notice(&self, inner: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let theme = cx.theme;
        if let Some(error) = &self.error {
            return notice::draw(&[(&error.what, Role::Bad), (&error.remedy, Role::Muted)], inner, buf, theme);
        }
        match self.phase {
            Phase::Missing => notice::draw(
                &[
                    ("No bots here", Role::Title),
                    ("This database has no bot_ledger, bot_runs or work_queue table.", Role::Muted),
                ],
                inner,
                buf,
                theme,
            ),
            Phase::Reading { .. } if cx.settings.waits_for_server() => {
                notice::draw(&[("Waiting for the server", Role::Muted)], inner, buf, theme);
            }
            Phase::Reading { since } => {
                let waited = cx.now.elapsed.saturating_sub(since);
                if waited >= super::PATIENCE {
                    let text = format!("Reading what the bots do … {:.1} s", waited.as_secs_f64());
                    notice::draw(&[(&text, Role::Muted)], inner, buf, theme);
                }
            }
            Phase::Idle | Phase::Live => {}
        }
    }

    fn draw_regions(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let layout = self.layout(area);
        self.draw_rule(&layout, buf, cx);
        if !layout.summary.is_empty() {
            self.draw_summary(layout.summary, buf, cx);
        }
        self.draw_charts(&layout, buf, cx);
        for region in Region::ALL {
            let part = layout.part(region);
            if !part.head.is_empty() && !matches!(region, Region::Board | Region::Ledger) {
                self.draw_head(region, part, buf, cx);
            }
            if !part.body.is_empty() {
                match region {
                    Region::Board => self.draw_board(part, layout.shape, buf, cx),
                    Region::Ledger => {
                        let here = self.region == Region::Ledger;
                        self.tail.draw(if here { Cursor::Here } else { Cursor::Elsewhere }, buf, cx);
                    }
                    Region::Runs => self.draw_runs(part.body, buf, cx),
                    Region::Queue => self.draw_queue(part.body, buf, cx),
                }
            }
        }
    }

    fn draw_rule(&self, layout: &Layout, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let style = cx.theme.style(Role::Faint);
        for y in layout.rule.y..layout.rule.bottom() {
            buf.set_stringn(layout.rule.x, y, "│", 1, style);
        }
    }

    fn draw_head(&self, region: Region, part: &Part, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let role = if region == self.region && cx.focused { Role::TitleFocused } else { Role::Header };
        let mut pen = Pen::new(part.head, buf, cx.theme);
        match region {
            Region::Board => {}
            Region::Ledger => {
                pen.word("Ledger", role);
            }
            Region::Runs => {
                pen.word("Runs", role).skip(2);
                self.write_runs(&mut pen, cx);
            }
            Region::Queue => {
                pen.word("Queue", role).skip(2);
                self.write_statuses(&mut pen, cx);
            }
        }
        super::charts::rule(&mut pen);
    }

    fn draw_summary(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let mut pen = Pen::new(area, buf, cx.theme);
        if let Some(error) = &self.error {
            pen.word(&error.what, Role::Bad).word(" – ", Role::Muted).word(&error.remedy, Role::Muted);
            return;
        }
        self.write_runs(&mut pen, cx);
        pen.word(" · ", Role::Faint);
        self.write_queue(&mut pen);
    }

    /// `2 running · 12 stuck`
    fn write_runs(&self, pen: &mut Pen<'_>, cx: &ViewCx<'_>) {
        let model = self.shown();
        let stuck = model.board.stuck(cx.now.wall, &cx.settings.limits);
        let running = model.runs.running().saturating_sub(stuck);
        pen.word(&format!("{} running", grouped(running)), if running > 0 { Role::Busy } else { Role::Muted });
        if stuck > 0 {
            pen.word(" · ", Role::Faint).word(&format!("{} stuck", grouped(stuck)), Role::Muted);
        }
    }

    /// `37 pending · 2 failed`
    fn write_queue(&self, pen: &mut Pen<'_>) {
        let queue = &self.shown().queue;
        pen.word(&format!("{} pending", grouped(queue.rows("pending"))), Role::Text);
        let failed = queue.rows("failed");
        // Whole words or none: a cut figure is another one.
        if failed > 0 && safe::width(&grouped(failed)) + 10 <= usize::from(pen.room()) {
            pen.word(" · ", Role::Faint).word(&format!("{} failed", grouped(failed)), Role::Bad);
        }
    }

    /// At the bottom right of the border: whether it follows, what is new, whether it is paused. At the left: an error.
    fn draw_state(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let (text, role) = if let Some(new) = self.tail.held_back() {
            (if new == 0 { "paused".to_owned() } else { format!("paused · {} new", grouped(new)) }, Role::Warning)
        } else if self.tail.follows() {
            ("live".to_owned(), Role::Good)
        } else if self.tail.unseen() > 0 {
            (format!("▼ {} new", grouped(self.tail.unseen())), Role::New)
        } else {
            ("held".to_owned(), Role::Muted)
        };
        let y = area.bottom() - 1;
        let wide = u16::try_from(safe::width(&text)).unwrap_or(0) + 2;
        let room = area.width.saturating_sub(4);
        if wide <= room {
            let place = Rect { x: area.right() - 2 - wide, y, width: wide, height: 1 };
            Pen::new(place, buf, cx.theme).word(" ", role).word(&text, role).word(" ", role);
        }
        if let Some(error) = self.error.as_ref().filter(|_| self.layout(area).summary.is_empty()) {
            let place = Rect { x: area.x + 2, y, width: room.saturating_sub(wide + 1), height: 1 };
            Pen::new(place, buf, cx.theme).word(" ", Role::Bad).word(&error.what, Role::Bad).word(" ", Role::Bad);
        } else if let Some(words) = figures::counting(self.shown().board.read()) {
            let place = Rect { x: area.x + 2, y, width: room.saturating_sub(wide + 1), height: 1 };
            Pen::new(place, buf, cx.theme).word(" ", Role::Muted).word(&words, Role::Muted).word(" ", Role::Muted);
        }
    }
}

/// The role of an enumerated value of a table, by the catalogue; values it does not know are ordinary text.
pub(super) fn role_of(table: &str, column: &str, value: &str) -> Role {
    let facts = catalogue::table(table).and_then(|table| table.column(column));
    facts.and_then(|facts| facts.meaning.tone(value)).map_or(Role::Text, |tone: Tone| Role::from(tone))
}
