//! How often a server is asked for changes.
//!
//! It owns the time of the next question, and knows no network. Something that happens makes it quick, quiet makes it slow: from one
//! second by half more each time, up to six. So a minute without keys on a server where nothing changes takes twelve questions at
//! most, also the first one. While the bots work and somebody watches them, it is quicker: five questions a second. Between an answer
//! and the next question there is as much time as the answer took, at least: a slow server is asked less. Times are arguments.

use std::time::{Duration, Instant};

use jiff::Timestamp;

/// How often it asks right after the bots did something that somebody watches.
pub(super) const WATCHING: Duration = Duration::from_millis(200);
/// How often it asks while something happens.
pub(super) const QUICK: Duration = Duration::from_secs(1);
/// How often at least.
pub(super) const SLOW: Duration = Duration::from_secs(6);
/// How long after a change it stays quick.
const LIVELY: Duration = Duration::from_secs(10);
/// The longest sleep of the thread: the clock it sleeps by stands still while the computer is suspended, so it looks at the other.
const NAP: Duration = Duration::from_secs(1);
/// So much more on the wall than on the clock inside is no drift.
const SUSPENDED: Duration = Duration::from_secs(5);

/// A time on both clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    pub(super) instant: Instant,
    pub(super) wall: Timestamp,
}

impl Moment {
    pub(super) fn now() -> Self {
        Self { instant: Instant::now(), wall: Timestamp::now() }
    }
}

/// Whether the computer was suspended since the last look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    Yes,
    No,
}

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// What the bots do, which somebody watches.
    Watched,
    /// Something else.
    Other,
}

/// The next longer interval.
fn slower(interval: Duration) -> Duration {
    (interval * 3 / 2).min(SLOW)
}

/// When to ask next.
#[derive(Debug)]
pub(super) struct Pace {
    /// How long the next pause is where nothing changes.
    next: Duration,
    /// How long the present one is.
    interval: Duration,
    due: Instant,
    lively: Option<Instant>,
    looked: Moment,
}

impl Pace {
    /// Due at once.
    pub(super) const fn new(now: Moment) -> Self {
        Self { next: QUICK, interval: QUICK, due: now.instant, lively: None, looked: now }
    }

