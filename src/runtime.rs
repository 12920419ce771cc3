//! The runtime: owns the terminal, the channel, timers and background threads, and does what `update` asks for.
//!
//! One thread runs [`event_loop`]: it sleeps until something happens, drains what else is there, lets the program update, and
//! draws once, at most every 16 ms. Whatever happens on another thread (keys, the database's replies, computations, the
//! clipboard) reaches it through one channel. Nothing here knows what is on the screen: that is [`crate::app`]'s.
//!
//! [`headless`] runs the same program without a terminal, for tests and for `reelscope screenshot`.

mod clipboard;
mod editor;
mod event_loop;
mod files;
mod ground;
pub mod headless;
mod inbox;
mod input;
mod jobs;
pub mod log;
mod notify;
mod panics;
pub mod picture;
mod program;
mod recovery;
mod screen;
pub mod screenshot;
mod signals;
mod terminal;
mod timers;

use std::{io, path::PathBuf, time::Instant};

use jiff::Timestamp;
use ratatui::Terminal;
use tokio::sync::mpsc;

pub use editor::EditorChoice;
pub use event_loop::Ending;
pub use program::{Program, Requests};
pub use recovery::Recovery;
pub use signals::outlive_limits;
pub use terminal::usable;

use self::{
    event_loop::EventLoop,
    files::Files,
    inbox::Message,
    screen::Screen,
    terminal::{Guard, Restorer},
};
use crate::{
    config::ThemeChoice,
    db::request::Reply,
    message::{
        command::{Command, MouseCapture},
        event::Event,
    },
    panes::Now,
};

/// What the runtime needs beside the program.
#[derive(Debug)]
pub struct Options {
    /// The theme; [`ThemeChoice::Auto`] asks the terminal.
    pub theme: ThemeChoice,
    /// Whether the mouse is taken at the start.
    pub mouse: MouseCapture,
    /// Where a bug is said to have been logged.
    pub log: PathBuf,
    /// Which editor `E` opens.
    pub editor: EditorChoice,
    /// Where what is staged is kept; `None`: nothing will be.
    pub recovery: Option<Recovery>,
}

/// The only clock: what it says is handed to the program with each event.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    pub(crate) fn new() -> Self {
        Self { start: Instant::now() }
    }

    pub(crate) fn now(&self) -> Now {
        Now { elapsed: self.start.elapsed(), wall: Timestamp::now() }
    }
}

/// Runs the program on the terminal until it ends. `connect` is handed where replies go and answers with where requests go.
///
/// # Errors
/// The terminal refuses something at the start, or no thread can be had. The terminal is as before in any case.
pub fn run<P: Program, R: Requests>(
    options: Options,
    mut program: P,
    connect: impl FnOnce(Box<dyn Fn(Reply) + Send + Sync>) -> R,
) -> io::Result<Ending> {
    if matches!(options.theme, ThemeChoice::Named(theme) if theme != crate::theme::ThemeName::Mono) {
        // A theme that was asked for by name is shown in colours even where NO_COLOR is set.
        crossterm::style::force_color_output(true);
    }
    let size = screen::size()?;
    let (sender, inbox) = mpsc::unbounded_channel();
    let replies = sender.clone();
    let requests = connect(Box::new(move |reply| {
        // The loop may have ended already.
        let _ = replies.send(Message::Event(Event::Reply(reply)));
    }));
    // The database's threads get their first requests before anything is made of the terminal: they work meanwhile.
    let clock = Clock::new();
    let mut first = Vec::new();
    for command in program.start(clock.now(), size) {
        match command {
            Command::Send(request) => requests.submit(request),
            other => first.push(other),
        }
    }
    let restorer = Restorer::default();
    panics::install(restorer.clone(), options.log.clone());
    let screen = Screen::stdout()?;
    let terminal = Terminal::new(screen)?;
    let guard = Guard::new(restorer, options.mouse);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let _entered = runtime.enter();
    let files = Files::new(sender.clone(), options.recovery);
    let event_loop =
        EventLoop::new(program, requests, terminal, guard, (sender, inbox), clock, (options.editor, files))?;
    runtime.block_on(event_loop.run(options.theme, first))
}
