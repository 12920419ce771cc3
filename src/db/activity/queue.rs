//! What the readers of the queue, of a file's and of a server's, have in common.

/// How many of the newest known rows are looked at again each time, done or not.
pub(super) const WINDOW: usize = 8;
/// The documented statuses in their order; the first two can change.
pub(super) const STATUSES: [&str; 4] = ["pending", "processing", "completed", "failed"];

/// The status, where a row that has it can still change.
pub(super) fn changeable(status: &str) -> Option<&'static str> {
    STATUSES[..2].iter().copied().find(|known| *known == status)
}
