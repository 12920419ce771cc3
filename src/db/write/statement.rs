//! Statements that change a row: built once, run with parameters, told with literals, on one line or on several.
//!
//! All ways come out of the same pieces, so what the changes pane promises and what the log shows is what is carried out. Must not
//! run anything.

use std::borrow::Cow;

use crate::{
    db::sql::{literal, quoted},
    domain::{
        change::{Cell, Change},
        page::RowKey,
        schema::{KeyKind, Relation},
        value::{Bytes, Value},
    },
};

/// How much of the values is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caps {
    /// Bytes of a new value or a key: of more, only the beginning is told, and a comment says how long it is.
    pub(crate) value: usize,
    /// Bytes of a value in the guard.
    pub(crate) guard: usize,
}

impl Caps {
    /// Everything: what can be run.
    pub(crate) const WHOLE: Self = Self { value: usize::MAX, guard: usize::MAX };
}

/// A change as the statement that carries it out, on several lines, without a semicolon: what the changes pane shows before it is run.
pub(crate) fn tell(change: &Change, caps: Caps) -> String {
    let statement = match change {
        Change::Update { relation, key, shown, set } => update(relation, key, shown, set),
        Change::Delete { relation, key, shown } => delete(relation, key, shown),
        Change::Insert { relation, cells, .. } => {
            insert(relation, cells.iter().map(|(column, value)| (*column, Term::from(value))).collect())
        }
    };
    let Some(statement) = statement else { return "-- no statement reaches this row".to_owned() };
    let Change::Insert { relation, unless, .. } = change else { return statement.lines(caps) };
    match pending(relation, unless) {
        Some(first) => {
            // Names and values may break the line: each line is a comment of its own.
            let first = format!("only where this finds nothing: {}", first.literals());
            let first: String = first.lines().map(|line| format!("-- {line}\n")).collect();
            first + &statement.lines(caps)
        }
        None => statement.lines(caps),
    }
}

/// A value of a statement, or an expression that the database works out.
#[derive(Clone, Debug)]
pub(crate) enum Term<'a> {
    /// This value.
    Value(Cow<'a, Value>),
    /// What this SQL gives.
    Sql(Cow<'a, str>),
}

impl<'a> From<&'a Value> for Term<'a> {
    fn from(value: &'a Value) -> Self {
        Self::Value(Cow::Borrowed(value))
    }
}

impl From<Value> for Term<'_> {
    fn from(value: Value) -> Self {
        Self::Value(Cow::Owned(value))
    }
}

/// A statement: its text with a place for each value, and the values.
#[derive(Clone, Debug)]
pub(crate) struct Statement<'a> {
    /// One more than there are values: what stands before each, and behind the last.
    pieces: Vec<String>,
    values: Vec<Cow<'a, Value>>,
    /// Where a new line may begin.
    breaks: Vec<Break>,
    /// The values from here on are the guard.
    guard: usize,
}

/// A blank that may as well begin a line.
#[derive(Clone, Copy, Debug)]
struct Break {
    /// In which piece.
    piece: usize,
    /// At which byte of it.
    at: usize,
    /// What the line begins with.
    indent: &'static str,
}

