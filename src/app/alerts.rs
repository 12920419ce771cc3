//! Alerts: looks at the board after each news of the bots and when time alone may have changed something, and says what is new: in a
//! toast, by the bell and as a notification where the user wants that, and in the status line until somebody has seen it.
//!
//! What is wrong is [`alerts`]' to say, what was told [`Told`](crate::domain::bots::told::Told)'s to remember.

use std::time::Duration;

use super::{App, cx};
use crate::{
    domain::bots::alerts::{Alert, Cause, alerts, next},
    message::{
        command::{Command, NotifyHow},
        event::Timer,
        severity::Severity,
    },
    panes::{Intent, Now, PaneId, bots::row_key, overlay::alerts::AlertList},
    theme::Role,
    widgets::safe::safe,
};

/// How one is told of an alert besides the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Telling {
    /// The terminal's bell.
    pub bell: Bell,
    /// A notification on the desktop; `None`: none.
    pub notify: Option<NotifyHow>,
}

/// Whether the bell rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Bell {
    /// It does.
    Rings,
    /// It does not.
    #[default]
    Silent,
}

/// Time alone is looked at no sooner than this.
const SOONEST: Duration = Duration::from_secs(1);
/// At most so many toasts for what is found at once.
const TOASTS: usize = 2;

impl App {
    /// Looks whether something wants attention, and tells what is new.
    pub(super) fn look_for_alerts(&mut self, now: Now) {
        let Some(board) = self.bots.board() else { return };
        let found = alerts(board, now.wall, &self.settings.limits);
        let told = &mut self.settings.alerts;
        let before = told.version();
        let news = told.look(&found, board.read(), now.wall, &self.settings.limits);
        self.dirty |= told.version() != before;
        if let Some(wait) = next(board, now.wall, &self.settings.limits) {
            self.out.commands.push(Command::After(wait.max(SOONEST), Timer::Alerts));
        }
        self.tell(&news, now);
    }

    fn tell(&mut self, news: &[Alert], now: Now) {
        let Some(first) = news.first() else { return };
        if self.telling.bell == Bell::Rings {
            self.out.commands.push(Command::Bell);
        }
        if let Some(how) = self.telling.notify {
            let text = match news.len() - 1 {
                0 => first.what.clone(),
                more => format!("{} (and {more} more)", first.what),
            };
            self.out.commands.push(Command::Notify { how, text });
        }
        for alert in news.iter().take(TOASTS).rev() {
            self.say(severity(&alert.cause), format!("▲ {}", safe(&alert.what)), now);
        }
        if news.len() > TOASTS {
            let key = self.keymap.key(crate::keymap::Context::Global, crate::message::action::Action::Alerts);
            let how = key.map(|key| format!(": {key} lists them")).unwrap_or_default();
            self.say(Severity::Warning, format!("▲ {} more alerts{how}", news.len() - TOASTS), now);
        }
    }

    /// The alerts.
    pub(super) fn show_alerts(&mut self, now: Now) {
        self.open(Box::new(AlertList::new()), now);
    }

    /// To what an alert is about: the run, the queue, the ledger.
    pub(super) fn show_cause(&mut self, cause: &Cause, now: Now) {
        let logical = match cause {
            Cause::Failed { .. } | Cause::Stuck { .. } => "botRuns",
            Cause::OldQueue { .. } => "workQueue",
            Cause::Burst { .. } => "botLedger",
        };
        let Some(relation) = self.schema.as_ref().and_then(|schema| schema.catalogued(logical)).cloned() else {
            self.say(Severity::Info, format!("{logical} is not in this database any more"), now);
            return;
        };
        match cause {
            Cause::Failed { run, .. } | Cause::Stuck { run, .. } => {
                let key = row_key(&relation, *run);
                self.show_event(relation, key, now);
            }
            Cause::OldQueue { .. } => self.out.intents.push(Intent::ShowRelation(relation)),
            Cause::Burst { action, since } => {
                self.focus(PaneId::Bots, now);
                // What made it one came within the window before.
                let window = i64::try_from(self.settings.limits.burst_window.as_secs()).unwrap_or(i64::MAX);
                self.bots.show_burst(action, since.saturating_sub(window), &mut cx!(self, now));
            }
        }
    }

    /// Somebody has seen these alerts, or all.
    pub(super) fn acknowledge(&mut self, cause: Option<&Cause>) {
        match cause {
            Some(cause) => self.settings.alerts.acknowledge(cause),
            None => self.settings.alerts.acknowledge_all(),
        }
        self.dirty = true;
    }

    /// What stands in the status line of the alerts that nobody has seen, the longest form first.
    pub(super) fn alert_words(&self) -> Option<([String; 2], Role)> {
        let (new, all) = self.settings.alerts.unseen();
        let role = if new > 0 { Role::Bad } else { Role::Warning };
        let s = if all == 1 { "" } else { "s" };
        (all > 0).then(|| ([format!(" ▲ {all} alert{s} "), format!(" ▲{all} ")], role))
    }
}

const fn severity(cause: &Cause) -> Severity {
    match cause {
        Cause::Failed { .. } => Severity::Error,
        Cause::Stuck { .. } | Cause::OldQueue { .. } | Cause::Burst { .. } => Severity::Warning,
    }
}
