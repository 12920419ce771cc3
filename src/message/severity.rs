//! How bad a message is.

/// How bad a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// For information.
    Info,
    /// Something to know.
    Warning,
    /// Something failed.
    Error,
}
