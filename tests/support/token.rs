//! Tokens for servers in tests: Ed25519 keys that live as long as the test, and JWTs of every kind.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};

/// What a token permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    ReadOnly,
    ReadWrite,
}

/// Whether a token is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// For an hour.
    Good,
    /// Since an hour it is not.
    Expired,
}

/// The key that signs tokens.
pub(crate) struct Issuer(Ed25519KeyPair);

impl Issuer {
    /// A new key.
    pub(crate) fn new() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap())
    }

    /// What a server checks tokens with.
    pub(crate) fn public_key(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0.public_key().as_ref())
    }

    /// A token.
    pub(crate) fn token(&self, access: Access, life: Life) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let until = match life {
            Life::Good => now + 3600,
            Life::Expired => now - 3600,
        };
        let access = if access == Access::ReadOnly { "ro" } else { "rw" };
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"a":"{access}","exp":{until}}}"#));
        let signed = format!("{header}.{claims}");
        let signature = URL_SAFE_NO_PAD.encode(self.0.sign(signed.as_bytes()).as_ref());
        format!("{signed}.{signature}")
    }

    /// A token that permits reading, for an hour.
    pub(crate) fn read_only(&self) -> String {
        self.token(Access::ReadOnly, Life::Good)
    }

    /// A token that permits everything, for an hour.
    pub(crate) fn read_write(&self) -> String {
        self.token(Access::ReadWrite, Life::Good)
    }
}
