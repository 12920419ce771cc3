//! What a server is told to do: one transaction, in one request.
//!
//! Owns how it begins and ends, so that all of it is written or nothing. Only who holds a [`Grant`] can make one. Must not know what
//! the statements mean.

use std::time::Duration;

use crate::db::write::Grant;

/// The seconds of a day: SQLite counts moments in days.
const DAY: f64 = 86_400.0;

/// The words of SQLite's error where the deadline has passed, or a check fails: it takes no other path to raise an error of one's own
/// outside of triggers. What is no path is quoted in the error.
const NO_PATH: &str = "bad JSON path: ";

/// A moment by the server's own clock: the Julian day that its SQLite gives.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Moment(pub(crate) f64);

impl Moment {
    /// The expression that gives the moment at hand.
    pub(crate) const NOW: &str = "julianday('now')";

    /// So much later.
    pub(crate) fn plus(self, time: Duration) -> Self {
        Self(self.0 + time.as_secs_f64() / DAY)
    }

    /// How long from that moment to this one; nothing where it lies behind.
    pub(crate) fn since(self, earlier: Self) -> Duration {
        Duration::try_from_secs_f64((self.0 - earlier.0) * DAY).unwrap_or_default()
    }
}

/// A transaction: its statements run in this order, each only where the one before it went well, and are committed together.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    statements: Vec<String>,
}

impl Transaction {
    /// Nothing yet. Whatever comes late is not carried out any more: after `until`, by the server's clock, and once the database could be
    /// locked, it raises an error. So a transaction that looks when that moment has passed sees whatever became of a request whose
    /// answer was lost.
    pub(crate) fn until(_grant: &Grant, until: Moment) -> Self {
        let mut transaction = Self { statements: vec!["BEGIN IMMEDIATE".to_owned()] };
        transaction.check(&format!("{} <= {:?}", Moment::NOW, until.0), "too late");
        transaction
    }

    /// Nothing yet; whenever it comes it is carried out. For what only looks, while nobody writes.
    pub(crate) fn whenever(_grant: &Grant) -> Self {
        Self { statements: vec!["BEGIN IMMEDIATE".to_owned()] }
    }

    /// One more statement, without a semicolon. Gives its number, by which its rows are
    /// found, and what is said of it.
    pub(crate) fn step(&mut self, sql: impl Into<String>) -> usize {
        self.statements.push(sql.into());
        self.statements.len() - 1
    }

    /// An error, and so the end of it all, unless this is so. The words stand in the error: see [`failed_check`].
    pub(crate) fn check(&mut self, condition: &str, words: &str) -> usize {
        // Not a constant: an expression whose value is known before is computed before, whether it is wanted or not.
        let raise = format!("json_extract('{{}}', '{}' || changes())", words.replace('\'', "''"));
        self.step(format!("SELECT CASE WHEN {condition} THEN 1 ELSE {raise} END"))
    }

    /// How many statements there are, those that begin it among them.
    pub(crate) fn len(&self) -> usize {
        self.statements.len()
    }

    /// How many bytes they have.
    pub(crate) fn bytes(&self) -> usize {
        self.statements.iter().map(String::len).sum()
    }

    /// Its steps in the words of the protocol, the one that commits among them
    /// (<https://github.com/tursodatabase/libsql/blob/main/docs/HRANA_3_SPEC.md>, "Execute a batch").
    pub(crate) fn steps(&self) -> serde_json::Value {
        let statements = self.statements.iter().map(String::as_str).chain(["COMMIT"]);
        steps(statements)
    }
}

/// The words of the check that failed, where this is what SQLite says of one.
pub(crate) fn failed_check(said: &str) -> Option<&str> {
    let (_, words) = said.split_once(NO_PATH)?;
    Some(words.trim_matches(['\'', '`', ' ']).trim_end_matches(|letter: char| letter.is_ascii_digit()))
}

/// Statements as steps, each under the condition that the one before it went well.
pub(crate) fn steps<'a>(statements: impl IntoIterator<Item = &'a str>) -> serde_json::Value {
    let steps = statements.into_iter().enumerate().map(|(at, sql)| {
        let stmt = serde_json::json!({"sql": sql, "want_rows": true});
        match at.checked_sub(1) {
            Some(before) => serde_json::json!({"stmt": stmt, "condition": {"type": "ok", "step": before}}),
            None => serde_json::json!({"stmt": stmt}),
        }
    });
    serde_json::Value::Array(steps.collect())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rusqlite::Connection;

    use super::*;

    /// The check as a statement.
    fn check(condition: &str, words: &str) -> String {
        let mut transaction = Transaction { statements: Vec::new() };
        transaction.check(condition, words);
        transaction.statements.remove(0)
    }

    #[test]
    fn a_check_raises_only_where_it_fails_and_says_which() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t(a); INSERT INTO t VALUES (1), (2)").unwrap();
        let run = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        connection.execute("UPDATE t SET a = 3 WHERE a = 1", []).unwrap();
        let hit = check("changes() = 1", "entry 7, it's ");
        assert_eq!(run(&hit), Ok(1));
        assert_eq!(run(&hit), Ok(1), "a SELECT changes nothing");
        connection.execute("UPDATE t SET a = 3 WHERE a = 1", []).unwrap();
        let said = run(&hit).unwrap_err().to_string();
        assert_eq!(failed_check(&said), Some("entry 7, it''s "), "{said}");
        assert_eq!(failed_check("no such table: x"), None);
    }

    #[test]
    fn a_deadline_is_a_moment_of_the_servers_clock() {
        let connection = Connection::open_in_memory().unwrap();
        let now = Moment(connection.query_row(&format!("SELECT {}", Moment::NOW), [], |row| row.get(0)).unwrap());
        let run = |moment: Moment| {
            let sql = check(&format!("{} <= {:?}", Moment::NOW, moment.0), "too late");
            connection.query_row(&sql, [], |row| row.get::<_, i64>(0))
        };
        assert_eq!(run(now.plus(Duration::from_secs(3600))), Ok(1));
        let past = Moment(now.0 - 0.1);
        assert!(failed_check(&run(past).unwrap_err().to_string()).is_some_and(|words| words.starts_with("too late")));
        assert_eq!(now.since(past).as_secs_f64().round(), 8640.0);
        assert_eq!(past.since(now), Duration::ZERO);
        assert!(now < now.plus(Duration::from_millis(1)), "milliseconds count");
    }

    #[test]
    fn each_step_waits_for_the_one_before() {
        let steps = steps(["BEGIN IMMEDIATE", "COMMIT"]);
        assert_eq!(steps.pointer("/0/condition"), None);
        assert_eq!(steps.pointer("/1/condition"), Some(&serde_json::json!({"type": "ok", "step": 0})));
    }
}
