//! What all who read from a server know of it: learnt by one, spared to the others.
//!
//! Owns the schema as it was read last, and how each relation wants to be read. Must not ask anything.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use super::cells::Form;
use crate::domain::schema::{Relation, Schema};

/// Where a whole answer ends: sqld sends 10 MB at most, and texts grow in JSON.
const ANSWER: usize = 6_000_000;

/// What is known of a server.
#[derive(Debug, Default)]
pub(crate) struct Known {
    facts: Mutex<Facts>,
}

#[derive(Debug, Default)]
struct Facts {
    schema: Option<Arc<Schema>>,
    views: Views,
    names: Form,
    /// Relations with values that JSON does not carry.
    exact: HashSet<String>,
    /// How many rows fit into an answer, where a page was too large.
    rows: HashMap<String, usize>,
    rowids: HashMap<(String, String), bool>,
}

/// How the columns of views are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Views {
    /// With those of tables.
    #[default]
    Together,
    /// One by one: one of them is broken.
    Alone,
}

impl Known {
    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The schema as it was read last.
    pub(crate) fn schema(&self) -> Option<Arc<Schema>> {
        self.facts().schema.clone()
    }

    /// Remembers the schema.
    pub(crate) fn keep_schema(&self, schema: &Arc<Schema>) {
        self.facts().schema = Some(Arc::clone(schema));
    }

    /// Forgets the schema.
    pub(crate) fn forget_schema(&self) {
        self.facts().schema = None;
    }

    /// How the schema is read.
    pub(crate) fn ways(&self) -> (Form, Views) {
        let facts = self.facts();
        (facts.names, facts.views)
    }

    /// Remembers how the schema is read.
    pub(crate) fn keep_ways(&self, names: Form, views: Views) {
        let mut facts = self.facts();
        (facts.names, facts.views) = (names, views);
    }

    /// Whether a virtual table, made by this statement, has rowids; `None` before it was asked.
    pub(crate) fn has_rowid(&self, name: &str, sql: &str) -> Option<bool> {
        self.facts().rowids.get(&(name.to_owned(), sql.to_owned())).copied()
    }

    /// Remembers whether a virtual table has rowids.
    pub(crate) fn keep_rowid(&self, name: &str, sql: &str, has: bool) {
        self.facts().rowids.insert((name.to_owned(), sql.to_owned()), has);
    }

    /// How a relation's values travel.
    pub(crate) fn form(&self, relation: &Relation) -> Form {
        if self.facts().exact.contains(&relation.name) { Form::Exact } else { Form::Plain }
    }

    /// Remembers that a relation has values that JSON does not carry.
    pub(crate) fn wants_exact(&self, relation: &Relation) {
        self.facts().exact.insert(relation.name.clone());
    }

    /// How many rows of a relation a page has at most; `None` where none was too large.
    pub(crate) fn rows(&self, relation: &Relation) -> Option<usize> {
        self.facts().rows.get(&relation.name).copied()
    }

    /// Remembers that this many rows are too many.
    pub(crate) fn too_many(&self, relation: &Relation, rows: usize) {
        self.facts().rows.insert(relation.name.clone(), (rows / 2).max(1));
    }

    /// Rows of this size fit: where too many did not, how many will.
    pub(crate) fn fitted(&self, relation: &Relation, rows: usize, bytes: usize) {
        let mut facts = self.facts();
        if let Some(limit) = facts.rows.get_mut(&relation.name)
            && rows > 0
        {
            *limit = (*limit).max(ANSWER / (bytes / rows).max(1));
        }
    }
}
