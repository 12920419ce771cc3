//! What to open: decided in one place, from the command line, the variables and the config file, by a pure function.
//!
//! Owns the rules which credentials are taken and where a token may go. Reads nothing and connects to nothing: that is
//! [`connect`](super::connect)'s.

pub mod environment;
#[cfg(test)]
mod tests;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Failure, Status};
use crate::{
    config::{
        Config, Variables,
        profile::{self, ENVIRONMENT, Profile},
    },
    db::{location::Location, server::endpoint::Endpoint},
    domain::secret,
};

/// What a session is for: which credentials are taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// Reading: the read-only pair first.
    #[default]
    Read,
    /// Writing was asked for: the read-write pair.
    Write,
}

/// What the command line says about what to open.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// DATABASE: a path, a URL, @PROFILE; `None`: what the environment says.
    pub database: Option<&'a OsStr>,
    /// `--replica`.
    pub replica: Option<&'a Path>,
    /// `--write`.
    pub access: Access,
}

/// What to open, and what the user should know about the choice.
#[derive(Debug, PartialEq)]
pub struct Decision {
    /// What.
    pub target: Target,
    /// For what; `TURSO_WRITE_MODE` counts.
    pub access: Access,
    /// A line each.
    pub notes: Vec<String>,
}

/// What to open.
#[derive(Debug, PartialEq)]
pub enum Target {
    /// Nothing was said.
    Demo,
    /// A file.
    File(PathBuf),
    /// A server.
    Server(ServerTarget),
}

/// A server to open.
#[derive(Debug, PartialEq)]
pub struct ServerTarget {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Where its token comes from.
    pub token: TokenSource,
    /// The file of its copy.
    pub replica: Option<PathBuf>,
    /// How long a request may take, where that was said.
    pub timeout: Option<Duration>,
    /// The profile it was opened by.
    pub profile: Option<String>,
    /// By whom it was named.
    pub named: Named,
}

/// By whom a server was named: whether a token of the user's may go there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// On the command line, in the config file, in the process's environment.
    ByUser,
    /// In `.env`, which may have come with somebody's repository.
    ByFile,
}

/// Where a server's token comes from.
#[derive(Debug, PartialEq)]
pub enum TokenSource {
    /// The environment; which variable is chosen anew whenever the token is asked for. At present it is this one.
    Environment(Option<&'static str>),
    /// What the profile names.
    Profile(profile::TokenFrom),
}

/// Decides what to open.
///
/// # Errors
/// Wrong usage, a URL that names no server, credentials of which a part is missing. No word of it quotes a token or a URL that
/// holds one.
pub fn decide(wanted: &Wanted<'_>, variables: &Variables, config: &Config) -> Result<Decision, Failure> {
    let mut notes: Vec<String> = variables.file().and_then(|file| file.warning.clone()).into_iter().collect();
    let access = match wanted.access {
        Access::Write => Access::Write,
        Access::Read => environment::access(variables, &mut notes),
    };
    let mut cx = Cx { wanted, variables, config, access, notes };
    let target = match wanted.database.map(|text| (text, text.to_str())) {
        None => cx.environment()?,
        Some((_, Some("@env"))) => match cx.environment()? {
            Target::Demo => return Err(nothing_set()),
            target => target,
        },
        Some((_, Some(text))) => match text.strip_prefix('@') {
            Some(name) => cx.profile(name)?,
            None => cx.named(text, None)?,
        },
        Some((text, None)) => cx.file(PathBuf::from(text))?,
    };
    Ok(Decision { target, access, notes: cx.notes })
}

/// Where there is nothing to open.
pub(super) fn nothing_set() -> Failure {
    Failure::usage(
        "no database was named, and TURSO_DATABASE_URL is not set: give a path, a URL or @PROFILE, or put the credentials into .env",
    )
}

/// What the decision is made of.
struct Cx<'a> {
    wanted: &'a Wanted<'a>,
    variables: &'a Variables,
    config: &'a Config,
    access: Access,
    notes: Vec<String>,
}

