//! The mouse: the wheel scrolls what is under it, a click puts the cursor, another one opens.

use ratatui::layout::Position;

use super::{
    BotsPane,
    act_ledger::Again,
    layout::{Layout, Region},
};
use crate::panes::{Cx, Handled};

impl BotsPane {
    pub(super) fn wheel(&mut self, layout: &Layout, at: Position, by: isize, cx: &mut Cx<'_>) -> Handled {
        let Some((region, _)) = layout.hit(at) else { return Handled::No };
        match region {
            Region::Ledger => self.tail.wheel(by, cx),
            Region::Runs => self.wheel_runs(by),
            Region::Queue => self.wheel_queue(by),
            Region::Board => return Handled::No,
        }
        Handled::Yes
    }

    pub(super) fn click(&mut self, layout: &Layout, at: Position, cx: &mut Cx<'_>) -> Handled {
        let Some((region, line)) = layout.hit(at) else { return Handled::No };
        let again = if self.region == region { Again::Yes } else { Again::No };
        self.turn_to(region);
        let Some(line) = line else { return Handled::Yes };
        match region {
            Region::Ledger => self.click_ledger(at, again, cx),
            Region::Runs => self.click_runs(line, again, cx),
            Region::Board => self.click_board(line),
            Region::Queue => self.click_queue(line, again, cx),
        }
        Handled::Yes
    }
}
