//! What a server answers to a transaction: read out of the protocol's JSON
//! (<https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>). Must not judge what it means.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use serde_json::Value as Json;

use crate::{
    db::{
        error::Result,
        server::{cells::strange, link::Set, words},
    },
    domain::value::{Bytes, Value},
};

/// What a server says of a failure.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) message: String,
    pub(super) code: String,
}

/// Whether a transaction was open when all steps had run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    Ended,
}

/// An answer: what became of each step that was run, and of those behind one that failed only its error.
pub(super) struct Answer {
    pub(super) outcome: Result<Vec<Result<Set, Said>>, Said>,
    pub(super) state: State,
}

impl Answer {
    pub(super) fn of(bytes: &[u8]) -> Result<Self> {
        let mut answer: Json = serde_json::from_slice(bytes).map_err(|_| strange())?;
        let mut results = answer.get_mut("results").map(Json::take).ok_or_else(strange)?;
        let is_over = results.pointer("/1/response/is_autocommit").and_then(Json::as_bool);
        // Where the server does not say it, it may be either: whoever asks what is written is told that nobody knows.
        let state = if is_over == Some(false) { State::Open } else { State::Ended };
        if let Some(error) = results.pointer("/0/error") {
            return Ok(Self { outcome: Err(Said::of(error)), state });
        }
        let mut result = results.pointer_mut("/0/response/result").map(Json::take).ok_or_else(strange)?;
        let errors = result.get_mut("step_errors").map(Json::take).unwrap_or_default();
        let Some(Json::Array(steps)) = result.get_mut("step_results").map(Json::take) else { return Err(strange()) };
        let mut outcome = Vec::with_capacity(steps.len());
        for (at, step) in steps.into_iter().enumerate() {
            match errors.get(at) {
                Some(error) if !error.is_null() => {
                    outcome.push(Err(Said::of(error)));
                    break;
                }
                _ => outcome.push(Ok(set(step)?)),
            }
        }
        Ok(Self { outcome: Ok(outcome), state })
    }
}

impl Said {
    fn of(error: &Json) -> Self {
        let text = |name| error.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        Self { message: text("message"), code: text("code") }
    }
}

fn set(mut step: Json) -> Result<Set> {
    let Some(Json::Array(rows)) = step.get_mut("rows").map(Json::take) else { return Err(strange()) };
    let rows = rows.into_iter().map(|row| match row {
        Json::Array(values) => values.into_iter().map(value).collect(),
        _ => Err(strange()),
    });
    Ok(Set { rows: rows.collect::<Result<_>>()? })
}

/// A value, exactly (the specification's section "Values").
fn value(mut json: Json) -> Result<Value> {
    let class = json.get_mut("type").map(Json::take).unwrap_or_default();
    let mut content = || json.get_mut("value").map(Json::take).unwrap_or_default();
    match (class.as_str(), &class) {
        (Some("null"), _) => Ok(Value::Null),
        (Some("integer"), _) => match content().as_str().and_then(|digits| digits.parse().ok()) {
            Some(number) => Ok(Value::Integer(number)),
            None => Err(strange()),
        },
        // An infinity comes as null: see `words::is_undecodable`.
        (Some("float"), _) => match content().as_f64() {
            Some(number) => Ok(Value::Real(number)),
            None => Err(words::undecodable()),
        },
        (Some("text"), _) => match content() {
            Json::String(text) => Ok(Value::Text(Bytes::whole(text.into_bytes()))),
            _ => Err(strange()),
        },
        (Some("blob"), _) => {
            let text = json.get("base64").and_then(Json::as_str).ok_or_else(strange)?;
            let bytes = STANDARD_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| strange())?;
            Ok(Value::Blob(Bytes::whole(bytes)))
        }
        _ => Err(strange()),
    }
}
