//! The columns of a ledger row, by the width there is.

use std::borrow::Cow;

use jiff::{Timestamp, tz::Offset};

use super::{super::ages, window::Row};
use crate::{
    domain::{
        activity::LedgerRow,
        time::{self, TimeFormat},
    },
    widgets::safe::{self, pieces, safe_prose},
};

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) enum Column {
    /// created_at.
    Time,
    /// bot_name.
    #[default]
    Bot,
    /// action.
    Action,
    /// item_type.
    Kind,
    /// item_id.
    Item,
    /// reason.
    Reason,
}

impl Column {
    pub(super) const ALL: [Self; 6] = [Self::Time, Self::Bot, Self::Action, Self::Kind, Self::Item, Self::Reason];
}

/// Where a column is, from the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) x: u16,
    pub(super) width: u16,
}

/// The columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Columns {
    cells: [Option<Cell>; 6],
    /// The last column is left to the scroll bar, so that nothing moves when it comes.
    width: u16,
    times: TimeFormat,
}

/// A reason in lines.
#[derive(Debug, Default)]
pub(super) struct Wrapped {
    /// In the row's own line.
    pub(super) head: Option<String>,
    /// In the lines below it.
    pub(super) below: Vec<String>,
    /// Where these begin.
    pub(super) x: u16,
}

/// The least a reason needs to be wrapped beside the other columns.
const BESIDE: u16 = 28;
/// Where it begins if it is below them.
const INDENT: u16 = 5;

impl Columns {
    pub(super) fn of(width: u16, times: TimeFormat) -> Self {
        let width = width.saturating_sub(1);
        let time = match (times, width) {
            (TimeFormat::Relative, _) => 4,
            (_, ..56) => 11,
            (_, ..100) => 16,
            _ => 24,
        };
        let (bot, action, kind, item) = match width {
            ..36 => (4, 6, None, u16::MAX),
            36..56 => (8, 6, None, u16::MAX),
            56..90 => (9, 7, None, 20),
            90..104 => (15, 7, None, 28),
            _ => (15, 7, Some(9), 24),
        };
        let wanted = [Some(time), Some(bot), Some(action), kind, Some(item), (item < u16::MAX).then_some(u16::MAX)];
        let mut x = 0;
        let cells = wanted.map(|wanted| {
            let room = width.saturating_sub(x);
            let cell = Cell { x, width: wanted?.min(room) };
            x = x.saturating_add(cell.width + 1);
            (cell.width > 0).then_some(cell)
        });
        Self { cells, width, times }
    }

    /// Where it is; `None`: there is no room for it.
    pub(super) const fn cell(&self, column: Column) -> Option<Cell> {
        self.cells[column as usize]
    }

    /// The column that is shown, if this one is not.
    pub(super) fn shown(&self, column: Column) -> Column {
        let near = Column::ALL.into_iter().filter(|other| self.cell(*other).is_some());
        near.min_by_key(|other| (column as usize).abs_diff(*other as usize)).unwrap_or_default()
    }

    /// The column beside it that is shown.
    pub(super) fn beside(&self, column: Column, by: isize) -> Column {
        let shown: Vec<Column> = Column::ALL.into_iter().filter(|other| self.cell(*other).is_some()).collect();
        let at = shown.iter().position(|other| *other == self.shown(column)).unwrap_or(0);
        let at = at.saturating_add_signed(by).min(shown.len().saturating_sub(1));
        shown.get(at).copied().unwrap_or_default()
    }

    /// The time as the user wants it, in the room there is.
    pub(super) fn stamp<'a>(&self, row: &'a Row, now: Timestamp) -> Cow<'a, str> {
        let wide = self.cell(Column::Time).map_or(0, |cell| cell.width);
        let raw = row.data.created_at.as_deref();
        match (self.times, row.at, raw) {
            (_, _, None) => Cow::Borrowed("–"),
            // Clocks go wrong: `+5m` is still to come.
            (TimeFormat::Relative, Some(at), _) => Cow::Owned(ages::age(at, now).replace("in ", "+")),
            (TimeFormat::Relative, None, _) => Cow::Borrowed("?"),
            (TimeFormat::Raw, _, Some(raw)) if wide >= 24 => Cow::Borrowed(raw),
            (TimeFormat::Iso, Some(at), _) if wide >= 24 => Cow::Owned(time::iso(at)),
            (_, Some(at), _) => Cow::Owned(short(at, now, wide)),
            (_, None, Some(raw)) => Cow::Borrowed(raw),
        }
    }

    /// The reason in lines.
    pub(super) fn wrapped(&self, row: &LedgerRow) -> Wrapped {
        let Some(reason) = row.reason.as_deref().filter(|reason| !reason.trim().is_empty()) else {
            return Wrapped::default();
        };
        let reason = safe_prose(reason);
        match self.cell(Column::Reason).filter(|cell| cell.width >= BESIDE) {
            Some(cell) => {
                let mut lines = lines(&reason, usize::from(cell.width)).into_iter();
                Wrapped { head: lines.next(), below: lines.collect(), x: cell.x }
            }
            None => {
                let width = usize::from(self.width.saturating_sub(INDENT));
                Wrapped { head: None, below: lines(&reason, width), x: INDENT }
            }
        }
    }
}

/// A time with its seconds, and as much of its date as says which day it was.
fn short(at: Timestamp, now: Timestamp, wide: u16) -> String {
    let (then, today) = (Offset::UTC.to_datetime(at), Offset::UTC.to_datetime(now));
    let format = match (then.date() == today.date(), then.year() == today.year(), wide) {
        (true, _, _) => "%H:%M:%S",
        (false, true, 14..) => "%m-%d %H:%M:%S",
        (false, true, _) => "%m-%d %H:%M",
        (false, false, 16..) => "%Y-%m-%d %H:%M",
        (false, false, _) => "%Y-%m-%d",
    };
    at.strftime(format).to_string()
}

/// Lines of this width, broken between words, and inside those that are wider. The text is harmless already.
fn lines(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for word in text.split_whitespace() {
        let wide = safe::width(word);
        if used > 0 && used + 1 + wide > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        if wide <= width {
            line.push_str(word);
            used += wide;
            continue;
        }
        for piece in pieces(word) {
            let wide = usize::from(piece.width);
            if used > 0 && used + wide > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(piece.text);
            used += wide;
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_beside_each_other_and_inside() {
        for width in 0..200 {
            for times in [TimeFormat::Raw, TimeFormat::Iso, TimeFormat::Relative] {
                let columns = Columns::of(width, times);
                let cells: Vec<Cell> = Column::ALL.into_iter().filter_map(|column| columns.cell(column)).collect();
                assert!(cells.windows(2).all(|pair| pair[0].x + pair[0].width < pair[1].x), "{cells:?}");
                assert!(cells.last().is_none_or(|cell| cell.x + cell.width < width), "{cells:?} in {width}");
                assert!(width < 40 || columns.cell(Column::Item).is_some_and(|cell| cell.width >= 8));
            }
        }
    }

    #[test]
    fn long_words_are_broken_and_nothing_is_lost() {
        assert_eq!(lines("one two  three", 7), ["one two", "three"]);
        assert_eq!(lines("a abcdefghij b", 4), ["a", "abcd", "efgh", "ij b"]);
        assert_eq!(lines("日本語", 4), ["日本", "語"]);
        assert_eq!(lines("日", 1), ["日"]);
    }
}
