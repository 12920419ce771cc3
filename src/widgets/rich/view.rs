//! The view over lines: where it is scrolled to, what is searched for, and the drawing of what is visible.

use ratatui::{buffer::Buffer, layout::Rect};

use super::{
    draw::{Marks, breaks, draw_part},
    line::RichLine,
    search::{self, Match},
};
use crate::{
    theme::Theme,
    widgets::{safe, scrollbar::Scroll},
};

/// Whether lines that are too long go on in the next row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Wrap {
    /// They are cut; the view scrolls sideways.
    #[default]
    Cut,
    /// They go on.
    Wrap,
}

/// A row of the screen: the part of a line from one byte of its text to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Row {
    line: usize,
    start: usize,
}

/// Lines with a place, scrolled and searched. Call [`RichView::resize`] when the area changes; drawing costs what is visible.
#[derive(Clone, Debug, Default)]
pub struct RichView {
    lines: Vec<RichLine>,
    widest: usize,
    wrap: Wrap,
    /// With [`Wrap::Wrap`]: the rows, by line and byte. Empty otherwise: a row is a line.
    rows: Vec<Row>,
    width: u16,
    height: u16,
    x: usize,
    y: usize,
    pattern: String,
    matches: Vec<Match>,
    current: Option<usize>,
}

impl RichView {
    /// An empty view.
    pub fn new() -> Self {
        Self::default()
    }

    /// Other content: goes to its beginning; a search goes on in it.
    pub fn set_lines(&mut self, lines: Vec<RichLine>) {
        self.x = 0;
        self.y = 0;
        self.replace_lines(lines);
    }

    /// The same content made anew (another width, colours that came later): the place stays as far as it can.
    pub fn replace_lines(&mut self, lines: Vec<RichLine>) {
        self.widest = lines.iter().map(RichLine::width).max().unwrap_or(0);
        self.lines = lines;
        self.lay_out();
        let current = self.current;
        self.matches = search::matches(&self.lines, &self.pattern);
        self.current = current.filter(|place| *place < self.matches.len());
    }

    /// The lines.
    pub fn lines(&self) -> &[RichLine] {
        &self.lines
    }

    /// The size of the area it is drawn into from now on.
    pub fn resize(&mut self, width: u16, height: u16) {
        let wider = self.width != width;
        self.width = width;
        self.height = height;
        if wider && self.wrap == Wrap::Wrap {
            let line = self.line_at(self.y);
            self.lay_out();
            self.y = self.row_of(line, 0);
        }
        self.clamp();
    }

    /// Cuts or wraps lines that are too long; the line at the top stays there.
    pub fn set_wrap(&mut self, wrap: Wrap) {
        let line = self.line_at(self.y);
        self.wrap = wrap;
        self.lay_out();
        self.y = self.row_of(line, 0);
        self.clamp();
    }

    /// Whether lines are cut or wrapped.
    pub const fn wrap(&self) -> Wrap {
        self.wrap
    }

    /// Scrolls by this many columns and rows.
    pub fn scroll(&mut self, columns: i64, rows: i64) {
        self.x = moved(self.x, columns);
        self.y = moved(self.y, rows);
        self.clamp();
    }

    /// To this row, from 0.
    pub fn go_to(&mut self, row: usize) {
        self.y = row;
        self.clamp();
    }

    /// To the top.
    pub fn top(&mut self) {
        self.y = 0;
    }

    /// To the bottom.
    pub fn bottom(&mut self) {
        self.go_to(usize::MAX);
    }

    /// To the first column.
    pub fn leftmost(&mut self) {
        self.x = 0;
    }

    /// To the last column.
    pub fn rightmost(&mut self) {
        self.x = usize::MAX;
        self.clamp();
    }

    /// Columns and rows scrolled away.
    pub const fn offset(&self) -> (usize, usize) {
        (self.x, self.y)
    }

    /// For a scroll bar.
    pub fn position(&self) -> Scroll {
        Scroll { first: self.y as u64, shown: u64::from(self.height), total: self.row_count() as u64 }
    }

    /// How many rows there are.
    pub fn row_count(&self) -> usize {
        if self.wrap == Wrap::Wrap { self.rows.len() } else { self.lines.len() }
    }

    /// The columns of the area.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// The row a line begins in.
    pub fn row_of_line(&self, line: usize) -> usize {
        match self.wrap {
            Wrap::Cut => line,
            Wrap::Wrap => self.rows.partition_point(|row| row.line < line),
        }
    }

    /// Looks for a text (empty: for nothing) and goes to its first match from the top of the screen on. Without regard to case
    /// unless the pattern has a capital letter. Returns how many there are.
    pub fn search(&mut self, pattern: &str) -> usize {
        pattern.clone_into(&mut self.pattern);
        self.matches = search::matches(&self.lines, pattern);
        let top = self.line_at(self.y);
        let next = self.matches.partition_point(|one| one.line < top);
        self.current = (!self.matches.is_empty()).then_some(if next < self.matches.len() { next } else { 0 });
        self.show_current();
        self.matches.len()
    }

    /// What is looked for; empty where nothing is.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// How many matches there are.
    pub const fn match_count(&self) -> usize {
        self.matches.len()
    }

    /// The number of the current match, from 1.
    pub fn match_number(&self) -> Option<usize> {
        self.current.map(|place| place + 1)
    }

