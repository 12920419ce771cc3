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
        let word: String = sql.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
        if !matches!(word.to_ascii_uppercase().as_str(), "SELECT" | "WITH" | "VALUES" | "EXPLAIN") {
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
