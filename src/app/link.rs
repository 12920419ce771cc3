//! The way to the server: what is said of it and when, and what is done when it is there again.
//!
//! An error is said once, however often it is tried again; the state stands in the status line. What failed while the server
//! was away is asked for once more when it is back, each time a little later where that fails again.

use std::{sync::Arc, time::Duration};

use super::{App, DatabaseKind, cx, replies::words};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, LinkState, LinkStatus, Query, Slot, SyncHow},
    },
    message::{command::Command, event::Timer, severity::Severity},
    panes::{
        Handled, Now,
        link::{self, Follows, Words},
        overlay::{
            confirm::Rebuild,
            connection::{Connection, Subject},
        },
    },
    widgets::safe::safe,
};

/// What failed is asked for again this long after the server is back: the first time, the second …
const AGAIN: [Duration; 5] = [
    Duration::from_millis(200),
    Duration::from_secs(2),
    Duration::from_secs(8),
    Duration::from_secs(30),
    Duration::from_secs(120),
];
/// Different errors of one outage that are told apart.
const MOST_SAID: usize = 8;

/// What is remembered of the way to the database.
#[derive(Clone, Debug, Default)]
pub(super) struct Way {
    /// What was said of the present outage.
    said: Vec<String>,
    /// The words that were on the screen last.
    drawn: Option<Words>,
    /// The copy that cannot be used, as it was offered to be rebuilt.
    offered: Option<Error>,
    offer: bool,
    /// How often in a row what failed was asked for again.
    tries: usize,
    retry_at: Option<Duration>,
}

impl App {
    /// Whose words stand in the status line; `None` for files.
    pub(super) fn follows(&self) -> Option<Follows> {
        match self.kind {
            DatabaseKind::File | DatabaseKind::Demo => None,
            DatabaseKind::Server => Some(Follows::Server),
            DatabaseKind::Copy => Some(Follows::Copy),
        }
    }

    /// The state of the way in words.
    pub(super) fn link_words(&self, now: Now) -> Option<Words> {
        let follows = self.follows()?;
        Some(match &self.settings.link {
            Some(status) => link::words(follows, status, now.wall),
            None => link::words(follows, &LinkStatus::default(), now.wall),
        })
    }

    pub(super) fn linked(&mut self, status: &LinkStatus, now: Now) {
        let before = self.settings.link.as_ref().and_then(|before| before.latency);
        let latency = link::steady(before, status.latency);
        let status = LinkStatus { latency, ..status.clone() };
        match &status.state {
            LinkState::Reconnecting { why, .. } | LinkState::Offline { why, .. } => self.trouble(why, now),
            LinkState::Connected if self.health.is_ok() => self.recovered(now),
            LinkState::Connected | LinkState::Connecting | LinkState::Slow { .. } => {}
        }
        let failed = |status: &LinkStatus| status.copy.as_ref().and_then(|copy| copy.failed.as_ref()).map(words);
        let was = self.settings.link.as_ref().and_then(|before| failed(before));
        if let Some(text) = failed(&status)
            && was.is_none_or(|was| essence(&was) != essence(&text))
        {
            self.say(Severity::Error, safe(&text).into_owned(), now);
        }
        let broken = status.copy.as_ref().and_then(|copy| copy.broken.as_ref());
        if broken.is_some() && broken != self.way.offered.as_ref() {
            self.way.offer = true;
        }
        self.way.offered = broken.cloned();
        self.way.offer &= broken.is_some();
        self.settings.link = Some(Arc::new(status));
        self.redraw_link(now);
    }

    /// Draws where the words are others than those on the screen.
    pub(super) fn redraw_link(&mut self, now: Now) {
        let words = self.link_words(now);
        let watched = self.overlays.iter().any(|overlay| overlay.next_tick(&self.settings, now.wall).is_some());
        self.dirty |= watched || words != self.way.drawn;
        self.way.drawn = words;
    }

    /// Asks for the time when the words are others.
    pub(super) fn set_link_timer(&mut self, now: Now) {
        let status = self.settings.link.as_deref();
        let words = status.and_then(|status| link::until_other_words(status, now.wall));
        let overlays = self.overlays.iter().filter_map(|overlay| overlay.next_tick(&self.settings, now.wall));
        if let Some(wait) = overlays.chain(words).min() {
            self.out.commands.push(Command::After(wait, Timer::Link));
        }
    }

