//! The user's editor: which command it is, the private file it works on, and what came of it.
//!
//! Owns the file from its making to its removal, whatever happens in between; only a kill that cannot be heard (SIGKILL) leaves it,
//! in the system's folder for temporary files, readable by its owner alone. Handing the terminal over is the loop's.

use std::{
    fs::{File, Permissions},
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::PathBuf,
    process::ExitStatus,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::message::command::ExternalEdit;

/// What is tried where nobody named an editor: the one that POSIX wants everywhere, and the one that needs no learning.
const FALLBACKS: [&str; 2] = ["vi", "nano"];
/// More is no text of a cell.
const LARGEST: u64 = 256 << 20;
/// How long an editor may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(2);
/// The longest name of a file, without its ending.
const LONGEST_NAME: usize = 60;

/// Which editor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditorChoice {
    /// Who named it, and the command; `None`: nobody did.
    named: Option<(&'static str, String)>,
}

impl EditorChoice {
    /// What the setting says, else `VISUAL`, else `EDITOR`, of these variables.
    pub fn new(setting: Option<&str>, environment: &[(String, String)]) -> Self {
        let variable = |name: &'static str| {
            let value = environment.iter().find(|(key, value)| key == name && !value.trim().is_empty());
            value.map(|(_, value)| (name, value.clone()))
        };
        let setting = setting.map(|command| ("the setting editor", command.to_owned()));
        Self { named: setting.or_else(|| variable("VISUAL")).or_else(|| variable("EDITOR")) }
    }

    /// The commands to try, each with its arguments.
    fn commands(&self) -> Result<Vec<Vec<String>>, String> {
        let Some((who, command)) = &self.named else {
            return Ok(FALLBACKS.map(|name| vec![name.to_owned()]).into());
        };
        match shell_words::split(command) {
            Ok(words) if !words.is_empty() => Ok(vec![words]),
            _ => Err(format!("{who} is no command: {command}")),
        }
    }

    fn missing(&self) -> String {
        match &self.named {
            Some((who, command)) => format!("the editor {command} is not there: {who} names it"),
            None => "no editor is there: set EDITOR, or editor in the configuration".to_owned(),
        }
    }
}

/// An editor at work.
#[derive(Debug)]
pub(super) struct Editing {
    /// Comes back with the event.
    pub(super) ticket: u64,
    child: Child,
    name: String,
    before: String,
    path: PathBuf,
    /// Removed when this is dropped, with all that the editor left in it.
    _folder: TempDir,
}

impl Editing {
    /// Makes the file and starts the editor on it. The terminal is the editor's from now on.
    ///
    /// # Errors
    /// Words: there is no editor, or no file can be made.
    pub(super) fn start(edit: ExternalEdit, choice: &EditorChoice) -> Result<Self, String> {
        let commands = choice.commands()?;
        let made = private_file(&edit);
        let (folder, path) = made.map_err(|error| format!("no temporary file can be made for the editor: {error}"))?;
        for words in commands {
            let Some((program, arguments)) = words.split_first() else { continue };
            match Command::new(program).args(arguments).arg(&path).spawn() {
                Ok(child) => {
                    let name = program.clone();
                    return Ok(Self { ticket: edit.ticket, child, name, before: edit.text, path, _folder: folder });
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("the editor {program} cannot be started: {error}")),
            }
        }
        Err(choice.missing())
    }

    /// Waits for its end. Safe to drop while it waits.
    pub(super) async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.child.wait().await
    }

    /// The text as the editor left it; `None`: unchanged.
    ///
    /// # Errors
    /// Words: the editor failed, or left no text.
    pub(super) fn outcome(&self, status: io::Result<ExitStatus>) -> Result<Option<String>, String> {
        let name = &self.name;
        let status = status.map_err(|error| format!("what became of {name} is not known: {error}"))?;
        if !status.success() {
            return Err(format!("{name} ended with {status}: nothing was taken over"));
        }
        let wrong = |why: String| format!("what {name} left cannot be taken over: {why}");
        let facts = self.path.symlink_metadata().map_err(|error| wrong(error.to_string()))?;
        if !facts.is_file() {
            return Err(wrong("it is no file any more".to_owned()));
        }
        if facts.len() > LARGEST {
            return Err(wrong(format!("it has {} MB", facts.len() >> 20)));
        }
        let bytes = std::fs::read(&self.path).map_err(|error| wrong(error.to_string()))?;
        let text = String::from_utf8(bytes).map_err(|_| wrong("it is not UTF-8".to_owned()))?;
        Ok(changed(&self.before, text))
    }

    /// Ends the editor with the program: asks it to, and forces it where it does not.
    pub(super) async fn end(mut self, signal: Signal) -> io::Result<ExitStatus> {
        if let Some(pid) = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw) {
            // A stopped one hears it only when it goes on.
            let _ = kill_process(pid, signal).and_then(|()| kill_process(pid, Signal::CONT));
        }
        match tokio::time::timeout(GRACE, self.child.wait()).await {
            Ok(ended) => ended,
            Err(_) => {
                self.child.start_kill()?;
                self.child.wait().await
            }
        }
    }
}

/// What the editor made of a text; `None`: nothing. Most editors end a file with a line break: one that was not there is none of the
/// user's.
fn changed(before: &str, mut text: String) -> Option<String> {
    if !before.ends_with('\n') && text.ends_with('\n') {
        text.pop();
        // A file with CRLF ends so, too.
        if before.contains("\r\n") && text.ends_with('\r') {
            text.pop();
        }
    }
    (text != before).then_some(text)
}

