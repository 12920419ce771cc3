//! The connection in full words: where, how it is, since when, what failed and what to do; of a copy, how old it is.
//!
//! Draws what the settings say of the way to the server at the moment it is drawn, so it is never older than the status line.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};

use crate::{
    db::{
        error::Error,
        request::{CopyShown, CopyStatus, LinkState, LinkStatus},
    },
    keymap::Context,
    message::{action::Action, command::Command},
    panes::{
        Cx, Settings, ViewCx,
        link::{self, Follows},
        notice::wrapped,
        overlay::{Overlay, Step, centred, moved, window},
    },
    theme::Role,
    widgets::{
        number::{length, size},
        safe::safe,
    },
};

/// Columns of the names at the left.
const NAMES: u16 = 10;

/// What is open.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A file of this computer, in words.
    File(String),
    /// A server, or its copy.
    Server {
        /// Which of them is read.
        follows: Follows,
        /// The server's URL.
        whole: String,
        /// The copy's file.
        copy: Option<String>,
    },
}

/// The window.
#[derive(Debug)]
pub struct Connection {
    subject: Subject,
    top: usize,
    screen: Rect,
}

/// A line: what, in which words.
struct Line {
    name: &'static str,
    words: String,
    role: Role,
}

impl Connection {
    /// For this.
    pub fn new(subject: Subject) -> Self {
        Self { subject, top: 0, screen: Rect::default() }
    }

    fn lines(&self, settings: &Settings, now: Timestamp) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut add = |name, words: String, role| lines.push(Line { name, words: safe(&words).into_owned(), role });
        let (follows, whole, copy) = match &self.subject {
            Subject::File(path) => {
                add("file", path.clone(), Role::Strong);
                add("state", "● live: what other programs commit is shown as it happens".to_owned(), Role::Good);
                return lines;
            }
            Subject::Server { follows, whole, copy } => (*follows, whole, copy),
        };
        let unknown = LinkStatus::default();
        let status = settings.link.as_deref().unwrap_or(&unknown);
        add("server", whole.clone(), Role::Strong);
        let role = link::words(follows, status, now).role;
        for (name, words, own) in state(status, now) {
            add(name, words, own.unwrap_or(role));
        }
        if let Some(heard) = status.heard {
            add("heard", moment(heard), Role::Text);
        }
        if let Some(latency) = status.latency {
            add("latency", format!("{} a round trip", link::milliseconds(latency)), Role::Text);
        }
        if let Some(poll) = status.poll {
            add("looks", format!("every {} for changes", length(poll)), Role::Text);
        }
        if let Some(path) = copy {
            add("copy", path.clone(), Role::Strong);
        }
        for (name, words, role) in status.copy.iter().flat_map(|copy| of_copy(copy, now)) {
            add(name, words, role);
        }
        lines
    }

    fn height(&self) -> usize {
        usize::from(area(self.screen).height.saturating_sub(2))
    }

    fn wrapped(&self, settings: &Settings, now: Timestamp) -> Vec<(&'static str, String, Role)> {
        let width = usize::from(area(self.screen).width.saturating_sub(NAMES + 4)).max(1);
        let mut rows = Vec::new();
        for line in self.lines(settings, now) {
            for (at, part) in wrapped(&line.words, width).into_iter().enumerate() {
                rows.push((if at == 0 { line.name } else { "" }, part, line.role));
            }
        }
        rows
    }
}

/// How the way is: name, words, and a role where it is not the state's.
fn state(status: &LinkStatus, now: Timestamp) -> Vec<(&'static str, String, Option<Role>)> {
    let failed = |head: &str, since: Timestamp, next: Timestamp, why: &Error| {
        let wait = link::between(now, next);
        let when = if wait < Duration::from_secs(1) { "now".to_owned() } else { format!("in {}", length(wait)) };
        vec![
            ("state", head.to_owned(), None),
            ("since", moment(since), Some(Role::Text)),
            ("next try", when, Some(Role::Text)),
            ("error", why.what.clone(), Some(Role::Bad)),
            ("to do", remedy(why), Some(Role::Text)),
        ]
    };
    match &status.state {
        LinkState::Connecting if status.copy.as_ref().is_some_and(|copy| copy.shown == CopyShown::Copy) => {
            vec![("state", "◌ the copy is read; nothing was asked of the server yet".to_owned(), None)]
        }
        LinkState::Connecting => vec![("state", "◌ connecting: nothing has been answered yet".to_owned(), None)],
        LinkState::Connected => vec![("state", "● connected".to_owned(), None)],
        LinkState::Slow { since } => {
            vec![
                ("state", format!("◍ slow: no answer for {}", length(link::between(*since, now))), None),
                ("to do", link::WHILE_SLOW.to_owned(), Some(Role::Text)),
            ]
        }
        LinkState::Reconnecting { since, next, why } => failed("↻ reconnecting by itself", *since, *next, why),
        LinkState::Offline { since, next, why } => {
            let gone = link::between(*since, now);
            let head = if gone < Duration::from_secs(10) {
                "✗ offline".to_owned()
            } else {
                format!("✗ offline for {}", link::coarse(gone))
            };
            failed(&head, *since, *next, why)
        }
    }
}

