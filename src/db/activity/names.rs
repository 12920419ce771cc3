//! Names of bots, actions and statuses: each is kept once.

use std::{collections::HashMap, sync::Arc};

/// More names than this are forgotten at the next look: such a table holds no names, but anything.
const MOST: usize = 1024;

/// A name, good for one look.
pub(super) type Name = u32;

/// The names that were met. It is copied for each look.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    names: Vec<Arc<str>>,
    places: HashMap<Arc<str>, Name>,
}

impl Names {
    /// To be called between two looks.
    pub(super) fn bound(&mut self) {
        if self.names.len() > MOST {
            *self = Self::default();
        }
    }

    pub(super) fn of(&mut self, name: &str) -> Name {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        let place = Name::try_from(self.names.len()).unwrap_or(Name::MAX);
        let kept: Arc<str> = name.into();
        self.names.push(Arc::clone(&kept));
        self.places.insert(kept, place);
        place
    }

    pub(super) fn name(&self, name: Name) -> Arc<str> {
        self.names.get(name as usize).cloned().unwrap_or_default()
    }
}
