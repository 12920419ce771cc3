//! The grid: columns with their widths, frozen and hidden ones, laid out for what is visible.
//!
//! [`Columns`] is the state, [`Layout`] what of it fits on the screen. A column is measured when it first comes into view,
//! so two thousand of them cost no more than those on the screen; from then on its width stays, so nothing jumps.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};
use unicode_width::UnicodeWidthStr as _;

use crate::{
    domain::page::Direction,
    theme::{Role, Theme},
    widgets::safe::safe,
};

/// A column is never narrower, its padding not counted.
const NARROWEST: u16 = 3;
/// Nor wider than this, by itself or by the user.
pub const WIDEST: u16 = 200;
/// The line behind the frozen columns.
const SEPARATOR: u16 = 1;
/// Up to so many columns share the room that is left over.
const SHARED: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Column {
    /// What its contents ask for; 0 where nobody looked yet.
    natural: u16,
    /// What it gets of the room that is left over.
    extra: u16,
    /// What the user asked for.
    chosen: Option<u16>,
    hidden: bool,
}

/// Which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Towards the first column.
    Left,
    /// Towards the last column.
    Right,
}

/// The columns of a grid: widths, what is hidden, what is frozen, how far it is scrolled.
#[derive(Clone, Debug)]
pub struct Columns {
    columns: Vec<Column>,
    /// Columns before this one stay where they are.
    frozen: usize,
    /// The first column behind the frozen ones that is shown.
    first: usize,
    cap: u16,
}

/// A column on the screen; `x` counts from the grid's left edge and leaves out the padding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// Which column.
    pub column: usize,
    /// Where its contents begin.
    pub x: u16,
    /// How wide they may be.
    pub width: u16,
}

/// What of the columns is on the screen.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    /// From left to right.
    pub placed: Vec<Placed>,
    /// Where the line behind the frozen columns stands.
    pub separator: Option<u16>,
    /// How wide everything is.
    pub width: u16,
    /// Whether columns lie hidden to the left of the scrolled part.
    pub more_left: bool,
    /// Whether columns lie to the right of the screen.
    pub more_right: bool,
}

impl Layout {
    /// The column at this distance from the grid's left edge, padding included.
    pub fn column_at(&self, x: u16) -> Option<usize> {
        self.placed.iter().find(|place| x + 1 >= place.x && x <= place.x + place.width).map(|place| place.column)
    }
}

impl Columns {
    /// So many columns, none measured yet.
    pub fn new(count: usize) -> Self {
        Self { columns: vec![Column::default(); count], frozen: 0, first: 0, cap: 40 }
    }

