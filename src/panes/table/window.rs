//! The window: the rows that are here, a bounded run of pages without a gap.
//!
//! Rows are named by their distance from an origin, the row the window began with. The name of a row never changes while
//! pages are added and dropped at either end, so the cursor, the scroll position and marks need no correction.

use std::collections::VecDeque;

use crate::domain::{
    page::{Anchor, Page, Position, Row, RowKey},
    value::Value,
};

/// Rows the window holds at most, beyond what the screen needs.
pub(super) const MOST_ROWS: usize = 1_500;
/// Bytes the window holds at most, beyond what the screen needs.
pub(super) const MOST_BYTES: usize = 8 << 20;

/// An end of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Where the rows before the first come from.
    Front,
    /// Where the rows behind the last come from.
    Back,
}

/// Where the origin stands in the whole order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Place {
    /// Its number from 0.
    Exact(i64),
    /// The number it had before something changed, or one reckoned from an estimate.
    Near(i64),
    /// That many rows before the end (1 = the last row).
    FromEnd(i64),
    /// About this share of the whole.
    About(f64),
    /// Nobody knows.
    Unknown,
}

/// Where a row stands, in the words of the position line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Standing {
    /// Its number from 1.
    Row(u64),
    /// About its number from 1.
    AboutRow(u64),
    /// So many rows before the last (0 = the last).
    BeforeLast(u64),
    /// About this share of the whole, 0.0 to 1.0.
    Share(f64),
    /// Nobody knows.
    Unknown,
}

/// A page that is kept.
#[derive(Clone, Debug)]
struct Chunk {
    rows: Vec<Row>,
    first: Anchor,
    last: Anchor,
    bytes: usize,
}

impl Chunk {
    fn new(page: &Page) -> Option<Self> {
        let (Some(first), Some(last)) = (&page.first, &page.last) else { return None };
        if page.rows.is_empty() {
            return None;
        }
        let bytes = page.rows.iter().map(weight).sum();
        Some(Self { rows: page.rows.clone(), first: first.clone(), last: last.clone(), bytes })
    }
}

/// What a row weighs in memory, in bytes.
fn weight(row: &Row) -> usize {
    size_of::<Row>() + row.cells.iter().map(|cell| size_of::<Value>() + held(cell)).sum::<usize>()
}

fn held(value: &Value) -> usize {
    match value {
        Value::Text(bytes) | Value::Blob(bytes) => bytes.head().len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
    }
}

/// The rows that are here.
#[derive(Clone, Debug)]
pub(super) struct Window {
    chunks: VecDeque<Chunk>,
    base: i64,
    len: usize,
    bytes: usize,
    at_start: bool,
    at_end: bool,
    place: Place,
}

impl Window {
    /// A window that begins with this page; its first row is called `base`.
    pub(super) fn begin(page: &Page, base: i64) -> Self {
        let chunk = Chunk::new(page);
        let (len, bytes) = chunk.as_ref().map_or((0, 0), |chunk| (chunk.rows.len(), chunk.bytes));
        let place = match page.position {
            Position::Exact(number) => Place::Exact(signed(number) - base),
            Position::FromEnd(number) => Place::FromEnd(signed(number) + base),
            Position::About(share) => Place::About(share),
            Position::Unknown => Place::Unknown,
        };
        let mut window = Self {
            chunks: chunk.into_iter().collect(),
            base,
            len,
            bytes,
            at_start: page.at_start,
            at_end: page.at_end,
            place,
        };
        window.settle();
        window
    }

    /// Says where the origin stands, unless an end of the whole has told already.
    pub(super) fn place_at(&mut self, place: Place) {
        self.place = place;
        self.settle();
    }

    /// Where the origin stands.
    pub(super) const fn place(&self) -> Place {
        self.place
    }

    /// An end of the whole says exactly where everything stands.
    fn settle(&mut self) {
        if self.at_start {
            self.place = Place::Exact(-self.base);
        } else if self.at_end && !matches!(self.place, Place::Exact(_)) {
            self.place = Place::FromEnd(self.end());
        }
    }

    /// The name of the first row.
    pub(super) const fn base(&self) -> i64 {
        self.base
    }

    /// The name behind the last row.
    pub(super) const fn end(&self) -> i64 {
        self.base + self.len as i64
    }

    /// How many rows are here.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Whether no row is here.
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether nothing lies beyond this end.
    pub(super) const fn complete(&self, end: End) -> bool {
        match end {
            End::Front => self.at_start,
            End::Back => self.at_end,
        }
    }

