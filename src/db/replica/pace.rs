//! How often the server is asked for changes: quickly while there are some, slowly while there are none, more and more rarely while it
//! does not answer.

use std::time::{Duration, Instant};

/// While something happens. With the way there and back, and the look at the file, a row is on the screen within a second.
const QUICK: Duration = Duration::from_millis(700);
/// Where nothing happens: ten requests a minute, and one now and then for the comparison.
const SLOW: Duration = Duration::from_secs(6);
/// As [`SLOW`], where the server does not say how far it is and each look is a whole sync of two requests.
const SLOW_BLIND: Duration = Duration::from_secs(11);
/// How long something counts as happening.
const ACTIVE: Duration = Duration::from_secs(10);
/// The longest pause after failures.
const RARELY: Duration = Duration::from_secs(30);

/// Whether the server says how far it is, which costs one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// It does.
    Clear,
    /// It does not: only a sync tells.
    Blind,
}

/// What decides how often.
#[derive(Debug)]
pub(super) struct Pace {
    pause: Duration,
    /// When something happened last.
    stirred: Option<Instant>,
    failures: u32,
    /// Of a small generator: pauses after failures must not be those of all other programs.
    dice: u64,
}

impl Pace {
    /// From the start; `seed` spreads the pauses after failures.
    pub(super) const fn new(seed: u64) -> Self {
        Self { pause: SLOW, stirred: None, failures: 0, dice: seed | 1 }
    }

    /// Something happened: a change came, or the user asked for something.
    pub(super) fn stir(&mut self, now: Instant) {
        self.stirred = Some(now);
    }

    /// After an answer: the pause until the next question.
    pub(super) fn answered(&mut self, now: Instant, sight: Sight) -> Duration {
        self.failures = 0;
        let active = self.stirred.is_some_and(|stirred| now.saturating_duration_since(stirred) < ACTIVE);
        let slow = match sight {
            Sight::Clear => SLOW,
            Sight::Blind => SLOW_BLIND,
        };
        self.pause = if active { QUICK } else { (self.pause * 2).min(slow) };
        self.pause
    }

    /// After a failure: twice as long as after the one before, up to half a minute, and a quarter more or less.
    pub(super) fn failed(&mut self) -> Duration {
        self.failures = (self.failures + 1).min(16);
        self.pause = QUICK;
        let pause = Duration::from_secs(1).saturating_mul(1 << (self.failures - 1)).min(RARELY);
        // xorshift64
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        pause.mul_f64(0.75 + (self.dice % 1000) as f64 / 2000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_quick_while_something_happens_and_slows_down_to_twelve_requests_a_minute() {
        let (mut pace, start) = (Pace::new(1), Instant::now());
        let mut now = start;
        pace.stir(now);
        let mut pauses = Vec::new();
        while now < start + Duration::from_secs(40) {
            let pause = pace.answered(now, Sight::Clear);
            pauses.push(pause);
            now += pause;
        }
        assert!(pauses[..14].iter().all(|pause| *pause == QUICK));
        assert!(pauses.iter().filter(|pause| **pause == QUICK).count() < 17);
        assert_eq!(pauses.last(), Some(&SLOW));
        assert!(pauses[14..].is_sorted(), "{pauses:?}");
        // A question each, and a comparison; two requests a look where it is blind.
        assert!(60.0 / SLOW.as_secs_f64() + 1.0 <= 12.0);
        assert!(2.0 * 60.0 / SLOW_BLIND.as_secs_f64() + 1.0 <= 12.0);
        pace.stir(now);
        assert_eq!(pace.answered(now, Sight::Clear), QUICK);
    }

    #[test]
    fn it_begins_slowly_where_nobody_does_anything() {
        let mut pace = Pace::new(1);
        assert_eq!(pace.answered(Instant::now(), Sight::Clear), SLOW);
        assert_eq!(Pace::new(1).answered(Instant::now(), Sight::Blind), SLOW_BLIND);
    }

    #[test]
    fn failures_make_it_rarer_up_to_an_end_and_never_the_same_for_all() {
        let (mut one, mut other) = (Pace::new(1), Pace::new(99));
        let pauses: Vec<_> = (0..40).map(|_| one.failed()).collect();
        for (at, pause) in pauses.iter().enumerate() {
            let middle = (1 << at.min(16)).min(30) as f64;
            assert!((0.74..1.26).contains(&(pause.as_secs_f64() / middle)), "{at}: {pause:?}");
        }
        assert_ne!(pauses[5..], (0..40).map(|_| other.failed()).collect::<Vec<_>>()[5..]);
        assert_eq!(one.answered(Instant::now(), Sight::Clear), QUICK * 2, "an answer ends it");
    }
}
