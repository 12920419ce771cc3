//! Times that were measured, and what is said of them.

use std::time::Duration;

/// Durations in ascending order.
pub(crate) struct Samples(Vec<Duration>);

impl Samples {
    /// Sorts them.
    pub(crate) fn new(mut durations: Vec<Duration>) -> Self {
        durations.sort_unstable();
        Self(durations)
    }

    /// How many.
    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    /// The smallest that is at least as large as this share (0.0 to 1.0) of them; zero where there are none.
    pub(crate) fn quantile(&self, share: f64) -> Duration {
        let rank = (share * self.0.len() as f64).ceil() as usize;
        self.0.get(rank.saturating_sub(1).min(self.0.len().saturating_sub(1))).copied().unwrap_or_default()
    }

    /// The middle one.
    pub(crate) fn median(&self) -> Duration {
        self.quantile(0.5)
    }

    /// The largest.
    pub(crate) fn max(&self) -> Duration {
        self.quantile(1.0)
    }

    /// Median, 99 % and the largest, in words.
    pub(crate) fn spread(&self) -> String {
        format!("p50 {} · p99 {} · max {}", ms(self.median()), ms(self.quantile(0.99)), ms(self.max()))
    }
}

/// A duration in the unit it is read in.
pub(crate) fn ms(duration: Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        ..0.0995 => format!("{:.0} µs", milliseconds * 1000.0),
        ..9.95 => format!("{milliseconds:.2} ms"),
        ..999.5 => format!("{milliseconds:.1} ms"),
        _ => format!("{:.2} s", milliseconds / 1000.0),
    }
}
