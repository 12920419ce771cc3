//! A row as it was then, rebuilt from the snapshots that are left of it.

/// Placeholder of the rebuilt row: filled by its owner.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {}
