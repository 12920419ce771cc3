//! What looks like a token, made unreadable: the last belt for words that others wrote (a server, a driver, a command).
//!
//! Our own words never hold a token: its type cannot be printed. This is for the text that did not go through that type.

use std::borrow::Cow;

/// What stands in a token's place.
pub const MASKED: &str = "[token]";

/// Shorter words that begin like a JSON web token are none: its header alone is longer.
const SHORTEST: usize = 24;

/// Shorter words are no token, wherever they stand: "the bearer of news".
const SHORTEST_NAMED: usize = 6;

/// What is followed by a token, in lower case.
const BEFORE: [&str; 6] = ["authtoken=", "auth_token=", "auth-token=", "token=", "jwt=", "bearer "];

/// Whether this is a JSON web token by its looks: three parts in base64, the first being an object's.
pub fn is_token(text: &str) -> bool {
    text.starts_with("eyJ") && text.len() >= SHORTEST && text.chars().all(is_part)
}

/// Whether a URL carries a secret: a user or a password, or a parameter for a token.
pub fn is_in_url(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(':') else { return false };
    let lower = rest.to_ascii_lowercase();
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    (rest.starts_with("//") && authority.contains('@'))
        || lower.split_once('?').is_some_and(|(_, query)| BEFORE.iter().any(|before| query.contains(before.trim_end())))
}

/// The text with what looks like a token left out.
pub fn masked(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let (mut kept, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        // What follows such a word is a token whatever it looks like.
        let before = BEFORE
            .iter()
            .find(|before| rest.get(..before.len()).is_some_and(|start| start.eq_ignore_ascii_case(before)));
        let from = before.map_or(0, |before| before.len());
        let begins = before.is_some() || !text[..at].chars().next_back().is_some_and(is_part);
        let end =
            if begins { rest[from..].find(|letter| !is_part(letter)).map_or(rest.len(), |end| from + end) } else { 0 };
        if begins && (is_token(&rest[from..end]) || (before.is_some() && end - from >= SHORTEST_NAMED)) {
            out.push_str(&text[kept..at + from]);
            out.push_str(MASKED);
            at += end;
            kept = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

const fn is_part(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '%' | '+' | '~')
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.c2lnbmF0dXJl-_";

    #[test]
    fn tokens_are_left_out_wherever_they_stand() {
        for (text, want) in [
            (format!("status=401: the JWT {TOKEN} has expired"), "status=401: the JWT [token] has expired"),
            (format!("\"{TOKEN}\""), "\"[token]\""),
            (format!("{TOKEN} {TOKEN}"), "[token] [token]"),
            ("Authorization: Bearer s3cret, next".to_owned(), "Authorization: Bearer [token], next"),
            ("libsql://h?authToken=s3cret&tls=0".to_owned(), "libsql://h?authToken=[token]&tls=0"),
            (format!("libsql://h?authToken={TOKEN}"), "libsql://h?authToken=[token]"),
            (format!("é{TOKEN}é"), "é[token]é"),
            ("TURSO_AUTH_TOKEN=s3cret".to_owned(), "TURSO_AUTH_TOKEN=[token]"),
        ] {
            assert_eq!(masked(&text), want);
        }
    }

    #[test]
    fn other_text_stays_as_it_is() {
        for text in
            ["", "eyJ", "the bearer of news", "TURSO_AUTH_TOKEN is not set", "token= ", "keyJustALongWordThatIsNone"]
        {
            assert!(matches!(masked(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }

    #[test]
    fn urls_with_secrets_are_known() {
        for url in [
            "libsql://h?authToken=x",
            "libsql://h/?tls=0&authtoken=x",
            "libsql:h?jwt=x",
            "https://user:pass@h/",
            "https://user@h",
            "libsql://h?auth_token=",
        ] {
            assert!(is_in_url(url), "{url}");
        }
        for url in
            ["libsql://h?tls=0", "a@b.db", "what?token.db", "file:a.db?mode=ro", "https://h/@x", "questions/a:b@c"]
        {
            assert!(!is_in_url(url), "{url}");
        }
    }
}
