//! Places a user can go to: a table, or a record in it, as typed in `:` and on the command line.

use std::{fmt, str::FromStr};

/// `bot_ledger`, or `questions/q-1`. Names are as typed; the schema resolves them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The table or view.
    pub relation: String,
    /// The text of the record's key.
    pub key: Option<String>,
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let (relation, key) = match text.split_once('/') {
            Some((relation, key)) if !key.is_empty() => (relation, Some(key.to_owned())),
            Some((relation, _)) => (relation, None),
            None => (text, None),
        };
        if relation.is_empty() {
            return Err("a place is TABLE or TABLE/KEY, such as bot_ledger or questions/q-1".to_owned());
        }
        if relation.ends_with(':') && key.as_ref().is_some_and(|key| key.starts_with('/')) {
            return Err("this is a URL, and a place is TABLE or TABLE/KEY, such as questions/q-1: \
                        a picture of a database takes `--database URL`"
                .to_owned());
        }
        Ok(Self { relation: relation.to_owned(), key })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}/{key}", self.relation),
            None => f.write_str(&self.relation),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read_and_written() {
        let place: Place = "questions/a/b".parse().unwrap_or_else(|why| unreachable!("{why}"));
        assert_eq!((place.relation.as_str(), place.key.as_deref()), ("questions", Some("a/b")));
        assert_eq!(place.to_string(), "questions/a/b");
        assert!("/x".parse::<Place>().is_err());
        assert!("http://127.0.0.1:8080".parse::<Place>().is_err());
        assert!("blog/https://a.example/b".parse::<Place>().is_ok(), "a key may be one");
    }
}
