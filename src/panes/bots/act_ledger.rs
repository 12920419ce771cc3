//! What the pane has to do with the ledger: the rest is the tail's own.

use ratatui::layout::Position;

use super::{BotsPane, layout::Region, tail::Clicked};
use crate::{
    message::action::Action,
    panes::{Cx, Handled},
};

impl BotsPane {
    pub(super) fn act_on_ledger(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        self.tail.act(action, count, cx)
    }

    /// Shows what this bot did: the ledger is filtered on it, and has the cursor.
    pub(super) fn filter_on_bot(&mut self, bot: &str, cx: &mut Cx<'_>) {
        self.turn_to(Region::Ledger);
        self.tail.filter_on_bot(bot, cx);
    }

    /// Shows the rows of a burst: those of this action since this second.
    pub fn show_burst(&mut self, action: &str, since: i64, cx: &mut Cx<'_>) {
        self.turn_to(Region::Ledger);
        self.tail.filter_on_burst(action, since, cx);
        self.settle(cx);
    }

    /// A click on a line: the cursor goes there; on the cursor's own line (`again`: the region had the cursor already) it opens.
    pub(super) fn click_ledger(&mut self, at: Position, again: Again, cx: &mut Cx<'_>) {
        if self.tail.click(at, cx) == Clicked::Again && again == Again::Yes {
            self.tail.act(Action::Open, None, cx);
        }
    }
}

/// Whether a click went into the region that had the cursor already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// It did.
    Yes,
    /// It came from another region.
    No,
}