    /// Says an error of the way, once for each outage.
    pub(super) fn trouble(&mut self, error: &Error, now: Now) {
        let text = safe(&words(error)).into_owned();
        if self.is_said(&text) {
            return;
        }
        self.way.said.truncate(MOST_SAID - 1);
        self.way.said.push(essence(&text));
        let told = self.toasts.all().next_back().is_some_and(|last| essence(&last.text) == essence(&text));
        if !told {
            self.say(Severity::Error, text, now);
        }
    }

    /// Whether this was said of the present outage; how long something took makes no difference.
    pub(super) fn is_said(&self, text: &str) -> bool {
        !self.way.said.is_empty() && self.way.said.contains(&essence(text))
    }

    /// The database can be read again.
    pub(super) fn recovered(&mut self, now: Now) {
        if self.way.said.is_empty() {
            return;
        }
        self.way.said.clear();
        let text = if self.follows().is_some() { "connected again" } else { "the database can be read again" };
        self.say(Severity::Info, text, now);
        let wait = AGAIN[self.way.tries.min(AGAIN.len() - 1)];
        self.way.retry_at = Some(now.elapsed + wait);
        self.out.commands.push(Command::After(wait, Timer::Retry));
    }

    /// Asks for what failed once more.
    pub(super) fn retry(&mut self, now: Now) {
        let Some(at) = self.way.retry_at else { return };
        if now.elapsed < at {
            self.out.commands.push(Command::After(at - now.elapsed, Timer::Retry));
            return;
        }
        self.way.retry_at = None;
        if !self.way.said.is_empty() {
            // It is gone again: its return will bring another time.
            return;
        }
        let mut asked = false;
        if self.schema_error.is_some() {
            self.out.ask(Slot::Schema, Query::Schema);
            asked = true;
        }
        asked |= self.tables.recovered(&mut cx!(self, now)) == Handled::Yes;
        asked |= self.table.recovered(&mut cx!(self, now)) == Handled::Yes;
        asked |= self.question.recovered(&mut cx!(self, now)) == Handled::Yes;
        asked |= self.review.recovered(&mut cx!(self, now)) == Handled::Yes;
        asked |= self.bots.recovered(&mut cx!(self, now)) == Handled::Yes;
        for overlay in &mut self.overlays {
            asked |= overlay.recovered(&mut cx!(self, now)) == Handled::Yes;
        }
        self.way.tries = if asked { self.way.tries + 1 } else { 0 };
        self.dirty |= asked;
    }

    /// Asks the server for what is new, and reads everything anew behind it; asks the user where the copy cannot be used.
    pub(super) fn sync_now(&mut self, now: Now) {
        if self.way.offered.is_some() {
            return self.ask_rebuild(now);
        }
        self.out.ask(Slot::Sync, Query::Sync(SyncHow::Now));
    }

    /// Gives up a sync that runs; says whether one did.
    pub(super) fn cancel_sync(&mut self, now: Now) -> bool {
        let runs = self.progress.is_under_way(Slot::Sync);
        if runs {
            self.out.cancel(Slot::Sync);
            self.say(Severity::Info, "syncing was cancelled", now);
        }
        runs
    }

    pub(super) fn synced(&mut self, outcome: Result<&Answer, &Error>, now: Now) {
        match outcome {
            Ok(_) => self.read_anew(now),
            Err(error) if error.kind == ErrorKind::Cancelled => {}
            Err(error) => {
                let text = safe(&words(error)).into_owned();
                self.say(Severity::Error, text, now);
            }
        }
    }

    /// The connection in full words.
    pub(super) fn show_connection(&mut self, now: Now) {
        let subject = match self.follows() {
            Some(follows) => Subject::Server { follows, whole: self.whole.clone(), copy: self.copy.clone() },
            None => Subject::File(self.whole.clone()),
        };
        self.open(Box::new(Connection::new(subject)), now);
    }

    /// Asks whether the copy is to be rebuilt.
    pub(super) fn ask_rebuild(&mut self, now: Now) {
        let Some(path) = self.copy.clone() else {
            let text = "there is no copy here: --replica PATH keeps one of a server";
            return self.say(Severity::Info, text, now);
        };
        let why = self.way.offered.as_ref().map(|error| error.what.clone());
        self.way.offer = false;
        self.open(Box::new(Rebuild::new(&path, why.as_deref())), now);
    }

    /// Offers to rebuild a copy that cannot be used, once, when nothing else is asked.
    pub(super) fn offer_rebuild(&mut self, now: Now) {
        if self.way.offer && self.overlays.is_empty() {
            self.ask_rebuild(now);
        }
    }
}

/// A text without its digits: the same error takes another time, another port, at each try.
fn essence(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_ascii_digit()).collect()
}
