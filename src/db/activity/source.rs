//! A table of the bots as it is in this database: its real names, and reading it with the rows counted.

use rusqlite::{CachedStatement, Connection, Params, Row, StatementStatus};

use crate::{
    db::{connection::reader, sql::quoted},
    domain::{
        schema::{KeyKind, Schema},
        value::{Bytes, Value},
    },
};

/// The first bytes of a text that are kept; the pane shows a line of it.
pub(super) const TEXT_HEAD: usize = 1024;

/// A table with its names resolved, ready for building statements.
#[derive(Clone)]
pub(super) struct Source {
    /// What stands between SELECT and WHERE: the rowid first, then the columns asked for.
    select: String,
    table: String,
    rowid: String,
    columns: Vec<String>,
}

impl Source {
    /// The catalogue's table of this logical name with these columns, NULL standing for one that is not there. `None` where the
    /// table is not there, or has no rowid to follow it by (a view of that name).
    pub(super) fn of(schema: &Schema, logical: &str, columns: &[&str]) -> Option<Self> {
        let relation = schema.catalogued(logical)?;
        let KeyKind::Rowid { alias, .. } = &relation.key else { return None };
        let (table, rowid) = (format!("main.{} AS t", quoted(&relation.name)), format!("t.{}", quoted(alias)));
        let columns: Vec<String> = columns
            .iter()
            .map(|name| {
                relation
                    .column(name)
                    .map_or_else(|| "NULL".to_owned(), |at| format!("t.{}", quoted(&relation.columns[at].name)))
            })
            .collect();
        Some(Self { select: format!("SELECT {rowid}, {} FROM {table}", columns.join(", ")), table, rowid, columns })
    }

    /// Whole rows: the rowid, then the columns; `tail` follows the table's name, `#` standing for the rowid and `$0`, `$1` … for
    /// the columns.
    pub(super) fn rows(&self, tail: &str) -> String {
        format!("{} {}", self.select, self.named(tail))
    }

    /// Something else of it, in the same notation; `%0`, `%1` … are the columns as [`sent`] by a server.
    pub(super) fn expression(&self, what: &str, tail: &str) -> String {
        format!("SELECT {} FROM {} {}", self.named(what), self.table, self.named(tail))
    }

    /// Names hold any character, so each place is replaced once, from left to right.
    fn named(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + 32);
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '#' => out.push_str(&self.rowid),
                '$' => {
                    let at = letters.next().and_then(|digit| digit.to_digit(10)).unwrap_or(0) as usize;
                    out.push_str(self.columns.get(at).map_or("NULL", String::as_str));
                }
                '%' => {
                    let at = letters.next().and_then(|digit| digit.to_digit(10)).unwrap_or(0) as usize;
                    out.push_str(&self.columns.get(at).map_or_else(|| "NULL".to_owned(), |column| sent(column)));
                }
                other => out.push(other),
            }
        }
        out
    }
}

/// The head of a cell in a form that every server can send: a text as a blob, for it need not be UTF-8, a blob as a text of digits,
/// infinities as their words. [`received`] reads it.
fn sent(column: &str) -> String {
    if column == "NULL" {
        return column.to_owned();
    }
    // Some bytes more than are kept, so that a character is not cut in two.
    let more = TEXT_HEAD + 4;
    format!(
        "CASE typeof({column}) WHEN 'text' THEN substr(CAST({column} AS BLOB), 1, {more}) \
         WHEN 'blob' THEN 'x' || hex(substr({column}, 1, {more})) \
         WHEN 'real' THEN CASE WHEN abs({column}) <= 1.7976931348623157e308 THEN {column} \
         WHEN {column} > 0.0 THEN 'Inf' ELSE '-Inf' END ELSE {column} END"
    )
}

/// The cell again, at most its first kilobyte.
pub(super) fn received(value: Option<&Value>) -> Value {
    match value {
        Some(Value::Blob(bytes)) => Value::Text(Bytes::cut(bytes.head(), TEXT_HEAD)),
        Some(Value::Text(bytes)) => match bytes.head() {
            b"Inf" => Value::Real(f64::INFINITY),
            b"-Inf" => Value::Real(f64::NEG_INFINITY),
            [b'x', digits @ ..] => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16).unwrap_or(0) as u8;
                let bytes: Vec<u8> = digits.chunks_exact(2).map(|two| digit(&two[0]) << 4 | digit(&two[1])).collect();
                Value::Blob(Bytes::cut(&bytes, TEXT_HEAD))
            }
            _ => Value::Null,
        },
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

/// As [`received`], as text for people; `None` where it is NULL.
pub(super) fn words(value: Option<&Value>) -> Option<String> {
    match received(value) {
        Value::Null => None,
        other => Some(other.to_plain().into_owned()),
    }
}

/// A connection that counts the rows SQLite reads through it.
pub(super) struct Counting<'a> {
    connection: &'a Connection,
    /// Rows read until now (`LIBSQL_STMTSTATUS_ROWS_READ`).
    pub(super) rows_read: u64,
}

impl<'a> Counting<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self { connection, rows_read: 0 }
    }

    /// Another one over the same connection.
    pub(super) const fn another(&self) -> Self {
        Self { connection: self.connection, rows_read: 0 }
    }

    /// Runs `sql` and gives each row to `take`. The statement stays prepared for the next look.
    pub(super) fn each(
        &mut self,
        sql: &str,
        parameters: impl Params,
        take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        self.run(&mut statement, parameters, take)
    }

    /// Runs `sql` once for each of `ids` and says which gave a row.
    pub(super) fn by_id(
        &mut self,
        sql: &str,
        ids: &[i64],
        mut take: impl FnMut(i64, Option<&Row<'_>>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(sql)?;
        for id in ids {
            let mut found = false;
            self.run(&mut statement, [id], |row| {
                found = true;
                take(*id, Some(row))
            })?;
            if !found {
                take(*id, None)?;
            }
        }
        Ok(())
    }

    /// The one number that `sql` gives.
    pub(super) fn number(&mut self, sql: &str, parameters: impl Params) -> rusqlite::Result<u64> {
        let mut number = 0;
        self.each(sql, parameters, |row| {
            number = row.get::<_, i64>(0)?.max(0) as u64;
            Ok(())
        })?;
        Ok(number)
    }

    fn run(
        &mut self,
        statement: &mut CachedStatement<'_>,
        parameters: impl Params,
        mut take: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut rows = statement.query(parameters)?;
        let result = loop {
            match rows.next() {
                Ok(Some(row)) => {
                    if let Err(error) = take(row) {
                        break Err(error);
                    }
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(rows);
        self.rows_read += u64::try_from(statement.reset_status(StatementStatus::RowsRead)).unwrap_or(0);
        result
    }
}

/// A cell as text for people, at most its first kilobyte; `None` where it is NULL.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    Ok(match value(row, column)? {
        Value::Null => None,
        other => Some(other.to_plain().into_owned()),
    })
}

/// A cell, at most its first kilobyte.
pub(super) fn value(row: &Row<'_>, column: usize) -> rusqlite::Result<Value> {
    Ok(reader::value(row.get_ref(column)?, TEXT_HEAD))
}
