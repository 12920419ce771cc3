//! The program: a model, `update`, `view`. Everything it does is here; everything it touches is in the runtime.
//!
//! [`App::update`] takes an event and the time and returns commands; it is pure, synchronous and total. [`App::view`] draws
//! the model. The panes own their state; the app owns what is between them: focus, layout, keys half pressed, overlays,
//! messages, the history of places.

mod actions;
mod alerts;
mod bots;
mod editing;
mod intents;
mod keys;
pub mod layout;
mod link;
mod mouse;
mod places;
mod progress;
mod replies;
mod review;
mod status;
#[cfg(test)]
mod tests;
mod timers;
mod view;
mod writer;

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;

use ratatui::layout::Rect;

use crate::{
    db::{
        error::Error,
        request::{Query, RequestId, Slot},
        write::Grant,
    },
    domain::{
        bots::{Limits, told::Told},
        place::Place,
        schema::Schema,
        staged::Staged,
    },
    keymap::{Chord, Context, Keymap},
    message::{
        command::{Command, MouseCapture},
        event::Event,
        severity::Severity,
    },
    panes::{
        Access, Cx, Handled, Now, Outbox, Pane, PaneId, Settings, TimeFormat, bots::BotsPane, overlay::Overlay,
        question::QuestionPane, review::ReviewPane, table::TablePane, tables::TablesPane,
    },
    theme::{Theme, ThemeName},
    widgets::{safe::safe, toast::Toasts},
};
pub use alerts::{Bell, Telling};
pub use layout::Visibility;
use layout::{Desk, Layout, Side, Wanted, Zoom};
use places::Places;
use progress::Progress;
use review::Reviewing;
use timers::Timers;
use writer::Writer;

/// What kind of database is open: it stands in the status line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file of the user's.
    File,
    /// The embedded demo, with simulated bots.
    Demo,
    /// A libSQL server, read over the network.
    Server,
    /// A copy of a server in a file, which follows it.
    Copy,
}

/// What the app is started with.
#[derive(Clone, Debug)]
pub struct AppOptions {
    /// The theme.
    pub theme: ThemeName,
    /// The keys.
    pub keymap: Keymap,
    /// What the database is called in the status line.
    pub label: String,
    /// Where it is in full: a path, or a server's URL without credentials.
    pub whole: String,
    /// The file of a server's copy.
    pub copy: Option<String>,
    /// What kind it is.
    pub kind: DatabaseKind,
    /// Where to start.
    pub place: Option<Place>,
    /// Who has the mouse.
    pub mouse: MouseCapture,
    /// How times are shown.
    pub times: TimeFormat,
    /// Whether the question is shown beside the rows.
    pub preview: Visibility,
    /// What to try next, said once at the start: how to connect, on the demo that nobody asked for.
    pub hint: Option<String>,
    /// What else is worth knowing at the start, a line each: that there was no read-only token, say.
    pub notes: Vec<String>,
    /// The right to write; `None`: read-only.
    pub writing: Option<Grant>,
    /// Who decides and edits: `sourceName` in the history.
    pub author: String,
    /// What a session that was killed left in its recovery file.
    pub recovered: Option<String>,
    /// What ids of new rows are made of: random, another for every session.
    pub seed: [u64; 2],
    /// From when on something about the bots is unusual.
    pub limits: Limits,
    /// How one is told of it besides the screen.
    pub telling: Telling,
}

/// The program.
#[derive(Debug)]
pub struct App {
    size: Rect,
    theme: Theme,
    keymap: Keymap,
    settings: Settings,
    mouse: MouseCapture,
    label: String,
    whole: String,
    copy: Option<String>,
    kind: DatabaseKind,
    /// What is said once, at the start.
    greetings: Vec<(Severity, String)>,
    way: link::Way,
    health: Result<(), Error>,
    schema: Option<Arc<Schema>>,
    schema_error: Option<Error>,
    /// Whether the schema is from memory, and the true one still to come.
    schema_is_kept: bool,
    /// Where to go as soon as the schema is there.
    start_at: Option<Place>,
    tables: TablesPane,
    table: TablePane,
    question: QuestionPane,
    bots: BotsPane,
    review: ReviewPane,
    reviewing: Reviewing,
    writer: Writer,
    editing: editing::Editing,
    wanted: Wanted,
    layout: Option<Layout>,
    overlays: Vec<Box<dyn Overlay>>,
    /// What wants an answer that nobody has asked for: asked as soon as nothing else lies over the panes, so that what is typed there
    /// is no answer to it.
    asking: VecDeque<Box<dyn Overlay>>,
    /// Chords of an unfinished key, and the number before it.
    pressed: Vec<Chord>,
    count: Option<u64>,
    places: Places,
    /// Panes that nobody saw when the database changed.
    outdated: BTreeSet<PaneId>,
    /// The pane that had the focus before: Esc in a question goes back there.
    before: Option<PaneId>,
    toasts: Toasts,
    progress: Progress,
    timers: Timers,
    telling: Telling,
    out: Outbox,
    dirty: bool,
    /// When the last event came: what is drawn is true for then.
    now: Now,
}

