//! JSON before it is stored: whether it is any, where it breaks, whether it has the documented shape.
//!
//! Source of the shapes: `DATABASE.md`, "Values". Broken JSON is an error, another shape a warning: old rows have others, too.

mod layout;
mod shapes;

use serde::de::IgnoredAny;

use crate::domain::catalogue::Shape;

pub use layout::{compact, pretty};

/// What is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonFault {
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong there, in words. May hold words of the text itself: not to be drawn as it is.
    pub what: String,
}

/// What a check says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum JsonReport {
    /// JSON of the documented shape.
    Fine,
    /// JSON of another shape.
    Shape(JsonFault),
    /// No JSON.
    Broken(JsonFault),
}

/// Checks a text against a shape. Reads it once or twice, and keeps nothing of it.
pub fn check(text: &str, shape: Shape) -> JsonReport {
    if let Err(error) = serde_json::from_str::<IgnoredAny>(text) {
        // It may as well be an error's text; what begins like JSON is meant to be some.
        if shape == Shape::JsonOrText && !text.trim_start().starts_with(['{', '[']) {
            return JsonReport::Fine;
        }
        return JsonReport::Broken(fault(text, &error));
    }
    match shapes::check(text, shape) {
        Ok(()) => JsonReport::Fine,
        Err(error) => JsonReport::Shape(fault(text, &error)),
    }
}

/// Whether a text is JSON at all.
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// A shape in words.
pub const fn shape_words(shape: Shape) -> &'static str {
    match shape {
        Shape::Any => "any JSON",
        Shape::Object => "an object",
        Shape::Strings => "an array of strings",
        Shape::Videos => "an object of URLs",
        Shape::Scores => "an object of job title → 0–100",
        Shape::Domains => "an array of {name, weight}",
        Shape::Ids => "an array of ids",
        Shape::Milestones => "an array of {id, title, questionIds, estimatedHours}",
        Shape::JsonOrText => "JSON, or plain text",
    }
}

/// Words and place of an error; `serde_json` counts columns in bytes.
fn fault(text: &str, error: &serde_json::Error) -> JsonFault {
    let said = error.to_string();
    let words = said.rsplit_once(" at line ").map_or(said.as_str(), |(words, _)| words);
    let line = error.line().max(1);
    let before = text.split('\n').nth(line - 1).unwrap_or_default();
    let bytes = before.as_bytes();
    // What is missing at the end is missing behind the last character.
    let read = if error.is_eof() { error.column() } else { error.column().saturating_sub(1) };
    let until = &bytes[..read.min(bytes.len())];
    let column = 1 + until.iter().filter(|byte| **byte & 0xC0 != 0x80).count();
    JsonFault { line, column, what: in_words(words) }
}

fn in_words(words: &str) -> String {
    match words {
        "EOF while parsing a value" => "a value is missing at the end".to_owned(),
        "trailing characters" => "there is more behind the end of the JSON".to_owned(),
        "trailing comma" => "a comma too many".to_owned(),
        "expected value" => "a value is expected here".to_owned(),
        "key must be a string" => "a key must stand in double quotes".to_owned(),
        "control character (\\u0000-\\u001F) found while parsing a string" => {
            "a line break or control character inside a string: write \\n for it".to_owned()
        }
        _ => match words.strip_prefix("EOF while parsing ") {
            Some(what) => format!("the text ends inside {what}"),
            None => words.to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn said(text: &str, shape: Shape) -> String {
        match check(text, shape) {
            JsonReport::Fine => "fine".to_owned(),
            JsonReport::Shape(fault) => format!("shape {}:{} {}", fault.line, fault.column, fault.what),
            JsonReport::Broken(fault) => format!("broken {}:{} {}", fault.line, fault.column, fault.what),
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let mut wrong = Vec::new();
        for (shape, text, want) in [
            (Shape::Strings, r#"["a", "b"]"#, "fine"),
            (Shape::Strings, "[]", "fine"),
            (Shape::Strings, r#"["a" "b"]"#, "broken 1:6 expected `,` or `]`"),
            (Shape::Strings, "[\"a\",\n  \"größe\" x]", "broken 2:11 expected `,` or `]`"),
            (Shape::Strings, r#"["a",]"#, "broken 1:6 a value is expected here"),
            (Shape::Strings, r#"["a""#, "broken 1:5 the text ends inside a list"),
            (Shape::Strings, "", "broken 1:1 a value is missing at the end"),
            (Shape::Strings, "[] []", "broken 1:4 there is more behind the end of the JSON"),
            (Shape::Strings, "{a: 1}", "broken 1:2 a key must stand in double quotes"),
            (
                Shape::Strings,
                "[\"a\nb\"]",
                "broken 1:3 a line break or control character inside a string: write \\n for it",
            ),
            (Shape::Strings, "[\"a\",\n 3]", "shape 2:2 invalid type: integer `3`, expected a string"),
            (Shape::Strings, "{}", "shape 1:2 invalid type: map, expected an array of strings"),
            (Shape::Ids, r#"["q-1"]"#, "fine"),
            (Shape::Object, r#"{"any": [1]}"#, "fine"),
            (Shape::Object, "[1]", "shape 1:1 invalid type: sequence, expected an object"),
            (Shape::Videos, r#"{"shortVideo": "https://x", "longVideo": null}"#, "fine"),
            (Shape::Videos, r#"["https://x"]"#, "fine"),
            (Shape::Videos, r#"{"shortVideo": 3}"#, "shape 1:16 invalid type: integer `3`, expected a URL or null"),
            (Shape::Scores, r#"{"SRE": 80, "Backend": 12.5}"#, "fine"),
            (Shape::Scores, r#"{"SRE": 180}"#, "shape 1:11 invalid value: integer `180`, expected 0 to 100"),
            (Shape::Domains, r#"[{"name": "x", "weight": 20}]"#, "fine"),
            (Shape::Domains, r#"[{"name": "x"}]"#, "shape 1:14 missing field `weight`"),
            (Shape::Milestones, r#"[{"id": 1, "title": "t", "questionIds": ["q"], "estimatedHours": 2}]"#, "fine"),
            (Shape::Milestones, r#"[{"id": "m"}]"#, "shape 1:12 missing field `title`"),
            (Shape::JsonOrText, "no such question", "fine"),
            (Shape::JsonOrText, "{oops", "broken 1:2 a key must stand in double quotes"),
            (Shape::Any, "3", "fine"),
        ] {
            if said(text, shape) != want {
                wrong.push(format!("{text}: {} instead of {want}", said(text, shape)));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\",:0-9a-eé\n\\\\ ]{0,60}") {
            for shape in [Shape::Any, Shape::Strings, Shape::Videos, Shape::Scores, Shape::Domains, Shape::Milestones] {
                let _ = check(&text, shape);
            }
            let _ = (pretty(&text), compact(&text));
        }
    }
}
