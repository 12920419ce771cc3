//! From when on something is unusual. All of it can be set in the config file, `[bots]`.

use std::time::Duration;

/// From when on something is unusual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// A run is stuck when it runs so many times its bot's 95th percentile.
    pub stuck_factor: f64,
    /// But never before this.
    pub stuck_least: Duration,
    /// The oldest pending item of the queue is too old from this age on.
    pub queue_age: Duration,
    /// So many deletes within [`Self::burst_window`] are a burst.
    pub deletes: u64,
    /// So many flags within [`Self::burst_window`] are a burst.
    pub flags: u64,
    /// In which time they are counted.
    pub burst_window: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            stuck_factor: 3.0,
            stuck_least: Duration::from_secs(30 * 60),
            queue_age: Duration::from_secs(24 * 60 * 60),
            deletes: 20,
            flags: 50,
            burst_window: Duration::from_secs(5 * 60),
        }
    }
}
