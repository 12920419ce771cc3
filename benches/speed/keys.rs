//! From a key to its frame, while nothing else happens and while a query runs that does not end.

use std::time::Duration;

use crate::{
    process,
    pty::Terminal,
    report::{Report, Verdict},
    setting::{Setting, open},
    typing::{Pace, Random, Typed, any, storm},
};

/// From a key to its frame.
pub(crate) const LIMIT: Duration = Duration::from_millis(16);
const WORDS: &str = "p99 ≤ 16 ms";
/// No run of keys takes longer.
const LONG: Duration = Duration::from_secs(900);
/// Keys follow a frame within this time: sooner than the next frame may come, and later.
const PACE: Pace = Pace::Within(Duration::from_millis(24));
const QUIET: Duration = Duration::from_millis(300);
const PATIENCE: Duration = Duration::from_secs(20);
/// A view that is counted for longer than anybody waits.
const ENDLESS: &str = "CREATE VIEW endless AS \
                       WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT i FROM n";

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let keys = setting.runs(10_000, 1_000);
    let big = setting.big()?;
    let mut terminal = start(setting, &big)?;
    let mut random = Random::new(1);
    let typed = storm(&mut terminal, &mut random, keys, LONG, PACE, any)?;
    line(report, "key → frame, random keys", &typed);
    let typed = storm(&mut terminal, &mut random, keys / 5, LONG, Pace::AtOnce, any)?;
    line(report, "key → frame, each key as soon as the frame before is there", &typed);
    terminal.quit(b"\x03");
    report.note(&floor_words(setting, keys / 10)?);

    let slow = setting.copy("endless.db")?;
    open(&slow)?.execute_batch(ENDLESS).map_err(|error| error.to_string())?;
    let mut terminal = start(setting, &slow)?;
    let before = (process::cpu(terminal.pid()?)?, std::time::Instant::now());
    let typed = storm(&mut terminal, &mut Random::new(2), keys, LONG, PACE, any)?;
    let busy = (process::cpu(terminal.pid()?)? - before.0).as_secs_f64() / before.1.elapsed().as_secs_f64();
    line(report, "key → frame, random keys while a count runs that does not end", &typed);
    report.note(&format!("the program kept {:.0} % of a core busy meanwhile", busy * 100.0));
    terminal.quit(b"\x03");
    Ok(())
}

/// [`floor`] in words.
pub(crate) fn floor_words(setting: &Setting, keys: usize) -> Result<String, String> {
    let spread = floor(setting, keys)?.latencies.spread();
    Ok(format!("the minimal program, first and last page in turns, on this machine now: {spread}"))
}

/// What this machine, its pseudo-terminal and this measuring allow at best at the moment.
fn floor(setting: &Setting, keys: usize) -> Result<Typed, String> {
    let big = setting.big()?;
    let path = big.to_str().ok_or("the path of the database is no text")?;
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut terminal = Terminal::start(&program, &["--minimal", path], &setting.home())?;
    terminal.settle(QUIET, PATIENCE)?;
    let turns = |_: &mut Random, number: usize| {
        if number.is_multiple_of(2) { ("G", b"G".as_slice()) } else { ("g", b"g".as_slice()) }
    };
    let typed = storm(&mut terminal, &mut Random::new(5), keys, LONG, PACE, turns)?;
    terminal.quit(b"q");
    Ok(typed)
}

/// The program on the ledger, at rest or hard at work.
fn start(setting: &Setting, path: &std::path::Path) -> Result<Terminal, String> {
    let path = path.to_str().ok_or("the path of the database is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[path, "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    // Where a count never ends, its time keeps changing on the screen.
    terminal.settle(QUIET, Duration::from_secs(3))?;
    Ok(terminal)
}

/// Says what typing showed.
pub(crate) fn line(report: &mut Report, what: &str, typed: &Typed) {
    report.plain(what, typed.latencies.spread(), WORDS, Verdict::of(typed.latencies.quantile(0.99) <= LIMIT));
    report.note(&format!(
        "{} keys with a frame, {} without one; slowest: {}",
        typed.latencies.len(),
        typed.silent,
        typed.slowest()
    ));
}
