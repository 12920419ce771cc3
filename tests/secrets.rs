//! Tokens are kept: a token with a mark in it goes every way into the program and through every fault, and the mark turns up in nothing that
//! the program writes. That the server got it shows that the mark was really there to be found.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use reelscope::db::{
    location::Location,
    replica::Replica,
    request::{Query, Slot},
    server::credentials::Token,
    session::ReadSession,
};
use support::{
    Start, Terminal,
    proxy::{Fault, Proxy},
    reach::{Asked, server},
    sqld::Sqld,
};
use tempfile::TempDir;

/// In the middle of the token, and nowhere else.
const MARK: &str = "c2VjcmV0TWFyaw8f3a61c2";

/// Looks like a token; the servers of these tests let everybody in.
fn token() -> String {
    format!("eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCJ9.eyJhIjoicm8ifQ.{MARK}AAAA{MARK}")
}

/// Ways for a token to come in.
const WAYS: [Way; 6] =
    [Way::ReadVariable, Way::WriteVariable, Way::File, Way::ProfileCommand, Way::ProfileVariable, Way::FileForUrl];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    /// `TURSO_AUTH_TOKEN_RO`.
    ReadVariable,
    /// `TURSO_AUTH_TOKEN`, as there is no other.
    WriteVariable,
    /// `.env`.
    File,
    /// `token_command` of a profile.
    ProfileCommand,
    /// `token_variable` of a profile.
    ProfileVariable,
    /// `.env`, and the same URL as an argument.
    FileForUrl,
}

/// A folder to start in, set up for this way.
struct Setting {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
    /// The database's argument.
    database: Option<String>,
}

impl Setting {
    fn new(way: Way, url: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut variables = vec![("REELSCOPE_CONFIG", at(&folder, "config.toml"))];
        let mut database = None;
        let mut config = String::new();
        match way {
            Way::ReadVariable => {
                variables.extend([("TURSO_DATABASE_URL_RO", url.to_owned()), ("TURSO_AUTH_TOKEN_RO", token())]);
            }
            Way::WriteVariable => {
                variables.extend([("TURSO_DATABASE_URL", url.to_owned()), ("TURSO_AUTH_TOKEN", token())]);
            }
            Way::File | Way::FileForUrl => {
                let text = format!("TURSO_DATABASE_URL_RO={url}\nTURSO_AUTH_TOKEN_RO=\"{}\"\n", token());
                fs::write(folder.path().join(".env"), text).unwrap();
                database = (way == Way::FileForUrl).then(|| url.to_owned());
            }
            Way::ProfileCommand => {
                fs::write(folder.path().join("token-is-here"), token() + "\n").unwrap();
                let command = format!("cat '{}'", at(&folder, "token-is-here"));
                config = format!("[profile.prod]\nurl = \"{url}\"\ntoken_command = \"{command}\"\n");
                database = Some("@prod".to_owned());
            }
            Way::ProfileVariable => {
                variables.push(("MY_TOKEN", token()));
                config = format!("[profile.prod]\nurl = \"{url}\"\ntoken_variable = \"MY_TOKEN\"\n");
                database = Some("@prod".to_owned());
            }
        }
        fs::write(folder.path().join("config.toml"), config).unwrap();
        Self { folder, variables, database }
    }

    /// Runs the program without a terminal, with all its words.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reelscope"));
        command.args(arguments).args(["--timeout", "2", "--log-level", "trace", "--log"]);
        command.arg(self.folder.path().join("log.txt"));
        command.env_clear().env("HOME", self.folder.path()).env("PATH", std::env::var_os("PATH").unwrap());
        command.env("RUST_BACKTRACE", "full").current_dir(self.folder.path());
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// Asserts that no file has the mark but those that brought it.
    fn assert_clean(&self, what: &str) {
        let mut folders = vec![self.folder.path().to_path_buf()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if ![".env", "token-is-here"].contains(&path.file_name().unwrap().to_str().unwrap()) {
                    assert_hidden(&format!("{what}: {}", path.display()), &fs::read(&path).unwrap());
                }
            }
        }
    }
}

