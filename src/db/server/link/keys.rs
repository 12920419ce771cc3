//! The token of the moment: asked for once, and again when the server refuses it.

use std::{
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, oneshot};

use crate::db::{
    error::{Error, ErrorKind, Result},
    server::{
        Server,
        credentials::{Credentials, Token},
    },
};

/// A refused token's source is asked again at most this often.
const PAUSE: Duration = Duration::from_secs(2);

/// A token with its number: a connection made with another one is not used.
#[derive(Clone, Debug)]
pub(super) struct Key {
    token: Option<Token>,
    number: u64,
}

impl Key {
    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

/// Where the token comes from, and what came.
pub(super) struct Keys {
    credentials: Credentials,
    /// Why a token may not travel there.
    forbidden: Option<Error>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    key: Option<Key>,
    refused: bool,
    asked: Option<Instant>,
    /// The source at work: whoever asked may have given it up, and the next must not have a command run twice.
    asking: Option<oneshot::Receiver<Result<Option<Token>>>>,
    /// Why the source gave none.
    failure: Option<Error>,
}

impl State {
    /// Whether the source was asked a moment ago.
    fn is_fresh(&self) -> bool {
        self.asked.is_some_and(|asked| asked.elapsed() < PAUSE)
    }
}

impl Keys {
    pub(super) fn new(server: &Server) -> Self {
        Self {
            credentials: server.credentials.clone(),
            forbidden: server.permit_token().err(),
            state: Mutex::default(),
        }
    }

    /// The token of the moment.
    pub(super) async fn token(&self) -> Result<Key> {
        let mut state = self.state.lock().await;
        match (&state.failure, &state.key) {
            (Some(failure), _) if state.is_fresh() => Err(failure.clone()),
            (None, Some(key)) if !state.refused || state.is_fresh() => Ok(key.clone()),
            _ => self.ask(&mut state).await,
        }
    }

    /// The server refused this one: another one, if there is.
    pub(super) async fn other_than(&self, refused: &Key) -> Result<Option<Key>> {
        let mut state = self.state.lock().await;
        match &state.key {
            Some(key) if key != refused => return Ok(Some(key.clone())),
            Some(_) if state.refused && state.is_fresh() => return Ok(None),
            _ => {}
        }
        state.refused = true;
        let key = self.ask(&mut state).await?;
        Ok((key != *refused).then_some(key))
    }

    /// Their source.
    pub(super) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    async fn ask(&self, state: &mut State) -> Result<Key> {
        let asking = state.asking.get_or_insert_with(|| self.begin());
        let token = asking.await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Credentials, "reading the token failed", "end other programs, then try again"))
        });
        state.asking = None;
        state.asked = Some(Instant::now());
        let token = match token.and_then(|token| self.permit(token)) {
            Ok(token) => token,
            Err(error) => {
                state.failure = Some(error.clone());
                return Err(error);
            }
        };
        state.failure = None;
        let number = match &state.key {
            Some(key) if key.token == token => return Ok(key.clone()),
            Some(key) => key.number + 1,
            None => 0,
        };
        state.refused = false;
        Ok(state.key.insert(Key { token, number }).clone())
    }

    /// Has the source asked, on a thread of its own: requests come from several runtimes, and go with them.
    fn begin(&self) -> oneshot::Receiver<Result<Option<Token>>> {
        let (sender, token) = oneshot::channel();
        let credentials = self.credentials.clone();
        let ask = move || drop(sender.send(credentials.token()));
        // Without a thread the sender is dropped, which tells.
        if let Err(error) = thread::Builder::new().name("reelscope-token".to_owned()).spawn(ask) {
            tracing::info!("no thread to ask for a token: {error}");
        }
        token
    }

    /// A token travels encrypted, or not at all, or to this very computer.
    fn permit(&self, token: Option<Token>) -> Result<Option<Token>> {
        match &self.forbidden {
            Some(why) if token.is_some() => Err(why.clone()),
            _ => Ok(token),
        }
    }
}
