//! What goes wrong with a server, in words: what happened, and what to do.
//!
//! The driver's errors are texts, its own type for them is private: they are told apart by what they hold (LIBSQL.md of the project,
//! "Remote"). Must not let a token, a header, or more than a little of a body into any words.

use std::time::Duration;

use super::{
    connector::TOO_LONG,
    credentials::{Credentials, Token},
};
use crate::db::error::{Error, ErrorKind};

/// How many characters of what a server says are passed on.
const SHOWN: usize = 120;

/// What helps where nothing is known but that no answer comes (DATABASE.md, "Errors people meet").
pub(super) const CHECK_NETWORK: &str =
    "check the network and the state of the Turso service (https://status.turso.tech), or of your own server";

/// What the driver's parser and the server's SQLite put before their words.
const PARSER: &str = "sqlite3 parser error: ";
const OF_SQL: [&str; 3] = ["SQLite error: ", "SQL input error: ", "SQL string could not be parsed: "];

/// The words that [`is_undecodable`] knows.
const UNDECODABLE: &str = "a value cannot travel: it is infinite, or a text that is not UTF-8";

/// Whether the server read the rows but could not put a value of them into its answer: an infinity, or a text that is not UTF-8 (the
/// whole answer is lost then). Read them again with such columns as hex, or CAST to BLOB.
///
/// sqld writes an infinity as `null` where a number has to stand (status 200, and the driver's `json error: invalid type: null,
/// expected f64`), and answers 500 with `invalid utf-8 sequence of 1 bytes from index 0` for such a text. In the middle of a cursor it
/// can only break off at such a text, which looks like a broken connection ([`ErrorKind::Unreachable`]): read by what cannot fail.
pub(crate) fn is_undecodable(error: &Error) -> bool {
    error.kind == ErrorKind::Server && error.what == UNDECODABLE
}

/// The error that [`is_undecodable`] knows.
pub(crate) fn undecodable() -> Error {
    Error::new(ErrorKind::Server, UNDECODABLE, "")
}

/// An error of the driver, understood.
#[derive(Debug)]
pub(super) struct Fault {
    /// In words.
    pub(super) error: Error,
    /// Whether it is the connection that broke, or the server's stream that is gone: a read may be sent once more on a new one.
    pub(super) broken: bool,
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self { error, broken: false }
    }
}

/// Understands errors of one server.
pub(super) struct Words<'a> {
    /// Where it is, as the user wrote it.
    pub(super) host: &'a str,
    /// The token that was sent, so that no words can hold it.
    pub(super) token: Option<&'a Token>,
}

