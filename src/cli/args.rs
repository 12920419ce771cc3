//! The arguments, as clap reads them.

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

use crate::{config::Layer, domain::place::Place};

const AFTER: &str = "\
Examples:
  reelscope                                the demo, with bots at work
  reelscope prod.db                        browse a file, read-only
  reelscope prod.db bot_ledger             … starting at a table
  reelscope prod.db questions/q-1          … starting at a record
  reelscope --demo questions               the demo, starting at a table
  reelscope tables prod.db --format json   the tables at a glance
  reelscope show prod.db questions/q-1     one record
  reelscope screenshot -o screen.svg       a picture of the demo

A file that is called like a command is reachable as ./tables, ./show …
Options go behind the command: reelscope tables prod.db --log-level debug

Settings come from the config file, then from the environment, then from the
options; the last one wins.
  file         ~/.config/reelscope/config.toml, or what REELSCOPE_CONFIG names:
               theme, mouse, times, preview, cache, log.level, log.file and
               keys: [keys.global] \"ctrl-x\" = \"quit\" (see reelscope keys)
  environment  REELSCOPE_THEME, _MOUSE, _TIMES, _PREVIEW, _CACHE, _LOG_LEVEL,
               _LOG_FILE; NO_COLOR

Exit status:
  0 done   1 failed   2 wrong usage or a bad setting
  3 the database cannot be opened   4 not permitted
  101 a bug   128+n ended by signal n";

/// A terminal browser for the code-reels database, and for any SQLite or libSQL file.
#[derive(Clone, Debug, Parser)]
#[command(name = "reelscope", version, after_help = AFTER, args_conflicts_with_subcommands = true, max_term_width = 110)]
pub struct Args {
    /// The database: a path, or file:PATH. Without one: the demo. With --demo, this is PLACE.
    #[arg(value_name = "DATABASE")]
    pub database: Option<OsString>,
    /// Where to start: a table (bot_ledger) or a record (questions/q-1).
    #[arg(value_name = "PLACE")]
    pub place: Option<OsString>,
    /// Open the demo.
    #[arg(long)]
    pub demo: bool,
    /// Make the demo anew, then open it.
    #[arg(long)]
    pub demo_reset: bool,
    /// Options that are settings, too.
    #[command(flatten)]
    pub settings: Settings,
    /// A command that needs no terminal.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Options that are settings, too.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// Colours: as the terminal's background asks for, or one of the built-in themes.
    #[arg(long, global = true, value_name = "THEME", value_parser = PossibleValuesParser::new(["auto", "dark", "light", "mono"]))]
    pub theme: Option<String>,
    /// Leave the mouse to the terminal.
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// How times are shown at the start.
    #[arg(long, global = true, value_name = "FORMAT", value_parser = PossibleValuesParser::new(["raw", "iso", "relative"]))]
    pub times: Option<String>,
    /// The config file, instead of the one in the config folder.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The log file, instead of the one in the cache folder.
    #[arg(long, global = true, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// How much is logged.
    #[arg(long, global = true, value_name = "LEVEL", value_parser = PossibleValuesParser::new(["off", "error", "warn", "info", "debug", "trace"]))]
    pub log_level: Option<String>,
}

impl Settings {
    /// The layer these options make.
    pub fn layer(&self) -> Layer {
        let mut layer = Layer::flags();
        for (key, value) in [("theme", &self.theme), ("times", &self.times), ("log.level", &self.log_level)] {
            if let Some(value) = value {
                layer.set(key, value.clone());
            }
        }
        if self.no_mouse {
            layer.set("mouse", "false");
        }
        if let Some(log) = &self.log {
            layer.set("log.file", log.to_string_lossy());
        }
        layer
    }
}

/// The commands that need no terminal.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// The tables at a glance: purpose, rows, volume, key fields.
    ///
    /// JSON is an array of objects with name, logical, kind (table, view, virtual, internal), purpose, rows, volume (small,
    /// medium, large) and key_fields; what is not known is null. A table that cannot be read has rows null and an
    /// additional field problem.
    Tables(TablesArgs),
    /// One record.
    ///
    /// JSON is an object, column → value: NULL as null, integers exactly, floats as numbers, text as strings. What JSON has
    /// no word for is an object: a blob {"blob": "00ff…"} in hex, text that is not UTF-8 {"invalid_utf8": "ff…"} in hex, an
    /// infinite float {"real": "Inf"} or {"real": "-Inf"}, a masked secret {"masked": true}.
    Show(ShowArgs),
    /// A picture of a screen of the demo, or of a database, as SVG or text.
    ///
    /// The demo is made in a temporary folder as if it were a certain moment, and no bots work in it: the same command makes
    /// the same picture.
    Screenshot(ScreenshotArgs),
    /// The demo's file, and big databases for measuring.
    Demo(DemoArgs),
    /// All keys, with the changes of the config file.
    Keys,
}

/// How tables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TablesFormat {
    /// Aligned, for people.
    Table,
    /// An array of objects.
    Json,
    /// With a header line.
    Csv,
}

