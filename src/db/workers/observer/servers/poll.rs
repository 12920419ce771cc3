//! What a poll asks for, and what comes back: one request.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{super::pace::Moment, ServerWatch};
use crate::{
    db::{
        activity::server::{ServerActivity, Taken},
        error::Result,
        request::{Answer, Reply, RequestId, Slot},
        server::{
            changes::{Probe, Signature},
            script::Script,
            session::ServerSession,
        },
    },
    domain::schema::Schema,
};

/// How much is asked for in a poll: less where the database refuses some of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// The schema alone.
    Schema,
    /// The tables, too.
    Tables,
    /// The bots, too.
    #[default]
    All,
}

/// Somebody wants the activity.
pub(super) struct Following {
    pub(super) id: RequestId,
    pub(super) reader: Reader,
}

pub(super) enum Reader {
    /// The schema has to be known first.
    Unmade,
    Made(Box<ServerActivity>),
    /// The tables are not there; this was told.
    Impossible,
}

/// What a poll brought.
pub(super) struct News {
    pub(super) signature: Option<Signature>,
    pub(super) activity: Taken,
    /// There is more to ask for.
    pub(super) more: More,
    /// How long the answer took.
    pub(super) took: Duration,
}

/// Whether there is more of the bots to ask for at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Yes,
    No,
}

impl ServerWatch {
    /// One request, or two where the schema is not known yet.
    pub(super) fn ask(&mut self) -> Result<News> {
        let schema = if self.scope == Scope::Schema { None } else { self.schema()? };
        let probe = Probe::of(schema.as_deref());
        let mut script = Script::default();
        script.select(probe.sql())?;
        let now = Moment::now();
        if let (Some(schema), Some(following), Scope::All) = (&schema, &mut self.following, self.scope)
            && !matches!(following.reader, Reader::Made(_))
        {
            match ServerActivity::of(schema) {
                Some(reader) => following.reader = Reader::Made(Box::new(reader)),
                None if matches!(following.reader, Reader::Unmade) => {
                    following.reader = Reader::Impossible;
                    let outcome = Ok(Answer::NoActivity);
                    self.shared.reply(Reply::Answer { slot: Slot::Activity, id: following.id, outcome });
                }
                None => {}
            }
        }
        let mut reader = match &self.following {
            Some(Following { reader: Reader::Made(reader), .. }) if self.scope == Scope::All => Some(reader.clone()),
            _ => None,
        };
        if let Some(reader) = &mut reader {
            reader.ask(&mut script, now.instant, now.wall)?;
        }
        let asked = Instant::now();
        let sets = self.server.link()?.batch(&script, &self.canceller)?;
        let done = Instant::now();
        let took = done.saturating_duration_since(asked);
        let (first, others) = sets.split_first().map_or((None, &[][..]), |(first, others)| (Some(first), others));
        let signature = first.and_then(|set| probe.read(set));
        let (mut activity, mut more) = (Taken::Nothing, More::No);
        if let Some(mut reader) = reader {
            activity = reader.take(others, took, done);
            if reader.owes(done) {
                more = More::Yes;
            }
            if let Some(following) = &mut self.following {
                following.reader = Reader::Made(reader);
            }
        }
        Ok(News { signature, activity, more, took })
    }

    /// The schema: what a slot has read lately, or else read for this.
    fn schema(&self) -> Result<Option<Arc<Schema>>> {
        if let Some(schema) = self.server.known.schema() {
            return Ok(Some(schema));
        }
        let schema = Arc::new(ServerSession::open(&self.server, self.canceller.clone())?.schema()?);
        self.server.known.keep_schema(&schema);
        Ok(Some(schema))
    }
}
