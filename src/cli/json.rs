//! JSON for programs that a person may look at, too: what a terminal would act upon is escaped.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Number, Serializer, Value as Json, json, ser::PrettyFormatter};

use super::Failure;
use crate::domain::value::{Value, hex, real};

/// Pretty JSON whose strings hold no control or bidi character as such: `\u009b`, not the byte.
struct Escaping<'a>(PrettyFormatter<'a>);

impl serde_json::ser::Formatter for Escaping<'_> {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, letter) in fragment.char_indices().filter(|(_, letter)| acts(*letter)) {
            out.write_all(&fragment.as_bytes()[from..at])?;
            // All of them are in the basic plane: one escape each.
            write!(out, "\\u{:04x}", u32::from(letter))?;
            from = at + letter.len_utf8();
        }
        out.write_all(&fragment.as_bytes()[from..])
    }

    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_array(out)
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array(out)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_array_value(out)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object(out)
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object(out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.begin_object_value(out)
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.0.end_object_value(out)
    }
}

/// Control characters beyond those that serde_json escapes, and those that reorder or break lines.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Writes this as pretty JSON with a line end.
///
/// # Errors
/// The output fails.
pub(super) fn write(value: &impl Serialize, out: &mut dyn Write) -> Result<(), Failure> {
    value.serialize(&mut Serializer::with_formatter(&mut *out, Escaping(PrettyFormatter::new())))?;
    Ok(writeln!(out)?)
}

/// A cell; what JSON has no word for becomes an object (see `reelscope help show`).
pub(super) fn of(value: &Value) -> Json {
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

/// Adds a field; a name that is taken gets a number, as SQLite names the columns of a view (`id`, `id:1`).
pub(super) fn add(object: &mut Map<String, Json>, name: &str, value: Json) {
    let mut free = name.to_owned();
    let mut number = 0;
    while object.contains_key(&free) {
        number += 1;
        free = format!("{name}:{number}");
    }
    object.insert(free, value);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::domain::value::Bytes;

    #[test]
    fn cells_are_exact_or_named_for_what_they_are() {
        let mut object = Map::new();
        for value in [
            Value::Integer(i64::MIN),
            Value::Real(1.0),
            Value::Real(f64::NEG_INFINITY),
            Value::text("a\u{1b}[31m\u{9b}\u{202e}\0"),
            Value::Text(Bytes::whole(*b"a\xff")),
            Value::Blob(Bytes::whole([0u8, 255])),
            Value::Null,
        ] {
            add(&mut object, "v", of(&value));
        }
        let mut out = Vec::new();
        write(&object, &mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\n  \"v\": -9223372036854775808,\n  \"v:1\": 1.0,\n  \"v:2\": {\n    \"real\": \"-Inf\"\n  },\n  \
             \"v:3\": \"a\\u001b[31m\\u009b\\u202e\\u0000\",\n  \"v:4\": {\n    \"invalid_utf8\": \"61ff\"\n  },\n  \
             \"v:5\": {\n    \"blob\": \"00ff\"\n  },\n  \"v:6\": null\n}\n"
        );
    }
}
