//! The journal of a session: what was written, when, and what became of it, statement by statement.

use jiff::Timestamp;

use crate::domain::change::{BatchId, Known};

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is written.
    Committed(Known),
    /// It was written, and taken back later.
    TakenBack,
    /// Nothing is written; why, in words.
    NotWritten(String),
    /// Nobody knows; what to look for, in words.
    Unknown(String),
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its batch.
    pub batch: BatchId,
    /// When it was asked for.
    pub at: Timestamp,
    /// What it was, in words: `approve q-1`.
    pub what: String,
    /// What became of it.
    pub fate: Fate,
    /// The statements that were carried out, with their values as literals; none where nothing was.
    pub statements: Vec<String>,
}

/// Everything a session wrote or tried to, the newest last.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Journal {
    entries: Vec<JournalEntry>,
}

impl Journal {
    /// All of it.
    pub fn entries(&self) -> &[JournalEntry] {
        &self.entries
    }

    /// Adds what was just answered.
    pub fn push(&mut self, entry: JournalEntry) {
        self.entries.push(entry);
    }

    /// The write was taken back, or is done again.
    pub fn set_fate(&mut self, batch: BatchId, fate: Fate) {
        if let Some(entry) = self.entries.iter_mut().rev().find(|entry| entry.batch == batch) {
            entry.fate = fate;
        }
    }

    /// The same as SQL text: what was carried out as transactions, the rest as comments. `sqlite3` can run it.
    pub fn to_sql(&self) -> String {
        let mut text = String::from("-- written with Reelscope\n");
        for entry in &self.entries {
            let fate = match &entry.fate {
                Fate::Committed(Known::Answered) => "committed".to_owned(),
                Fate::Committed(Known::Looked) => "committed: the answer was lost, the rows were looked at".to_owned(),
                Fate::TakenBack => "committed, taken back later".to_owned(),
                Fate::NotWritten(why) => format!("not written: {why}"),
                Fate::Unknown(why) => format!("unknown: {why}"),
            };
            text.push_str(&format!("\n-- {} {}: {}\n", entry.at, comment(&entry.what), comment(&fate)));
            if !entry.statements.is_empty() {
                text.push_str("BEGIN;\n");
                for statement in &entry.statements {
                    text.push_str(statement.trim_end().trim_end_matches(';'));
                    text.push_str(";\n");
                }
                text.push_str("COMMIT;\n");
            }
        }
        text
    }
}

/// A text that stays in its line: a comment ends there.
fn comment(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_becomes_transactions_and_the_rest_comments() {
        let entry = |batch, what: &str, fate, statements: &[&str]| JournalEntry {
            batch: BatchId(batch),
            at: Timestamp::UNIX_EPOCH,
            what: what.to_owned(),
            fate,
            statements: statements.iter().map(|text| (*text).to_owned()).collect(),
        };
        let mut journal = Journal::default();
        journal.push(entry(
            1,
            "approve q-1\nDROP TABLE x",
            Fate::Committed(Known::Answered),
            &["UPDATE a", "INSERT b;"],
        ));
        journal.push(entry(2, "delete q-2", Fate::NotWritten("changed".into()), &[]));
        journal.set_fate(BatchId(1), Fate::TakenBack);
        assert_eq!(
            journal.to_sql(),
            "-- written with Reelscope\n\n\
             -- 1970-01-01T00:00:00Z approve q-1 DROP TABLE x: committed, taken back later\n\
             BEGIN;\nUPDATE a;\nINSERT b;\nCOMMIT;\n\n\
             -- 1970-01-01T00:00:00Z delete q-2: not written: changed\n"
        );
    }
}
