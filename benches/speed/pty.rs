//! A pseudo-terminal that behaves as a terminal does: it answers what programs ask, at once.
//!
//! Bytes are read and stamped with their time by a thread that does nothing else; what they mean is worked out later, when the
//! program is quiet, so that measuring does not cost what is measured.

use std::{
    io::{Read, Write},
    mem,
    path::Path,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// Columns and rows of the terminal.
pub(crate) const SIZE: (u16, u16) = (200, 60);
/// How a synchronized update ends.
const FRAME_END: &[u8] = b"\x1b[?2026l";
/// What programs ask a terminal, and what xterm answers.
const ANSWERS: [(&[u8], &[u8]); 4] = [
    // Colours first: programs send the question for attributes behind it, to know whether an answer is still to come.
    (b"\x1b]10;?", b"\x1b]10;rgb:e5e5/e5e5/e5e5\x1b\\"),
    (b"\x1b]11;?", b"\x1b]11;rgb:0000/0000/0000\x1b\\"),
    (b"\x1b[c", b"\x1b[?62;22c"),
    (b"\x1b[6n", b"\x1b[1;1R"),
];
/// The terminal is quiet when nothing came for so long.
const LULL: Duration = Duration::from_millis(3);

type Writer = Arc<Mutex<Box<dyn Write + Send>>>;

/// Whether bytes that came are made into a screen now, or kept for later.
#[derive(Clone, Copy)]
pub(crate) enum Look {
    /// Now.
    Read,
    /// Later: it takes time that the program could use.
    Skim,
}

/// Bytes and when they came.
struct Chunk {
    at: Instant,
    bytes: Vec<u8>,
}

/// Finds a sequence in a stream that comes in pieces.
struct Finder {
    needle: &'static [u8],
    tail: Vec<u8>,
}

impl Finder {
    const fn new(needle: &'static [u8]) -> Self {
        Self { needle, tail: Vec::new() }
    }

    /// How often it ends in this piece.
    fn count(&mut self, piece: &[u8]) -> usize {
        self.tail.extend_from_slice(piece);
        let found = self.tail.windows(self.needle.len()).filter(|window| *window == self.needle).count();
        // What is kept is too short to hold the needle a second time.
        let kept = self.tail.len().min(self.needle.len() - 1);
        self.tail.drain(..self.tail.len() - kept);
        found
    }
}

/// A program in its terminal.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    // The terminal hangs up when its master is closed.
    _master: Box<dyn MasterPty + Send>,
    writer: Writer,
    chunks: Receiver<Chunk>,
    frame_end: Finder,
    unparsed: Vec<Chunk>,
    screen: vt100::Parser,
    started: Instant,
    /// When the last bytes came.
    latest: Instant,
    bytes: usize,
    frames: usize,
}

