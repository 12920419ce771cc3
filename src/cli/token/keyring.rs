//! `token_keyring`: what the system's keyring holds, in builds with the feature `keyring`.

use crate::db::{
    error::{Error, ErrorKind, Result},
    server::credentials::Token,
};

/// The entry of this program with this name.
///
/// # Errors
/// [`ErrorKind::Credentials`]: no such entry, no keyring, or a build without it.
#[cfg(feature = "keyring")]
pub(super) fn token(entry: &str, name: &str) -> Result<Token> {
    use ::keyring::v1::{Entry, Error as Problem};

    let read = Entry::new("reelscope", entry).and_then(|entry| entry.get_password());
    match read {
        Ok(text) => super::named(name, &text),
        Err(Problem::NoEntry) => Err(Error::new(
            ErrorKind::Credentials,
            format!("{name}: the keyring has no entry {entry:?} of the service reelscope"),
            format!("put it there: secret-tool store --label reelscope service reelscope username {entry}"),
        )),
        // Some problems carry what was read: only their kind is said.
        Err(Problem::NoStorageAccess(_)) => Err(Error::new(
            ErrorKind::Credentials,
            format!("{name}: the keyring is locked or not there"),
            "unlock it, or use token_command",
        )),
        Err(_) => Err(Error::new(
            ErrorKind::Credentials,
            format!("{name}: the keyring cannot be read"),
            "look at the entry with the system's own program, or use token_command",
        )),
    }
}

/// This build has no keyring.
///
/// # Errors
/// Always.
#[cfg(not(feature = "keyring"))]
pub(super) fn token(_entry: &str, name: &str) -> Result<Token> {
    Err(Error::new(
        ErrorKind::Credentials,
        format!("{name}: this build reads no keyring"),
        "build it with `cargo install --path . --features keyring`, or use token_command",
    ))
}