    /// How many there are, hidden ones included.
    pub fn len(&self) -> usize {
        self.columns.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    /// Whether this one is shown.
    pub fn is_shown(&self, column: usize) -> bool {
        self.columns.get(column).is_some_and(|column| !column.hidden)
    }

    /// How many are hidden.
    pub fn hidden(&self) -> usize {
        self.columns.iter().filter(|column| column.hidden).count()
    }

    /// Before which column the frozen ones end.
    pub const fn frozen(&self) -> usize {
        self.frozen
    }

    /// How wide this one is, its padding not counted.
    pub fn width(&self, column: usize) -> u16 {
        let Some(column) = self.columns.get(column) else { return 0 };
        column.chosen.unwrap_or_else(|| column.natural.min(self.cap) + column.extra).clamp(NARROWEST, WIDEST)
    }

    fn boxed(&self, column: usize) -> u16 {
        self.width(column) + 2
    }

    /// The shown column so many steps to this side, or the last one there is.
    pub fn step(&self, from: usize, side: Side, steps: u64) -> usize {
        let mut at = from;
        for _ in 0..steps {
            let next = match side {
                Side::Left => (0..at).rev().find(|column| self.is_shown(*column)),
                Side::Right => (at + 1..self.len()).find(|column| self.is_shown(*column)),
            };
            match next {
                Some(next) => at = next,
                None => break,
            }
        }
        at
    }

    /// The outermost shown column at this side.
    pub fn outermost(&self, side: Side) -> usize {
        let mut all = 0..self.len();
        match side {
            Side::Left => all.find(|column| self.is_shown(*column)),
            Side::Right => all.rfind(|column| self.is_shown(*column)),
        }
        .unwrap_or(0)
    }

    /// Hides a column and says where the cursor goes; `None` where it is the only one shown.
    pub fn hide(&mut self, column: usize) -> Option<usize> {
        let right = self.step(column, Side::Right, 1);
        let next = if right == column { self.step(column, Side::Left, 1) } else { right };
        if next == column {
            return None;
        }
        self.columns.get_mut(column)?.hidden = true;
        Some(next)
    }

    /// Widths as measured, nothing hidden, nothing frozen.
    pub fn reset(&mut self) {
        for column in &mut self.columns {
            column.chosen = None;
            column.hidden = false;
        }
        self.frozen = 0;
    }

    /// Forgets what was measured, for contents that look different from now on; what the user chose stays.
    pub fn forget(&mut self) {
        for column in &mut self.columns {
            column.natural = 0;
            column.extra = 0;
        }
    }

    /// Forgets what was measured of one column.
    pub fn forget_one(&mut self, column: usize) {
        if let Some(column) = self.columns.get_mut(column) {
            column.natural = 0;
        }
    }

    /// Makes a column that nobody sized as wide as this, if it is narrower; says whether it did.
    pub fn grow(&mut self, column: usize, natural: u16) -> bool {
        let Some(column) = self.columns.get_mut(column) else { return false };
        let grows = column.chosen.is_none() && column.natural < natural.min(WIDEST);
        if grows {
            column.natural = natural.min(WIDEST);
        }
        grows
    }

    /// Makes a column a step wider or narrower, `steps` times.
    pub fn resize(&mut self, column: usize, by: Side, steps: u64) {
        let mut width = self.width(column);
        for _ in 0..steps.min(64) {
            let step = (width / 6).max(2);
            width = match by {
                Side::Left => width.saturating_sub(step).max(NARROWEST),
                Side::Right => (width + step).min(WIDEST),
            };
        }
        if let Some(column) = self.columns.get_mut(column) {
            column.chosen = Some(width);
        }
    }

    /// Freezes the columns up to this one, or none where they are frozen up to it already.
    pub fn freeze(&mut self, column: usize) {
        self.frozen = if self.frozen == column + 1 { 0 } else { (column + 1).min(self.len()) };
        self.first = self.first.max(self.frozen);
    }

    /// Frozen columns that really stay: as many as leave a third of the width for the others, and room for one of them at least.
    fn held(&self, available: u16) -> (usize, u16) {
        let room = (available / 3 * 2).min(available.saturating_sub(SEPARATOR + 1 + NARROWEST));
        let mut width = 0;
        for column in 0..self.frozen {
            if !self.is_shown(column) {
                continue;
            }
            let boxed = self.boxed(column);
            if width + boxed > room {
                return (column, width);
            }
            width += boxed;
        }
        (self.frozen, width)
    }

    fn measure_one(&mut self, column: usize, measure: &mut dyn FnMut(usize) -> u16) {
        if let Some(state) = self.columns.get_mut(column)
            && state.natural == 0
        {
            state.natural = measure(column).clamp(1, WIDEST);
        }
    }

    /// Makes the cursor's column visible in `available` columns of the screen, and measures what comes into view. Where every
    /// column fits, the room left over goes to those that ask for more.
    pub fn fit(&mut self, cursor: usize, available: u16, measure: &mut dyn FnMut(usize) -> u16) {
        self.cap = (available / 3).clamp(12, 40);
        if self.len() <= SHARED {
            self.columns.iter_mut().for_each(|column| column.extra = 0);
        }
        for column in 0..self.frozen {
            if self.is_shown(column) {
                self.measure_one(column, measure);
            }
        }
        let (held, held_width) = self.held(available);
        let room = available.saturating_sub(held_width + u16::from(held > 0));
        self.first = self.first.max(held);
        if cursor >= held {
            if cursor < self.first {
                self.first = cursor;
            }
            // The leftmost column from which the cursor's still fits.
            let mut left = 0;
            let mut leftmost = cursor;
            for column in (held..=cursor).rev() {
                if !self.is_shown(column) {
                    continue;
                }
                self.measure_one(column, measure);
                left += self.boxed(column);
                if left > room && column != cursor {
                    break;
                }
                leftmost = column;
                if left > room || column <= self.first {
                    break;
                }
            }
            self.first = self.first.max(leftmost);
        }
        // What lies to the right, as far as it is visible.
        let mut used = 0;
        let mut column = self.first;
        while column < self.len() && used < room {
            if self.is_shown(column) {
                self.measure_one(column, measure);
                used += self.boxed(column);
            }
            column += 1;
        }
        // Room left over at the right end: scroll back into it.
        while used < room && self.first > held {
            let Some(before) = (held..self.first).rev().find(|column| self.is_shown(*column)) else { break };
            self.measure_one(before, measure);
            used += self.boxed(before);
            if used > room {
                break;
            }
            self.first = before;
        }
        self.share(available);
    }

    /// Gives the room left over to columns that are cut; not to frozen ones, which would take it from what they are held for.
    fn share(&mut self, available: u16) {
        if self.len() > SHARED {
            return;
        }
        let shown = (0..self.len()).filter(|column| self.is_shown(*column));
        if self.columns.iter().any(|column| !column.hidden && column.natural == 0) {
            return;
        }
        let used: u32 = shown.map(|column| u32::from(self.boxed(column))).sum::<u32>() + u32::from(self.frozen > 0);
        let Some(mut left) = u32::from(available).checked_sub(used) else { return };
        loop {
            let wanting: Vec<usize> = (self.frozen..self.len())
                .filter(|at| {
                    let column = &self.columns[*at];
                    !column.hidden && column.chosen.is_none() && self.cap + column.extra < column.natural
                })
                .collect();
            let each = left / wanting.len().max(1) as u32;
            if wanting.is_empty() || each == 0 {
                return;
            }
            for at in wanting {
                let column = &mut self.columns[at];
                let gets = u32::from(column.natural - self.cap - column.extra).min(each) as u16;
                column.extra += gets;
                left -= u32::from(gets);
            }
        }
    }

    /// What is visible in so many columns of the screen.
    pub fn layout(&self, available: u16) -> Layout {
        let (held, held_width) = self.held(available);
        let mut layout = Layout::default();
        let mut x = 0;
        for column in (0..held).filter(|column| self.is_shown(*column)) {
            layout.placed.push(Placed { column, x: x + 1, width: self.width(column) });
            x += self.boxed(column);
        }
        if held_width > 0 {
            layout.separator = Some(x);
            x += 1;
        }
        let first = self.first.max(held);
        layout.more_left = (held..first).any(|column| self.is_shown(column));
        for column in (first..self.len()).filter(|column| self.is_shown(*column)) {
            // A sliver of a column says nothing.
            if x + 1 + NARROWEST > available {
                layout.more_right = true;
                break;
            }
            let width = self.width(column).min(available - x - 1);
            layout.more_right |= width < self.width(column);
            layout.placed.push(Placed { column, x: x + 1, width });
            x = (x + width + 2).min(available);
        }
        layout.width = x;
        layout
    }
}

/// What a column's header says.
#[derive(Clone, Copy, Debug)]
pub struct Heading<'a> {
    /// The column's name, as the database has it.
    pub name: &'a str,
    /// A word for its type.
    pub marker: &'a str,
    /// How it is sorted by: the direction, and its rank from 1 where there are several.
    pub sorted: Option<(Direction, Option<usize>)>,
    /// Where the name stands.
    pub aligned: Side,
}

