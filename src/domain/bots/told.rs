//! What of the bots wanted attention so far, and what of it somebody was told: each cause once in a session.
//!
//! Fed with what is wrong now ([`Told::look`]); answers with what is news. It never tells a cause twice, also where it comes and goes,
//! where the board is counted anew or the connection was lost meanwhile. What was wrong before the session began is listed, but is no
//! news.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

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
            let known = self.causes.get(&alert.cause).copied().or_else(|| self.behind(&alert.cause));
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

    /// Of a bot's stuck runs only the newest is told, the others are counted with it: where that one is over, the next is nothing new.
    fn behind(&self, cause: &Cause) -> Option<Seen> {
        let Cause::Stuck { bot, .. } = cause else { return None };
        let last = Cause::Stuck { bot: Arc::clone(bot), run: i64::MAX };
        self.causes.range(cause..=&last).next().map(|(_, seen)| *seen)
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

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const ALL: ReadSoFar = ReadSoFar { rows: 9, of: 9, week: true, all: true };
    const WEEK: ReadSoFar = ReadSoFar { all: false, ..ALL };
    const NOTHING: ReadSoFar = ReadSoFar { week: false, ..WEEK };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn alert(cause: Cause, since: i64) -> Alert {
        Alert { what: format!("{cause:?}"), cause, since: Some(at(since)) }
    }

    fn failed(run: i64, since: i64) -> Alert {
        alert(Cause::Failed { bot: "verifier".into(), run }, since)
    }

    fn stuck(run: i64, since: i64) -> Alert {
        alert(Cause::Stuck { bot: "verifier".into(), run }, since)
    }

    fn queue(since: i64) -> Alert {
        alert(Cause::OldQueue { since: at(since) }, since)
    }

    fn burst(since: i64) -> Alert {
        alert(Cause::Burst { action: "delete", since }, since)
    }

    fn looked(told: &mut Told, alerts: &[Alert], read: ReadSoFar, now: i64) -> Vec<Cause> {
        told.look(alerts, read, at(now), &Limits::default()).into_iter().map(|alert| alert.cause).collect()
    }

    #[test]
    fn what_was_there_is_listed_and_what_comes_is_told_once() {
        let mut told = Told::default();
        assert_eq!(looked(&mut told, &[failed(1, -50)], NOTHING, 0), []);
        assert!(told.list().is_empty(), "the board is not to be trusted yet");
        assert_eq!(looked(&mut told, &[failed(1, -50), stuck(7, -90)], WEEK, 1), []);
        assert_eq!(told.list().len(), 1, "who is stuck is not known before everything is read");
        assert_eq!(looked(&mut told, &[failed(1, -50), stuck(7, -90)], ALL, 2), []);
        assert_eq!(told.unseen(), (0, 2));
        assert_eq!(looked(&mut told, &[failed(2, 3), stuck(7, -90)], ALL, 3), [failed(2, 3).cause]);
        assert_eq!(told.unseen(), (1, 3), "the one before is over, but nobody has seen it");
        for now in 4..20 {
            let flapping = if now % 2 == 0 { vec![] } else { vec![failed(2, 3), stuck(7, -90)] };
            assert_eq!(looked(&mut told, &flapping, ALL, now), []);
        }
        told.acknowledge_all();
        assert_eq!(told.unseen(), (0, 0));
        assert_eq!(looked(&mut told, &[failed(2, 3)], ALL, 20), []);
        assert_eq!(told.unseen(), (0, 0));
    }

    #[test]
    fn what_comes_while_the_past_is_read_is_news_and_what_the_past_brings_is_not() {
        let mut told = Told::default();
        assert_eq!(looked(&mut told, &[], WEEK, 0), []);
        assert_eq!(looked(&mut told, &[failed(9, 1), failed(3, -1000)], WEEK, 2), [failed(9, 1).cause]);
    }

    #[test]
    fn the_next_of_the_stuck_runs_is_no_news() {
        let mut told = Told::default();
        assert_eq!(looked(&mut told, &[stuck(7, -90)], ALL, 0), []);
        assert_eq!(looked(&mut told, &[stuck(6, -95)], ALL, 1), []);
        assert_eq!(looked(&mut told, &[stuck(8, -9)], ALL, 2), [stuck(8, -9).cause]);
        assert_eq!(looked(&mut told, &[stuck(6, -95)], ALL, 3), []);
    }

    #[test]
    fn a_queue_that_stays_too_old_and_a_burst_that_goes_on_are_one_alert() {
        let mut told = Told::default();
        assert_eq!(looked(&mut told, &[], ALL, 0), []);
        assert_eq!(looked(&mut told, &[queue(-900), burst(1)], ALL, 1).len(), 2);
        assert_eq!(looked(&mut told, &[queue(-800), burst(2)], ALL, 2), []);
        assert_eq!(looked(&mut told, &[], ALL, 3), []);
        assert_eq!(looked(&mut told, &[burst(30)], ALL, 30), [], "it went below the limit for a moment only");
        assert_eq!(looked(&mut told, &[], ALL, 31), []);
        assert_eq!(looked(&mut told, &[queue(-700), burst(900)], ALL, 900).len(), 2);
    }

    #[test]
    fn the_list_is_bounded_and_stays_as_it_is() {
        let many: Vec<_> = (0..2000).rev().map(|run| failed(run, run)).collect();
        let mut told = Told::default();
        assert_eq!(looked(&mut told, &many, ALL, -1).len(), 2000);
        let list = told.list().to_vec();
        assert_eq!((list.len(), &list[0].alert), (LISTED, &many[0]));
        let version = told.version();
        assert_eq!(looked(&mut told, &many, ALL, 0), []);
        assert_eq!((told.list(), told.version()), (&list[..], version));
    }

    proptest! {
        /// Whatever comes and goes, is acknowledged or read anew: each cause is told once, and what is wrong is in the list.
        #[test]
        fn nobody_is_told_twice(steps in prop::collection::vec((prop::collection::btree_set(0usize..12, 0..8), 0usize..6, 0i64..400), 1..60)) {
            let causes = |kind: usize| match kind {
                0..4 => failed(kind as i64, kind as i64 - 2),
                4..8 => stuck(kind as i64, kind as i64 - 6),
                8 | 9 => queue(kind as i64 * 10),
                _ => burst(kind as i64 * 30),
            };
            let mut told = Told::default();
            let (mut once, mut now) = (BTreeSet::new(), 0);
            for (here, step, wait) in steps {
                now += wait;
                let read = match step { 0 => NOTHING, 1 => WEEK, _ => ALL };
                // There is one queue, and one burst of an action at a time.
                let mut alerts: Vec<_> = here.iter().rev().map(|kind| causes(*kind)).collect();
                for same in [8..10, 10..12] {
                    if same.clone().all(|kind| here.contains(&kind)) {
                        alerts.retain(|alert| *alert != causes(same.start));
                    }
                }
                for cause in looked(&mut told, &alerts, read, now) {
                    prop_assert!(once.insert(cause.clone()), "told twice: {:?}", cause);
                }
                for alert in alerts.iter().filter(|_| step > 1) {
                    prop_assert!(told.list().iter().any(|listed| listed.alert == *alert && listed.standing == Standing::Now));
                }
                match step {
                    4 => told.acknowledge_all(),
                    5 => if let Some(first) = told.list().first().map(|listed| listed.alert.cause.clone()) { told.acknowledge(&first) },
                    _ => {}
                }
            }
        }
    }
}
