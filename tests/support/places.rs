//! The same rows in a file, on a server and in a copy of it, under physical and logical names.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::any::Any;

use reelscope::{
    db::{
        demo,
        location::Location,
        replica::Replica,
        request::{Answer, Query, Slot, SyncHow},
        session::ReadSession,
    },
    domain::catalogue,
};

use super::{
    reach::{Asked, server},
    samples::Sample,
};

/// How the names of a database are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Names {
    Physical,
    Logical,
}

/// code-reels with these rows.
pub(crate) fn code_reels(names: Names, rows: &str) -> Sample {
    let mut sql = format!("{}\n{rows}", demo::SCHEMA);
    if names == Names::Logical {
        for (kind, what) in [("VIEW", "v_active_questions"), ("VIEW", "v_queue_backlog"), ("VIEW", "v_bot_activity")] {
            sql += &format!("DROP {kind} {what};");
        }
        for table in &catalogue::TABLES {
            for column in table.columns.iter().filter(|column| column.logical != column.physical) {
                sql += &format!(
                    "ALTER TABLE {} RENAME COLUMN {} TO {};\n",
                    table.physical, column.physical, column.logical
                );
            }
            // A name that differs in its case only is the same to SQLite.
            if !table.logical.eq_ignore_ascii_case(table.physical) {
                sql += &format!("ALTER TABLE {} RENAME TO {};\n", table.physical, table.logical);
            }
        }
    }
    Sample::of(&sql)
}

/// The same rows in three places.
pub(crate) struct Places {
    sessions: Vec<(&'static str, ReadSession)>,
    _kept: Box<dyn Any>,
}

impl Places {
    pub(crate) fn of(sample: Sample) -> Self {
        let file = ReadSession::open(&Location::File(sample.path().to_owned())).unwrap();
        let mut sessions = vec![("file", file)];
        let Some(sqld) = sample.served() else { return Self { sessions, _kept: Box::new(sample) } };
        let there = server(&sqld.url(), None);
        sessions.push(("server", ReadSession::open(&Location::Server(there.clone())).unwrap()));
        let location = Location::Replica(Replica::new(sample.folder().join("copy.db"), there));
        let mut asked = Asked::open(location.clone());
        assert_eq!(asked.get(Slot::Sync, Query::Sync(SyncHow::Now)).unwrap(), Answer::Synced);
        sessions.push(("copy", ReadSession::open(&location).unwrap()));
        Self { sessions, _kept: Box::new((sample, sqld, asked)) }
    }

    pub(crate) fn each(&mut self, mut look: impl FnMut(&str, &mut ReadSession)) {
        for (place, session) in &mut self.sessions {
            look(place, session);
        }
    }
}
