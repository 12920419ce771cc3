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

/// A value as JSON, by what it was as far as that is known.
fn field(column: &str, last: Option<&Value>) -> String {
    // SQLite does not see whether a text is UTF-8: one that was not so far goes by its bytes.
    let text = match last {
        Some(Value::Text(bytes)) if std::str::from_utf8(bytes.head()).is_err() => {
            format!("WHEN 'text' THEN '{{\"$text\":\"' || lower(hex({column})) || '\"}}' ")
        }
        _ => String::new(),
    };
    // SQLite writes floats with 17 digits nearly right, to the last bit or two: one that is known is written here.
    let float = match last {
        Some(Value::Real(number)) if number.is_finite() => {
            format!("WHEN {} THEN '{}' ", literal(&Value::Real(*number)), serde_json::Value::from(*number))
        }
        _ => String::new(),
    };
    format!(
        "CASE typeof({column}) WHEN 'real' THEN CASE {column} {float}WHEN 9e999 THEN '{{\"$real\":\"Inf\"}}' \
         WHEN -9e999 THEN '{{\"$real\":\"-Inf\"}}' ELSE printf('%!.17g', {column}) END \
         WHEN 'blob' THEN '{{\"$blob\":\"' || lower(hex({column})) || '\"}}' {text}ELSE json_quote({column}) END"
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use rusqlite::Connection;
    use serde_json::Value as Json;

    use super::*;
    use crate::{
        db::write::snapshot::snapshot,
        domain::{
            page::{Record, RowKey},
            schema::samples,
            value::Bytes,
        },
    };

    /// What the database makes of a row of these values, and what is made of it here.
    fn both(values: Vec<Value>) -> (Json, Json) {
        let names: Vec<String> = (0..values.len()).map(|at| format!("c\"{at}'\n")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let relation = Arc::new(samples::table("odd table", &names));
        let connection = Connection::open_in_memory().unwrap();
        let columns: Vec<String> = names.iter().map(|name| crate::db::sql::quoted(name)).collect();
        let row: Vec<String> = values.iter().map(literal).collect();
        connection
            .execute_batch(&format!(
                "CREATE TABLE \"odd table\"({}); INSERT INTO \"odd table\" VALUES ({})",
                columns.join(", "),
                row.join(", ")
            ))
            .unwrap();
        let sql = format!("SELECT {}", image(&relation, "1", &values));
        let there: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
        let here = snapshot(&Record { relation, key: RowKey::Rowid(1), cells: values });
        (serde_json::from_str(&there).unwrap(), serde_json::from_str(&here).unwrap())
    }

    #[test]
    fn the_image_of_a_row_is_its_snapshot() {
        let mut values: Vec<Value> = vec![
            Value::Null,
            Value::Integer(i64::MIN),
            Value::Integer(i64::MAX),
            Value::Text(Bytes::whole(*b"a\0b")),
            Value::Text(Bytes::whole(*b"a\xffb")),
            Value::Blob(Bytes::whole(*b"\0\xff")),
            Value::Blob(Bytes::default()),
        ];
        values.extend(["", "it's \"x\" \\ \u{1b}[31m\r\n\t", "漢字😀\u{202e}", "{\"a\":1}", "null"].map(Value::text));
        values.extend(
            [0.1 + 0.2, 1.0, -0.0, 5e-324, f64::MAX, 1e15, 1e16, f64::INFINITY, f64::NEG_INFINITY].map(Value::Real),
        );
        let (there, here) = both(values);
        assert_eq!(there, here);
    }

    #[test]
    fn a_wide_row_and_any_float_come_through() {
        let mut bits = 88_172_645_463_325_252_u64;
        let floats = std::iter::from_fn(|| {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            Some(f64::from_bits(bits))
        });
        // 2,000 columns are the limit.
        let values: Vec<Value> = floats.filter(|float| !float.is_nan()).take(1900).map(Value::Real).collect();
        let (there, here) = both(values);
        let (there, here) = (there.as_object().unwrap(), here.as_object().unwrap());
        assert_eq!(there.len(), 1900);
        for (name, value) in here {
            assert_eq!(there[name], *value, "{name}");
        }
    }

    #[test]
    fn a_row_that_is_not_there_has_none() {
        let relation = samples::table("t", &["a"]);
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1)").unwrap();
        let sql = format!("SELECT {} IS NULL", image(&relation, "t.a = 2", &[]));
        assert!(connection.query_row(&sql, [], |row| row.get::<_, bool>(0)).unwrap());
    }
}
