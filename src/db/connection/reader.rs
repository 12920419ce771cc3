//! Running one statement: exact values in, exact values out, rows counted.
//!
//! Owns the passage between [`Value`] and the driver's values, and the count of rows that SQLite read. Must not know what is read.

use std::{cell::Cell, path::Path};

use rusqlite::{
    Connection, Row, StatementStatus, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::{
    db::error::{Error, Result, translate},
    domain::value::{Bytes, Value},
};

/// A connection in a read transaction.
pub(crate) struct Reader<'c> {
    pub(crate) connection: &'c Connection,
    path: &'c Path,
    rows_read: Cell<u64>,
}

/// Whether a reader of rows wants more.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// The next row, please.
    More,
    /// That was enough.
    Enough,
}

impl<'c> Reader<'c> {
    pub(crate) const fn new(connection: &'c Connection, path: &'c Path) -> Self {
        Self { connection, path, rows_read: Cell::new(0) }
    }

    /// Rows that SQLite read on all statements so far.
    pub(crate) fn rows_read(&self) -> u64 {
        self.rows_read.get()
    }

    /// The error in words.
    pub(crate) fn words(&self, error: &rusqlite::Error) -> Error {
        translate(error, self.path)
    }

    /// Runs the statement (kept prepared) and hands each row to `each`.
    ///
    /// # Errors
    ///
    /// SQLite's in words, or the first of `each`.
    pub(crate) fn each(
        &self,
        sql: &str,
        values: &[&Value],
        mut each: impl FnMut(&Row<'_>) -> Result<Flow>,
    ) -> Result<()> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.words(&error))?;
        let mut run = || -> Result<()> {
            for (at, value) in values.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, Bound(value)).map_err(|error| self.words(&error))?;
            }
            let mut rows = statement.raw_query();
            while let Some(row) = rows.next().map_err(|error| self.words(&error))? {
                if each(row)? == Flow::Enough {
                    break;
                }
            }
            Ok(())
        };
        let outcome = run();
        let read = statement.reset_status(StatementStatus::RowsRead);
        self.rows_read.set(self.rows_read.get() + u64::try_from(read).unwrap_or(0));
        statement.clear_bindings();
        outcome
    }

    /// All rows, each made by `make`.
    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: &[&Value],
        mut make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        let mut all = Vec::new();
        self.each(sql, values, |row| {
            all.push(make(row)?);
            Ok(Flow::More)
        })?;
        Ok(all)
    }

    /// The first row, where there is one.
    pub(crate) fn first<T>(
        &self,
        sql: &str,
        values: &[&Value],
        mut make: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Option<T>> {
        let mut first = None;
        self.each(sql, values, |row| {
            first = Some(make(row)?);
            Ok(Flow::Enough)
        })?;
        Ok(first)
    }

    /// A whole value of a row.
    pub(crate) fn whole(&self, row: &Row<'_>, at: usize) -> Result<Value> {
        Ok(value(row.get_ref(at).map_err(|error| self.words(&error))?, usize::MAX))
    }

    /// A value of a row, cut to `limit` bytes.
    pub(crate) fn head(&self, row: &Row<'_>, at: usize, limit: usize) -> Result<Value> {
        Ok(value(row.get_ref(at).map_err(|error| self.words(&error))?, limit))
    }

    /// Text of a row, with what is not UTF-8 replaced; NULL and numbers as their words.
    pub(crate) fn text(&self, row: &Row<'_>, at: usize) -> Result<String> {
        Ok(self.whole(row, at)?.to_plain().into_owned())
    }

    /// An integer of a row; 0 for anything else.
    pub(crate) fn integer(&self, row: &Row<'_>, at: usize) -> Result<i64> {
        Ok(self.whole(row, at)?.as_integer().unwrap_or(0))
    }
}

/// The value, at most its first `limit` bytes.
pub(crate) fn value(value: ValueRef<'_>, limit: usize) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(bytes) => Value::Text(Bytes::cut(bytes, limit)),
        ValueRef::Blob(bytes) => Value::Blob(Bytes::cut(bytes, limit)),
    }
}

/// A value for a parameter, its bytes as they are.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Real(number) => ValueRef::Real(*number),
            Value::Text(bytes) => ValueRef::Text(bytes.head()),
            Value::Blob(bytes) => ValueRef::Blob(bytes.head()),
        }))
    }
}
