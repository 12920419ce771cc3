//! The bots pane: runs, queue and the tail of the ledger, live.
//!
//! Owns what it was told ([`ActivityUpdate`]s merged into a bounded model) and where one looks in it. It follows the newest rows
//! until somebody moves the cursor: from then on nothing that is looked at moves, and what is new is counted. Paused, it shows a
//! frozen copy while the model goes on. It never asks for more than the activity once; ages change at full minutes only, so that
//! an idle screen stays idle ([`BotsPane::next_age`]).

mod act;
mod act_board;
mod act_ledger;
mod act_queue;
mod act_runs;
mod ages;
mod charts;
mod clock;
mod figures;
mod layout;
mod mouse;
mod queue;
mod runs;
mod scroll;
mod tail;
#[cfg(test)]
mod tests;
mod view;
mod view_board;
mod view_queue;
mod view_runs;

use std::{sync::Arc, time::Duration};

pub(crate) use act::row_key;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::{Position, Rect},
};

use self::{
    layout::{Layout, Region},
    queue::Queue,
    runs::{Rule, Runs},
    scroll::{Edge, Scroll},
    tail::{Look, Tail},
};
use crate::{
    db::{
        error::{Error, ErrorKind},
        request::{Answer, Query, Slot},
    },
    domain::{
        activity::ActivityUpdate,
        bots::{Board, Limits, Window},
    },
    message::{action::Action, command::Command, event::Timer},
    panes::{Cx, Handled, Now, Pane, PromptKind, PromptState, ViewCx, frame, link},
};

/// How long a new row flashes.
const FLASH: Duration = Duration::from_millis(600);
/// How long a changed cell is marked.
const MARK: Duration = Duration::from_millis(2_000);
/// How long nothing is said about waiting.
const PATIENCE: Duration = Duration::from_millis(150);
/// Lines a turn of the wheel goes.
const WHEEL: isize = 3;

/// What is known of the bots.
#[derive(Clone, Debug, Default)]
struct Model {
    runs: Runs,
    queue: Queue,
    /// What the figures and charts are drawn from; shared with what is frozen.
    board: Arc<Board>,
    /// The bots in the board's order.
    bots: Vec<Arc<str>>,
}

/// What is shown while paused.
#[derive(Clone, Debug)]
struct Frozen {
    model: Model,
    /// What time it was: figures and ages stand still, too.
    wall: Timestamp,
}

/// How far the pane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Nothing was asked.
    Idle,
    /// Asked, no answer yet.
    Reading {
        /// When.
        since: Duration,
    },
    /// The tables are there.
    Live,
    /// They are not in this database.
    Missing,
}

/// The pane.
#[derive(Debug)]
pub struct BotsPane {
    area: Rect,
    phase: Phase,
    error: Option<Error>,
    model: Model,
    /// What is shown while paused.
    frozen: Option<Box<Frozen>>,
    /// Where the cursor is.
    region: Region,
    /// The list that is shown where there is room for one only.
    list: Region,
    /// How far back figures and charts look.
    window: Window,
    /// The bot under the board's cursor; `None`: all of them are meant.
    chosen: Option<Arc<str>>,
    /// The ledger's tail: it has its own way to be paused.
    tail: Tail,
    runs: Scroll<i64>,
    queue: Scroll<usize>,
    /// When the next flash or mark ends.
    glow: Option<Duration>,
    /// The regions whose table is not in this database.
    absent: Vec<Region>,
}

impl Default for BotsPane {
    fn default() -> Self {
        Self::new()
    }
}

impl BotsPane {
    /// A pane that knows nothing yet.
    pub fn new() -> Self {
        Self {
            area: Rect::ZERO,
            phase: Phase::Idle,
            error: None,
            model: Model::default(),
            frozen: None,
            region: Region::default(),
            list: Region::default(),
            window: Window::default(),
            chosen: None,
            tail: Tail::default(),
            runs: Scroll::new(Edge::Top),
            queue: Scroll::new(Edge::Top),
            glow: None,
            absent: Vec::new(),
        }
    }

