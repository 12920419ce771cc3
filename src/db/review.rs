//! What a review reads: the queue of questions to decide on ([`queue`]), and what is known of one of them ([`story`]).
//!
//! Owns the statements. They are the same for a file and for a server, where all of them travel in one request: so every value is written
//! out as a literal, and every text comes back as its bytes, which need not be UTF-8. Must not know where the database is: whoever runs
//! the statements does ([`Run`]).
//!
//! Tables that are not there, cannot be read or lack the columns that tell which question a row belongs to, say nothing: a question without
//! them has no flags, no story and nothing pending.

pub(crate) mod queue;
pub(crate) mod rows;
pub(crate) mod story;
#[cfg(test)]
mod tests;

use crate::{
    db::{
        connection::reader::Reader,
        error::{Error, ErrorKind, Result},
    },
    domain::value::Value,
};

/// The rows of one statement.
pub(crate) type Answered = Vec<Vec<Value>>;

/// Runs statements that read, all of them in one go, and gives the rows of each.
pub(crate) type Run<'a> = dyn FnMut(&[String]) -> Result<Vec<Answered>> + 'a;

/// Runs them one after another in a file.
pub(crate) fn in_file(reader: &Reader<'_>) -> impl FnMut(&[String]) -> Result<Vec<Answered>> {
    move |statements| {
        let read = |sql: &String| {
            reader.all(sql, &[], |row| {
                (0..row.as_ref().column_count()).map(|at| reader.whole(row, at)).collect::<Result<Vec<_>>>()
            })
        };
        statements.iter().map(read).collect()
    }
}

/// Whether the answer was too large to be sent: only servers say so.
pub(crate) fn is_too_large(error: &Error) -> bool {
    // SQLite's own words for a value that does not fit (SQLITE_TOOBIG).
    error.kind == ErrorKind::TooLarge || error.what.contains("too big")
}