    /// To the next match, round the end.
    pub fn next_match(&mut self) {
        self.step(1);
    }

    /// To the match before, round the beginning.
    pub fn previous_match(&mut self) {
        self.step(self.matches.len().saturating_sub(1));
    }

    fn step(&mut self, by: usize) {
        if let Some(place) = self.current {
            self.current = Some((place + by) % self.matches.len());
            self.show_current();
        }
    }

    /// The link drawn at this column and row of the area, if one is there.
    pub fn link_at(&self, column: u16, row: u16) -> Option<&str> {
        let (line, start) = self.row(self.y + usize::from(row))?;
        let wanted = self.x + usize::from(column);
        let mut used = 0;
        let mut skipped = 0;
        for span in &line.spans {
            let from = start.saturating_sub(skipped).min(span.text.len());
            skipped += span.text.len();
            used += safe::width(&span.text[from..]);
            if wanted < used {
                return span.link.as_deref();
            }
        }
        None
    }

    /// The links of the lines on the screen, in order, each once.
    pub fn visible_links(&self) -> Vec<&str> {
        let mut links: Vec<&str> = Vec::new();
        let mut before = usize::MAX;
        for row in self.y..self.y + usize::from(self.height) {
            let number = self.line_at(row);
            if number == before || row >= self.row_count() {
                continue;
            }
            before = number;
            for link in
                self.lines.get(number).into_iter().flat_map(|line| &line.spans).filter_map(|span| span.link.as_deref())
            {
                if !links.contains(&link) {
                    links.push(link);
                }
            }
        }
        links
    }

    /// The whole text without styles, for copying.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.lines {
            text.push_str(line.plain().trim_end());
            text.push('\n');
        }
        text
    }

    /// Draws what is visible. Rows are those of the last [`RichView::resize`], whatever the area.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        let area = area.intersection(buf.area);
        for row in 0..area.height {
            let Some((line, start)) = self.row(self.y + usize::from(row)) else { break };
            let number = self.line_at(self.y + usize::from(row));
            let end = match self.wrap {
                Wrap::Cut => usize::MAX,
                Wrap::Wrap => match self.rows.get(self.y + usize::from(row) + 1) {
                    Some(next) if next.line == number => next.start,
                    _ => usize::MAX,
                },
            };
            let strip = Rect { y: area.y + row, height: 1, ..area };
            // Only those on this row: a line may have as many as there are, in as many rows.
            let first = self.matches.partition_point(|one| (one.line, one.end) <= (number, start));
            let behind = self.matches.partition_point(|one| (one.line, one.start) < (number, end));
            let marks = Marks {
                matches: self.matches.get(first..behind).unwrap_or_default(),
                current: self.current.and_then(|place| place.checked_sub(first)),
            };
            draw_part(line, start..end, self.x, marks, strip, buf, theme);
        }
    }

    /// The line of a row and the first byte of it that is drawn there.
    fn row(&self, row: usize) -> Option<(&RichLine, usize)> {
        match self.wrap {
            Wrap::Cut => self.lines.get(row).map(|line| (line, 0)),
            Wrap::Wrap => self.rows.get(row).and_then(|row| Some((self.lines.get(row.line)?, row.start))),
        }
    }

    fn line_at(&self, row: usize) -> usize {
        match self.wrap {
            Wrap::Cut => row,
            Wrap::Wrap => self.rows.get(row).map_or(0, |row| row.line),
        }
    }

    fn row_of(&self, line: usize, byte: usize) -> usize {
        match self.wrap {
            Wrap::Cut => line,
            Wrap::Wrap => self.rows.partition_point(|row| (row.line, row.start) <= (line, byte)).saturating_sub(1),
        }
    }

    fn lay_out(&mut self) {
        self.rows.clear();
        if self.wrap == Wrap::Wrap && self.width > 0 {
            for (number, line) in self.lines.iter().enumerate() {
                for start in breaks(&line.plain(), usize::from(self.width)) {
                    self.rows.push(Row { line: number, start });
                }
            }
        }
        self.clamp();
    }

    fn clamp(&mut self) {
        self.y = self.y.min(self.row_count().saturating_sub(usize::from(self.height)));
        let room = if self.wrap == Wrap::Wrap { 0 } else { self.widest.saturating_sub(usize::from(self.width)) };
        self.x = self.x.min(room);
    }

    /// Scrolls as little as shows the current match, with some lines around it.
    fn show_current(&mut self) {
        let Some(one) = self.current.and_then(|place| self.matches.get(place)).copied() else { return };
        let row = self.row_of(one.line, one.start);
        let height = usize::from(self.height);
        if row < self.y || row >= self.y + height {
            self.y = row.saturating_sub(height / 3);
        }
        if self.wrap == Wrap::Cut
            && let Some(line) = self.lines.get(one.line)
        {
            let text = line.plain();
            let from = safe::width(&text[..one.start]);
            let to = from + safe::width(&text[one.start..one.end]);
            if from < self.x || to > self.x + usize::from(self.width) {
                self.x = from.saturating_sub(usize::from(self.width) / 3);
            }
        }
        self.clamp();
    }
}

const fn moved(place: usize, by: i64) -> usize {
    let distance = by.unsigned_abs() as usize;
    if by < 0 { place.saturating_sub(distance) } else { place.saturating_add(distance) }
}
