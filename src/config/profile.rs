//! Profiles: named databases of the config file, `[profile.prod]`.
//!
//! A profile says where a token comes from; the token itself has no place in a file that is copied and shared.

use std::{collections::BTreeMap, fmt, path::PathBuf, time::Duration};

use toml::Value;

use super::settings;

/// The profiles of a config file by name.
pub type Profiles = BTreeMap<String, Profile>;

/// A name that stands for the environment's database: no profile has it.
pub const ENVIRONMENT: &str = "env";

/// A named database. `Debug` shows neither its URL, which may hold a token by mistake, nor its command.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// Where it is: a server's URL or a path; checked when it is opened.
    pub url: String,
    /// Where its token comes from; `None`: from the environment, where that is for the same server.
    pub token: Option<TokenFrom>,
    /// The file of its copy, whole.
    pub replica: Option<PathBuf>,
    /// How long a request may take.
    pub timeout: Option<Duration>,
}

/// Where a token comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum TokenFrom {
    /// `token_variable`: a variable of the environment or of `.env`.
    Variable(String),
    /// `token_command`: the first line that this command of the shell prints.
    Command(String),
    /// `token_keyring`: what the system's keyring holds for this program under this name.
    Keyring(String),
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url: _, token, replica, timeout } = self;
        let mut shown = f.debug_struct("Profile");
        shown.field("token", token).field("replica", replica).field("timeout", timeout).finish_non_exhaustive()
    }
}

impl TokenFrom {
    /// What it is called in the config file.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Variable(_) => "token_variable",
            Self::Command(_) => "token_command",
            Self::Keyring(_) => "token_keyring",
        }
    }
}

impl fmt::Debug for TokenFrom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// Reads the table `[profile]`.
///
/// # Errors
/// Words for the first thing that is not allowed; never with a value in them, for that may be a secret.
pub(super) fn read(value: Value, home: Option<&PathBuf>) -> Result<Profiles, String> {
    let Value::Table(tables) = value else { return Err("profiles are tables: [profile.NAME]".to_owned()) };
    tables
        .into_iter()
        .map(|(name, value)| {
            let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
            if name.is_empty() || !name.chars().all(plain) {
                return Err("a profile's name has letters, digits, '-', '_' and '.'".to_owned());
            }
            if name == ENVIRONMENT {
                return Err(format!("profile.{name}: @{name} is the database of the environment: call it otherwise"));
            }
            let Value::Table(table) = value else { return Err(format!("profile.{name} is a table: [profile.{name}]")) };
            let profile = one(table, home).map_err(|words| format!("profile.{name}{words}"))?;
            Ok((name, profile))
        })
        .collect()
}

fn one(table: toml::Table, home: Option<&PathBuf>) -> Result<Profile, String> {
    let (mut url, mut tokens, mut replica, mut timeout) = (None, Vec::new(), None, None);
    for (key, value) in table {
        let text = match value {
            Value::String(text) => text,
            Value::Integer(number) if key == "timeout" => number.to_string(),
            other if secret(&key).is_none() => return Err(format!(".{key} takes a text, not {}", other.type_str())),
            _ => String::new(),
        };
        match key.as_str() {
            "url" => url = Some(text),
            "token_variable" => tokens.push(TokenFrom::Variable(text)),
            "token_command" => tokens.push(TokenFrom::Command(text)),
            "token_keyring" => tokens.push(TokenFrom::Keyring(text)),
            "replica" => replica = Some(whole(&text, home).ok_or(".replica is a whole path, or one under ~/")?),
            "timeout" => timeout = Some(settings::seconds(&text).map_err(|allowed| format!(".timeout is {allowed}"))?),
            key => {
                return Err(secret(key).unwrap_or_else(|| {
                    format!(
                        ".{key} is no setting of a profile: there are url, token_variable, token_command, token_keyring, \
                         replica and timeout"
                    )
                }));
            }
        }
    }
    if tokens.len() > 1 {
        return Err(" has more than one of token_variable, token_command and token_keyring: keep one".to_owned());
    }
    let url = url.filter(|url| !url.trim().is_empty()).ok_or(" has no url: add url = \"libsql://HOST\"")?;
    // A path under the home is written as in a shell.
    let url = match url.strip_prefix("~/") {
        Some(_) => whole(&url, home).map_or(url, |path| path.to_string_lossy().into_owned()),
        None => url,
    };
    Ok(Profile { url, token: tokens.pop(), replica, timeout })
}

