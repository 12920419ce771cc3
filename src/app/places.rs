//! Where the user has been: back and forward, as in a browser.

use crate::domain::place::Place;

/// How many places are remembered each way.
const KEPT: usize = 100;

/// The places before and behind the current one.
#[derive(Clone, Debug, Default)]
pub(super) struct Places {
    back: Vec<Place>,
    forward: Vec<Place>,
}

impl Places {
    /// Leaves a place for a new one: forward is forgotten.
    pub(super) fn leave(&mut self, place: Place) {
        if self.back.last() != Some(&place) {
            self.back.push(place);
            let excess = self.back.len().saturating_sub(KEPT);
            self.back.drain(..excess);
        }
        self.forward.clear();
    }

    /// Goes back from this place.
    pub(super) fn back(&mut self, from: Option<Place>) -> Option<Place> {
        let to = self.back.pop()?;
        self.forward.extend(from);
        Some(to)
    }

    /// Goes forward again from this place.
    pub(super) fn forward(&mut self, from: Option<Place>) -> Option<Place> {
        let to = self.forward.pop()?;
        self.back.extend(from);
        Some(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(text: &str) -> Place {
        text.parse().unwrap_or_else(|why| unreachable!("{why}"))
    }

    #[test]
    fn back_and_forward_meet() {
        let mut places = Places::default();
        places.leave(place("users"));
        places.leave(place("questions/q-1"));
        assert_eq!(places.back(Some(place("bot_runs"))), Some(place("questions/q-1")));
        assert_eq!(places.back(Some(place("questions/q-1"))), Some(place("users")));
        assert_eq!(places.back(Some(place("users"))), None);
        assert_eq!(places.forward(Some(place("users"))), Some(place("questions/q-1")));
        places.leave(place("questions/q-1"));
        assert_eq!(places.forward(None), None);
    }
}