impl Terminal {
    /// Starts a program. It finds an empty home folder, so that nobody's configuration is measured.
    pub(crate) fn start(program: &Path, arguments: &[&str], home: &Path) -> Result<Self, String> {
        let size = PtySize { cols: SIZE.0, rows: SIZE.1, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).map_err(|error| format!("no pseudo-terminal: {error}"))?;
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        command.env("PATH", std::env::var("PATH").unwrap_or_default());
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.cwd(home);
        let mut reader = pair.master.try_clone_reader().map_err(|error| error.to_string())?;
        let writer = pair.master.take_writer().map_err(|error| error.to_string())?;
        let writer: Writer = Arc::new(Mutex::new(writer));
        let (sender, chunks) = mpsc::channel();
        let answering = Arc::clone(&writer);
        thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || read(&mut reader, &answering, &sender))
            .map_err(|error| error.to_string())?;
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).map_err(|error| format!("{}: {error}", program.display()))?;
        drop(pair.slave);
        Ok(Self {
            child,
            _master: pair.master,
            writer,
            chunks,
            frame_end: Finder::new(FRAME_END),
            unparsed: Vec::new(),
            screen: vt100::Parser::new(SIZE.1, SIZE.0, 0),
            started,
            latest: started,
            bytes: 0,
            frames: 0,
        })
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> Result<u32, String> {
        self.child.process_id().ok_or_else(|| "the program has no process".to_owned())
    }

    /// When the program was started.
    pub(crate) const fn started(&self) -> Instant {
        self.started
    }

    /// (bytes, frames) that came so far.
    pub(crate) const fn received(&self) -> (usize, usize) {
        (self.bytes, self.frames)
    }

    /// Types; answers with the moment before.
    pub(crate) fn send(&mut self, keys: &[u8]) -> Result<Instant, String> {
        let at = Instant::now();
        write(&self.writer, keys).map_err(|error| format!("the program does not take keys: {error}"))?;
        Ok(at)
    }

    /// Waits for the end of the next frame that comes after this moment: when its last bytes came. `None` where none comes within
    /// this time.
    pub(crate) fn frame_after(&mut self, moment: Instant, patience: Duration) -> Result<Option<Instant>, String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.chunks.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(chunk) => {
                    let at = chunk.at;
                    if self.take(chunk) > 0 && at >= moment {
                        return Ok(Some(at));
                    }
                }
                Err(RecvTimeoutError::Timeout) => return Ok(None),
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            }
        }
    }

    /// Takes in what is there already.
    pub(crate) fn catch_up(&mut self, look: Look) {
        while let Ok(chunk) = self.chunks.try_recv() {
            self.take(chunk);
        }
        match look {
            Look::Read => self.parse(),
            Look::Skim => {}
        }
    }

    /// Waits until nothing came for `quiet`; false where that is not so within `patience`.
    pub(crate) fn settle(&mut self, quiet: Duration, patience: Duration) -> Result<bool, String> {
        let deadline = Instant::now() + patience;
        while Instant::now() < deadline {
            match self.chunks.recv_timeout(quiet) {
                Ok(chunk) => {
                    self.take(chunk);
                }
                Err(RecvTimeoutError::Timeout) => {
                    self.parse();
                    return Ok(true);
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
            }
        }
        self.parse();
        Ok(false)
    }

    /// Waits until the screen's text is as wanted: the moment the bytes came that made it so.
    pub(crate) fn wait_for(
        &mut self,
        what: &str,
        patience: Duration,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Instant, String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.chunks.recv_timeout(LULL) {
                Ok(chunk) => {
                    self.take(chunk);
                    continue;
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) if self.unparsed.is_empty() => return Err(self.ended()),
                Err(RecvTimeoutError::Disconnected) => {}
            }
            let mut found = None;
            for chunk in mem::take(&mut self.unparsed) {
                self.screen.process(&chunk.bytes);
                if found.is_none() && wanted(&self.screen.screen().contents()) {
                    found = Some(chunk.at);
                }
            }
            if let Some(at) = found {
                return Ok(at);
            }
            // It may have been so before.
            if wanted(&self.screen.screen().contents()) {
                return Ok(self.latest);
            }
            if Instant::now() > deadline {
                return Err(format!("{what} did not come; the screen:\n{}", self.text()));
            }
        }
    }

    /// The screen's text.
    pub(crate) fn text(&mut self) -> String {
        self.parse();
        self.screen.screen().contents()
    }

    /// Ends the program: by this key, and if that does not help, by force.
    pub(crate) fn quit(mut self, key: &[u8]) {
        let _ = write(&self.writer, key);
        let deadline = Instant::now() + Duration::from_secs(2);
        while Instant::now() < deadline {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            thread::sleep(Duration::from_millis(2));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Keeps a chunk; answers how many frames end in it.
    fn take(&mut self, chunk: Chunk) -> usize {
        let ends = self.frame_end.count(&chunk.bytes);
        self.latest = chunk.at;
        self.bytes += chunk.bytes.len();
        self.frames += ends;
        self.unparsed.push(chunk);
        ends
    }

    fn parse(&mut self) {
        for chunk in mem::take(&mut self.unparsed) {
            self.screen.process(&chunk.bytes);
        }
    }

    fn ended(&mut self) -> String {
        format!("the program ended; the screen:\n{}", self.text())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn write(writer: &Writer, bytes: &[u8]) -> std::io::Result<()> {
    let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
    writer.write_all(bytes)?;
    writer.flush()
}

/// Reads until the program is gone.
fn read(reader: &mut dyn Read, answering: &Writer, chunks: &Sender<Chunk>) {
    let mut finders = ANSWERS.map(|(question, answer)| (Finder::new(question), answer));
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = reader.read(&mut buffer) {
        let at = Instant::now();
        let bytes = &buffer[..length];
        for (finder, answer) in &mut finders {
            for _ in 0..finder.count(bytes) {
                let _ = write(answering, answer);
            }
        }
        if chunks.send(Chunk { at, bytes: bytes.to_vec() }).is_err() {
            return;
        }
    }
}
