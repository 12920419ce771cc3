//! What the app does for who watches the bots: their screen, what an event tells, timelines, alerts.

use std::sync::Arc;

use super::{App, cx, layout::Zoom};
use crate::{
    domain::{activity::Item, page::RowKey, review::Story, schema::Relation},
    panes::{
        Moments, Now, PaneId, Severity,
        overlay::{event::EventView, past::PastView, timeline::TimelineView},
    },
    widgets::safe::safe,
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
            self.bots.show_board();
            self.wanted.zoom = Zoom::Focused;
            self.arrange(now);
        }
    }

    /// What a row of the ledger, the history, the runs or the queue tells.
    pub(super) fn show_event(&mut self, relation: Arc<Relation>, key: RowKey, now: Now) {
        match EventView::new(Arc::clone(&relation), key, &mut cx!(self, now)) {
            Some(view) => self.open(Box::new(view), now),
            None => {
                let words = format!(
                    "{} has no events: the ledger, the history, the runs and the queue have",
                    safe(&relation.name)
                );
                self.say(Severity::Info, words, now);
            }
        }
    }

    /// Everything that is recorded of an item.
    pub(super) fn show_timeline(&mut self, item: Item, now: Now) {
        let view = TimelineView::new(item, &mut cx!(self, now));
        self.open(Box::new(view), now);
    }

    /// What an item was like at a point of its story, or what differs between two.
    pub(super) fn show_past(&mut self, item: Item, story: Arc<Story>, moments: Moments, now: Now) {
        if let Some(view) = PastView::new(item, story, moments, &mut cx!(self, now)) {
            self.open(Box::new(view), now);
        }
    }
}
