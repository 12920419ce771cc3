//! Whether the copy is one of this server's: both are looked at now and then, and where the server's log is another one than before.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::{Trouble, Work, ask::blocking};
use crate::db::{
    error::{Error, ErrorKind},
    replica::{
        Reading, files,
        signature::{Against, Judgement, Signature, judge},
    },
};

/// Comparisons of an idle copy.
const COMPARE: Duration = Duration::from_secs(60);
/// Comparisons of one that changes all the time.
const COMPARE_BUSY: Duration = Duration::from_secs(10);

impl Work {
    /// The handshake was to be made again. Where the server answers otherwise, its log is another one: of the same database (a server
    /// that was killed begins one) or not (it was wiped).
    pub(super) async fn allow_other_log(&mut self) -> Result<(), Trouble> {
        if self.state.reading() == Reading::Server {
            // There is nothing to lose.
            return Ok(());
        }
        for again in [true, false] {
            let (against, _) = self.look_at_both().await?;
            match against {
                Against::Same | Against::Ahead => return Ok(()),
                Against::Other if again => sleep(Duration::from_secs(1)).await,
                Against::Other => {}
            }
        }
        Err(Trouble::Broken(self.another()))
    }

    pub(super) fn may_compare(&self, changed: bool) -> bool {
        let patience = if changed { COMPARE_BUSY } else { COMPARE };
        self.compared.is_none_or(|compared| compared.elapsed() >= patience)
    }

    /// Compares the copy with the server. A failure of the way there does not make the sync before it a failure.
    pub(super) async fn compare(&mut self, first: bool) -> Result<(), Trouble> {
        self.compared = Some(Instant::now());
        let (against, copy) = match self.look_at_both().await {
            Ok(both) => both,
            Err(Trouble::Way(why)) if !first => {
                tracing::debug!("no comparison: {why}");
                return Ok(());
            }
            Err(trouble) => return Err(trouble),
        };
        match judge(self.doubt.as_ref(), against, copy) {
            Judgement::Fine => self.doubt = None,
            Judgement::Doubtful(doubt) => {
                self.doubt = Some(doubt);
                self.pace.stir(Instant::now());
            }
            Judgement::Another => return Err(Trouble::Broken(self.another())),
        }
        Ok(())
    }

    async fn look_at_both(&self) -> Result<(Against, Signature), Trouble> {
        let path = self.files.database.clone();
        let copy = blocking(move || Signature::of_file(&path)).await.map_err(|why| match why.kind {
            ErrorKind::Damaged | ErrorKind::NotADatabase => Trouble::Broken(files::broken(&why.what, "")),
            _ => Trouble::Here(why),
        })?;
        match self.ask(copy.script().map_err(Trouble::Way)?).await {
            Ok(sets) => {
                let there = copy.answered(&sets);
                Ok((there.map_or(Against::Other, |there| there.against(&copy)), copy))
            }
            // A table of the copy's is not there.
            Err(Trouble::Way(why)) if matches!(why.kind, ErrorKind::NoSuchRelation | ErrorKind::Sql) => {
                Ok((Against::Other, copy))
            }
            Err(trouble) => Err(trouble),
        }
    }

    fn another(&self) -> Error {
        files::broken(
            &format!(
                "the database at {} is another one than that of the copy {}",
                self.server.endpoint,
                self.files.database.display()
            ),
            "keep the copy if the server lost what it had",
        )
    }
}
