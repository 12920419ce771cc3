//! Panics: logged, then the terminal is brought back, then the user is told. Those of other threads, and those that are
//! caught, are logged only.

use std::{
    backtrace::Backtrace,
    io::{self, Write as _},
    panic,
    path::PathBuf,
    thread,
};

use super::terminal::Restorer;
use crate::{domain::secret, widgets::compute};

/// Installs the hook. The thread that calls is the one whose panic ends the program.
pub(crate) fn install(restorer: Restorer, log: PathBuf) {
    let main = thread::current().id();
    panic::set_hook(Box::new(move |panic| {
        let thread = thread::current();
        let said = panic.to_string();
        // A panic of the driver's quotes what it choked on.
        let panic = secret::masked(&said);
        tracing::error!("panic in thread {}: {panic}\n{}", thread.name().unwrap_or("?"), Backtrace::force_capture());
        if thread.id() != main || compute::guarded() {
            return;
        }
        restorer.restore();
        let _ = writeln!(
            io::stderr(),
            "reelscope hit a bug and had to end: {panic}\nPlease report it with the log at {}",
            log.display()
        );
    }));
}
