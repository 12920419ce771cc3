//! The lines of the ledger that are here: rows by ascending id, each once, and gaps between them.
//!
//! From `from` up to what was told last there is no id that is neither looked at nor inside a gap: rows that were skipped in a
//! flood, rows that were let go because too many are here, and what lies between a place one has jumped to and the rest. A gap
//! knows its ends and how many rows it has; a row that comes late into a gap is counted there. So nothing is left out silently,
//! and any page of the ledger can be laid over it ([`Window::cover`]).

use std::{collections::VecDeque, ops::Range, sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::domain::{activity::LedgerRow, time};

/// Rows that are kept.
pub(super) const MOST: usize = 4_000;
/// Of them, the newest are never let go.
const NEWEST: usize = 1_000;
/// Neither are those so near to what is looked at.
const NEAR: usize = 600;

/// What tells a line from every other, in its order: a gap stands behind the id it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::panes::bots) struct Key {
    pub(super) id: i64,
    pub(super) gap: bool,
}

impl Key {
    pub(super) const fn row(id: i64) -> Self {
        Self { id, gap: false }
    }
}

/// A row as it came.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    /// The row.
    pub(super) data: LedgerRow,
    /// Its created_at, where it can be read.
    pub(super) at: Option<Timestamp>,
    /// When it came; `None` for what was there before.
    pub(super) arrived: Option<Duration>,
}

impl Row {
    pub(super) fn new(data: &LedgerRow, arrived: Option<Duration>) -> Arc<Self> {
        Arc::new(Self { data: data.clone(), at: data.created_at.as_deref().and_then(time::parse), arrived })
    }
}

/// Rows that are known to lie between, but are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    /// They are behind this id,
    pub(super) after: i64,
    /// and before this one.
    pub(super) until: i64,
    /// How many are known of.
    pub(super) rows: u64,
    /// Whether that is all.
    pub(super) count: Count,
    /// Why they are not here.
    pub(super) why: Why,
}

/// Whether a number is the whole truth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Count {
    /// So many.
    Exactly,
    /// Nobody knows how many more.
    Unknown,
}

/// Why rows are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// They came faster than they could be read.
    Flood,
    /// They were let go, or nobody has come by yet: they are read when somebody does.
    Away,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// A row.
    Row(Arc<Row>),
    /// Rows that are not here.
    Gap(Gap),
}

impl Entry {
    pub(super) fn key(&self) -> Key {
        match self {
            Self::Row(row) => Key::row(row.data.id),
            Self::Gap(gap) => Key { id: gap.after, gap: true },
        }
    }

    pub(super) const fn rows(&self) -> u64 {
        match self {
            Self::Row(_) => 1,
            Self::Gap(gap) => gap.rows,
        }
    }

    /// The last id it stands for.
    fn end(&self) -> i64 {
        match self {
            Self::Row(row) => row.data.id,
            Self::Gap(gap) => gap.until.saturating_sub(1),
        }
    }
}

/// Whether every row is of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Choice {
    /// Every row.
    #[default]
    All,
    /// Those that pass a filter: a page does not tell how many others it went by.
    Some,
}

/// The lines that are here. A clone is cheap (rows are shared).
#[derive(Clone, Debug)]
pub(super) struct Window {
    entries: VecDeque<Entry>,
    rows: usize,
    choice: Choice,
    /// Rows up to this id are not here; `i64::MIN`: there are none.
    from: i64,
    /// The greatest id that was told.
    told: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { entries: VecDeque::new(), rows: 0, choice: Choice::All, from: i64::MIN, told: i64::MIN }
    }
}

impl Window {
    /// Begins with the newest rows; whether there are older ones.
    pub(super) fn begin(&mut self, rows: &[Arc<Row>], skipped: u64, older: bool) {
        *self = Self::default();
        if older && let Some(first) = rows.first() {
            self.from = first.data.id.saturating_sub(1);
        }
        self.told = self.from;
        self.take(rows, skipped, |_| true);
    }

    /// The same with those rows only that pass.
    pub(super) fn only(&self, choice: Choice, passes: impl Fn(&LedgerRow) -> bool) -> Self {
        let mut out = Self { choice, from: self.from, told: self.told, ..Self::default() };
        for entry in &self.entries {
            match entry {
                Entry::Row(row) if passes(&row.data) => {
                    out.entries.push_back(entry.clone());
                    out.rows += 1;
                }
                Entry::Row(_) => {}
                Entry::Gap(gap) => out.push_gap(*gap),
            }
        }
        out
    }

