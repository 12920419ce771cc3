//! What a column's default is, as far as it can be said without a database.

use jiff::Timestamp;

use super::form::{Form, Holds, holds};
use crate::domain::{
    schema::Column,
    value::{Bytes, Value},
};

/// The value a column's default stands for at this time. Without a default it is NULL.
///
/// # Errors
///
/// Why it cannot be said, in words: it is an expression, which only the database can work out.
pub fn default_value(column: &Column, now: Timestamp) -> Result<Value, String> {
    let Some(written) = &column.default else { return Ok(Value::Null) };
    let value = literal(bare(written), now).ok_or_else(|| {
        format!("the default of {} is an expression that only a new row works out: {written}", column.name)
    })?;
    Ok(match (holds(column), &value) {
        (Holds::Text, Value::Integer(_) | Value::Real(_)) => Value::text(&value.to_plain()),
        (wants @ (Holds::Integers | Holds::Reals | Holds::Numbers), Value::Text(_)) => {
            Form::Number(wants).read(&value.to_plain())?
        }
        _ => value,
    })
}

/// Without blanks and the parentheses around the whole.
fn bare(mut written: &str) -> &str {
    loop {
        written = written.trim();
        match written.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            Some(inner) => written = inner,
            None => return written,
        }
    }
}

fn literal(written: &str, now: Timestamp) -> Option<Value> {
    let upper = written.to_ascii_uppercase();
    let at = |format| Some(Value::text(&now.strftime(format).to_string()));
    match upper.replace(' ', "").as_str() {
        "NULL" => return Some(Value::Null),
        "TRUE" => return Some(Value::Integer(1)),
        "FALSE" => return Some(Value::Integer(0)),
        "CURRENT_TIMESTAMP" | "DATETIME('NOW')" => return at("%Y-%m-%d %H:%M:%S"),
        "CURRENT_DATE" | "DATE('NOW')" => return at("%Y-%m-%d"),
        "CURRENT_TIME" | "TIME('NOW')" => return at("%H:%M:%S"),
        _ => {}
    }
    for quote in ['\'', '"'] {
        if let Some(inner) = written.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let doubled = [quote, quote].iter().collect::<String>();
            let once = inner.replace(&doubled, "");
            return (!once.contains(quote)).then(|| Value::text(&inner.replace(&doubled, &quote.to_string())));
        }
    }
    if let Some(digits) = upper.strip_prefix("X'").and_then(|rest| rest.strip_suffix('\'')) {
        return match Form::Blob.read(digits) {
            Ok(Value::Blob(bytes)) => Some(Value::Blob(Bytes::whole(bytes.head()))),
            _ => None,
        };
    }
    match Form::Number(Holds::Numbers).read(written) {
        Ok(number @ (Value::Integer(_) | Value::Real(_))) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::domain::schema::samples;

    #[test]
    fn literals_are_what_they_say_and_expressions_are_left_to_the_database() {
        let now: Timestamp = "2026-01-29T08:03:07.588Z".parse().unwrap();
        let said = |declared: &str, default: &str| {
            let column = Column { default: Some(default.to_owned()), ..samples::column("a", declared, None) };
            default_value(&column, now)
        };
        assert_eq!(said("TEXT", "'active'"), Ok(Value::text("active")));
        assert_eq!(said("TEXT", "('it''s')"), Ok(Value::text("it's")));
        assert_eq!(said("TEXT", "\"award\""), Ok(Value::text("award")));
        assert_eq!(said("TEXT", "7"), Ok(Value::text("7")));
        assert_eq!(said("INTEGER", " 5 "), Ok(Value::Integer(5)));
        assert_eq!(said("INTEGER", "-1"), Ok(Value::Integer(-1)));
        assert_eq!(said("INTEGER", "'5'"), Ok(Value::Integer(5)));
        assert_eq!(said("INTEGER", "true"), Ok(Value::Integer(1)));
        assert_eq!(said("REAL", "1.5"), Ok(Value::Real(1.5)));
        assert_eq!(said("BLOB", "x'00ff'"), Ok(Value::Blob(Bytes::whole([0, 255]))));
        assert_eq!(said("TEXT", "CURRENT_TIMESTAMP"), Ok(Value::text("2026-01-29 08:03:07")));
        assert_eq!(said("TEXT", "datetime('now')"), Ok(Value::text("2026-01-29 08:03:07")));
        assert_eq!(said("TEXT", "NULL"), Ok(Value::Null));
        assert!(said("TEXT", "lower(hex(randomblob(16)))").unwrap_err().contains("expression"));
        assert!(said("TEXT", "'a' || 'b'").unwrap_err().contains("expression"));
        assert_eq!(default_value(&samples::column("a", "TEXT", None), now), Ok(Value::Null));
    }
}
