//! Credentials through the front door: which token travels where, and that none is ever shown.
//!
//! The server is a real one that checks tokens; what travelled is seen by the proxy before it.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use support::{
    Start, Terminal,
    proxy::{Fault, Proxy},
    sqld::{Options, Sqld},
    token::{Access, Issuer, Life},
};
use tempfile::TempDir;

/// A server that checks tokens, a proxy before it, and a folder to work in.
struct World {
    issuer: Issuer,
    _sqld: Sqld,
    proxy: Proxy,
    folder: TempDir,
}

impl World {
    /// `None` where tests with servers are left out.
    fn new() -> Option<Self> {
        let issuer = Issuer::new();
        let sqld = Sqld::start_with(Options { key: Some(issuer.public_key()), ..Options::default() })?;
        sqld.run_with(
            Some(&issuer.read_write()),
            "CREATE TABLE t(id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES(1, 'row')",
        );
        let proxy = Proxy::before(sqld.address());
        let folder = TempDir::new().unwrap();
        fs::create_dir_all(folder.path().join("repo/.git")).unwrap();
        fs::create_dir_all(folder.path().join("repo/deep")).unwrap();
        Some(Self { issuer, _sqld: sqld, proxy, folder })
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// The program in the folder `repo/deep`, with nothing of whoever runs the tests.
    fn command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reelscope"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.folder.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("REELSCOPE_CONFIG", self.folder.path().join("config.toml"))
            .env("REELSCOPE_LOG_LEVEL", "trace")
            .env("REELSCOPE_LOG_FILE", self.log())
            .envs(variables.iter().copied())
            .current_dir(self.folder.path().join("repo/deep"))
            .stdin(Stdio::null());
        if !self.folder.path().join("config.toml").exists() {
            self.write("config.toml", "");
        }
        command
    }

    fn log(&self) -> std::path::PathBuf {
        self.folder.path().join("reelscope.log")
    }

    /// Runs; hands out the status and what was said. No token stands in anything that was written.
    fn run(&self, arguments: &[&str], variables: &[(&str, &str)], secrets: &[&str]) -> (i32, String) {
        let Output { status, stdout, stderr } = self.command(arguments, variables).output().unwrap();
        let all = [stdout, stderr].map(|bytes| String::from_utf8(bytes).unwrap()).join("\n");
        let log = fs::read_to_string(self.log()).unwrap_or_default();
        for secret in secrets {
            assert!(!all.contains(secret) && !log.contains(secret), "{arguments:?}: {all}\n{log}");
        }
        (status.code().unwrap(), all)
    }

    /// What travelled as authorization since the last call, each once.
    fn travelled(&self, from: &mut usize) -> Vec<String> {
        let requests = self.proxy.requests();
        let mut all: Vec<String> = requests[*from..]
            .iter()
            .map(|request| {
                request.authorization.as_deref().unwrap_or_default().trim_start_matches("Bearer").trim().to_owned()
            })
            .collect();
        *from = requests.len();
        all.dedup();
        all
    }
}

#[test]
fn the_read_only_pair_is_taken_first_from_the_environment_and_from_dotenv() {
    let Some(world) = World::new() else { return };
    let (url, safe, full) = (world.proxy.url(), world.issuer.read_only(), world.issuer.read_write());
    let secrets = [safe.as_str(), full.as_str()];
    let mut seen = 0;
    world.write(
        "repo/.env",
        &format!("TURSO_DATABASE_URL={url}\nTURSO_AUTH_TOKEN={full}\nTURSO_AUTH_TOKEN_RO=\"{safe}\"\n"),
    );
    let (status, said) = world.run(&["show", "t/1"], &[], &secrets);
    assert!(status == 0 && said.contains("row"), "{said}");
    assert_eq!(world.travelled(&mut seen), [safe.as_str()]);
    // Only the other one there is: it is used, and that is said.
    world.write("repo/.env", &format!("TURSO_DATABASE_URL={url}\nTURSO_AUTH_TOKEN={full}\nBROKEN {full}\n"));
    let (status, said) = world.run(&["tables"], &[], &secrets);
    assert_eq!(status, 0, "{said}");
    assert!(said.contains("set TURSO_AUTH_TOKEN_RO") && said.contains(".env: line 3"), "{said}");
    assert_eq!(world.travelled(&mut seen), [full.as_str()]);
    // The process environment wins, variable by variable.
    let mine = [("TURSO_DATABASE_URL", url.as_str()), ("TURSO_AUTH_TOKEN_RO", &safe)];
    let (status, said) = world.run(&["tables"], &mine, &secrets);
    assert_eq!(status, 0, "{said}");
    assert_eq!(world.travelled(&mut seen), [safe.as_str()]);
    // Writing was asked for.
    let (status, said) =
        world.run(&["tables"], &[("TURSO_AUTH_TOKEN_RO", &safe), ("TURSO_WRITE_MODE", "true")], &secrets);
    assert_eq!(status, 0, "{said}");
    assert_eq!(world.travelled(&mut seen), [full.as_str()]);
}

