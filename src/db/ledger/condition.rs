//! A filter as a condition of SQL: it holds for every row that passes, and for few others.
//!
//! What a row shows is text, while in the database it may be NULL, a number, a blob or bytes that are no text: where a filter could
//! mean one of these, the condition asks for less than the filter does. Only the text that is looked for is asked exactly.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::LOOK;
use crate::{
    db::{review::rows::Rows, sql::literal},
    domain::{
        activity::LedgerFilter,
        time::second,
        value::{Value, hex},
    },
};

/// What the ids of the rows of a time are called: [`of_time`].
pub(super) const A_TIME: &str = "d";

/// The condition.
pub(super) fn of(ledger: &Rows<'_>, filter: &LedgerFilter) -> String {
    // The columns behind the states are the last to be looked at: a row's states may be long.
    let names = [
        any_of(ledger, "botName", &filter.bots),
        any_of(ledger, "action", &filter.actions),
        any_of(ledger, "itemType", &filter.kinds),
        any_of(ledger, "itemId", filter.item.as_slice()),
    ];
    let at = ledger.or_null("createdAt");
    // SQLite rounds to milliseconds first.
    let since = filter.since.map(|since| format!("unixepoch({at}) >= {}", second(since) - 1));
    let until = filter.until.map(|until| format!("unixepoch({at}) <= {}", second(until) + 1));
    let text = filter.text.as_deref().filter(|text| !text.is_empty()).map(|text| within(ledger, text));
    let all: Vec<String> = names.into_iter().chain([since, until, text]).flatten().collect();
    if all.is_empty() { "1".to_owned() } else { all.join(" AND ") }
}

/// The ids of the rows since a time by an index of it, at most one more than are looked at: a superset by their dates, in which both stored
/// forms sort alike. With a day more at both ends, for a time may be stored with the offset of another place.
pub(super) fn of_time(ledger: &Rows<'_>, filter: &LedgerFilter) -> Option<String> {
    let day = SignedDuration::from_hours(24);
    let date = |time: Timestamp| literal(&Value::text(&time.to_zoned(TimeZone::UTC).date().to_string()));
    let (id, at) = (ledger.keys.first()?, ledger.column("createdAt")?);
    let since = filter.since?.checked_sub(day).ok().map(date)?;
    let until = filter.until.and_then(|until| until.checked_add(day * 2).ok()).map(date);
    let until = until.map_or_else(String::new, |until| format!(" AND {at} < {until}"));
    let source = ledger.by_index("createdAt")?;
    Some(format!("{A_TIME}(k) AS (SELECT {id} FROM {source} WHERE {at} >= {since}{until} LIMIT {})", LOOK + 1))
}

/// Whether this name could mean something else than a text that is just it.
pub(super) fn is_odd(ledger: &Rows<'_>, column: &str, name: &str) -> bool {
    let number = name.starts_with(|first: char| first.is_ascii_digit() || "+-.I".contains(first));
    name.is_empty()
        || name.starts_with("x'")
        || name.contains(char::REPLACEMENT_CHARACTER)
        || (number && !ledger.keeps_text(column))
}

fn any_of(ledger: &Rows<'_>, logical: &str, wanted: &[String]) -> Option<String> {
    if wanted.is_empty() {
        return None;
    }
    let Some(column) = ledger.column(logical) else {
        return (!wanted.iter().any(String::is_empty)).then(|| "0".to_owned());
    };
    let (odd, plain): (Vec<&String>, Vec<&String>) = wanted.iter().partition(|name| is_odd(ledger, logical, name));
    let mut any: Vec<String> = odd.iter().map(|name| loosely(column, name)).collect();
    match plain.as_slice() {
        [] => {}
        [name] => any.push(format!("{column} = {}", literal(&Value::text(name)))),
        names => {
            let names: Vec<String> = names.iter().map(|name| literal(&Value::text(name))).collect();
            any.push(format!("{column} IN ({})", names.join(", ")));
        }
    }
    Some(format!("({})", any.join(" OR ")))
}

/// Of a name that may stand for something else.
fn loosely(column: &str, name: &str) -> String {
    let longest = name.split(char::REPLACEMENT_CHARACTER).max_by_key(|part| part.len()).unwrap_or_default();
    if longest.is_empty() && !name.is_empty() {
        return "1".to_owned();
    }
    if longest.len() < name.len() {
        return format!(
            "(typeof({column}) <> 'text' OR instr(CAST({column} AS BLOB), x'{}'))",
            hex(longest.as_bytes())
        );
    }
    format!("({column} IS NULL OR typeof({column}) <> 'text' OR {column} = {})", literal(&Value::text(name)))
}

/// SQLite's `lower` knows the letters of ASCII, as the filter does.
fn within(ledger: &Rows<'_>, text: &str) -> String {
    let text = literal(&Value::text(&text.to_ascii_lowercase()));
    let is_in = |logical: &str| {
        let column = ledger.or_null(logical);
        let shown = format!("CASE typeof({column}) WHEN 'blob' THEN 'x''' || hex({column}) || '''' ELSE {column} END");
        format!("instr(lower({shown}), {text}) > 0")
    };
    format!("({} OR {})", is_in("itemId"), is_in("reason"))
}
