//! What of the bots wanted attention so far, and what of it somebody was told: each cause once in a session.
//!
//! Fed with what is wrong now ([`Told::look`]); answers with what is news. It never tells a cause twice, also where it comes and goes,
//! where the board is counted anew or the connection was lost meanwhile. What was wrong before the session began is listed, but is no
//! news.

use std::collections::{BTreeMap, HashMap, VecDeque};

use jiff::Timestamp;

use super::{
    Limits, ReadSoFar,
    alerts::{Alert, Cause},
};

/// Alerts in the list: of more, the oldest that are over go first, then the oldest.
pub const LISTED: usize = 500;
/// Alerts that are looked at, the newest.
const LOOKED_AT: usize = 5_000;
/// Causes that are remembered as told. A session would have to run for years before the first is forgotten.
const REMEMBERED: usize = 50_000;

/// What somebody knows of an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It came while the program ran, and nobody said that he has seen it.
    New,
    /// It was there before, and nobody said that he has seen it.
    Before,
    /// Somebody has seen it.
    Acknowledged,
}

/// Whether it is still so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Now,
    /// It is not any more, since about then.
    Over(Timestamp),
}

/// An alert in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// What it is.
    pub alert: Alert,
    /// What somebody knows of it.
    pub seen: Seen,
    /// Whether it is still so.
    pub standing: Standing,
    /// When it was found.
    pub found: Timestamp,
}

/// What was told.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// The newest first.
    list: Vec<Listed>,
    /// Whether somebody has seen it; by the order in which they came.
    causes: BTreeMap<Cause, Seen>,
    order: VecDeque<Cause>,
    /// When it was looked for the first time.
    began: Option<Timestamp>,
    /// Whether a look at everything has been: from then on all that is there is new.
    complete: bool,
    /// How often the list has changed.
    version: u64,
    /// When a burst of this action was seen last.
    bursts: BTreeMap<&'static str, Timestamp>,
}

impl Told {
    /// The alerts, the newest first.
    pub fn list(&self) -> &[Listed] {
        &self.list
    }

    /// Grows whenever the list changes.
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many nobody has seen: (those that are new, all of them).
    pub fn unseen(&self) -> (usize, usize) {
        let new = self.list.iter().filter(|listed| listed.seen == Seen::New).count();
        let before = self.list.iter().filter(|listed| listed.seen == Seen::Before).count();
        (new, new + before)
    }

    /// Takes in what is wrong now, by a board that knows so much of the tables, and says what of it is news.
    ///
    /// While the board is being filled, what it says of a bot's usual runs is not true yet: stuck runs are looked for when everything
    /// has been read. Before the last 7 days are complete nothing is.
    pub fn look(&mut self, alerts: &[Alert], read: ReadSoFar, now: Timestamp, limits: &Limits) -> Vec<Alert> {
        if !read.week && !read.all {
            return Vec::new();
        }
        let began = *self.began.get_or_insert(now);
        let judged = |cause: &Cause| read.all || !matches!(cause, Cause::Stuck { .. });
        let (mut here, mut fresh) = (vec![false; self.list.len()], Vec::new());
        let places: HashMap<Cause, usize> =
            self.list.iter().enumerate().map(|(at, listed)| (listed.alert.cause.clone(), at)).collect();
        for alert in alerts.iter().take(LOOKED_AT).filter(|alert| judged(&alert.cause)) {
            match places.get(&alert.cause).copied().or_else(|| self.continued(&alert.cause)) {
                Some(at) => {
                    here[at] = true;
                    self.still(at, alert);
                }
                None => fresh.push(alert),
            }
        }
        for (listed, here) in self.list.iter_mut().zip(here) {
            if !here && judged(&listed.alert.cause) && listed.standing == Standing::Now {
                listed.standing = Standing::Over(now);
                self.version += 1;
            }
        }
        let news = self.came(fresh, began, now, limits);
        for listed in &self.list {
            if let (Cause::Burst { action, .. }, Standing::Now) = (&listed.alert.cause, listed.standing) {
                self.bursts.insert(action, now);
            }
        }
        self.tidy();
        self.complete |= read.all;
        news
    }

