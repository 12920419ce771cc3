//! How fast the generator makes the database that the rest is measured on.

use crate::{
    report::{Report, Verdict},
    samples::ms,
    setting::Setting,
};

/// Rows in a second.
const LIMIT: f64 = 100_000.0;

/// Runs the section.
pub(crate) fn run(setting: &Setting, report: &mut Report) -> Result<(), String> {
    let (took, rows) = setting.generate()?;
    let rate = rows as f64 / took.as_secs_f64();
    report.plain(
        &format!("generating {} ledger and as many history rows", setting.rows),
        format!("{rate:.0} rows/s ({rows} rows with all tables and indexes in {})", ms(took)),
        "> 100,000 rows/s",
        Verdict::of(rate > LIMIT),
    );
    Ok(())
}
