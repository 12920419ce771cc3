//! Random keys as somebody at the keyboard would press them, and the time from each to its frame.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use crate::{
    process,
    pty::{Look, Terminal},
    samples::Samples,
};

/// A frame that does not come within this time, from a program that waits for the next key, does not come: the key changed
/// nothing that is seen.
const PATIENCE: Duration = Duration::from_millis(30);
/// Times this, a program that is still busy is waited for.
const MOST: usize = 30;
/// How often to look whether the program still lives as it should.
const LOOK: usize = 500;

/// (how often, chords as in the keymap, what a terminal sends). Nothing that ends the program, leaves it, or writes to the
/// clipboard.
const KEYS: [(u32, &str, &[u8]); 53] = [
    (8, "j", b"j"),
    (8, "k", b"k"),
    (6, "h", b"h"),
    (6, "l", b"l"),
    (6, "down", b"\x1b[B"),
    (4, "up", b"\x1b[A"),
    (3, "left", b"\x1b[D"),
    (3, "right", b"\x1b[C"),
    (5, "ctrl-d", b"\x04"),
    (4, "ctrl-u", b"\x15"),
    (3, "ctrl-f", b"\x06"),
    (3, "ctrl-b", b"\x02"),
    (6, "pagedown", b"\x1b[6~"),
    (4, "pageup", b"\x1b[5~"),
    (2, "g g", b"gg"),
    (2, "G", b"G"),
    (1, "home", b"\x1b[H"),
    (1, "end", b"\x1b[F"),
    (2, "0", b"0"),
    (2, "$", b"$"),
    (1, "1 %", b"1%"),
    (1, "5 0 %", b"50%"),
    (1, "9 3 %", b"93%"),
    (2, "s", b"s"),
    (1, "S", b"S"),
    (2, "[", b"["),
    (2, "]", b"]"),
    (2, "tab", b"\t"),
    (1, "shift-tab", b"\x1b[Z"),
    (4, "esc", b"\x1b"),
    (1, "?", b"?"),
    (1, ":", b":"),
    (1, "/", b"/"),
    (1, "n", b"n"),
    (1, "v", b"v"),
    (1, "z", b"z"),
    (1, "w", b"w"),
    (1, "+", b"+"),
    (1, "t", b"t"),
    (1, "<", b"<"),
    (1, ">", b">"),
    (1, "H", b"H"),
    (2, "=", b"="),
    (1, "!", b"!"),
    (1, "D", b"D"),
    (1, "p", b"p"),
    (1, "P", b"P"),
    (4, "enter", b"\r"),
    (1, "backspace", b"\x7f"),
    (1, "space", b" "),
    (1, "R", b"R"),
    (4, "g r", b"gr"),
    (1, "g b", b"gb"),
];

/// A small generator of numbers that is the same everywhere (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
pub(crate) struct Random(u64);

impl Random {
    /// With this seed.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) const fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// A key: its chords and its bytes.
    pub(crate) fn key(&mut self) -> (&'static str, &'static [u8]) {
        let all = KEYS.iter().map(|(weight, ..)| u64::from(*weight)).sum();
        let mut ticket = self.below(all);
        for (weight, chords, bytes) in KEYS {
            if ticket < u64::from(weight) {
                return (chords, bytes);
            }
            ticket -= u64::from(weight);
        }
        ("j", b"j")
    }
}

/// How fast keys follow each other.
#[derive(Clone, Copy)]
pub(crate) enum Pace {
    /// Up to this time after the frame of the one before, evenly spread: a key meets the program in any state.
    Within(Duration),
    /// When the frame of the one before has come: as fast as anybody can who looks.
    AtOnce,
}

/// What typing showed.
pub(crate) struct Typed {
    /// Key to frame.
    pub(crate) latencies: Samples,
    /// Keys without a frame.
    pub(crate) silent: usize,
    slowest: BTreeMap<&'static str, (usize, Duration)>,
}

impl Typed {
    /// The slowest keys, in words.
    pub(crate) fn slowest(&self) -> String {
        let mut slowest: Vec<_> = self.slowest.iter().collect();
        slowest.sort_by_key(|(_, (_, time))| std::cmp::Reverse(*time));
        let words = |(key, (late, time)): &(&&str, &(usize, Duration))| {
            format!("{key} ({late} late, max {} ms)", time.as_millis())
        };
        slowest.iter().take(6).map(words).collect::<Vec<_>>().join(", ")
    }
}

/// Chooses the next key by chance or by its number: its chords and its bytes.
pub(crate) type Key = fn(&mut Random, usize) -> (&'static str, &'static [u8]);

/// Any key.
pub(crate) fn any(random: &mut Random, _number: usize) -> (&'static str, &'static [u8]) {
    random.key()
}

/// Presses so many keys, or as many as fit into the time.
pub(crate) fn storm(
    terminal: &mut Terminal,
    random: &mut Random,
    keys: usize,
    time: Duration,
    pace: Pace,
    key: Key,
) -> Result<Typed, String> {
    let deadline = Instant::now() + time;
    let (mut latencies, mut silent) = (Vec::with_capacity(keys), 0);
    let mut slowest = BTreeMap::new();
    for number in 0..keys {
        if Instant::now() > deadline {
            break;
        }
        if let Pace::Within(most) = pace {
            thread::sleep(Duration::from_nanos(random.below(most.as_nanos() as u64)));
        }
        // What was drawn meanwhile is not this key's frame.
        terminal.catch_up(if number % LOOK == 0 { Look::Read } else { Look::Skim });
        let (chords, bytes) = key(random, number);
        let pressed = terminal.send(bytes)?;
        match answer(terminal, pressed)? {
            Some(at) => {
                let latency = at.duration_since(pressed);
                latencies.push(latency);
                let entry = slowest.entry(chords).or_insert((0, Duration::ZERO));
                entry.0 += usize::from(latency > crate::keys::LIMIT);
                entry.1 = latency.max(entry.1);
            }
            None => silent += 1,
        }
    }
    Ok(Typed { latencies: Samples::new(latencies), silent, slowest })
}

/// When the frame that follows the key came.
fn answer(terminal: &mut Terminal, pressed: Instant) -> Result<Option<Instant>, String> {
    let pid = terminal.pid()?;
    for _ in 0..MOST {
        let frame = terminal.frame_after(pressed, PATIENCE)?;
        if frame.is_some() || process::waits(pid) {
            return Ok(frame);
        }
    }
    Ok(None)
}
