//! What the runs tell of a bot: how long it usually takes, how often it succeeds, what it did.

/// Items that runs say they handled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Items {
    /// Processed.
    pub processed: u64,
    /// Created.
    pub created: u64,
    /// Updated.
    pub updated: u64,
    /// Deleted.
    pub deleted: u64,
}
