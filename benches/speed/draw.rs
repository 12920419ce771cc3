//! What a key and a frame cost inside the process, without a terminal: `App::update` and `App::view`.

use std::{
    collections::VecDeque,
    path::Path,
    sync::mpsc::{self, Receiver},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use ratatui::{
    backend::{Backend as _, CrosstermBackend},
    buffer::Buffer,
    layout::Rect,
};
use reelscope::{
    app::{App, AppOptions, DatabaseKind, Telling, layout::Visibility},
    db::{
        location::Location,
        request::{Answer, Reply, Slot},
        workers::Database,
    },
    domain::bots::Limits,
    keymap::{self, KeyTables, Keymap},
    message::{
        command::{Command, MouseCapture},
        event::{Event, Timer},
    },
    panes::{Now, TimeFormat},
    theme::ThemeName,
    widgets::compute,
};

use crate::{
    bots, process,
    pty::SIZE,
    report::{Report, Verdict},
    samples::{Samples, ms},
    setting::{Setting, number, open},
    typing::Random,
};

const LIMIT: Duration = Duration::from_millis(1);
/// A look at the bots takes no longer of the screen's time.
const LOOK: Duration = Duration::from_millis(3);
/// The database is quiet when nothing came for so long.
const QUIET: Duration = Duration::from_millis(150);
const PATIENCE: Duration = Duration::from_secs(30);

/// Screens that are measured by themselves: where the program starts, and the keys that lead there.
const SCREENS: [(&str, &str, &str); 4] = [
    ("ledger rows, bots beside them", "bot_ledger", ""),
    ("questions with the preview", "questions", ""),
    ("schema of a table", "bot_ledger", "D"),
    ("help over it all", "bot_ledger", "?"),
];

/// The program with its database and a terminal that swallows everything.
struct Stage {
    app: App,
    database: Database,
    replies: Receiver<Reply>,
    timers: VecDeque<(Duration, Timer)>,
    backend: CrosstermBackend<std::io::Sink>,
    /// What is drawn on, and what was drawn before.
    buffers: [Buffer; 2],
    begun: Instant,
}

impl Stage {
    fn start(path: &Path, place: &str) -> Result<Self, String> {
        let (sender, replies) = mpsc::channel();
        let database = Database::open(Location::File(path.to_path_buf()), move |reply| {
            let _ = sender.send(reply);
        });
        let app = App::new(AppOptions {
            theme: ThemeName::default(),
            keymap: Keymap::with(&KeyTables::default())?,
            label: "generated".to_owned(),
            whole: "generated".to_owned(),
            copy: None,
            kind: DatabaseKind::File,
            place: Some(place.parse()?),
            mouse: MouseCapture::Off,
            times: TimeFormat::default(),
            preview: Visibility::Shown,
            hint: None,
            notes: Vec::new(),
            writing: None,
            author: String::new(),
            recovered: None,
            seed: [0, 0],
            limits: Limits::default(),
            telling: Telling::default(),
        });
        let blank = Buffer::empty(Rect::new(0, 0, SIZE.0, SIZE.1));
        let mut stage = Self {
            app,
            database,
            replies,
            timers: VecDeque::new(),
            backend: CrosstermBackend::new(std::io::sink()),
            buffers: [blank.clone(), blank],
            begun: Instant::now(),
        };
        let commands = stage.app.start(stage.now(), SIZE);
        stage.execute(commands);
        Ok(stage)
    }

    fn now(&self) -> Now {
        Now { elapsed: self.begun.elapsed(), wall: Timestamp::now() }
    }

    /// How long `update` took; what it asked for is under way then.
    fn update(&mut self, event: Event) -> Duration {
        let now = self.now();
        let begun = Instant::now();
        let commands = self.app.update(event, now);
        let took = begun.elapsed();
        self.execute(commands);
        took
    }

    fn keys(&mut self, chords: &str) -> Result<Duration, String> {
        let mut took = Duration::ZERO;
        for chord in keymap::chords(chords)? {
            took += self.update(Event::Key(chord.event()));
        }
        Ok(took)
    }

    /// Draws, works out what changed and makes it into bytes, as ratatui's terminal does: how long that took.
    fn draw(&mut self) -> Result<Duration, String> {
        let begun = Instant::now();
        let [new, old] = &mut self.buffers;
        new.reset();
        self.app.draw(new.area, new);
        self.backend.draw(old.diff(new).into_iter()).map_err(|error| error.to_string())?;
        self.buffers.swap(0, 1);
        Ok(begun.elapsed())
    }

    /// Forgets what was drawn: the next frame sends every cell.
    fn forget(&mut self) {
        for cell in &mut self.buffers[1].content {
            cell.set_symbol("\u{0}");
        }
    }

    /// Takes in what is there already.
    fn drain(&mut self) {
        while let Ok(reply) = self.replies.try_recv() {
            self.update(Event::Reply(reply));
        }
        let now = self.begun.elapsed();
        for _ in 0..self.timers.len() {
            match self.timers.pop_front() {
                Some((due, timer)) if due <= now => {
                    self.update(Event::Timer(timer));
                }
                Some(later) => self.timers.push_back(later),
                None => {}
            }
        }
    }

    fn settle(&mut self) {
        let mut quiet = Instant::now();
        while quiet.elapsed() < QUIET {
            if let Ok(reply) = self.replies.recv_timeout(Duration::from_millis(5)) {
                // Counts come one by one, and the bots follow the file: neither is waited for.
                if !matches!(reply, Reply::Answer { slot: Slot::Count | Slot::Activity, .. }) {
                    quiet = Instant::now();
                }
                self.update(Event::Reply(reply));
            }
            self.drain();
        }
    }

    /// Takes in looks at the bots until everything is counted: what each of them took, the most tallies of one, how long that was.
    fn count(&mut self, path: &Path) -> Result<(Vec<Duration>, usize, Duration), String> {
        let (mut looks, mut tallies, mut rows) = (Vec::new(), 0, 0);
        let of = number(&open(path)?, "SELECT count(*) FROM bot_ledger")?.unsigned_abs();
        while rows < of {
            let reply = self.replies.recv_timeout(PATIENCE).map_err(|error| error.to_string())?;
            if let Reply::Answer { slot: Slot::Activity, outcome: Ok(Answer::Activity(update)), .. } = &reply {
                tallies = tallies.max(update.board.ledger.len());
                rows = if update.board.ledger_anew { 0 } else { rows };
                rows += update.board.ledger.iter().map(|tally| tally.rows).sum::<u64>();
                looks.push(self.update(Event::Reply(reply)));
            } else {
                self.update(Event::Reply(reply));
            }
        }
        Ok((looks, tallies, self.begun.elapsed()))
    }

    fn execute(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Send(request) => self.database.submit(request),
                Command::Cancel(slot) => self.database.cancel(slot),
                Command::Compute(job) => {
                    let computed = compute::run(&job);
                    self.update(Event::Computed(job, computed));
                }
                Command::After(delay, timer) => {
                    self.timers.retain(|(_, kind)| *kind != timer);
                    self.timers.push_back((self.begun.elapsed() + delay, timer));
                }
                Command::Copy { .. }
                | Command::CaptureMouse(_)
                | Command::OpenEditor(_)
                | Command::Remember(_)
                | Command::SaveFile { .. }
                | Command::Bell
                | Command::Notify { .. }
                | Command::Suspend
                | Command::Quit => {}
            }
        }
    }
}

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let frames = setting.runs(2_000, 500);
    for (what, place, keys) in SCREENS {
        let mut stage = Stage::start(&setting.big()?, place)?;
        stage.settle();
        if !keys.is_empty() {
            stage.keys(keys)?;
            stage.settle();
        }
        frame(&mut stage, frames, what, report)?;
    }
    busy(setting, frames, report)?;
    random(setting, report)
}

