//! The filter as it is typed: `bot=verifier action=flag,delete type=question since=2h "timed out"`.
//!
//! Words without a key are a text that the item's id or the reason contains. Everything that is set must hold; of several values
//! of one key any. What [`Filter::expression`] writes [`Filter::parse`] reads.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::when::{self, Moment};
use crate::domain::activity::LedgerFilter;

/// A moment with the words it was typed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct When {
    words: String,
    moment: Moment,
}

/// A filter as the user means it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Filter {
    pub(super) bots: Vec<String>,
    pub(super) actions: Vec<String>,
    pub(super) kinds: Vec<String>,
    pub(super) item: Option<String>,
    pub(super) text: Option<String>,
    pub(super) since: Option<When>,
    pub(super) until: Option<When>,
}

/// What a filter may say, for whom something else was typed.
const EXAMPLE: &str = "for example bot=verifier action=flag type=question since=2h timeout";

impl Filter {
    /// Whether every row passes.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Reads an expression; the error says what is wrong, and how it would be right.
    pub(super) fn parse(text: &str, now: Timestamp) -> Result<Self, String> {
        let mut out = Self::default();
        let mut words: Vec<String> = Vec::new();
        for token in tokens(text)? {
            let Some(key) = &token.key else {
                words.push(token.value);
                continue;
            };
            if token.value.is_empty() {
                return Err(format!("{key}= wants a value, {EXAMPLE}"));
            }
            match key.to_ascii_lowercase().as_str() {
                "bot" | "bots" => add(&mut out.bots, &token),
                "action" | "actions" => add(&mut out.actions, &token),
                "type" | "kind" => add(&mut out.kinds, &token),
                "item" | "id" => once(&mut out.item, token.value, "item")?,
                "text" | "reason" => words.push(token.value),
                "since" | "from" => {
                    let moment = when::parse(&token.value, now)?;
                    once(&mut out.since, When { words: token.value, moment }, "since")?;
                }
                "until" | "to" => {
                    let moment = when::parse(&token.value, now)?;
                    once(&mut out.until, When { words: token.value, moment }, "until")?;
                }
                _ => {
                    return Err(format!(
                        "“{key}” is nothing to filter by: bot, action, type, item, since, until or plain words, {EXAMPLE}; \
                         a word with = in it goes into quotes"
                    ));
                }
            }
        }
        let words = words.join(" ");
        out.text = (!words.is_empty()).then_some(words);
        if let (Some(since), Some(until)) = (&out.since, &out.until)
            && since.moment.first > until.moment.last
        {
            return Err(format!("since={} is later than until={}: no row could pass", since.words, until.words));
        }
        Ok(out)
    }

    /// Rows of the minute of this time.
    pub(super) fn minute(&mut self, at: Timestamp) {
        let words = format!("{}", at.strftime("%Y-%m-%d %H:%M"));
        let when = when::parse(&words, at).ok().map(|moment| When { words, moment });
        (self.since, self.until) = (when.clone(), when);
    }

    /// Rows of this second of Unix time and later.
    pub(super) fn from(&mut self, second: i64) {
        let at = Timestamp::from_second(second).ok();
        self.since = at.and_then(|at| {
            let words = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
            when::parse(&words, at).ok().map(|moment| When { words, moment })
        });
    }

    /// The same for the database and for rows that are here.
    pub(super) fn meant(&self) -> LedgerFilter {
        LedgerFilter {
            bots: self.bots.clone(),
            actions: self.actions.clone(),
            kinds: self.kinds.clone(),
            item: self.item.clone(),
            text: self.text.clone(),
            since: self.since.as_ref().map(|when| when.moment.first),
            until: self.until.as_ref().map(|when| when.moment.last),
        }
    }

    /// What is set, each for itself, for people: `bot=verifier`, `since 2h`, `“timed out”`.
    pub(super) fn chips(&self) -> Vec<String> {
        let mut chips = Vec::new();
        for (key, values) in [("bot", &self.bots), ("action", &self.actions), ("type", &self.kinds)] {
            if !values.is_empty() {
                chips.push(format!("{key}={}", values.join(",")));
            }
        }
        chips.extend(self.item.as_ref().map(|item| format!("item={item}")));
        chips.extend(self.since.as_ref().map(|when| format!("since {}", when.words)));
        chips.extend(self.until.as_ref().map(|when| format!("until {}", when.words)));
        chips.extend(self.text.as_ref().map(|text| format!("“{text}”")));
        chips
    }

