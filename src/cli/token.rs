//! Tokens: read from where the user keeps them, at the moment they are asked for, straight into a type that cannot be printed.
//!
//! Each source is asked anew whenever the server refuses the token there is: a new one in `.env`, or from the command, is used
//! without a new start. No word of an error quotes a token, nor a command, which may hold one.

mod command;
mod keyring;

use super::target::{Access, Named, ServerTarget, TokenSource, environment};
use crate::{
    config::{Surroundings, Variables, profile::TokenFrom},
    db::{
        error::{Error, ErrorKind, Result},
        server::{
            credentials::{Credentials, Token},
            endpoint::Endpoint,
        },
    },
};

/// The credentials of a server, to be asked whenever they are needed.
pub(super) fn credentials(target: &ServerTarget, access: Access, surroundings: &Surroundings) -> Credentials {
    let surroundings = surroundings.clone();
    match &target.token {
        TokenSource::Environment(variable) => {
            let (endpoint, by) = (target.endpoint.clone(), target.named);
            let name = variable.unwrap_or(match access {
                Access::Read => environment::TOKEN_RO,
                Access::Write => environment::TOKEN,
            });
            // What is exported goes before what stands in `.env`, but not where only that names the server.
            let exported = [environment::TOKEN_RO, environment::TOKEN]
                .into_iter()
                .find(|name| surroundings.process().iter().any(|(key, value)| key == name && !value.trim().is_empty()));
            let advice = exported.filter(|_| (*variable, by) == (None, Named::ByFile)).map(|exported| {
                format!(
                    "put the URL and its token into the same place: export the URL, too, or unset {exported} and put the token into .env"
                )
            });
            let credentials =
                Credentials::new(name, move || of_environment(&surroundings.read(), &endpoint, by, access));
            match advice {
                Some(advice) => credentials.with_advice(advice),
                None => credentials,
            }
        }
        TokenSource::Profile(from) => {
            let of = target.profile.as_ref().map(|name| format!(" of @{name}")).unwrap_or_default();
            let name = format!("{}{of}", from.key());
            match from.clone() {
                TokenFrom::Variable(variable) => {
                    // What people look for is the variable.
                    let name = format!("{variable} ({name})");
                    Credentials::new(name.clone(), move || of_variable(&surroundings.read(), &variable, &name))
                }
                TokenFrom::Command(line) => {
                    Credentials::new(name.clone(), move || command::token(&line, &name, command::PATIENCE).map(Some))
                }
                TokenFrom::Keyring(entry) => {
                    Credentials::new(name.clone(), move || keyring::token(&entry, &name).map(Some))
                }
            }
        }
    }
}

/// Whether asking for the token costs nothing, so that what is wrong with it can be said at once.
pub(super) const fn is_quick(source: &TokenSource) -> bool {
    matches!(source, TokenSource::Environment(_) | TokenSource::Profile(TokenFrom::Variable(_)))
}

fn of_environment(variables: &Variables, endpoint: &Endpoint, by: Named, access: Access) -> Result<Option<Token>> {
    let chosen = environment::token(variables, endpoint, by, access)
        .map_err(|failure| Error::new(ErrorKind::Credentials, failure.to_string(), ""))?;
    chosen
        .variable
        .and_then(|name| Some((name, variables.get(name)?.text)))
        .map(|(name, text)| named(name, text))
        .transpose()
}

fn of_variable(variables: &Variables, variable: &str, name: &str) -> Result<Option<Token>> {
    match variables.get(variable) {
        Some(found) => named(name, found.text).map(Some),
        None => Err(Error::new(
            ErrorKind::Credentials,
            format!("{name} is not set"),
            "put the token into .env, or into the environment",
        )),
    }
}

/// A token out of a text, with words that say where it came from.
fn named(name: &str, text: &str) -> Result<Token> {
    Token::new(text).map_err(|error| Error::new(error.kind, format!("{name}: {}", error.what), error.remedy))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    fn target(token: TokenSource) -> ServerTarget {
        let endpoint = Endpoint::parse("libsql://a.turso.io").unwrap();
        ServerTarget {
            endpoint,
            token,
            replica: None,
            timeout: None,
            profile: Some("prod".to_owned()),
            named: Named::ByUser,
        }
    }

    fn profile(from: TokenFrom) -> ServerTarget {
        target(TokenSource::Profile(from))
    }

    fn text(credentials: &Credentials) -> Option<String> {
        credentials.token().unwrap().map(|token| token.reveal().to_owned())
    }

    #[test]
    fn the_environment_is_asked_anew_each_time_and_a_read_only_token_goes_first_as_soon_as_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join(".env"), text).unwrap();
        let surroundings = Surroundings::new(Vec::new(), Some(folder.path().to_owned()));
        write("TURSO_DATABASE_URL=libsql://a.turso.io\nTURSO_AUTH_TOKEN=old\n");
        let asked =
            credentials(&target(TokenSource::Environment(Some("TURSO_AUTH_TOKEN"))), Access::Read, &surroundings);
        assert_eq!((asked.name(), text(&asked)), ("TURSO_AUTH_TOKEN", Some("old".to_owned())));
        write("TURSO_DATABASE_URL=libsql://a.turso.io\nTURSO_AUTH_TOKEN=new\n");
        assert_eq!(text(&asked), Some("new".to_owned()));
        write("TURSO_DATABASE_URL=libsql://a.turso.io\nTURSO_AUTH_TOKEN=new\nTURSO_AUTH_TOKEN_RO=safe");
        assert_eq!(text(&asked), Some("safe".to_owned()));
        // Another server took this one's place meanwhile: its token is not for us.
        write("TURSO_DATABASE_URL=libsql://b.turso.io\nTURSO_AUTH_TOKEN=new\nTURSO_AUTH_TOKEN_RO=safe");
        assert_eq!(text(&asked), None);
        write("TURSO_DATABASE_URL=libsql://a.turso.io\nTURSO_AUTH_TOKEN='s3cret two'");
        let error = asked.token().unwrap_err();
        assert_eq!(error.kind, ErrorKind::Credentials);
        assert!(error.what.starts_with("TURSO_AUTH_TOKEN: ") && !format!("{error:?}").contains("s3cret"), "{error:?}");
    }

    #[test]
    fn a_profile_s_variable_is_named_where_it_is_missing() {
        let surroundings = Surroundings::new(vec![("PROD_TOKEN".to_owned(), "abc".to_owned())], None);
        let asked =
            |name: &str| credentials(&profile(TokenFrom::Variable(name.to_owned())), Access::Read, &surroundings);
        assert_eq!(text(&asked("PROD_TOKEN")), Some("abc".to_owned()));
        let error = asked("OTHER").token().unwrap_err();
        assert_eq!(error.what, "OTHER (token_variable of @prod) is not set");
    }

    #[test]
    fn a_profile_s_command_is_run_anew_each_time() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        let surroundings = Surroundings::new(Vec::new(), None);
        let asked =
            credentials(&profile(TokenFrom::Command(format!("cat '{}'", file.display()))), Access::Read, &surroundings);
        assert_eq!(asked.name(), "token_command of @prod");
        fs::write(&file, "one\nnoise").unwrap();
        assert_eq!(text(&asked), Some("one".to_owned()));
        fs::write(&file, "two").unwrap();
        assert_eq!(text(&asked), Some("two".to_owned()));
    }
}
