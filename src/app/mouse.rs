//! The mouse: a click goes to the pane under it and focuses it, the wheel scrolls what it is over.

use crossterm::event::{MouseEvent, MouseEventKind};
use ratatui::layout::Position;

use super::{App, cx};
use crate::panes::{Handled, Now, PaneId};

impl App {
    pub(super) fn mouse(&mut self, mouse: MouseEvent, now: Now) {
        if matches!(mouse.kind, MouseEventKind::Moved) {
            return;
        }
        if let Some(overlay) = self.overlays.last_mut() {
            let step = overlay.mouse(mouse, self.size, &mut cx!(self, now));
            self.close_if(step, now);
            self.dirty = true;
            return;
        }
        let Some(layout) = self.layout else { return };
        let at = Position::new(mouse.column, mouse.row);
        let panes = [PaneId::Tables, PaneId::Table, PaneId::Question, PaneId::Bots, PaneId::Review];
        let Some(pane) = panes.into_iter().find(|pane| layout.area(*pane).contains(at)) else { return };
        if matches!(mouse.kind, MouseEventKind::Down(_)) {
            self.focus(pane, now);
        }
        // Focusing may have moved the panes: the click means what was seen, so it goes on only where it still lies inside.
        if !self.layout.is_some_and(|layout| layout.area(pane).contains(at)) {
            return;
        }
        let (pane, mut cx) = self.pane(pane, now);
        self.dirty |= pane.mouse(mouse, &mut cx) == Handled::Yes;
    }
}
