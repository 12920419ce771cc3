//! A change as the statement that carries it out, with its values as literals: what the changes pane shows before it is run.

use super::{literal, quoted};
use crate::domain::{
    change::{Cell, Change},
    page::RowKey,
    schema::{KeyKind, Relation},
    value::{Bytes, Value},
};

/// How much of the values is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// Bytes of a new value: of more, only the beginning is written, and a comment says how long it is.
    pub(crate) value: usize,
    /// Bytes of a value in the guard.
    pub(crate) guard: usize,
}

impl Caps {
    /// Everything: what can be run.
    pub(crate) const WHOLE: Self = Self { value: usize::MAX, guard: usize::MAX };
}

/// The statement, without a semicolon.
pub(crate) fn statement(change: &Change, caps: Caps) -> String {
    let Caps { value: most, guard } = caps;
    let table = |relation: &Relation| format!("main.{}", quoted(&relation.name));
    match change {
        Change::Update { relation, key, shown, set } => {
            let set = set.iter().map(|(at, value)| format!("{} = {}", name(relation, *at), short(value, most)));
            format!(
                "UPDATE {}\nSET {}\n{}",
                table(relation),
                list(set, ",\n    "),
                condition(relation, key, shown, guard)
            )
        }
        Change::Delete { relation, key, shown } => {
            format!("DELETE FROM {}\n{}", table(relation), condition(relation, key, shown, guard))
        }
        Change::Insert { relation, cells, unless } => {
            let into = if cells.is_empty() {
                "DEFAULT VALUES".to_owned()
            } else {
                let columns = list(cells.iter().map(|(at, _)| name(relation, *at)), ", ");
                let values = list(cells.iter().map(|(_, value)| short(value, most)), ", ");
                if unless.is_empty() {
                    format!("({columns})\nVALUES ({values})")
                } else {
                    format!("({columns})\nSELECT {values}")
                }
            };
            let condition = list(unless.iter().map(|(at, value)| is(relation, *at, value, most)), " AND ");
            let condition = if unless.is_empty() {
                String::new()
            } else {
                format!("\nWHERE NOT EXISTS (SELECT 1 FROM {} WHERE {condition})", table(relation))
            };
            format!("INSERT INTO {} {into}{condition}", table(relation))
        }
    }
}

fn list(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

fn name(relation: &Relation, column: usize) -> String {
    quoted(relation.columns.get(column).map_or("", |column| column.name.as_str()))
}

fn is(relation: &Relation, column: usize, value: &Value, most: usize) -> String {
    format!("{} IS {}", name(relation, column), short(value, most))
}

/// Which row, and what must still be so.
fn condition(relation: &Relation, key: &RowKey, shown: &[Cell], most: usize) -> String {
    let key = match (key, &relation.key) {
        (RowKey::Rowid(rowid), KeyKind::Rowid { alias, .. }) => {
            vec![format!("{} = {}", quoted(alias), literal(&Value::Integer(*rowid)))]
        }
        (RowKey::Primary(values), KeyKind::Primary(columns)) => {
            columns.iter().zip(values).map(|(own, value)| is(relation, own.column, value, usize::MAX)).collect()
        }
        _ => vec!["NULL".to_owned()],
    };
    let shown = shown.iter().map(|(at, value)| is(relation, *at, value, most));
    format!("WHERE {}", list(key.into_iter().chain(shown), "\n  AND "))
}

fn short(value: &Value, most: usize) -> String {
    match value {
        Value::Text(bytes) if bytes.head().len() > most => {
            cut(&Value::Text(Bytes::whole(Bytes::cut(bytes.head(), most).head())), bytes)
        }
        Value::Blob(bytes) if bytes.head().len() > most => {
            cut(&Value::Blob(Bytes::whole(&bytes.head()[..most])), bytes)
        }
        value => literal(value),
    }
}

fn cut(head: &Value, whole: &Bytes) -> String {
    format!("{} /* … {} bytes in all */", literal(head), whole.total())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use rusqlite::Connection;

    use super::*;
    use crate::domain::schema::samples;

    #[test]
    fn the_statements_do_what_they_say() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE \"a\"\"b\"(x, y); INSERT INTO \"a\"\"b\" VALUES ('it''s', 1), (NULL, 2)")
            .unwrap();
        let relation = Arc::new(samples::table("a\"b", &["x", "y"]));
        let key = RowKey::Rowid(1);
        let run = |change: Change| db.execute(&statement(&change, Caps::WHOLE), []).unwrap();
        let shown = vec![(0, Value::text("it's"))];
        let set = vec![(0, Value::Null), (1, Value::Blob(Bytes::whole(*b"\0")))];
        let update = Change::Update { relation: relation.clone(), key: key.clone(), shown, set };
        assert_eq!((run(update.clone()), run(update)), (1, 0), "the second time the guard holds it");
        let cells = vec![(1, Value::Integer(7))];
        let insert = Change::Insert { relation: relation.clone(), cells: cells.clone(), unless: cells };
        assert_eq!((run(insert.clone()), run(insert)), (1, 0));
        let insert = Change::Insert { relation: relation.clone(), cells: Vec::new(), unless: Vec::new() };
        assert_eq!(run(insert), 1);
        let delete = Change::Delete { relation: relation.clone(), key, shown: vec![(0, Value::Null)] };
        assert_eq!((run(delete.clone()), run(delete)), (1, 0));
    }

    #[test]
    fn long_values_are_cut_and_say_so() {
        let relation = Arc::new(samples::table("t", &["x"]));
        let cells = vec![(0, Value::text("ab😀cd"))];
        let insert = Change::Insert { relation, cells, unless: Vec::new() };
        assert_eq!(
            statement(&insert, Caps { value: 4, guard: 4 }),
            "INSERT INTO main.\"t\" (\"x\")\nVALUES ('ab' /* … 8 bytes in all */)"
        );
    }
}
