//! The environment's two pairs of credentials, and which of them is taken.
//!
//! The rules, for every set of variables:
//! - Reading takes `TURSO_DATABASE_URL_RO`, or else `TURSO_DATABASE_URL`; writing only the latter.
//! - Reading takes `TURSO_AUTH_TOKEN_RO` wherever there is one, or else `TURSO_AUTH_TOKEN`, and says so; writing only the latter.
//! - A token goes to the servers that the environment names and to no other; the read-write token only to its own, if that is
//!   named. Where the environment names none, it goes to the one on the command line.
//! - A token of the process goes to no server that only `.env` names: the file may have come with somebody's repository. A URL of
//!   the process, of the command line or of a profile says that the server is meant.

use super::{Access, Named};
use crate::{
    cli::Failure,
    config::{Variables, variables::Variable},
    db::server::endpoint::Endpoint,
};

/// The read-write pair.
pub const URL: &str = "TURSO_DATABASE_URL";
/// Its token.
pub const TOKEN: &str = "TURSO_AUTH_TOKEN";
/// The read-only pair.
pub const URL_RO: &str = "TURSO_DATABASE_URL_RO";
/// Its token.
pub const TOKEN_RO: &str = "TURSO_AUTH_TOKEN_RO";
/// Asks for writing, if it is "true".
pub const WRITE_MODE: &str = "TURSO_WRITE_MODE";

/// What is said where the token that is there may do more than the session.
const MAY_WRITE: &str = "read with TURSO_AUTH_TOKEN, which may write; this session only reads: set TURSO_AUTH_TOKEN_RO";

/// What the variables ask for.
pub fn access(variables: &Variables, notes: &mut Vec<String>) -> Access {
    let Some(mode) = variables.get(WRITE_MODE) else { return Access::Read };
    match mode.text.to_ascii_lowercase().as_str() {
        "true" => Access::Write,
        "false" | "0" | "no" | "off" => Access::Read,
        _ => {
            notes.push(format!("{WRITE_MODE} asks for writing only as \"true\": this session reads"));
            Access::Read
        }
    }
}

/// The URL's variable and the URL; `None` where nothing at all is set.
///
/// # Errors
/// A pair of which a part is missing.
pub fn url(variables: &Variables, access: Access) -> Result<Option<(&'static str, Variable<'_>)>, Failure> {
    let get = |name: &'static str| variables.get(name).map(|url| (name, url));
    let found = match access {
        Access::Read => get(URL_RO).or_else(|| get(URL)),
        Access::Write => get(URL),
    };
    if found.is_some() {
        return Ok(found);
    }
    let set: Vec<&str> = [URL_RO, TOKEN, TOKEN_RO].into_iter().filter(|name| variables.get(name).is_some()).collect();
    match (set.first(), access) {
        (None, _) => Ok(None),
        (Some(&URL_RO), Access::Write) => Err(Failure::usage(format!(
            "{URL} is required for writing: only {URL_RO} is set; put the read-write credentials into .env, or leave out --write and {WRITE_MODE}"
        ))),
        (Some(token), _) => {
            Err(Failure::usage(format!("{URL} is required: {token} is set without it; put the credentials into .env")))
        }
    }
}

/// A token's variable, and what to say about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Which variable; `None`: no token travels.
    pub variable: Option<&'static str>,
    /// What the user should know.
    pub note: Option<String>,
}

/// Which token goes to this server, which was named so.
///
/// # Errors
/// Writing without the read-write token.
pub fn token(variables: &Variables, endpoint: &Endpoint, named: Named, access: Access) -> Result<Chosen, Failure> {
    let home = |name| variables.get(name).map(|url| (url, Endpoint::recognise(url.text).and_then(Result::ok)));
    let (read_write, read_only) = (home(URL), home(URL_RO));
    let is_here = |home: &Option<(Variable<'_>, Option<Endpoint>)>| {
        home.as_ref().is_some_and(|(_, home)| home.as_ref().is_some_and(|home| is_same(home, endpoint)))
    };
    let is_meant = named == Named::ByUser
        || [&read_write, &read_only]
            .into_iter()
            .any(|home| is_here(home) && home.as_ref().is_some_and(|(url, _)| url.file.is_none()));
    let nowhere = read_write.is_none() && read_only.is_none();
    // The read-write token's home is its own URL; the read-only one may stand beside either.
    let belongs = |name| match name {
        TOKEN if read_write.is_some() => is_here(&read_write),
        _ => nowhere || is_here(&read_write) || is_here(&read_only),
    };
    let may_travel = |token: Variable<'_>| is_meant || token.file.is_some();
    let usable = |name: &'static str| variables.get(name).is_some_and(may_travel) && belongs(name);
    let withheld = [TOKEN_RO, TOKEN].into_iter().find(|name| variables.get(name).is_some());
    let host = endpoint.host();
    let why = |name: &str| match is_meant {
        true => format!(
            "no token was sent to {host}: that of the environment belongs to another server; name this one's in a profile"
        ),
        false => format!(
            "no token was sent to {host}: only .env names this server, and {name} stands in the environment; \
             put both into the same place, or write the URL on the command line"
        ),
    };
    let chosen = |variable| Ok(Chosen { variable: Some(variable), note: None });
    match access {
        Access::Read if usable(TOKEN_RO) => chosen(TOKEN_RO),
        Access::Read if usable(TOKEN) => Ok(Chosen { variable: Some(TOKEN), note: Some(MAY_WRITE.to_owned()) }),
        Access::Write if usable(TOKEN) => chosen(TOKEN),
        Access::Write if usable(TOKEN_RO) => Err(Failure::usage(format!(
            "{TOKEN} is required for writing: only the read-only token is set; put the read-write one into .env, or leave out --write and {WRITE_MODE}"
        ))),
        _ => Ok(Chosen { variable: None, note: withheld.map(why) }),
    }
}

/// Whether both are the same server, whatever the way there.
fn is_same(one: &Endpoint, other: &Endpoint) -> bool {
    let port = |endpoint: &Endpoint| endpoint.url().port_or_known_default();
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}