impl<'a> Statement<'a> {
    /// One that begins like this.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { pieces: vec![text.into()], values: Vec::new(), breaks: Vec::new(), guard: usize::MAX }
    }

    /// More text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        match self.pieces.last_mut() {
            Some(last) => last.push_str(text),
            None => self.pieces.push(text.to_owned()),
        }
        self
    }

    /// A blank; told on several lines, a new one that begins like this.
    fn line(&mut self, indent: &'static str) -> &mut Self {
        let piece = self.pieces.len() - 1;
        self.breaks.push(Break { piece, at: self.pieces[piece].len(), indent });
        self.text(" ")
    }

    /// A value.
    pub(crate) fn value(&mut self, value: Cow<'a, Value>) -> &mut Self {
        self.values.push(value);
        self.pieces.push(String::new());
        self
    }

    /// A value, or an expression.
    pub(crate) fn term(&mut self, term: Term<'a>) -> &mut Self {
        match term {
            Term::Value(value) => self.value(value),
            Term::Sql(sql) => self.text(&sql),
        }
    }

    /// The text with a `?` for each value.
    pub(crate) fn parameters(&self) -> String {
        self.pieces.join("?")
    }

    /// The values in their order.
    pub(crate) fn values(&self) -> &[Cow<'a, Value>] {
        &self.values
    }

    /// The text with its values in it, without a semicolon.
    pub(crate) fn literals(&self) -> String {
        let mut sql = String::new();
        for (at, piece) in self.pieces.iter().enumerate() {
            sql.push_str(piece);
            if let Some(value) = self.values.get(at) {
                sql.push_str(&literal(value));
            }
        }
        sql
    }

    /// As [`Self::literals`], on several lines, long values cut.
    fn lines(&self, caps: Caps) -> String {
        let mut sql = String::new();
        let mut breaks = self.breaks.iter().peekable();
        for (number, piece) in self.pieces.iter().enumerate() {
            let mut from = 0;
            while let Some(line) = breaks.next_if(|line| line.piece == number) {
                sql.push_str(&piece[from..line.at]);
                sql.push('\n');
                sql.push_str(line.indent);
                from = line.at + 1;
            }
            sql.push_str(&piece[from..]);
            if let Some(value) = self.values.get(number) {
                sql.push_str(&short(value, if number < self.guard { caps.value } else { caps.guard }));
            }
        }
        sql
    }
}

fn short(value: &Value, most: usize) -> String {
    let (head, whole) = match value {
        Value::Text(bytes) if bytes.head().len() > most => {
            (Value::Text(Bytes::whole(Bytes::cut(bytes.head(), most).head())), bytes)
        }
        Value::Blob(bytes) if bytes.head().len() > most => (Value::Blob(Bytes::whole(&bytes.head()[..most])), bytes),
        value => return literal(value),
    };
    format!("{} /* … {} bytes in all */", literal(&head), whole.total())
}

/// The UPDATE of the row with this key, where these cells are what was shown; `None` where the key does not fit the relation, or
/// nothing is set.
pub(crate) fn update<'a>(
    relation: &Relation,
    key: &'a RowKey,
    shown: &'a [Cell],
    set: &'a [Cell],
) -> Option<Statement<'a>> {
    let mut statement = Statement::new(format!("UPDATE{} main.{} AS t", or(relation), quoted(&relation.name)));
    statement.line("").text("SET ");
    for (at, (column, value)) in set.iter().enumerate() {
        let name = quoted(&relation.columns.get(*column)?.name);
        if at > 0 {
            statement.text(",").line("    ");
        }
        statement.text(&name).text(" = ").value(Cow::Borrowed(value));
    }
    where_it_is(&mut statement, relation, key)?;
    while_it_is(&mut statement, relation, shown);
    (!set.is_empty()).then_some(statement)
}

/// The DELETE of the row with this key, where these cells are what was shown; `None` where the key does not fit the relation.
pub(crate) fn delete<'a>(relation: &Relation, key: &'a RowKey, shown: &'a [Cell]) -> Option<Statement<'a>> {
    let mut statement = Statement::new(format!("DELETE FROM main.{} AS t", quoted(&relation.name)));
    where_it_is(&mut statement, relation, key)?;
    while_it_is(&mut statement, relation, shown);
    Some(statement)
}

/// The INSERT of these cells; `None` where the relation has no such column.
pub(crate) fn insert<'a>(relation: &Relation, cells: Vec<(usize, Term<'a>)>) -> Option<Statement<'a>> {
    let mut statement = Statement::new(format!("INSERT{} INTO main.{}", or(relation), quoted(&relation.name)));
    if cells.is_empty() {
        statement.text(" DEFAULT VALUES");
        return Some(statement);
    }
    let names: Option<Vec<String>> =
        cells.iter().map(|(column, _)| Some(quoted(&relation.columns.get(*column)?.name))).collect();
    statement.text("(").text(&names?.join(", ")).text(")").line("").text("VALUES (");
    for (at, (_, term)) in cells.into_iter().enumerate() {
        statement.text(if at == 0 { "" } else { ", " }).term(term);
    }
    statement.text(")");
    Some(statement)
}

/// The key's columns as a RETURNING clause or a list names them. Not behind a qualifier: RETURNING knows no alias. That they are
/// there was seen before.
pub(crate) fn key_names(relation: &Relation) -> Vec<String> {
    match &relation.key {
        KeyKind::Rowid { alias, .. } => vec![quoted(alias)],
        KeyKind::Primary(columns) => {
            columns.iter().filter_map(|key| Some(quoted(&relation.columns.get(key.column)?.name))).collect()
        }
        KeyKind::None => Vec::new(),
    }
}

