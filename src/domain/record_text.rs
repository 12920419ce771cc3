//! A whole row as text: JSON, CSV, SQL, Markdown. Exact: what JSON cannot carry is written so that nothing is lost.
//!
//! In JSON integers and floats are numbers; what JSON has no word for is an object, so that no text can be taken for it:
//! infinities `{"real": "Inf"}`, blobs `{"blob": "hex digits"}`, text that is not UTF-8 `{"invalid_utf8": "hex digits"}`, masked
//! secrets `{"masked": true}`.

use std::fmt::Write as _;

use serde_json::{Number, Value as Json, json};

use crate::domain::{
    catalogue::Meaning,
    page::Record,
    schema::Column,
    value::{Secrets, Value, hex, real},
};

/// What stands for a secret that is not revealed, whatever its length.
pub const MASK: &str = "••••••";

/// Whether the cells of this column are secrets.
pub fn is_secret(column: &Column) -> bool {
    column.facts.is_some_and(|facts| facts.meaning == Meaning::Secret)
}

/// Whether a cell of this column must not be shown: a secret that is not revealed. That there is none is no secret.
pub fn is_masked(column: &Column, value: &Value, secrets: Secrets) -> bool {
    secrets == Secrets::Masked && is_secret(column) && !value.is_null()
}

/// A value as JSON.
pub fn value_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Integer(number) => Json::from(*number),
        Value::Real(number) => Number::from_f64(*number).map_or_else(|| json!({ "real": real(*number) }), Json::Number),
        Value::Text(bytes) => match std::str::from_utf8(bytes.head()) {
            Ok(text) => Json::from(text),
            Err(_) => json!({ "invalid_utf8": hex(bytes.head()) }),
        },
        Value::Blob(bytes) => json!({ "blob": hex(bytes.head()) }),
    }
}

/// A value as an SQL literal.
pub fn sql(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(number) if number.is_infinite() => if *number > 0.0 { "9e999" } else { "-9e999" }.to_owned(),
        Value::Real(number) => real(*number),
        // SQL text ends at NUL and must be UTF-8: other texts go by their bytes.
        Value::Text(bytes) => match std::str::from_utf8(bytes.head()) {
            Ok(text) if !text.contains('\0') => format!("'{}'", text.replace('\'', "''")),
            _ => format!("CAST(x'{}' AS TEXT)", hex(bytes.head())),
        },
        Value::Blob(bytes) => format!("x'{}'", hex(bytes.head())),
    }
}

/// A name in double quotes.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn cells(record: &Record, secrets: Secrets) -> impl Iterator<Item = (&Column, Option<&Value>)> {
    record
        .relation
        .columns
        .iter()
        .zip(&record.cells)
        .map(move |(column, value)| (column, (!is_masked(column, value, secrets)).then_some(value)))
}

/// An object: column → value. Of columns with the same name each gets its own key (`a`, `a:1`), as the schema names them.
pub fn record_json(record: &Record, secrets: Secrets) -> Json {
    Json::Object(
        cells(record, secrets)
            .map(|(column, value)| (column.name.clone(), value.map_or_else(|| json!({ "masked": true }), value_json)))
            .collect(),
    )
}

/// Two lines of CSV: names and values. NULL and empty text are both empty; blobs are `x'…'`.
pub fn record_csv(record: &Record, secrets: Secrets) -> String {
    let line = |cells: &mut dyn Iterator<Item = String>| {
        cells
            .map(|cell| {
                if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
            })
            .collect::<Vec<_>>()
            .join(",")
    };
    let names = line(&mut record.relation.columns.iter().map(|column| column.name.clone()));
    let values = line(
        &mut cells(record, secrets)
            .map(|(_, value)| value.map_or_else(|| MASK.to_owned(), |value| value.to_plain().into_owned())),
    );
    format!("{names}\n{values}\n")
}

/// An INSERT statement. Generated columns are left out.
pub fn record_sql(record: &Record, secrets: Secrets) -> String {
    let kept: Vec<_> = cells(record, secrets).filter(|(column, _)| !column.generated).collect();
    let names: Vec<_> = kept.iter().map(|(column, _)| quoted(&column.name)).collect();
    let values: Vec<_> = kept.iter().map(|(_, value)| value.map_or_else(|| format!("'{MASK}'"), sql)).collect();
    format!("INSERT INTO {} ({}) VALUES ({});\n", quoted(&record.relation.name), names.join(", "), values.join(", "))
}

/// A Markdown table of column and value.
pub fn record_markdown(record: &Record, secrets: Secrets) -> String {
    let escape = |text: &str| text.replace('|', "\\|").replace("\r\n", "<br>").replace(['\n', '\r'], "<br>");
    let mut text = String::from("| column | value |\n| --- | --- |\n");
    for (column, value) in cells(record, secrets) {
        let value = match value {
            None => MASK.to_owned(),
            Some(Value::Null) => "*NULL*".to_owned(),
            Some(value) => escape(&value.to_plain()),
        };
        let _ = writeln!(text, "| {} | {value} |", escape(&column.name));
    }
    text
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        page::RowKey,
        schema::{Relation, samples},
        value::Bytes,
    };

    fn record() -> Record {
        Record {
            relation: Arc::new(Relation {
                name: "us\"ers".to_owned(),
                ..samples::table("users", &["id", "username", "password", "more", "b", "inf"])
            }),
            key: RowKey::Ordinal(0),
            cells: vec![
                Value::Integer(i64::MAX),
                Value::text("O'Neil, \"x\"|\n"),
                Value::text("hash"),
                Value::Null,
                Value::Blob(Bytes::whole(*b"\x00\xff")),
                Value::Real(f64::NEG_INFINITY),
            ],
        }
    }

    #[test]
    fn json_is_exact_and_masks() {
        let text = record_json(&record(), Secrets::Masked).to_string();
        assert_eq!(
            text,
            r#"{"id":9223372036854775807,"username":"O'Neil, \"x\"|\n","password":{"masked":true},"more":null,"b":{"blob":"00ff"},"inf":{"real":"-Inf"}}"#
        );
        assert!(record_json(&record(), Secrets::Revealed).to_string().contains("hash"));
        assert_eq!(value_json(&Value::Real(1.0)).to_string(), "1.0");
        assert_eq!(value_json(&Value::Text(Bytes::whole(*b"a\xff"))), json!({ "invalid_utf8": "61ff" }));
    }

    #[test]
    fn sql_csv_and_markdown_quote() {
        assert_eq!(
            record_sql(&record(), Secrets::Masked),
            "INSERT INTO \"us\"\"ers\" (\"id\", \"username\", \"password\", \"more\", \"b\", \"inf\") VALUES \
             (9223372036854775807, 'O''Neil, \"x\"|\n', '••••••', NULL, x'00ff', -9e999);\n"
        );
        assert!(
            record_csv(&record(), Secrets::Masked).ends_with("\"O'Neil, \"\"x\"\"|\n\",••••••,,x'00ff',-Inf\n"),
            "{}",
            record_csv(&record(), Secrets::Masked)
        );
        let markdown = record_markdown(&record(), Secrets::Masked);
        assert!(markdown.contains("| username | O'Neil, \"x\"\\|<br> |\n| password | •••••• |\n| more | *NULL* |"));
        assert_eq!(sql(&Value::Text(Bytes::whole(*b"a\0b"))), "CAST(x'610062' AS TEXT)");
    }
}
