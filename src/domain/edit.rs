//! Editing a value: what a column takes, what the text that is typed would become there, and what speaks against it.
//!
//! Owns the way from a value to its text and back, exact in both directions ([`Form`]), and the checks before a value is staged
//! ([`check`]). Knows no screen: the editor, the form of a new row and the command line ask the same questions.

mod checks;
mod default;
mod form;

use crate::domain::{
    page::RowKey,
    schema::{Column, KeyKind, Relation, RelationKind},
    value::Value,
};

pub use checks::{Finding, Weight, check, enumerated};
pub use default::default_value;
pub use form::{Form, Holds, holds, without_editors_newline};

/// What a cell is to become.
#[derive(Clone, Debug, PartialEq)]
pub enum NewValue {
    /// What the column's default says: a new row leaves the column out.
    Default,
    /// This.
    Given(Value),
}

/// A value that is being typed, and where it belongs: what a crash must not lose.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// The relation's name.
    pub relation: String,
    /// The row; `None` for a field of a new row.
    pub key: Option<RowKey>,
    /// The column's name.
    pub column: String,
    /// What is typed, as it stands in the editor.
    pub text: String,
}

/// Why the cells of this column cannot be edited, in words with what to do instead; `None` where they can.
pub fn why_not(relation: &Relation, column: &Column, position: usize) -> Option<String> {
    let name = &relation.name;
    match relation.kind {
        RelationKind::View => return Some(format!("{name} is a view: edit the rows of the tables it is made of")),
        RelationKind::Internal => return Some(format!("{name} is kept by SQLite itself: it is not edited by hand")),
        RelationKind::Table | RelationKind::Virtual => {}
    }
    if column.generated {
        return Some(format!("{} is generated: edit the columns it is made of", column.name));
    }
    let is_key = match &relation.key {
        KeyKind::None => return Some(format!("{name} has no key: nothing tells this row from the others")),
        KeyKind::Rowid { column, .. } => *column == Some(position),
        KeyKind::Primary(columns) => columns.iter().any(|key| key.column == position),
    };
    is_key
        .then(|| format!("{} is the row's key: duplicate the row under another key, then delete this one", column.name))
}

/// What the guard of an edit leaves out: what triggers and the database itself keep.
pub fn is_kept_by_the_database(column: &Column) -> bool {
    column.generated || column.facts.is_some_and(|facts| matches!(facts.logical, "lastUpdated" | "lastAccessedAt"))
}