/// The SELECT of the key of a row with these values; `None` where there are none, or the relation has no key.
pub(crate) fn pending<'a>(relation: &Relation, unless: &'a [Cell]) -> Option<Statement<'a>> {
    let keys: Vec<String> = key_names(relation).iter().map(|name| format!("t.{name}")).collect();
    if unless.is_empty() || keys.is_empty() {
        return None;
    }
    let mut statement =
        Statement::new(format!("SELECT {} FROM main.{} AS t WHERE ", keys.join(", "), quoted(&relation.name)));
    for (at, (column, value)) in unless.iter().enumerate() {
        let name = quoted(&relation.columns.get(*column)?.name);
        statement.text(if at == 0 { "t." } else { " AND t." }).text(&name).text(" IS ").value(Cow::Borrowed(value));
    }
    statement.text(" LIMIT 1");
    Some(statement)
}

fn where_it_is<'a>(statement: &mut Statement<'a>, relation: &Relation, key: &'a RowKey) -> Option<()> {
    match (key, &relation.key) {
        (RowKey::Rowid(rowid), KeyKind::Rowid { alias, .. }) => {
            statement
                .line("")
                .text("WHERE t.")
                .text(&quoted(alias))
                .text(" = ")
                .value(Cow::Owned(Value::Integer(*rowid)));
        }
        (RowKey::Primary(values), KeyKind::Primary(columns)) if values.len() == columns.len() => {
            for (at, (key, value)) in columns.iter().zip(values).enumerate() {
                let name = quoted(&relation.columns.get(key.column)?.name);
                statement.line(if at == 0 { "" } else { "  " }).text(if at == 0 { "WHERE t." } else { "AND t." });
                statement.text(&name).text(" COLLATE ").text(&key.collation).text(" IS ").value(Cow::Borrowed(value));
            }
        }
        _ => return None,
    }
    Some(())
}

/// A constraint may be declared to make room for a row by deleting others, or to drop the row without a word (`ON CONFLICT REPLACE`,
/// `IGNORE`): what is written by hand is refused instead. Only there, for what is said here also counts in the bodies of triggers, which
/// may have said otherwise (<https://www.sqlite.org/lang_createtrigger.html>).
fn or(relation: &Relation) -> &'static str {
    if declares(relation, "CONFLICT") { " OR ABORT" } else { "" }
}

/// Whether the word stands in the CREATE statement, wherever that is.
fn declares(relation: &Relation, word: &str) -> bool {
    relation.sql.as_ref().is_some_and(|sql| sql.to_ascii_uppercase().contains(word))
}

