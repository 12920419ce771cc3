//! Words of SQL for names that nobody vouches for.
//!
//! Owns quoting and how a relation's columns are reached. Must not run anything.

use crate::domain::schema::{KeyKind, Relation};

/// The name as an identifier. Only ever used behind a qualifier (`t."x"`, `main."x"`): SQLite takes a lonely `"x"` that it does
/// not know for a text (<https://www.sqlite.org/quirks.html>, section 8), and a dropped column would read as its own name.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// How a relation and its columns are reached in a statement.
pub(crate) struct Source {
    /// What comes before SELECT.
    pub(crate) with: String,
    /// What stands behind FROM, called `t`.
    pub(crate) from: String,
    /// Each column.
    pub(crate) columns: Vec<String>,
    /// The rowid, where rows have one.
    pub(crate) rowid: Option<String>,
    /// Whether `INDEXED BY` may follow `from`.
    pub(crate) is_plain: bool,
}

impl Source {
    pub(crate) fn of(relation: &Relation) -> Self {
        let name = format!("main.{}", quoted(&relation.name));
        let rowid = match &relation.key {
            KeyKind::Rowid { alias, .. } => Some(quoted(alias)),
            KeyKind::Primary(_) | KeyKind::None => None,
        };
        // A name that was not valid UTF-8 cannot be written in a statement; `*` and names of our own reach its column.
        if relation.columns.iter().any(|column| column.name.contains(char::REPLACEMENT_CHARACTER)) {
            let own: Vec<String> = (0..relation.columns.len()).map(|at| format!("c{at}")).collect();
            let (key, inner) = match &rowid {
                Some(rowid) => ("k, ", format!("s.{rowid}, s.*")),
                None => ("", "s.*".to_owned()),
            };
            return Self {
                with: format!("WITH t({key}{}) AS (SELECT {inner} FROM {name} AS s) ", own.join(", ")),
                from: "t".to_owned(),
                columns: own.iter().map(|column| format!("t.{column}")).collect(),
                rowid: rowid.map(|_| "t.k".to_owned()),
                is_plain: false,
            };
        }
        Self {
            with: String::new(),
            from: format!("{name} AS t"),
            columns: relation.columns.iter().map(|column| format!("t.{}", quoted(&column.name))).collect(),
            rowid: rowid.map(|rowid| format!("t.{rowid}")),
            is_plain: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_names() {
        assert_eq!(quoted("a\"b.c"), "\"a\"\"b.c\"");
        assert_eq!(quoted("select"), "\"select\"");
    }
}
