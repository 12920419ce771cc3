//! The names of bots and actions, as they come from the database.
//!
//! Owns that each is kept once, and that a database with a new name in every row does not fill the memory.

use std::{collections::BTreeSet, sync::Arc};

/// The bots of the field, in the order of `DATABASE.md`, "Values".
pub const BOTS: [&str; 5] = ["creator", "verifier", "processor", "analysis", "session-builder"];
/// The actions of the ledger, in its order.
pub const ACTIONS: [&str; 5] = ["create", "update", "delete", "verify", "flag"];

/// So many names are told apart; the rest is counted together.
const MOST: usize = 256;
/// As this.
pub(super) const OTHERS: &str = "(others)";

/// Names that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeSet<Arc<str>>);

impl Names {
    /// The name as it is kept.
    pub(super) fn keep(&mut self, name: &Arc<str>) -> Arc<str> {
        match self.0.get(name) {
            Some(known) => Arc::clone(known),
            None => {
                let name = if self.0.len() < MOST { Arc::clone(name) } else { Arc::from(OTHERS) };
                self.0.insert(Arc::clone(&name));
                name
            }
        }
    }

    /// The same for a name that nobody shares yet.
    pub(super) fn keep_text(&mut self, name: &str) -> Arc<str> {
        match self.0.get(name) {
            Some(known) => Arc::clone(known),
            None => self.keep(&Arc::from(name)),
        }
    }
}

/// Where a bot stands among others: the documented ones first in their order, then by name.
pub(super) fn place(bot: &str) -> (usize, &str) {
    (BOTS.iter().position(|name| *name == bot).unwrap_or(BOTS.len()), bot)
}
