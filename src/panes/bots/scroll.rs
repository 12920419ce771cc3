//! Where one looks in a live list: at its live edge, following it, or at a row that stays where it is whatever comes.

use std::ops::Range;

/// At which edge of a list the new things come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// At the top: runs.
    Top,
    /// At the bottom: the ledger.
    Bottom,
}

/// A move of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// By this many lines, down or (negative) up.
    Lines(isize),
    /// By this many half pages.
    Halves(isize),
    /// To the first line.
    First,
    /// To the last line.
    Last,
}

/// The cursor, by the key of its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held<K> {
    cursor: K,
    /// Its line on the screen.
    line: usize,
}

/// The way one looks. Without a cursor it follows the live edge.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scroll<K> {
    edge: Edge,
    held: Option<Held<K>>,
}

/// A list whose lines have keys.
pub(super) trait Lines {
    /// What tells lines apart.
    type Key: Copy + PartialEq;
    /// How many lines.
    fn count(&self) -> usize;
    /// The key of a line.
    fn key(&self, at: usize) -> Option<Self::Key>;
    /// Where the line with this key is, or else the one to look at instead.
    fn find(&self, key: Self::Key) -> usize;
}

impl<K: Copy + PartialEq> Scroll<K> {
    pub(super) const fn new(edge: Edge) -> Self {
        Self { edge, held: None }
    }

    /// Whether it follows the live edge.
    pub(super) const fn follows(&self) -> bool {
        self.held.is_none()
    }

    /// Follows the live edge again.
    pub(super) fn release(&mut self) {
        self.held = None;
    }

    /// The line under the cursor.
    pub(super) fn cursor(&self, lines: &impl Lines<Key = K>) -> Option<usize> {
        let held = self.held?;
        let last = lines.count().checked_sub(1)?;
        Some(lines.find(held.cursor).min(last))
    }

    /// The lines on a screen of this height.
    pub(super) fn visible(&self, lines: &impl Lines<Key = K>, height: usize) -> Range<usize> {
        let count = lines.count();
        let most = count.saturating_sub(height);
        let start = match (self.held, self.cursor(lines)) {
            (Some(held), Some(cursor)) => {
                let line = held.line.min(height.saturating_sub(1));
                cursor.saturating_sub(line).min(most)
            }
            _ if self.edge == Edge::Bottom => most,
            _ => 0,
        };
        start..(start + height).min(count)
    }

    /// After the list or the height changed: the cursor stands on a line that is there, in its place on the screen.
    pub(super) fn fit(&mut self, lines: &impl Lines<Key = K>, height: usize) {
        let Some(cursor) = self.cursor(lines) else {
            self.held = None;
            return;
        };
        let visible = self.visible(lines, height);
        self.held = lines.key(cursor).map(|key| Held { cursor: key, line: cursor.saturating_sub(visible.start) });
    }

    /// Puts the cursor on a line.
    pub(super) fn put(&mut self, lines: &impl Lines<Key = K>, height: usize, at: usize) {
        let Some(last) = lines.count().checked_sub(1) else { return };
        let at = at.min(last);
        let visible = self.visible(lines, height);
        let start = if at < visible.start {
            at
        } else if at >= visible.end {
            (at + 1).saturating_sub(height)
        } else {
            visible.start
        };
        self.held = lines.key(at).map(|key| Held { cursor: key, line: at.saturating_sub(start) });
    }

    /// Moves the cursor; a move beyond the live edge follows it again, the first move puts the cursor there.
    pub(super) fn go(&mut self, lines: &impl Lines<Key = K>, height: usize, step: Step) {
        let Some(last) = lines.count().checked_sub(1) else { return };
        let edge = if self.edge == Edge::Bottom { last } else { 0 };
        let by = match step {
            Step::First if self.edge == Edge::Top => return self.release(),
            Step::Last if self.edge == Edge::Bottom => return self.release(),
            Step::First => return self.put(lines, height, 0),
            Step::Last => return self.put(lines, height, last),
            Step::Lines(by) => by,
            Step::Halves(halves) => halves.saturating_mul((height / 2).max(1) as isize),
        };
        let beyond = match self.edge {
            Edge::Bottom => by > 0,
            Edge::Top => by < 0,
        };
        match self.cursor(lines) {
            Some(cursor) if cursor == edge && beyond => self.release(),
            Some(cursor) => self.put(lines, height, cursor.saturating_add_signed(by)),
            None if beyond => {}
            // One line away from the edge is its last line itself: the cursor appears where one looks.
            None => {
                let shorter = if by < 0 { by + 1 } else { by - 1 };
                self.put(lines, height, edge.saturating_add_signed(shorter));
            }
        }
    }