#[test]
fn what_is_exported_never_goes_where_only_a_repository_s_file_says() {
    let Some(world) = World::new() else { return };
    let (url, safe) = (world.proxy.url(), world.issuer.read_only());
    let mut seen = 0;
    world.write("repo/.env", &format!("TURSO_DATABASE_URL={url}\n"));
    let exported = [("TURSO_AUTH_TOKEN_RO", safe.as_str())];
    let (status, said) = world.run(&["tables"], &exported, &[&safe]);
    assert_eq!(status, 4, "{said}");
    assert!(said.contains("put both into the same place") && said.contains("unset TURSO_AUTH_TOKEN_RO"), "{said}");
    assert_eq!(world.travelled(&mut seen), [""]);
    // Nor by way of the file's own variables.
    world.write("repo/.env", &format!("TURSO_DATABASE_URL={url}\nTURSO_AUTH_TOKEN=$TURSO_AUTH_TOKEN_RO\n"));
    let (status, said) = world.run(&["tables"], &exported, &[&safe]);
    assert!(status != 0, "{said}");
    assert!(!world.travelled(&mut seen).contains(&safe));
    // The command line says that it is meant.
    let (status, said) = world.run(&["tables", &url], &exported, &[&safe]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(world.travelled(&mut seen), [safe.as_str()]);
}

#[test]
fn a_token_never_goes_to_another_server() {
    let Some(world) = World::new() else { return };
    let safe = world.issuer.read_only();
    let mut seen = 0;
    let elsewhere = [("TURSO_DATABASE_URL", "libsql://elsewhere.example"), ("TURSO_AUTH_TOKEN_RO", safe.as_str())];
    let (status, said) = world.run(&["tables", &world.proxy.url()], &elsewhere, &[&safe]);
    assert_eq!(status, 4, "{said}");
    assert!(said.contains("belongs to another server") && said.contains("401"), "{said}");
    assert_eq!(world.travelled(&mut seen), [""]);
    let here = [("TURSO_DATABASE_URL", world.proxy.url()), ("TURSO_AUTH_TOKEN_RO", safe.clone())];
    let here: Vec<(&str, &str)> = here.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (status, said) = world.run(&["tables", &world.proxy.url()], &here, &[&safe]);
    assert_eq!(status, 0, "{said}");
    assert_eq!(world.travelled(&mut seen), [safe.as_str()]);
}

#[test]
fn profiles_say_where_their_tokens_are_kept() {
    let Some(world) = World::new() else { return };
    let (url, safe) = (world.proxy.url(), world.issuer.read_only());
    let mut seen = 0;
    world.write("token", &format!("{safe}\nand more\n"));
    let file = world.folder.path().join("token").display().to_string();
    world.write(
        "config.toml",
        &format!(
            "[profile.variable]\nurl = '{url}'\ntoken_variable = 'MINE'\n[profile.command]\nurl = '{url}'\ntoken_command = 'cat {file}'\n\
             [profile.fails]\nurl = '{url}'\ntoken_command = 'cat {file}; echo locked >&2; exit 3'\n\
             [profile.keyring]\nurl = '{url}'\ntoken_keyring = 'prod'\n"
        ),
    );
    for name in ["@variable", "@command"] {
        let (status, said) = world.run(&["show", name, "t/1"], &[("MINE", &safe)], &[&safe]);
        assert!(status == 0 && said.contains("row"), "{name}: {said}");
        assert_eq!(world.travelled(&mut seen), [safe.as_str()]);
    }
    for (name, words) in [
        ("@variable", "MINE (token_variable of @variable) is not set"),
        ("@fails", "token_command of @fails failed (exit status: 3): locked"),
        #[cfg(not(feature = "keyring"))]
        ("@keyring", "--features keyring"),
    ] {
        let (status, said) = world.run(&["tables", name], &[], &[&safe]);
        assert_eq!(status, 4, "{said}");
        assert!(said.contains(words), "{said}");
    }
    assert_eq!(world.travelled(&mut seen), [""; 0]);
    let (status, said) = world.run(&["tables", "@nope"], &[], &[]);
    assert!(status == 2 && said.contains("@command, @fails, @keyring, @variable, @env"), "{said}");
    world.write("config.toml", &format!("[profile.p]\nurl = '{url}'\ntoken = '{safe}'\n"));
    let (status, said) = world.run(&["tables", "@p"], &[], &[&safe]);
    assert!(status == 2 && said.contains("no token in the config file"), "{said}");
}

#[test]
fn refusals_say_why_and_what_to_do_and_repeat_no_token() {
    let Some(world) = World::new() else { return };
    let (url, old) = (world.proxy.url(), world.issuer.token(Access::ReadOnly, Life::Expired));
    let (status, said) = world.run(&["tables", &url], &[("TURSO_AUTH_TOKEN_RO", &old)], &[&old]);
    assert!(status == 4 && said.contains("expired") && said.contains("TURSO_AUTH_TOKEN_RO"), "{said}");
    let (none, url) = (&[] as &[(&str, &str)], url.as_str());
    for (arguments, variables, status, words) in [
        (&["tables"][..], none, 2, "TURSO_DATABASE_URL is not set"),
        (&["tables"][..], &[("TURSO_AUTH_TOKEN", "s3cret")][..], 2, "TURSO_DATABASE_URL is required"),
        (&[][..], &[("TURSO_AUTH_TOKEN", "s3cret")][..], 2, "put the credentials into .env"),
        (&["tables", url, "--token", "s3cret"][..], none, 2, "there is no option --token"),
        (&["tables", "libsql://x.example?authToken=s3cret"][..], none, 2, "token_command"),
        (&["tables", "http://x.example"][..], &[("TURSO_AUTH_TOKEN_RO", "s3cret")][..], 4, "--insecure-http"),
        (
            &["tables", "libsql://x.example"][..],
            &[("TURSO_AUTH_TOKEN_RO", "s3cret two")][..],
            4,
            "TURSO_AUTH_TOKEN_RO: ",
        ),
    ] {
        let (ended, said) = world.run(arguments, variables, &["s3cret"]);
        assert_eq!(ended, status, "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[cfg(unix)]
#[test]
fn a_command_that_waits_for_a_server_ends_with_ctrl_c() {
    use std::os::unix::process::ExitStatusExt as _;

    let Some(world) = World::new() else { return };
    world.proxy.break_all(Fault::StallAfter(0));
    let mut waiting = world.command(&["tables", &world.proxy.url()], &[]).stdout(Stdio::null()).spawn().unwrap();
    world.proxy.until_requests(1);
    let sent = Command::new("sh").arg("-c").arg(format!("kill -INT {}", waiting.id())).status().unwrap();
    assert!(sent.success());
    assert_eq!(waiting.wait().unwrap().signal(), Some(2));
}

/// The browser in a terminal, in this folder.
fn browse(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Terminal {
    Terminal::start(&Start { arguments, variables, folder: Some(folder), size: (160, 40), ..Start::default() })
}

#[test]
fn the_browser_starts_at_once_and_a_new_token_in_dotenv_needs_no_new_start() {
    let Some(world) = World::new() else { return };
    let (url, old) = (world.proxy.url(), world.issuer.token(Access::ReadOnly, Life::Expired));
    let dotenv =
        |token: &str| world.write("repo/.env", &format!("TURSO_DATABASE_URL={url}\nTURSO_AUTH_TOKEN_RO={token}\n"));
    dotenv(&old);
    let folder = world.folder.path().join("repo/deep");
    let mut terminal = browse(&folder, &[], &[]);
    terminal.until_text("401");
    dotenv(&world.issuer.read_only());
    terminal.until_text("row");
    let bytes = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!bytes.contains(&old[..30]));
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}

#[test]
fn without_anything_set_the_demo_says_how_to_connect_and_that_it_may_be_written_where_that_is_asked_for() {
    let folder = TempDir::new().unwrap();
    let mut terminal = browse(folder.path(), &[], &[]);
    terminal.until_text("reelscope libsql://HOST");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
    let mut terminal = browse(folder.path(), &["--demo", "--write"], &[]);
    terminal.until_text("WRITE");
    terminal.press("q");
    assert_eq!(terminal.end(), 0);
}
