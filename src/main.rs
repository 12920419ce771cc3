//! The program: chooses between the commands that need no terminal and the browser, and says how it ended.

use std::{
    ffi::{OsStr, OsString},
    fs,
    hash::{BuildHasher as _, RandomState},
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _};
use jiff::Timestamp;
use reelscope::{
    app::{App, AppOptions, Bell, DatabaseKind, Telling, Visibility},
    cli::{
        self, Args, Command, Connecting, Context, Failure, Opening, ScreenshotArgs, Status, args::PictureFormat,
        target::Access,
    },
    config::{self, Config, Surroundings, ThemeChoice},
    db::{
        demo::{self, DemoReset, Pace, Simulation},
        error::{Error, ErrorKind},
        location::Location,
        session::ReadSession,
        workers::Database,
        write::Grant,
    },
    domain::place::Place,
    message::command::MouseCapture,
    runtime::{
        self, EditorChoice, Ending, Recovery,
        screenshot::{self, Format, Picture},
    },
    theme::ThemeName,
};

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(failure) if failure.is_reader_gone() => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody to tell is no second failure.
            let _ = writeln!(io::stderr(), "reelscope: {failure}");
            ExitCode::from(failure.status as u8)
        }
    }
}

fn run() -> Result<ExitCode, Failure> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    // Before anything that would repeat what is wrong with them.
    cli::secrets::check(&arguments)?;
    let args = Args::parse_from(arguments);
    // Variables that are not Unicode are none of ours.
    let environment: Vec<(String, String)> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let surroundings = Surroundings::new(environment, std::env::current_dir().ok());
    let variables = surroundings.read();
    let config =
        Config::load(surroundings.process(), variables.file(), args.settings.config.clone(), args.settings.layer())?;
    runtime::log::start(config.log_path(), config.log_level);
    runtime::outlive_limits()?;
    let cx = Context { config: &config, surroundings: &surroundings };
    match &args.command {
        Some(Command::Screenshot(wanted)) => picture(wanted, cx).map(|()| ExitCode::SUCCESS),
        Some(command) => cli::run(command, cx).map(ExitCode::from),
        None => browse(args, cx),
    }
}

/// What the demo says to somebody who named no database.
const HOW_TO_CONNECT: &str = "this is the demo; to connect: reelscope libsql://HOST, or TURSO_DATABASE_URL in .env";

/// What to browse, and where to begin.
fn target(args: &Args, cx: Context<'_>) -> Result<(Opening, Option<Place>), Failure> {
    let demo = args.demo || args.demo_reset;
    let (database, place) = match (demo, &args.database, &args.place) {
        (true, Some(_), Some(_)) => {
            return Err(Failure::usage("--demo opens the demo: leave DATABASE out, and say PLACE only"));
        }
        (true, ..) if args.connecting != Connecting::default() => {
            return Err(Failure::usage("--demo opens the demo: there is no server to connect to"));
        }
        (true, place, None) | (true, None, place) => (None, place),
        (false, database, place) => (database.as_deref(), place),
    };
    let place =
        place.as_ref().map(|place| place.to_string_lossy().parse::<Place>().map_err(Failure::usage)).transpose()?;
    let access = if args.write { Access::Write } else { Access::Read };
    let opening = if demo { cx.demo(access) } else { cx.opening(database, &args.connecting, access)? };
    Ok((opening, place))
}

fn browse(args: Args, cx: Context<'_>) -> Result<ExitCode, Failure> {
    let config = cx.config;
    let reset = if args.demo_reset { DemoReset::Anew } else { DemoReset::Keep };
    let (opening, place) = target(&args, cx)?;
    let keymap = cli::keymap(config)?;
    // What cannot be opened is said on the command line, where it was typed, not on a screen that has to be left. Whether a
    // server answers is for the screen to say.
    opening.check().map_err(|error| misplaced(args.database.as_deref(), error))?;
    // Who asked for writing and cannot have it should not find out in the middle of a review.
    let granted = match (&opening.location, opening.access) {
        (Some(location), Access::Write) => Some(Grant::open(location)?),
        _ => None,
    };
    runtime::usable().map_err(|words| Failure::new(Status::Failed, words))?;
    let asked = args.demo || args.demo_reset;
    let hint = (opening.location.is_none() && !asked).then(|| HOW_TO_CONNECT.to_owned());
    let (location, kind, simulation) = match opening.location {
        Some(location) => {
            let kind = screenshot::kind(&location);
            (location, kind, None)
        }
        None => {
            let path = demo::ensure(&config.cache, reset, Timestamp::now())?;
            let simulation = match Simulation::start(&path, Pace::Natural) {
                Ok(simulation) => Some(simulation),
                Err(error) => {
                    tracing::warn!("the demo's bots do not work: {error}");
                    None
                }
            };
            (Location::File(path), DatabaseKind::Demo, simulation)
        }
    };
    let grant = match opening.access {
        // The demo is there only now.
        Access::Write => Some(granted.map_or_else(|| Grant::open(&location), Ok)?),
        Access::Read => None,
    };
    let mut options = app_options(config, keymap, &location, kind, place);
    if let Some(name) = opening.name {
        options.label = if kind == DatabaseKind::Copy { format!("{name} (copy)") } else { name };
    }
    options.hint = hint;
    options.notes = opening.notes;
    let mut recovery = None;
    if grant.is_some() {
        (recovery, options.recovered) = recover(&location);
        options.writing.clone_from(&grant);
    }
    let mouse = options.mouse;
    let runtime_options = runtime::Options {
        theme: config.theme,
        mouse,
        log: config.log_path(),
        editor: EditorChoice::new(config.editor.as_deref(), cx.surroundings.process()),
        recovery,
    };
    let ending =
        runtime::run(runtime_options, App::new(options), |replies| Database::open_with(location, grant, replies))?;
    drop(simulation);
    Ok(match ending {
        Ending::Quit => ExitCode::SUCCESS,
        Ending::Signal(signal) => ExitCode::from(u8::try_from(128 + signal).unwrap_or(1)),
        // As a shell reports a program whose terminal went away: SIGHUP.
        Ending::Closed => ExitCode::from(129),
    })
}