/// The context of a pane's change, from the fields it may see.
macro_rules! cx {
    ($app:ident, $now:expr) => {
        $crate::panes::Cx { now: $now, schema: $app.schema.as_ref(), settings: &$app.settings, out: &mut $app.out }
    };
}
use cx;

impl App {
    /// The program before its first event.
    pub fn new(options: AppOptions) -> Self {
        let notes = options.notes.into_iter().map(|note| (Severity::Warning, note));
        let access = if options.writing.is_some() { Access::Writing } else { Access::ReadOnly };
        let greetings = notes.chain(options.hint.map(|hint| (Severity::Info, hint))).collect();
        Self {
            size: Rect::default(),
            theme: Theme::built_in(options.theme),
            keymap: options.keymap,
            settings: Settings {
                times: options.times,
                link: None,
                access,
                staged: Staged::default(),
                limits: options.limits,
                alerts: Told::default(),
            },
            mouse: options.mouse,
            label: options.label,
            whole: options.whole,
            copy: options.copy,
            kind: options.kind,
            greetings,
            way: link::Way::default(),
            health: Ok(()),
            schema: None,
            schema_error: None,
            schema_is_kept: false,
            start_at: options.place,
            tables: TablesPane::new(),
            table: TablePane::new(),
            question: QuestionPane::new(),
            bots: BotsPane::new(),
            review: ReviewPane::new(),
            reviewing: Reviewing::default(),
            writer: Writer::new(options.writing, options.author, options.recovered, options.seed),
            editing: editing::Editing::default(),
            wanted: Wanted {
                desk: Desk::Browse,
                tables: Visibility::Shown,
                bots: Visibility::Shown,
                preview: options.preview,
                side: Side::Right,
                zoom: Zoom::Off,
                focus: PaneId::Table,
            },
            layout: None,
            overlays: Vec::new(),
            asking: VecDeque::new(),
            pressed: Vec::new(),
            count: None,
            places: Places::default(),
            outdated: BTreeSet::new(),
            before: None,
            toasts: Toasts::default(),
            progress: Progress::default(),
            timers: Timers::default(),
            telling: options.telling,
            out: Outbox::default(),
            dirty: true,
            now: Now { elapsed: Duration::ZERO, wall: Timestamp::UNIX_EPOCH },
        }
    }

    /// What to do first, on a terminal of this many columns and rows.
    pub fn start(&mut self, now: Now, (width, height): (u16, u16)) -> Vec<Command> {
        self.now = now;
        self.out.ask(Slot::Schema, Query::Schema);
        self.table.schema_asked();
        self.resize(width, height, now);
        for (severity, text) in std::mem::take(&mut self.greetings) {
            self.say(severity, safe(&text).into_owned(), now);
        }
        self.bots.start(&mut cx!(self, now));
        self.finish(now)
    }

    /// Takes an event and says what to do.
    pub fn update(&mut self, event: Event, now: Now) -> Vec<Command> {
        self.now = now;
        match event {
            Event::Key(key) => {
                self.key(key, now);
                self.typed();
            }
            Event::Paste(text) => {
                self.paste(&text, now);
                self.typed();
            }
            Event::Mouse(mouse) => self.mouse(mouse, now),
            Event::Resize(width, height) => self.resize(width, height, now),
            Event::Reply(reply) => self.reply(reply, now),
            Event::Computed(job, result) => {
                let mut handled = self.question.computed(&job, &result, &mut cx!(self, now)) == Handled::Yes;
                handled |= self.table.computed(&job, &result, &mut cx!(self, now)) == Handled::Yes;
                for overlay in &mut self.overlays {
                    handled |= overlay.computed(&job, &result, &mut cx!(self, now)) == Handled::Yes;
                }
                self.dirty |= handled;
            }
            Event::Timer(timer) => self.timer(timer, now),
            Event::Resumed => self.dirty = true,
            Event::Edited { ticket, outcome } => self.edited(ticket, outcome, now),
            Event::Failed(text) => self.say(Severity::Warning, text, now),
            Event::Done(text) => self.say(Severity::Info, text, now),
        }
        self.finish(now)
    }

    /// Whether the screen may have changed since the last call.
    pub fn take_dirty(&mut self) -> bool {
        std::mem::take(&mut self.dirty)
    }

    /// Changes the theme: the terminal has told its ground.
    pub fn set_theme(&mut self, name: ThemeName) {
        if self.theme.name != name {
            self.theme = Theme::built_in(name);
            self.dirty = true;
        }
    }

    /// Whether all that was asked has been answered and computed: a screenshot waits for it.
    pub fn is_settled(&self) -> bool {
        self.progress.is_idle() && self.schema.is_some()
    }

