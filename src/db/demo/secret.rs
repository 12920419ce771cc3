//! Ids and hashes that look like those of a real database.

use crate::db::random::Random;

/// A version 4 UUID.
pub(super) fn uuid(random: &mut Random) -> String {
    let (a, b) = (random.next(), random.next());
    format!(
        "{:08x}-{:04x}-4{:03x}-{:x}{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        8 + (b >> 62),
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}

/// What looks like a bcrypt hash (`$2b$12$` and 53 characters of its alphabet) and is the hash of nothing.
pub(super) fn bcrypt(random: &mut Random) -> String {
    const ALPHABET: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let letters: String = (0..53).map(|_| char::from(random.one_of(ALPHABET))).collect();
    format!("$2b$12${letters}")
}
