//! Lines with places in them: what a tab or a window shows, scrolled, searched, stepped through or selected in.

use std::ops::Range;

use crate::{
    theme::Role,
    widgets::rich::{RichLine, RichView, Wrap},
};

/// Rendered, or as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::panes) enum Mode {
    /// Markdown laid out, diagrams drawn.
    #[default]
    Rendered,
    /// The source.
    Source,
}

impl Mode {
    pub(in crate::panes) const fn other(self) -> Self {
        match self {
            Self::Rendered => Self::Source,
            Self::Source => Self::Rendered,
        }
    }
}

/// What a sheet has to show.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panes) enum Content {
    /// Lines.
    Lines(Vec<RichLine>),
    /// Lines with places in them to step through.
    Marked {
        /// The lines.
        lines: Vec<RichLine>,
        /// The lines of each place, in order.
        places: Vec<Range<usize>>,
        /// What they are.
        kind: Places,
    },
    /// A few words, because there is nothing.
    Notice(Vec<(String, Role)>),
    /// What is on the screen already, until something is computed.
    Wait,
}

/// What the places in a sheet are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(in crate::panes) enum Places {
    /// Changes, stepped through by the keys of a search.
    #[default]
    Changes,
    /// Items, one of which is selected.
    Items,
}

/// Lines with the place one looks at.
#[derive(Debug, Default)]
pub(in crate::panes) struct Sheet {
    pub(in crate::panes) view: RichView,
    pub(in crate::panes) notice: Vec<(String, Role)>,
    pub(in crate::panes) mode: Mode,
    /// Places in its lines to step through.
    pub(in crate::panes) places: Vec<Range<usize>>,
    pub(in crate::panes) kind: Places,
    /// The selected item, or the change that was stepped to.
    pub(in crate::panes) at: Option<usize>,
    /// The width it is laid out for; `None` where it must be made anew.
    laid: Option<u16>,
}

impl Sheet {
    /// An empty one.
    pub(in crate::panes) fn new(wrap: Wrap) -> Self {
        let mut sheet = Self::default();
        sheet.view.set_wrap(wrap);
        sheet
    }

    /// Whether its lines are for another width, or old.
    pub(in crate::panes) fn is_stale(&self, width: u16) -> bool {
        self.laid != Some(width)
    }

    /// Its lines have to be made anew; the place stays.
    pub(in crate::panes) const fn spoil(&mut self) {
        self.laid = None;
    }

    /// Another question: from the top, rendered.
    pub(in crate::panes) fn restart(&mut self) {
        self.laid = None;
        self.notice.clear();
        self.mode = Mode::Rendered;
        self.places.clear();
        self.at = None;
        self.view.set_lines(Vec::new());
    }

    /// Takes what was made for this width.
    pub(in crate::panes) fn take(&mut self, content: Content, width: u16) {
        self.laid = Some(width);
        match content {
            Content::Lines(lines) => {
                self.notice.clear();
                self.places.clear();
                self.view.replace_lines(lines);
            }
            Content::Marked { lines, places, kind } => {
                self.notice.clear();
                self.kind = kind;
                self.at = match kind {
                    Places::Items if places.is_empty() => None,
                    Places::Items => Some(self.at.unwrap_or(0).min(places.len() - 1)),
                    Places::Changes => self.at.filter(|at| *at < places.len()),
                };
                self.places = places;
                self.view.replace_lines(lines);
            }
            Content::Notice(words) => {
                self.places.clear();
                self.notice = words;
                self.view.replace_lines(Vec::new());
            }
            Content::Wait => {}
        }
    }

    /// Looks for a text without moving what is looked at.
    pub(in crate::panes) fn mark(&mut self, pattern: &str) {
        if self.view.pattern() != pattern {
            let (x, y) = self.view.offset();
            self.view.search(pattern);
            self.view.leftmost();
            self.view.scroll(i64::try_from(x).unwrap_or(i64::MAX), 0);
            self.view.go_to(y);
        }
    }

    /// The lines of the selected item.
    pub(in crate::panes) fn selected(&self) -> Option<&Range<usize>> {
        self.at.filter(|_| self.kind == Places::Items).and_then(|at| self.places.get(at))
    }

    /// To the next change (or, below zero, the one before), round the end; whether there is any.
    pub(in crate::panes) fn step(&mut self, by: i64) -> bool {
        let Some(last) = self.places.len().checked_sub(1).filter(|_| self.kind == Places::Changes) else {
            return false;
        };
        let top = self.view.offset().1;
        let here = self.places.partition_point(|place| place.start < top);
        let at = match (self.at, by > 0) {
            (Some(at), true) => at + 1,
            (None, true) => here,
            (at, false) => at.unwrap_or(here).checked_sub(1).unwrap_or(last),
        };
        let at = if at > last { 0 } else { at };
        self.at = Some(at);
        let third = usize::try_from(self.view.position().shown / 4).unwrap_or(0);
        self.view.go_to(self.places[at].start.saturating_sub(third));
        true
    }

    /// Selects another item, as far as it goes; one that reaches beyond the screen is scrolled through first. Whether there are items.
    pub(in crate::panes) fn select_by(&mut self, by: i64) -> bool {
        let Some(at) = self.at.filter(|_| self.kind == Places::Items && !self.places.is_empty()) else { return false };
        let (top, height) = (self.view.offset().1, usize::try_from(self.view.position().shown).unwrap_or(1));
        let place = self.places[at].clone();
        let beyond = if by > 0 { place.end > top + height } else { place.start < top };
        if beyond && place.len() > 1 && by.unsigned_abs() == 1 {
            self.view.scroll(0, by);
            return true;
        }
        let last = self.places.len() - 1;
        let steps = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX);
        let next = if by < 0 { at.saturating_sub(steps) } else { at.saturating_add(steps).min(last) };
        if next == at {
            self.view.scroll(0, by.signum());
        }
        self.select(next);
        true
    }

    /// Selects this item and shows it.
    pub(in crate::panes) fn select(&mut self, at: usize) {
        let Some(place) = self.places.get(at).cloned() else { return };
        self.at = Some(at);
        let (top, height) = (self.view.offset().1, usize::try_from(self.view.position().shown).unwrap_or(1));
        // The day above the first of a day is seen with it.
        let start = place.start.saturating_sub(1);
        if start < top || place.len() >= height {
            self.view.go_to(start);
        } else if place.end > top + height {
            self.view.go_to(place.end - height);
        }
    }

    /// Selects the item nearest to what is on the screen.
    pub(in crate::panes) fn select_visible(&mut self) {
        if self.kind != Places::Items || self.places.is_empty() {
            return;
        }
        let (top, height) = (self.view.offset().1, usize::try_from(self.view.position().shown).unwrap_or(1));
        let at = self.at.unwrap_or(0).min(self.places.len() - 1);
        if self.places[at].end <= top {
            let first = self.places.partition_point(|place| place.start < top);
            self.at = Some(first.min(self.places.len() - 1));
        } else if self.places[at].start >= top + height {
            let behind = self.places.partition_point(|place| place.start < top + height);
            self.at = Some(behind.saturating_sub(1));
        }
    }
}
