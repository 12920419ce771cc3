//! The token: where it comes from, and a type that cannot be printed.
//!
//! The token is asked for when the first connection is made, and again whenever the server refuses the one there is: whoever put a
//! new one into `.env` need not start anew. Must not read anything itself: the source does.

use std::{fmt, sync::Arc};

use secrecy::{ExposeSecret as _, SecretString};

use crate::db::error::{Error, ErrorKind, Result};

/// A token. It cannot be printed, is wiped from memory when it is dropped, and leaves only in the header of a request.
#[derive(Clone)]
pub struct Token(SecretString);

impl Token {
    /// A token out of a text, blanks around it left out.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] where no header can carry it. The words do not quote it.
    pub fn new(text: &str) -> Result<Self> {
        let text = text.trim();
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::new(
                ErrorKind::Credentials,
                "what should be a token is empty, or holds characters that no token has",
                "copy the token again, as one line: `turso db tokens create NAME`",
            ));
        }
        Ok(Self(SecretString::from(text.to_owned())))
    }

    /// The text itself, for the header and for nothing else.
    pub(crate) fn reveal(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.reveal() == other.reveal()
    }
}

/// Gives the token of the moment; `None` for a server that wants none.
pub type TokenSource = dyn Fn() -> Result<Option<Token>> + Send + Sync;

/// Where the token comes from.
#[derive(Clone)]
pub struct Credentials(Option<Arc<Source>>);

/// A source, and what words say of it.
struct Source {
    ask: Arc<TokenSource>,
    name: String,
    advice: Option<String>,
}

impl Credentials {
    /// For a server that wants none.
    pub const fn none() -> Self {
        Self(None)
    }

    /// A source, and what words call it: `TURSO_AUTH_TOKEN_RO`, `token_command of @prod` …
    pub fn new(name: impl Into<String>, source: impl Fn() -> Result<Option<Token>> + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Source { ask: Arc::new(source), name: name.into(), advice: None })))
    }

    /// What words call the source; empty where there is none.
    pub fn name(&self) -> &str {
        self.0.as_ref().map_or("", |source| &source.name)
    }

    /// The same, with what to do where the server refuses what comes, if that is more than a new token.
    #[must_use]
    pub fn with_advice(&self, advice: impl Into<String>) -> Self {
        let advice = Some(advice.into());
        Self(
            self.0
                .as_ref()
                .map(|source| Arc::new(Source { ask: Arc::clone(&source.ask), name: source.name.clone(), advice })),
        )
    }

    /// What to do where the server refuses what comes: where a new token goes.
    pub(crate) fn advice(&self) -> String {
        match (self.0.as_ref().and_then(|source| source.advice.as_ref()), self.name()) {
            (Some(advice), _) => advice.clone(),
            (None, "") => "put the credentials into `.env`, as TURSO_AUTH_TOKEN_RO or TURSO_AUTH_TOKEN".to_owned(),
            (None, name) => {
                format!("put a new token into {name} (`turso db tokens create NAME`): it is read anew by itself")
            }
        }
    }

    /// The token of the moment. May take long (a command, a keyring): never on a thread that others wait for.
    ///
    /// # Errors
    ///
    /// Those of the source.
    pub(crate) fn token(&self) -> Result<Option<Token>> {
        self.0.as_ref().map_or(Ok(None), |source| (source.ask)())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.name())
    }
}
