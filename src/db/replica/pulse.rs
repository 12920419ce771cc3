//! The cheapest question whether a server has something new: one small request, whose answer carries how far the server's log is.
//!
//! A sync costs two requests even where there is nothing. Every answer of Hrana over HTTP has a `replication_index`
//! (<https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>), which grows with each commit; the driver hides it, so
//! this asks by itself, over the same kind of connection. A server that does not send it is asked no more.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{Request, StatusCode, header};
use hyper::{Body, Client, body::HttpBody as _};
use serde::Deserialize;

use super::driver::Way;
use crate::db::server::{connector::Notes, credentials::Token};

/// How long it may take. What is slower is no failure yet: then a sync tells.
const LIMIT: Duration = Duration::from_secs(4);
/// The answer is some hundred bytes; whatever is larger is none.
const LARGEST: usize = 64 * 1024;

const QUESTION: &str =
    r#"{"requests":[{"type":"execute","stmt":{"sql":"SELECT 1","want_rows":false}},{"type":"close"}]}"#;

/// Asks on one kept connection.
pub(super) struct Pulse {
    client: Client<Way, Body>,
    url: String,
    token: Option<Token>,
    notes: Arc<Notes>,
    /// The connection of the last answer, and how many came over it.
    kept: Option<(Instant, u32)>,
}

/// What was felt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Felt {
    /// How far the server's log is; `None` where it answers, but does not say.
    pub(super) index: Option<u64>,
    /// A connection that was kept for several questions is gone: the server may be another process now, which counts anew.
    pub(super) anew: bool,
}

impl Pulse {
    pub(super) fn new(way: Way, url: &str, token: Option<Token>) -> Self {
        let notes = Arc::clone(way.notes());
        let client = Client::builder().pool_max_idle_per_host(1).build(way);
        Self { client, url: format!("{}/v2/pipeline", url.trim_end_matches('/')), token, notes, kept: None }
    }

    /// Asks. Why it failed is not told: the link finds words.
    pub(super) async fn feel(&mut self) -> Result<Felt, Failed> {
        let index = tokio::time::timeout(LIMIT, self.ask()).await.unwrap_or(Err(Failed))?;
        let before = self.kept;
        self.kept = self.notes.connected().map(|now| match before {
            Some((then, answers)) if then == now => (now, answers + 1),
            _ => (now, 1),
        });
        // A server that closes after each answer says nothing by it.
        let anew = before.is_some_and(|(then, answers)| answers > 1 && self.kept.is_none_or(|(now, _)| now != then));
        Ok(Felt { index, anew })
    }

    async fn ask(&self) -> Result<Option<u64>, Failed> {
        let mut request = Request::post(&self.url).header(header::CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            let mut value = header::HeaderValue::from_str(&format!("Bearer {}", token.reveal())).map_err(|_| Failed)?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let request = request.body(Body::from(QUESTION)).map_err(|_| Failed)?;
        let answer = self.client.request(request).await.map_err(|_| Failed)?;
        if answer.status() != StatusCode::OK {
            return Err(Failed);
        }
        let (mut body, mut bytes) = (answer.into_body(), Vec::new());
        while let Some(piece) = body.data().await {
            bytes.extend_from_slice(&piece.map_err(|_| Failed)?);
            if bytes.len() > LARGEST {
                return Err(Failed);
            }
        }
        index_in(&bytes)
    }
}

/// It did not work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed;

#[derive(Deserialize)]
struct Answer {
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Outcome {
    Ok { response: Response },
    Error {},
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Response {
    Execute { result: Done },
    Close {},
}

#[derive(Deserialize)]
struct Done {
    /// A number as a text, as JSON has no 64-bit numbers.
    #[serde(default)]
    replication_index: Option<String>,
}

fn index_in(bytes: &[u8]) -> Result<Option<u64>, Failed> {
    let answer: Answer = serde_json::from_slice(bytes).map_err(|_| Failed)?;
    match answer.results.into_iter().next() {
        Some(Outcome::Ok { response: Response::Execute { result } }) => {
            Ok(result.replication_index.and_then(|text| text.parse().ok()))
        }
        _ => Err(Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_read_out_of_what_sqld_says() {
        let said = |index: &str| {
            format!(
                r#"{{"baton":null,"base_url":null,"results":[{{"type":"ok","response":{{"type":"execute","result":{{"cols":[],"rows":[],"affected_row_count":0,"last_insert_rowid":null,"replication_index":{index},"rows_read":0,"rows_written":0,"query_duration_ms":0.013}}}}}},{{"type":"ok","response":{{"type":"close"}}}}]}}"#
            )
        };
        assert_eq!(index_in(said("\"41\"").as_bytes()), Ok(Some(41)));
        assert_eq!(index_in(said("null").as_bytes()), Ok(None));
        assert_eq!(index_in(said("\"many\"").as_bytes()), Ok(None));
        let refused = br#"{"results":[{"type":"error","error":{"message":"no","code":"X"}},{"type":"ok","response":{"type":"close"}}]}"#;
        assert_eq!(index_in(refused), Err(Failed));
        assert_eq!(index_in(b"<html>"), Err(Failed));
        assert_eq!(index_in(br#"{"results":[]}"#), Err(Failed));
    }
}
