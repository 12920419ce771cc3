//! A diff with a place: scrolled, searched, stepped through change by change.

use std::sync::Arc;

use ratatui::{buffer::Buffer, layout::Rect};

use super::lay::{Folding, Shape, lay_out};
use crate::{domain::diff::Diff, theme::Theme, widgets::rich::RichView};

/// A diff on the screen. Call [`DiffView::resize`] when the area changes; drawing costs what is visible.
#[derive(Clone, Debug, Default)]
pub struct DiffView {
    diff: Arc<Diff>,
    shape: Shape,
    folding: Folding,
    /// The width it is laid out for.
    laid: Option<u16>,
    changes: Vec<usize>,
    /// The change that was stepped to, until something else moves.
    current: Option<usize>,
    view: RichView,
    size: (u16, u16),
}

impl DiffView {
    /// A view of this diff.
    pub fn new(diff: Arc<Diff>) -> Self {
        Self { diff, ..Self::default() }
    }

    /// Shows another diff, from its top.
    pub fn set(&mut self, diff: Arc<Diff>) {
        self.diff = diff;
        self.laid = None;
        self.current = None;
        self.lay_out();
        self.view.top();
        self.view.leftmost();
    }

    /// The diff.
    pub const fn diff(&self) -> &Arc<Diff> {
        &self.diff
    }

    /// The size of the area it is drawn into from now on.
    pub fn resize(&mut self, width: u16, height: u16) {
        self.size = (width, height);
        self.view.resize(width, height);
        self.lay_out();
    }

    /// How the sides stand.
    pub fn set_shape(&mut self, shape: Shape) {
        self.shape = shape;
        self.laid = None;
        self.lay_out();
    }

    /// Whether unchanged parts are left out.
    pub const fn folding(&self) -> Folding {
        self.folding
    }

    /// Leaves unchanged parts out, or shows them. The change one looks at stays on the screen.
    pub fn set_folding(&mut self, folding: Folding) {
        let top = self.view.offset().1;
        let near = self.current.or_else(|| self.changes.iter().position(|line| *line >= top));
        self.folding = folding;
        self.laid = None;
        self.lay_out();
        if let Some(near) = near.filter(|near| *near < self.changes.len()) {
            self.show(near);
        }
    }

    /// Scrolls by this many lines.
    pub fn scroll(&mut self, lines: i64) {
        self.current = None;
        self.view.scroll(0, lines);
    }

    /// To the top.
    pub fn top(&mut self) {
        self.current = None;
        self.view.top();
    }

    /// To the bottom.
    pub fn bottom(&mut self) {
        self.current = None;
        self.view.bottom();
    }

    /// To the next change, round the end; whether there is any.
    pub fn next_change(&mut self) -> bool {
        let top = self.view.offset().1;
        let next = match self.current {
            Some(current) => current + 1,
            None => self.changes.partition_point(|line| *line < top),
        };
        self.step_to(next)
    }

    /// To the change before, round the beginning; whether there is any.
    pub fn previous_change(&mut self) -> bool {
        let top = self.view.offset().1;
        let here = self.current.unwrap_or_else(|| self.changes.partition_point(|line| *line < top));
        self.step_to(here.checked_sub(1).unwrap_or(self.changes.len().saturating_sub(1)))
    }

    fn step_to(&mut self, change: usize) -> bool {
        if self.changes.is_empty() {
            return false;
        }
        self.show(if change < self.changes.len() { change } else { 0 });
        true
    }

    fn show(&mut self, change: usize) {
        self.current = Some(change);
        let line = self.changes[change];
        self.view.go_to(line.saturating_sub(usize::from(self.size.1) / 4));
    }

    /// How many changes there are, and the number (from 1) of the one that was stepped to.
    pub fn changes(&self) -> (Option<usize>, usize) {
        (self.current.map(|change| change + 1), self.changes.len())
    }

    /// The lines with their place: for searching, copying and a scroll bar.
    pub const fn lines(&self) -> &RichView {
        &self.view
    }

    /// The same, to search in.
    pub const fn lines_mut(&mut self) -> &mut RichView {
        &mut self.view
    }

    /// Draws what is visible.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme) {
        self.view.draw(area, buf, theme);
    }

    fn lay_out(&mut self) {
        let (width, _) = self.size;
        if width == 0 || self.laid == Some(width) {
            return;
        }
        let laid = lay_out(&self.diff, width, self.shape, self.folding);
        self.changes = laid.changes;
        self.current = self.current.filter(|change| *change < self.changes.len());
        self.view.replace_lines(laid.lines);
        self.laid = Some(width);
    }
}
