//! Finding the place of a time in the ledger, by id.
//!
//! Rows are inserted as time goes by, so ids and times go up together, but for clocks that differ and commits that overtook each other. The
//! place is found by halving the ids: at each step the middle time of some rows decides, so that a few wrong clocks do not mislead it. That needs
//! no index, and reads some hundred rows of millions. Where times pass the wanted one more than once (a clock was set back), one of these
//! places is found.

use jiff::Timestamp;

use crate::{db::review::rows::Rows, domain::time::second};

/// So many times are looked at in each step: the middle one decides.
const VOTES: usize = 9;
/// In so many rows.
const NEAR: usize = 64;

/// The rows before the place, which is the table `a` with its one `id`: NULL where every row is before the time, and every id is below 2^63.
pub(super) const BEFORE: &str = "# < coalesce((SELECT id FROM a), 9223372036854775808)";
/// The rows from it on.
pub(super) const FROM: &str = "# >= (SELECT id FROM a)";

/// The tables that lead to `a`.
pub(super) fn at(ledger: &Rows<'_>, time: Timestamp) -> Vec<String> {
    let id = ledger.keys.first().map_or("NULL", String::as_str);
    let (from, at, second) = (&ledger.from, ledger.or_null("createdAt"), second(time));
    let near = |start: &str| {
        format!("SELECT {id} AS k, unixepoch({at}) AS at FROM {from} WHERE {id} >= {start} ORDER BY {id} LIMIT {NEAR}")
    };
    let middle = format!(
        "(SELECT at FROM (SELECT at FROM ({}) WHERE at IS NOT NULL LIMIT {VOTES}) ORDER BY at LIMIT 1 OFFSET {})",
        near("s.pos + s.step"),
        VOTES / 2
    );
    let start = "(SELECT pos FROM s WHERE step = 0)";
    vec![
        // The last id from which on the middle one is before the time, bit by bit. Beyond the greatest integer a sum is a float, which compares well.
        format!(
            "s(pos, step) AS (SELECT (SELECT min({id}) FROM {from}), {} UNION ALL SELECT CASE WHEN s.pos + s.step <= (SELECT max({id}) FROM {from}) \
             AND {middle} < {second} THEN s.pos + s.step ELSE s.pos END, s.step / 2 FROM s WHERE s.step > 0)",
            1_i64 << 62
        ),
        format!(
            "a(id) AS (SELECT coalesce((SELECT k FROM ({}) WHERE at >= {second} ORDER BY k LIMIT 1), \
             (SELECT {id} FROM {from} WHERE {id} >= {start} ORDER BY {id} LIMIT 1 OFFSET {NEAR})))",
            near(start)
        ),
    ]
}
