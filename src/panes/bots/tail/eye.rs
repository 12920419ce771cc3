//! Where one looks in the ledger: at its live end, following it, or at a line that stays where it is whatever comes. Lines of the
//! ledger may take several lines of the screen; only those on the screen are measured.

use super::window::{Key, Window};

/// A move of the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// By this many lines of the ledger, down or (negative) up.
    Lines(isize),
    /// By this many half pages.
    Halves(isize),
    /// By this many pages.
    Pages(isize),
}

/// The cursor, by the key of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    cursor: Key,
    /// The line of the screen where it begins.
    line: usize,
}

/// A line of the ledger on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    /// Which.
    pub(super) at: usize,
    /// Where it begins, in lines from the top; negative where its beginning is cut off.
    pub(super) y: isize,
    /// How many lines it takes.
    pub(super) height: usize,
}

/// The way one looks. Without a cursor it follows the live end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Eye {
    held: Option<Held>,
}

/// What is looked at: the lines, how many lines of the screen there are, and how many each takes (at least one, at most the
/// screen's).
#[derive(Clone, Copy)]
pub(super) struct Sight<'a> {
    pub(super) window: &'a Window,
    pub(super) height: usize,
    pub(super) tall: &'a dyn Fn(usize) -> usize,
}

impl Sight<'_> {
    fn tall(&self, at: usize) -> usize {
        (self.tall)(at).clamp(1, self.height.max(1))
    }
}

impl Eye {
    /// Whether it follows the live end.
    pub(super) const fn follows(&self) -> bool {
        self.held.is_none()
    }

    /// Follows the live end again.
    pub(super) const fn release(&mut self) {
        self.held = None;
    }

    /// The key under the cursor.
    pub(super) fn key(&self) -> Option<Key> {
        self.held.map(|held| held.cursor)
    }

    /// The line under the cursor.
    pub(super) fn cursor(&self, window: &Window) -> Option<usize> {
        let held = self.held?;
        let last = window.len().checked_sub(1)?;
        Some(window.place(held.cursor).min(last))
    }

    /// What is on the screen, from the top.
    pub(super) fn screen(&self, sight: &Sight<'_>) -> Vec<Placed> {
        let Some(last) = sight.window.len().checked_sub(1).filter(|_| sight.height > 0) else { return Vec::new() };
        let end = sight.height as isize;
        let (anchor, y) = match (self.held, self.cursor(sight.window)) {
            (Some(held), Some(cursor)) => (cursor, held.line.min(sight.height - sight.tall(cursor)) as isize),
            _ => (last, (sight.height - sight.tall(last)) as isize),
        };
        let mut placed = std::collections::VecDeque::with_capacity(sight.height + 1);
        placed.push_back(Placed { at: anchor, y, height: sight.tall(anchor) });
        // What is below it; where the lines end above the screen's end, all of them go down.
        let mut below = y + sight.tall(anchor) as isize;
        let mut at = anchor + 1;
        while below < end && at <= last {
            let height = sight.tall(at);
            placed.push_back(Placed { at, y: below, height });
            below += height as isize;
            at += 1;
        }
        let down = (end - below).max(0);
        placed.iter_mut().for_each(|line| line.y += down);
        let (mut top, mut at) = (y + down, anchor);
        while top > 0 && at > 0 {
            at -= 1;
            let height = sight.tall(at);
            top -= height as isize;
            placed.push_front(Placed { at, y: top, height });
        }
        // Nothing is above the first one: where there are too few to fill the screen they begin at its top.
        if top > 0 {
            placed.iter_mut().for_each(|line| line.y -= top);
            let mut below = placed.back().map_or(0, |line| line.y + line.height as isize);
            let mut at = placed.back().map_or(0, |line| line.at + 1);
            while below < end && at <= last {
                let height = sight.tall(at);
                placed.push_back(Placed { at, y: below, height });
                below += height as isize;
                at += 1;
            }
        }
        placed.into_iter().filter(|line| line.y < end && line.y + (line.height as isize) > 0).collect()
    }

