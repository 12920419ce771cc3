//! A value as text that can be edited, and back: the bytes that were not touched come back as they were.

use crate::domain::{
    catalogue::Meaning,
    schema::Column,
    value::{Value, hex},
};

/// What a column holds, by its declared type (<https://www.sqlite.org/datatype3.html>, 3.1) and by what the catalogue knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Holds {
    /// Integers.
    Integers,
    /// Floats.
    Reals,
    /// Numbers of either sort (NUMERIC).
    Numbers,
    /// Text.
    Text,
    /// Anything: no type is declared, or BLOB.
    Anything,
}

/// What this column holds.
pub fn holds(column: &Column) -> Holds {
    if matches!(column.facts.map(|facts| facts.meaning), Some(Meaning::Percent | Meaning::Flag)) {
        return Holds::Integers;
    }
    let declared = column.declared.to_ascii_uppercase();
    let has = |word: &str| declared.contains(word);
    if has("INT") {
        Holds::Integers
    } else if has("CHAR") || has("CLOB") || has("TEXT") {
        Holds::Text
    } else if declared.is_empty() || has("BLOB") || has("ANY") {
        Holds::Anything
    } else if has("REAL") || has("FLOA") || has("DOUB") {
        Holds::Reals
    } else if has("DATE") || has("TIME") || has("JSON") || has("UUID") || has("STRING") {
        // NUMERIC to SQLite, which keeps text there as it is; text is what people mean.
        Holds::Text
    } else {
        Holds::Numbers
    }
}

/// How a value is written in the editor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is.
    Text,
    /// In digits.
    Number(Holds),
    /// A blob's bytes in hexadecimal.
    Blob,
    /// The bytes of a text that is not UTF-8, in hexadecimal.
    TextBytes,
}

/// Bytes in a line of hexadecimal.
const BYTES_IN_A_LINE: usize = 16;

impl Form {
    /// How this value of this column is edited.
    pub fn of(column: &Column, value: &Value) -> Self {
        match value {
            Value::Blob(_) => Self::Blob,
            Value::Text(bytes) if std::str::from_utf8(bytes.head()).is_err() => Self::TextBytes,
            Value::Integer(_) if holds(column) == Holds::Anything => Self::Number(Holds::Integers),
            Value::Real(_) if holds(column) == Holds::Anything => Self::Number(Holds::Reals),
            _ => match holds(column) {
                Holds::Text | Holds::Anything => Self::Text,
                holds => Self::Number(holds),
            },
        }
    }

    /// The value's text; empty for NULL.
    pub fn write(self, value: &Value) -> String {
        match (self, value) {
            (Self::Blob | Self::TextBytes, Value::Blob(bytes) | Value::Text(bytes)) => hex_lines(bytes.head()),
            _ => value.to_plain().into_owned(),
        }
    }

    /// What the text says.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words, where it says nothing at all: hexadecimal that is none.
    pub fn read(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Text => Ok(Value::text(text)),
            Self::Number(holds) => Ok(number(text, holds).unwrap_or_else(|| Value::text(text))),
            Self::Blob => Ok(Value::Blob(crate::domain::value::Bytes::whole(from_hex(text)?))),
            Self::TextBytes => Ok(Value::Text(crate::domain::value::Bytes::whole(from_hex(text)?))),
        }
    }
}

/// The number a text is, in the sort that the column holds; `None` where it is none.
fn number(text: &str, holds: Holds) -> Option<Value> {
    let text = text.trim();
    if let Ok(integer) = text.parse::<i64>() {
        // Beyond 2^53 a float would be another number.
        return Some(if holds == Holds::Reals { Value::Real(integer as f64) } else { Value::Integer(integer) });
    }
    match text {
        "Inf" => return Some(Value::Real(f64::INFINITY)),
        "-Inf" => return Some(Value::Real(f64::NEG_INFINITY)),
        _ => {}
    }
    let looks_like_one = text.bytes().any(|byte| byte.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E'));
    text.parse::<f64>().ok().filter(|real| looks_like_one && real.is_finite()).map(Value::Real)
}

fn hex_lines(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 3);
    for (number, line) in bytes.chunks(BYTES_IN_A_LINE).enumerate() {
        if number > 0 {
            out.push('\n');
        }
        for (at, byte) in line.iter().enumerate() {
            if at > 0 {
                out.push(' ');
            }
            out.push_str(&hex(std::slice::from_ref(byte)));
        }
    }
    out
}