impl Cx<'_> {
    /// What the environment says.
    fn environment(&mut self) -> Result<Target, Failure> {
        let Some((name, url)) = environment::url(self.variables, self.access)? else {
            return match self.wanted.replica {
                Some(_) => Err(Failure::usage(
                    "--replica keeps a copy of a server: name the server, or set TURSO_DATABASE_URL",
                )),
                None => Ok(Target::Demo),
            };
        };
        match recognise(url.text).map_err(|failure| failure.about(name))? {
            Some(endpoint) => {
                let named = if url.file.is_some() { Named::ByFile } else { Named::ByUser };
                self.server(endpoint, named, None)
            }
            None => {
                let path = path(url.text).map_err(|failure| failure.about(name))?;
                // A path in a file is meant from where that file stands.
                let folder = url.file.and_then(Path::parent);
                self.file(folder.map_or(path.clone(), |folder| folder.join(path)))
            }
        }
    }

    fn profile(&mut self, name: &str) -> Result<Target, Failure> {
        let Some(profile) = self.config.profiles.get(name) else { return Err(no_profile(name, self.config)) };
        self.named(&profile.url, Some((name, profile))).map_err(|failure| failure.about(&format!("@{name}")))
    }

    /// A path or a URL.
    fn named(&mut self, text: &str, profile: Option<(&str, &Profile)>) -> Result<Target, Failure> {
        match recognise(text)? {
            Some(endpoint) => self.server(endpoint, Named::ByUser, profile),
            None => {
                let path = path(text)?;
                if profile.is_some() && path.is_relative() {
                    return Err(Failure::usage("the url of a profile is a server's, or a whole path, or one under ~/"));
                }
                self.file(path)
            }
        }
    }

    fn file(&self, path: PathBuf) -> Result<Target, Failure> {
        match self.wanted.replica {
            Some(_) => Err(Failure::usage(format!("--replica keeps a copy of a server: {} is a file", path.display()))),
            None => Ok(Target::File(path)),
        }
    }

    fn server(
        &mut self,
        endpoint: Endpoint,
        named: Named,
        profile: Option<(&str, &Profile)>,
    ) -> Result<Target, Failure> {
        let own = profile.and_then(|(_, profile)| profile.token.clone());
        let token = match own {
            Some(token) => TokenSource::Profile(token),
            None => {
                let chosen = environment::token(self.variables, &endpoint, named, self.access)?;
                self.notes.extend(chosen.note);
                TokenSource::Environment(chosen.variable)
            }
        };
        let replica = self.wanted.replica.map(Path::to_path_buf);
        Ok(Target::Server(ServerTarget {
            endpoint,
            token,
            replica: replica.or_else(|| profile?.1.replica.clone()),
            timeout: self
                .config
                .timeout
                .or(profile.and_then(|(_, profile)| profile.timeout))
                .or(self.config.timeout_in_file),
            profile: profile.map(|(name, _)| name.to_owned()),
            named,
        }))
    }
}

/// The server that a text names; `None` where it names a path.
fn recognise(text: &str) -> Result<Option<Endpoint>, Failure> {
    if secret::is_in_url(text) {
        return Err(Failure::usage(
            "this URL holds a token or a password: leave it out, and put the token into TURSO_AUTH_TOKEN_RO, .env or a profile",
        ));
    }
    if let Some(endpoint) = Endpoint::recognise(text) {
        return Ok(Some(endpoint?));
    }
    match text.split_once("://") {
        // A path with such a beginning is written ./…
        Some((scheme, _)) if scheme != "file" && scheme.chars().all(|letter| letter.is_ascii_alphanumeric()) => {
            Err(Failure::new(
                Status::CannotOpen,
                format!(
                    "{scheme}:// names no server that is known here: write libsql://HOST, https://HOST or http://HOST"
                ),
            ))
        }
        _ => Ok(None),
    }
}

/// The path that a text names which names no server.
fn path(text: &str) -> Result<PathBuf, Failure> {
    match Location::parse(text)? {
        Location::File(path) => Ok(path),
        Location::Server(_) | Location::Replica(_) => Err(Failure::usage("a path is wanted here")),
    }
}

fn no_profile(name: &str, config: &Config) -> Failure {
    let known: Vec<String> =
        config.profiles.keys().map(|name| format!("@{name}")).chain([format!("@{ENVIRONMENT}")]).collect();
    let known = known.join(", ");
    Failure::usage(match (name, config.profiles.is_empty()) {
        (_, true) => {
            "the config file has no profiles: write [profile.NAME] with url = \"libsql://HOST\" into it".to_owned()
        }
        ("", false) => format!("which profile? There are {known}"),
        (name, false) => format!("there is no profile @{name}: there are {known} (a file of this name: ./@{name})"),
    })
}
