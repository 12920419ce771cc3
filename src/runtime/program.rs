//! What the runtime runs, and where requests go, as it sees them.

use ratatui::Frame;

use crate::{
    app::App,
    db::{
        request::{Request, Slot},
        workers::Database,
    },
    message::{command::Command, event::Event},
    panes::Now,
    theme::ThemeName,
};

/// A program: pure and synchronous, without I/O or clock of its own.
pub trait Program {
    /// What to do first, on a terminal of this many columns and rows.
    fn start(&mut self, now: Now, size: (u16, u16)) -> Vec<Command>;

    /// What to do about this.
    fn update(&mut self, event: Event, now: Now) -> Vec<Command>;

    /// Draws it.
    fn view(&self, frame: &mut Frame<'_>);

    /// Whether something changed since the last call, so that a frame is due.
    fn take_dirty(&mut self) -> bool;

    /// Uses this theme from now on.
    fn set_theme(&mut self, theme: ThemeName);
}

/// Takes requests; replies come back another way.
pub trait Requests {
    /// Answers this one some time, on its slot.
    fn submit(&self, request: Request);

    /// Gives up what the slot does.
    fn cancel(&self, slot: Slot);
}

impl Requests for Database {
    fn submit(&self, request: Request) {
        Self::submit(self, request);
    }

    fn cancel(&self, slot: Slot) {
        Self::cancel(self, slot);
    }
}

impl Program for App {
    fn start(&mut self, now: Now, size: (u16, u16)) -> Vec<Command> {
        Self::start(self, now, size)
    }

    fn update(&mut self, event: Event, now: Now) -> Vec<Command> {
        Self::update(self, event, now)
    }

    fn view(&self, frame: &mut Frame<'_>) {
        Self::view(self, frame);
    }

    fn take_dirty(&mut self) -> bool {
        Self::take_dirty(self)
    }

    fn set_theme(&mut self, theme: ThemeName) {
        Self::set_theme(self, theme);
    }
}