fn of_copy(copy: &CopyStatus, now: Timestamp) -> Vec<(&'static str, String, Role)> {
    let mut lines = Vec::new();
    match copy.synced {
        Some(at) => {
            let age = link::old(link::between(at, now));
            lines.push(("age", format!("{age} · {}", moment(at)), Role::Text));
        }
        None => lines.push(("age", "never synced whole yet".to_owned(), Role::Muted)),
    }
    lines.push(("rows", link::shown(copy).to_owned(), Role::Text));
    if let Some(progress) = &copy.progress {
        let of = progress.total.map_or_else(String::new, |total| format!(" of {}", size(total)));
        let left = progress.left.map_or_else(String::new, |left| format!(", {} left", length(left)));
        let words = format!("{}{of}, {}/s{left}", size(progress.bytes), size(progress.rate));
        lines.push(("sync", words, Role::Busy));
    }
    if let Some(error) = &copy.failed {
        lines.push(("sync", error.what.clone(), Role::Bad));
        lines.push(("to do", remedy(error), Role::Text));
    }
    if let Some(error) = &copy.broken {
        lines.push(("broken", error.what.clone(), Role::Bad));
        lines.push(("to do", remedy(error), Role::Text));
        lines.push(("", "rebuild-copy in the palette fetches it anew, after asking".to_owned(), Role::Muted));
    }
    lines
}

fn remedy(error: &Error) -> String {
    if error.remedy.is_empty() { "wait: it is tried again by itself".to_owned() } else { error.remedy.clone() }
}

/// A moment to the second; in UTC, as everything the database says.
fn moment(at: Timestamp) -> String {
    let seconds = Timestamp::from_second(at.as_second()).unwrap_or(at);
    format!("{seconds:.0}").replace('T', " ").replace('Z', " UTC")
}

fn area(screen: Rect) -> Rect {
    centred(screen, screen.width.saturating_sub(2).min(90), screen.height.saturating_sub(2).min(20))
}

impl Overlay for Connection {
    fn context(&self) -> Context {
        Context::List
    }

    fn act(&mut self, action: Action, cx: &mut Cx<'_>) -> Step {
        match action {
            Action::Cancel | Action::Open | Action::Connection => return Step::Close,
            Action::Copy => {
                let lines = self.lines(cx.settings, cx.now.wall);
                let text: Vec<String> = lines.iter().map(|line| format!("{}: {}", line.name, line.words)).collect();
                let text = text.join("\n");
                cx.out.commands.push(Command::Copy { text, what: "the state of the connection".to_owned() });
            }
            _ => {
                let most = self.wrapped(cx.settings, cx.now.wall).len().saturating_sub(self.height());
                if let Some(to) = moved(action, self.top, most + 1, self.height()) {
                    self.top = to;
                }
            }
        }
        Step::Stay
    }

    fn next_tick(&self, settings: &Settings, now: Timestamp) -> Option<Duration> {
        let status = settings.link.as_deref()?;
        let failed = matches!(&status.state, LinkState::Reconnecting { .. } | LinkState::Offline { .. });
        let second = Duration::from_secs(1);
        failed.then_some(second).or_else(|| link::until_other_words(status, now))
    }

    fn resize(&mut self, screen: Rect, _cx: &mut Cx<'_>) {
        self.screen = screen;
        self.top = 0;
    }

    fn view(&self, screen: Rect, buf: &mut Buffer, cx: &ViewCx<'_>) {
        let rows = self.wrapped(cx.settings, cx.now.wall);
        let whole = area(screen);
        let height = u16::try_from(rows.len()).unwrap_or(u16::MAX).saturating_add(2).min(whole.height);
        let whole = centred(screen, whole.width, height);
        let below = rows.len().saturating_sub(self.top + usize::from(height.saturating_sub(2)));
        let hint = if below > 0 { format!("j k · {below} more · esc") } else { "y copies · esc closes".to_owned() };
        let inside = window("Connection", &hint, whole, buf, cx);
        for (y, (name, words, role)) in (inside.y..inside.bottom()).zip(rows.iter().skip(self.top)) {
            buf.set_stringn(inside.x + 1, y, name, usize::from(NAMES), cx.theme.style(Role::Muted));
            let room = usize::from(inside.width.saturating_sub(NAMES + 1));
            buf.set_stringn(inside.x + 1 + NAMES, y, words, room, cx.theme.style(*role));
        }
    }
}
