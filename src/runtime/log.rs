//! The log: a file, never the screen; made when the first line is written, and begun anew when it has grown.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use tracing::{Level, level_filters::LevelFilter};
use tracing_subscriber::fmt::MakeWriter;

use crate::config::LogLevel;

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
        let written = (&open).write(bytes);
        *file = Some(open);
        written
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
    let file = LazyFile { path, file: Mutex::new(None) };
    let subscriber = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(level)
        .with_writer(file)
        .log_internal_errors(false)
        .finish();
    let _ = tracing::subscriber::set_global_default(subscriber);
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

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
