//! Draws the ledger: its head with the filter and what is going on, its lines, its marks.

use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use super::{
    Ahead, Tail, Wrap,
    columns::{Column, Columns},
    eye::Placed,
    window::{Count, Entry, Gap, Row, Why},
};
use crate::{
    panes::{
        ViewCx,
        bots::{FLASH, PATIENCE, view::role_of},
        notice,
    },
    theme::Role,
    widgets::{number::grouped, pen::Pen, safe, scrollbar},
};

/// Whether the region has the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::panes::bots) enum Cursor {
    /// It has.
    Here,
    /// Another one has.
    Elsewhere,
}

impl Tail {
    pub(in crate::panes::bots) fn draw(&self, cursor: Cursor, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let part = self.split();
        if !part.head.is_empty() {
            self.draw_head(part.head, cursor, buf, cx);
        }
        let area = part.body;
        if area.is_empty() {
            return;
        }
        if self.window.len() == 0 {
            self.draw_nothing(area, buf, cx);
        } else {
            self.draw_lines(area, cursor, buf, cx);
        }
        if part.head.is_empty() {
            self.draw_over(area, buf, cx);
        }
    }

    /// `Ledger  bot=verifier  since 2h  ✕F`, at the right what is going on.
    fn draw_head(&self, area: Rect, cursor: Cursor, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let role = if cursor == Cursor::Here && cx.focused { Role::TitleFocused } else { Role::Header };
        let mut chips = self.filter.chips();
        if let Some(find) = &self.find {
            chips.push(format!("/{}", find.pattern));
        }
        let news = self.news(cx);
        let reserved = news.as_ref().map_or(0, |(words, _)| columns(words).min(area.width / 2) + 1);
        let mut pen = Pen::new(Rect { width: area.width - reserved, ..area }, buf, cx.theme);
        // Where there is little room, what is filtered on says more than the name.
        if area.width >= 48 || chips.is_empty() {
            pen.word("Ledger", role).skip(1);
        }
        // Each is cut so that all of them are seen.
        let count = u16::try_from(chips.len()).unwrap_or(u16::MAX).max(1);
        for (at, chip) in (0..).zip(&chips) {
            let left = count.saturating_sub(at);
            let close = if self.filter.is_empty() { 0 } else { 3 };
            let most = (pen.room().saturating_sub(close) / left).saturating_sub(3).max(3);
            let text = safe::safe(chip);
            pen.skip(1).word(&safe::fit(&text, usize::from(most)), Role::HeaderSorted).skip(1);
        }
        if !self.filter.is_empty() {
            pen.word("✕F", Role::Muted);
        }
        let used = area.width - reserved - pen.room();
        if pen.room() > 2 {
            let rest = "─".repeat(usize::from(pen.room() - 1));
            pen.skip(u16::from(used > 7 || !chips.is_empty())).word(&rest, Role::Faint);
        }
        if let Some((words, role)) = news {
            let place = Rect { x: area.right() - reserved, width: reserved, ..area };
            Pen::new(place, buf, cx.theme).skip(1).word(&words, role);
        }
    }

    /// Where there is no head, what is going on lies over the first line.
    fn draw_over(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let Some((words, role)) = self.news(cx) else { return };
        let wide = (columns(&words) + 2).min(area.width);
        let place = Rect { x: area.right() - wide, width: wide, height: 1, ..area };
        let mut pen = Pen::new(place, buf, cx.theme);
        pen.word(" ", role).left(&words, role, wide.saturating_sub(2)).word(" ", role);
    }

    /// What is going on with the database.
    fn news(&self, cx: &ViewCx<'_>) -> Option<(String, Role)> {
        if let Some(error) = &self.failed {
            return Some((format!("{} – {} · r tries again", error.what, error.remedy), Role::Bad));
        }
        if self.ahead == Ahead::Stopped && self.window.older().is_some() && !self.eye.follows() {
            return Some(("stopped · k goes on".to_owned(), Role::Muted));
        }
        let asked = self.asked.as_ref().filter(|asked| cx.now.elapsed >= asked.since + PATIENCE)?;
        if self.part.body.width < 56 {
            let words = match asked.reached {
                Some(reached) => format!("at row {} · Esc", grouped(reached.unsigned_abs())),
                None => "reading …".to_owned(),
            };
            return Some((words, Role::Busy));
        }
        let words = match (asked.reached, asked.goes_back()) {
            (Some(reached), true) => format!("searched back to row {} · Esc stops", grouped(reached.unsigned_abs())),
            (Some(reached), false) => format!("searched up to row {} · Esc stops", grouped(reached.unsigned_abs())),
            (None, _) if asked.is_wanted() => "searching … · Esc stops".to_owned(),
            (None, true) => "reading older rows …".to_owned(),
            (None, false) => "reading rows …".to_owned(),
        };
        Some((words, Role::Busy))
    }

