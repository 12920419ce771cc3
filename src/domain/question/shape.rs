//! Checks JSON against the shapes the catalogue documents, and says in words where it differs.

use serde_json::Value as Json;

use crate::domain::catalogue::Shape;

/// Parses `text` and checks it against the documented `shape`; [`Shape::JsonOrText`] takes any text, as a JSON string where
/// it is no JSON.
///
/// # Errors
/// One line for people: `not JSON: …` with line and column, or what was expected and what is there instead, naming the
/// element. Text from the database in it is cut short but not made safe for the terminal.
pub fn check_shape(shape: Shape, text: &str) -> Result<Json, String> {
    let json = match serde_json::from_str(text) {
        Ok(json) => json,
        Err(_) if shape == Shape::JsonOrText => return Ok(Json::String(text.to_owned())),
        Err(_) if text.trim().is_empty() => return Err(format!("empty text, expected {}", expected(shape))),
        Err(error) => return Err(format!("not JSON: {error}")),
    };
    match shape {
        Shape::Any | Shape::JsonOrText => Ok(()),
        Shape::Object => match &json {
            Json::Object(_) => Ok(()),
            other => Err(differs(shape, other)),
        },
        Shape::Strings | Shape::Ids => each_element(shape, &json, is_string),
        Shape::Videos => match &json {
            Json::Array(_) => each_element(shape, &json, is_url),
            _ => each_entry(shape, &json, is_url),
        },
        Shape::Scores => each_entry(shape, &json, is_score),
        Shape::Domains => each_element(shape, &json, |item| {
            has(item, "name", is_string).and_then(|()| has(item, "weight", is_number))
        }),
        Shape::Milestones => each_element(shape, &json, |item| {
            has(item, "id", is_string_or_number)
                .and_then(|()| has(item, "title", is_string))
                .and_then(|()| has(item, "questionIds", |ids| each_element(Shape::Ids, ids, is_string)))
                .and_then(|()| has(item, "estimatedHours", is_number))
        }),
    }
    .map(|()| json)
}

/// The shape in words.
const fn expected(shape: Shape) -> &'static str {
    match shape {
        Shape::Any => "JSON",
        Shape::Object => "an object",
        Shape::Strings => "an array of strings",
        Shape::Videos => "an object of URLs",
        Shape::Scores => "an object of job titles to 0–100",
        Shape::Domains => "an array of {name, weight}",
        Shape::Ids => "an array of ids",
        Shape::Milestones => "an array of {id, title, questionIds, estimatedHours}",
        Shape::JsonOrText => "JSON or text",
    }
}

const fn kind(json: &Json) -> &'static str {
    match json {
        Json::Null => "null",
        Json::Bool(_) => "a boolean",
        Json::Number(_) => "a number",
        Json::String(_) => "a string",
        Json::Array(_) => "an array",
        Json::Object(_) => "an object",
    }
}

fn differs(shape: Shape, found: &Json) -> String {
    format!("expected {}, found {}", expected(shape), kind(found))
}

fn each_element(shape: Shape, json: &Json, check: impl Fn(&Json) -> Result<(), String>) -> Result<(), String> {
    let Json::Array(items) = json else { return Err(differs(shape, json)) };
    for (at, item) in items.iter().enumerate() {
        check(item).map_err(|why| format!("element {}: {why}", at + 1))?;
    }
    Ok(())
}

fn each_entry(shape: Shape, json: &Json, check: impl Fn(&Json) -> Result<(), String>) -> Result<(), String> {
    let Json::Object(entries) = json else { return Err(differs(shape, json)) };
    for (name, value) in entries {
        check(value).map_err(|why| format!("'{}': {why}", short(name)))?;
    }
    Ok(())
}

fn has(json: &Json, name: &str, check: impl Fn(&Json) -> Result<(), String>) -> Result<(), String> {
    let Json::Object(entries) = json else { return Err(format!("expected an object, found {}", kind(json))) };
    match entries.get(name) {
        Some(value) => check(value).map_err(|why| format!("'{name}': {why}")),
        None => Err(format!("'{name}' is missing")),
    }
}