    /// Scrolls the screen, as a wheel does; the cursor goes along only where it would leave it.
    pub(super) fn wheel(&mut self, lines: &impl Lines<Key = K>, height: usize, by: isize) {
        let count = lines.count();
        let most = count.saturating_sub(height);
        let visible = self.visible(lines, height);
        let start = visible.start.saturating_add_signed(by).min(most);
        let at_edge = if self.edge == Edge::Bottom { start == most && by > 0 } else { start == 0 && by < 0 };
        if at_edge || height == 0 || count == 0 {
            return self.release();
        }
        if start == visible.start {
            return;
        }
        let fallback = if self.edge == Edge::Bottom { count - 1 } else { 0 };
        let cursor = self.cursor(lines).unwrap_or(fallback).clamp(start, (start + height).min(count) - 1);
        self.held = lines.key(cursor).map(|key| Held { cursor: key, line: cursor - start });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    impl Lines for Vec<i64> {
        type Key = i64;
        fn count(&self) -> usize {
            self.len()
        }
        fn key(&self, at: usize) -> Option<i64> {
            self.get(at).copied()
        }
        fn find(&self, key: i64) -> usize {
            self.partition_point(|line| *line < key)
        }
    }

    #[test]
    fn following_ends_with_the_first_step_and_begins_again_at_the_edge() {
        let mut lines: Vec<i64> = (0..20).collect();
        let mut scroll = Scroll::new(Edge::Bottom);
        assert_eq!(scroll.visible(&lines, 5), 15..20);
        scroll.go(&lines, 5, Step::Lines(-1));
        assert_eq!(scroll.cursor(&lines), Some(19), "the first step shows the cursor");
        scroll.go(&lines, 5, Step::Lines(-1));
        lines.extend(20..25);
        assert_eq!((scroll.cursor(&lines), scroll.visible(&lines, 5)), (Some(18), 15..20), "nothing moves");
        scroll.go(&lines, 5, Step::Lines(6));
        assert_eq!((scroll.cursor(&lines), scroll.follows()), (Some(24), false));
        scroll.go(&lines, 5, Step::Lines(1));
        assert!(scroll.follows());
        scroll.go(&lines, 5, Step::First);
        assert_eq!(scroll.visible(&lines, 5), 0..5);
        scroll.go(&lines, 5, Step::Last);
        assert!(scroll.follows());
    }

    #[test]
    fn the_wheel_keeps_the_cursor_on_the_screen() {
        let lines: Vec<i64> = (0..20).collect();
        let mut scroll = Scroll::new(Edge::Bottom);
        scroll.wheel(&lines, 5, -3);
        assert_eq!((scroll.visible(&lines, 5), scroll.cursor(&lines)), (12..17, Some(16)));
        scroll.wheel(&lines, 5, 3);
        assert!(scroll.follows());
        let mut runs = Scroll::new(Edge::Top);
        runs.wheel(&lines, 5, 2);
        assert_eq!((runs.visible(&lines, 5), runs.cursor(&lines)), (2..7, Some(2)));
        runs.go(&lines, 5, Step::Lines(-2));
        assert_eq!(runs.cursor(&lines), Some(0));
        runs.go(&lines, 5, Step::Lines(-1));
        assert!(runs.follows());
    }

    proptest! {
        #[test]
        fn the_cursor_is_on_the_screen_and_sticks_to_its_row(
            steps in proptest::collection::vec((-9isize..9, 0usize..4, 0usize..12, any::<bool>()), 1..60),
            edge in prop_oneof![Just(Edge::Top), Just(Edge::Bottom)],
        ) {
            let mut lines: Vec<i64> = Vec::new();
            let mut scroll = Scroll::new(edge);
            for (by, more, height, wheel) in steps {
                if wheel { scroll.wheel(&lines, height, by) } else { scroll.go(&lines, height, Step::Lines(by)) }
                scroll.fit(&lines, height);
                let before = scroll.cursor(&lines).and_then(|at| lines.key(at));
                let seen = scroll.visible(&lines, height);
                for _ in 0..more {
                    lines.push(lines.len() as i64);
                }
                scroll.fit(&lines, height);
                let cursor = scroll.cursor(&lines);
                prop_assert_eq!(cursor.and_then(|at| lines.key(at)), before);
                let visible = scroll.visible(&lines, height);
                prop_assert!(visible.end <= lines.len() && visible.len() <= height);
                if let (Some(cursor), true) = (cursor, height > 0) {
                    prop_assert!(visible.contains(&cursor), "{cursor} not in {visible:?}");
                    if seen.len() == height {
                        prop_assert_eq!(visible.start, seen.start, "what is looked at does not move");
                    }
                }
            }
        }
    }
}