/// A name that was not UTF-8 cannot be written in a statement: such a column guards only where the row is compared.
fn while_it_is<'a>(statement: &mut Statement<'a>, relation: &Relation, shown: &'a [Cell]) {
    // A column may be declared to compare otherwise (NOCASE, RTRIM): what is guarded is the text to the last letter.
    let collated = declares(relation, "COLLATE");
    statement.guard = statement.values.len();
    for (column, value) in shown {
        let Some(column) = relation.columns.get(*column) else { continue };
        if !column.name.contains(char::REPLACEMENT_CHARACTER) {
            statement.line("  ").text("AND t.").text(&quoted(&column.name)).text(" IS ").value(Cow::Borrowed(value));
            if collated && matches!(value, Value::Text(_)) {
                statement.text(" COLLATE BINARY");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::sync::Arc;

    use rusqlite::Connection;

    use super::*;
    use crate::domain::schema::samples;

    #[test]
    fn a_statement_is_the_same_with_parameters_and_with_literals() {
        let relation = samples::table("questions", &["id", "sta\"tus?", "answer"]);
        let key = RowKey::Rowid(7);
        let shown = [(1, Value::text("it's")), (2, Value::Null)];
        let set = [(1, Value::text("active")), (2, Value::Integer(1))];
        let alias = key_names(&relation).pop().unwrap();
        let update = update(&relation, &key, &shown, &set).unwrap();
        assert_eq!(
            update.parameters(),
            format!(
                "UPDATE main.\"questions\" AS t SET \"sta\"\"tus?\" = ?, \"answer\" = ? WHERE t.{alias} = ? AND t.\"sta\"\"tus?\" IS ? AND t.\"answer\" IS ?"
            )
        );
        assert_eq!(update.values().len(), 5);
        assert_eq!(
            update.literals(),
            format!(
                "UPDATE main.\"questions\" AS t SET \"sta\"\"tus?\" = 'active', \"answer\" = 1 WHERE t.{alias} = 7 AND t.\"sta\"\"tus?\" IS 'it''s' AND t.\"answer\" IS NULL"
            )
        );
        assert_eq!(
            delete(&relation, &key, &[]).unwrap().literals(),
            format!("DELETE FROM main.\"questions\" AS t WHERE t.{alias} = 7")
        );
        let cells = vec![(0, Term::from(&set[0].1)), (2, Term::Sql("json_object()".into()))];
        assert_eq!(
            insert(&relation, cells).unwrap().literals(),
            "INSERT INTO main.\"questions\"(\"id\", \"answer\") VALUES ('active', json_object())"
        );
        assert_eq!(insert(&relation, Vec::new()).unwrap().literals(), "INSERT INTO main.\"questions\" DEFAULT VALUES");
    }

    #[test]
    fn what_is_told_does_what_it_says() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch("CREATE TABLE \"a\"\"\nb\"(x, y); INSERT INTO \"a\"\"\nb\" VALUES ('it''s', 1), (NULL, 2)")
            .unwrap();
        let relation = Arc::new(samples::table("a\"\nb", &["x", "y"]));
        let key = RowKey::Rowid(1);
        let run = |change: &Change| db.execute(&tell(change, Caps::WHOLE), []).unwrap();
        let shown = vec![(0, Value::text("it's"))];
        let set = vec![(0, Value::Null), (1, Value::Blob(Bytes::whole(*b"\0")))];
        let update = Change::Update { relation: relation.clone(), key: key.clone(), shown, set };
        assert_eq!((run(&update), run(&update)), (1, 0), "the second time the guard holds it");
        let cells = vec![(1, Value::Integer(7))];
        let insert = Change::Insert { relation: relation.clone(), cells: cells.clone(), unless: cells };
        assert_eq!(run(&insert), 1);
        assert!(tell(&insert, Caps::WHOLE).starts_with("-- only where this finds nothing: SELECT "));
        let insert = Change::Insert { relation: relation.clone(), cells: Vec::new(), unless: Vec::new() };
        assert_eq!(run(&insert), 1);
        let delete = Change::Delete { relation, key, shown: vec![(0, Value::Null)] };
        assert_eq!((run(&delete), run(&delete)), (1, 0));
    }

    #[test]
    fn it_is_told_on_lines_with_long_values_cut() {
        let relation = Arc::new(samples::table("t", &["x", "y"]));
        let change = Change::Update {
            relation,
            key: RowKey::Rowid(1),
            shown: vec![(0, Value::text("ab😀cd")), (1, Value::Integer(1))],
            set: vec![(0, Value::text("abcdefgh")), (1, Value::Null)],
        };
        assert_eq!(
            tell(&change, Caps { value: 7, guard: 4 }),
            "UPDATE main.\"t\" AS t\nSET \"x\" = 'abcdefg' /* … 8 bytes in all */,\n    \"y\" = NULL\nWHERE t.\"rowid\" = 1\n  \
             AND t.\"x\" IS 'ab' /* … 8 bytes in all */\n  AND t.\"y\" IS 1"
        );
    }

    #[test]
    fn what_cannot_be_named_is_no_statement() {
        let relation = samples::table("questions", &["id", "status"]);
        assert!(update(&relation, &RowKey::Ordinal(1), &[], &[(1, Value::Null)]).is_none());
        assert!(update(&relation, &RowKey::Rowid(1), &[], &[]).is_none());
        assert!(update(&relation, &RowKey::Rowid(1), &[], &[(9, Value::Null)]).is_none());
        assert!(delete(&relation, &RowKey::Primary(vec![Value::Null]), &[]).is_none());
        assert!(insert(&relation, vec![(9, Term::from(Value::Null))]).is_none());
        assert!(pending(&relation, &[]).is_none());
    }
}