fn at(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

/// Asserts that the mark, or most of it, is not in there.
fn assert_hidden(what: &str, bytes: &[u8]) {
    for piece in [&MARK[..12], &MARK[MARK.len() - 12..]] {
        let found = bytes.windows(piece.len()).position(|window| window == piece.as_bytes());
        assert_eq!(found, None, "{what} has the token: {}", String::from_utf8_lossy(bytes));
    }
}

fn assert_received(proxy: &Proxy, what: &str) {
    let header = Some(format!("Bearer {}", token()));
    assert!(proxy.requests().iter().any(|request| request.authorization == header), "{what}: the server never got it");
}

/// Faults whose words could carry a token; a server may even say it back.
fn faults() -> Vec<Option<Fault>> {
    let echo =
        |status, content| Some(Fault::Answer(status, content, format!("bad token: Bearer {}\n", token()).into_bytes()));
    vec![
        None,
        echo(401, "text/plain"),
        echo(403, "application/json"),
        echo(500, "text/html"),
        echo(200, "text/html"),
        Some(Fault::CutAfter(30)),
        Some(Fault::StallAfter(10)),
        Some(Fault::Garbage(token().into_bytes())),
    ]
}

fn behind_proxy() -> Option<(Sqld, Proxy)> {
    let sqld = Sqld::start()?;
    sqld.run("CREATE TABLE t(id INTEGER PRIMARY KEY, v); INSERT INTO t VALUES (1, 'the row')");
    let proxy = Proxy::before(sqld.address());
    Some((sqld, proxy))
}

#[test]
fn nothing_the_commands_write_has_the_token() {
    for way in WAYS {
        let Some((_sqld, proxy)) = behind_proxy() else { return };
        let setting = Setting::new(way, &proxy.url());
        let faults = if way == Way::ReadVariable { faults() } else { vec![None, faults().swap_remove(1)] };
        for fault in faults {
            let what = format!("{way:?}, {fault:?}");
            if let Some(fault) = &fault {
                proxy.break_all(fault.clone());
            }
            for command in [&["tables", "--format", "json"][..], &["show", "t/1"]] {
                let mut arguments = vec![command[0]];
                arguments.extend(setting.database.as_deref());
                arguments.extend(&command[1..]);
                let output = setting.run(&arguments);
                let status = output.status.code();
                let words = String::from_utf8_lossy(&output.stderr).into_owned();
                assert_hidden(&what, &output.stdout);
                assert_hidden(&what, &output.stderr);
                assert_eq!(status == Some(0), fault.is_none(), "{what}, {arguments:?}: {words}");
                assert_ne!(status, Some(101), "{what}: {words}");
            }
            proxy.heal();
        }
        assert_received(&proxy, &format!("{way:?}"));
        assert!(
            fs::metadata(setting.folder.path().join("log.txt")).is_ok_and(|facts| facts.len() > 0),
            "there is a log"
        );
        setting.assert_clean(&format!("{way:?}"));
    }
}

#[test]
fn no_picture_has_the_token() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let setting = Setting::new(Way::ReadVariable, &proxy.url());
    for name in ["a.svg", "a.txt", "a.ansi"] {
        for fault in [None, faults().swap_remove(1)] {
            if let Some(fault) = fault {
                proxy.break_all(fault);
            }
            let output = setting.run(&["screenshot", "--database", "@env", "-o", name]);
            assert_hidden(name, &output.stdout);
            assert_hidden(name, &output.stderr);
            proxy.heal();
        }
        assert!(setting.folder.path().join(name).exists(), "{name} was not made");
    }
    assert_received(&proxy, "pictures");
    setting.assert_clean("pictures");
}

#[test]
fn nothing_on_the_screen_has_the_token() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    for way in [Way::File, Way::ProfileCommand] {
        let setting = Setting::new(way, &proxy.url());
        let log = at(&setting.folder, "log.txt");
        let mut arguments: Vec<&str> = setting.database.as_deref().into_iter().collect();
        arguments.extend(["--timeout", "2", "--log-level", "trace", "--log", &log]);
        let path = std::env::var("PATH").unwrap();
        let mut variables: Vec<(&str, &str)> = vec![("PATH", &path)];
        variables.extend(setting.variables.iter().map(|(name, value)| (*name, value.as_str())));
        let start = Start {
            arguments: &arguments,
            size: (160, 40),
            variables: &variables,
            folder: Some(setting.folder.path()),
            ..Start::default()
        };
        let mut terminal = Terminal::start(&start);
        terminal.until_text("the row");
        proxy.break_all(faults().swap_remove(1).unwrap());
        terminal.press("R");
        terminal.until("the refusal was shown", |screen| screen.contents().contains("refuse"));
        terminal.press("?");
        terminal.settle();
        terminal.press("\x1b");
        proxy.heal();
        terminal.press("q");
        assert_eq!(terminal.end(), 0);
        assert_hidden(&format!("{way:?}: the terminal"), &terminal.bytes());
        setting.assert_clean(&format!("{way:?}"));
    }
    assert_received(&proxy, "the program");
}