/// Words for a key that would hold a token itself.
fn secret(key: &str) -> Option<String> {
    ["token", "auth_token", "authToken", "password", "jwt"].contains(&key).then(|| {
        format!(
            ".{key}: no token in the config file, it is copied and shared; say where it comes from instead: \
             token_variable = \"NAME\", token_command = \"…\" or token_keyring = \"NAME\""
        )
    })
}

/// The path, with `~/` as the home; `None` where it depends on the working folder.
fn whole(text: &str, home: Option<&PathBuf>) -> Option<PathBuf> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => home?.join(rest),
        None => PathBuf::from(text),
    };
    (path.is_absolute() && !text.contains('\0')).then_some(path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parsed(text: &str) -> Result<Profiles, String> {
        let table: toml::Table = toml::from_str(text).unwrap();
        read(table["profile"].clone(), Some(&PathBuf::from("/home/ann")))
    }

    #[test]
    fn profiles_are_read() {
        let profiles = parsed(
            "[profile.prod]\nurl = 'libsql://a.turso.io'\ntoken_command = 'pass turso'\nreplica = '~/copies/a.db'\ntimeout = 5\n\
             [profile.local-1]\nurl = 'http://127.0.0.1:8080'\n[profile.x]\nurl='~/x.db'\n",
        )
        .unwrap();
        let prod = &profiles["prod"];
        assert_eq!(prod.url, "libsql://a.turso.io");
        assert_eq!(prod.token, Some(TokenFrom::Command("pass turso".to_owned())));
        assert_eq!(prod.replica, Some("/home/ann/copies/a.db".into()));
        assert_eq!(prod.timeout, Some(Duration::from_secs(5)));
        assert_eq!(profiles["local-1"].token, None);
        assert_eq!(profiles["x"].url, "/home/ann/x.db");
        let shown = format!("{profiles:?}");
        assert!(
            shown.contains("token_command") && !shown.contains("pass turso") && !shown.contains("libsql"),
            "{shown}"
        );
    }

    #[test]
    fn a_token_has_no_place_here_and_is_not_repeated() {
        for key in ["token", "auth_token", "authToken", "password", "jwt"] {
            let words = parsed(&format!("[profile.p]\nurl = 'libsql://a'\n{key} = 's3cret'")).unwrap_err();
            assert!(words.contains("token_command") && !words.contains("s3cret"), "{words}");
        }
    }

    #[test]
    fn what_is_not_allowed_is_said() {
        for (text, part) in [
            ("profile = 3", "[profile.NAME]"),
            ("profile.p = 3", "[profile.p]"),
            ("profile.env.url = 'libsql://a'", "@env"),
            ("profile.\"a b\".url = 'libsql://a'", "letters"),
            ("profile.p.replica = '/x'", "has no url"),
            ("profile.p = {url = '/x', replica = 'copy.db'}", "whole path"),
            ("profile.p = {url = '/x', colour = 'red'}", "colour is no setting"),
            ("profile.p = {url = 3}", "takes a text"),
            ("profile.p = {url = '/x', timeout = 0}", "1 to 3600"),
            ("profile.p = {url = '/x', token_variable = 'A', token_command = 'b'}", "keep one"),
        ] {
            let words = parsed(text).unwrap_err();
            assert!(words.contains(part), "{text}: {words}");
        }
    }
}
