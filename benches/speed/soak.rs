//! Ten minutes of polling with a server that is restarted five times: nothing is left behind, and reading goes on by itself.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    process,
    pty::{Look, Terminal},
    remote::{Remote, difference},
    report::{Line, Report, Verdict},
    samples::{Samples, ms},
    setting::Setting,
};

/// How long it takes, and in a quick run.
const LONG: Duration = Duration::from_secs(600);
const QUICK: Duration = Duration::from_secs(60);
/// How often the server is restarted in this time.
const RESTARTS: u32 = 5;
/// How long the server stays away.
const AWAY: Duration = Duration::from_secs(2);
/// How often it is looked at how much there is of everything.
const LOOK: Duration = Duration::from_millis(500);
/// A row is written every so many looks: there is something to poll for.
const WRITE: usize = 4;
const PATIENCE: Duration = Duration::from_secs(30);
/// What leaks with each restart shows as five: one more is a connection that was not needed in the first minute.
const SLACK: u64 = 1;
/// Memory may grow by this: an allocator gives nothing back at once.
const MEMORY: f64 = 1.1;

/// How much there is of everything.
#[derive(Clone, Copy)]
struct Sample {
    at: Duration,
    counts: [u64; NAMES.len()],
}

const NAMES: [&str; 6] = [
    "threads",
    "open files and sockets",
    "memory (KiB)",
    "connections at the proxy",
    "the server's open files (each stream has some)",
    "the server's threads",
];
const MEMORY_AT: usize = 2;
/// How many threads the server keeps is its own affair.
const SERVER_THREADS_AT: usize = 5;

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let long = if setting.quick { QUICK } else { LONG };
    let mut remote = Remote::start(setting)?;
    let mut terminal = Terminal::start(Setting::program(), &[&remote.proxy.url(), "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.settle(Duration::from_millis(500), Duration::from_secs(5))?;
    let (before, begun) = (remote.proxy.counts(), Instant::now());
    let (mut samples, mut back) = (Vec::new(), Vec::new());
    // The first minute ends before the first restart, and the last one begins behind the last.
    let gap = long / (RESTARTS + 1);
    let mut restarts = 0;
    for look in 0_usize.. {
        let now = begun.elapsed();
        if now >= long {
            break;
        }
        if restarts < RESTARTS && now >= gap * (restarts + 1) {
            restarts += 1;
            back.push(restarted(&mut remote, &mut terminal, restarts)?);
        } else if look.is_multiple_of(WRITE) {
            write(&remote, "soak");
            // Pages are read, too, the same ones over and over: others would fill the memory of answers, up to its room.
            terminal.send(if look.is_multiple_of(WRITE * 2) { b"\x1b[6~" } else { b"gg" })?;
        }
        samples.push(sample(&remote, &terminal, begun)?);
        terminal.catch_up(Look::Read);
        thread::sleep(LOOK);
    }
    let passed = difference(before, remote.proxy.counts());
    report.note(&format!(
        "{} requests on {} connections in {} s, {} restarts",
        passed.requests,
        passed.connections,
        long.as_secs(),
        back.len()
    ));
    let back = Samples::new(back);
    report.plain(
        "a row written after each restart is on the screen, from the server's first answer",
        format!("{} of {RESTARTS}; p50 {} · max {}", back.len(), ms(back.median()), ms(back.max())),
        "each",
        Verdict::of(back.len() == RESTARTS as usize),
    );
    grown(&samples, gap.min(Duration::from_secs(60)), long, report);
    terminal.quit(b"q");
    Ok(())
}

/// Takes the server away and brings it back: how long it takes until a new row of it is seen among the bots' activity.
fn restarted(remote: &mut Remote, terminal: &mut Terminal, number: u32) -> Result<Duration, String> {
    remote.sqld.kill();
    thread::sleep(AWAY);
    remote.sqld.restart();
    let begun = Instant::now();
    let sign = format!("soak-after-{number}");
    write(remote, &sign);
    let seen = terminal.wait_for("the row written after the restart", PATIENCE, |screen| screen.contains(&sign))?;
    Ok(seen.saturating_duration_since(begun))
}

/// Writes a ledger row about this item.
fn write(remote: &Remote, item: &str) {
    remote.sqld.run(&format!(
        "INSERT INTO bot_ledger (bot_name, action, item_type, item_id, created_at) \
         VALUES ('creator', 'update', 'question', '{item}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))"
    ));
}

fn sample(remote: &Remote, terminal: &Terminal, begun: Instant) -> Result<Sample, String> {
    let (pid, server) = (terminal.pid()?, remote.sqld.process().ok_or("the server is gone")?);
    let counts = [
        process::threads(pid)?,
        process::descriptors(pid)?,
        process::memory(pid)?,
        remote.proxy.counts().open,
        process::descriptors(server)?,
        process::threads(server)?,
    ];
    Ok(Sample { at: begun.elapsed(), counts })
}

/// Holds the middle of the last minute against the most of the first.
fn grown(samples: &[Sample], minute: Duration, long: Duration, report: &mut Report) {
    for (which, name) in NAMES.iter().enumerate() {
        let middle = |from: Duration, to: Duration| {
            let among = samples.iter().filter(|sample| (from..to).contains(&sample.at));
            let mut counts: Vec<u64> = among.map(|sample| sample.counts[which]).collect();
            counts.sort_unstable();
            counts.get(counts.len() / 2).copied().unwrap_or_default()
        };
        // A number that goes up and down within the first minute has not grown when it is at its top later.
        let beginning = samples.iter().filter(|sample| sample.at < minute).map(|sample| sample.counts[which]);
        let first = beginning.max().unwrap_or_default();
        let last = middle(long.saturating_sub(minute), long);
        let most = samples.iter().map(|sample| sample.counts[which]).max().unwrap_or_default();
        let ratio = last as f64 / first.max(1) as f64;
        let kept = if which == MEMORY_AT { ratio <= MEMORY } else { last <= first + SLACK };
        let told = which == SERVER_THREADS_AT;
        report.line(Line {
            what: format!("{name}, last minute (median)"),
            measured: format!("{last} (most at any time {most})"),
            reference: format!("first minute (most) {first}"),
            ratio: Some(ratio),
            limit: match which {
                MEMORY_AT => "≤ 1.1 ×",
                SERVER_THREADS_AT => "",
                _ => "no more, or one",
            },
            verdict: if told { Verdict::Told } else { Verdict::of(kept) },
        });
    }
}