    fn draw_nothing(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let filtered = !self.filter.is_empty();
        let words: &[(&str, Role)] = if filtered && (self.asked.is_some() || self.window.older().is_some()) {
            &[("No row that passes this filter yet", Role::Title), ("The ledger is searched back.", Role::Muted)]
        } else if filtered {
            &[
                ("No row passes this filter", Role::Title),
                ("F clears it, f changes it. New rows that pass appear by themselves.", Role::Muted),
            ]
        } else {
            &[
                ("Nothing has happened yet", Role::Title),
                ("What the bots write into the ledger appears here by itself.", Role::Muted),
            ]
        };
        notice::draw(words, area, buf, cx.theme);
    }

    fn draw_lines(&self, area: Rect, cursor: Cursor, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let columns = self.columns();
        let screen = self.screen();
        let held = self.eye.cursor(&self.window).filter(|_| cursor == Cursor::Here);
        for line in &screen {
            let top = isize::try_from(area.y).unwrap_or(0) + line.y;
            let (from, to) = (top.max(area.y as isize), (top + line.height as isize).min(area.bottom() as isize));
            let (Ok(y), Ok(height)) = (u16::try_from(from), u16::try_from(to - from)) else { continue };
            let strip = Rect { y, height, ..area };
            match self.window.get(line.at) {
                Some(Entry::Row(row)) => self.draw_row(row, line, &columns, area, buf, cx),
                Some(Entry::Gap(gap)) => self.draw_gap(gap, strip, buf, cx),
                None => {}
            }
            if held == Some(line.at) {
                self.draw_cursor(line, strip, &columns, buf, cx);
            }
        }
        // Gaps alone are no rows.
        let used = u16::try_from(screen.len()).unwrap_or(u16::MAX).min(area.height);
        if self.window.rows() == 0 {
            self.draw_nothing(Rect { y: area.y + used, height: area.height - used, ..area }, buf, cx);
        }
        if !self.eye.follows()
            && let Some(first) = screen.first()
        {
            let bar = Rect { x: area.right().saturating_sub(1), width: 1, ..area };
            let (first, shown) = (first.at as u64, screen.len() as u64);
            scrollbar::draw(scrollbar::Scroll { first, shown, total: self.window.len() as u64 }, bar, buf, cx.theme);
        }
    }

    fn draw_cursor(&self, line: &Placed, strip: Rect, columns: &Columns, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let marked = matches!(self.window.get(line.at), Some(Entry::Row(row)) if self.marks.contains_key(&row.data.id));
        let rule = u16::from(marked).min(strip.height.saturating_sub(1));
        let strip = Rect { height: strip.height - rule, ..strip };
        Pen::over(buf, strip, cx.theme, if cx.focused { Role::Selected } else { Role::SelectedQuiet });
        let is_row = matches!(self.window.get(line.at), Some(Entry::Row(_)));
        if let Some(cell) = columns.cell(columns.shown(self.column)).filter(|_| cx.focused && is_row && line.y >= 0) {
            let place = Rect { x: strip.x + cell.x, width: cell.width, height: 1, ..strip };
            Pen::over(buf, place, cx.theme, Role::SelectedCell);
        }
    }

    /// Its line, its reason below it where that is wrapped, the rule of its mark.
    fn draw_row(&self, row: &Row, line: &Placed, columns: &Columns, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let strip = |nth: usize| {
            let y = isize::try_from(area.y).unwrap_or(0) + line.y + nth as isize;
            let y = u16::try_from(y).ok().filter(|y| (area.y..area.bottom()).contains(y))?;
            Some(Rect { y, height: 1, ..area })
        };
        let mark = self.marks.get(&row.data.id);
        let text = line.height - usize::from(mark.is_some()).min(line.height - 1);
        let wrapped = if self.wrap == Wrap::Wrapped { Some(columns.wrapped(&row.data)) } else { None };
        if let Some(strip) = strip(0) {
            let reason = match &wrapped {
                Some(wrapped) => wrapped.head.as_deref(),
                None => row.data.reason.as_deref(),
            };
            Self::draw_cells(row, reason, columns, strip, buf, cx);
            if let Some(find) = self.find.as_ref().filter(|find| find.is_match(&row.data)) {
                underline(&find.pattern, strip, columns, buf, cx);
            }
        }
        if let Some(wrapped) = &wrapped {
            for nth in 1..text {
                let (Some(strip), Some(words)) = (strip(nth), wrapped.below.get(nth - 1)) else { continue };
                let is_cut = nth + 1 == text && wrapped.below.len() > nth;
                let words = if is_cut { format!("{words} …") } else { words.clone() };
                let wide = strip.width.saturating_sub(wrapped.x + 1);
                let place = Rect { x: strip.x + wrapped.x, width: wide, ..strip };
                Pen::new(place, buf, cx.theme).word(&words, Role::Muted);
            }
        }
        if row.arrived.is_some_and(|arrived| cx.now.elapsed < arrived + FLASH) {
            (0..text).filter_map(strip).for_each(|strip| Pen::over(buf, strip, cx.theme, Role::Flash));
        }
        if let (Some(mark), Some(strip)) = (mark, strip(line.height - 1).filter(|_| line.height > text)) {
            let words = format!("─── {} · marked ", mark.strftime("%H:%M:%S"));
            let mut pen = Pen::new(Rect { width: strip.width.saturating_sub(1), ..strip }, buf, cx.theme);
            pen.word(&words, Role::Marked);
            let rest = "─".repeat(usize::from(pen.room()));
            pen.word(&rest, Role::Marked);
        }
    }

