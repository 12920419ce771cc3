//! What the history says of a change: the row before and after as JSON, which fields changed, and a few words.
//!
//! Must not know where it is written.

use std::borrow::Cow;

use serde_json::{Value as Json, json};

use crate::domain::{
    change::Change,
    page::Record,
    value::{Value, hex},
};

/// How many characters of a value the summary shows; longer values are only named.
const SHOWN: usize = 40;

/// How many characters the summary has.
const SUMMARY: usize = 200;

/// The whole row as a JSON object, by the names its columns have in this database. Written straight away: there are two of them for each
/// decision, and rows are long.
pub(crate) fn snapshot(record: &Record) -> String {
    let mut json = String::with_capacity(2048);
    for (column, value) in record.relation.columns.iter().zip(&record.cells) {
        json.push(if json.is_empty() { '{' } else { ',' });
        json.push_str(&text(&column.name));
        json.push(':');
        json.push_str(&of(value));
    }
    json.push_str(if json.is_empty() { "{}" } else { "}" });
    json
}

/// JSON has no bytes and no infinity: what it cannot say stands in an object that says what it is, so that nothing is lost.
fn of(value: &Value) -> Cow<'static, str> {
    match value {
        Value::Null => "null".into(),
        Value::Integer(number) => number.to_string().into(),
        Value::Real(number) if number.is_finite() => Json::from(*number).to_string().into(),
        Value::Real(number) => json!({ "$real": if *number > 0.0 { "Inf" } else { "-Inf" } }).to_string().into(),
        Value::Text(bytes) => match std::str::from_utf8(bytes.head()) {
            Ok(words) => text(words).into(),
            Err(_) => json!({ "$text": hex(bytes.head()) }).to_string().into(),
        },
        Value::Blob(bytes) => json!({ "$blob": hex(bytes.head()) }).to_string().into(),
    }
}

/// A text can always be said: there is no error to be had.
fn text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// The fields that the change changes, by the names their columns have in this database.
pub(crate) fn changed_fields(change: &Change, before: Option<&Record>) -> Vec<String> {
    let cells = match change {
        Change::Update { set: cells, .. } | Change::Insert { cells, .. } => cells,
        Change::Delete { .. } => return Vec::new(),
    };
    let is_new = |column: usize, value: &Value| before.and_then(|before| before.cells.get(column)) != Some(value);
    let columns = &change.relation().columns;
    cells
        .iter()
        .filter(|(column, value)| is_new(*column, value))
        .filter_map(|(column, _)| Some(columns.get(*column)?.name.clone()))
        .collect()
}

/// Names as a JSON array.
pub(crate) fn names(fields: &[String]) -> String {
    json!(fields).to_string()
}

/// The change in a few words: `status: flagged → active`.
pub(crate) fn summary(change: &Change, before: Option<&Record>) -> String {
    let set = match change {
        Change::Update { set, .. } => set,
        Change::Insert { .. } => return "created".to_owned(),
        Change::Delete { .. } => return "row deleted".to_owned(),
    };
    let columns = &change.relation().columns;
    let mut words = Vec::new();
    for (column, new) in set {
        let Some(name) = columns.get(*column).map(|column| &column.name) else { continue };
        let old = before.and_then(|before| before.cells.get(*column));
        if old == Some(new) {
            continue;
        }
        words.push(match (old.and_then(short), short(new)) {
            (Some(old), Some(new)) => format!("{name}: {old} → {new}"),
            _ => format!("{name} edited"),
        });
    }
    if words.is_empty() {
        return "nothing changed".to_owned();
    }
    let words = words.join(", ");
    match words.char_indices().nth(SUMMARY) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// A value that fits into a line of words.
fn short(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some("NULL".to_owned()),
        Value::Blob(_) => None,
        value => {
            let plain = value.to_plain();
            let fits = plain.chars().take(SHOWN + 1).count() <= SHOWN && !plain.chars().any(char::is_control);
            fits.then(|| if plain.is_empty() { "''".to_owned() } else { plain.into_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{page::RowKey, schema::samples, value::Bytes};

    fn record(cells: Vec<Value>) -> Record {
        let names = ["id", "status", "answer"];
        Record { relation: Arc::new(samples::table("questions", &names)), key: RowKey::Rowid(1), cells }
    }

    fn update(before: &Record, set: Vec<(usize, Value)>) -> Change {
        Change::Update { relation: Arc::clone(&before.relation), key: before.key.clone(), shown: Vec::new(), set }
    }

    #[test]
    fn a_snapshot_holds_every_value() {
        let row = record(vec![Value::Integer(i64::MAX), Value::text("a\0\"b\u{1b}"), Value::Null]);
        assert_eq!(snapshot(&row), r#"{"id":9223372036854775807,"status":"a\u0000\"b\u001b","answer":null}"#);
        let odd = record(vec![
            Value::Real(f64::NEG_INFINITY),
            Value::Text(Bytes::whole(*b"a\xff")),
            Value::Blob(Bytes::whole(*b"\0\x01")),
        ]);
        assert_eq!(snapshot(&odd), r#"{"id":{"$real":"-Inf"},"status":{"$text":"61ff"},"answer":{"$blob":"0001"}}"#);
        assert_eq!(snapshot(&record(vec![Value::Real(0.1), Value::Real(1.0), Value::Null])).matches("1.0").count(), 1);
    }

    #[test]
    fn a_summary_says_what_changed_in_a_line() {
        let before = record(vec![Value::text("q"), Value::text("flagged"), Value::text("long\ntext")]);
        let change =
            update(&before, vec![(1, Value::text("active")), (2, Value::text("other")), (0, Value::text("q"))]);
        assert_eq!(summary(&change, Some(&before)), "status: flagged → active, answer edited");
        assert_eq!(changed_fields(&change, Some(&before)), ["status", "answer"]);
        assert_eq!(names(&changed_fields(&change, Some(&before))), r#"["status","answer"]"#);
        let same = update(&before, vec![(1, Value::text("flagged"))]);
        assert_eq!(summary(&same, Some(&before)), "nothing changed");
        let many = update(&before, (0..30).map(|at| (1, Value::text(&format!("{at:030}")))).collect());
        assert_eq!(summary(&many, Some(&before)).chars().count(), SUMMARY + 1);
        let empty = update(&before, vec![(1, Value::text(""))]);
        assert_eq!(summary(&empty, Some(&before)), "status: flagged → ''");
    }
}
