//! Draws the window: its frame, and what the row tells inside.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{EventView, Part, Phase, head, rule, run::Cursor, states::Form};
use crate::{
    domain::review::StorySource,
    panes::{
        ViewCx, link, notice,
        overlay::{centred, window},
        story::timeline::key_text,
    },
    theme::Role,
    widgets::{rich, safe, scrollbar},
};

/// The area it takes: nearly all of a large screen, all of a small one.
pub(in crate::panes::overlay) fn area(screen: Rect) -> Rect {
    let side = if screen.width > 100 { screen.width / 20 } else { 0 };
    let height = if screen.height > 20 { screen.height - 2 } else { screen.height };
    centred(screen, screen.width.saturating_sub(2 * side), height)
}

/// Inside its frame: a column of air at either side.
pub(in crate::panes::overlay) fn inside(area: Rect) -> Rect {
    let inside = crate::panes::frame::inner(area);
    Rect { x: inside.x + u16::from(inside.width > 2), width: inside.width.saturating_sub(2), ..inside }
}

/// Where the parts of a run or a queue item lie; a part that has no room is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Areas {
    pub(super) head: Rect,
    /// The line above the document.
    pub(super) name: Rect,
    pub(super) document: Rect,
    /// The line above the rows.
    pub(super) heading: Rect,
    pub(super) rows: Rect,
}

impl Areas {
    /// From this height below the head on, both parts are shown.
    const BOTH: u16 = 8;

    /// For a head of so many lines and a document that would take so many; `part` is the one with the keys, where there are rows.
    pub(super) fn of(inside: Rect, head: usize, document: u64, part: Option<Part>) -> Self {
        let most = (inside.height / 2).max(1);
        let head = u16::try_from(head).unwrap_or(u16::MAX).min(most).min(inside.height);
        let line = |y: u16, height: u16| {
            let y = y.min(inside.bottom());
            Rect { y, height: height.min(inside.bottom() - y), ..inside }
        };
        let top = line(inside.y, head);
        let left = inside.height - head;
        let wanted = u16::try_from(document).unwrap_or(u16::MAX).max(1);
        let below = |from: Rect| line(from.bottom(), inside.height);
        match part {
            None => {
                let name = line(top.bottom(), 1);
                Self { head: top, name, document: below(name), ..Self::default() }
            }
            Some(_) if left >= Self::BOTH => {
                let name = line(top.bottom(), 1);
                let document = line(name.bottom(), wanted.min(left / 2 - 1));
                let heading = line(document.bottom(), 1);
                Self { head: top, name, document, heading, rows: below(heading) }
            }
            Some(Part::Document) => {
                let name = line(top.bottom(), 1);
                Self { head: top, name, document: below(name), ..Self::default() }
            }
            Some(Part::Rows) => {
                let heading = line(top.bottom(), 1);
                Self { head: top, heading, rows: below(heading), ..Self::default() }
            }
        }
    }
}

impl EventView {
    pub(super) fn draw(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let area = area(screen);
        let row = format!("{} {}", self.relation.name, key_text(&self.key).unwrap_or_default());
        let mut title = match &self.told {
            Some(told) => head::title(told, &row),
            None => safe::safe(&row).into_owned(),
        };
        if let Some(read) = self.read {
            title = format!("{title} · {}", link::old(link::between(read, cx.now.wall)));
        }
        window(&title, &self.hint(area.width), area, buf, cx);
        let inside = inside(area);
        if inside.is_empty() {
            return;
        }
        match &self.phase {
            Phase::Reading if self.told.is_none() => {
                notice::draw(&[("reading the row …", Role::Muted)], inside, buf, cx.theme);
            }
            Phase::Gone => {
                let why = "It was deleted, or the table was filled anew. Esc goes back.";
                notice::draw(&[("The row is gone", Role::Warning), (why, Role::Muted)], inside, buf, cx.theme);
            }
            Phase::Failed(error) => {
                let what = format!("The row cannot be read: {}", error.what);
                let words = [(what.as_str(), Role::Bad), (&error.remedy, Role::Muted), ("r tries again", Role::Muted)];
                notice::draw(&words, inside, buf, cx.theme);
            }
            Phase::Reading | Phase::Here => self.draw_told(area, inside, buf, cx),
        }
    }

