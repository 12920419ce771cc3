//! The snapshot of a row as SQL: what [`snapshot`](crate::db::write::snapshot) makes of a row that is here, made of one that is there.
//!
//! The history's row is written in the same transaction as the row it speaks of, before anybody here has seen what triggers made of
//! it. Must agree with `snapshot`: the same row gives equal JSON.

use crate::{
    db::sql::{Source, literal},
    domain::{schema::Relation, value::Value},
};

/// How many columns stand in one expression: its depth is limited to 1,000 (<https://www.sqlite.org/limits.html>).
const GROUP: usize = 100;

/// An expression for the snapshot of the row that the condition finds, NULL where there is none. `last` are the row's values as they
/// are known so far.
pub(super) fn image(relation: &Relation, condition: &str, last: &[Value]) -> String {
    let source = Source::of(relation);
    let fields: Vec<String> = relation
        .columns
        .iter()
        .zip(&source.columns)
        .enumerate()
        .map(|(at, (column, sql))| {
            let name = serde_json::Value::from(column.name.as_str()).to_string();
            let comma = if at == 0 { "" } else { "," };
            let name = literal(&Value::text(&format!("{comma}{name}:")));
            format!("{name} || {}", field(sql, last.get(at)))
        })
        .collect();
    let groups: Vec<String> = fields.chunks(GROUP).map(|group| format!("({})", group.join(" || "))).collect();
    format!("({}SELECT '{{' || {} || '}}' FROM {} WHERE {condition})", source.with, groups.join(" || "), source.from)
}

/// A value as JSON. Digits: SQLite's own JSON writes floats with 15 of them; 17 give every float back.
fn field(column: &str, last: Option<&Value>) -> String {
    // SQLite does not see whether a text is UTF-8: one that was not so far goes by its bytes.
    let text = match last {
        Some(Value::Text(bytes)) if std::str::from_utf8(bytes.head()).is_err() => {
            format!("WHEN 'text' THEN '{{\"$text\":\"' || lower(hex({column})) || '\"}}' ")
        }
        _ => String::new(),
    };
    format!(
        "CASE typeof({column}) WHEN 'real' THEN CASE {column} WHEN 9e999 THEN '{{\"$real\":\"Inf\"}}' \
         WHEN -9e999 THEN '{{\"$real\":\"-Inf\"}}' ELSE printf('%!.17g', {column}) END \
         WHEN 'blob' THEN '{{\"$blob\":\"' || lower(hex({column})) || '\"}}' {text}ELSE json_quote({column}) END"
    )
}
