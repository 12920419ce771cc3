//! Why SQLite refuses a statement, in words with a remedy.
//!
//! The message alone decides, for a server sends nothing else; whether there was a refusal at all is the caller's to know. Must not
//! run anything.

use crate::domain::{change::Obstacle, schema::Relation};

/// What SQLite said of a statement that changes this relation.
pub(crate) fn obstacle(said: &str, relation: &Relation) -> Obstacle {
    let (what, remedy) = words(said, relation);
    Obstacle::Said { what, remedy }
}

/// A foreign key that does not hold, and where.
pub(crate) fn foreign_key(relation: &Relation, where_it_breaks: &[String]) -> Obstacle {
    let (what, remedy) = words("FOREIGN KEY constraint failed", relation);
    let what = if where_it_breaks.is_empty() { what } else { where_it_breaks.join("; ") };
    Obstacle::Said { what, remedy }
}

/// A trigger that threw the change away without a word (`RAISE(IGNORE)`).
pub(crate) fn ignored(relation: &Relation) -> Obstacle {
    Obstacle::Said {
        what: format!("a trigger of {} left the row as it is", relation.name),
        remedy: "see the triggers in the Schema tab: one of them ignores such changes".to_owned(),
    }
}

fn words(said: &str, relation: &Relation) -> (String, String) {
    let table = &relation.name;
    if let Some(column) = after(said, "NOT NULL constraint failed: ") {
        return (format!("{column} must not be NULL"), "give it a value".to_owned());
    }
    if let Some(columns) = after(said, "UNIQUE constraint failed: ") {
        return (
            format!("another row has the same {columns}, which must be unique"),
            "choose another value, or change the other row first".to_owned(),
        );
    }
    if let Some(check) = after(said, "CHECK constraint failed: ") {
        return (
            format!("{table} refuses it by its CHECK {check}"),
            format!("see what it asks for in the CREATE statement of {table} (Schema tab)"),
        );
    }
    if said.contains("FOREIGN KEY constraint failed") {
        return (
            format!("a foreign key of or to {table} would not hold"),
            "write the row that is referred to first, or change those that refer to this one".to_owned(),
        );
    }
    if let Some(types) = after(said, "cannot store ") {
        return (format!("{table} is STRICT: it cannot store {types}"), "give a value of the column's type".to_owned());
    }
    if said.contains("datatype mismatch") {
        return (format!("the key of {table} must be an integer"), "give an integer, or leave it out".to_owned());
    }
    if said.contains("too big") {
        return ("the row is larger than SQLite takes (about 1 GB)".to_owned(), "write less".to_owned());
    }
    if said.contains("foreign key mismatch") {
        return (
            said.to_owned(),
            "the schema declares a foreign key to something that is not unique: it has to be mended first".to_owned(),
        );
    }
    match trigger(said, relation) {
        Some(name) => (
            format!("trigger {name} of {table} refused it: {said}"),
            "do what it asks for; its text stands in the Schema tab".to_owned(),
        ),
        None => {
            (format!("{table} refused it: {said}"), "see its triggers and constraints in the Schema tab".to_owned())
        }
    }
}

fn after<'a>(said: &'a str, begin: &str) -> Option<&'a str> {
    let at = said.find(begin)? + begin.len();
    // A server puts more behind it in some versions.
    Some(said[at..].lines().next().unwrap_or_default().trim())
}

/// The name of the trigger that says so.
fn trigger(said: &str, relation: &Relation) -> Option<String> {
    let words = said.replace('\'', "''");
    let sql = relation.triggers.iter().find(|sql| !words.is_empty() && sql.contains(&words))?;
    // CREATE [TEMP] TRIGGER [IF NOT EXISTS] [schema.]name …
    let mut rest = sql.split_whitespace().skip_while(|word| !word.eq_ignore_ascii_case("trigger")).skip(1).peekable();
    if rest.peek().is_some_and(|word| word.eq_ignore_ascii_case("if")) {
        rest.nth(2);
    }
    rest.next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::schema::samples;

    fn said(message: &str) -> (String, String) {
        let mut relation = samples::table("questions", &["id"]);
        relation.triggers = vec![
            "CREATE TRIGGER IF NOT EXISTS hands_off BEFORE UPDATE ON questions BEGIN SELECT RAISE(ABORT, 'it''s mine'); END"
                .to_owned(),
        ];
        words(message, &relation)
    }

    #[test]
    fn every_refusal_names_what_and_says_what_to_do() {
        for (message, wanted) in [
            ("NOT NULL constraint failed: questions.answer", "questions.answer must not be NULL"),
            ("SQLite error: UNIQUE constraint failed: users.username", "the same users.username"),
            ("CHECK constraint failed: score_range", "CHECK score_range"),
            ("FOREIGN KEY constraint failed", "foreign key"),
            ("cannot store TEXT value in INTEGER column t.a", "TEXT value in INTEGER column t.a"),
            ("datatype mismatch", "integer"),
            ("it's mine", "trigger hands_off of questions refused it: it's mine"),
            ("something else", "questions refused it: something else"),
        ] {
            let (what, remedy) = said(message);
            assert!(what.contains(wanted), "{what}");
            assert!(!remedy.is_empty());
        }
    }
}