fn is_string(json: &Json) -> Result<(), String> {
    if json.is_string() { Ok(()) } else { Err(format!("expected a string, found {}", kind(json))) }
}

fn is_number(json: &Json) -> Result<(), String> {
    if json.is_number() { Ok(()) } else { Err(format!("expected a number, found {}", kind(json))) }
}

fn is_string_or_number(json: &Json) -> Result<(), String> {
    if json.is_number() { Ok(()) } else { is_string(json) }
}

fn is_score(json: &Json) -> Result<(), String> {
    match json.as_f64() {
        Some(score) if (0.0..=100.0).contains(&score) => Ok(()),
        Some(_) => Err(format!("expected 0 to 100, found {}", short(&json.to_string()))),
        None => is_number(json),
    }
}

fn is_url(json: &Json) -> Result<(), String> {
    let Json::String(text) = json else { return Err(format!("expected a URL, found {}", kind(json))) };
    // RFC 3986, 3.1: a scheme is a letter, then letters, digits, '+', '-' and '.', up to the colon.
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.chars().all(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter));
    if is_scheme { Ok(()) } else { Err(format!("expected a URL, found \"{}\"", short(text))) }
}

/// Enough of a text to know it by.
fn short(text: &str) -> String {
    const CHARS: usize = 24;
    let mut short: String = text.chars().take(CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn why(shape: Shape, text: &str) -> String {
        check_shape(shape, text).err().unwrap_or_default()
    }

    #[test]
    fn documented_shapes_pass() {
        for (shape, text) in [
            (Shape::Any, "null"),
            (Shape::Object, r#"{"a":[1]}"#),
            (Shape::Strings, r#"["a","b"]"#),
            (Shape::Strings, "[]"),
            (Shape::Videos, r#"{"short":"https://x.y/z"}"#),
            (Shape::Videos, r#"["https://x.y/z"]"#),
            (Shape::Scores, r#"{"a":0,"b":100,"c":12.5}"#),
            (Shape::Domains, r#"[{"name":"n","weight":20,"more":true}]"#),
            (Shape::Ids, r#"["q-1"]"#),
            (Shape::Milestones, r#"[{"id":"m1","title":"t","questionIds":["q"],"estimatedHours":2.5}]"#),
            (Shape::JsonOrText, "connection reset by peer"),
        ] {
            assert_eq!(why(shape, text), "", "{shape:?} {text}");
        }
    }

    #[test]
    fn what_differs_is_named() {
        assert_eq!(why(Shape::Strings, r#"["a",2]"#), "element 2: expected a string, found a number");
        assert_eq!(why(Shape::Strings, "null"), "expected an array of strings, found null");
        assert_eq!(why(Shape::Strings, " "), "empty text, expected an array of strings");
        assert_eq!(why(Shape::Any, "[1,\n2"), "not JSON: EOF while parsing a list at line 2 column 1");
        assert_eq!(why(Shape::Scores, r#"{"dev":101}"#), "'dev': expected 0 to 100, found 101");
        assert_eq!(why(Shape::Scores, r#"{"dev":"90"}"#), "'dev': expected a number, found a string");
        assert_eq!(why(Shape::Videos, r#"{"long":"soon"}"#), "'long': expected a URL, found \"soon\"");
        assert_eq!(why(Shape::Domains, r#"[{"name":"n"}]"#), "element 1: 'weight' is missing");
        assert_eq!(
            why(Shape::Milestones, r#"[{"id":1,"title":"t","questionIds":[1],"estimatedHours":1}]"#),
            "element 1: 'questionIds': element 1: expected a string, found a number"
        );
    }

    proptest! {
        #[test]
        fn any_text_is_checked_without_a_panic(text in "\\PC{0,40}|[\\[\\]{}\",:0-9a-z ]{0,40}") {
            for shape in [
                Shape::Any, Shape::Object, Shape::Strings, Shape::Videos, Shape::Scores, Shape::Domains, Shape::Ids,
                Shape::Milestones, Shape::JsonOrText,
            ] {
                if let Err(why) = check_shape(shape, &text) {
                    prop_assert!(!why.is_empty());
                }
            }
        }
    }
}