    /// After the lines or the height changed: the cursor stands on a line that is there, in its place on the screen.
    pub(super) fn fit(&mut self, sight: &Sight<'_>) {
        let Some(cursor) = self.cursor(sight.window) else {
            self.held = None;
            return;
        };
        if sight.height == 0 {
            return;
        }
        let line = self.screen(sight).iter().find(|line| line.at == cursor).map_or(0, |line| line.y.max(0) as usize);
        self.held = sight.window.get(cursor).map(|entry| Held { cursor: entry.key(), line });
    }

    /// Puts the cursor on a line, as near as it can be to where it would be seen anyway.
    pub(super) fn put(&mut self, sight: &Sight<'_>, at: usize) {
        let Some(last) = sight.window.len().checked_sub(1) else { return };
        let at = at.min(last);
        let screen = self.screen(sight);
        let tall = sight.tall(at);
        let room = sight.height.saturating_sub(tall);
        let line = match screen.iter().find(|line| line.at == at) {
            Some(line) => line.y.clamp(0, room as isize) as usize,
            None if screen.first().is_some_and(|first| at < first.at) => 0,
            None => room,
        };
        self.held = sight.window.get(at).map(|entry| Held { cursor: entry.key(), line });
    }

    /// Puts the cursor on a line and that in this line of the screen.
    pub(super) fn put_at(&mut self, sight: &Sight<'_>, at: usize, line: usize) {
        let Some(last) = sight.window.len().checked_sub(1) else { return };
        self.held = sight.window.get(at.min(last)).map(|entry| Held { cursor: entry.key(), line });
    }

    /// Moves the cursor; a move beyond the live end follows it again, the first move puts the cursor there.
    pub(super) fn go(&mut self, sight: &Sight<'_>, step: Step) {
        let Some(last) = sight.window.len().checked_sub(1) else { return };
        let page = self.screen(sight).len().max(1) as isize;
        let by = match step {
            Step::Lines(by) => by,
            Step::Halves(halves) => halves.saturating_mul((page / 2).max(1)),
            Step::Pages(pages) => pages.saturating_mul(page),
        };
        match self.cursor(sight.window) {
            Some(cursor) if cursor == last && by > 0 => self.release(),
            Some(cursor) => self.put(sight, cursor.saturating_add_signed(by)),
            None if by > 0 => {}
            // One line away from the end is its last line itself: the cursor appears where one looks.
            None => self.put(sight, last.saturating_add_signed(by + 1)),
        }
    }

    /// Scrolls the screen, as a wheel does; the cursor goes along only where it would leave it.
    pub(super) fn wheel(&mut self, sight: &Sight<'_>, by: isize) {
        let screen = self.screen(sight);
        let (Some(first), Some(end)) = (screen.first(), screen.last()) else { return };
        let last = sight.window.len() - 1;
        let below = end.at == last && end.y + end.height as isize <= sight.height as isize;
        if by > 0 && below {
            return self.release();
        }
        if by < 0 && first.at == 0 && first.y >= 0 {
            return;
        }
        let mut at = self.cursor(sight.window).unwrap_or(last);
        let Some(y) = screen.iter().find(|line| line.at == at).map(|line| line.y) else { return };
        let mut y = y - by;
        while y < 0 && at < last {
            y += sight.tall(at) as isize;
            at += 1;
        }
        while y + sight.tall(at) as isize > sight.height as isize && at > 0 {
            at -= 1;
            y -= sight.tall(at) as isize;
        }
        self.held = sight.window.get(at).map(|entry| Held { cursor: entry.key(), line: y.max(0) as usize });
        self.fit(sight);
        // At the live end it follows again.
        let at_end = by > 0
            && self
                .screen(sight)
                .last()
                .is_some_and(|end| end.at == last && end.y + end.height as isize <= sight.height as isize);
        if at_end {
            self.release();
        }
    }
}
