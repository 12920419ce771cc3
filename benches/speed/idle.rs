//! What the program does when nobody does anything: nothing.

use std::{thread, time::Duration};

use crate::{
    process,
    pty::{Look, Terminal},
    report::{Report, Verdict},
    setting::Setting,
};

const LONG: Duration = Duration::from_secs(10);
/// Time on the processor that is allowed in this time.
const LIMIT: Duration = Duration::from_millis(20);
const QUIET: Duration = Duration::from_secs(2);
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let big = setting.big()?;
    let path = big.to_str().ok_or("the path of the database is no text")?;
    let mut terminal = Terminal::start(Setting::program(), &[path, "bot_ledger"], &setting.home())?;
    terminal.wait_for("the table", PATIENCE, |screen| screen.contains("bot_name"))?;
    if !terminal.settle(QUIET, PATIENCE)? {
        return Err("the program does not come to rest".to_owned());
    }
    let pid = terminal.pid()?;
    let (bytes, frames) = terminal.received();
    let (cpu, reads, wakes) = (process::cpu(pid)?, process::reads(pid)?, process::wakes(pid)?);
    thread::sleep(LONG);
    let cpu = process::cpu(pid)?.saturating_sub(cpu);
    let (reads, wakes) = (process::reads(pid)? - reads, process::wakes(pid)? - wakes);
    terminal.catch_up(Look::Read);
    let (bytes, frames) = (terminal.received().0 - bytes, terminal.received().1 - frames);
    report.plain(
        "idle for 10 s",
        format!("{frames} frames, {bytes} bytes, {:.4} s CPU", cpu.as_secs_f64()),
        "0 frames, 0 bytes, ≤ 0.02 s CPU",
        Verdict::of(frames == 0 && bytes == 0 && cpu <= LIMIT),
    );
    report.note(&format!("{wakes} wake-ups and {reads} reading system calls in all threads: the change check"));
    terminal.quit(b"q");
    Ok(())
}