/// Draws the header row.
pub fn draw_header<'a>(
    layout: &Layout,
    area: Rect,
    buf: &mut Buffer,
    theme: &Theme,
    heading: impl Fn(usize) -> Option<Heading<'a>>,
) {
    for place in &layout.placed {
        let Some(heading) = heading(place.column) else { continue };
        let name = safe(heading.name);
        let style = theme.style(if heading.sorted.is_some() { Role::HeaderSorted } else { Role::Header });
        let mut digits = [0; 8];
        let sign = heading.sorted.map_or("", |(direction, rank)| arrow(direction, rank, &mut digits));
        let sign_width = if sign.is_empty() { 0 } else { sign.width() as u16 + 1 };
        let room = place.width.saturating_sub(sign_width);
        let width = (name.width() as u16).min(room);
        let all = width + sign_width;
        let marker_width = heading.marker.len() as u16;
        let with_marker = !heading.marker.is_empty() && all + marker_width < place.width;
        let (x, y) = (area.x + place.x, area.y);
        let x = match heading.aligned {
            Side::Left => x,
            Side::Right => x + place.width - all,
        };
        put_cut(buf, x, y, &name, room, style);
        if !sign.is_empty() {
            buf.set_string(x + width + 1, y, sign, style);
        }
        if with_marker {
            let at = match heading.aligned {
                Side::Left => x + all + 1,
                Side::Right => x - marker_width - 1,
            };
            buf.set_string(at, y, heading.marker, theme.style(Role::Faint));
        }
    }
    if let Some(separator) = layout.separator {
        buf.set_string(area.x + separator, area.y, "│", theme.style(Role::Faint));
    }
}

