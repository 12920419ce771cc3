//! Searching the rows that are here. Honest about it: what is not loaded is not searched.

use crate::{
    domain::{
        record_text::is_secret,
        schema::Relation,
        value::{Secrets, Value},
    },
    panes::table::window::Window,
};

/// Matches kept at most; more of them say nothing.
const MOST: usize = 10_000;

/// Where a text was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// In lower case; empty: no search.
    pattern: String,
    /// (name of the row, column), in order.
    cells: Vec<(i64, usize)>,
}

impl Found {
    /// What is searched for; empty where nothing is.
    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// How many cells of the rows that are here hold it.
    pub(super) fn count(&self) -> usize {
        self.cells.len()
    }

    /// Searches for this text from now on.
    pub(super) fn search(&mut self, text: &str, relation: &Relation, window: Option<&Window>, secrets: Secrets) {
        self.pattern = text.to_lowercase();
        self.renew(relation, window, secrets);
    }

    /// The rows that are here are others.
    pub(super) fn renew(&mut self, relation: &Relation, window: Option<&Window>, secrets: Secrets) {
        self.cells.clear();
        let (Some(window), false) = (window, self.pattern.is_empty()) else { return };
        // What is masked cannot be searched: the search would say what stands behind the mask.
        let readable: Vec<bool> =
            relation.columns.iter().map(|column| secrets == Secrets::Revealed || !is_secret(column)).collect();
        for (at, row) in window.rows_from(window.base()) {
            for (column, value) in row.cells.iter().enumerate() {
                if self.cells.len() < MOST && readable.get(column) == Some(&true) && holds(value, &self.pattern) {
                    self.cells.push((at, column));
                }
            }
        }
    }

    /// Whether this cell holds it.
    pub(super) fn contains(&self, at: i64, column: usize) -> bool {
        !self.cells.is_empty() && self.cells.binary_search(&(at, column)).is_ok()
    }

    /// The next match behind this cell, from the first again after the last; with its number from 1.
    pub(super) fn after(&self, at: i64, column: usize) -> Option<(usize, (i64, usize))> {
        let next = self.cells.partition_point(|cell| *cell <= (at, column));
        let index = if next < self.cells.len() { next } else { 0 };
        self.cells.get(index).map(|cell| (index + 1, *cell))
    }

    /// The match before this cell, from the last again before the first; with its number from 1.
    pub(super) fn before(&self, at: i64, column: usize) -> Option<(usize, (i64, usize))> {
        let next = self.cells.partition_point(|cell| *cell < (at, column));
        let index = next.checked_sub(1).or_else(|| self.cells.len().checked_sub(1))?;
        self.cells.get(index).map(|cell| (index + 1, *cell))
    }
}

fn holds(value: &Value, pattern: &str) -> bool {
    match value {
        Value::Null | Value::Blob(_) => false,
        Value::Text(bytes) if pattern.is_ascii() => {
            let (text, pattern) = (bytes.head(), pattern.as_bytes());
            text.len() >= pattern.len() && text.windows(pattern.len()).any(|part| part.eq_ignore_ascii_case(pattern))
        }
        Value::Text(_) | Value::Integer(_) | Value::Real(_) => value.to_plain().to_lowercase().contains(pattern),
    }
}
