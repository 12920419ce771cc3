//! Secrets on the command line: refused before anything reads it, for every user of a computer sees the command lines of all.

use std::ffi::OsString;

use super::Failure;
use crate::domain::secret;

/// Options that other programs have for tokens.
const OPTIONS: [&str; 6] = ["--token", "--auth-token", "--authtoken", "--auth_token", "--jwt", "--password"];

/// Refuses arguments that hold a token, or ask for one, without repeating them.
///
/// # Errors
/// Wrong usage, with where tokens come from.
pub fn check(arguments: &[OsString]) -> Result<(), Failure> {
    for argument in arguments {
        let text = argument.to_string_lossy();
        let (name, _) = text.split_once('=').unwrap_or((&text, ""));
        if OPTIONS.contains(&name.to_ascii_lowercase().as_str()) {
            return Err(Failure::usage(format!("there is no option {name}, others could see the token: {SOURCES}")));
        }
        if secret::is_token(&text) || secret::is_in_url(&text) {
            return Err(Failure::usage(format!(
                "the command line holds a token or a password, others could see it: {SOURCES}"
            )));
        }
    }
    Ok(())
}

const SOURCES: &str = "put it into TURSO_AUTH_TOKEN_RO (the environment or .env), or name where it is kept in a profile \
                       (token_variable, token_command, token_keyring)";

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn checked(line: &str) -> Result<(), Failure> {
        check(&line.split(' ').map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn tokens_are_refused_and_not_repeated() {
        for line in [
            "libsql://h --token s3cret",
            "libsql://h --token=s3cret",
            "libsql://h --Auth-Token=s3cret",
            "libsql://h?authToken=s3cret questions",
            "show https://ann:s3cret@h questions/q-1",
            "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.s3cret",
        ] {
            let words = checked(line).unwrap_err().to_string();
            assert!(!words.contains("s3cret") && words.contains("token_command"), "{words}");
        }
    }

    #[test]
    fn everything_else_passes() {
        for line in
            ["libsql://h?tls=0 questions/q-1", "a@b.db", "@prod", "screenshot --keys tab", "--theme dark", "eyJ"]
        {
            assert!(checked(line).is_ok(), "{line}");
        }
    }
}
