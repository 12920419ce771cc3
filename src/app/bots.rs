//! What the app does for who watches the bots: their screen, what an event tells, timelines, alerts.

use std::sync::Arc;

use super::{App, layout::Zoom};
use crate::{
    domain::{activity::Item, page::RowKey, schema::Relation},
    panes::{Now, PaneId, Severity},
};

impl App {
    /// The bots on the whole screen; and back to where one was.
    pub(super) fn toggle_bots_screen(&mut self, now: Now) {
        if self.wanted.focus == PaneId::Bots && self.wanted.zoom == Zoom::Focused {
            self.wanted.zoom = Zoom::Off;
            self.arrange(now);
            let back = self.before.filter(|pane| *pane != PaneId::Bots).unwrap_or(PaneId::Table);
            self.focus(back, now);
        } else {
            self.focus(PaneId::Bots, now);
            self.wanted.zoom = Zoom::Focused;
            self.arrange(now);
        }
    }

    /// What a row of the ledger, the history, the runs or the queue tells.
    pub(super) fn show_event(&mut self, _relation: Arc<Relation>, _key: RowKey, now: Now) {
        self.say(Severity::Info, "not yet", now);
    }

    /// Everything that is recorded of an item.
    pub(super) fn show_timeline(&mut self, _item: Item, now: Now) {
        self.say(Severity::Info, "not yet", now);
    }
}
