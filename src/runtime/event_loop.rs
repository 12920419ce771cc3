//! The loop: wait for one event, drain what else is there, update, draw once.

use std::{
    collections::VecDeque,
    io,
    os::unix::process::ExitStatusExt as _,
    process::ExitStatus,
    time::{Duration, Instant},
};

use ratatui::Terminal;
use rustix::{
    process::Signal,
    termios::{OptionalActions, Termios, tcgetattr, tcsetattr},
};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{sleep_until, timeout_at},
};

use super::{
    Clock,
    clipboard::{self, Multiplexer},
    editor::{Editing, EditorChoice},
    files::Files,
    ground,
    inbox::Message,
    input::Input,
    jobs::Jobs,
    notify,
    program::{Program, Requests},
    screen::Screen,
    signals::{self, Signals, Wanted},
    terminal::Guard,
    timers::Timers,
};
use crate::{
    config::ThemeChoice,
    db::request::{Reply, Slot},
    message::{
        command::{Command, ExternalEdit},
        event::{Event, Timer},
    },
};

/// Frames are at least this far apart. A key that comes right behind a frame waits for so long, and has to be drawn and sent
/// within 16 ms all the same.
const FRAME: Duration = Duration::from_millis(8);
/// Frames that only show what came by itself are at least this far apart: thirty a second look as live, and a bot that writes thousands of
/// rows must not cost the user's processor. What the user does is drawn as soon as [`FRAME`] allows, with all that came until then.
const NEWS: Duration = Duration::from_millis(33);
/// How long a frame waits for the page that was asked for: most come sooner, and then one frame shows what the key did instead of
/// two, the second of them late.
const PAGE: Duration = Duration::from_millis(4);
/// Draining stops after this, so that a flood of events still gets its frames.
const DRAIN: Duration = Duration::from_millis(8);
/// How long the first frame waits for the first rows: shorter than anybody notices. On a busy machine a frame without rows
/// would be drawn and sent at the expense of the threads that read them.
const FIRST_ROWS: Duration = Duration::from_millis(50);

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The user quit.
    Quit,
    /// A signal of this number asked for it.
    Signal(i32),
    /// The terminal is gone.
    Closed,
}

/// Another program has the terminal: nothing is drawn or read until it ends, and everything else goes on.
#[derive(Debug)]
struct Away {
    editing: Editing,
    /// The terminal's modes as the editor got them. One that dies may leave others.
    modes: Option<Termios>,
}

enum Wake {
    Signal(Wanted),
    Editor(io::Result<ExitStatus>),
    Message(Option<Message>),
    Timer,
    Frame,
}

/// Whether the screen shows what is so no longer, and how soon that has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stale {
    No,
    /// By what came by itself.
    ByNews,
    /// By what the user did, or waits for.
    ByUser,
}

impl Stale {
    /// What an event makes of the screen, where it changes anything on it.
    const fn by(event: &Event) -> Self {
        match event {
            Event::Reply(Reply::Answer { slot: Slot::Activity, .. } | Reply::Changed { .. } | Reply::Link(_))
            | Event::Timer(Timer::Flash | Timer::Ages | Timer::Link) => Self::ByNews,
            _ => Self::ByUser,
        }
    }
}

pub(crate) struct EventLoop<P, R> {
    program: P,
    requests: R,
    terminal: Terminal<Screen>,
    guard: Guard,
    sender: UnboundedSender<Message>,
    inbox: UnboundedReceiver<Message>,
    signals: Signals,
    timers: Timers,
    jobs: Jobs,
    clipboard: clipboard::System,
    files: Files,
    /// From the moment the terminal is entered.
    input: Option<Input>,
    editor: EditorChoice,
    away: Option<Away>,
    /// What the user typed before the editor had the terminal: for us, but only when it is back.
    typed_ahead: VecDeque<Event>,
    clock: Clock,
    started: Instant,
    last_frame: Option<Instant>,
    /// Until when the page under way is waited for.
    page_due: Option<Instant>,
    stale: Stale,
    /// What is on the terminal is not what was drawn last: draw every cell.
    spoilt: bool,
    stopped: bool,
    ending: Option<Ending>,
}

