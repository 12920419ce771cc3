//! The program without a terminal: keys in, the screen's cells out. For tests and for `reelscope screenshot`.
//!
//! Deterministic: the wall clock stands still, time passes only when nothing else can happen, and computations are done
//! at once. What is asked of the database is waited for, however long it takes.

use std::{
    collections::BTreeMap,
    sync::mpsc::{self, Receiver},
    time::Duration,
};

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};

use super::{
    program::{Program, Requests},
    timers::Timers,
};
use crate::{
    app::{App, AppOptions},
    db::{
        location::Location,
        request::{Query, Reply, RequestId, Slot},
        server::Server,
        workers::Database,
    },
    message::{
        command::Command,
        event::{Event, Timer},
    },
    panes::Now,
    widgets::compute,
};

/// How long a request may take before [`Headless::settle`] gives up on it; longer where the database has a time limit of its own.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many timers may run out before a screen counts as never settling.
const TIMERS: usize = 200;

/// A program with its database, without a terminal.
pub struct Headless<P, R> {
    program: P,
    requests: R,
    replies: Receiver<Reply>,
    terminal: Terminal<TestBackend>,
    timers: Timers,
    waiting: BTreeMap<Slot, (RequestId, usize)>,
    now: Now,
    patience: Duration,
    copied: Vec<String>,
    ended: bool,
}

impl Headless<App, Database> {
    /// Opens the browser on a database and waits until it is quiet. With [`Self::keys`] and [`Self::text`] this is all a test
    /// of a screen needs.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub fn open(location: Location, options: AppOptions, size: (u16, u16), wall: Timestamp) -> Result<Self, String> {
        let patience = match &location {
            Location::File(_) => PATIENCE,
            Location::Server(server) => patience(server),
            Location::Replica(replica) => patience(replica.server()),
        };
        Self::start_with(App::new(options), |replies| Database::open(location, replies), size, wall, patience)
    }
}

impl<P: Program, R: Requests> Headless<P, R> {
    /// Starts the program on a screen of this size and waits until it is quiet.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub fn start(
        program: P,
        connect: impl FnOnce(Box<dyn Fn(Reply) + Send + Sync>) -> R,
        size: (u16, u16),
        wall: Timestamp,
    ) -> Result<Self, String> {
        Self::start_with(program, connect, size, wall, PATIENCE)
    }

    fn start_with(
        program: P,
        connect: impl FnOnce(Box<dyn Fn(Reply) + Send + Sync>) -> R,
        size: (u16, u16),
        wall: Timestamp,
        patience: Duration,
    ) -> Result<Self, String> {
        let (sender, replies) = mpsc::channel();
        let requests = connect(Box::new(move |reply| {
            let _ = sender.send(reply);
        }));
        let Ok(terminal) = Terminal::new(TestBackend::new(size.0, size.1));
        let mut this = Self {
            program,
            requests,
            replies,
            terminal,
            timers: Timers::default(),
            waiting: BTreeMap::new(),
            now: Now { elapsed: Duration::ZERO, wall },
            patience,
            copied: Vec::new(),
            ended: false,
        };
        let commands = this.program.start(this.now, size);
        this.execute(commands);
        this.settle()?;
        Ok(this)
    }

    /// Presses these keys, waiting after each until the program is quiet.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub fn keys(&mut self, keys: impl IntoIterator<Item = KeyEvent>) -> Result<(), String> {
        for key in keys {
            self.event(Event::Key(key))?;
        }
        Ok(())
    }

    /// Lets this happen, and waits until the program is quiet.
    ///
    /// # Errors
    /// As [`Self::settle`].
    pub fn event(&mut self, event: Event) -> Result<(), String> {
        if let Event::Resize(columns, rows) = event {
            self.terminal.backend_mut().resize(columns, rows);
        }
        self.update(event);
        self.settle()
    }

    /// Waits for what was asked for, and lets those timers run out that lead to more being asked.
    ///
    /// # Errors
    /// The database does not answer, or the program never comes to rest.
    pub fn settle(&mut self) -> Result<(), String> {
        for _ in 0..TIMERS {
            while !self.waiting.is_empty() {
                let reply = self.replies.recv_timeout(self.patience).map_err(|_| {
                    let slots: Vec<_> = self.waiting.keys().collect();
                    format!("the database does not answer on {slots:?}")
                })?;
                self.reply(reply);
            }
            while let Ok(reply) = self.replies.try_recv() {
                self.reply(reply);
            }
            if !self.waiting.is_empty() {
                continue;
            }
            let leads_on = |timer| matches!(timer, Timer::Preview | Timer::Refresh | Timer::Recount | Timer::Chord);
            let Some((timer, due)) = self.timers.take_earliest(leads_on) else { return Ok(()) };
            self.now.elapsed = self.now.elapsed.max(due);
            self.update(Event::Timer(timer));
        }
        Err("the screen does not come to rest".to_owned())
    }

    /// Draws, and hands out the cells.
    pub fn screen(&mut self) -> &Buffer {
        let program = &self.program;
        let Ok(_) = self.terminal.draw(|frame| program.view(frame));
        self.terminal.backend().buffer()
    }

    /// Draws, and hands out the screen as lines of text without trailing blanks.
    pub fn text(&mut self) -> String {
        text(self.screen())
    }

    /// What was copied so far.
    pub fn copied(&self) -> &[String] {
        &self.copied
    }

    /// Whether the program has quit.
    pub const fn has_ended(&self) -> bool {
        self.ended
    }

    /// The program.
    pub const fn program(&mut self) -> &mut P {
        &mut self.program
    }

    fn reply(&mut self, reply: Reply) {
        if let Reply::Answer { slot, id, .. } = &reply
            && let Some((newest, answers)) = self.waiting.get_mut(slot)
            && *newest == *id
        {
            *answers = answers.saturating_sub(1);
            let failed = matches!(&reply, Reply::Answer { outcome: Err(_), .. });
            if *answers == 0 || failed {
                self.waiting.remove(slot);
            }
        }
        self.update(Event::Reply(reply));
    }

    fn update(&mut self, event: Event) {
        let commands = self.program.update(event, self.now);
        self.execute(commands);
    }

    fn execute(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Send(request) => {
                    let answers = match &request.query {
                        Query::Counts(relations) => relations.len(),
                        _ => 1,
                    };
                    if answers > 0 {
                        self.waiting.insert(request.slot, (request.id, answers));
                    }
                    self.requests.submit(request);
                }
                Command::Cancel(slot) => {
                    self.waiting.remove(&slot);
                    self.requests.cancel(slot);
                }
                Command::Compute(job) => {
                    let computed = compute::run(&job);
                    self.update(Event::Computed(job, computed));
                }
                Command::After(delay, timer) => self.timers.set(timer, self.now.elapsed + delay),
                Command::Copy { text, what } => {
                    self.copied.push(text);
                    self.update(Event::Done(format!("copied {what}")));
                }
                // Pictures are made without hands: nothing is left beside them.
                Command::OpenEditor(edit) => {
                    let outcome = Err("there is no editor without a terminal".to_owned());
                    self.update(Event::Edited { ticket: edit.ticket, outcome });
                }
                Command::CaptureMouse(_)
                | Command::Suspend
                | Command::Remember(_)
                | Command::SaveFile { .. }
                | Command::Bell
                | Command::Notify { .. } => {}
                Command::Quit => self.ended = true,
            }
        }
    }
}