    /// The time between two questions at present.
    pub(super) const fn interval(&self) -> Duration {
        self.interval
    }

    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.due <= now.instant
    }

    /// How long the thread may sleep.
    pub(super) fn nap(&self, now: Moment) -> Duration {
        self.due.saturating_duration_since(now.instant).min(NAP)
    }

    /// Ask at once.
    pub(super) const fn at_once(&mut self, now: Moment) {
        self.due = now.instant;
    }

    /// There is more to ask for; the last answer took this long.
    pub(super) fn soon(&mut self, now: Moment, took: Duration) {
        self.due = self.due.min(now.instant + took);
    }

    /// The user asked for something, and it came: somebody is there. That was a question, too, so the next one is a second away.
    pub(super) fn asked(&mut self, now: Moment) {
        self.next = self.next.min(slower(QUICK));
        self.due = self.due.min(now.instant + QUICK);
        self.interval = self.interval.min(QUICK);
    }

    /// It was asked, and something had changed; the answer took this long.
    pub(super) fn changed(&mut self, now: Moment, what: Change, took: Duration) {
        self.lively = Some(now.instant + LIVELY);
        self.next = match what {
            Change::Watched => WATCHING,
            Change::Other => QUICK,
        };
        self.wait(now, took);
    }

    /// It was asked, and nothing had changed; the answer took this long.
    pub(super) fn unchanged(&mut self, now: Moment, took: Duration) {
        let is_lively = self.lively.is_some_and(|until| until > now.instant);
        if is_lively {
            self.next = (self.next * 5 / 2).min(QUICK);
            self.wait(now, took);
        } else {
            self.lively = None;
            self.wait(now, took);
            self.next = slower(self.next);
        }
    }

    fn wait(&mut self, now: Moment, took: Duration) {
        self.interval = self.next.max(took);
        self.due = now.instant + self.interval;
    }

    /// It could not be asked; another try makes sense after this time.
    pub(super) fn failed(&mut self, now: Moment, pause: Duration) {
        self.lively = None;
        self.next = QUICK;
        self.interval = pause;
        self.due = now.instant + pause;
    }

    /// To be called at every waking: finds out whether the computer was suspended, and if so asks at once.
    pub(super) fn look_at_the_clock(&mut self, now: Moment) -> Woken {
        let inside = now.instant.saturating_duration_since(self.looked.instant);
        let outside = Duration::try_from(now.wall.duration_since(self.looked.wall)).unwrap_or_default();
        self.looked = now;
        if outside.saturating_sub(inside) < SUSPENDED {
            return Woken::No;
        }
        self.next = QUICK;
        self.at_once(now);
        Woken::Yes
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    struct Clock(Moment);

    impl Clock {
        fn new() -> Self {
            Self(Moment { instant: Instant::now(), wall: "2026-01-01T00:00:00Z".parse().unwrap() })
        }

        fn step(&mut self, by: Duration) {
            self.0.instant += by;
            self.0.wall += by;
        }

        /// The questions within this time on a server where nothing changes.
        fn quiet(&mut self, pace: &mut Pace, time: Duration) -> usize {
            let end = self.0.instant + time;
            let mut questions = 0;
            while self.0.instant + pace.nap(self.0) < end {
                self.step(pace.nap(self.0));
                assert_eq!(pace.look_at_the_clock(self.0), Woken::No);
                if pace.is_due(self.0) {
                    questions += 1;
                    pace.unchanged(self.0, Duration::ZERO);
                }
            }
            questions
        }
    }

    #[test]
    fn a_quiet_minute_takes_at_most_twelve_questions() {
        let mut clock = Clock::new();
        let mut pace = Pace::new(clock.0);
        pace.unchanged(clock.0, Duration::ZERO);
        pace.asked(clock.0);
        let first = clock.quiet(&mut pace, Duration::from_secs(60));
        assert!((10..=12).contains(&first), "the minute after the last key: {first}");
        let later = clock.quiet(&mut pace, Duration::from_secs(60));
        assert!((9..=10).contains(&later), "{later}");
        assert_eq!(pace.interval(), SLOW);
    }

    #[test]
    fn what_happens_makes_it_quick() {
        let mut clock = Clock::new();
        let mut pace = Pace::new(clock.0);
        clock.quiet(&mut pace, Duration::from_secs(60));
        pace.changed(clock.0, Change::Other, Duration::ZERO);
        assert_eq!(clock.quiet(&mut pace, LIVELY), 9, "one a second");
        clock.quiet(&mut pace, Duration::from_secs(60));
        pace.asked(clock.0);
        assert!(pace.nap(clock.0) <= QUICK && !pace.is_due(clock.0), "the request was as good as a question");
    }

    #[test]
    fn bots_that_are_watched_make_it_quicker_and_a_slow_server_does_not() {
        let mut clock = Clock::new();
        let mut pace = Pace::new(clock.0);
        let quick = Duration::from_millis(20);
        for _ in 0..20 {
            pace.changed(clock.0, Change::Watched, quick);
            assert_eq!(pace.interval(), WATCHING);
            assert_eq!(pace.nap(clock.0), WATCHING);
            clock.step(WATCHING);
        }
        let pauses: Vec<u128> = (0..5)
            .map(|_| {
                pace.unchanged(clock.0, quick);
                clock.step(pace.nap(clock.0));
                pace.interval().as_millis()
            })
            .collect();
        assert_eq!(pauses, [500, 1000, 1000, 1000, 1000]);
        clock.quiet(&mut pace, Duration::from_secs(60));
        let later = clock.quiet(&mut pace, Duration::from_secs(60));
        assert!((9..=10).contains(&later), "{later}");
        let slow = Duration::from_secs(3);
        pace.changed(clock.0, Change::Watched, slow);
        assert_eq!(pace.interval(), slow);
        pace.soon(clock.0, Duration::from_millis(700));
        assert_eq!(pace.nap(clock.0), Duration::from_millis(700), "there is more to read");
    }

    #[test]
    fn a_failure_waits_as_long_as_the_link_says_and_a_suspended_computer_does_not() {
        let mut clock = Clock::new();
        let mut pace = Pace::new(clock.0);
        pace.failed(clock.0, Duration::from_secs(30));
        assert_eq!(clock.quiet(&mut pace, Duration::from_secs(29)), 0);
        clock.0.wall += Duration::from_secs(3600);
        assert_eq!(pace.look_at_the_clock(clock.0), Woken::Yes);
        assert!(pace.is_due(clock.0));
        clock.step(Duration::from_secs(1));
        assert_eq!(pace.look_at_the_clock(clock.0), Woken::No);
        clock.0.wall -= Duration::from_secs(3600);
        assert_eq!(pace.look_at_the_clock(clock.0), Woken::No, "a clock that is put back");
    }
}
