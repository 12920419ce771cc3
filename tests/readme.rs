//! The README tells the truth: its commands run, its keys, options, settings and links exist, its picture is what the command
//! beside it makes.
//!
//! A command that this test does not know fails it, so that none is added without being tried.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use clap::{CommandFactory as _, Parser as _};
use reelscope::{
    cli::{
        self, Args, ScreenshotArgs,
        args::{
            DemoCommand, PictureFormat, ShowFormat, TablesFormat,
            bots::BotsFormat,
            writing::{ListFormat, ReceiptFormat, ReviewCommand},
        },
    },
    config::settings::SETTINGS,
    db::generate::generate,
    keymap::{Context, Found, KeyTables, Keymap, chords},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use support::{Start, Terminal};
use tempfile::TempDir;

/// What is left to cargo: tried by whoever reads the README, and by `.ci/run`.
const CARGO: [&str; 7] = [
    "cargo install --path .",
    "cargo run --release",
    "cargo test",
    "cargo bench",
    "cargo bench --bench speed",
    "cargo bench --bench speed -- start memory",
    "cargo doc --open",
];

/// The rows of a generated database here; the README's million is for measuring.
const ROWS: u64 = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

/// The lines of the fenced blocks in this language.
fn fenced(text: &str, language: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<bool> = None;
    for line in text.lines() {
        open = match (line.strip_prefix("```"), open) {
            (Some(opened), None) => Some(opened.trim() == language),
            (Some(_), Some(_)) => None,
            (None, Some(true)) => {
                lines.push(line.to_owned());
                open
            }
            (None, _) => open,
        };
    }
    assert_eq!(open, None, "a block is not closed");
    lines
}

/// The commands of the README, without their comments.
fn commands() -> Vec<String> {
    let lines = fenced(&readme(), "sh");
    let commands: Vec<String> = lines
        .iter()
        .map(|line| line.split_once(" #").map_or(line.as_str(), |(command, _)| command).trim().to_owned())
        .filter(|command| !command.is_empty() && !command.starts_with('#'))
        .collect();
    assert!(commands.len() > 10, "the README's commands were not found: {commands:?}");
    commands
}

/// What a line of a `sh` block is.
enum Kind {
    /// Cargo's.
    Cargo,
    /// The shape of the command line.
    Synopsis,
    /// A command line of ours.
    Ours(Box<Args>),
}

fn kind(line: &str) -> Kind {
    if CARGO.contains(&line) {
        return Kind::Cargo;
    }
    let known = line == "reelscope" || line.starts_with("reelscope ");
    assert!(known, "the README has a command that this test does not know: {line}");
    if line.contains(" [") {
        return Kind::Synopsis;
    }
    Kind::Ours(Box::new(Args::try_parse_from(words(line)).unwrap_or_else(|error| panic!("{line}: {error}"))))
}

/// The words of a command, as a shell parts them; of what a shell can do more, nothing is known here.
fn words(line: &str) -> Vec<String> {
    assert!(!line.contains(['|', '&', ';', '<', '>', '$', '`', '\\', '*']), "for a shell only: {line}");
    let (mut words, mut quote) = (vec![String::new()], None);
    for letter in line.chars() {
        match (letter, quote) {
            ('"' | '\'', None) => quote = Some(letter),
            (_, Some(end)) if end == letter => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().unwrap().push(letter),
        }
    }
    assert_eq!(quote, None, "{line}");
    words.retain(|word| !word.is_empty());
    words
}

/// A folder with a code-reels database, and one for the demo.
struct Place {
    folder: TempDir,
    cache: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { folder: TempDir::new().unwrap(), cache: TempDir::new().unwrap() };
        generate(&place.path("code-reels.db"), ROWS, &mut |_, _| {}).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[String]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn command(&self, arguments: &[String]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_reelscope"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.cache.path())
            .env("REELSCOPE_CACHE", self.cache.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs a command that needs no terminal; what it printed.
    fn printed(&self, line: &str) -> String {
        let mut words = words(line).split_off(1);
        if let Some(at) = words.iter().position(|word| word == "--rows") {
            words[at + 1] = ROWS.to_string();
        }
        let output = self.run(&words);
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Follows the ledger until it has printed something, then ends it as Ctrl-c does.
    fn watch(&self, line: &str) {
        let mut command = self.command(&words(line).split_off(1));
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("q-"), "{line}: {first}");
        let process = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        kill_process(process, Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130), "{line}");
    }

    /// Starts the browser, waits for its first screen and quits.
    fn browse(&self, line: &str, args: &Args) {
        let words = words(line);
        let words: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let variables = [("REELSCOPE_CACHE", self.cache.path().to_str().unwrap())];
        let mut terminal = Terminal::start(&Start {
            arguments: &words,
            size: (140, 40),
            variables: &variables,
            folder: Some(self.folder.path()),
            ..Start::default()
        });
        let text = |word: &Option<std::ffi::OsString>| word.as_ref().map(|word| word.to_string_lossy().into_owned());
        terminal.until_text(&text(&args.database).unwrap_or_else(|| "DEMO".to_owned()));
        let place = text(&args.place).unwrap_or_else(|| "users".to_owned());
        // A record is seen by its key.
        terminal.until_text(place.rsplit('/').next().unwrap());
        terminal.press("q");
        assert_eq!(terminal.end(), 0, "{line}");
        terminal.assert_restored();
    }
}

impl Place {
    /// The picture a command makes, wherever it puts it.
    fn picture(&self, line: &str, wanted: &ScreenshotArgs) -> String {
        let Some(path) = &wanted.output else { return self.printed(line) };
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert_eq!(self.printed(line), "", "{line}");
        fs::read_to_string(path).unwrap()
    }
}

fn assert_database(path: &Path) {
    assert!(fs::read(path).unwrap().starts_with(b"SQLite format 3\0"), "{}", path.display());
}

fn assert_picture(text: &str, format: PictureFormat, rows: u16) {
    match format {
        PictureFormat::Svg => assert!(text.starts_with("<svg ") && text.ends_with("</svg>\n")),
        PictureFormat::Text | PictureFormat::Ansi => assert_eq!(text.lines().count(), usize::from(rows)),
    }
}

fn assert_receipt(text: &str, format: ReceiptFormat) {
    match format {
        ReceiptFormat::Table => assert!(text.contains("  "), "{text}"),
        ReceiptFormat::Json => {
            let json: Value = serde_json::from_str(text).unwrap();
            assert_eq!(json["outcome"], "committed", "{text}");
        }
    }
}

#[test]
fn every_command_runs() {
    let place = Place::new();
    let help = place.printed("reelscope --help");
    for line in commands() {
        let args = match kind(&line) {
            Kind::Cargo => continue,
            Kind::Synopsis => {
                assert!(help.replace("[OPTIONS] ", "").contains(&format!("Usage: {line}\n")), "{line}\n{help}");
                continue;
            }
            Kind::Ours(args) => args,
        };
        match &args.command {
            None => place.browse(&line, &args),
            Some(cli::Command::Tables(tables)) => {
                let text = place.printed(&line);
                match tables.format {
                    TablesFormat::Table => assert!(text.starts_with("TABLE") && text.contains("bot_ledger"), "{text}"),
                    TablesFormat::Csv => assert!(text.contains("\nbot_ledger,"), "{text}"),
                    TablesFormat::Json => {
                        let json: Value = serde_json::from_str(&text).unwrap();
                        let known = json.as_array().unwrap().iter().filter(|table| !table["logical"].is_null()).count();
                        assert_eq!(known, 12, "{text}");
                    }
                }
            }
            Some(cli::Command::Show(show)) => {
                let (text, key) = (place.printed(&line), show.place.key.as_ref().unwrap());
                match show.format {
                    ShowFormat::Table => assert!(text.contains(key), "{text}"),
                    ShowFormat::Json => {
                        assert_eq!(&serde_json::from_str::<Value>(&text).unwrap()["id"], key.as_str(), "{text}");
                    }
                }
            }
            Some(cli::Command::Export(_)) => assert!(place.printed(&line).lines().count() > 1, "{line}"),
            Some(cli::Command::Review(review)) => {
                let text = place.printed(&line);
                match &review.command {
                    ReviewCommand::List(list) => match list.format {
                        ListFormat::Table => assert!(text.starts_with("ID") && text.lines().count() > 1, "{text}"),
                        ListFormat::Json => {
                            let json: Value = serde_json::from_str(&text).unwrap();
                            assert!(json[0]["id"].is_string() && json[0]["flags"].is_array(), "{text}");
                        }
                        ListFormat::Ndjson => assert!(text.lines().all(|line| line.starts_with('{')), "{text}"),
                    },
                    ReviewCommand::Decide(decide) => assert_receipt(&text, decide.writing.format),
                }
            }
            Some(cli::Command::Watch(_)) => place.watch(&line),
            Some(cli::Command::Bots(bots)) => {
                let text = place.printed(&line);
                match bots.format {
                    BotsFormat::Table => assert!(text.contains("\nBOT ") && text.contains("\nverifier "), "{text}"),
                    BotsFormat::Json => {
                        let json: Value = serde_json::from_str(&text).unwrap();
                        assert!(json["bots"].as_array().is_some_and(|bots| !bots.is_empty()), "{text}");
                        assert!(json["queue"]["open"].is_u64() && json["alerts"].is_array(), "{text}");
                    }
                }
            }
            Some(cli::Command::Set(set)) => assert_receipt(&place.printed(&line), set.writing.format),
            Some(cli::Command::Screenshot(picture)) => {
                assert_picture(&place.picture(&line, picture), picture.format, picture.size.1);
            }
            Some(cli::Command::Demo(demo)) => {
                let text = place.printed(&line);
                if let DemoCommand::Generate { path, .. } = &demo.command {
                    assert_eq!(text.trim(), path.to_str().unwrap());
                }
                assert_database(&place.folder.path().join(text.trim()));
            }
            Some(cli::Command::Keys) => assert!(place.printed(&line).starts_with("[global]\n")),
        }
    }
}

#[test]
fn every_option_exists() {
    let root = Args::command();
    let mut known = vec!["help".to_owned(), "version".to_owned()];
    let mut commands = vec![&root];
    while let Some(command) = commands.pop() {
        known.extend(command.get_arguments().filter_map(|argument| argument.get_long().map(str::to_owned)));
        commands.extend(command.get_subcommands());
    }
    let text = readme();
    let mut seen = 0;
    for line in text.lines().filter(|line| !line.trim_start().starts_with("cargo ")) {
        // The picture's comment ends in `-->`; cargo's own options may be named behind a comment.
        let line = line.split("cargo ").next().unwrap();
        for (at, _) in line.match_indices("--") {
            let behind = &line[at + 2..];
            let end =
                behind.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '-').unwrap_or(behind.len());
            let word = &behind[..end];
            let begins = at == 0 || line[..at].ends_with([' ', '`', '[', '(']);
            if begins && word.starts_with(|letter: char| letter.is_ascii_lowercase()) {
                assert!(known.iter().any(|option| option == word), "the README names --{word}, which is no option");
                seen += 1;
            }
        }
    }
    assert!(seen >= 3, "the README's options were not found");
}

#[test]
fn every_variable_exists() {
    let known: Vec<String> = SETTINGS
        .iter()
        .map(reelscope::config::settings::Setting::variable)
        // The second is the tests' own: see tests/support/sqld.rs.
        .chain(["REELSCOPE_CONFIG".to_owned(), "REELSCOPE_SKIP_SERVER_TESTS".to_owned()])
        .collect();
    let text = readme();
    let named: Vec<&str> = text
        .split(|letter: char| !letter.is_ascii_uppercase() && letter != '_')
        .filter(|word| word.starts_with("REELSCOPE_"))
        .collect();
    assert!(!named.is_empty());
    for name in named {
        assert!(known.iter().any(|variable| variable == name), "the README names {name}, which nobody reads");
    }
}

/// The section with this heading, down to the next of its level.
fn section(heading: &str) -> String {
    let text = readme();
    let found = text.split("\n## ").find(|section| section.starts_with(&format!("{heading}\n")));
    found.unwrap_or_else(|| panic!("there is no section {heading}")).to_owned()
}

#[test]
fn every_way_to_connect_is_named() {
    use reelscope::cli::target::environment::{TOKEN, TOKEN_RO, URL, URL_RO, WRITE_MODE};
    let (text, help) = (section("Connecting"), Args::command().render_long_help().to_string());
    for name in [
        URL,
        TOKEN,
        URL_RO,
        TOKEN_RO,
        WRITE_MODE,
        "--replica",
        "--insecure-http",
        "--timeout",
        "--write",
        "@env",
        "token_variable",
        "token_command",
        "token_keyring",
        "SSL_CERT_FILE",
        "https_proxy",
    ] {
        assert!(text.contains(name) && help.contains(name), "{name}");
    }
}

#[test]
fn the_example_of_a_profile_is_accepted() {
    let place = Place::new();
    let example = fenced(&section("Connecting"), "toml").join("\n");
    fs::write(place.path("config.toml"), &example).unwrap();
    // It is known: what is not there is its token.
    let output = place.run(&["tables", "@prod", "--config", "config.toml"].map(str::to_owned));
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!words.contains("no profile") && !words.contains("config.toml"), "{words}");
    assert_eq!(output.status.code(), Some(4), "{words}");
}

