//! Asking the server through its link, which knows the token, has the words for what is wrong, and says when all is well again.

use tokio::task::spawn_blocking;

use super::{Trouble, Work};
use crate::db::{
    connection::Canceller,
    error::{Error, ErrorKind, Result},
    replica::driver::Way,
    server::{
        credentials::Token,
        link::{Link, Set},
        script::Script,
    },
};

impl Work {
    pub(super) fn way(&self) -> Result<Way, Trouble> {
        self.server.link().map(Link::connector).map_err(Trouble::Way)
    }

    pub(super) async fn token(&self) -> Result<Option<Token>, Trouble> {
        let server = self.server.clone();
        // It may run a command.
        match blocking(move || server.link()?.token()).await {
            Ok(token) => Ok(token),
            Err(why) => {
                // The link tells of it only where something is asked of the server.
                self.reach().await?;
                Err(Trouble::Way(why))
            }
        }
    }

    /// Has the link find out whether the server is there again, where it was not.
    pub(super) async fn reach_again(&self) -> Result<(), Trouble> {
        let cut_off = self.server.link().is_ok_and(|link| link.next_try().is_some());
        if cut_off { self.reach().await } else { Ok(()) }
    }

    /// Whether the server answers at all: the link says what is wrong, asks for another token, and knows when all is well again.
    pub(super) async fn reach(&self) -> Result<(), Trouble> {
        let mut script = Script::default();
        script.select("SELECT 1").map_err(Trouble::Way)?;
        self.ask(script).await.map(|_| ())
    }

    /// Asks the server through its link.
    pub(super) async fn ask(&self, script: Script) -> Result<Vec<Set>, Trouble> {
        let (server, canceller) = (self.server.clone(), Canceller::default());
        let _given_up = CancelOnDrop(canceller.clone());
        blocking(move || server.link()?.batch(&script, &canceller)).await.map_err(Trouble::Way)
    }
}

/// Work that blocks, on a thread for it.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|_| {
        Err(Error::new(ErrorKind::Server, "asking the server failed in an unforeseen way", "please report this"))
    })
}

struct CancelOnDrop(Canceller);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