impl<P: Program, R: Requests> EventLoop<P, R> {
    /// A loop that has not begun. To be called inside the tokio runtime it will run on.
    ///
    /// # Errors
    /// The system refuses a signal handler.
    pub(crate) fn new(
        program: P,
        requests: R,
        terminal: Terminal<Screen>,
        guard: Guard,
        (sender, inbox): (UnboundedSender<Message>, UnboundedReceiver<Message>),
        clock: Clock,
        (editor, files): (EditorChoice, Files),
    ) -> io::Result<Self> {
        Ok(Self {
            program,
            requests,
            terminal,
            guard,
            jobs: Jobs::new(sender.clone()),
            sender,
            inbox,
            signals: Signals::new()?,
            timers: Timers::default(),
            clipboard: clipboard::System::default(),
            files,
            input: None,
            editor,
            away: None,
            typed_ahead: VecDeque::new(),
            clock,
            started: Instant::now(),
            last_frame: None,
            page_due: None,
            stale: Stale::ByUser,
            spoilt: false,
            stopped: false,
            ending: None,
        })
    }

    /// Runs until the program ends. The program has started; `first` is what it still wants done.
    ///
    /// # Errors
    /// The terminal refuses something at the start. Later a terminal that fails counts as gone.
    pub(crate) async fn run(mut self, theme: ThemeChoice, first: Vec<Command>) -> io::Result<Ending> {
        self.execute(first);
        self.guard.enter(self.terminal.backend_mut())?;
        match theme {
            ThemeChoice::Auto => self.program.set_theme(ground::theme()),
            ThemeChoice::Named(theme) => self.program.set_theme(theme),
        }
        self.input = Some(Input::start(self.sender.clone())?);
        self.wait_for_first_rows().await;
        while self.ending.is_none() {
            self.draw_if_due();
            if self.ending.is_some() {
                break;
            }
            match self.wait().await {
                Wake::Signal(wanted) => self.signalled(wanted),
                Wake::Editor(status) => self.edited(status),
                Wake::Message(Some(message)) => self.receive(message),
                // We hold a sender ourselves: the channel does not close.
                Wake::Message(None) => self.ending = Some(Ending::Closed),
                Wake::Timer | Wake::Frame => {}
            }
            self.run_timers();
            self.drain();
        }
        let ending = self.ending.unwrap_or(Ending::Quit);
        self.end_editor(ending).await;
        self.guard.leave();
        tracing::info!("ended: {ending:?} after {} frames", self.terminal.backend().frames());
        Ok(ending)
    }

    async fn wait(&mut self) -> Wake {
        let timer = self.timers.earliest().map(|due| self.started + due);
        let frame = self.frame_due();
        tokio::select! {
            biased;
            wanted = self.signals.next() => Wake::Signal(wanted),
            status = editor_ended(&mut self.away) => Wake::Editor(status),
            message = self.inbox.recv() => Wake::Message(message),
            () = until(timer) => Wake::Timer,
            () = until(frame) => Wake::Frame,
        }
    }

    async fn wait_for_first_rows(&mut self) {
        let deadline = tokio::time::Instant::now() + FIRST_ROWS;
        while self.ending.is_none() {
            let Ok(Some(message)) = timeout_at(deadline, self.inbox.recv()).await else { return };
            let rows = matches!(message, Message::Event(Event::Reply(Reply::Answer { slot: Slot::Page, .. })));
            self.receive(message);
            if rows {
                return;
            }
        }
    }

    /// Processes what is there already.
    fn drain(&mut self) {
        let until = Instant::now() + DRAIN;
        while self.ending.is_none()
            && Instant::now() < until
            && let Ok(message) = self.inbox.try_recv()
        {
            self.receive(message);
        }
    }

    fn receive(&mut self, message: Message) {
        match message {
            Message::Event(event) if self.away.is_some() && is_typed(&event) => self.typed_ahead.push_back(event),
            // Its size is asked for when it is ours again.
            Message::Event(Event::Resize(..)) if self.away.is_some() => {}
            Message::Event(event) => self.update(event),
            Message::Closed => self.ending = Some(Ending::Closed),
        }
    }

    fn update(&mut self, event: Event) {
        #[cfg(debug_assertions)]
        panic_if_asked(&event);
        // Terminals cut what they show when they shrink, also when they have the old size again before a frame is drawn.
        if matches!(event, Event::Resize(..)) {
            self.spoilt = true;
            self.stale = Stale::ByUser;
        }
        let stale = Stale::by(&event);
        if matches!(event, Event::Reply(Reply::Answer { slot: Slot::Page, .. })) {
            self.page_due = None;
        }
        let now = self.clock.now();
        let commands = self.program.update(event, now);
        if self.program.take_dirty() {
            self.stale = self.stale.max(stale);
        }
        self.execute(commands);
    }

    fn run_timers(&mut self) {
        while let Some(timer) = self.timers.take_due(self.started.elapsed()) {
            self.update(Event::Timer(timer));
        }
    }

