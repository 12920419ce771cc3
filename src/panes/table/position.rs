//! Where the cursor is, in words: exact where it is known, `≈` where it is reckoned, and nothing that nobody knows.

use super::window::{Standing, Window};
use crate::widgets::number::grouped;

/// `row 1,203 of 27,114`, `≈ 50 % · row ≈ 500,000 of 1,000,000`, `12 before the last`, `row ? of 1,988`.
pub(super) fn words(window: &Window, cursor: i64, counted: Option<u64>) -> String {
    let total = window.total().or(counted);
    if window.is_empty() {
        return "0 rows".to_owned();
    }
    let of = |row: u64| {
        // A count that is older than the rows says less than the rows do.
        total.filter(|total| *total >= row).map(|total| format!(" of {}", grouped(total))).unwrap_or_default()
    };
    match window.standing(cursor, total) {
        Standing::Row(row) => format!("row {}{}", grouped(row), of(row)),
        Standing::AboutRow(row) => match total {
            Some(total) if total > 0 => {
                let percent = (row as f64 / total as f64 * 100.0).min(100.0);
                format!("≈ {percent:.0} % · row ≈ {}{}", grouped(row), of(row))
            }
            _ => format!("row ≈ {}", grouped(row)),
        },
        Standing::BeforeLast(0) => "the last row".to_owned(),
        Standing::BeforeLast(behind) => format!("{} before the last", grouped(behind)),
        Standing::Share(share) => format!("≈ {:.0} %", share * 100.0),
        Standing::Unknown => total.map(|total| format!("row ? of {}", grouped(total))).unwrap_or_default(),
    }
}
