//! Reading a document from the root, for those who compare documents.

use super::{JsonTree, Kind};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::widgets) enum What<'t> {
    /// An object; its children have keys.
    Object,
    /// An array.
    Array,
    /// A string's content.
    String(&'t str),
    /// A number's digits, as written.
    Number(&'t str),
    /// true, false, null.
    Word(&'t str),
}

/// A value of a document.
#[derive(Clone, Copy, Debug)]
pub(in crate::widgets) struct Spot<'t> {
    tree: &'t JsonTree,
    at: usize,
}

impl JsonTree {
    /// The outermost value.
    pub(in crate::widgets) const fn root(&self) -> Spot<'_> {
        Spot { tree: self, at: 0 }
    }
}

impl<'t> Spot<'t> {
    /// What it is.
    pub(in crate::widgets) fn what(self) -> What<'t> {
        let node = &self.tree.nodes[self.at];
        let text = self.tree.text(&node.text);
        match node.kind {
            Kind::Object => What::Object,
            Kind::Array => What::Array,
            Kind::String => What::String(text),
            Kind::Number => What::Number(text),
            Kind::Word => What::Word(text),
        }
    }

    /// Its key in the object around it; empty in an array.
    pub(in crate::widgets) fn key(self) -> &'t str {
        self.tree.nodes[self.at].key.as_ref().map_or("", |key| self.tree.text(key))
    }

    /// Its children in order.
    pub(in crate::widgets) fn children(self) -> impl Iterator<Item = Self> {
        let end = self.tree.nodes[self.at].end as usize;
        let mut at = self.at + 1;
        std::iter::from_fn(move || {
            let child = (at < end).then_some(Self { tree: self.tree, at })?;
            at = self.tree.nodes[at].end as usize;
            Some(child)
        })
    }
}