    fn signalled(&mut self, wanted: Wanted) {
        match wanted {
            // Pressed for the editor: the terminal sends it to all who run in it.
            Wanted::End(SIGINT | SIGQUIT) if self.away.is_some() => {}
            // The editor has stopped, and the shell waits for us to stop, too; `fg` wakes both, and the terminal is still the editor's.
            Wanted::Suspend if self.away.is_some() => signals::stop(),
            Wanted::Resume if self.away.is_some() => {}
            Wanted::End(signal) => self.ending = Some(Ending::Signal(signal)),
            Wanted::Suspend => self.suspend(),
            Wanted::Resume => self.resume(),
        }
    }

    fn suspend(&mut self) {
        self.guard.leave();
        self.stopped = true;
        signals::stop();
        // Whoever continues us sends SIGCONT, which `signals` hears, too: one way back for both kinds of stopping.
    }

    fn resume(&mut self) {
        self.stopped = false;
        self.take_terminal();
    }

    fn take_terminal(&mut self) {
        // crossterm knows a state of its own for raw mode, and the shell may have changed the terminal's meanwhile.
        self.guard.leave();
        if let Err(error) = self.guard.enter(self.terminal.backend_mut()) {
            self.lost(&error);
            return;
        }
        if let Ok((columns, rows)) = super::screen::size() {
            self.update(Event::Resize(columns, rows));
        }
        self.update(Event::Resumed);
        self.spoilt = true;
        self.stale = Stale::ByUser;
    }

    /// Hands the terminal to the user's editor.
    fn open_editor(&mut self, edit: ExternalEdit) {
        let ticket = edit.ticket;
        if let Err(words) = self.try_open_editor(edit) {
            let _ = self.sender.send(Message::Event(Event::Edited { ticket, outcome: Err(words) }));
        }
    }

    fn try_open_editor(&mut self, edit: ExternalEdit) -> Result<(), String> {
        if self.away.is_some() {
            return Err("an editor is open already".to_owned());
        }
        if let Some(input) = &self.input {
            input.pause()?;
        }
        self.guard.leave();
        self.terminal.backend_mut().forget();
        let modes = tcgetattr(io::stdin()).ok();
        match Editing::start(edit, &self.editor) {
            Ok(editing) => {
                self.away = Some(Away { editing, modes });
                Ok(())
            }
            Err(words) => {
                self.come_back(modes);
                Err(words)
            }
        }
    }

    /// The editor has ended: the terminal is ours again, then comes what it left, then what was typed before it opened.
    fn edited(&mut self, status: io::Result<ExitStatus>) {
        let Some(Away { editing, modes }) = self.away.take() else { return };
        self.come_back(modes);
        let outcome = editing.outcome(status);
        let ticket = editing.ticket;
        // The file goes before anything else can happen.
        drop(editing);
        self.update(Event::Edited { ticket, outcome });
        while self.away.is_none()
            && self.ending.is_none()
            && let Some(event) = self.typed_ahead.pop_front()
        {
            self.update(event);
        }
    }

    fn come_back(&mut self, modes: Option<Termios>) {
        restore_modes(modes);
        self.take_terminal();
        if let Some(input) = &self.input {
            input.resume();
        }
    }

    /// The program ends while the editor has the terminal: the editor ends first, so that no two programs are left in one terminal.
    async fn end_editor(&mut self, ending: Ending) {
        let Some(Away { editing, modes }) = self.away.take() else { return };
        let signal = if matches!(ending, Ending::Closed | Ending::Signal(SIGHUP)) { Signal::HUP } else { Signal::TERM };
        let ended = editing.end(signal).await;
        restore_modes(modes);
        if ended.is_ok_and(|status| status.signal().is_some()) {
            // It had no time to tidy up.
            self.guard.mend();
        }
    }

    fn frame_due(&self) -> Option<Instant> {
        let apart = match self.stale {
            Stale::No => return None,
            Stale::ByNews => NEWS,
            Stale::ByUser => FRAME,
        };
        let due = self.last_frame.map_or_else(Instant::now, |last| last + apart);
        (!self.stopped && self.away.is_none()).then(|| self.page_due.map_or(due, |page| due.max(page)))
    }

    fn draw_if_due(&mut self) {
        if self.frame_due().is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.stale = Stale::No;
        self.page_due = None;
        let begun = Instant::now();
        let cleared = if std::mem::take(&mut self.spoilt) { self.terminal.clear() } else { Ok(()) };
        let program = &self.program;
        let drawn = cleared.and_then(|()| self.terminal.draw(|frame| program.view(frame)).map(|_| ()));
        if let Err(error) = drawn.and_then(|()| self.terminal.backend_mut().commit()) {
            self.lost(&error);
        }
        self.last_frame = Some(begun);
    }

