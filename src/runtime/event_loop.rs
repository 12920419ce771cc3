//! The loop: wait for one event, drain what else is there, update, draw once.

use std::{
    io,
    time::{Duration, Instant},
};

use ratatui::Terminal;
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    time::{sleep_until, timeout_at},
};

use super::{
    Clock,
    clipboard::{self, Multiplexer},
    ground,
    inbox::Message,
    input,
    jobs::Jobs,
    program::{Program, Requests},
    screen::Screen,
    signals::{self, Signals, Wanted},
    terminal::Guard,
    timers::Timers,
};
use crate::{
    config::ThemeChoice,
    db::request::{Reply, Slot},
    message::{command::Command, event::Event},
};

/// Frames are at least this far apart. A key that comes right behind a frame waits for so long, and has to be drawn and sent
/// within 16 ms all the same.
const FRAME: Duration = Duration::from_millis(8);
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

enum Wake {
    Signal(Wanted),
    Message(Option<Message>),
    Timer,
    Frame,
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
    clock: Clock,
    started: Instant,
    last_frame: Option<Instant>,
    /// Until when the page under way is waited for.
    page_due: Option<Instant>,
    dirty: bool,
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
        sender: UnboundedSender<Message>,
        inbox: UnboundedReceiver<Message>,
        clock: Clock,
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
            clock,
            started: Instant::now(),
            last_frame: None,
            page_due: None,
            dirty: true,
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
        input::start(self.sender.clone())?;
        self.wait_for_first_rows().await;
        while self.ending.is_none() {
            self.draw_if_due();
            if self.ending.is_some() {
                break;
            }
            match self.wait().await {
                Wake::Signal(wanted) => self.signalled(wanted),
                Wake::Message(Some(message)) => self.receive(message),
                // We hold a sender ourselves: the channel does not close.
                Wake::Message(None) => self.ending = Some(Ending::Closed),
                Wake::Timer | Wake::Frame => {}
            }
            self.run_timers();
            self.drain();
        }
        self.guard.leave();
        let ending = self.ending.unwrap_or(Ending::Quit);
        tracing::info!("ended: {ending:?} after {} frames", self.terminal.backend().frames());
        Ok(ending)
    }

    async fn wait(&mut self) -> Wake {
        let timer = self.timers.earliest().map(|due| self.started + due);
        let frame = self.frame_due();
        tokio::select! {
            biased;
            wanted = self.signals.next() => Wake::Signal(wanted),
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
            self.dirty = true;
        }
        if matches!(event, Event::Reply(Reply::Answer { slot: Slot::Page, .. })) {
            self.page_due = None;
        }
        let now = self.clock.now();
        let commands = self.program.update(event, now);
        self.dirty |= self.program.take_dirty();
        self.execute(commands);
    }

    fn run_timers(&mut self) {
        while let Some(timer) = self.timers.take_due(self.started.elapsed()) {
            self.update(Event::Timer(timer));
        }
    }

    fn signalled(&mut self, wanted: Wanted) {
        match wanted {
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
        self.dirty = true;
    }

    fn frame_due(&self) -> Option<Instant> {
        let due = self.last_frame.map_or_else(Instant::now, |last| last + FRAME);
        (self.dirty && !self.stopped).then(|| self.page_due.map_or(due, |page| due.max(page)))
    }

    fn draw_if_due(&mut self) {
        if self.frame_due().is_none_or(|due| Instant::now() < due) {
            return;
        }
        self.dirty = false;
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
                Command::CaptureMouse(mouse) => {
                    if let Err(error) = self.guard.capture_mouse(mouse, self.terminal.backend_mut()) {
                        self.lost(&error);
                    }
                }
                Command::OpenEditor(edit) => {
                    let outcome = Err("editors are not built yet".to_owned());
                    let _ = self.sender.send(Message::Event(Event::Edited { ticket: edit.ticket, outcome }));
                }
                Command::Remember(_) | Command::SaveFile { .. } => {}
                Command::Suspend => self.suspend(),
                Command::Quit => self.ending = Some(Ending::Quit),
            }
        }
    }

    fn copy(&mut self, text: String, what: &str) {
        let tmux = std::env::var_os("TMUX").is_some_and(|at| !at.is_empty());
        let sequence = clipboard::osc52(&text, if tmux { Multiplexer::Tmux } else { Multiplexer::None });
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
        if let Some(sequence) = sequence
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
