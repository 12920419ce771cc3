//! Rows as they come: for exports, in constant memory, on a connection of its own.
//!
//! A thread of its own awaits and decodes them, and hands them over in chunks: writing them out on the calling thread goes on meanwhile,
//! and whoever writes slowly makes the server wait. It does its network's work itself, too: a server sends each row as a piece of its own, and
//! two threads that pass such pieces on to each other need twice the time. The driver asks twice, for the columns and for the rows.

use std::{cell::Cell, future::Future, pin::pin, sync::Arc, thread, time::Duration};

use tokio::{runtime::Builder, sync::mpsc};

use super::{Course, Shared, Stage, What, pool::Lease, values};
use crate::{
    db::{
        connection::{Canceller, reader::Flow},
        error::{Error, ErrorKind, Result},
        server::words,
    },
    domain::value::Value,
};

/// How many rows are handed over at once, and how many such chunks may wait.
const CHUNK: usize = 256;
const AHEAD: usize = 2;

type Chunk = Vec<Vec<Value>>;

impl Shared {
    /// Gives each row to the callee until it has enough.
    pub(super) fn stream(
        &self,
        text: &str,
        canceller: &Canceller,
        each: &mut dyn FnMut(Vec<Value>) -> Result<Flow>,
    ) -> Result<()> {
        let (sender, chunks) = mpsc::channel::<Chunk>(AHEAD);
        thread::scope(|scope| {
            // Dropped here, before the scope waits for the reader: this is what stops it.
            let mut chunks = chunks;
            let failed = |error: std::io::Error| {
                let what = format!("no thread to read with: {error}");
                Error::new(ErrorKind::Io, what, "end other programs, then try again")
            };
            let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
            let reader = thread::Builder::new()
                .name("reelscope-rows".to_owned())
                .spawn_scoped(scope, move || {
                    let read = runtime.block_on(self.fetch(text, canceller, sender));
                    // A name that is still being asked for is not waited for.
                    runtime.shutdown_background();
                    read
                })
                .map_err(failed)?;
            while let Some(chunk) = self.network.wait(chunks.recv()) {
                if canceller.is_cancelled() {
                    return Err(Error::new(ErrorKind::Cancelled, "cancelled", ""));
                }
                for row in chunk {
                    if each(row)? == Flow::Enough {
                        return Ok(());
                    }
                }
            }
            reader.join().unwrap_or_else(|_| Err(words::gave_up(&self.host)))
        })
    }

    /// Sends the rows until all are sent or nobody wants more.
    async fn fetch(&self, text: &str, canceller: &Canceller, sender: mpsc::Sender<Chunk>) -> Result<()> {
        tokio::select! {
            biased;
            () = sender.closed() => Ok(()),
            done = self.rows(text, canceller, &sender) => done,
        }
    }

    async fn rows(&self, text: &str, canceller: &Canceller, sender: &mpsc::Sender<Chunk>) -> Result<()> {
        let course = Course::new(What::Cursor);
        let (lease, mut rows) = self.guarded(&course, canceller, self.limits.long, self.begin(&course, text)).await?;
        let mut more = true;
        while more {
            let mut chunk = Chunk::with_capacity(CHUNK);
            let read = Cell::new(0_u32);
            let fill = async {
                while chunk.len() < CHUNK {
                    let row = rows.next().await.and_then(|row| row.as_ref().map(values).transpose());
                    match row.map_err(|error| self.fault(&lease, &error).error)? {
                        Some(row) => chunk.push(row),
                        None => return Ok(false),
                    }
                    read.set(read.get() + 1);
                }
                Ok(true)
            };
            more = self.guarded(&course, canceller, Duration::MAX, self.flowing(&course, &read, fill)).await?;
            if sender.send(chunk).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Ends this where no row comes for too long. Looks once in [`Limits::request`](super::Limits::request): setting a timer for each
    /// row would cost more than the row.
    async fn flowing<T>(&self, course: &Course, read: &Cell<u32>, work: impl Future<Output = Result<T>>) -> Result<T> {
        let limit = self.limits.request;
        let mut work = pin!(work);
        loop {
            let before = read.get();
            match tokio::time::timeout(limit, &mut work).await {
                Ok(done) => return done,
                Err(_) if read.get() == before => return Err(words::late(&self.host, course.reached(), limit)),
                Err(_) => {}
            }
        }
    }

    /// Until the answer begins.
    async fn begin(&self, course: &Course, text: &str) -> Result<(Lease, libsql::Rows)> {
        let mut key = self.keys.token().await?;
        let mut again = true;
        loop {
            course.enter(Stage::Place);
            let lease = self.pool.fresh(&self.connector, &key).await?;
            course.enter(Stage::Way(Arc::clone(lease.notes())));
            let fault = match lease.connection().query(text, ()).await {
                Ok(rows) => return Ok((lease, rows)),
                Err(error) => self.fault(&lease, &error),
            };
            if fault.error.kind != ErrorKind::Unauthorized {
                return Err(fault.error);
            }
            drop(lease);
            course.enter(Stage::Token);
            match self.keys.other_than(&key).await? {
                Some(other) if again => key = other,
                _ => return Err(words::advising(fault.error, self.keys.credentials())),
            }
            again = false;
        }
    }
}
