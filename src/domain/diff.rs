//! What differs between two values, as plain data: lines with the words that changed, JSON by key, rows field by field.
//!
//! Owns the question ([`Comparison`]) and the answer ([`Diff`]); a diff holds everything of both sides, also what did not change, so
//! that it can be unfolded. The answer is found by `widgets::diff`, which draws it, too. Must not know how it looks.

use std::{ops::Range, sync::Arc};

use crate::domain::{
    page::Record,
    value::{Value, hex},
};

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// There is nothing, for this reason: "no snapshot", "the row is gone" …
    Absent(Arc<str>),
    /// NULL.
    Null,
    /// A number in its digits; numbers are compared as they are written, so none is too big.
    Number(Arc<str>),
    /// A text as it is stored. Where it is a JSON object or array, it is compared by key.
    Text(Arc<str>),
    /// A blob: how many bytes, and the first of them as hexadecimal digits.
    Blob(u64, Arc<str>),
    /// A row: fields by name. Names are the same in both their forms (`subChannel`, `sub_channel`).
    Row(Vec<(Arc<str>, Side)>),
}

/// Bytes of a blob that are kept for showing; blobs that differ only behind them are told apart by [`Side::Blob`]'s digest.
const BLOB_HEAD: usize = 64;

impl From<&Value> for Side {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Integer(_) | Value::Real(_) => Self::Number(value.to_plain().into()),
            Value::Text(bytes) if std::str::from_utf8(bytes.head()).is_ok() => {
                Self::Text(String::from_utf8_lossy(bytes.head()).into())
            }
            // Text that is not UTF-8 is compared as bytes: two of them look alike once their bad bytes are replaced.
            Value::Text(bytes) | Value::Blob(bytes) => {
                let head = bytes.head();
                let shown = hex(&head[..head.len().min(BLOB_HEAD)]);
                let rest = if head.len() > BLOB_HEAD { format!("… {}", digest(head)) } else { String::new() };
                Self::Blob(bytes.total(), format!("{shown}{rest}").into())
            }
        }
    }
}

/// Tells long blobs apart on the screen: FNV-1a, as hexadecimal digits.
fn digest(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    format!("#{hash:016x}")
}

impl From<&Record> for Side {
    fn from(record: &Record) -> Self {
        let columns = record.relation.columns.iter().zip(&record.cells);
        Self::Row(columns.map(|(column, value)| (Arc::from(column.name.as_str()), Self::from(value))).collect())
    }
}

impl Side {
    /// A snapshot as the ledger and the history store it; where there is none, that is said.
    pub fn snapshot(stored: Option<&Arc<str>>) -> Self {
        stored.map_or_else(|| Self::Absent("no snapshot".into()), |text| Self::Text(Arc::clone(text)))
    }

    /// Bytes of text in it.
    pub fn size(&self) -> usize {
        match self {
            Self::Absent(text) | Self::Number(text) | Self::Text(text) | Self::Blob(_, text) => text.len(),
            Self::Null => 0,
            Self::Row(fields) => fields.iter().map(|(name, side)| name.len() + side.size()).sum(),
        }
    }
}

/// What of the two sides is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Scope {
    /// All of both.
    #[default]
    Both,
    /// Only the fields that the side before holds: it is a snapshot of a part of a row.
    Before,
}

/// Two values to compare.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Comparison {
    /// What was.
    pub before: Side,
    /// What is.
    pub after: Side,
    /// Which fields of rows.
    pub scope: Scope,
    /// The order of a row's fields, and their names; empty: in the order they come. Where it is not empty, JSON objects are rows.
    pub fields: Arc<[Arc<str>]>,
}

/// Comparisons of more text than this are computed in the background.
pub const HEAVY: usize = 50_000;

impl Comparison {
    /// Two cells.
    pub fn of_values(before: &Value, after: &Value) -> Self {
        Self::of(Side::from(before), Side::from(after))
    }

    /// Two sides, all of both.
    pub fn of(before: Side, after: Side) -> Self {
        Self { before, after, scope: Scope::Both, fields: Arc::new([]) }
    }

    /// Two rows (or JSON objects of rows), field by field in this order.
    pub fn of_rows(before: Side, after: Side, fields: impl IntoIterator<Item = Arc<str>>) -> Self {
        Self { before, after, scope: Scope::Both, fields: fields.into_iter().collect() }
    }

