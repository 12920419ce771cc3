//! Text to nodes: serde_json reads, its events go straight into the flat list (nothing is kept twice, the order and even
//! duplicate keys stay). Numbers keep their digits: [`Digits`] finds them in the text, in the order of the events.

use std::{fmt, ops::Range};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{JsonError, JsonTree, Kind, Node};

impl JsonTree {
    /// Reads a document.
    ///
    /// # Errors
    /// Where and why it is no JSON, or that it is nested too deeply (128 levels).
    pub fn parse(text: &str) -> Result<Self, JsonError> {
        let mut tree = Self { nodes: Vec::new(), texts: String::new(), cursor: 0, top: 0, height: 0, x: 0 };
        if u32::try_from(text.len()).is_err() {
            return Err(JsonError { line: 0, column: 0, words: "the document is larger than 4 GiB".to_owned() });
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let mut digits = Digits { text, at: 0 };
        let place = Place { tree: &mut tree, digits: &mut digits, parent: 0, depth: 0, place: 0, key: None };
        place.deserialize(&mut reader).and_then(|()| reader.end()).map_err(|error| JsonError {
            line: error.line(),
            column: error.column(),
            words: words(&error),
        })?;
        Ok(tree)
    }
}

/// serde_json's words without its own "at line … column …".
fn words(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words);
    if text.contains("recursion limit") { "nested too deeply for a tree".to_owned() } else { text.to_owned() }
}

/// The numbers of a document as they are written, one after another. serde_json gives their values only: its feature
/// `arbitrary_precision` would keep the digits, but makes floats unreadable to libsql (<https://github.com/serde-rs/json/issues/740>).
struct Digits<'d> {
    text: &'d str,
    at: usize,
}

impl<'d> Digits<'d> {
    /// The next number; what stands before it was found to be JSON already.
    fn next(&mut self) -> &'d str {
        let bytes = self.text.as_bytes();
        let mut quoted = false;
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'\\' if quoted => self.at += 1,
                b'"' => quoted = !quoted,
                b'-' | b'0'..=b'9' if !quoted => break,
                _ => {}
            }
            self.at += 1;
        }
        let start = self.at.min(bytes.len());
        let is_part = |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        self.at = start + bytes[start..].iter().take_while(|byte| is_part(byte)).count();
        &self.text[start..self.at]
    }
}

/// Where the next value goes.
struct Place<'t, 'd> {
    tree: &'t mut JsonTree,
    digits: &'t mut Digits<'d>,
    parent: usize,
    depth: u16,
    place: u32,
    key: Option<Range<u32>>,
}

impl JsonTree {
    fn store(&mut self, text: &str) -> Range<u32> {
        let start = self.texts.len();
        self.texts.push_str(text);
        // The texts are never longer than the document, which is below 4 GiB.
        #[expect(clippy::cast_possible_truncation, reason = "below 4 GiB, see above")]
        let range = start as u32..self.texts.len() as u32;
        range
    }
}

impl Place<'_, '_> {
    /// Adds the node and says where it is.
    #[expect(clippy::cast_possible_truncation, reason = "fewer nodes than bytes, and below 4 GiB of these")]
    fn add(&mut self, kind: Kind, text: &str) -> usize {
        let at = self.tree.nodes.len();
        let text = self.tree.store(text);
        self.tree.nodes.push(Node {
            kind,
            folded: false,
            depth: self.depth,
            parent: self.parent as u32,
            end: at as u32 + 1,
            place: self.place,
            count: 0,
            key: self.key.take(),
            text,
        });
        at
    }

    fn number(mut self) {
        let digits = self.digits.next();
        self.add(Kind::Number, digits);
    }

    #[expect(clippy::cast_possible_truncation, reason = "fewer nodes than bytes, and below 4 GiB of these")]
    fn close(self, at: usize, count: u32) {
        let end = self.tree.nodes.len() as u32;
        let node = &mut self.tree.nodes[at];
        node.end = end;
        node.count = count;
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.add(Kind::Word, "null");
        Ok(())
    }

    fn visit_bool<E>(mut self, value: bool) -> Result<(), E> {
        self.add(Kind::Word, if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.number();
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.number();
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.number();
        Ok(())
    }

    fn visit_str<E>(mut self, value: &str) -> Result<(), E> {
        self.add(Kind::String, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let at = self.add(Kind::Array, "");
        let mut count = 0;
        let depth = self.depth + 1;
        while items
            .next_element_seed(Place {
                tree: &mut *self.tree,
                digits: &mut *self.digits,
                parent: at,
                depth,
                place: count,
                key: None,
            })?
            .is_some()
        {
            count += 1;
        }
        self.close(at, count);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let Some(mut name) = entries.next_key_seed(Name(&mut *self.tree))? else {
            self.add(Kind::Object, "");
            return Ok(());
        };
        let at = self.add(Kind::Object, "");
        let mut count = 0;
        let depth = self.depth + 1;
        loop {
            let (tree, digits) = (&mut *self.tree, &mut *self.digits);
            let place = Place { tree, digits, parent: at, depth, place: count, key: Some(name) };
            entries.next_value_seed(place)?;
            count += 1;
            match entries.next_key_seed(Name(&mut *self.tree))? {
                Some(next) => name = next,
                None => break,
            }
        }
        self.close(at, count);
        Ok(())
    }
}

/// A key: stored where it is read, without a string of its own.
struct Name<'t>(&'t mut JsonTree);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Range<u32>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Range<u32>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Range<u32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, text: &str) -> Result<Range<u32>, E> {
        Ok(self.0.store(text))
    }
}
