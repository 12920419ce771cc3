//! `token_command`: the first line that a command of the shell prints.
//!
//! The command has no input and no terminal of ours: it runs in a group of its own, so that it neither takes keys from the screen
//! nor outlives its time with children of its own. What it prints is secret; of what it complains about, one line is shown.

use std::{
    io::{self, Read},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use crate::{
    db::{
        error::{Error, ErrorKind, Result},
        server::credentials::Token,
    },
    domain::secret,
};

/// How long a command may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How much of its output is looked at: no token is as long.
const LIMIT: u64 = 64 * 1024;
/// How often it is looked whether it has ended.
const TICK: Duration = Duration::from_millis(10);
/// How long output is waited for that something holds open after the command has ended.
const GRACE: Duration = Duration::from_millis(500);

/// Runs the command and takes the first line that it prints.
///
/// # Errors
/// [`ErrorKind::Credentials`]: it cannot be started, fails, prints nothing, or takes too long. The words quote neither the
/// command nor its output.
pub(super) fn token(line: &str, name: &str, patience: Duration) -> Result<Token> {
    let wrong = |what: String| Error::new(ErrorKind::Credentials, what, "run the command in a shell to see why");
    let mut child = shell(line)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| wrong(format!("{name} cannot be run: {error}")))?;
    let (printed, complained) = (listen(child.stdout.take()), listen(child.stderr.take()));
    let ended = match wait(&mut child, patience) {
        Ok(Some(ended)) => ended,
        Ok(None) => {
            end(&mut child);
            return Err(wrong(format!("{name} did not end within {} s, and was ended", patience.as_secs())));
        }
        Err(error) => return Err(wrong(format!("{name} cannot be waited for: {error}"))),
    };
    let (printed, complained) = (printed.all(), complained.all());
    if !ended.success() {
        let why = match first_line(&complained) {
            "" => String::new(),
            line => format!(": {}", secret::masked(line)),
        };
        return Err(wrong(format!("{name} failed ({ended}){why}")));
    }
    match first_line(&printed) {
        "" => Err(wrong(format!("{name} printed nothing"))),
        line => super::named(name, line),
    }
}

#[cfg(not(windows))]
fn shell(line: &str) -> Command {
    use std::os::unix::process::CommandExt as _;

    let mut command = Command::new("sh");
    // A group of its own: it ends as a whole, and in the background of the terminal it takes no keys.
    command.arg("-c").arg(line).process_group(0);
    command
}

#[cfg(windows)]
fn shell(line: &str) -> Command {
    use std::os::windows::process::CommandExt as _;

    let mut command = Command::new("cmd");
    // cmd has its own rules for quotes: the line goes there as it is.
    command.arg("/C").raw_arg(line);
    command
}

/// How it ended; `None` where it has not yet.
fn wait(child: &mut Child, patience: Duration) -> io::Result<Option<std::process::ExitStatus>> {
    let begun = Instant::now();
    loop {
        match child.try_wait()? {
            None if begun.elapsed() < patience => thread::sleep(TICK),
            ended => return Ok(ended),
        }
    }
}

/// Ends the command with all that it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        // It may have ended by itself meanwhile.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A pipe that is read on a thread of its own: whoever writes more than a pipe holds must not stand still.
struct Heard(Receiver<Vec<u8>>);

fn listen(pipe: Option<impl Read + Send + 'static>) -> Heard {
    let (sender, heard) = mpsc::channel();
    if let Some(pipe) = pipe {
        // Without a thread nothing is heard, which is told as such.
        let _ = thread::Builder::new().name("reelscope-token".to_owned()).spawn(move || pass_on(pipe, &sender));
    }
    Heard(heard)
}

fn pass_on(mut pipe: impl Read, to: &Sender<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = pipe.read(&mut buffer) {
        // Read on where nobody listens any more: the other end must not be broken off.
        let _ = to.send(buffer[..length].to_vec());
    }
}

impl Heard {
    /// What was written, at most [`LIMIT`] bytes of it.
    fn all(&self) -> Vec<u8> {
        let (mut bytes, end) = (Vec::new(), Instant::now() + GRACE);
        while bytes.len() < LIMIT as usize {
            match self.0.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(more) => bytes.extend(more),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => break,
            }
        }
        bytes
    }
}

/// The first line, without what is around it; nothing where it is no text.
fn first_line(bytes: &[u8]) -> &str {
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    str::from_utf8(line).map(str::trim).unwrap_or_default()
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn run(line: &str, patience: Duration) -> Result<Token> {
        token(line, "token_command of @prod", patience)
    }

    fn refused(line: &str) -> String {
        let error = run(line, PATIENCE).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Credentials);
        format!("{error:?}")
    }

    #[test]
    fn the_first_line_is_the_token() {
        for line in
            ["echo abc", "echo '  abc  '; echo more", "printf 'abc\\r\\n'", "printf abc", "echo abc; echo warning >&2"]
        {
            assert_eq!(run(line, PATIENCE).unwrap().reveal(), "abc", "{line}");
        }
        // More than a pipe holds, on both.
        assert_eq!(
            run("echo abc; yes x | head -c 300000; yes x | head -c 300000 >&2", PATIENCE).unwrap().reveal(),
            "abc"
        );
    }

    #[test]
    fn what_goes_wrong_is_said_without_secrets() {
        let words = refused("echo s3cret; echo 'vault is locked' >&2; echo 'second line' >&2; exit 3");
        assert!(words.contains("exit status: 3") && words.contains("vault is locked"), "{words}");
        assert!(!words.contains("s3cret") && !words.contains("second"), "{words}");
        assert!(refused("exit 1").contains("token_command of @prod failed"));
        assert!(refused("true").contains("printed nothing"));
        assert!(refused("cat").contains("printed nothing"), "there is no input");
        // A shell that shows its commands shows their tokens.
        let words = refused("echo 'eyJhbGciOiJFZERTQSJ9.eyJhIjoicm8ifQ.c2ln' >&2; exit 1");
        assert!(words.contains("[token]") && !words.contains("eyJ"), "{words}");
        let words = refused("echo 's3cret with blanks'");
        assert!(!words.contains("s3cret"), "{words}");
    }

    #[test]
    fn a_command_without_an_end_is_ended_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        // The child holds the output open, and would go on without its parent.
        let line = format!("sleep 600 & echo $! > '{}'; echo s3cret; wait", file.display());
        let error = run(&line, Duration::from_millis(1500)).unwrap_err();
        assert!(error.what.contains("did not end within 1 s") && !error.what.contains("s3cret"), "{error:?}");
        let child = std::fs::read_to_string(file).unwrap().trim().parse::<i32>().unwrap();
        let child = rustix::process::Pid::from_raw(child).unwrap();
        // Ended for good as soon as whoever inherits orphans has looked; until then it is there, but dead, or about to be.
        let stat = format!("/proc/{}/stat", child.as_raw_nonzero());
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let state = std::fs::read_to_string(&stat).unwrap_or_default();
            if state.is_empty() || state.contains(") Z") {
                break;
            }
            assert!(Instant::now() < deadline, "{state}");
            thread::sleep(TICK);
        }
    }

    #[test]
    fn output_that_a_child_holds_open_is_not_waited_for() {
        assert_eq!(run("echo abc; sleep 20 &", PATIENCE).unwrap().reveal(), "abc");
    }
}