    fn draw_cells(row: &Row, reason: Option<&str>, columns: &Columns, strip: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let data = &row.data;
        let mut put = |column: Column, text: &str, role: Role| {
            if let Some(cell) = columns.cell(column) {
                let place = Rect { x: strip.x + cell.x, width: cell.width, ..strip };
                let mut pen = Pen::new(place, buf, cx.theme);
                if column == Column::Time {
                    pen.right(text, role, cell.width);
                } else {
                    pen.left(text, role, cell.width);
                }
            }
        };
        let stamp = columns.stamp(row, cx.now.wall);
        put(Column::Time, &stamp, if row.at.is_some() { Role::Muted } else { Role::Faint });
        put(Column::Bot, &data.bot, Role::Text);
        put(Column::Action, &data.action, role_of("botLedger", "action", &data.action));
        let question = data.item_type == "question";
        let role = if question { Role::Text } else { Role::Muted };
        put(Column::Kind, &data.item_type, Role::Muted);
        if question || columns.cell(Column::Kind).is_some() {
            put(Column::Item, &data.item_id, role);
        } else {
            put(Column::Item, &format!("{}/{}", data.item_type, data.item_id), role);
        }
        put(Column::Reason, reason.unwrap_or_default(), Role::Muted);
    }

    fn draw_gap(&self, gap: &Gap, strip: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let rows = grouped(gap.rows);
        let narrow = strip.width < 56;
        let words = match (gap.why, gap.count, gap.rows) {
            (Why::Away, Count::Unknown, _) | (_, Count::Unknown, 0) => "more rows".to_owned(),
            (Why::Flood, Count::Unknown, _) => format!("{rows} rows and more, not read"),
            (Why::Flood, Count::Exactly, _) if self.filter.is_empty() => {
                format!("{rows} rows came too fast to be read")
            }
            (Why::Flood, Count::Exactly, _) => format!("{rows} rows came too fast to be looked at"),
            (Why::Away, Count::Exactly, _) => format!("{rows} rows"),
        };
        let words = if narrow && gap.rows > 0 { format!("{rows} rows not read") } else { words };
        let how = if narrow { " · enter ┄┄" } else { " · enter reads them ┄┄" };
        Pen::new(strip, buf, cx.theme).word("┄┄ ", Role::Faint).word(&words, Role::Muted).word(how, Role::Faint);
    }
}

/// Marks what is searched for, in the item and the reason as they are drawn.
fn underline(pattern: &str, strip: Rect, columns: &Columns, buf: &mut Buffer, cx: &ViewCx<'_>) {
    let letters: Vec<String> = pattern.chars().map(|letter| letter.to_ascii_lowercase().to_string()).collect();
    for cell in [Column::Item, Column::Reason].into_iter().filter_map(|column| columns.cell(column)) {
        let drawn: Vec<(u16, String)> = (strip.x + cell.x..strip.x + cell.x + cell.width)
            .filter_map(|x| Some((x, buf.cell(Position { x, y: strip.y })?.symbol().to_ascii_lowercase())))
            .collect();
        for part in drawn.windows(letters.len().max(1)) {
            if part.iter().map(|(_, symbol)| symbol).eq(&letters) {
                for (x, _) in part {
                    Pen::over(buf, Rect { x: *x, y: strip.y, width: 1, height: 1 }, cx.theme, Role::Match);
                }
            }
        }
    }
}

fn columns(text: &str) -> u16 {
    u16::try_from(safe::width(text)).unwrap_or(u16::MAX)
}