/// A folder for its owner alone, with the text in a file of its own.
fn private_file(edit: &ExternalEdit) -> io::Result<(TempDir, PathBuf)> {
    let folder = tempfile::Builder::new().prefix("reelscope-").permissions(Permissions::from_mode(0o700)).tempdir()?;
    let path = folder.path().join(format!("{}.{}", file_name(&edit.name), edit.ending));
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(edit.text.as_bytes())?;
    Ok((folder, path))
}

/// The name in letters, digits and hyphens, for which it never begins: editors would take it for an option.
fn file_name(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() || letter == '_' { letter } else { '-' };
    let name: String = name.chars().map(plain).take(LONGEST_NAME).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "text".to_owned() } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn choice(setting: Option<&str>, pairs: &[(&str, &str)]) -> EditorChoice {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        EditorChoice::new(setting, &pairs)
    }

    fn edit(name: &str) -> ExternalEdit {
        ExternalEdit { ticket: 7, text: "before".to_owned(), ending: "md", name: name.to_owned() }
    }

    #[test]
    fn the_setting_goes_first_and_arguments_are_split_as_a_shell_does() {
        let both = [("VISUAL", "code --wait"), ("EDITOR", "ed")];
        assert_eq!(choice(None, &both).commands().unwrap(), [["code", "--wait"]]);
        assert_eq!(choice(Some("'my editor' -x"), &both).commands().unwrap(), [["my editor", "-x"]]);
        assert_eq!(choice(None, &[("VISUAL", " "), ("EDITOR", "ed")]).commands().unwrap(), [["ed"]]);
        assert_eq!(choice(None, &[]).commands().unwrap(), [["vi"], ["nano"]]);
        assert_eq!(choice(None, &[("EDITOR", "vim 'x")]).commands().unwrap_err(), "EDITOR is no command: vim 'x");
    }

    #[test]
    fn the_line_break_that_an_editor_adds_is_none() {
        let changed = |before: &str, text: &str| changed(before, text.to_owned());
        assert_eq!(changed("a", "a\n"), None);
        assert_eq!(changed("a\n", "a\n"), None);
        assert_eq!(changed("", "\n"), None);
        assert_eq!(changed("a\r\nb", "a\r\nb\r\n"), None);
        assert_eq!(changed("a", "b\n").as_deref(), Some("b"));
        assert_eq!(changed("a", "a\n\n").as_deref(), Some("a\n"));
        assert_eq!(changed("a\n", "a").as_deref(), Some("a"));
    }

    #[test]
    fn the_file_is_the_owner_s_alone_and_has_a_harmless_name() {
        let (folder, path) = private_file(&edit("../questions q-1/--answer")).unwrap();
        assert_eq!(path.file_name().unwrap(), "questions-q-1---answer.md");
        assert_eq!(path.parent().unwrap(), folder.path());
        let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(folder.path()), mode(&path)), (0o700, 0o600));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before");
        assert_eq!(file_name("…"), "text");
        assert_eq!(file_name(&"x".repeat(200)).len(), LONGEST_NAME);
    }

    /// Runs this as a shell's command with the file as `$1`, and hands out what came of it and where the file was.
    fn edited(script: &str) -> (Result<Option<String>, String>, PathBuf) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let command = format!("sh -c '{script}' sh");
            let mut editing = Editing::start(edit("x"), &choice(Some(&command), &[])).unwrap();
            let status = editing.ended().await;
            (editing.outcome(status), editing.path.clone())
        })
    }

    #[test]
    fn what_the_editor_leaves_is_taken_over_and_nothing_stays() {
        assert_eq!(edited("echo after >\"$1\"").0.unwrap().as_deref(), Some("after"));
        assert_eq!(edited("true").0.unwrap(), None);
        // As editors do that write a new file and rename it; with a backup beside it.
        let (outcome, path) = edited("cp \"$1\" \"$1~\"; echo new >\"$1.tmp\"; mv \"$1.tmp\" \"$1\"");
        assert_eq!(outcome.unwrap().as_deref(), Some("new"));
        assert!(!path.exists() && !path.parent().unwrap().exists());
        for (script, words) in [
            ("echo after >\"$1\"; exit 3", "ended with exit status: 3: nothing was taken over"),
            ("kill -KILL $$", "ended with signal: 9"),
            ("rm \"$1\"", "No such file"),
            ("rm \"$1\"; ln -s /etc/passwd \"$1\"", "it is no file any more"),
            ("printf \"\\\\377\" >\"$1\"", "it is not UTF-8"),
        ] {
            let (outcome, path) = edited(script);
            let said = outcome.unwrap_err();
            assert!(said.contains(words), "{script}: {said}");
            assert!(!path.parent().unwrap().exists(), "{script}");
        }
    }

    #[test]
    fn an_editor_that_is_not_there_is_named() {
        let start = |choice: &EditorChoice| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Editing::start(edit("x"), choice).unwrap_err() })
        };
        assert_eq!(
            start(&choice(None, &[("EDITOR", "/no/such/editor -n")])),
            "the editor /no/such/editor -n is not there: EDITOR names it"
        );
        assert!(start(&choice(Some("/etc/passwd"), &[])).contains("cannot be started"));
    }

    #[test]
    fn an_editor_that_does_not_end_is_ended() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let editing = Editing::start(edit("x"), &choice(Some("sh -c 'kill -STOP $$; sleep 600' sh"), &[])).unwrap();
            let path = editing.path.clone();
            let status = editing.end(Signal::TERM).await.unwrap();
            assert!(!status.success());
            assert!(!path.exists());
        });
    }
}
