//! All rows of a table out of a server, against the driver's own cursor.

use std::{
    ops::ControlFlow,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use libsql::Builder;
use reelscope::{db::session::ReadSession, domain::value::Value};

use crate::{
    remote::{ROWS, Remote},
    report::{Line, Report, Verdict},
    samples::{Samples, ms},
    setting::Setting,
};

/// Of the cursor's rate.
const LIMIT: f64 = 0.9;

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let remote = Remote::start(setting)?;
    let url = remote.proxy.url();
    let (mut scans, mut exports, mut cursors) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..setting.runs(7, 3) {
        cursors.push(cursor(&url)?);
        scans.push(scan(&remote)?);
        exports.push(export(setting, &url)?);
    }
    let cursors = Samples::new(cursors);
    for (what, times) in [("library", scans), ("program, as CSV", exports)] {
        let times = Samples::new(times);
        let ratio = cursors.median().as_secs_f64() / times.median().as_secs_f64();
        report.line(Line {
            what: format!("export of {ROWS} rows ({what})"),
            measured: format!("{:.0} rows/s, {}", rate(&times), ms(times.median())),
            reference: format!("the driver's cursor {:.0} rows/s, {}", rate(&cursors), ms(cursors.median())),
            ratio: Some(ratio),
            limit: "≥ 0.9 × the rate",
            verdict: Verdict::of(ratio >= LIMIT),
        });
    }
    Ok(())
}

fn rate(times: &Samples) -> f64 {
    ROWS as f64 / times.median().as_secs_f64()
}

/// All rows by the driver alone: its connection, its cursor, every value looked at.
fn cursor(url: &str) -> Result<Duration, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let read = async {
        let begun = Instant::now();
        let database = Builder::new_remote(url.to_owned(), String::new()).build().await?;
        let mut rows = database.connect()?.query("SELECT * FROM bot_ledger ORDER BY id", ()).await?;
        let columns = rows.column_count();
        let mut count = 0;
        while let Some(row) = rows.next().await? {
            for column in 0..columns {
                std::hint::black_box(row.get_value(column)?);
            }
            count += 1;
        }
        Ok((begun.elapsed(), count))
    };
    let (took, count) = runtime.block_on(read).map_err(|error: libsql::Error| format!("the cursor: {error}"))?;
    whole(count).map(|()| took)
}

/// All rows by the library: opening, the schema, every value.
fn scan(remote: &Remote) -> Result<Duration, String> {
    let begun = Instant::now();
    let read = || {
        let mut session = ReadSession::open(&remote.location()?).map_err(|error| error.to_string())?;
        let schema = session.schema().map_err(|error| error.to_string())?;
        let relation = schema.find("bot_ledger").ok_or("there is no bot_ledger")?;
        let mut count = 0;
        let mut each = |values: &[Value]| {
            std::hint::black_box(values);
            count += 1;
            ControlFlow::Continue(())
        };
        session.scan(relation, &mut each).map_err(|error| error.to_string())?;
        Ok::<_, String>(count)
    };
    let count = read()?;
    let took = begun.elapsed();
    whole(count).map(|()| took)
}

/// All rows by the program, from its start to its end.
fn export(setting: &Setting, url: &str) -> Result<Duration, String> {
    let begun = Instant::now();
    let output = Command::new(Setting::program())
        .args(["export", url, "bot_ledger", "--format", "csv"])
        .env("HOME", setting.home())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let took = begun.elapsed();
    if !output.status.success() {
        return Err(format!("reelscope export: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let lines = output.stdout.iter().filter(|byte| **byte == b'\n').count() as u64;
    // The header's line, and more than one for a row whose text has several.
    if lines <= ROWS {
        return Err(format!("{lines} lines came for {ROWS} rows"));
    }
    Ok(took)
}

fn whole(rows: u64) -> Result<(), String> {
    if rows == ROWS { Ok(()) } else { Err(format!("{rows} rows came of {ROWS}")) }
}