    /// The number of rows of the whole, where the window reaches far enough to know.
    pub(super) const fn total(&self) -> Option<u64> {
        match (self.at_end, self.place) {
            (true, Place::Exact(origin)) => Some((origin + self.end()).unsigned_abs()),
            _ => None,
        }
    }

    /// Names of the first and the last row there can be, as far as that is known.
    pub(super) fn reach(&self, counted: Option<u64>) -> (i64, i64) {
        let first = match self.place {
            Place::Exact(origin) => -origin,
            _ if self.at_start => self.base,
            _ => i64::MIN,
        };
        let last = match (self.place, counted) {
            _ if self.at_end => self.end() - 1,
            (Place::Exact(origin), Some(total)) => signed(total) - 1 - origin,
            _ => i64::MAX,
        };
        (first, last)
    }

    /// The place of the outermost row at this end.
    pub(super) fn anchor(&self, end: End) -> Option<&Anchor> {
        match end {
            End::Front => self.chunks.front().map(|chunk| &chunk.first),
            End::Back => self.chunks.back().map(|chunk| &chunk.last),
        }
    }

    /// The page that holds this row: the name of its first row, and that row's place.
    pub(super) fn page_of(&self, at: i64) -> Option<(i64, &Anchor)> {
        let mut first = self.base;
        for chunk in &self.chunks {
            let behind = first + chunk.rows.len() as i64;
            if at < behind {
                return (at >= self.base).then_some((first, &chunk.first));
            }
            first = behind;
        }
        None
    }

    /// The row of this name.
    pub(super) fn row(&self, at: i64) -> Option<&Row> {
        let mut index = usize::try_from(at - self.base).ok()?;
        for chunk in &self.chunks {
            if index < chunk.rows.len() {
                return chunk.rows.get(index);
            }
            index -= chunk.rows.len();
        }
        None
    }

    /// The rows from this name on, with their names.
    pub(super) fn rows_from(&self, at: i64) -> impl Iterator<Item = (i64, &Row)> {
        let from = at.max(self.base);
        let mut skip = usize::try_from(from - self.base).unwrap_or(0);
        let rows = self.chunks.iter().flat_map(move |chunk| {
            let rows = chunk.rows.get(skip..).unwrap_or_default();
            skip = skip.saturating_sub(chunk.rows.len());
            rows
        });
        (from..).zip(rows)
    }

    /// The name of the row with this key.
    pub(super) fn find(&self, key: &RowKey) -> Option<i64> {
        self.rows_from(self.base).find(|(_, row)| row.key == *key).map(|(at, _)| at)
    }

    /// Adds the page that was asked for from this end's [`Self::anchor`], and drops pages at the other end that are neither
    /// within `keep` (names of rows the screen needs) nor within the bounds.
    pub(super) fn extend(&mut self, end: End, page: &Page, keep: (i64, i64)) {
        let added = Chunk::new(page);
        if let Some(chunk) = added {
            self.len += chunk.rows.len();
            self.bytes += chunk.bytes;
            match end {
                End::Front => {
                    self.base -= chunk.rows.len() as i64;
                    self.chunks.push_front(chunk);
                }
                End::Back => self.chunks.push_back(chunk),
            }
        }
        match end {
            End::Front => self.at_start = page.at_start || page.rows.is_empty(),
            End::Back => self.at_end = page.at_end || page.rows.is_empty(),
        }
        self.settle();
        self.trim(end, keep);
    }

    fn trim(&mut self, grown: End, keep: (i64, i64)) {
        while self.chunks.len() > 1 && (self.len > MOST_ROWS || self.bytes > MOST_BYTES) {
            let far = match grown {
                End::Back => self.chunks.front(),
                End::Front => self.chunks.back(),
            };
            let Some(far) = far else { return };
            let rows = far.rows.len() as i64;
            let needed = match grown {
                End::Back => self.base + rows > keep.0,
                End::Front => self.end() - rows < keep.1,
            };
            if needed {
                return;
            }
            self.len -= far.rows.len();
            self.bytes -= far.bytes;
            match grown {
                End::Back => {
                    self.base += rows;
                    self.at_start = false;
                    self.chunks.pop_front();
                }
                End::Front => {
                    self.at_end = false;
                    self.chunks.pop_back();
                }
            }
        }
    }

