//! What the app itself does of the actions; the rest is the overlay's or the focused pane's.

use super::{
    App, cx,
    layout::{Desk, Side, Visibility, Zoom},
};
use crate::{
    db::request::{Query, Slot},
    keymap::Context,
    message::{
        action::Action,
        command::{Command, MouseCapture},
        severity::Severity,
    },
    panes::{
        Handled, Now, Pane, PaneId, TimeFormat,
        overlay::{help::Help, messages::Messages, palette::Palette},
    },
};

const BROWSE: &[PaneId] = &[PaneId::Tables, PaneId::Table, PaneId::Question, PaneId::Bots];
const REVIEW: &[PaneId] = &[PaneId::Review, PaneId::Question, PaneId::Bots];

impl App {
    pub(super) fn act(&mut self, action: Action, count: Option<u64>, now: Now) {
        self.dirty = true;
        match action {
            Action::Exit => return self.exit(now),
            Action::Suspend => return self.out.commands.push(Command::Suspend),
            _ => {}
        }
        if !self.is_over_overlays(action)
            && let Some(overlay) = self.overlays.last_mut()
        {
            let step = overlay.act(action, &mut cx!(self, now));
            self.close_if(step, now);
            return;
        }
        match action {
            Action::Quit => self.ask_quit(now),
            Action::NextPane => self.next_pane(Turn::Next, now),
            Action::PreviousPane => self.next_pane(Turn::Previous, now),
            Action::FocusTables => self.focus(PaneId::Tables, now),
            Action::FocusTable => self.focus(PaneId::Table, now),
            Action::FocusQuestion => self.focus(PaneId::Question, now),
            Action::FocusBots => self.focus(PaneId::Bots, now),
            Action::ToggleTables => {
                self.wanted.tables = self.wanted.tables.toggled();
                self.give_up_hidden(PaneId::Tables, self.wanted.tables, now);
            }
            Action::ToggleBots => {
                self.wanted.bots = self.wanted.bots.toggled();
                self.give_up_hidden(PaneId::Bots, self.wanted.bots, now);
            }
            Action::Preview => {
                self.wanted.preview = self.wanted.preview.toggled();
                self.give_up_hidden(PaneId::Question, self.wanted.preview, now);
                self.preview(now);
            }
            Action::PreviewSide => {
                self.wanted.side = if self.wanted.side == Side::Right { Side::Below } else { Side::Right };
                self.wanted.preview = Visibility::Shown;
                self.arrange(now);
                self.preview(now);
            }
            Action::Zoom => {
                self.wanted.zoom = if self.wanted.zoom == Zoom::Off { Zoom::Focused } else { Zoom::Off };
                self.arrange(now);
            }
            Action::Palette => {
                // What it leads to happens in the panes, so nothing stays over them.
                self.overlays.clear();
                let palette = Palette::new(&self.keymap, self.context(), self.schema.as_ref());
                self.open(Box::new(palette), now);
            }
            Action::Help => self.open(Box::new(Help::new(&self.keymap, self.context())), now),
            Action::Messages => self.open(Box::new(Messages::new(&self.toasts)), now),
            Action::Theme => {
                self.set_theme(self.theme.name.next());
                self.say(Severity::Info, format!("theme: {}", self.theme.name.name()), now);
            }
            Action::Mouse => {
                self.mouse = if self.mouse == MouseCapture::On { MouseCapture::Off } else { MouseCapture::On };
                self.out.commands.push(Command::CaptureMouse(self.mouse));
                let text = match self.mouse {
                    MouseCapture::On => "the mouse is Reelscope's",
                    MouseCapture::Off => "the mouse is the terminal's: select text as usual",
                };
                self.say(Severity::Info, text, now);
            }
            Action::Times => {
                self.settings.times = self.settings.times.next();
                self.table.settings_changed(&mut cx!(self, now));
                self.question.settings_changed(&mut cx!(self, now));
                for overlay in &mut self.overlays {
                    overlay.resize(self.size, &mut cx!(self, now));
                }
                let text = match self.settings.times {
                    TimeFormat::Raw => "times: as stored",
                    TimeFormat::Iso => "times: ISO 8601, UTC",
                    TimeFormat::Relative => "times: ages",
                };
                self.say(Severity::Info, text, now);
            }
            Action::Back => self.travel(Direction::Back, now),
            Action::Forward => self.travel(Direction::Forward, now),
            Action::RefreshAll | Action::Refresh if self.schema.is_none() => self.read_schema(),
            Action::RefreshAll if self.follows().is_some() => self.sync_now(now),
            Action::RefreshAll => self.read_anew(now),
            Action::Connection => self.show_connection(now),
            Action::RebuildCopy => self.ask_rebuild(now),
            Action::Undo => self.undo(now),
            Action::Redo => self.redo(now),
            Action::Commit => self.ask_commit(now),
            Action::Changes => self.show_changes(now),
            Action::DropAll => self.ask_drop_all(now),
            Action::Log => self.show_log(now),
            Action::Cancel if self.cancel_long_write(now) => {}
            Action::Review => self.toggle_review(now),
            Action::Bots => self.toggle_bots_screen(now),
            Action::Alerts => self.show_alerts(now),
            _ if self.review_action(action, now) == Handled::Yes => {}
            _ => {
                let (pane, mut cx) = self.pane(self.wanted.focus, now);
                if pane.act(action, count, &mut cx) == Handled::No && action == Action::Cancel {
                    self.step_back(now);
                }
            }
        }
    }

