//! Searching the queue: which lines have what is looked for, found when it is typed and not when it is drawn.

use super::list::{Entry, List};
use crate::{message::action::Action, panes::PromptState};

/// What is searched for, and where it is.
#[derive(Debug, Default)]
pub(super) struct Found {
    pattern: String,
    places: Vec<usize>,
    /// Pattern and cursor before the prompt was opened.
    before: Option<(String, usize)>,
}

impl Found {
    pub(super) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The prompt is opened with the cursor here.
    pub(super) fn begin(&mut self, cursor: usize) {
        self.before = Some((self.pattern.clone(), cursor));
    }

    /// Something was typed: where the cursor goes, counted from where it was.
    pub(super) fn typed(&mut self, text: &str, state: PromptState, list: &List) -> Option<usize> {
        let (pattern, from) = self.before.clone()?;
        if state != PromptState::Typing {
            self.before = None;
        }
        if state == PromptState::Given {
            self.pattern = pattern;
            self.renew(list);
            return Some(from);
        }
        text.clone_into(&mut self.pattern);
        self.renew(list);
        let next = self.places.iter().find(|place| **place >= from).or(self.places.first());
        next.copied().or(Some(from))
    }

    /// Looks anew: the list is another.
    pub(super) fn renew(&mut self, list: &List) {
        let wanted = self.pattern.to_lowercase();
        self.places = if wanted.is_empty() {
            Vec::new()
        } else {
            (0..).zip(&list.entries).filter(|(_, entry)| has(entry, &wanted)).map(|(at, _)| at).collect()
        };
    }

    /// The match behind or before this place; round the end.
    pub(super) fn from(&self, cursor: usize, direction: Action) -> Option<usize> {
        if direction == Action::NextMatch {
            self.places.iter().find(|place| **place > cursor).or(self.places.first()).copied()
        } else {
            self.places.iter().rev().find(|place| **place < cursor).or(self.places.last()).copied()
        }
    }

    /// Forgets what was searched for; whether there was something.
    pub(super) fn end(&mut self) -> bool {
        self.places.clear();
        !std::mem::take(&mut self.pattern).is_empty()
    }

    /// `match 2 of 5`, `no match`; nothing where nothing is searched for.
    pub(super) fn words(&self, cursor: usize) -> String {
        match (self.pattern.is_empty(), self.places.binary_search(&cursor)) {
            (true, _) => String::new(),
            (false, Ok(number)) => format!("match {} of {}", number + 1, self.places.len()),
            (false, Err(_)) if self.places.is_empty() => "no match".to_owned(),
            (false, Err(_)) => format!("{} matches", self.places.len()),
        }
    }

    pub(super) fn is_match(&self, at: usize) -> bool {
        self.places.binary_search(&at).is_ok()
    }
}

fn has(entry: &Entry, wanted: &str) -> bool {
    let item = &entry.item;
    let flags = item.flags.iter().flat_map(|flag| [Some(flag.by.as_str()), flag.reason.as_deref()]).flatten();
    [item.id.as_str(), &item.title, &item.channel, &item.difficulty]
        .into_iter()
        .chain(flags)
        .any(|text| text.to_lowercase().contains(wanted))
}