    /// The name of the row at this share of the whole, where the window knows where it stands itself. A page near an end is not
    /// cut short by it, and so begins before the share that was asked for.
    pub(super) fn at_share(&self, share: f64, counted: Option<u64>) -> Option<i64> {
        let total = signed(self.total().or(counted)?);
        let index = ((total as f64 * share) as i64).clamp(0, (total - 1).max(0));
        let name = match self.place {
            Place::Exact(origin) => index - origin,
            Place::FromEnd(origin) => origin - (total - index),
            Place::Near(_) | Place::About(_) | Place::Unknown => return None,
        };
        Some(name.clamp(self.base, (self.end() - 1).max(self.base)))
    }

    /// Where the row of this name stands, given the number of rows of the whole as far as it is counted.
    pub(super) fn standing(&self, at: i64, total: Option<u64>) -> Standing {
        let number = |from_zero: i64| (from_zero.max(0) + 1).unsigned_abs();
        match self.place {
            Place::Exact(origin) => Standing::Row(number(origin + at)),
            Place::Near(origin) => Standing::AboutRow(number(origin + at)),
            Place::FromEnd(origin) => {
                let behind = (origin - at - 1).max(0).unsigned_abs();
                total.map_or(Standing::BeforeLast(behind), |total| Standing::Row(total.saturating_sub(behind).max(1)))
            }
            Place::About(share) => match total {
                Some(total) => {
                    let row = (share * total as f64) as i64 + at;
                    Standing::AboutRow(number(row.min(signed(total) - 1)))
                }
                None => Standing::Share(share),
            },
            Place::Unknown => Standing::Unknown,
        }
    }
}

/// A count as a signed number; nothing that is counted here comes near the limit.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(from: i64, to: i64, of: i64) -> Page {
        let anchor = |id: i64| Anchor { key: RowKey::Rowid(id), sort: Vec::new() };
        Page {
            rows: (from..to).map(|id| Row { key: RowKey::Rowid(id), cells: Box::new([Value::Integer(id)]) }).collect(),
            first: (from < to).then(|| anchor(from)),
            last: (from < to).then(|| anchor(to - 1)),
            at_start: from == 0,
            at_end: to == of,
            position: Position::Unknown,
            rows_read: 0,
        }
    }

    #[test]
    fn names_stay_while_pages_come_and_go() {
        let mut window = Window::begin(&page(5_000, 5_400, 10_000), 0);
        for step in 1..6 {
            window.extend(End::Back, &page(5_000 + step * 400, 5_400 + step * 400, 10_000), (2_000, 2_040));
        }
        assert!(window.len() <= MOST_ROWS && window.base() > 0);
        assert_eq!(window.row(2_100).map(|row| &row.key), Some(&RowKey::Rowid(7_100)));
        assert_eq!(window.find(&RowKey::Rowid(7_100)), Some(2_100));
        assert_eq!(window.rows_from(2_390).count(), 10);
        assert_eq!(window.row(0), None);
        assert_eq!(
            window.page_of(2_100).map(|(first, anchor)| (first, &anchor.key)),
            Some((2_000, &RowKey::Rowid(7_000)))
        );
    }

    #[test]
    fn what_the_screen_needs_is_never_dropped() {
        let mut window = Window::begin(&page(0, 400, 10_000), 0);
        for step in 1..9 {
            window.extend(End::Back, &page(step * 400, 400 + step * 400, 10_000), (100, 140));
        }
        assert!(window.row(100).is_some());
        assert!(window.complete(End::Front));
    }

    #[test]
    fn an_end_tells_where_everything_stands() {
        let mut window = Window::begin(&page(9_000, 9_500, 10_000), 0);
        assert_eq!(window.standing(10, Some(10_000)), Standing::Unknown);
        window.extend(End::Back, &page(9_500, 10_000, 10_000), (0, 10));
        assert_eq!(window.standing(10, None), Standing::BeforeLast(989));
        assert_eq!(window.standing(10, Some(10_000)), Standing::Row(9_011));
        assert_eq!(window.total(), None);
        let mut small = Window::begin(&page(50, 100, 100), 7);
        small.extend(End::Front, &page(0, 50, 100), (0, 0));
        assert_eq!(small.standing(7, None), Standing::Row(51));
        assert_eq!(small.total(), Some(100));
    }

    #[test]
    fn an_estimate_is_counted_on_from() {
        let mut middle = page(500_000, 500_100, 1_000_000);
        middle.position = Position::About(0.5);
        let window = Window::begin(&middle, 0);
        assert_eq!(window.standing(10, Some(1_000_000)), Standing::AboutRow(500_011));
        assert_eq!(window.standing(10, None), Standing::Share(0.5));
    }
}
