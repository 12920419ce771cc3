//! The runs during which their bots wrote ledger rows about an item.
//!
//! No column says so: a run is found by its bot and its time. One that never ended (many bots died) is taken to have ended when its bot's next run
//! began; otherwise each of them would have written everything since. Times are compared in whole seconds, as SQLite's own form has no more.

use super::about;
use crate::{
    db::review::rows::{BEFORE_ALL, Rows, instant},
    domain::{activity::Item, review::STORY, schema::Schema},
};

/// The condition that a run is one of them; the newest of the item's ledger rows decide, those that a story has. `None` where the tables do not
/// say who did what when.
pub(super) fn that_wrote(runs: &Rows<'_>, schema: &Schema, item: &Item, kinds: &[&str]) -> Option<String> {
    let ledger = Rows::catalogued(schema, "botLedger")?;
    let wrote = about(&ledger, ["itemId", "itemType"], item, kinds)?;
    let (who, at) = (ledger.column("botName")?, ledger.column("createdAt")?);
    let (bot, began) = (runs.column("botName")?, runs.column("startedAt")?);
    let ended = runs.or_null("completedAt");
    let names: Vec<String> = (0..runs.keys.len()).map(|at| format!("k{at}")).collect();
    let keys: Vec<String> = runs.keys.iter().zip(&names).map(|(key, name)| format!("{key} AS {name}")).collect();
    Some(format!(
        "({}) IN (WITH e(bot, at) AS (SELECT {who}, {} FROM {} WHERE {wrote} ORDER BY {} DESC LIMIT {STORY}), \
         r AS (SELECT *, lead(began) OVER (PARTITION BY bot ORDER BY began) AS next FROM (SELECT {}, {bot} AS bot, {} AS began, {} AS ended, {} AS is_on \
         FROM {} WHERE {bot} IN (SELECT bot FROM e)) WHERE began IS NOT NULL) \
         SELECT {} FROM e CROSS JOIN r ON r.bot = e.bot AND e.at >= r.began \
         AND (e.at <= r.ended OR (r.is_on AND r.ended IS NULL AND (r.next IS NULL OR e.at < r.next))))",
        runs.keys.join(", "),
        second(at),
        ledger.from,
        instant(at, BEFORE_ALL),
        keys.join(", "),
        second(began),
        second(ended),
        runs.is("status", "running"),
        runs.from,
        names.join(", "),
    ))
}

/// What a run did to how many items, in words; NULL where it did nothing.
pub(super) fn items(runs: &Rows<'_>) -> String {
    let counted = ["Processed", "Created", "Updated", "Deleted"].map(|what| {
        let column = runs.or_null(&format!("items{what}"));
        format!("coalesce(', {} ' || nullif({column}, 0), '')", what.to_lowercase())
    });
    format!("nullif(substr({}, 3), '')", counted.join(" || "))
}

/// A time as text that sorts as times do, to the second; NULL for what SQLite does not read as a time.
fn second(column: &str) -> String {
    format!("strftime('%Y-%m-%d %H:%M:%S', {column})")
}
