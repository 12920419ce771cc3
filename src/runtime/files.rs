//! Files that the program writes for the user: the recovery file, and what is saved by name.
//!
//! A thread does it, started with the first of them: discs may be slow, and syncing is. Whoever ends the loop waits for it, so that
//! nothing of it is lost at the end.

use std::{
    fs::File,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::PathBuf,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
};

use tokio::sync::mpsc::UnboundedSender;

use super::{inbox::Message, recovery::Recovery};
use crate::message::event::Event;

/// What is to be done.
#[derive(Debug)]
enum Job {
    Remember(Option<String>),
    Save { path: String, text: String, what: String },
}

/// The thread that writes files.
#[derive(Debug)]
pub(crate) struct Files {
    inbox: UnboundedSender<Message>,
    /// Until the thread has it.
    recovery: Option<Recovery>,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Files {
    /// No thread yet; without a recovery file nothing can be remembered, which is said when it is asked for.
    pub(crate) const fn new(inbox: UnboundedSender<Message>, recovery: Option<Recovery>) -> Self {
        Self { inbox, recovery, jobs: None, thread: None }
    }

    /// Keeps this text in the recovery file; `None` removes it.
    pub(crate) fn remember(&mut self, text: Option<String>) {
        self.add(Job::Remember(text));
    }

    /// Writes a new file, and says what came of it.
    pub(crate) fn save(&mut self, path: String, text: String, what: String) {
        self.add(Job::Save { path, text, what });
    }

    fn add(&mut self, job: Job) {
        if self.jobs.is_none() {
            let (sender, jobs) = mpsc::channel();
            let (inbox, recovery) = (self.inbox.clone(), self.recovery.take());
            match thread::Builder::new().name("files".to_owned()).spawn(move || work(&jobs, recovery, &inbox)) {
                Ok(thread) => (self.jobs, self.thread) = (Some(sender), Some(thread)),
                Err(error) => return tell(&self.inbox, Event::Failed(format!("no thread to write files on: {error}"))),
            }
        }
        if let Some(jobs) = &self.jobs {
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        // Without a sender the thread ends when everything is done.
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn tell(inbox: &UnboundedSender<Message>, event: Event) {
    let _ = inbox.send(Message::Event(event));
}

fn work(jobs: &Receiver<Job>, mut recovery: Option<Recovery>, inbox: &UnboundedSender<Message>) {
    // Said once, and again only after it has worked meanwhile: it is asked for with every key.
    let mut said = false;
    while let Ok(first) = jobs.recv() {
        let mut newest = None;
        for job in std::iter::once(first).chain(jobs.try_iter()) {
            match job {
                Job::Remember(text) => newest = Some(text),
                Job::Save { path, text, what } => {
                    tell(
                        inbox,
                        match save(&path, &text) {
                            Ok(path) => Event::Done(format!("{what} saved to {}", path.display())),
                            Err(words) => Event::Failed(format!("{what} not saved: {words}")),
                        },
                    );
                }
            }
        }
        let Some(text) = newest else { continue };
        let is_text = text.is_some();
        let outcome = match (&mut recovery, text) {
            (Some(recovery), Some(text)) => recovery.keep(text).map_err(|error| error.to_string()),
            (Some(recovery), None) => recovery.forget().map_err(|error| error.to_string()),
            (None, Some(_)) => Err("there is no folder for it".to_owned()),
            (None, None) => Ok(()),
        };
        match outcome {
            Ok(()) => said = said && !is_text,
            Err(words) if !said => {
                said = true;
                tell(inbox, Event::Failed(format!("what is staged is not kept against a crash: {words}")));
            }
            Err(_) => {}
        }
    }
}

/// Writes a new file at the path that was typed; where that is.
fn save(typed: &str, text: &str) -> Result<PathBuf, String> {
    let path = expanded(typed)?;
    let shown = path.display();
    // For its owner alone: it holds what stands in the rows.
    let options = File::options().write(true).create_new(true).mode(0o600).open(&path);
    let mut file = options.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => {
            format!("{shown} is there already, and nothing is written over: give another name")
        }
        io::ErrorKind::NotFound => format!("the folder of {shown} is not there"),
        io::ErrorKind::PermissionDenied => format!("{shown} may not be written"),
        _ => format!("{shown}: {error}"),
    })?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    written.map_err(|error| {
        // It is ours, and half of it is worth nothing.
        let _ = std::fs::remove_file(&path);
        format!("{shown}: {error}")
    })?;
    Ok(path)
}

/// The whole path; `~` and `~/…` are under the user's home.
fn expanded(typed: &str) -> Result<PathBuf, String> {
    let typed = typed.trim();
    if typed.is_empty() || typed.contains('\0') {
        return Err("give a path".to_owned());
    }
    let path = match typed.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            let home =
                etcetera::home_dir().map_err(|_| "there is no home folder: write the path in full".to_owned())?;
            home.join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(typed),
    };
    std::path::absolute(&path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;

    fn words(inbox: &mut tokio::sync::mpsc::UnboundedReceiver<Message>) -> Vec<String> {
        let mut said = Vec::new();
        while let Ok(Message::Event(event)) = inbox.try_recv() {
            match event {
                Event::Done(words) => said.push(format!("done: {words}")),
                Event::Failed(words) => said.push(format!("failed: {words}")),
                other => unreachable!("{other:?}"),
            }
        }
        said
    }

    #[test]
    fn nothing_is_lost_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (sender, mut inbox) = unbounded_channel();
        let (recovery, _) = Recovery::open(folder.path(), "/a.db");
        let mut files = Files::new(sender, Some(recovery));
        for number in 0..50 {
            files.remember(Some(format!("staged {number}")));
        }
        let path = folder.path().join("log.sql");
        files.save(path.to_str().unwrap().to_owned(), "SELECT 1;\n".to_owned(), "the log".to_owned());
        drop(files);
        assert_eq!(words(&mut inbox), [format!("done: the log saved to {}", path.display())]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "for its owner alone");
        assert_eq!(fs::read_to_string(path).unwrap(), "SELECT 1;\n");
        assert_eq!(Recovery::open(folder.path(), "/a.db").1.as_deref(), Some("staged 49"));
    }

    #[test]
    fn a_new_file_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("there.sql");
        fs::write(&path, "mine").unwrap();
        assert!(save(path.to_str().unwrap(), "x").unwrap_err().contains("there already"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
        assert!(save(folder.path().join("no/such").to_str().unwrap(), "x").unwrap_err().contains("is not there"));
        assert!(save(" ", "x").is_err());
        assert_eq!(expanded("~/x.sql").unwrap(), etcetera::home_dir().unwrap().join("x.sql"));
        assert!(expanded("~x").unwrap().ends_with("~x"), "a name of its own");
    }

    #[test]
    fn that_nothing_is_kept_is_said_once() {
        let folder = tempfile::tempdir().unwrap();
        // A file where the folder should be.
        fs::write(folder.path().join("recovery"), "").unwrap();
        let (sender, mut inbox) = unbounded_channel();
        let (recovery, _) = Recovery::open(folder.path(), "/a.db");
        let mut files = Files::new(sender, Some(recovery));
        for _ in 0..3 {
            files.remember(Some("staged".to_owned()));
        }
        drop(files);
        let said = words(&mut inbox);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("failed: what is staged is not kept against a crash"), "{said:?}");
    }
}
