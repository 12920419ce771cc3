//! What is asked of a server: statements that read, and nothing else, with their values written out as literals.

use crate::db::error::{Error, ErrorKind, Result};

/// Statements for one request. Each begins with SELECT, WITH, VALUES or EXPLAIN: there is no way to put another one in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Script {
    statements: Vec<String>,
}

impl Script {
    /// One more statement, without a semicolon.
    pub(crate) fn select(&mut self, sql: impl Into<String>) -> Result<()> {
        let sql = sql.into();
        if !reads(&sql) {
            return Err(Error::new(ErrorKind::Sql, "this statement does not read", "please report this"));
        }
        self.statements.push(sql);
        Ok(())
    }

    /// The statements.
    pub(crate) fn statements(&self) -> &[String] {
        &self.statements
    }

    /// All statements as one text.
    pub(crate) fn text(&self) -> String {
        self.statements.join(";\n")
    }
}

/// Whether this is one statement, and one that reads: its first word says so (behind WITH: the first that begins a statement outside
/// of brackets), and no second one follows.
fn reads(sql: &str) -> bool {
    let mut bytes = sql.bytes().peekable();
    let (mut depth, mut word, mut first) = (0_u32, String::new(), None);
    let mut verdict = None;
    while let Some(byte) = bytes.next() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii() {
            word.push(char::from(byte.to_ascii_uppercase()));
            if bytes.peek().is_some() {
                continue;
            }
        }
        if !word.is_empty() {
            let begins = std::mem::take(&mut word);
            let first = first.get_or_insert_with(|| begins.clone());
            if depth == 0 && verdict.is_none() {
                verdict = match begins.as_str() {
                    "SELECT" | "VALUES" | "EXPLAIN" => Some(true),
                    "INSERT" | "UPDATE" | "DELETE" | "REPLACE" => Some(false),
                    _ if first == "WITH" => None,
                    _ => Some(false),
                };
            }
        }
        match byte {
            b'\'' | b'"' | b'`' | b'[' => {
                // A quote written twice closes and opens again.
                let end = if byte == b'[' { b']' } else { byte };
                let closed = bytes.by_ref().any(|inner| inner == end);
                if !closed {
                    return false;
                }
            }
            // A comment could hide a quote from this. None is written here.
            b'-' if bytes.peek() == Some(&b'-') => return false,
            b'/' if bytes.peek() == Some(&b'*') => return false,
            b'(' => depth += 1,
            b')' => depth = depth.saturating_sub(1),
            b';' => return false,
            _ => {}
        }
    }
    verdict == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_statement_that_reads_goes_out() {
        for sql in [
            "SELECT 1",
            " select 'a;b', \"c;d\", 'it''s; --'",
            "WITH k AS (SELECT 1), b(\"delete\") AS (VALUES (1)) SELECT * FROM k",
            "VALUES (1)",
            "EXPLAIN QUERY PLAN SELECT 1",
            "SELECT DELETED FROM main.\"x\"",
            "SELECT '--', \"/*\", [--], 4 / 2 - -1",
        ] {
            assert!(Script::default().select(sql).is_ok(), "{sql}");
        }
        for sql in [
            "",
            "DELETE FROM x",
            "SELECT 1; DELETE FROM x",
            "WITH k AS (SELECT 1) DELETE FROM x",
            "with k as (select 1) insert into x select 1",
            "PRAGMA journal_mode=DELETE",
            "SELECT 'open",
            "ATTACH 'x' AS y",
            "SELECT 1 /* ' */ ; DELETE FROM x -- '",
            "SELECT 1 -- '\n; DELETE FROM x --'",
            "SELECT [']; DELETE FROM x --]'",
            "SELECT [open",
        ] {
            assert!(Script::default().select(sql).is_err(), "{sql}");
        }
    }
}