#[cfg(debug_assertions)]
#[test]
fn a_panic_s_report_does_not_have_the_token() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let setting = Setting::new(Way::File, &proxy.url());
    let log = at(&setting.folder, "log.txt");
    let mut terminal = Terminal::start(&Start {
        arguments: &["--log-level", "trace", "--log", &log],
        variables: &[("REELSCOPE_PANIC_ON_PASTE", "boom"), ("RUST_BACKTRACE", "full")],
        folder: Some(setting.folder.path()),
        ..Start::default()
    });
    terminal.until_text("the row");
    terminal.press("\x1b[200~boom\x1b[201~");
    assert_eq!(terminal.end(), 101);
    assert_hidden("the report", &terminal.bytes());
    assert_received(&proxy, "the program");
    setting.assert_clean("a panic");
}

/// A token in a URL would stand in the shell's history and in every list of processes: such a URL is refused, and not repeated.
#[test]
fn a_url_with_a_token_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let setting = Setting { folder, variables: Vec::new(), database: None };
    for url in [
        format!("libsql://db.example?authToken={}", token()),
        format!("https://db.example/?auth_token={}", token()),
        format!("https://user:{}@db.example", token()),
        format!("http://{}@127.0.0.1:1", token()),
        format!("libsql://127.0.0.1:1?tls=0&jwt={}", token()),
        format!("https://db.example/#{}", token()),
    ] {
        for arguments in
            [&["tables", &*url][..], &["show", &url, "t/1"], &["screenshot", "--database", &url, "-o", "x.svg"]]
        {
            let output = setting.run(arguments);
            assert!(!output.status.success());
            assert_hidden("stdout", &output.stdout);
            assert_hidden("stderr", &output.stderr);
        }
        let error = Location::parse(&url).unwrap_err();
        assert_hidden("the error", format!("{error:?} {error} {error:#?}").as_bytes());
    }
    setting.assert_clean("a URL");
}

#[test]
fn a_token_in_the_settings_is_refused_and_not_repeated() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("config.toml"), "").unwrap();
    let variables = vec![("REELSCOPE_CONFIG", at(&folder, "config.toml"))];
    let setting = Setting { folder, variables, database: None };
    let config: PathBuf = setting.folder.path().join("config.toml");
    for text in [
        format!("[profile.prod]\nurl = \"https://db.example\"\ntoken = \"{}\"\n", token()),
        format!("[profile.prod]\nurl = \"libsql://db.example?authToken={}\"\n", token()),
        format!("token = \"{}\"\n", token()),
        format!("[profile.prod]\nurl = \"https://db.example\"\ntoken_variable = \"{}\"\n", token()),
    ] {
        fs::write(&config, text).unwrap();
        let output = setting.run(&["tables", "@prod"]);
        assert!(!output.status.success());
        assert_hidden("stdout", &output.stdout);
        assert_hidden("stderr", &output.stderr);
    }
    fs::remove_file(config).unwrap();
    setting.assert_clean("settings");
}

#[test]
fn types_that_hold_a_token_do_not_show_it() {
    let Some((_sqld, proxy)) = behind_proxy() else { return };
    let server = server(&proxy.url(), Some(&token()));
    let replica = Replica::new(Path::new("copy.db").to_path_buf(), server.clone());
    let mut asked = Asked::open(Location::Server(server.clone()));
    asked.get(Slot::Schema, Query::Schema).unwrap();
    let mut session = ReadSession::open(&Location::Server(server.clone())).unwrap();
    session.schema().unwrap();
    assert_received(&proxy, "the library");
    let shown = [
        format!("{server:?} {server:#?}"),
        format!("{:?} {:#?}", server.credentials, server.endpoint),
        format!("{replica:?} {replica:#?}"),
        format!("{:?}", Token::new(&token()).unwrap()),
        format!("{:#?} {}", Location::Server(server.clone()), Location::Server(server)),
        format!("{:?} {}", Location::Replica(replica.clone()), Location::Replica(replica)),
        format!("{:?}", Token::new(&format!("{} and more", token())).unwrap_err()),
    ];
    for text in shown {
        assert_hidden("a type", text.as_bytes());
    }
    proxy.break_all(faults().swap_remove(1).unwrap());
    assert_hidden("an error", format!("{:?}", session.schema()).as_bytes());
    proxy.heal();
    for fault in faults().into_iter().flatten().filter(|fault| !matches!(fault, Fault::StallAfter(_))) {
        proxy.break_all(fault.clone());
        let outcome = session.schema();
        assert!(outcome.is_err(), "{fault:?}");
        assert_hidden("an error", format!("{outcome:?}").as_bytes());
        proxy.heal();
    }
}

#[test]
fn the_help_speaks_of_no_option_for_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let setting = Setting { folder, variables: vec![("TURSO_AUTH_TOKEN_RO", token())], database: None };
    let output = setting.run(&["--help"]);
    assert!(output.status.success());
    assert_hidden("help", &output.stdout);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("--token"));
}