    /// Whether the action is the app's although an overlay is open: the palette and help are there wherever no text is typed. In
    /// help itself, help's key closes it.
    fn is_over_overlays(&self, action: Action) -> bool {
        match (action, self.context()) {
            (_, Context::Prompt) => false,
            // It closes what lies over the panes.
            (Action::Palette, _) => !self.overlays.iter().any(|overlay| overlay.is_precious()),
            (Action::Help, context) => context != Context::List,
            // They show times, too.
            (Action::Times, Context::Event | Context::Timeline) => true,
            _ => false,
        }
    }

    /// Esc that no pane wanted: messages go, then full screen ends, then the focus goes back to where a question was opened
    /// from, or to the rows.
    fn step_back(&mut self, now: Now) {
        if self.cancel_sync(now) || self.toasts.dismiss(now.elapsed) {
            return;
        }
        if self.wanted.zoom == Zoom::Focused {
            self.wanted.zoom = Zoom::Off;
            self.arrange(now);
        } else if self.wanted.focus == PaneId::Review {
            self.leave_review(now);
        } else {
            let opened_from = self.before.filter(|_| self.wanted.focus == PaneId::Question);
            let home = if self.wanted.desk == Desk::Review { PaneId::Review } else { PaneId::Table };
            self.focus(opened_from.filter(|_| home == PaneId::Table).unwrap_or(home), now);
        }
    }

    /// The next pane that there is something in. On small screens, where only one is shown, all can be reached.
    fn next_pane(&mut self, turn: Turn, now: Now) {
        let panes = match self.wanted.desk {
            Desk::Browse => BROWSE,
            Desk::Review => REVIEW,
        };
        let step = if turn == Turn::Next { 1 } else { panes.len() - 1 };
        let at = panes.iter().position(|pane| *pane == self.wanted.focus).unwrap_or_default();
        let next =
            (1..panes.len()).map(|turn| panes[(at + turn * step) % panes.len()]).find(|pane| self.is_reachable(*pane));
        if let Some(pane) = next {
            self.focus(pane, now);
        }
    }

    fn is_reachable(&self, pane: PaneId) -> bool {
        let has = |name: &str| self.schema.as_ref().is_some_and(|schema| schema.catalogued(name).is_some());
        match pane {
            PaneId::Tables | PaneId::Table | PaneId::Review => true,
            PaneId::Question => has("questions"),
            PaneId::Bots => has("botLedger") || has("botRuns") || has("workQueue"),
        }
    }

    fn give_up_hidden(&mut self, pane: PaneId, visibility: Visibility, now: Now) {
        if visibility == Visibility::Hidden && self.wanted.focus == pane {
            self.wanted.focus = if self.wanted.desk == Desk::Review { PaneId::Review } else { PaneId::Table };
        }
        self.arrange(now);
    }

    /// Whether a question beside the rows would be seen.
    pub(super) fn preview_is_shown(&self) -> bool {
        self.layout.is_some_and(|layout| !layout.question.is_empty())
    }

    fn preview(&mut self, now: Now) {
        if self.wanted.desk == Desk::Browse
            && self.preview_is_shown()
            && let Some(id) = self.table.question()
        {
            self.question.show(id, &mut cx!(self, now));
        }
    }

    fn travel(&mut self, direction: Direction, now: Now) {
        let here = self.table.place();
        let to = match direction {
            Direction::Back => self.places.back(here),
            Direction::Forward => self.places.forward(here),
        };
        match to {
            Some(place) => self.go_to(&place, now),
            None => self.say(Severity::Info, "there is no other place this way", now),
        }
    }

    fn read_schema(&mut self) {
        self.out.ask(Slot::Schema, Query::Schema);
        self.table.schema_asked();
    }

    pub(super) fn read_anew(&mut self, now: Now) {
        self.out.ask_again(Slot::Schema, Query::Schema);
        self.tables.changed(&mut cx!(self, now));
        let _ = self.table.act(Action::Refresh, None, &mut cx!(self, now));
        self.question.changed(&mut cx!(self, now));
        self.review.changed(&mut cx!(self, now));
        self.bots.start(&mut cx!(self, now));
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Turn {
    Next,
    Previous,
}

enum Direction {
    Back,
    Forward,
}
