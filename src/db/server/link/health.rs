//! How the way to the server is: what is told to the screen, and when the next attempt is due.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use crate::db::{
    error::{Error, ErrorKind},
    request::{CopyStatus, LinkState, LinkStatus},
};

/// A request that waits longer than this is slow.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Over how many round trips the median goes.
const TRIPS: usize = 9;

/// After this many failures in a row the server counts as away.
const FAILURES: u32 = 3;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A new token is noticed within this, for about a minute; then within [`LONGEST_PAUSE`]: its source may be a command that asks the user.
const TOKEN_PAUSE: Duration = Duration::from_secs(5);
const TOKEN_PAUSES: u32 = 12;

type Tell = Box<dyn Fn(LinkStatus) + Send + Sync>;

/// How the way to the server is.
#[derive(Default)]
pub(super) struct Health {
    facts: Mutex<Facts>,
    teller: Mutex<Teller>,
}

#[derive(Default)]
struct Facts {
    status: LinkStatus,
    trips: VecDeque<Duration>,
    failures: u32,
    /// When the last failure was noted, and when the next attempt is due.
    failed: Option<Instant>,
    next: Option<Instant>,
    heard: Option<Instant>,
    /// Requests that wait longer than [`PATIENCE`].
    slow: usize,
}

#[derive(Default)]
struct Teller {
    tell: Option<Tell>,
    told: Option<LinkStatus>,
}

impl Health {
    pub(super) fn status(&self) -> LinkStatus {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner).status.clone()
    }

    pub(super) fn on_status(&self, tell: Tell) {
        let mut teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        *teller = Teller { tell: Some(tell), told: None };
    }

    pub(super) fn next_try(&self) -> Option<Duration> {
        let facts = self.facts.lock().unwrap_or_else(PoisonError::into_inner);
        facts.next.map(|next| next.saturating_duration_since(Instant::now()))
    }

    pub(super) fn set_poll(&self, poll: Option<Duration>) {
        self.change(|facts| facts.status.poll = poll);
    }

    pub(super) fn set_copy(&self, copy: Option<CopyStatus>) {
        self.change(|facts| facts.status.copy = copy);
    }

    /// A request has waited for [`PATIENCE`]; it is slow until what this gives is dropped.
    pub(super) fn slow(&self) -> Slow<'_> {
        self.change(|facts| {
            facts.slow += 1;
            if matches!(facts.status.state, LinkState::Connected | LinkState::Connecting) {
                let since = Timestamp::now() - PATIENCE;
                facts.status.state = LinkState::Slow { since };
            }
        });
        Slow(self)
    }

    /// A request was answered; a small one took this long, its connection's set-up left out.
    pub(super) fn succeeded(&self, trip: Option<Duration>) {
        self.change(|facts| {
            facts.succeed();
            if let Some(trip) = trip {
                facts.learn(trip);
            }
        });
    }

    /// A request that began then failed.
    pub(super) fn failed(&self, begun: Instant, error: &Error) {
        self.change(|facts| facts.fail(begun, error));
    }

    fn change(&self, change: impl FnOnce(&mut Facts)) {
        change(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner));
        self.tell();
    }

    /// Tells the newest status, one thread after another: the last one told is the true one.
    fn tell(&self) {
        let mut teller = self.teller.lock().unwrap_or_else(PoisonError::into_inner);
        let Teller { tell: Some(tell), told } = &mut *teller else { return };
        let status = self.status();
        if told.as_ref().is_none_or(|told| is_news(told, &status)) {
            tell(status.clone());
            *told = Some(status);
        }
    }
}

/// A request that is slow.
pub(super) struct Slow<'a>(&'a Health);

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        self.0.change(Facts::one_less_slow);
    }
}

impl Facts {
    fn learn(&mut self, trip: Duration) {
        if self.trips.len() == TRIPS {
            self.trips.pop_front();
        }
        self.trips.push_back(trip);
        let mut sorted: Vec<Duration> = self.trips.iter().copied().collect();
        sorted.sort_unstable();
        self.status.latency = sorted.get(sorted.len() / 2).copied();
    }

    fn succeed(&mut self) {
        self.failures = 0;
        self.failed = None;
        self.next = None;
        self.heard = Some(Instant::now());
        self.status.heard = Some(Timestamp::now());
        self.status.state = LinkState::Connected;
    }

    /// A request that was slow is over, also where it was given up: the server is slow as long as others are.
    fn one_less_slow(&mut self) {
        self.slow -= 1;
        if self.slow == 0 && matches!(self.status.state, LinkState::Slow { .. }) {
            self.status.state = if self.heard.is_some() { LinkState::Connected } else { LinkState::Connecting };
        }
    }