/// What stands between backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_key_is_bound() {
    let keymap = Keymap::with(&KeyTables::new()).unwrap();
    let section = section("Keys");
    let mut keys = Vec::new();
    for line in section.lines() {
        match line.strip_prefix('|') {
            // Of the table only the column of keys.
            Some(row) => keys.extend(quoted(row.split('|').next().unwrap())),
            None => keys.extend(quoted(line).into_iter().filter(|word| !word.starts_with("reelscope"))),
        }
    }
    assert!(keys.len() > 20, "the README's keys were not found: {keys:?}");
    for key in keys {
        // A number is typed before the key it is for: 50%, 1234G.
        let typed = key.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let typed = chords(typed).unwrap_or_else(|why| panic!("the README's key {key}: {why}"));
        let bound = |context| matches!(keymap.find(context, &typed), Found::Action(_));
        assert!(Context::ALL.into_iter().any(bound), "the README names the key {key}, which means nothing");
    }
}

#[test]
fn the_example_of_a_configuration_is_accepted() {
    let place = Place::new();
    let example = fenced(&section("Configuration"), "toml").join("\n");
    assert!(example.contains("[keys."), "{example}");
    fs::write(place.path("config.toml"), &example).unwrap();
    let printed = place.printed("reelscope keys --config config.toml");
    // The keys of the example are in force: each is there with its action, or gone.
    let table: toml::Table = toml::from_str(&example).unwrap();
    for (context, keys) in table["keys"].as_table().unwrap() {
        let section = printed.split(&format!("[{context}]\n")).nth(1).unwrap().split("\n\n").next().unwrap();
        for (key, action) in keys.as_table().unwrap() {
            let line = section.lines().find(|line| line.starts_with(&format!("{key} ")));
            match action.as_str().unwrap() {
                "none" => assert_eq!(line, None),
                action => assert!(line.unwrap().contains(&format!(" {action} ")), "{line:?}"),
            }
        }
    }
    let mut of = String::new();
    for line in example.lines() {
        if line.starts_with('[') {
            of = line.split('#').next().unwrap().trim().to_owned();
        }
        let Some((setting, comment)) = line.split_once('#') else { continue };
        if setting.starts_with("[keys.") {
            // The contexts there are.
            let named: Vec<&str> = comment.split(',').map(str::trim).collect();
            assert_eq!(named, Context::ALL.map(Context::name));
            continue;
        }
        // What the comment allows is allowed: auto | dark | light | mono; words about it
        let (allowed, key) = (comment.split(';').next().unwrap(), setting.split('=').next().unwrap().trim());
        let listed = allowed.split('|').map(str::trim).filter(|_| allowed.contains('|'));
        for word in listed.chain(comment.ends_with("or \"off\"").then_some("off")) {
            // In its table, as it stands in the example.
            fs::write(place.path("one.toml"), format!("{of}\n{key} = \"{word}\"\n")).unwrap();
            place.printed("reelscope keys --config one.toml");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let text = readme();
    let headings: Vec<String> = text
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')))
        .map(|heading| heading.to_lowercase().replace(' ', "-"))
        .collect();
    let targets: Vec<&str> = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(!targets.is_empty());
    for target in targets {
        match target.strip_prefix('#') {
            Some(heading) => assert!(headings.iter().any(|known| known == heading), "no heading for #{heading}"),
            None if target.contains("://") => {}
            None => assert!(root().join(target).exists(), "the README leads to {target}, which is not there"),
        }
    }
}

#[test]
fn the_pictures_are_what_their_commands_make() {
    let place = Place::new();
    let (text, mut seen) = (readme(), 0);
    for line in commands() {
        let Kind::Ours(args) = kind(&line) else { continue };
        let Some(cli::Command::Screenshot(picture)) = &args.command else { continue };
        let Some(path) = &picture.output else { continue };
        assert!(text.contains(&format!("]({})", path.display())), "the README does not show {}", path.display());
        let kept = fs::read_to_string(root().join(path)).unwrap();
        assert!(place.picture(&line, picture) == kept, "the README's picture is old; make it anew:\n{line}");
        seen += 1;
    }
    assert!(seen > 0, "the README's pictures were not found");
}
