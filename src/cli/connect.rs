//! From what was decided to a place that can be opened: servers get their credentials, limits and copies here.
//!
//! Connects to nothing: what is wrong with a token or an address is said before, everything else by whoever reads first.

use std::{
    ffi::OsStr,
    io::{self, Write as _},
    path::PathBuf,
    time::Duration,
};

use super::{
    Failure,
    args::Connecting,
    target::{self, Access, Decision, ServerTarget, Target, Wanted},
    token,
};
use crate::{
    config::{Config, Surroundings},
    db::{
        error::{Error, ErrorKind},
        location::Location,
        replica::{CaughtUp, Replica},
        server::{Limits, Plaintext, Server},
        session::{Canceller, ReadSession},
        write::{self, Grant},
    },
    widgets::safe::safe,
};

/// What a session of the program is run with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The settings.
    pub config: &'a Config,
    /// The variables.
    pub surroundings: &'a Surroundings,
}

/// A database to open, and what to say about it.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Where it is; `None`: the demo.
    pub location: Option<Location>,
    /// What the status line calls it, where that is not its own name: the profile.
    pub name: Option<String>,
    /// For what.
    pub access: Access,
    /// What the user should know, a line each.
    pub notes: Vec<String>,
}

impl Opening {
    /// Finds out what can be found out at once: whether the file can be read, whether the address, the certificates and the token
    /// are such that a server can be asked at all.
    ///
    /// # Errors
    /// Why it cannot be opened.
    pub fn check(&self) -> Result<(), Error> {
        match &self.location {
            None => Ok(()),
            Some(location @ Location::File(_)) => open(location, self.access).map(drop),
            Some(Location::Server(server)) => server.link().map(drop),
            // A broken copy is for the screen: it asks before it makes it anew.
            Some(Location::Replica(replica)) => replica.open().map(drop),
        }
    }
}

/// How long another program is waited for that keeps a file which is to be recovered.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens it for reading. Where it may be written, what another program left half done in it is rolled back first.
///
/// # Errors
/// Why it cannot be opened.
pub(super) fn open(location: &Location, access: Access) -> Result<ReadSession, Error> {
    match ReadSession::open(location) {
        Err(error) if error.kind == ErrorKind::NeedsRecovery && access == Access::Write => {
            write::recover(&Grant::open(location)?, PATIENCE)?;
            ReadSession::open(location)
        }
        opened => opened,
    }
}

impl Context<'_> {
    /// The demo, asked for by name.
    pub fn demo(&self, access: Access) -> Opening {
        let mut notes = Vec::new();
        let access = match access {
            Access::Write => Access::Write,
            Access::Read => target::environment::access(&self.surroundings.read(), &mut notes),
        };
        Opening { location: None, name: None, access, notes }
    }

    /// What to open.
    ///
    /// # Errors
    /// As [`target::decide`], and a token that is none.
    pub fn opening(
        &self,
        database: Option<&OsStr>,
        connecting: &Connecting,
        access: Access,
    ) -> Result<Opening, Failure> {
        let variables = self.surroundings.read();
        let wanted = Wanted { database, replica: connecting.replica.as_deref(), access };
        let Decision { target, access, notes } = target::decide(&wanted, &variables, self.config)?;
        let (location, name) = match target {
            Target::Demo => (None, None),
            Target::File(path) => (Some(Location::File(path)), None),
            Target::Server(target) => {
                let name = target.profile.as_ref().map(|name| format!("@{name}"));
                (Some(self.server(target, access, connecting)?), name)
            }
        };
        Ok(Opening { location, name, access, notes })
    }

    /// What a command that needs no terminal is to open: a copy is brought up to date. Says on standard error what the user
    /// should know.
    ///
    /// # Errors
    /// As [`Self::opening`], where there is nothing to open, and where a copy can be neither read nor brought up to date.
    pub fn location(&self, database: Option<&OsStr>, connecting: &Connecting) -> Result<Location, Failure> {
        let opening = self.opening(database, connecting, Access::Read)?;
        // What is wrong with `.env` may be why there is nothing to open: it is said whatever comes of it.
        say(&opening.notes);
        let location = opening.location.ok_or_else(target::nothing_set)?;
        if let Location::Replica(replica) = &location
            && let CaughtUp::Old { synced, why } = replica.catch_up(&Canceller::default())?
        {
            let age = synced.map_or_else(|| "of an unknown time".to_owned(), |synced| format!("of {synced:.0}"));
            say(&[format!("what is read is the copy {age}, which cannot be brought up to date: {}", why.what)]);
        }
        Ok(location)
    }

    fn server(&self, target: ServerTarget, access: Access, connecting: &Connecting) -> Result<Location, Failure> {
        let credentials = token::credentials(&target, access, self.surroundings);
        // A command is not run for it: whoever names one has a token.
        let travels = !token::is_quick(&target.token) || credentials.token()?.is_some();
        let mut server = Server::new(target.endpoint, credentials).with_environment(self.surroundings.process());
        if let Some(timeout) = target.timeout {
            server.limits = Limits {
                connect: server.limits.connect.min(timeout),
                request: timeout,
                long: server.limits.long.max(timeout),
            };
        }
        if connecting.insecure_http {
            server.plaintext = Plaintext::Allowed;
        }
        if travels {
            server.permit_token()?;
        }
        Ok(match target.replica.map(whole) {
            Some(path) => Location::Replica(Replica::new(path, server)),
            None => Location::Server(server),
        })
    }
}

/// Tells the user.
pub(super) fn say(notes: &[String]) {
    for note in notes {
        // Nobody to tell is no failure.
        let _ = writeln!(io::stderr(), "reelscope: {}", safe(note));
    }
}

/// The path as it stays right wherever the program goes.
fn whole(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}