    fn fail(&mut self, begun: Instant, error: &Error) {
        // Others were answered meanwhile: that one was unlucky. Several that fail at once are one failure.
        if self.heard.is_some_and(|heard| heard > begun) || self.failed.is_some_and(|failed| failed > begun) {
            return;
        }
        let now = Instant::now();
        self.failures += 1;
        self.failed = Some(now);
        let pause = pause(self.failures, error.kind);
        self.next = Some(now + pause);
        let wall = Timestamp::now();
        let since = match mem::replace(&mut self.status.state, LinkState::Connecting) {
            LinkState::Reconnecting { since, .. } | LinkState::Offline { since, .. } => since,
            _ => self.status.heard.unwrap_or(wall),
        };
        let next = wall + pause;
        let why = error.clone();
        self.status.state = if self.failures >= FAILURES || needs_a_hand(error.kind) {
            LinkState::Offline { since, next, why }
        } else {
            LinkState::Reconnecting { since, next, why }
        };
    }
}

/// Whether trying again alone does not mend it.
fn needs_a_hand(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Unauthorized | ErrorKind::Credentials | ErrorKind::NoSuchDatabase | ErrorKind::Insecure)
}

fn pause(failures: u32, kind: ErrorKind) -> Duration {
    let plain = match kind {
        ErrorKind::Unauthorized | ErrorKind::Credentials if failures <= TOKEN_PAUSES => TOKEN_PAUSE,
        ErrorKind::Unauthorized | ErrorKind::Credentials => LONGEST_PAUSE,
        _ => FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(5)).min(LONGEST_PAUSE),
    };
    plain.mul_f64(0.8 + 0.4 * chance())
}

/// From 0 up to 1, another one each time: so that many programs do not come back at once.
fn chance() -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    f64::from(RandomState::new().hash_one(0) as u32) / f64::from(u32::MAX)
}

/// Whether a status is worth a frame after that one.
fn is_news(old: &LinkStatus, new: &LinkStatus) -> bool {
    let moved = match (old.latency, new.latency) {
        (Some(old), Some(new)) => old.abs_diff(new) > old / 4,
        (old, new) => old != new,
    };
    moved || old.state != new.state || old.poll != new.poll || old.copy != new.copy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> Error {
        Error::new(ErrorKind::Unreachable, "away", "")
    }

    #[test]
    fn failures_at_once_are_one_and_those_of_the_past_are_none() {
        let health = Health::default();
        let begun = Instant::now();
        for _ in 0..5 {
            health.failed(begun, &away());
        }
        assert!(matches!(health.status().state, LinkState::Reconnecting { .. }));
        health.succeeded(None);
        health.failed(begun, &away());
        assert_eq!((health.status().state, health.next_try()), (LinkState::Connected, None));
    }

    #[test]
    fn what_needs_a_hand_is_away_at_once() {
        let health = Health::default();
        health.failed(Instant::now(), &Error::new(ErrorKind::Unauthorized, "", ""));
        assert!(matches!(health.status().state, LinkState::Offline { .. }));
    }

    #[test]
    fn slowness_ends_with_the_request() {
        let health = Health::default();
        let begun = Instant::now();
        health.succeeded(None);
        let slow = health.slow();
        let other = health.slow();
        assert!(matches!(health.status().state, LinkState::Slow { .. }));
        health.failed(begun, &away());
        drop(slow);
        assert!(matches!(health.status().state, LinkState::Slow { .. }), "the other one still waits");
        drop(other);
        assert_eq!(health.status().state, LinkState::Connected);
    }

    #[test]
    fn the_pause_doubles_up_to_its_longest() {
        for (failures, least, most) in
            [(1, 0.8, 1.2), (2, 1.6, 2.4), (5, 12.8, 19.2), (6, 24.0, 36.0), (90, 24.0, 36.0)]
        {
            let pause = pause(failures, ErrorKind::Unreachable).as_secs_f64();
            assert!((least..=most).contains(&pause), "{failures}: {pause}");
        }
        for (failures, least, most) in [(1, 4.0, 6.0), (12, 4.0, 6.0), (13, 24.0, 36.0)] {
            let pause = pause(failures, ErrorKind::Unauthorized).as_secs_f64();
            assert!((least..=most).contains(&pause), "{failures}: {pause}");
        }
    }

    #[test]
    fn small_changes_of_the_latency_are_no_news() {
        let status = |millis| LinkStatus { latency: Some(Duration::from_millis(millis)), ..LinkStatus::default() };
        assert!(!is_news(&status(40), &status(49)));
        assert!(is_news(&status(40), &status(51)));
        let heard = LinkStatus { heard: Some(Timestamp::UNIX_EPOCH), ..status(40) };
        assert!(!is_news(&status(40), &heard));
    }
}