    /// How many lines.
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// How many rows.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Rows up to this id are not here; `None`: everything is, or in a gap.
    pub(super) fn older(&self) -> Option<i64> {
        (self.from > i64::MIN).then_some(self.from)
    }

    /// The greatest id that was told: pages may know more, and it will be told.
    pub(super) const fn told(&self) -> i64 {
        self.told
    }

    /// The line at this place.
    pub(super) fn get(&self, at: usize) -> Option<&Entry> {
        self.entries.get(at)
    }

    /// The lines at these places.
    pub(super) fn lines(&self, range: Range<usize>) -> impl DoubleEndedIterator<Item = (usize, &Entry)> {
        let end = range.end.min(self.entries.len());
        let start = range.start.min(end);
        (start..end).zip(self.entries.range(start..end))
    }

    /// Where the line with this key is, or the next one where it is gone.
    pub(super) fn place(&self, key: Key) -> usize {
        self.entries.partition_point(|entry| entry.key() < key)
    }

    /// The row with this id.
    pub(super) fn row(&self, id: i64) -> Option<&Arc<Row>> {
        match self.entries.get(self.place(Key::row(id)))? {
            Entry::Row(row) if row.data.id == id => Some(row),
            _ => None,
        }
    }

    /// Rows behind this line, those of gaps included.
    pub(super) fn rows_after(&self, key: Key) -> u64 {
        let start = self.entries.partition_point(|entry| entry.key() <= key);
        self.entries.range(start..).map(Entry::rows).sum()
    }

    /// The last line's key.
    pub(super) fn last(&self) -> Option<Key> {
        self.entries.back().map(Entry::key)
    }

    /// Takes rows that came, by ascending id, and knows of `skipped` more between what was told before and the first of them that is
    /// behind it. Says how many of them are of interest.
    pub(super) fn take(&mut self, rows: &[Arc<Row>], skipped: u64, passes: impl Fn(&LedgerRow) -> bool) -> u64 {
        if skipped > 0 {
            let until = rows.iter().map(|row| row.data.id).find(|id| *id > self.told).unwrap_or(i64::MAX);
            let gap = Gap { after: self.told, until, rows: skipped, count: Count::Exactly, why: Why::Flood };
            self.push_gap(gap);
        }
        let mut came = skipped;
        for row in rows {
            let id = row.data.id;
            if id > self.told {
                // What was skipped before it is before it.
                if let Some(Entry::Gap(gap)) = self.entries.back_mut()
                    && gap.until == i64::MAX
                {
                    gap.until = id;
                }
                self.told = id;
            }
            if passes(&row.data) {
                came += u64::from(self.insert(row));
            }
        }
        came
    }

    /// Lays what the ledger says over it: of the rows behind `lo` up to `hi`, these are all that are of interest.
    pub(super) fn cover(&mut self, lo: i64, hi: i64, rows: &[Arc<Row>]) {
        if hi <= lo {
            return;
        }
        let rows = rows.iter().filter(|row| row.data.id > lo && row.data.id <= hi);
        if lo < self.from {
            if hi < self.from {
                let until = self.from.saturating_add(1);
                let gap = Gap { after: hi, until, rows: 0, count: Count::Unknown, why: Why::Away };
                self.entries.push_front(Entry::Gap(gap));
            }
            self.from = lo;
        }
        let mut at = 0;
        while let Some(entry) = self.entries.get_mut(at) {
            at += 1;
            let Entry::Gap(gap) = entry else { continue };
            let (after, until) = (gap.after, gap.until);
            if hi <= after || lo.saturating_add(1) >= until {
                continue;
            }
            let found = rows.clone().filter(|row| row.data.id > after && row.data.id < until).count() as u64;
            gap.rows = gap.rows.saturating_sub(found);
            if gap.rows == 0 || self.choice == Choice::Some {
                gap.count = Count::Unknown;
            }
            match (lo <= after, hi >= until.saturating_sub(1)) {
                (true, true) => {
                    at -= 1;
                    self.entries.remove(at);
                }
                (true, false) => gap.after = hi,
                (false, true) => gap.until = lo.saturating_add(1),
                (false, false) => {
                    gap.after = hi;
                    (gap.count, gap.why) = (Count::Unknown, Why::Away);
                    let before =
                        Gap { after, until: lo.saturating_add(1), rows: 0, count: Count::Unknown, why: Why::Away };
                    self.entries.insert(at - 1, Entry::Gap(before));
                    at += 1;
                }
            }
        }
        for row in rows {
            self.insert(row);
        }
    }