fn from_hex(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(text.len() / 3 + 1);
    let mut half: Option<u32> = None;
    let (mut line, mut column) = (1, 0);
    for letter in text.chars() {
        column += 1;
        match letter.to_digit(16) {
            Some(digit) => match half.take() {
                Some(high) => bytes.push(u8::try_from(high * 16 + digit).unwrap_or_default()),
                None => half = Some(digit),
            },
            None if letter == '\n' => (line, column) = (line + 1, 0),
            None if letter.is_whitespace() => {}
            None => return Err(format!("line {line}, column {column}: no hexadecimal digit (0–9, a–f)")),
        }
    }
    match half {
        None => Ok(bytes),
        Some(_) => Err("a byte has two hexadecimal digits: the last one has only one".to_owned()),
    }
}

/// What an editor gave back, without the line end that editors put behind the last line by themselves: where there was none
/// before, none is stored.
pub fn without_editors_newline(before: &str, mut after: String) -> String {
    if !before.ends_with('\n') && after.ends_with('\n') {
        after.pop();
        if after.ends_with('\r') && !before.ends_with('\r') {
            after.pop();
        }
    }
    after
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;
    use crate::domain::{schema::samples, value::Bytes};

    fn column(declared: &str) -> Column {
        samples::column("a", declared, None)
    }

    #[test]
    fn a_declared_type_says_what_a_column_holds() {
        for (declared, want) in [
            ("INTEGER", Holds::Integers),
            ("unsigned big int", Holds::Integers),
            ("TEXT", Holds::Text),
            ("varchar(20)", Holds::Text),
            ("", Holds::Anything),
            ("BLOB", Holds::Anything),
            ("DOUBLE PRECISION", Holds::Reals),
            ("DECIMAL(10,5)", Holds::Numbers),
            ("BOOLEAN", Holds::Numbers),
            ("DATETIME", Holds::Text),
        ] {
            assert_eq!(holds(&column(declared)), want, "{declared}");
        }
    }

    #[test]
    fn text_becomes_a_number_only_where_it_is_one() {
        let integers = Form::Number(Holds::Integers);
        for (text, want) in [
            ("12", Value::Integer(12)),
            (" -7\n", Value::Integer(-7)),
            ("9223372036854775807", Value::Integer(i64::MAX)),
            ("9223372036854775808", Value::Real(9_223_372_036_854_775_808.0)),
            ("1.5", Value::Real(1.5)),
            ("12a", Value::text("12a")),
            ("", Value::text("")),
            ("nan", Value::text("nan")),
            ("infinity", Value::text("infinity")),
            ("e", Value::text("e")),
            ("1e999", Value::text("1e999")),
        ] {
            assert_eq!(integers.read(text), Ok(want), "{text}");
        }
        assert_eq!(Form::Number(Holds::Reals).read("3"), Ok(Value::Real(3.0)));
        assert_eq!(Form::Number(Holds::Reals).read("-Inf"), Ok(Value::Real(f64::NEG_INFINITY)));
        assert_eq!(Form::Text.read("12"), Ok(Value::text("12")));
    }

    #[test]
    fn hexadecimal_is_read_as_it_is_written_and_refused_with_its_place() {
        let blob = Value::Blob(Bytes::whole((0..=40).collect::<Vec<u8>>()));
        let text = Form::Blob.write(&blob);
        assert_eq!(text.lines().next(), Some("00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f"));
        assert_eq!(Form::Blob.read(&text), Ok(blob));
        assert_eq!(Form::Blob.read("0A0b\n\tff"), Ok(Value::Blob(Bytes::whole([10, 11, 255]))));
        assert_eq!(Form::Blob.read("00\n0x"), Err("line 2, column 2: no hexadecimal digit (0–9, a–f)".to_owned()));
        assert!(Form::Blob.read("0").unwrap_err().contains("two hexadecimal digits"));
    }

    #[test]
    fn an_editors_last_line_end_is_not_stored_where_there_was_none() {
        for (before, after, want) in [
            ("a", "a\n", "a"),
            ("a", "a\n\n", "a\n"),
            ("a\n", "b\n", "b\n"),
            ("a\n", "b", "b"),
            ("", "\n", ""),
            ("a\r\nb", "a\r\nc\r\n", "a\r\nc"),
            ("a\r", "b\r\n", "b\r"),
        ] {
            assert_eq!(without_editors_newline(before, after.to_owned()), want, "{before:?} {after:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same_value(
            value in prop_oneof![
                any::<i64>().prop_map(Value::Integer),
                any::<f64>().prop_filter("stored as NULL", |real| !real.is_nan()).prop_map(Value::Real),
                ".{0,40}".prop_map(|text| Value::text(&text)),
                proptest::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| Value::Blob(Bytes::whole(bytes))),
                proptest::collection::vec(any::<u8>(), 0..80).prop_map(|bytes| Value::Text(Bytes::whole(bytes))),
            ],
        ) {
            let form = Form::of(&column(""), &value);
            prop_assert_eq!(form.read(&form.write(&value)), Ok(value));
        }
    }
}