fn arrow(direction: Direction, rank: Option<usize>, space: &mut [u8; 8]) -> &str {
    let sign = match direction {
        Direction::Ascending => '▲',
        Direction::Descending => '▼',
    };
    let mut end = sign.encode_utf8(space).len();
    if let Some(rank @ 1..=9) = rank
        && let Some(digit) = space.get_mut(end)
    {
        *digit = b'0' + rank as u8;
        end += 1;
    }
    std::str::from_utf8(&space[..end]).unwrap_or_default()
}

/// Draws text of at most `width` columns, its end replaced by `…` where it is longer; says how wide it came out. The text
/// must be harmless already, see [`crate::widgets::safe`].
pub fn put_cut(buf: &mut Buffer, x: u16, y: u16, text: &str, width: u16, style: Style) -> u16 {
    if width == 0 || !buf.area.contains((x, y).into()) {
        return 0;
    }
    if text.width() <= usize::from(width) {
        return buf.set_stringn(x, y, text, usize::from(width), style).0 - x;
    }
    let (end, _) = buf.set_stringn(x, y, text, usize::from(width) - 1, style);
    buf.set_stringn(end, y, "…", 1, style).0 - x
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn places(columns: &Columns, available: u16) -> Vec<usize> {
        columns.layout(available).placed.iter().map(|place| place.column).collect()
    }

    #[test]
    fn only_what_is_visible_is_measured() {
        let mut columns = Columns::new(2_000);
        let mut measured = Vec::new();
        columns.fit(0, 60, &mut |column| {
            measured.push(column);
            10
        });
        assert!(measured.len() <= 6, "{measured:?}");
        columns.fit(1_999, 60, &mut |column| {
            measured.push(column);
            10
        });
        assert!(measured.len() <= 12, "{measured:?}");
        assert_eq!(places(&columns, 60), [1995, 1996, 1997, 1998, 1999]);
    }

    #[test]
    fn frozen_columns_stay_and_leave_room() {
        let mut columns = Columns::new(10);
        columns.fit(0, 60, &mut |_| 10);
        columns.freeze(1);
        columns.fit(7, 60, &mut |_| 10);
        let layout = columns.layout(60);
        // 2 × 12 are held, 1 for the line; 35 hold two whole columns, and of the third its contents without the padding.
        assert_eq!(layout.placed.iter().map(|place| place.column).collect::<Vec<_>>(), [0, 1, 6, 7, 8]);
        assert_eq!(layout.separator, Some(24));
        assert!(layout.more_left && layout.more_right);
        columns.freeze(1);
        assert_eq!(columns.frozen(), 0);
        columns.freeze(9);
        columns.fit(9, 60, &mut |_| 10);
        assert!(places(&columns, 60).contains(&9), "the cursor's column is visible even where all are frozen");
    }

    #[test]
    fn room_left_over_goes_to_what_is_cut() {
        let mut columns = Columns::new(3);
        columns.fit(0, 120, &mut |column| if column == 2 { 150 } else { 10 });
        assert_eq!([columns.width(0), columns.width(1), columns.width(2)], [10, 10, 120 - 24 - 2]);
    }

    #[test]
    fn the_last_shown_column_cannot_be_hidden() {
        let mut columns = Columns::new(2);
        assert_eq!(columns.hide(1), Some(0));
        assert_eq!(columns.hide(0), None);
        columns.reset();
        assert!(columns.is_shown(1));
    }

    proptest! {
        #[test]
        fn the_cursor_is_always_visible(
            widths in prop::collection::vec(1..90u16, 1..40),
            moves in prop::collection::vec((0..40usize, 0..6u8, 8..180u16), 1..40),
        ) {
            let mut columns = Columns::new(widths.len());
            for (to, what, available) in moves {
                let mut cursor = to % widths.len();
                if !columns.is_shown(cursor) {
                    cursor = columns.outermost(Side::Left);
                }
                match what {
                    0 => cursor = columns.hide(cursor).unwrap_or(cursor),
                    1 => columns.freeze(cursor),
                    2 => columns.resize(cursor, Side::Right, 3),
                    3 => columns.resize(cursor, Side::Left, 1),
                    4 => columns.reset(),
                    _ => {}
                }
                columns.fit(cursor, available, &mut |column| widths[column]);
                let layout = columns.layout(available);
                prop_assert!(layout.placed.iter().any(|place| place.column == cursor), "{cursor} of {layout:?}");
                let mut behind = 0;
                for place in &layout.placed {
                    prop_assert!(place.x > behind || (place.x == 1 && behind == 0));
                    behind = place.x + place.width;
                    prop_assert!(behind <= available);
                }
            }
        }
    }
}