/// How long a server's answer may take: its limits are what ends a request.
fn patience(server: &Server) -> Duration {
    PATIENCE.max(server.limits.long + server.limits.connect)
}

/// The cells as lines of text without trailing blanks.
pub fn text(buffer: &Buffer) -> String {
    use unicode_width::UnicodeWidthStr as _;
    let mut text = String::new();
    for y in buffer.area.top()..buffer.area.bottom() {
        let mut x = buffer.area.left();
        let line = text.len();
        while x < buffer.area.right() {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap_or(1);
        }
        text.truncate(line + text[line..].trim_end_matches(' ').len());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::sync::Arc;

    use crossterm::event::KeyCode;
    use ratatui::Frame;

    use super::*;
    use crate::{
        db::{
            demo::{self, DemoReset},
            request::{Answer, Freshness, Request},
        },
        domain::schema::Schema,
        theme::ThemeName,
    };

    /// Counts the tables one by one: each key asks, by way of a timer, for the next.
    #[derive(Default)]
    struct Counter {
        schema: Option<Arc<Schema>>,
        asked: usize,
        lines: Vec<String>,
    }

    impl Counter {
        const fn request(&self, slot: Slot, query: Query) -> Command {
            Command::Send(Request { slot, id: RequestId(self.asked as u64), query, freshness: Freshness::Any })
        }
    }

    impl Program for Counter {
        fn start(&mut self, _: Now, _: (u16, u16)) -> Vec<Command> {
            vec![self.request(Slot::Schema, Query::Schema)]
        }

        fn update(&mut self, event: Event, now: Now) -> Vec<Command> {
            match event {
                Event::Key(key) if key.code == KeyCode::Char('q') => return vec![Command::Quit],
                Event::Key(_) => return vec![Command::After(Duration::from_secs(3), Timer::Preview)],
                Event::Timer(Timer::Preview) => {
                    self.lines.push(format!("after {} s", now.elapsed.as_secs()));
                    if let Some(schema) = self.schema.clone() {
                        self.asked += 1;
                        let relation = Arc::clone(&schema.relations[self.asked]);
                        return vec![self.request(Slot::Count, Query::Counts(vec![relation]))];
                    }
                }
                Event::Reply(Reply::Answer { outcome: Ok(Answer::Schema(schema)), .. }) => self.schema = Some(schema),
                Event::Reply(Reply::Answer { outcome: Ok(Answer::Count { relation, rows }), .. }) => {
                    self.lines.push(format!("{relation}: {}", rows > 0));
                }
                _ => {}
            }
            Vec::new()
        }

        fn view(&self, frame: &mut Frame<'_>) {
            for (y, line) in (0..frame.area().height).zip(&self.lines) {
                frame.buffer_mut().set_string(0, y, line, ratatui::style::Style::new());
            }
        }

        fn take_dirty(&mut self) -> bool {
            true
        }

        fn set_theme(&mut self, _: ThemeName) {}
    }

    #[test]
    fn what_was_asked_for_is_waited_for_and_time_passes_only_then() {
        let folder = tempfile::tempdir().unwrap();
        let wall: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let path = demo::ensure(folder.path(), DemoReset::Keep, wall).unwrap();
        for _ in 0..3 {
            let connect = |replies| Database::open(Location::File(path.clone()), replies);
            let mut headless = Headless::start(Counter::default(), connect, (30, 5), wall).unwrap();
            headless.keys([KeyCode::Char('x').into(), KeyCode::Char('x').into()]).unwrap();
            assert_eq!(headless.text(), "after 3 s\nquestions: true\nafter 6 s\nchannel_mappings: true\n\n");
            assert!(!headless.has_ended());
            headless.keys([KeyCode::Char('q').into()]).unwrap();
            assert!(headless.has_ended());
        }
    }
}
