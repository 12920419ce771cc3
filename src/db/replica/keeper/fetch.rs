//! One fetch of what the copy has not: the driver is built, run, and thrown away where it failed; another log of the server's is only
//! taken where the copy may be replaced.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{Trouble, Work};
use crate::{
    db::{
        error::{Error, ErrorKind},
        replica::{
            Reading,
            driver::{Driver, Failure, OtherLog},
            files::Index,
            progress::Meter,
        },
        server::script::Script,
    },
    domain::value::Value,
};

/// A sync in which nothing comes for this long is over, whatever the server's limit is.
const STALLED: Duration = Duration::from_secs(15);
/// A sync that takes longer has its progress shown.
const SHOWN: Duration = Duration::from_millis(400);
/// A piece of the server's log: a page of 4 KiB and its header.
const PIECE: u64 = 4096 + 40;

impl Work {
    /// Syncs; gives how many pieces of the log came.
    pub(super) async fn fetch(&mut self, index: Option<u64>) -> Result<usize, Trouble> {
        let mut other_log = OtherLog::Stops;
        let mut total = None;
        if self.state.reading() == Reading::Server {
            total = self.size_there(index).await?;
        }
        loop {
            let driver = match self.driver.take() {
                Some(driver) => driver,
                None => self.build().await?,
            };
            let trouble = match self.run(&driver, other_log, total).await {
                Ok(frames) => {
                    self.driver = Some(driver);
                    return Ok(frames);
                }
                Err(failure) => failure,
            };
            drop(driver);
            match trouble {
                Failure::Here(why) => return Err(Trouble::Here(why)),
                Failure::Broken(why) => return Err(Trouble::Broken(why)),
                Failure::Handshake if other_log == OtherLog::Stops => {
                    self.allow_other_log().await?;
                    other_log = OtherLog::Taken;
                }
                Failure::Handshake => {
                    return Err(Trouble::Here(not_offered("it asks for one handshake after another")));
                }
                Failure::Way(said) => {
                    self.reach().await?;
                    return Err(Trouble::Here(not_offered(&said)));
                }
            }
        }
    }

    async fn run(&self, driver: &Driver, other_log: OtherLog, total: Option<u64>) -> Result<usize, Failure> {
        let (start, before) = (Instant::now(), driver.received());
        let mut meter = Meter::new(start, total);
        let look = || {
            let (now, bytes) = (Instant::now(), driver.received().saturating_sub(before));
            let progress = meter.at(now, bytes);
            if now.duration_since(start) >= SHOWN {
                self.state.progress(Some(progress));
            }
            bytes + self.files.size()
        };
        let patience = self.server.limits.request.min(STALLED);
        let outcome = driver.sync(&self.files, other_log, patience, look).await;
        self.state.progress(None);
        outcome
    }

    /// What the server has to send for a whole copy, about: the pieces of its log, unless these are far more than its pages, for then
    /// it sends each page once.
    async fn size_there(&self, index: Option<u64>) -> Result<Option<u64>, Trouble> {
        let mut script = Script::default();
        script.select("SELECT page_count FROM pragma_page_count()").map_err(Trouble::Way)?;
        let sets = self.ask(script).await?;
        let pages = match sets.first().and_then(|set| set.rows.first()).and_then(|row| row.first()) {
            Some(Value::Integer(pages)) => u64::try_from(*pages).ok(),
            _ => None,
        };
        let done = self.files.index().and_then(|Index { frame, .. }| frame).map_or(0, |frame| frame + 1);
        let pieces = index.map(|index| (index + 1).saturating_sub(done));
        let total = match (pages, pieces) {
            (Some(pages), Some(pieces)) if pieces <= pages * 2 => Some(pieces),
            (Some(pages), _) => Some(pages),
            (None, pieces) => pieces,
        };
        Ok(total.map(|pieces| pieces * PIECE))
    }

    async fn build(&self) -> Result<Driver, Trouble> {
        let token = self.token().await?;
        let (state, path, sidecar) = (Arc::clone(&self.state), self.files.sidecar.clone(), self.sidecar(false));
        // Whose it is is written down before anything else is: what is begun is known as a copy from its first byte.
        if self.state.reading() == Reading::Server {
            sidecar.write(&path).map_err(|why| Trouble::Here(self.unwritable(why)))?;
        }
        let distrust = move || {
            state.distrusted();
            if let Err(error) = sidecar.write(&path) {
                tracing::debug!("the copy's state is not written down: {error}");
            }
        };
        Driver::build(&self.files, &self.server, self.way()?, token.as_ref(), distrust).await.map_err(|failure| {
            match failure {
                Failure::Here(why) => Trouble::Here(why),
                Failure::Broken(why) => Trouble::Broken(why),
                Failure::Way(said) => Trouble::Here(not_offered(&said)),
                Failure::Handshake => Trouble::Here(not_offered("no handshake")),
            }
        })
    }
}

/// The server answers queries, but cannot be copied.
fn not_offered(said: &str) -> Error {
    Error::new(
        ErrorKind::Server,
        format!("the server answers, but does not let itself be copied: {said}"),
        "it is read directly meanwhile; without --replica nothing is tried any more",
    )
}