    fn finish(&mut self, now: Now) -> Vec<Command> {
        self.carry_out(now);
        self.follow_review(now);
        self.overlays.retain(|overlay| !overlay.is_done());
        self.offer_rebuild(now);
        self.forget_typed(now);
        self.ask_next(now);
        self.set_timers(now);
        let mut commands = Vec::with_capacity(self.out.commands.len());
        for command in std::mem::take(&mut self.out.commands) {
            match &command {
                Command::Send(request) => self.progress.sent(request, now.elapsed),
                // What became of a write is always answered, also where it was given up.
                Command::Cancel(Slot::Write) => {}
                Command::Cancel(slot) => self.progress.cancelled(*slot),
                Command::After(delay, timer) if !self.timers.wants(*timer, now.elapsed + *delay, now.elapsed) => {
                    continue;
                }
                _ => {}
            }
            commands.push(command);
        }
        // Work that has just begun is named as soon as it has lasted.
        if !self.progress.is_idle()
            && let Some(command) = self.timers.ask(crate::message::event::Timer::Progress, progress::TICK, now.elapsed)
        {
            commands.push(command);
        }
        commands
    }

    fn resize(&mut self, width: u16, height: u16, now: Now) {
        self.size = Rect { x: 0, y: 0, width, height };
        self.arrange(now);
        for overlay in &mut self.overlays {
            overlay.resize(self.size, &mut cx!(self, now));
        }
    }

    /// Lays the panes out anew and tells those whose area is another.
    fn arrange(&mut self, now: Now) {
        self.dirty = true;
        let mut wanted = self.wanted;
        if let Some(schema) = &self.schema {
            if schema.catalogued("questions").is_none() && wanted.focus != PaneId::Question {
                wanted.preview = Visibility::Hidden;
            }
            let bots = ["botLedger", "botRuns", "workQueue"];
            if bots.iter().all(|name| schema.catalogued(name).is_none()) && wanted.focus != PaneId::Bots {
                wanted.bots = Visibility::Hidden;
            }
        }
        let old = self.layout.unwrap_or_default();
        self.layout = Layout::of(self.size.width, self.size.height, &wanted);
        let new = self.layout.unwrap_or_default();
        for pane in [PaneId::Tables, PaneId::Table, PaneId::Question, PaneId::Bots, PaneId::Review] {
            let area = new.area(pane);
            if area != old.area(pane) && !area.is_empty() {
                let (pane, mut cx) = self.pane(pane, now);
                pane.resize(area, &mut cx);
            }
        }
        self.catch_up(now);
    }

    fn focus(&mut self, pane: PaneId, now: Now) {
        self.change_desk(pane, now);
        if self.wanted.focus != pane {
            self.before = Some(self.wanted.focus);
            self.wanted.focus = pane;
            self.arrange(now);
        }
        // Where no question is open yet, the one under the cursor is what is meant.
        if pane == PaneId::Question
            && self.question.id().is_none()
            && let Some(id) = self.table.question()
        {
            self.question.show(id, &mut cx!(self, now));
        }
    }

    /// A pane and the context for its change.
    fn pane(&mut self, pane: PaneId, now: Now) -> (&mut dyn Pane, Cx<'_>) {
        let cx = cx!(self, now);
        let pane: &mut dyn Pane = match pane {
            PaneId::Tables => &mut self.tables,
            PaneId::Table => &mut self.table,
            PaneId::Question => &mut self.question,
            PaneId::Bots => &mut self.bots,
            PaneId::Review => &mut self.review,
        };
        (pane, cx)
    }

    /// Where keys are looked up now.
    fn context(&self) -> Context {
        if let Some(overlay) = self.overlays.last() {
            return overlay.context();
        }
        match self.wanted.focus {
            PaneId::Tables => Context::Tables,
            PaneId::Table => Context::Table,
            PaneId::Question => Context::Question,
            PaneId::Bots => Context::Bots,
            PaneId::Review => Context::Review,
        }
    }

    fn open(&mut self, mut overlay: Box<dyn Overlay>, now: Now) {
        overlay.resize(self.size, &mut cx!(self, now));
        // What was said of the things before must not lie over it.
        self.toasts.hush(now.elapsed);
        self.overlays.push(overlay);
        self.dirty = true;
    }

    /// Asks this as soon as nothing else lies over the panes.
    fn ask(&mut self, overlay: Box<dyn Overlay>, now: Now) {
        if !self.overlays.is_empty() {
            self.say(Severity::Warning, "a question waits for you: it is asked when this is closed", now);
        }
        self.asking.push_back(overlay);
    }

    /// Asks what waits, one after the other.
    fn ask_next(&mut self, now: Now) {
        if self.overlays.is_empty()
            && let Some(overlay) = self.asking.pop_front()
        {
            self.open(overlay, now);
        }
    }

    fn say(&mut self, severity: Severity, text: impl Into<String>, now: Now) {
        self.toasts.push(severity, text.into(), now.elapsed);
        self.dirty = true;
    }

    fn is_newest(&self, slot: Slot, id: RequestId) -> bool {
        self.out.is_newest(slot, id)
    }
}
