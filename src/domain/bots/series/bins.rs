//! Steps of time into which counts are put, those of earlier times first.

/// The steps between ascending bounds.
pub(super) struct Bins<'a> {
    bounds: &'a [i64],
    steps: &'a mut [u64],
    /// The step that is filled: everything before it is done.
    at: usize,
}

impl<'a> Bins<'a> {
    pub(super) fn new(bounds: &'a [i64], steps: &'a mut [u64]) -> Self {
        // A step each for two bounds; what is too long of the two is not looked at.
        let count = steps.len().min(bounds.len().saturating_sub(1));
        Self { bounds: &bounds[..=count.min(bounds.len() - 1)], steps: &mut steps[..count], at: 0 }
    }

    /// The step of this time, and where it ends; `None` outside of them. Times are asked for in ascending order.
    pub(super) fn step(&mut self, time: i64) -> Option<(usize, i64)> {
        while self.at < self.steps.len() && self.bounds[self.at + 1] <= time {
            self.at += 1;
        }
        (self.at < self.steps.len() && self.bounds[self.at] <= time).then(|| (self.at, self.bounds[self.at + 1]))
    }

    /// Whether all of a stretch is in the same step (or before all of them): then `rows` of it are put there.
    pub(super) fn put_whole(&mut self, start: i64, end: i64, rows: u64) -> bool {
        match self.step(start) {
            Some((step, until)) if until >= end => {
                self.steps[step] = self.steps[step].saturating_add(rows);
                true
            }
            Some(_) => false,
            // Behind the last step, or before the first one with nothing in it.
            None => self.bounds.first().is_none_or(|first| end <= *first || start >= *first),
        }
    }

    /// Puts `rows` of this time.
    pub(super) fn put(&mut self, time: i64, rows: u64) {
        if let Some((step, _)) = self.step(time) {
            self.steps[step] = self.steps[step].saturating_add(rows);
        }
    }

    /// Where the first step begins.
    pub(super) fn start(&self) -> i64 {
        self.bounds[0]
    }
}
