//! Searching: in the lines that are here, and where these end or have a gap, in the ledger itself.

use super::{
    Tail,
    eye::Eye,
    window::{Entry, Gap, Key},
};
use crate::{
    domain::activity::{LedgerFilter, LedgerRow},
    panes::{Cx, PromptState, Severity},
    widgets::safe::safe,
};

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Back in time.
    Older,
    /// Forward.
    Newer,
}

/// What is searched for.
#[derive(Clone, Debug)]
pub(super) struct Find {
    pub(super) pattern: String,
    passes: LedgerFilter,
}

impl Find {
    fn new(pattern: &str) -> Self {
        let passes = LedgerFilter { text: Some(pattern.to_owned()), ..LedgerFilter::default() };
        Self { pattern: pattern.to_owned(), passes }
    }

    pub(super) fn is_match(&self, row: &LedgerRow) -> bool {
        !self.pattern.is_empty() && self.passes.matches(row)
    }
}

impl Tail {
    /// The prompt is open, or answered.
    pub(super) fn search(&mut self, text: &str, state: PromptState, cx: &mut Cx<'_>) {
        let before = self.searching_from.take().unwrap_or(self.eye);
        self.eye = before;
        match state {
            PromptState::Given => self.find = None,
            PromptState::Typing | PromptState::Done if text.is_empty() => self.find = None,
            PromptState::Typing => {
                self.find = Some(Find::new(text));
                self.searching_from = Some(before);
                // While it is typed only in what is here.
                let start = self.eye.cursor(&self.window).map_or(self.window.len(), |cursor| cursor + 1);
                if let Next::Row(at) = self.next_from(Direction::Older, start) {
                    self.look_at(at, Eye::put);
                }
            }
            PromptState::Done => {
                self.find = Some(Find::new(text));
                let start = self.eye.cursor(&self.window).map_or(self.window.len(), |cursor| cursor + 1);
                self.find_from(Direction::Older, start, cx);
            }
        }
    }

    /// The next match that way.
    pub(super) fn find_next(&mut self, direction: Direction, cx: &mut Cx<'_>) {
        if self.find.is_none() {
            return cx.out.say(Severity::Info, "nothing is searched for: / does");
        }
        let start = match (self.eye.cursor(&self.window), direction) {
            (Some(cursor), Direction::Older) => cursor,
            (Some(cursor), Direction::Newer) => cursor + 1,
            (None, _) => self.window.len(),
        };
        self.find_from(direction, start, cx);
    }

    /// A gap, or what is before the first row, was searched through: goes on behind that.
    pub(super) fn find_on(&mut self, direction: Direction, bound: i64, cx: &mut Cx<'_>) {
        let start = match direction {
            Direction::Older => self.window.place(Key { id: bound, gap: true }),
            Direction::Newer => self.window.place(Key::row(bound)),
        };
        if bound == i64::MIN {
            return self.nothing(direction, cx);
        }
        self.find_from(direction, start, cx);
    }

    /// From this line on (back: from the one before it).
    fn find_from(&mut self, direction: Direction, start: usize, cx: &mut Cx<'_>) {
        match (self.next_from(direction, start), direction) {
            (Next::Row(at), _) => self.look_at(at, Eye::put),
            (Next::Gap(gap), Direction::Older) => self.ask_find(direction, gap.until, gap.after, cx),
            (Next::Gap(gap), Direction::Newer) => self.ask_find(direction, gap.after, gap.until, cx),
            (Next::End, Direction::Older) => match self.window.older() {
                Some(from) => self.ask_find(direction, from.saturating_add(1), i64::MIN, cx),
                None => self.nothing(direction, cx),
            },
            (Next::End, Direction::Newer) => self.nothing(direction, cx),
        }
    }

    fn nothing(&self, direction: Direction, cx: &mut Cx<'_>) {
        let pattern = self.find.as_ref().map_or("", |find| &find.pattern);
        let words = match direction {
            Direction::Older => format!("no older row has “{}” in its item or reason", safe(pattern)),
            Direction::Newer => format!("no newer row has “{}” in its item or reason", safe(pattern)),
        };
        cx.out.say(Severity::Info, words);
    }

    fn next_from(&self, direction: Direction, start: usize) -> Next {
        let Some(find) = &self.find else { return Next::End };
        let look = |(at, entry): (usize, &Entry)| match entry {
            Entry::Row(row) => find.is_match(&row.data).then_some(Next::Row(at)),
            Entry::Gap(gap) => Some(Next::Gap(*gap)),
        };
        let next = match direction {
            Direction::Older => self.window.lines(0..start).rev().find_map(look),
            Direction::Newer => self.window.lines(start..self.window.len()).find_map(look),
        };
        next.unwrap_or(Next::End)
    }
}

/// What is met first.
enum Next {
    /// A row that has it.
    Row(usize),
    /// A gap, of which nobody knows.
    Gap(Gap),
    /// The end.
    End,
}