    fn lost(&mut self, error: &io::Error) {
        tracing::error!("the terminal cannot be written: {error}");
        self.ending = Some(Ending::Closed);
    }

    fn execute(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Send(request) => {
                    if request.slot == Slot::Page && self.page_due.is_none() {
                        self.page_due = Some(Instant::now() + PAGE);
                    }
                    self.requests.submit(request);
                }
                Command::Cancel(slot) => self.requests.cancel(slot),
                Command::Compute(job) => self.jobs.add(job),
                Command::After(delay, timer) => self.timers.set(timer, self.started.elapsed() + delay),
                Command::Copy { text, what } => self.copy(text, &what),
                Command::CaptureMouse(mouse) if self.away.is_some() => self.guard.capture_later(mouse),
                Command::CaptureMouse(mouse) => {
                    if let Err(error) = self.guard.capture_mouse(mouse, self.terminal.backend_mut()) {
                        self.lost(&error);
                    }
                }
                Command::OpenEditor(edit) => self.open_editor(edit),
                Command::Remember(text) => self.files.remember(text),
                Command::Bell => self.ring(notify::BELL),
                Command::Notify { how, text } => self.ring(notify::notification(how, &text, multiplexer()).as_bytes()),
                Command::SaveFile { path, text, what } => self.files.save(path, text, what),
                Command::Suspend => self.suspend(),
                Command::Quit => self.ending = Some(Ending::Quit),
            }
        }
    }

    /// Sends what makes itself heard, between two frames. While another program has the terminal, or the shell, it is not ours to ring.
    fn ring(&mut self, bytes: &[u8]) {
        if self.away.is_none()
            && !self.stopped
            && let Err(error) = self.terminal.backend_mut().send(bytes)
        {
            self.lost(&error);
        }
    }

    fn copy(&mut self, text: String, what: &str) {
        let sequence = clipboard::osc52(&text, multiplexer());
        let kilobytes = text.len() / 1024;
        let outcome = match (&sequence, clipboard::System::is_there()) {
            (Some(_), _) => Event::Done(format!("copied {what}")),
            (None, true) => Event::Done(format!(
                "copied {what} to this computer's clipboard only: {kilobytes} KB is more than terminals take"
            )),
            (None, false) => Event::Failed(format!(
                "{what} not copied: {kilobytes} KB is more than terminals take, and this computer has no clipboard"
            )),
        };
        if let Some(sequence) = sequence.filter(|_| self.away.is_none())
            && let Err(error) = self.terminal.backend_mut().send(sequence.as_bytes())
        {
            self.lost(&error);
        }
        if clipboard::System::is_there() {
            self.clipboard.copy(text);
        }
        let _ = self.sender.send(Message::Event(outcome));
    }
}

/// What lies between us and the terminal.
fn multiplexer() -> Multiplexer {
    let tmux = std::env::var_os("TMUX").is_some_and(|at| !at.is_empty());
    if tmux { Multiplexer::Tmux } else { Multiplexer::None }
}

/// Waits for the editor's end; for ever where there is none. Safe to drop while it waits.
async fn editor_ended(away: &mut Option<Away>) -> io::Result<ExitStatus> {
    match away {
        Some(away) => away.editing.ended().await,
        None => std::future::pending().await,
    }
}

/// Gives the terminal its modes back, whatever a program did to them that did not end as it should.
fn restore_modes(modes: Option<Termios>) {
    if let Some(modes) = modes
        && let Err(error) = tcsetattr(io::stdin(), OptionalActions::Now, &modes)
    {
        tracing::warn!("the terminal's modes cannot be set: {error}");
    }
}

/// Whether a user did this, with a hand on the keyboard or on the mouse.
const fn is_typed(event: &Event) -> bool {
    matches!(event, Event::Key(_) | Event::Paste(_) | Event::Mouse(_))
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// Panics on a paste of what `REELSCOPE_PANIC_ON_PASTE` says, so that a test can see how a panic ends. Not in release builds.
#[cfg(debug_assertions)]
#[expect(clippy::panic, reason = "what a test asks for")]
fn panic_if_asked(event: &Event) {
    if let Event::Paste(text) = event
        && std::env::var("REELSCOPE_PANIC_ON_PASTE").is_ok_and(|wanted| wanted == *text)
    {
        panic!("asked for by a test");
    }
}
