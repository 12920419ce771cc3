//! What came while it is paused: bounded, and what is too much is counted.

use std::{collections::VecDeque, sync::Arc};

use super::window::Row;
use crate::domain::activity::LedgerFilter;

/// Rows that wait.
const MOST: usize = 2_000;

/// What came.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    updates: VecDeque<(Vec<Arc<Row>>, u64)>,
    rows: usize,
    /// Everything was told anew: the live rows are what there is.
    anew: bool,
    /// Rows that came: those that pass, and those nobody read.
    came: u64,
}

impl Waiting {
    /// Everything was told anew.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { anew: true, ..Self::default() };
    }

    pub(super) const fn is_anew(&self) -> bool {
        self.anew
    }

    /// Rows that came.
    pub(super) const fn came(&self) -> u64 {
        self.came
    }

    /// What came, in its order.
    pub(super) fn updates(self) -> impl Iterator<Item = (Vec<Arc<Row>>, u64)> {
        self.updates.into_iter()
    }

    /// Something came. What is too much is only counted: `told` is the last id that was told before the pause.
    pub(super) fn push(&mut self, rows: Vec<Arc<Row>>, skipped: u64, passes: &LedgerFilter, told: i64) {
        self.came += rows.iter().filter(|row| passes.matches(&row.data)).count() as u64 + skipped;
        if self.anew {
            return;
        }
        self.rows += rows.len();
        self.updates.push_back((rows, skipped));
        while self.rows > MOST && self.updates.len() > 1 {
            let Some((gone, skipped)) = self.updates.pop_front() else { break };
            let Some((next, more)) = self.updates.front_mut() else { break };
            // Those among what is here already cannot be in the gap that begins behind it.
            let (late, gone): (Vec<_>, Vec<_>) = gone.into_iter().partition(|row| row.data.id <= told);
            self.rows -= gone.len();
            *more += skipped + gone.len() as u64;
            next.splice(0..0, late);
        }
    }
}
