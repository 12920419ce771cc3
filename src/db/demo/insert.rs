//! Rows into tables, by column name.

use rusqlite::{Connection, ToSql};

/// Puts one row into a table. The statement is prepared once per shape and kept by the connection.
pub(super) fn insert(connection: &Connection, table: &str, row: &[(&str, &dyn ToSql)]) -> rusqlite::Result<i64> {
    let mut sql = format!("INSERT INTO {table} (");
    for (place, (column, _)) in row.iter().enumerate() {
        sql.push_str(if place == 0 { "" } else { ", " });
        sql.push_str(column);
    }
    sql.push_str(") VALUES (");
    for place in 0..row.len() {
        sql.push_str(if place == 0 { "?" } else { ", ?" });
    }
    sql.push(')');
    let values: Vec<&dyn ToSql> = row.iter().map(|(_, value)| *value).collect();
    connection.prepare_cached(&sql)?.execute(values.as_slice())?;
    Ok(connection.last_insert_rowid())
}