fn frame(stage: &mut Stage, frames: usize, what: &str, report: &mut Report) -> Result<(), String> {
    let before = process::own_cpu()?;
    let begun = Instant::now();
    let mut times = Vec::with_capacity(frames);
    for _ in 0..frames {
        stage.forget();
        times.push(stage.draw()?);
    }
    let cpu = cpu_of(&times, before, begun)?;
    let times = Samples::new(times);
    report.plain(
        &format!("frame at {}×{}, every cell anew: {what}", SIZE.0, SIZE.1),
        format!("{} CPU (wall {})", ms(cpu), times.spread()),
        "≤ 1 ms CPU",
        Verdict::of(cpu <= LIMIT),
    );
    Ok(())
}

/// The bots on the whole screen: what their looks cost while the board is filled, and a frame of it then.
fn busy(setting: &Setting, frames: usize, report: &mut Report) -> Result<(), String> {
    let path = setting.copy_of(100_000, "busy.db")?;
    bots::lately(&path)?;
    let mut stage = Stage::start(&path, "bot_ledger")?;
    stage.keys("B")?;
    let (looks, tallies, begun) = stage.count(&path)?;
    let (mean, looks) = (looks.iter().sum::<Duration>() / looks.len().max(1) as u32, Samples::new(looks));
    report.plain(
        "`App::update` of a look while the board is filled",
        format!("{} of {} looks, at most {tallies} tallies each, mean {}", looks.spread(), looks.len(), ms(mean)),
        "p99 ≤ 3 ms",
        Verdict::of(looks.quantile(0.99) <= LOOK),
    );
    report.note(&format!("all of it after {:.2} s", begun.as_secs_f64()));
    for (what, keys) in [("1 h", "3"), ("7 d", "5"), ("everything", "6")] {
        stage.keys(keys)?;
        frame(&mut stage, frames, &format!("bots on the whole screen, {what}"), report)?;
    }
    Ok(())
}

/// The mean time on the processor, from times on the wall: the thread had one for the same part of both.
fn cpu_of(times: &[Duration], before: Duration, begun: Instant) -> Result<Duration, String> {
    let share = (process::own_cpu()? - before).as_secs_f64() / begun.elapsed().as_secs_f64();
    Ok(times.iter().sum::<Duration>().mul_f64(share.min(1.0)) / times.len().max(1) as u32)
}

/// Random keys on one program.
fn random(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let keys = setting.runs(10_000, 2_000);
    let mut stage = Stage::start(&setting.big()?, "bot_ledger")?;
    stage.settle();
    let mut random = Random::new(3);
    let (mut updates, mut draws) = (Vec::with_capacity(keys), Vec::with_capacity(keys));
    let before = process::own_cpu()?;
    let begun = Instant::now();
    for _ in 0..keys {
        stage.drain();
        let (chords, _) = random.key();
        updates.push(stage.keys(chords)?);
        draws.push(stage.draw()?);
    }
    let cpu = cpu_of(&draws, before, begun)?;
    let (updates, draws) = (Samples::new(updates), Samples::new(draws));
    report.plain("`App::update` of a random key, in the process", updates.spread(), "", Verdict::Told);
    report.plain(
        "frame after a random key, in the process",
        format!("{} CPU (wall {})", ms(cpu), draws.spread()),
        "≤ 1 ms CPU",
        Verdict::of(cpu <= LIMIT),
    );
    Ok(())
}