impl Words<'_> {
    /// An error of the driver.
    pub(super) fn of(&self, error: &libsql::Error) -> Fault {
        self.of_text(&error.to_string())
    }

    pub(super) fn of_text(&self, said: &str) -> Fault {
        let host = self.host;
        if let Some((status, body)) = status_of(said) {
            return self.of_status(status, body);
        }
        // Names of tables and columns stand in it, which may be like anything that follows.
        if said.starts_with(PARSER) || OF_SQL.iter().any(|mark| said.contains(mark)) {
            return self.of_sql(said).into();
        }
        if said.contains("RESPONSE_TOO_LARGE") {
            return Error::new(
                ErrorKind::TooLarge,
                "the answer is larger than the server sends at once",
                "ask for less",
            )
            .into();
        }
        if said.contains("STREAM_EXPIRED") || said.contains("stream closed") || said.to_lowercase().contains("baton") {
            return broken(host, "the server has forgotten this connection");
        }
        if said.contains("BLOCKED") {
            return self.blocked(said).into();
        }
        if let Some(text) = said.split_once("json error: `").map(|(_, text)| text) {
            return self.of_json(text);
        }
        if let Some(text) = said.split_once("http error: `").map(|(_, text)| text) {
            return self.of_http(text);
        }
        for gone in ["unexpected end of file", "cursor stream ended prematurely", "reading a body", "chunk size"] {
            if said.contains(gone) {
                return broken(host, "the connection broke in the middle of an answer");
            }
        }
        if let Some((_, text)) = said.split_once("unexpected response: `") {
            return self.of_json(text);
        }
        self.of_sql(said).into()
    }

    /// A status other than 200, with the answer's text.
    pub(super) fn of_status(&self, status: u16, body: &str) -> Fault {
        let host = self.host;
        let page = is_page(body);
        let told = if page { String::new() } else { self.quoted(&inner(body)) };
        match status {
            401 => self.unauthorized(body).into(),
            403 if body.contains("permission") || body.contains("Write") => Error::new(
                ErrorKind::Forbidden,
                format!("permission denied: this is a read-only token{told}"),
                "use a read-write one",
            )
            .into(),
            403 if body.contains("blocked") || body.contains("BLOCKED") => self.blocked(&inner(body)).into(),
            403 => Error::new(
                ErrorKind::Forbidden,
                format!("{host} does not permit this (403){told}"),
                "check whose token this is: one of another database is refused, too",
            )
            .into(),
            404 => Error::new(
                ErrorKind::NoSuchDatabase,
                format!("{host} has no such database (404){told}"),
                "check the name in the URL: `turso db list` shows the databases there are",
            )
            .into(),
            429 => Error::new(
                ErrorKind::Throttled,
                format!("{host} was asked too often (429){told}"),
                "wait a moment: it is tried again by itself",
            )
            .into(),
            400 if body.to_lowercase().contains("baton") => broken(host, "the server has forgotten this connection"),
            500 if body.contains("invalid utf-8 sequence") => Error::new(ErrorKind::Server, UNDECODABLE, "").into(),
            300..=399 => Error::new(
                ErrorKind::Server,
                format!("{host} sends us on to another address ({status}), which no libSQL server does"),
                "check the URL; in a hotel or a café, log in to the network with a web browser first",
            )
            .into(),
            407 => proxy_wants_a_login(host).into(),
            502..=504 => Error::new(
                ErrorKind::Server,
                format!("what stands before {host} cannot reach the database ({status}){told}"),
                CHECK_NETWORK,
            )
            .into(),
            500.. => Error::new(ErrorKind::Server, format!("{host} failed ({status}){told}"), CHECK_NETWORK).into(),
            _ => Error::new(
                ErrorKind::Server,
                format!("{host} refuses the request ({status}){told}"),
                "check that this is the URL of a libSQL server",
            )
            .into(),
        }
    }

    fn unauthorized(&self, body: &str) -> Error {
        let why = if body.contains("expired") {
            "the token has expired"
        } else if self.token.is_none() {
            "the server wants a token, and there is none"
        } else {
            "the server does not know the token"
        };
        Error::new(ErrorKind::Unauthorized, format!("{}: {why} (401)", self.host), NEW_TOKEN)
    }

    fn blocked(&self, said: &str) -> Error {
        Error::new(
            ErrorKind::Forbidden,
            format!("{} has blocked this database{}", self.host, self.quoted(said)),
            "see the plan and the limits of the account (`turso plan show`)",
        )
    }

    /// An answer that is not the JSON there should be.
    pub(super) fn of_json(&self, said: &str) -> Fault {
        let host = self.host;
        if said.contains("expected f64") {
            return Error::new(ErrorKind::Server, UNDECODABLE, "").into();
        }
        if said.starts_with("EOF") {
            return broken(host, "the connection broke in the middle of an answer");
        }
        if said.contains("line 1 column 1`") || said.contains("expected value at line 1 column") {
            return Error::new(
                ErrorKind::Server,
                format!("what answers for {host} is no libSQL server, perhaps a network's login page"),
                "log in to the network with a web browser, or check the URL",
            )
            .into();
        }
        Error::new(
            ErrorKind::Server,
            format!("the answer of {host} cannot be understood{}", self.quoted(said)),
            "check that this is the URL of a libSQL server, and its version",
        )
        .into()
    }

    /// A connection that failed after it was made, in hyper's words.
    pub(super) fn of_http(&self, said: &str) -> Fault {
        let host = self.host;
        let not_http = ["invalid HTTP", "invalid header", "message head", "parsed"];
        if not_http.iter().any(|mark| said.contains(mark)) {
            return Error::new(
                ErrorKind::Server,
                format!("what answers for {host} does not speak HTTP"),
                "check the port; if the server wants TLS, write https:// or libsql://",
            )
            .into();
        }
        if said.contains(TOO_LONG) {
            return Error::new(ErrorKind::TooLarge, format!("the answer of {host} is too long"), "ask for less").into();
        }
        if said.contains("deadline") || said.contains("timed out") {
            let mut fault = broken(host, "the connection has died");
            fault.error.kind = ErrorKind::TimedOut;
            fault.error.remedy = CHECK_NETWORK.to_owned();
            return fault;
        }
        broken(host, "the connection broke in the middle of an answer")
    }

    /// What the server's SQLite says, or the driver's parser before anything is sent.
    pub(super) fn of_sql(&self, said: &str) -> Error {
        let said = said.strip_prefix(PARSER).unwrap_or(said);
        let said = OF_SQL
            .iter()
            .find_map(|mark| said.split_once(mark).map(|(_, text)| text))
            .or_else(|| said.split_once("message: \"").map(|(_, text)| text))
            .unwrap_or(said);
        let said = said.split_once("\", code").map_or(said, |(text, _)| text);
        let said = self.clean(said.trim_matches(['`', ' ']));
        let gone = ["no such table", "no such view", "no such column"];
        if gone.iter().any(|mark| said.contains(mark)) {
            return Error::new(
                ErrorKind::NoSuchRelation,
                said,
                "it was dropped, renamed or altered: read the schema anew",
            );
        }
        if said.contains("not authorized") {
            return Error::new(ErrorKind::Forbidden, said, "the token does not permit this");
        }
        Error::new(ErrorKind::Sql, said, "")
    }

    /// What somebody said, after a colon; nothing where nothing was said.
    fn quoted(&self, said: &str) -> String {
        let said = self.clean(said.trim_matches(['`', ' ']));
        if said.is_empty() { said } else { format!(": {said}") }
    }

    /// A text of the server without the token, and short.
    fn clean(&self, text: &str) -> String {
        let text = match self.token {
            Some(token) => text.replace(token.reveal(), "…"),
            None => text.to_owned(),
        };
        short(&text)
    }
}