    /// The expression.
    pub(super) fn expression(&self) -> String {
        let mut out = String::new();
        for (key, values) in [("bot", &self.bots), ("action", &self.actions), ("type", &self.kinds)] {
            for value in values {
                let _ = write!(out, "{key}={} ", quoted(value));
            }
        }
        let whens = [("since", &self.since), ("until", &self.until)];
        let whens = whens.map(|(key, when)| (key, when.as_ref().map(|when| &when.words)));
        for (key, value) in [("item", self.item.as_ref())].into_iter().chain(whens) {
            if let Some(value) = value {
                let _ = write!(out, "{key}={} ", quoted(value));
            }
        }
        if let Some(text) = &self.text {
            out.push_str(&quoted(text));
        }
        out.truncate(out.trim_end().len());
        out
    }
}

/// One value more, or several with commas between where they are not quoted.
fn add(values: &mut Vec<String>, token: &Token) {
    let parts = if token.quoted { vec![token.value.as_str()] } else { token.value.split(',').collect() };
    for part in parts {
        if !part.is_empty() && !values.iter().any(|value| value == part) {
            values.push(part.to_owned());
        }
    }
}

fn once<T>(place: &mut Option<T>, value: T, key: &str) -> Result<(), String> {
    if place.replace(value).is_some() {
        return Err(format!("{key}= stands there twice: one of them is enough"));
    }
    Ok(())
}

/// In quotes where it must be.
fn quoted(value: &str) -> String {
    let plain =
        !value.is_empty() && !value.contains(|letter: char| letter.is_whitespace() || "\"\\=,".contains(letter));
    if plain { value.to_owned() } else { format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"")) }
}

struct Token {
    key: Option<String>,
    value: String,
    quoted: bool,
}

/// The words of an expression; what stands in quotes is one.
fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut out = Vec::new();
    let mut letters = text.chars().peekable();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if letters.peek().is_none() {
            return Ok(out);
        }
        let mut token = Token { key: None, value: String::new(), quoted: false };
        while let Some(letter) = letters.next_if(|letter| !letter.is_whitespace()) {
            match letter {
                '"' => {
                    token.quoted = true;
                    loop {
                        match letters.next() {
                            Some('"') => break,
                            Some('\\') => token.value.extend(letters.next()),
                            Some(letter) => token.value.push(letter),
                            None => return Err("a quote is open: put another \" where the text ends".to_owned()),
                        }
                    }
                }
                '=' if token.key.is_none() && !token.quoted && !token.value.is_empty() => {
                    token.key = Some(std::mem::take(&mut token.value));
                }
                letter => token.value.push(letter),
            }
        }
        if token.key.is_some() || !token.value.is_empty() {
            out.push(token);
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn now() -> Timestamp {
        "2026-02-01T12:00:30Z".parse().unwrap()
    }

    #[test]
    fn an_expression_is_read_as_it_is_meant() {
        let text =
            r#"bot=verifier,creator action=flag  type=question since=2h until=today bot="a,b" timed "out of = memory""#;
        let filter = Filter::parse(text, now()).unwrap();
        assert_eq!(filter.bots, ["verifier", "creator", "a,b"]);
        assert_eq!(
            (filter.actions.as_slice(), filter.kinds.as_slice()),
            (&["flag".to_owned()][..], &["question".to_owned()][..])
        );
        assert_eq!(filter.text.as_deref(), Some("timed out of = memory"));
        let meant = filter.meant();
        assert_eq!(meant.since.unwrap().to_string(), "2026-02-01T10:00:30Z");
        assert_eq!(meant.until.unwrap().to_string(), "2026-02-01T23:59:59Z");
        let chips = filter.chips().join(" | ");
        assert_eq!(
            chips,
            "bot=verifier,creator,a,b | action=flag | type=question | since 2h | until today | “timed out of = memory”"
        );
        assert!(Filter::parse("  ", now()).unwrap().is_empty());
        assert_eq!(Filter::parse("=x item=q-1", now()).unwrap().text.as_deref(), Some("=x"));
    }

    #[test]
    fn what_is_wrong_is_said_in_words() {
        for (text, words) in [
            ("colour=red", "“colour” is nothing to filter by"),
            ("bot=", "bot= wants a value"),
            ("since=soon", "“soon” is no time"),
            ("since=1h until=2h", "later than until"),
            ("item=a item=b", "stands there twice"),
            ("text=\"open", "a quote is open"),
        ] {
            let error = Filter::parse(text, now()).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            bots in proptest::collection::btree_set("\\PC{1,8}", 0..3),
            item in proptest::option::of("\\PC{1,8}"),
            text in proptest::option::of("[^\\s]\\PC{0,8}[^\\s]"),
        ) {
            let filter = Filter { bots: bots.into_iter().collect(), item, text, ..Filter::default() };
            prop_assert_eq!(Filter::parse(&filter.expression(), now()), Ok(filter));
        }

        #[test]
        fn nothing_typed_makes_it_panic(text in "\\PC{0,40}|[a-z=\" \\\\,]{0,30}") {
            if let Ok(filter) = Filter::parse(&text, now()) {
                prop_assert_eq!(Filter::parse(&filter.expression(), now()), Ok(filter));
            }
        }
    }
}
