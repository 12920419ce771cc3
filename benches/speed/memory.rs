//! The most memory the program ever has, after all rows of a large and of a small table went over its screen.

use std::{path::Path, time::Duration};

use crate::{
    process,
    pty::{Look, Terminal},
    report::{Line, Report, Verdict},
    setting::{Setting, number, open, texts},
};

/// KiB.
const LIMIT: u64 = 40 * 1024;
/// Of the large table by the small one.
const RATIO: f64 = 1.1;
const SMALL: u64 = 10_000;
/// Keys that are pressed before the next frame is waited for: a key that is held.
const HELD: usize = 4;
const PAGE_DOWN: &[u8] = b"\x1b[6~";
const PATIENCE: Duration = Duration::from_secs(5);
/// How often the screen is read.
const LOOK: usize = 16;

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let small = scrolled(setting, &setting.database(SMALL)?)?;
    let large = scrolled(setting, &setting.big()?)?;
    let ratio = large as f64 / small as f64;
    report.line(Line {
        what: format!("peak memory, all {} rows scrolled through", setting.rows),
        measured: mib(large),
        reference: format!("{SMALL} rows {}", mib(small)),
        ratio: Some(ratio),
        limit: "< 40 MiB, ≤ 1.1 ×",
        verdict: Verdict::of(large < LIMIT && ratio <= RATIO),
    });
    Ok(())
}

fn mib(kib: u64) -> String {
    format!("{:.1} MiB", kib as f64 / 1024.0)
}

/// Peak memory in KiB after `bot_ledger` was scrolled through from the first row to the last.
fn scrolled(setting: &Setting, path: &Path) -> Result<u64, String> {
    let connection = open(path)?;
    let last = number(&connection, "SELECT max(id) FROM bot_ledger")?;
    // The bots' activity shows the last rows, too: these stand before them.
    let signs = format!("SELECT item_id FROM bot_ledger WHERE id > {last} - 30 ORDER BY id LIMIT 3");
    let signs = texts(&connection, &signs)?;
    let there = |screen: &str| signs.iter().all(|id| screen.contains(id.as_str()));
    let path = path.to_str().ok_or("the path of the database is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[path, "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    terminal.settle(Duration::from_millis(300), PATIENCE)?;
    let keys = PAGE_DOWN.repeat(HELD);
    // A page has at least ten rows.
    for batch in 0..last as usize / (10 * HELD) + LOOK {
        let pressed = terminal.send(&keys)?;
        let drawn = terminal.frame_after(pressed, PATIENCE)?.is_some();
        if batch % LOOK == 0 || !drawn {
            terminal.catch_up(Look::Read);
            if there(&terminal.text()) {
                break;
            }
            if !drawn {
                return Err(format!("no frame follows PageDown; the screen:\n{}", terminal.text()));
            }
        }
    }
    terminal.wait_for("the last row", PATIENCE, there)?;
    let peak = process::peak_memory(terminal.pid()?)?;
    terminal.quit(b"q");
    Ok(peak)
}
