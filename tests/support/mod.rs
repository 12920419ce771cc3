//! A terminal for tests: the program in a pseudo-terminal, a screen that is drawn as a terminal would draw it, and answers to
//! what programs ask terminals. Waiting is for what is on the screen, never for a time.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

pub(crate) mod http;
pub(crate) mod places;
pub(crate) mod proxy;
pub(crate) mod reach;
pub(crate) mod samples;
pub(crate) mod sqld;
pub(crate) mod tls;
pub(crate) mod token;

use std::{
    io::{Read as _, Write},
    path::Path,
    process::Command,
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tempfile::TempDir;

pub(crate) use http::PATIENCE;

/// What the reading thread keeps.
struct Seen {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    over: bool,
    /// The reading thread is to close its end with the next bytes.
    closing: bool,
}

type Keys = Arc<Mutex<Option<Box<dyn Write + Send>>>>;

/// The program in a terminal of its own.
pub(crate) struct Terminal {
    seen: Arc<(Mutex<Seen>, Condvar)>,
    keys: Keys,
    child: Box<dyn Child + Send + Sync>,
    /// `None` once it was closed.
    master: Option<Box<dyn MasterPty + Send>>,
    _home: TempDir,
}

/// How to start the program.
pub(crate) struct Start<'a> {
    pub(crate) arguments: &'a [&'a str],
    /// (columns, rows)
    pub(crate) size: (u16, u16),
    pub(crate) variables: &'a [(&'a str, &'a str)],
    /// What the terminal says its background is, where it answers at all.
    pub(crate) background: Option<&'static str>,
    /// Where it starts; `None`: in its home.
    pub(crate) folder: Option<&'a Path>,
}

impl Default for Start<'_> {
    fn default() -> Self {
        Self { arguments: &[], size: (100, 30), variables: &[], background: Some("1111/1313/1a1a"), folder: None }
    }
}