    /// Lets rows go where more than `most` are here, those that are far from what is looked at (nothing: from the end) first. At the
    /// top they are simply older, in the middle they become a gap.
    pub(super) fn trim(&mut self, most: usize, looked_at: Option<(Key, Key)>) {
        if self.rows <= most {
            return;
        }
        let free = match looked_at {
            Some((first, _)) => self.place(first).saturating_sub(NEAR),
            None => self.len().saturating_sub(most),
        };
        for _ in 0..free {
            let gap_first = matches!(self.entries.front(), Some(Entry::Gap(_)));
            if self.rows <= most && !gap_first {
                break;
            }
            if let Some(entry) = self.entries.pop_front() {
                self.from = self.from.max(entry.end());
                self.rows -= usize::from(matches!(entry, Entry::Row(_)));
            }
        }
        if let Some((_, last)) = looked_at {
            self.close_up(most, self.place(last) + 1 + NEAR);
        }
    }

    /// From this place on rows become a gap, the oldest first.
    fn close_up(&mut self, most: usize, start: usize) {
        let mut excess = self.rows.saturating_sub(most);
        let stop = self.len().saturating_sub(NEWEST);
        let (mut end, mut missing, mut count) = (start, 0, Count::Exactly);
        while let Some(entry) = self.entries.get(end).filter(|_| end < stop) {
            match entry {
                Entry::Row(_) if excess == 0 => break,
                Entry::Row(_) => excess -= 1,
                Entry::Gap(gap) if gap.count == Count::Unknown => count = Count::Unknown,
                Entry::Gap(_) => {}
            }
            missing += entry.rows();
            end += 1;
        }
        if end <= start {
            return;
        }
        let until = self.entries.get(end).map_or(i64::MAX, |entry| match entry {
            Entry::Row(row) => row.data.id,
            Entry::Gap(gap) => gap.after.saturating_add(1),
        });
        let gone = self.entries.drain(start..end).filter(|entry| matches!(entry, Entry::Row(_))).count();
        self.rows -= gone;
        match start.checked_sub(1).and_then(|before| self.entries.get_mut(before)) {
            Some(Entry::Gap(gap)) => {
                gap.until = until;
                gap.rows += missing;
                gap.why = Why::Away;
                if count == Count::Unknown {
                    gap.count = count;
                }
            }
            before => {
                let after = before.map_or(self.from, |entry| entry.end());
                self.entries.insert(start, Entry::Gap(Gap { after, until, rows: missing, count, why: Why::Away }));
            }
        }
    }

    /// A gap at the end. Two beside each other are one: what was looked at between them was of no interest.
    fn push_gap(&mut self, gap: Gap) {
        if let Some(Entry::Gap(last)) = self.entries.back_mut() {
            last.until = gap.until;
            last.rows += gap.rows;
            if gap.count == Count::Unknown {
                last.count = Count::Unknown;
            }
            if gap.why == Why::Away {
                last.why = Why::Away;
            }
        } else {
            self.entries.push_back(Entry::Gap(gap));
        }
    }

    /// Whether it was not known before.
    fn insert(&mut self, row: &Arc<Row>) -> bool {
        let id = row.data.id;
        // It is older than what is here: it is read when somebody goes back.
        if id <= self.from {
            return true;
        }
        let key = Key::row(id);
        // Nearly always at the end: ids grow.
        let place = if self.last().is_none_or(|last| last < key) { self.len() } else { self.place(key) };
        if let Some(Entry::Gap(gap)) = place.checked_sub(1).and_then(|before| self.entries.get_mut(before))
            && id < gap.until
        {
            gap.rows += 1;
            return true;
        }
        match self.entries.get_mut(place) {
            Some(Entry::Row(known)) if known.data.id == id => {
                if known.data != row.data {
                    *known = Arc::new(Row { data: row.data.clone(), at: row.at, arrived: known.arrived });
                }
                false
            }
            _ => {
                self.entries.insert(place, Entry::Row(Arc::clone(row)));
                self.rows += 1;
                true
            }
        }
    }
}
