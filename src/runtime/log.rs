//! The log: a file, never the screen; made when the first line is written, and begun anew when it has grown.
//!
//! Only what this program says itself is logged, at every level: what the network's parts say of themselves holds headers, and so
//! tokens. What looks like a token all the same is left out of every line.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use tracing::{Level, Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    filter::Targets,
    fmt::{self, MakeWriter},
    layer::SubscriberExt as _,
    registry::Registry,
};

use crate::{config::LogLevel, domain::secret};

/// A log longer than this becomes `….old` at the next start.
const LIMIT: u64 = 1 << 20;

/// A file that is opened with the first line.
struct LazyFile {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Write for &LazyFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let open = match file.take() {
            Some(open) => open,
            None => self.open()?,
        };
        // A line comes as a whole.
        let text = String::from_utf8_lossy(bytes);
        let written = (&open).write_all(secret::masked(&text).as_bytes());
        *file = Some(open);
        written.map(|()| bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl LazyFile {
    fn open(&self) -> io::Result<File> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::metadata(&self.path).is_ok_and(|facts| facts.is_file() && facts.len() > LIMIT) {
            let mut old = self.path.clone().into_os_string();
            old.push(".old");
            fs::rename(&self.path, old)?;
        }
        OpenOptions::new().create(true).append(true).open(&self.path)
    }
}

impl<'a> MakeWriter<'a> for LazyFile {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

/// Logs to this file from now on, for the whole process. A second call changes nothing.
pub fn start(path: PathBuf, level: LogLevel) {
    let level: LevelFilter = match level {
        LogLevel::Off => return,
        LogLevel::Error => Level::ERROR.into(),
        LogLevel::Warn => Level::WARN.into(),
        LogLevel::Info => Level::INFO.into(),
        LogLevel::Debug => Level::DEBUG.into(),
        LogLevel::Trace => Level::TRACE.into(),
    };
    let _ = tracing::subscriber::set_global_default(subscriber(path, level));
}

/// Writes what this crate says, at this level and above.
fn subscriber(path: PathBuf, level: LevelFilter) -> impl Subscriber + Send + Sync {
    let file = LazyFile { path, file: Mutex::new(None) };
    let lines = fmt::layer().with_ansi(false).with_writer(file).log_internal_errors(false);
    Registry::default().with(Targets::new().with_target(env!("CARGO_CRATE_NAME"), level)).with(lines)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const TOKEN: &str = "eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.s3cret";

    #[test]
    fn only_our_own_words_are_logged_and_tokens_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("reelscope.log");
        tracing::subscriber::with_default(subscriber(path.clone(), LevelFilter::TRACE), || {
            tracing::trace!("ours, of {}", module_path!());
            tracing::error!("a server said: Bearer {TOKEN}, and {TOKEN}");
            tracing::error!(target: "hyper", "theirs");
            tracing::error!(target: "h2", "theirs");
            tracing::error_span!(target: "rustls", "theirs").in_scope(|| tracing::info!("inside"));
        });
        let log = fs::read_to_string(path).unwrap();
        assert!(
            log.contains("ours, of reelscope::runtime::log")
                && log.contains("a server said: Bearer [token], and [token]")
        );
        assert!(log.contains("inside") && !log.contains("theirs") && !log.contains("s3cret"), "{log}");
    }

    #[test]
    fn a_log_that_has_grown_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/reelscope.log");
        let write = |text: &str| {
            let log = LazyFile { path: path.clone(), file: Mutex::new(None) };
            (&log).write_all(text.as_bytes()).unwrap();
        };
        write("one\n");
        write("two\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        write(&"x".repeat(2 << 20));
        write("new\n");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new\n");
        assert!(folder.path().join("deep/reelscope.log.old").exists());
    }
}