/// The recovery file of this database, and what a session that was killed left in it. Without a home there is none.
fn recover(location: &Location) -> (Option<Recovery>, Option<String>) {
    let Some(state) = config::file::default_state() else { return (None, None) };
    let name = match location {
        // The same file by every way that leads there.
        Location::File(path) => fs::canonicalize(path).unwrap_or_else(|_| path.clone()).display().to_string(),
        other => other.to_string(),
    };
    let (recovery, recovered) = Recovery::open(&state, &name);
    (Some(recovery), recovered)
}

/// The error of opening; with a hint where DATABASE was meant as a command but stood behind an option.
fn misplaced(text: Option<&OsStr>, error: Error) -> Failure {
    let command = text.and_then(OsStr::to_str).filter(|text| Args::command().find_subcommand(text).is_some());
    match command {
        Some(command) if error.kind == ErrorKind::NotFound => Failure::usage(format!(
            "options go behind the command: reelscope {command} … (a file of this name: ./{command})"
        )),
        _ => error.into(),
    }
}

fn app_options(
    config: &Config,
    keymap: reelscope::keymap::Keymap,
    location: &Location,
    kind: DatabaseKind,
    place: Option<Place>,
) -> AppOptions {
    let (whole, copy) = screenshot::whole(location);
    AppOptions {
        theme: match config.theme {
            ThemeChoice::Named(theme) => theme,
            ThemeChoice::Auto => ThemeName::default(),
        },
        keymap,
        label: screenshot::label(location, kind),
        whole,
        copy,
        kind,
        place,
        mouse: if config.mouse.is_on() { MouseCapture::On } else { MouseCapture::Off },
        times: config.times,
        preview: if config.preview.is_on() { Visibility::Shown } else { Visibility::Hidden },
        hint: None,
        notes: Vec::new(),
        writing: None,
        author: config.author().to_owned(),
        recovered: None,
        seed: seed(),
        limits: config.bots.limits,
        telling: Telling {
            bell: if config.bots.bell.is_on() { Bell::Rings } else { Bell::Silent },
            notify: config.bots.notify,
        },
    }
}

/// Random numbers: the standard library's hasher takes its keys from the system's randomness.
fn seed() -> [u64; 2] {
    [0, 1].map(|half: u64| RandomState::new().hash_one(half))
}

fn picture(wanted: &ScreenshotArgs, cx: Context<'_>) -> Result<(), Failure> {
    let config = cx.config;
    let keymap = cli::keymap(config)?;
    let keys = screenshot::keys(&wanted.keys).map_err(Failure::usage)?;
    // Removed when this returns.
    let mut folder = TemporaryFolder(None);
    let (location, kind, wall) = match &wanted.database {
        Some(text) => {
            let location = cx.location(Some(text), &wanted.connecting)?;
            // A picture of a database that cannot be read would be one of an error.
            ReadSession::open(&location)?.schema()?;
            let kind = screenshot::kind(&location);
            (location, kind, Timestamp::now())
        }
        None => {
            let wall = screenshot::demo_moment();
            let path = demo::ensure(folder.make()?, DemoReset::Keep, wall)?;
            (Location::File(path), DatabaseKind::Demo, wall)
        }
    };
    let picture = Picture {
        app: app_options(config, keymap, &location, kind, wanted.place.clone()),
        location,
        size: (wanted.size.0, wanted.size.1),
        keys,
        wall,
    };
    let format = match wanted.format {
        PictureFormat::Svg => Format::Svg,
        PictureFormat::Text => Format::Text,
        PictureFormat::Ansi => Format::Ansi,
    };
    let drawn = screenshot::take(picture, format).map_err(|words| Failure::new(Status::Failed, words))?;
    match &wanted.output {
        Some(path) => fs::write(path, drawn)
            .map_err(|error| Failure::new(Status::Failed, format!("{} cannot be written: {error}", path.display()))),
        None => Ok(io::stdout().write_all(drawn.as_bytes()).and_then(|()| io::stdout().flush())?),
    }
}

/// A folder for the time of a picture.
struct TemporaryFolder(Option<PathBuf>);

impl TemporaryFolder {
    fn make(&mut self) -> io::Result<&PathBuf> {
        // Never a folder that is there already: whoever made it could watch, and it would be removed afterwards.
        let mut number = 0_u64;
        let path = loop {
            let path = std::env::temp_dir().join(format!("reelscope-picture-{}-{number}", std::process::id()));
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                made => break made.map(|()| path)?,
            }
        };
        Ok(self.0.insert(path))
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Some(path) = &self.0
            && let Err(error) = fs::remove_dir_all(path)
        {
            tracing::warn!("{} stays: {error}", path.display());
        }
    }
}