    /// Only the fields that the side before holds.
    #[must_use]
    pub fn within_before(self) -> Self {
        Self { scope: Scope::Before, ..self }
    }

    /// Whether it is to be computed in the background.
    pub fn is_heavy(&self) -> bool {
        self.before.size() + self.after.size() > HEAVY
    }
}

/// What became of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// Only the side after has it.
    Added,
    /// Only the side before has it.
    Removed,
    /// Both have it, and it is not the same.
    Changed,
}

/// What a short value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sort {
    /// Text.
    Text,
    /// A number.
    Number,
    /// true, false, null.
    Word,
    /// NULL of the database.
    Null,
    /// An array or an object, as JSON on one line.
    Json,
    /// A blob, in words.
    Blob,
    /// Nothing: why.
    Absent,
}

/// A value on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// The text as it is; not harmless yet.
    pub text: String,
    /// What it is.
    pub sort: Sort,
    /// The bytes of the text that changed, where both sides have one of the same sort.
    pub marks: Vec<Range<usize>>,
}

/// A line of a text.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Line {
    /// Its text without its line break; not harmless yet.
    pub text: String,
    /// The bytes of it that changed: whole words, in order. Empty where only the other side has something.
    pub marks: Vec<Range<usize>>,
}

/// A row of a diff.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// How deep it is nested: 0 outside of everything.
    pub depth: u16,
    /// What it is.
    pub kind: RowKind,
}

/// What a row of a diff is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowKind {
    /// The name of a field, of which the deeper rows that follow tell.
    Field {
        /// Its name, or `[3]` for the fourth item of an array.
        name: String,
        /// What became of it.
        fate: Fate,
        /// More in words: "3 lines added", "text → JSON" …
        note: String,
    },
    /// A field with short values, told in one row; at least one side is there.
    Value {
        /// Its name; empty where there is none (the two sides are values themselves).
        name: String,
        /// What it was.
        before: Option<Short>,
        /// What it is.
        after: Option<Short>,
    },
    /// A field or an item that is the same.
    SameValue {
        /// Its name; empty where there is none.
        name: String,
        /// Its value.
        value: Short,
    },
    /// A field that only one side tells of, which says nothing of the other; follows the note that names it.
    OneSided {
        /// Its name.
        name: String,
        /// Its value.
        value: Short,
    },
    /// A line that both have.
    Same(Line),
    /// A line that only the side before has.
    Removed(Line),
    /// A line that only the side after has.
    Added(Line),
    /// A line that was changed.
    Pair(Line, Line),
    /// Words about what cannot be compared, or was not.
    Note(String),
}

impl RowKind {
    /// Whether both sides are the same here.
    pub const fn is_same(&self) -> bool {
        matches!(self, Self::Same(_) | Self::SameValue { .. })
    }

    /// Whether this tells of a change by itself.
    pub const fn is_change(&self) -> bool {
        matches!(self, Self::Value { .. } | Self::Removed(_) | Self::Added(_) | Self::Pair(..))
    }
}

/// What differs.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Diff {
    /// From the top; fields of a depth in their order, then those that are the same.
    pub rows: Vec<Row>,
}

impl Diff {
    /// Whether there is no difference.
    pub fn is_same(&self) -> bool {
        !self.rows.iter().any(|row| row.kind.is_change() || matches!(row.kind, RowKind::Field { .. }))
    }

    /// The names that lead to a row, from the outermost: fields, and `[3]` for the fourth item of an array.
    pub fn trail(&self, row: usize) -> Vec<&str> {
        let Some(this) = self.rows.get(row) else { return Vec::new() };
        let mut depth = this.depth;
        let mut names = match &this.kind {
            RowKind::Field { name, .. }
            | RowKind::Value { name, .. }
            | RowKind::SameValue { name, .. }
            | RowKind::OneSided { name, .. } => vec![name.as_str()],
            _ => Vec::new(),
        };
        for above in self.rows[..row].iter().rev() {
            if let RowKind::Field { name, .. } = &above.kind
                && above.depth < depth
            {
                names.push(name);
                depth = above.depth;
            }
        }
        names.retain(|name| !name.is_empty());
        names.reverse();
        names
    }
}