    /// An alert of the list is still there.
    fn still(&mut self, at: usize, alert: &Alert) {
        let listed = &mut self.list[at];
        self.version += u64::from(listed.standing != Standing::Now);
        listed.standing = Standing::Now;
        if listed.alert != *alert {
            self.version += 1;
            listed.alert = alert.clone();
            let seen = listed.seen;
            self.remember(&alert.cause, seen);
        }
    }

    /// These are not in the list, the newest first. Says which of them are news.
    fn came(&mut self, fresh: Vec<&Alert>, began: Timestamp, now: Timestamp, limits: &Limits) -> Vec<Alert> {
        let standing = self.list.iter().filter(|listed| listed.standing == Standing::Now).count();
        let (mut room, mut news, mut listed) = (LISTED.saturating_sub(standing), Vec::new(), Vec::new());
        for alert in fresh {
            let known = self.causes.get(&alert.cause).copied();
            let came = self.complete || alert.since.is_some_and(|since| since >= began);
            let seen = match known {
                Some(Seen::New | Seen::Acknowledged) => Seen::Acknowledged,
                _ if self.goes_on(&alert.cause, now, limits) => Seen::Acknowledged,
                Some(Seen::Before) => Seen::Before,
                None if came => Seen::New,
                None => Seen::Before,
            };
            if seen == Seen::New {
                news.push(alert.clone());
            }
            self.remember(&alert.cause, seen);
            // Of what had to leave the list nothing comes back in the place of something newer.
            if room > 0 || (known.is_none() && listed.len() < LISTED) {
                room = room.saturating_sub(1);
                listed.push(Listed { alert: alert.clone(), seen, standing: Standing::Now, found: now });
            }
        }
        self.version += listed.len() as u64;
        self.list.splice(0..0, listed);
        news
    }

    /// Somebody has seen the alert with this cause.
    pub fn acknowledge(&mut self, cause: &Cause) {
        for at in 0..self.list.len() {
            if self.list[at].alert.cause == *cause {
                self.list[at].seen = Seen::Acknowledged;
                self.version += 1;
                self.remember(&cause.clone(), Seen::Acknowledged);
            }
        }
        self.tidy();
    }

    /// Somebody has seen them all.
    pub fn acknowledge_all(&mut self) {
        for cause in self.list.iter().map(|listed| listed.alert.cause.clone()).collect::<Vec<_>>() {
            self.acknowledge(&cause);
        }
    }

    /// Whether a burst that somebody was told of goes on: its count went below the limit for a moment only.
    fn goes_on(&self, cause: &Cause, now: Timestamp, limits: &Limits) -> bool {
        let Cause::Burst { action, .. } = cause else { return false };
        let pause = self.bursts.get(action).map(|last| now.duration_since(*last));
        pause.is_some_and(|pause| pause.unsigned_abs() <= limits.burst_window)
    }

    fn remember(&mut self, cause: &Cause, seen: Seen) {
        if self.causes.insert(cause.clone(), seen).is_none() {
            self.order.push_back(cause.clone());
        }
        while self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.causes.remove(&oldest);
        }
    }

    /// What somebody has seen and is over leaves the list, and what it has no room for.
    fn tidy(&mut self) {
        self.list.retain(|listed| listed.seen != Seen::Acknowledged || listed.standing == Standing::Now);
        while self.list.len() > LISTED {
            let over = self.list.iter().rposition(|listed| listed.standing != Standing::Now);
            self.list.remove(over.unwrap_or(self.list.len() - 1));
        }
    }

    /// The alert of the list that this cause goes on with. A queue that stays too old is one alert, whichever item is the oldest by
    /// now; so is a burst, wherever it is said to begin.
    fn continued(&self, cause: &Cause) -> Option<usize> {
        let same = |listed: &Listed| match (&listed.alert.cause, cause) {
            (Cause::OldQueue { .. }, Cause::OldQueue { .. }) => true,
            (Cause::Burst { action: was, .. }, Cause::Burst { action: is, .. }) => was == is,
            _ => false,
        };
        if !matches!(cause, Cause::OldQueue { .. } | Cause::Burst { .. }) {
            return None;
        }
        self.list.iter().position(|listed| listed.standing == Standing::Now && same(listed))
    }
}