    fn draw_told(&self, area: Rect, inside: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let border = |part: Rect| Rect { x: area.right() - 1, width: 1, ..part };
        if self.has_states() {
            self.sheet.view.draw(inside, buf, cx.theme);
            return scrollbar::draw(self.sheet.view.position(), border(inside), buf, cx.theme);
        }
        let parts = self.areas;
        for (line, y) in self.head.iter().zip(parts.head.y..parts.head.bottom()) {
            rich::draw_line(line, 0, Rect { y, height: 1, ..parts.head }, buf, cx.theme);
        }
        let more = self.head.len().saturating_sub(usize::from(parts.head.height));
        if more > 0 && !parts.head.is_empty() {
            let words = format!(" … {more} more lines: v ");
            let wide = u16::try_from(safe::width(&words)).unwrap_or(0).min(parts.head.width);
            let x = parts.head.right() - wide;
            buf.set_stringn(x, parts.head.bottom() - 1, &words, usize::from(wide), cx.theme.style(Role::Muted));
        }
        let is_run = self.source == StorySource::Run;
        let name = if is_run { "summary" } else { "result" };
        let ruled = |name: &str, place: Rect, buf: &mut Buffer| {
            if !place.is_empty() {
                rich::draw_line(&rule(name, place.width), 0, place, buf, cx.theme);
            }
        };
        ruled(name, parts.name, buf);
        if !parts.document.is_empty()
            && let Some(scroll) = self.document.draw(parts.document, self.value(), buf, cx.theme)
        {
            scrollbar::draw(scroll, border(parts.document), buf, cx.theme);
        }
        match &self.rows {
            _ if !is_run => {}
            Ok(rows) => {
                ruled(&rows.heading(), parts.heading, buf);
                let cursor = if self.part == Part::Rows { Cursor::Here } else { Cursor::Elsewhere };
                rows.draw(parts.rows, border(parts.rows), cursor, buf, cx);
            }
            Err(why) => {
                ruled("ledger rows during it", parts.heading, buf);
                let lines = notice::wrapped(why.words(), usize::from(parts.rows.width).max(8));
                for (line, y) in lines.iter().zip(parts.rows.y..parts.rows.bottom()) {
                    let style = cx.theme.style(Role::Muted);
                    buf.set_stringn(parts.rows.x, y, line, usize::from(parts.rows.width), style);
                }
            }
        }
    }

    /// What the keys do, as far as there is room.
    fn hint(&self, width: u16) -> String {
        let room = usize::from(width.saturating_sub(4));
        let mut parts: Vec<String> = Vec::new();
        if self.has_states() {
            if let Some(at) = self.sheet.at {
                parts.push(format!("change {} of {}", at + 1, self.sheet.places.len()));
            } else if !self.sheet.places.is_empty() {
                let changes = self.sheet.places.len();
                let what = if changes == 1 { "change" } else { "changes" };
                parts.push(format!("{changes} {what}: n N"));
            }
            let stored = if self.style.form == Form::Stored { "m compared" } else { "m as stored" };
            parts.extend(["z unfold", "w sides", stored, "[ ] earlier, later"].map(str::to_owned));
        } else if self.source == StorySource::Run && self.rows.is_ok() {
            let open = if self.part == Part::Rows { "enter opens the row" } else { "tab the rows" };
            parts.extend([open, "z fold"].map(str::to_owned));
        } else {
            parts.extend(["z fold", "y copy", "[ ] earlier, later"].map(str::to_owned));
        }
        if let Some(item) = self.item() {
            let question = (item.kind == "question").then_some("o question");
            parts.extend(question.into_iter().chain(["T timeline"]).map(str::to_owned));
        }
        let mut hint = String::new();
        let end = "esc";
        for part in parts {
            let longer = if hint.is_empty() { part } else { format!("{hint} · {part}") };
            if safe::width(&longer) + safe::width(end) + 3 > room {
                break;
            }
            hint = longer;
        }
        if hint.is_empty() { end.to_owned() } else { format!("{hint} · {end}") }
    }
}