/// What to do about a token; the link says from where it is read.
const NEW_TOKEN: &str = "put a new token in its place: it is read anew by itself";

/// The same error, saying where a new token goes.
pub(super) fn advising(mut error: Error, credentials: &Credentials) -> Error {
    if error.kind == ErrorKind::Unauthorized {
        error.remedy = credentials.advice();
    }
    error
}

/// How far a request was when its time was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reached {
    /// Its token was awaited.
    Token,
    /// Other requests went first.
    Place,
    /// The connection was being made.
    Connecting,
    /// It was sent, and nothing came.
    Silence,
    /// So many bytes had come.
    Bytes(u64),
}

/// A request whose time is over.
pub(super) fn late(host: &str, reached: Reached, limit: Duration) -> Error {
    let time = seconds(limit);
    let what = match reached {
        Reached::Token => {
            return Error::new(
                ErrorKind::Credentials,
                format!("no token for {host} came within {time}"),
                "check what gives the token (token_command, the keyring): it may be waiting for you",
            );
        }
        Reached::Place => format!("{host} was still busy with other requests after {time}"),
        Reached::Connecting => format!("{host} could not be reached within {time}"),
        Reached::Silence => {
            format!("connection timeout: {host} accepts the connection and has not answered within {time}")
        }
        Reached::Bytes(bytes) => format!("connection timeout: {host} had sent only {bytes} bytes after {time}"),
    };
    Error::new(ErrorKind::TimedOut, what, CHECK_NETWORK)
}