    /// Asks for the bots' activity from now on. What is known stays on the screen until the answer comes; where it is whole, it is
    /// compared with what is there, and not read anew.
    pub fn start(&mut self, cx: &mut Cx<'_>) {
        if self.phase == Phase::Live && self.error.is_none() {
            cx.out.ask_again(Slot::Activity, Query::Activity);
            return;
        }
        cx.out.ask(Slot::Activity, Query::Activity);
        if self.phase != Phase::Live {
            self.phase = Phase::Reading { since: cx.now.elapsed };
            self.error = None;
        }
    }

    /// The database can be read again: asks once more where nothing has come by itself.
    pub fn recovered(&mut self, cx: &mut Cx<'_>) -> Handled {
        let again = self.tail.recovered(cx);
        if !self.error.as_ref().is_some_and(link::is_of_the_way) {
            return again;
        }
        self.start(cx);
        Handled::Yes
    }

    /// (runs that are at work, queue rows that are pending), once they are known. Runs that are stuck are at no work.
    pub fn summary(&self, now: Now, limits: &Limits) -> Option<(u64, u64)> {
        let at_work = self.model.runs.running().saturating_sub(self.model.board.stuck(now.wall, limits));
        (self.phase == Phase::Live).then(|| (at_work, self.model.queue.rows("pending")))
    }

    /// Everything that was tallied, also while the screen is paused; `None` before the first look.
    pub fn board(&self) -> Option<&Board> {
        (self.phase == Phase::Live).then(|| &*self.model.board)
    }

    /// Whether the screen is paused.
    pub const fn is_paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// What is on the screen: what is known, or what was known when it was paused.
    fn shown(&self) -> &Model {
        self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model)
    }

    /// The time that ages and figures are of: paused, that of the moment.
    fn wall(&self, now: Now) -> Timestamp {
        self.frozen.as_ref().map_or(now.wall, |frozen| frozen.wall)
    }

    /// Whether this region's table is not in this database.
    fn is_absent(&self, region: Region) -> bool {
        self.absent.contains(&region)
    }

    fn layout(&self, area: Rect) -> Layout {
        let wanted = layout::Wanted { region: self.region, list: self.list, bots: self.shown().bots.len() };
        Layout::of(area, wanted)
    }

    /// Lines of the runs on the screen.
    fn runs_height(&self) -> usize {
        usize::from(self.layout(self.area).runs.body.height)
    }

    /// After anything that may have moved or added lines.
    fn settle(&mut self, cx: &mut Cx<'_>) {
        let (height, queue_height) = (self.runs_height(), self.queue_height());
        let model = self.frozen.as_deref().map_or(&self.model, |frozen| &frozen.model);
        self.runs.fit(&model.runs, height);
        self.queue.fit(&queue::Depths(model.board.depths()), queue_height);
        self.tail.place(self.layout(self.area).ledger, cx);
    }

    fn take(&mut self, update: &ActivityUpdate, cx: &mut Cx<'_>) -> Handled {
        let first = update.anew || self.phase != Phase::Live;
        let news = first
            || self.error.is_some()
            || !update.ledger.is_empty()
            || update.ledger_skipped > 0
            || !update.runs.is_empty()
            || update.runs_running != self.model.runs.running()
            || update.queue.is_some()
            || update.board.is_news();
        if !news {
            return Handled::No;
        }
        if let Some(schema) = cx.schema {
            let tables = [(Region::Ledger, "botLedger"), (Region::Runs, "botRuns"), (Region::Queue, "workQueue")];
            let gone = tables.into_iter().filter(|(_, table)| schema.catalogued(table).is_none());
            self.absent = gone.map(|(region, _)| region).collect();
        }
        let at = (!first).then_some(cx.now.elapsed);
        let Model { runs, queue, board, bots } = &mut self.model;
        // What is frozen keeps the board it shows: the first look after that copies it once.
        let board = Arc::make_mut(board);
        board.take(update, cx.now.wall);
        let limits = &cx.settings.limits;
        if update.board.is_news() {
            *bots = board.bots();
        }
        let rule = Rule { board, limits, now: cx.now.wall };
        if first {
            runs.restart(&update.runs, update.runs_running, &rule);
            *queue = Queue::default();
        } else {
            runs.merge(&update.runs, update.runs_running, cx.now.elapsed, &rule);
        }
        if let Some(counts) = &update.queue {
            queue.merge(counts, at);
        }
        self.phase = Phase::Live;
        self.error = None;
        self.tail.take(update, if first { Look::First } else { Look::Next }, cx);
        self.settle(cx);
        // History that is read in the background lights nothing up.
        let lights = !update.ledger.is_empty() || !update.runs.is_empty() || update.queue.is_some();
        if let Some(now) = at.filter(|_| self.frozen.is_none() && lights) {
            self.glow = Some(now + FLASH);
            cx.out.commands.push(Command::After(FLASH, Timer::Flash));
        }
        Handled::Yes
    }

    /// Whether something on the screen has changed a short while ago and is marked until then.
    fn marked_until(&self, now: Duration) -> Option<Duration> {
        let runs = self.model.runs.all().iter().filter_map(|run| match run.news? {
            runs::News::Changed(at, _) => Some(at),
            runs::News::Arrived(_) => None,
        });
        let statuses = self.model.queue.statuses().unwrap_or_default().iter().filter_map(|status| status.changed);
        runs.chain(statuses).max().map(|at| at + MARK).filter(|end| *end > now)
    }
}