/// `reelscope tables`.
#[derive(Clone, Debug, clap::Args)]
pub struct TablesArgs {
    /// The database: a path, or file:PATH.
    pub path: OsString,
    /// How.
    #[arg(long, value_enum, default_value_t = TablesFormat::Table)]
    pub format: TablesFormat,
    /// Internal tables, too (sqlite_…, the storage of virtual tables).
    #[arg(long)]
    pub all: bool,
}

/// How a record is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ShowFormat {
    /// A line for each column, for people.
    Table,
    /// An object.
    Json,
}

/// `reelscope show`.
#[derive(Clone, Debug, clap::Args)]
pub struct ShowArgs {
    /// The database: a path, or file:PATH.
    pub path: OsString,
    /// The record: TABLE/KEY, such as questions/q-1 or bot_ledger/42.
    pub place: Place,
    /// How.
    #[arg(long, value_enum, default_value_t = ShowFormat::Table)]
    pub format: ShowFormat,
    /// Show secrets (users.password), which are masked otherwise.
    #[arg(long)]
    pub reveal: bool,
}

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PictureFormat {
    /// A vector picture.
    Svg,
    /// Plain text.
    Text,
    /// Text with ANSI colours.
    Ansi,
}

/// Columns and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureSize(pub u16, pub u16);

impl std::str::FromStr for PictureSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.split_once(['x', '×'])
            .and_then(|(columns, rows)| Some(Self(columns.parse().ok()?, rows.parse().ok()?)))
            .filter(|Self(columns, rows)| (1..=500).contains(columns) && (1..=300).contains(rows))
            .ok_or_else(|| "a size is COLUMNSxROWS, such as 120x40, up to 500x300".to_owned())
    }
}

/// `reelscope screenshot`.
#[derive(Clone, Debug, clap::Args)]
pub struct ScreenshotArgs {
    /// Where to start: a table (bot_ledger) or a record (questions/q-1).
    pub place: Option<Place>,
    /// Columns and rows.
    #[arg(long, default_value = "120x40")]
    pub size: PictureSize,
    /// How.
    #[arg(long, value_enum, default_value_t = PictureFormat::Svg)]
    pub format: PictureFormat,
    /// Keys to press first, with blanks between: "j j enter", "g g", "ctrl-d".
    #[arg(long, default_value = "", hide_default_value = true)]
    pub keys: String,
    /// Of this database instead of the demo.
    #[arg(long, value_name = "PATH")]
    pub database: Option<OsString>,
    /// The file to write instead of standard output.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `reelscope demo`.
#[derive(Clone, Debug, clap::Args)]
pub struct DemoArgs {
    /// What.
    #[command(subcommand)]
    pub command: DemoCommand,
}

/// What to do about the demo.
#[derive(Clone, Debug, Subcommand)]
pub enum DemoCommand {
    /// Make a big database for measuring, the same one every time.
    Generate {
        /// Rows of the ledger, and as many of the questions' history.
        #[arg(long, default_value_t = 1_000_000)]
        rows: u64,
        /// The file to make; it must not be there yet.
        path: PathBuf,
    },
    /// Print where the demo's file is, making it where it is missing.
    Path,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use clap::{CommandFactory as _, error::ErrorKind};

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("reelscope").chain(line.split_whitespace()))
    }

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_database_and_a_place() {
        let args = parse("x.db questions/q-1 --theme light --no-mouse").unwrap();
        assert_eq!(args.database, Some("x.db".into()));
        assert_eq!(args.place, Some("questions/q-1".into()));
        assert!(args.command.is_none());
        assert_eq!(args.settings.layer().values.len(), 2);
    }

    #[test]
    fn a_place_may_be_called_like_a_command_and_a_file_by_its_path() {
        let args = parse("x.db tables").unwrap();
        assert_eq!((args.place, args.command.is_none()), (Some("tables".into()), true));
        let args = parse("./tables").unwrap();
        assert_eq!((args.database, args.command.is_none()), (Some("./tables".into()), true));
    }

    #[test]
    fn commands_take_settings_behind_them() {
        let args = parse("show x.db users/1 --format json --reveal --log-level debug").unwrap();
        assert_eq!(args.settings.log_level.as_deref(), Some("debug"));
        let Some(Command::Show(show)) = args.command else { unreachable!() };
        assert_eq!((show.format, show.reveal, show.place.key.as_deref()), (ShowFormat::Json, true, Some("1")));
    }

    #[test]
    fn wrong_usage_is_told_apart() {
        for (line, kind) in [
            ("--nonsense", ErrorKind::UnknownArgument),
            ("--theme blue", ErrorKind::InvalidValue),
            ("tables", ErrorKind::MissingRequiredArgument),
            ("tables x.db --format xml", ErrorKind::InvalidValue),
            ("show x.db /1", ErrorKind::ValueValidation),
            ("screenshot --size 0x4", ErrorKind::ValueValidation),
            ("demo generate --rows many x.db", ErrorKind::ValueValidation),
            // A third word could only be a command, and commands take no DATABASE before them.
            ("a b c", ErrorKind::ArgumentConflict),
        ] {
            assert_eq!(parse(line).unwrap_err().kind(), kind, "{line}");
        }
    }
}
