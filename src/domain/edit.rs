//! Editing a value: what a column takes, what the text that is typed would become there, and what speaks against it.
//!
//! Owns the way from a value to its text and back, exact in both directions, and the checks before a value is staged.
//! Knows no screen: the editor, the form of a new row and the command line ask the same questions.

use crate::domain::{page::RowKey, value::Value};

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
