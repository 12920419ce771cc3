//! Cell values, exact: what SQLite stores, byte for byte, never through a lossy string.
//!
//! A page of rows carries at most the first bytes of each long cell ([`Bytes`] knows how long the whole is), so that a
//! 10 MB cell costs a frame no more than a short one. Keys and whole cells are read with [`Bytes::whole`].

use std::borrow::Cow;

/// The bytes of a text or a blob: all of them, or the first ones with the length of the whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Bytes {
    head: Box<[u8]>,
    total: u64,
}

impl Bytes {
    /// All the bytes.
    pub fn whole(bytes: impl Into<Box<[u8]>>) -> Self {
        let head = bytes.into();
        let total = head.len() as u64;
        Self { head, total }
    }

    /// The first `limit` bytes of `bytes`; for text, cut back to a character's border where the text is valid UTF-8.
    pub fn cut(bytes: &[u8], limit: usize) -> Self {
        let mut end = bytes.len().min(limit);
        if end < bytes.len() {
            // At most three continuation bytes: not valid UTF-8 otherwise, and then any border is as good.
            let floor = end.saturating_sub(3);
            let mut at = end;
            while at > floor && bytes[at] & 0xC0 == 0x80 {
                at -= 1;
            }
            if bytes[at] & 0xC0 != 0x80 {
                end = at;
            }
        }
        Self { head: bytes[..end].into(), total: bytes.len() as u64 }
    }

    /// The beginning of `total` bytes, cut as [`Self::cut`] cuts: `bytes` are all, or at least the first `limit` and one more.
    pub fn part(bytes: impl Into<Box<[u8]>>, limit: usize, total: u64) -> Self {
        let head = bytes.into();
        if head.len() as u64 >= total && head.len() <= limit {
            return Self { total: head.len() as u64, head };
        }
        Self { total: total.max(head.len() as u64), ..Self::cut(&head, limit) }
    }

    /// The bytes that are here.
    pub fn head(&self) -> &[u8] {
        &self.head
    }

    /// How many bytes the whole has.
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Whether bytes are missing here.
    pub fn is_cut(&self) -> bool {
        (self.head.len() as u64) < self.total
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Self::whole(text.as_bytes())
    }
}

/// One of SQLite's five storage classes with its content (<https://www.sqlite.org/datatype3.html>).
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// NULL.
    #[default]
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A 64-bit float; never NaN (SQLite stores NaN as NULL), but possibly infinite.
    Real(f64),
    /// Text in the database's bytes, which need not be valid UTF-8 and may hold NUL.
    Text(Bytes),
    /// A blob.
    Blob(Bytes),
}

impl Value {
    /// A whole text.
    pub fn text(text: &str) -> Self {
        Self::Text(Bytes::from(text))
    }

    /// Whether this is NULL.
    pub const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether bytes of the cell are missing here.
    pub fn is_cut(&self) -> bool {
        match self {
            Self::Text(bytes) | Self::Blob(bytes) => bytes.is_cut(),
            Self::Null | Self::Integer(_) | Self::Real(_) => false,
        }
    }

    /// The text that is here, invalid UTF-8 replaced; `None` where this is no text.
    pub fn as_text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(bytes) => Some(String::from_utf8_lossy(bytes.head())),
            _ => None,
        }
    }

    /// The integer; `None` where this is none.
    pub const fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Words for people: text as it is, numbers in digits, NULL empty, blobs as `x'…'` in full.
    pub fn to_plain(&self) -> Cow<'_, str> {
        match self {
            Self::Null => Cow::Borrowed(""),
            Self::Integer(number) => Cow::Owned(number.to_string()),
            Self::Real(number) => Cow::Owned(real(*number)),
            Self::Text(bytes) => String::from_utf8_lossy(bytes.head()),
            Self::Blob(bytes) => Cow::Owned(format!("x'{}'", hex(bytes.head()))),
        }
    }
}

/// Whether secrets (users.password) are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Secrets {
    /// Masked.
    #[default]
    Masked,
    /// Revealed on purpose.
    Revealed,
}

/// A float as SQLite prints it: always with a point or an exponent, infinities as `Inf` and `-Inf`.
pub fn real(number: f64) -> String {
    if number.is_infinite() {
        return if number > 0.0 { "Inf".into() } else { "-Inf".into() };
    }
    let magnitude = number.abs();
    if magnitude != 0.0 && !(1e-5..1e16).contains(&magnitude) { format!("{number:e}") } else { format!("{number:?}") }
}

/// Bytes as lower-case hexadecimal digits without separators.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_ends_at_a_character() {
        let bytes = Bytes::cut("ab😀cd".as_bytes(), 4);
        assert_eq!(bytes.head(), b"ab");
        assert_eq!(bytes.total(), 8);
        assert!(bytes.is_cut());
        assert_eq!(Bytes::cut(&[0x80; 9], 5).head().len(), 5);
        assert!(!Bytes::cut(b"ab", 2).is_cut());
        let text = "abc😀cd".as_bytes();
        for limit in 1..text.len() {
            let sent = &text[..limit + 1];
            assert_eq!(Bytes::part(sent, limit, text.len() as u64), Bytes::cut(text, limit), "{limit}");
        }
        assert_eq!(Bytes::part(text, 20, text.len() as u64), Bytes::whole(text));
    }

    #[test]
    fn floats_never_look_like_integers() {
        assert_eq!(real(1.0), "1.0");
        assert_eq!(real(f64::INFINITY), "Inf");
        assert_eq!(real(1e300), "1e300");
    }
}