/// A time limit for people.
pub(super) fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 { format!("{} s", limit.as_secs()) } else { format!("{:.1} s", limit.as_secs_f64()) }
}

/// The driver gave up on an answer.
pub(super) fn gave_up(host: &str) -> Error {
    Error::new(
        ErrorKind::Server,
        format!("the answer of {host} cannot be understood"),
        "check that this is the URL of a libSQL server; if it is, please report this",
    )
}

/// The proxy wants a user and a password.
pub(super) fn proxy_wants_a_login(proxy: &str) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!("the proxy before {proxy} wants a user and a password (407)"),
        "put them into the proxy's variable: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT",
    )
}

/// What is to be done about a broken connection by who reads.
pub(crate) const AGAIN: &str = "it is tried again by itself";

fn broken(host: &str, what: &str) -> Fault {
    let error = Error::new(ErrorKind::Unreachable, format!("{host}: {what}"), AGAIN);
    Fault { error, broken: true }
}

/// The status and the body of `api error: `status=401 Unauthorized, body=…``.
fn status_of(said: &str) -> Option<(u16, &str)> {
    let (_, rest) = said.split_once("api error: `status=")?;
    let (head, body) = rest.split_once(", body=")?;
    let status = head.get(..3)?.parse().ok()?;
    Some((status, body.trim_end_matches('`')))
}

/// Whether a body is a page for a browser, or no text at all.
fn is_page(body: &str) -> bool {
    let start = body.trim_start().get(..14).unwrap_or(body.trim_start()).to_ascii_lowercase();
    let odd =
        body.chars().take(SHOWN).filter(|letter| *letter == '?' || (letter.is_control() && *letter != '\n')).count();
    start.starts_with('<') || odd > 8
}

/// The message of an error in JSON (`{"error":"…"}`), else the text as it is.
fn inner(body: &str) -> String {
    let read = serde_json::from_str::<serde_json::Value>(body).ok();
    let message = read.as_ref().and_then(|json| json.get("error").or_else(|| json.get("message"))?.as_str());
    message.unwrap_or(body).to_owned()
}

/// The beginning of a text on one line, without what could be a token, and with nothing in it that a terminal obeys.
pub(super) fn short(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        // A JWT begins so, whoever it belongs to.
        match word.find("eyJ") {
            Some(start) => {
                line.push_str(&word[..start]);
                line.push('…');
            }
            None => line.push_str(word),
        }
        if line.len() > SHOWN * 4 {
            break;
        }
    }
    let safe = |letter: char| if letter.is_control() || is_bidi(letter) { '?' } else { letter };
    let cut: String = line.chars().map(safe).take(SHOWN).collect();
    if cut.chars().count() < line.chars().count() { cut + "…" } else { cut }
}

