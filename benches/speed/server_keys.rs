//! From a key to its frame while the server is slow, silent, killed and started again: no key waits for it.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use crate::{
    keys,
    pty::{Look, Terminal},
    remote::{DELAY, Remote, difference},
    report::{Report, Verdict},
    setting::Setting,
    support::{
        proxy::{Fault, Proxy},
        sqld::Sqld,
    },
    typing::{Pace, Random, Typed, any, storm},
};

/// No run of keys takes longer.
const LONG: Duration = Duration::from_secs(600);
/// Keys follow a frame within this time.
const PACE: Pace = Pace::Within(Duration::from_millis(24));
const QUIET: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);
/// A slow server.
const SLOW: Duration = Duration::from_secs(3);
/// How long the server is there, and how long it is not.
const UP: Duration = Duration::from_secs(4);

/// Makes a fault.
type Spoil = fn(&Proxy);

/// Keys and those that take them back. Each changes something that is seen at once, whatever the server does: while something is
/// waited for, frames come by themselves (a time counts up), and one of those would be taken for the frame of a key without an
/// effect. For the same reason what asks the server for rows is followed by the palette at once.
const PAIRS: [[Key; 2]; 11] = [
    [("j", b"j"), ("k", b"k")],
    [("down", b"\x1b[B"), ("up", b"\x1b[A")],
    [("l", b"l"), ("h", b"h")],
    [("right", b"\x1b[C"), ("left", b"\x1b[D")],
    [("tab", b"\t"), ("shift-tab", b"\x1b[Z")],
    [("?", b"?"), ("esc", b"\x1b")],
    [(":", b":"), ("esc", b"\x1b")],
    [("G :", b"G:"), ("esc", b"\x1b")],
    [("5 0 % :", b"50%:"), ("esc", b"\x1b")],
    [("R :", b"R:"), ("esc", b"\x1b")],
    [("g g :", b"gg:"), ("esc", b"\x1b")],
];

/// Chords and bytes.
type Key = (&'static str, &'static [u8]);

/// One of the pairs, and then what takes it back.
fn pairs(_: &mut Random, number: usize) -> Key {
    let pair = PAIRS[Random::new((number / 2) as u64).below(PAIRS.len() as u64) as usize];
    pair[number % 2]
}

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let mut remote = Remote::start(setting)?;
    let keys = setting.runs(4_000, 600);
    let faults: [(&str, Spoil); 4] = [
        ("a server 30 ms away", |_| {}),
        ("the server takes 3 s", |proxy| proxy.delay(SLOW)),
        ("the server is silent", |proxy| proxy.break_all(Fault::StallAfter(0))),
        ("the server sends 1 byte a second", |proxy| proxy.break_all(Fault::Trickle)),
    ];
    for (how, spoil) in faults {
        report.part(how, |report| typed(setting, &remote, how, keys, report, spoil));
    }
    report.note(&keys::floor_words(setting, keys / 10)?);
    report.part("a server that is killed", |report| killed(setting, &mut remote, keys, report));
    Ok(())
}

/// The program on the server's ledger, while all is well.
fn start(setting: &Setting, remote: &Remote) -> Result<Terminal, String> {
    remote.proxy.heal();
    remote.proxy.delay(DELAY);
    let mut terminal = Terminal::start(Setting::program(), &[&remote.proxy.url(), "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.settle(QUIET, Duration::from_secs(3))?;
    Ok(terminal)
}

fn typed(
    setting: &Setting,
    remote: &Remote,
    how: &str,
    keys: usize,
    report: &mut Report,
    spoil: Spoil,
) -> Result<(), String> {
    let mut terminal = start(setting, remote)?;
    spoil(&remote.proxy);
    let outcome = measured(remote, &mut terminal, how, keys, report);
    remote.proxy.heal();
    remote.proxy.delay(DELAY);
    terminal.quit(b"\x03");
    outcome
}

fn measured(
    remote: &Remote,
    terminal: &mut Terminal,
    how: &str,
    keys: usize,
    report: &mut Report,
) -> Result<(), String> {
    let (before, begun) = (remote.proxy.counts(), Instant::now());
    let typed = storm(terminal, &mut Random::new(6), keys, LONG, PACE, pairs)?;
    let random = storm(terminal, &mut Random::new(7), keys / 2, LONG, PACE, any)?;
    let passed = difference(before, remote.proxy.counts());
    said(&typed, &random, how, report);
    report.note(&format!(
        "{} requests on {} new connections in {} s",
        passed.requests,
        passed.connections,
        begun.elapsed().as_secs()
    ));
    report.note(&format!("{:.1} frames a second come without a key meanwhile", unasked(terminal)));
    Ok(())
}

/// What typing showed: what counts are the keys that have a frame of their own.
fn said(typed: &Typed, random: &Typed, how: &str, report: &mut Report) {
    keys::line(report, &format!("key → frame, {how}"), typed);
    report.plain(
        &format!("random keys → next frame, be it theirs or not, {how}"),
        random.latencies.spread(),
        "",
        Verdict::Told,
    );
}

/// Frames a second that come by themselves: one that comes soon after a key without an effect is taken for the key's.
fn unasked(terminal: &mut Terminal) -> f64 {
    terminal.catch_up(Look::Read);
    let before = terminal.received().1;
    thread::sleep(UP);
    terminal.catch_up(Look::Read);
    (terminal.received().1 - before) as f64 / UP.as_secs_f64()
}

/// Kills the server and starts it again, over and over, while keys are pressed.
fn killed(setting: &Setting, remote: &mut Remote, keys: usize, report: &mut Report) -> Result<(), String> {
    let mut terminal = start(setting, remote)?;
    let over = AtomicBool::new(false);
    let (sqld, proxy) = (&mut remote.sqld, &remote.proxy);
    let outcome = thread::scope(|scope| {
        let restarting = scope.spawn(|| restarts(sqld, &over));
        let (before, begun) = (proxy.counts(), Instant::now());
        let typed = storm(&mut terminal, &mut Random::new(6), keys, LONG, PACE, pairs);
        let random = storm(&mut terminal, &mut Random::new(7), keys / 2, LONG, PACE, any);
        let (passed, took) = (difference(before, proxy.counts()), begun.elapsed());
        over.store(true, Ordering::Relaxed);
        let times = restarting.join().map_err(|_| "the server cannot be started again".to_owned())?;
        said(&typed?, &random?, "the server is killed and started again", report);
        report.note(&format!(
            "{times} times in {} s; {} requests on {} new connections",
            took.as_secs(),
            passed.requests,
            passed.connections
        ));
        Ok(())
    });
    terminal.quit(b"\x03");
    outcome
}

/// Until it is over: how often.
fn restarts(sqld: &mut Sqld, over: &AtomicBool) -> usize {
    let mut times = 0;
    while !over.load(Ordering::Relaxed) {
        sqld.kill();
        thread::sleep(UP);
        sqld.restart();
        times += 1;
        if !over.load(Ordering::Relaxed) {
            thread::sleep(UP);
        }
    }
    times
}