impl Pane for BotsPane {
    fn resize(&mut self, area: Rect, cx: &mut Cx<'_>) {
        self.area = area;
        self.settle(cx);
    }

    fn act(&mut self, action: Action, count: Option<u64>, cx: &mut Cx<'_>) -> Handled {
        let handled = self.do_action(action, count, cx);
        if handled == Handled::Yes {
            self.settle(cx);
        }
        handled
    }

    fn prompted(&mut self, kind: PromptKind, text: &str, state: PromptState, cx: &mut Cx<'_>) {
        self.tail.prompted(kind, text, state, cx);
    }

    fn reply(&mut self, slot: Slot, outcome: Result<&Answer, &Error>, cx: &mut Cx<'_>) -> Handled {
        match slot {
            Slot::Activity => {}
            Slot::Ledger => return self.tail.reply(outcome, cx),
            _ => return Handled::No,
        }
        match outcome {
            Ok(Answer::Activity(update)) => self.take(update, cx),
            Ok(Answer::NoActivity) => {
                let area = self.area;
                *self = Self { area, phase: Phase::Missing, ..Self::new() };
                Handled::Yes
            }
            Ok(_) => Handled::No,
            Err(error) if error.kind == ErrorKind::Cancelled || self.error.as_ref() == Some(error) => Handled::No,
            Err(error) => {
                self.error = Some(error.clone());
                Handled::Yes
            }
        }
    }

    fn timer(&mut self, timer: Timer, cx: &mut Cx<'_>) -> Handled {
        let now = cx.now.elapsed;
        match (timer, self.glow, self.phase) {
            (Timer::Flash, Some(end), _) => {
                self.glow = if end > now { Some(end) } else { self.marked_until(now) };
                if let Some(next) = self.glow {
                    cx.out.commands.push(Command::After(next - now, Timer::Flash));
                }
                if end > now { Handled::No } else { Handled::Yes }
            }
            _ => Handled::No,
        }
    }

    fn mouse(&mut self, mouse: MouseEvent, cx: &mut Cx<'_>) -> Handled {
        let at = Position::new(mouse.column, mouse.row);
        let layout = self.layout(self.area);
        let handled = match mouse.kind {
            MouseEventKind::ScrollDown => self.wheel(&layout, at, WHEEL, cx),
            MouseEventKind::ScrollUp => self.wheel(&layout, at, -WHEEL, cx),
            MouseEventKind::Down(MouseButton::Left) => {
                if let Some(tab) = frame::tab_at(&self.frame(), self.area, at) {
                    self.turn_to(Region::ALL.get(tab).copied().unwrap_or_default());
                    Handled::Yes
                } else {
                    self.click(&layout, at, cx)
                }
            }
            _ => Handled::No,
        };
        if handled == Handled::Yes {
            self.settle(cx);
        }
        handled
    }

    fn view(&self, area: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        self.draw(area, buf, cx);
    }
}
