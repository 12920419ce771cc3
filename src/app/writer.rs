//! Writing: what is staged, what is on its way, what was written and can be taken back.

use super::App;
use crate::{db::write::Grant, message::severity::Severity, panes::Now};

/// What the app knows of writing.
#[derive(Debug)]
pub(super) struct Writer {
    grant: Option<Grant>,
    author: String,
    recovered: Option<String>,
}

impl Writer {
    pub(super) fn new(grant: Option<Grant>, author: String, recovered: Option<String>) -> Self {
        Self { grant, author, recovered }
    }
}

/// What is said where writing was not asked for.
pub(super) const READ_ONLY: &str =
    "read-only: nothing is changed. Start with --write (or TURSO_WRITE_MODE=true) to decide and edit";

impl App {
    /// Whether writing was asked for; says how to where it was not.
    pub(super) fn may_write(&mut self, now: Now) -> bool {
        if self.writer.grant.is_none() {
            self.say(Severity::Warning, READ_ONLY, now);
        }
        self.writer.grant.is_some()
    }
}