impl Terminal {
    /// Starts the program with these arguments in a terminal of 100×30.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        Self::start(&Start { arguments, ..Start::default() })
    }

    /// Starts the program.
    pub(crate) fn start(start: &Start<'_>) -> Self {
        let home = TempDir::new().unwrap();
        let (columns, rows) = start.size;
        let size = PtySize { cols: columns, rows, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_reelscope"));
        command.args(start.arguments);
        command.env_clear();
        command.env("HOME", home.path());
        command.env("TERM", "xterm-256color");
        command.cwd(start.folder.unwrap_or(home.path()));
        for (name, value) in start.variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let keys: Keys = Arc::new(Mutex::new(Some(pair.master.take_writer().unwrap())));
        let seen = Seen {
            parser: vt100::Parser::new(rows, columns.max(2), 0),
            bytes: Vec::new(),
            over: false,
            closing: false,
        };
        let seen = Arc::new((Mutex::new(seen), Condvar::new()));
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (shared, answers, background) = (Arc::clone(&seen), Arc::clone(&keys), start.background);
        thread::spawn(move || {
            let mut buffer = [0; 65536];
            let mut asked = Vec::new();
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut seen = shared.0.lock().unwrap();
                if count == 0 || seen.closing {
                    seen.over = true;
                    shared.1.notify_all();
                    return;
                }
                seen.parser.process(&buffer[..count]);
                seen.bytes.extend_from_slice(&buffer[..count]);
                let cursor = seen.parser.screen().cursor_position();
                drop(seen);
                asked.extend_from_slice(&buffer[..count]);
                let answer = answer(&mut asked, cursor, background);
                if let Some(writer) = answers.lock().unwrap().as_mut() {
                    let _ = writer.write_all(answer.as_bytes());
                }
                shared.1.notify_all();
            }
        });
        Self { seen, keys, child, master: Some(pair.master), _home: home }
    }

    /// Types these bytes.
    pub(crate) fn press(&self, keys: &str) {
        let mut writer = self.keys.lock().unwrap();
        let writer = writer.as_mut().unwrap();
        writer.write_all(keys.as_bytes()).unwrap();
        writer.flush().unwrap();
    }

    /// Waits until the screen satisfies this, and hands out its text.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.seen.0.lock().unwrap();
        loop {
            if wanted(seen.parser.screen()) {
                return seen.parser.screen().contents();
            }
            let now = Instant::now();
            if now >= deadline || seen.over {
                let over = if seen.over { "the program ended" } else { "time is up" };
                let text = seen.parser.screen().contents();
                // The reading thread goes on: a guard that unwinds would take it along.
                drop(seen);
                panic!("{over} before {what}; the screen:\n{text}");
            }
            seen = self.seen.1.wait_timeout(seen, deadline - now).unwrap().0;
        }
    }

    /// Waits until the program writes nothing for a moment: it has answered what was typed.
    pub(crate) fn settle(&self) {
        let mut written = usize::MAX;
        while std::mem::replace(&mut written, self.bytes().len()) != self.bytes().len() {
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until this text is on the screen.
    pub(crate) fn until_text(&self, text: &str) -> String {
        self.until(&format!("{text:?} was shown"), |screen| screen.contents().contains(text))
    }

    /// The screen's text now.
    pub(crate) fn text(&self) -> String {
        self.seen.0.lock().unwrap().parser.screen().contents()
    }

    /// Every byte the program has written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.0.lock().unwrap().bytes.clone()
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        // vt100 panics on a wide character where the screen has one column: its screen keeps two, the program gets what was asked.
        self.seen.0.lock().unwrap().parser.screen_mut().set_size(rows, columns.max(2));
        let size = PtySize { cols: columns, rows, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Sends a signal to the program: `TERM`, `CONT` …
    pub(crate) fn signal(&self, name: &str) {
        // The shell's own `kill`: the program of that name is not everywhere.
        let line = format!("kill -{name} {}", self.child.process_id().unwrap());
        assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    }

    /// Its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Waits until the program is stopped, as Ctrl-z does it.
    pub(crate) fn until_stopped(&self) {
        let path = format!("/proc/{}/stat", self.child.process_id().unwrap());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stat = std::fs::read_to_string(&path).unwrap();
            // pid (name) state …
            if stat.rsplit(')').next().unwrap().trim_start().starts_with('T') {
                return;
            }
            assert!(Instant::now() < deadline, "the program does not stop");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the program's end; its exit status.
    pub(crate) fn end(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        loop {
            // What it wrote last may still be on its way to the reading thread.
            if let (Some(status), true) = (self.child.try_wait().unwrap(), self.seen.0.lock().unwrap().over) {
                return status.exit_code();
            }
            assert!(Instant::now() < deadline, "the program does not end; the screen:\n{}", self.text());
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Closes the terminal under the program, as a closed window does.
    pub(crate) fn hang_up(&mut self) {
        // The reading thread holds a descriptor, too: it lets go with the next frame, which another size brings about.
        self.seen.0.lock().unwrap().closing = true;
        self.resize(77, 22);
        // Where another program has the terminal, the echo of a key does.
        self.press(" ");
        let mut seen = self.seen.0.lock().unwrap();
        while !seen.over {
            seen = self.seen.1.wait(seen).unwrap();
        }
        self.keys.lock().unwrap().take();
        self.master.take();
    }

    /// Asserts that the terminal is as a shell wants it: ordinary screen, cursor, no mouse, no paste marks, cooked mode.
    pub(crate) fn assert_restored(&self) {
        self.until("the terminal was restored", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && !screen.bracketed_paste()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        let modes = format!("{:?}", self.master.as_ref().unwrap().get_termios().unwrap().local_flags);
        assert!(modes.contains("ICANON") && modes.contains("ECHO"), "{modes}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers the questions in these bytes and forgets them.
fn answer(asked: &mut Vec<u8>, cursor: (u16, u16), background: Option<&str>) -> String {
    let text = String::from_utf8_lossy(asked).into_owned();
    let mut answers: Vec<(usize, String)> = Vec::new();
    let mut add = |question: &str, answer: String| {
        answers.extend(text.match_indices(question).map(|(at, _)| (at, answer.clone())));
    };
    add("\x1b[c", "\x1b[?62;22c".to_owned());
    add("\x1b[6n", format!("\x1b[{};{}R", cursor.0 + 1, cursor.1 + 1));
    if let Some(background) = background {
        add("\x1b]11;?", format!("\x1b]11;rgb:{background}\x1b\\"));
        add("\x1b]10;?", "\x1b]10;rgb:8080/8080/8080\x1b\\".to_owned());
    }
    // The beginning of a question may stand at the end.
    let keep = asked.len().min(8);
    let begun = asked[asked.len() - keep..].iter().position(|byte| *byte == 0x1b).filter(|_| answers.is_empty());
    *asked = begun.map_or_else(Vec::new, |at| asked[asked.len() - keep + at..].to_vec());
    answers.sort();
    answers.into_iter().map(|(_, answer)| answer).collect()
}