/// Whether it changes the direction of what is around it (UAX #9, 2).
const fn is_bidi(letter: char) -> bool {
    matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn told(said: &str) -> String {
        let token = Token::new("secret-token").unwrap();
        let fault = Words { host: "db.example", token: Some(&token) }.of_text(said);
        let again = if fault.broken { " (again)" } else { "" };
        format!("{:?}{again}: {} | {}", fault.error.kind, fault.error.what, fault.error.remedy)
    }

    #[test]
    fn statuses_say_what_they_mean() {
        let answer = |status: &str, body: &str| told(&format!("Hrana: `api error: `status={status}, body={body}``"));
        let all = [
            answer("401 Unauthorized", r#"{"error":"Unauthorized: `The JWT is invalid`"}"#),
            answer("401 Unauthorized", r#"{"error":"Unauthorized: `The JWT has expired`"}"#),
            answer(
                "403 Forbidden",
                r#"{"error":"Authorization forbidden: Current session doesn't not have Write permission to namespace default"}"#,
            ),
            answer("403 Forbidden", r#"{"error":"Operation was blocked: SQL read operations are forbidden"}"#),
            answer("404 Not Found", r#"{"error":"Namespace `x` doesn't exist"}"#),
            answer("429 Too Many Requests", ""),
            answer("500 Internal Server Error", "out of\n\u{1b}[31mdisc secret-token"),
            answer("500 Internal Server Error", "\u{0}\u{1}\u{2}\u{3}????????????"),
            answer("503 Service Unavailable", "<html><body>no upstream</body></html>"),
            answer("302 Found", "<a href='http://login'>log in</a>"),
            answer("400 Bad Request", "Received an invalid baton"),
            answer("418 I'm a teapot", "short and stout eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.x"),
            answer("500 Internal Server Error", r#"{"error":"invalid utf-8 sequence of 1 bytes from index 0"}"#),
        ];
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn broken_connections_and_other_answers_say_what_they_mean() {
        let all = [
            "Hrana: `http error: `connection closed before message completed``",
            "Hrana: `http error: `connection error: Connection reset by peer (os error 104)``",
            "Hrana: `http error: `error reading a body from connection: unexpected EOF during chunk size line``",
            "Hrana: `http error: `invalid HTTP version parsed``",
            "Hrana: `json error: `expected value at line 1 column 1``",
            "Hrana: `json error: `EOF while parsing a value at line 1 column 0``",
            "Hrana: `json error: `missing field `results` at line 1 column 9``",
            "Hrana: `json error: `invalid type: null, expected f64 at line 1 column 372``",
            "Hrana: `stream error: `Error { message: \"The stream has expired due to inactivity\", code: \"STREAM_EXPIRED\" }``",
            "Hrana: `stream error: `Error { message: \"Response is too large\", code: \"RESPONSE_TOO_LARGE\" }``",
            "Hrana: `api error: `SQLite error: no such table: nope``",
            "Hrana: `api error: `SQL input error: no such function: nofunc (at offset 7)``",
            "sqlite3 parser error: `unexpected end of input at (1, 11)`",
            "Hrana: `cursor error: `error at step 0: (error code: SQLITE_ERROR) `SQLite error: malformed JSON```",
        ]
        .map(told);
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn names_in_errors_of_sql_say_nothing_of_the_way() {
        for name in ["baton", "BLOCKED", "STREAM_EXPIRED", "RESPONSE_TOO_LARGE", "chunk size", "expected f64"] {
            for said in [
                format!("Hrana: `api error: `SQLite error: no such table: {name}``"),
                format!(
                    "Hrana: `stream error: `Error {{ message: \"SQLite error: no such table: {name}\", code: \"X\" }}``"
                ),
            ] {
                assert_eq!(
                    told(&said).split(" | ").next(),
                    Some(format!("NoSuchRelation: no such table: {name}").as_str())
                );
            }
        }
    }

    #[test]
    fn the_source_of_a_refused_token_is_named() {
        let error = Words { host: "db.example", token: None }.unauthorized("");
        assert_eq!(error.what, "db.example: the server wants a token, and there is none (401)");
        assert!(advising(error.clone(), &Credentials::none()).remedy.contains(".env"));
        let named = Credentials::new("TURSO_AUTH_TOKEN_RO", || Ok(None));
        assert!(advising(error.clone(), &named).remedy.contains("TURSO_AUTH_TOKEN_RO"));
        assert_eq!(advising(error, &named.with_advice("export the URL, too")).remedy, "export the URL, too");
    }

    #[test]
    fn long_texts_are_cut_and_made_harmless() {
        let text = format!("a\u{202e}b\t\u{9b}{}", "ü".repeat(1000));
        let line = short(&text);
        assert_eq!(line.chars().count(), SHOWN + 1);
        assert!(line.starts_with("a?b ?ü") && line.ends_with('…'), "{line}");
    }

    #[test]
    fn what_was_reached_is_said() {
        let all: Vec<String> =
            [Reached::Token, Reached::Place, Reached::Connecting, Reached::Silence, Reached::Bytes(17)]
                .map(|reached| late("db.example", reached, Duration::from_millis(2500)).what)
                .into();
        insta::assert_snapshot!(all.join("\n"));
    }
}
