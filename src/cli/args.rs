//! The arguments, as clap reads them.

pub mod bots;
pub mod watch;
pub mod writing;

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};

pub use self::{
    bots::BotsArgs,
    watch::{WatchArgs, WatchFormat},
    writing::{ReviewArgs, SetArgs},
};
use crate::{config::Layer, domain::place::Place};

const AFTER: &str = "\
Examples:
  reelscope                                the environment's database, or the demo
  reelscope prod.db                        browse a file, read-only
  reelscope libsql://HOST                  a server: Turso, or a sqld of yours
  reelscope @prod --replica prod-copy.db   a profile, with a copy in a file
  reelscope prod.db bot_ledger             … starting at a table
  reelscope prod.db questions/q-1          … starting at a record
  reelscope --demo questions               the demo, starting at a table
  reelscope tables prod.db --format json   the tables at a glance
  reelscope show prod.db questions/q-1     one record
  reelscope screenshot -o screen.svg       a picture of the demo
  reelscope prod.db --write                browse, decide and edit
  reelscope review list prod.db            what is flagged, and why
  reelscope review decide --write prod.db q-1 approve --reason \"checked\"
  reelscope set --write prod.db questions/q-1 status=active
  reelscope bots prod.db --since 24h       how the bots and the queue are
  reelscope watch @prod --bot verifier --action flag --since 1h

A file that is called like a command is reachable as ./tables, ./show …,
one that begins with @ as ./@….
Options go behind the command: reelscope tables prod.db --log-level debug

Servers: without DATABASE, and for one that these name, from the environment or
from .env in this folder or above it, up to the repository's root:
  TURSO_DATABASE_URL_RO, TURSO_AUTH_TOKEN_RO   what is used for reading
  TURSO_DATABASE_URL, TURSO_AUTH_TOKEN         where the others are not set, and
                                               for --write
  TURSO_WRITE_MODE=true                        the same as --write
A token of the environment goes to no server that only .env names: put both into
the same place. There is no option for a token: other users would see it. A
profile says where its token is kept:
  [profile.prod]                      opened as @prod; @env is the environment
  url = \"libsql://HOST\"
  token_variable = \"NAME\"           or token_command = \"pass show turso\",
                                      or token_keyring = \"NAME\"
  replica = \"~/prod-copy.db\"        a copy, as with --replica
  timeout = 20                        seconds
On the way: http_proxy, https_proxy, no_proxy, SSL_CERT_FILE.

Settings come from the config file, then from .env, then from the environment,
then from the options; the last one wins.
  file         ~/.config/reelscope/config.toml, or what REELSCOPE_CONFIG names:
               theme, mouse, times, preview, timeout, author, editor, cache,
               log.level, log.file, profiles, and keys: [keys.global]
               \"ctrl-x\" = \"quit\" (see reelscope keys)
               [bots], what is an alert and how one is told of it: stuck_factor
               (3), stuck_minutes (30), queue_age_minutes (1440, or \"off\"),
               deletes (20, or \"off\") and flags (50, or \"off\") within
               burst_minutes (5), bell (false), notify (\"none\", \"osc9\" or
               \"osc777\")
  environment  REELSCOPE_THEME, _MOUSE, _TIMES, _PREVIEW, _TIMEOUT, _AUTHOR,
               _LOG_LEVEL, _BOTS_STUCK_FACTOR … (these in .env, too), _EDITOR,
               _CACHE, _LOG_FILE;
               NO_COLOR; VISUAL, EDITOR: the editor for E; USER, LOGNAME: the
               author where no setting names one

Exit status:
  0 done   1 failed   2 wrong usage or a bad setting
  3 the database cannot be opened or reached
  4 not permitted: by the system, for want of a token that is good for it, or
    because writing was not asked for (--write)
  5 refused: somebody changed a row meanwhile, it is not there, the same queue
    item is pending, or the database would not take it; nothing is written
  101 a bug   128+n ended by signal n";

/// A terminal browser for the code-reels database, and for any libSQL, Turso or SQLite database.
#[derive(Clone, Debug, Parser)]
#[command(name = "reelscope", version, after_help = AFTER, args_conflicts_with_subcommands = true, max_term_width = 110)]
pub struct Args {
    /// The database: a path, file:PATH, a server's URL (libsql://, https://, http://) or @PROFILE. Without one: what the
    /// environment names, or else the demo. With --demo, this is PLACE.
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
    /// Open it for deciding and editing, with the credentials for writing; without it nothing is ever changed.
    #[arg(long)]
    pub write: bool,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// Options that are settings, too.
    #[command(flatten)]
    pub settings: Settings,
    /// A command that needs no terminal.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// How to connect to a server.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
pub struct Connecting {
    /// Keep a copy of the server in this file, and read from it.
    #[arg(long, value_name = "PATH")]
    pub replica: Option<PathBuf>,
    /// Let a token travel unencrypted: an http:// URL to another computer is refused otherwise.
    #[arg(long)]
    pub insecure_http: bool,
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
    /// How long a request to a server may take, in seconds.
    #[arg(long, global = true, value_name = "SECONDS")]
    pub timeout: Option<String>,
    /// Who decides and edits, as the questions' history names it; otherwise whoever is logged in.
    #[arg(long, global = true, value_name = "NAME")]
    pub author: Option<String>,
    /// The command of the editor for E, instead of what VISUAL and EDITOR say.
    #[arg(long, global = true, value_name = "COMMAND")]
    pub editor: Option<String>,
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
        for (key, value) in [
            ("theme", &self.theme),
            ("times", &self.times),
            ("log.level", &self.log_level),
            ("timeout", &self.timeout),
            ("author", &self.author),
            ("editor", &self.editor),
        ] {
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
    /// Every row of a table or a view, in the order of its key.
    ///
    /// CSV has a header line; NULL is an empty field, the empty text is "", a blob is x'00ff…' in hex. JSON is an array, NDJSON a line
    /// for each row, of objects as those of `show`. Long tables take constant memory. Where it ends with another status than 0, not
    /// all rows were written.
    Export(ExportArgs),
    /// The review queue: list it, decide on it.
    Review(ReviewArgs),
    /// Set fields of one record, checked as the editor checks them.
    ///
    /// Field names are the columns' or the logical ones. A field that was valid JSON stays valid, a column of integers gets no text,
    /// unless --force says so; a blob is given in hexadecimal. The record is written only if nobody changed it meanwhile, and a
    /// question's change gets a row in its history. JSON is the object that `review decide` prints.
    Set(SetArgs),
    /// How the bots are: state, last run, success, actions and items of each; the queue; what wants attention.
    ///
    /// The figures are those of the whole tables, in both forms of time, at the moment `at`. `--since` is exact to the second for the last
    /// 8 days; longer ago it begins with the full hour, longer than 400 days ago with the day (UTC), as `since` says.
    ///
    /// JSON is an object with at, since (null for all), bots, queue (null without a workQueue) and alerts. Each of bots has bot, state
    /// (running, idle, failed, stuck), state_since (running and stuck), last_run (id, at; the run with the highest id), success (the share
    /// of completed among completed and failed runs that began since then, or null), stuck (runs that run for longer than
    /// stuck_after_seconds), usual_seconds (the 95th percentile of completed runs, null where fewer than five are known), hour, day, week
    /// and actions (ledger rows of the last hour, 24 hours, 7 days, and since then: all, creates, updates, deletes, verifies, flags) and
    /// items (processed, created, updated, deleted by the runs that began since then). queue has open (pending and processing), pending,
    /// oldest (when the oldest pending item was made), finished and arrived (since then), per_hour (finished; where all is looked at, of
    /// the last 24 hours), empty_in_seconds (if it goes on like this; null where it does not get shorter), undated (finished items without
    /// a readable time: not in arrived, and in finished only where all is looked at) and depth: status, action, bot, rows. Each of alerts has kind (failed, stuck, old_queue, burst), bot, run, action
    /// (of a burst), since and what. Times are ISO 8601 in UTC or null.
    Bots(BotsArgs),
    /// Follow the bots' ledger until Ctrl-c, as `tail -f` follows a file.
    ///
    /// Prints the last rows, or all since a time, and from then on each new row once, in the order in which it was found; rows that are
    /// committed late come late. Goes on by itself after an outage, a restarted server or a replaced file, with what came meanwhile;
    /// what cannot be had is counted on standard error. Options that filter combine.
    ///
    /// NDJSON is a line for each row: an object with id, bot, action, item_type, item_id, reason (or null), reason_cut (only its first
    /// kilobyte could be had: the row went meanwhile, or is too large for the server), created_at (as stored, or null) and at (the same as
    /// ISO 8601 in UTC, null where it cannot be read). Text in a pipe has whole lines without colours; on a terminal lines are cut at its
    /// edge.
    ///
    /// Ends with status 130 on Ctrl-c (128+n, as by any signal), and with 0 where whoever reads it has gone.
    Watch(WatchArgs),
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
    /// The database: a path, a URL or @PROFILE; without one, what the environment names.
    pub database: Option<OsString>,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
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
#[command(allow_missing_positional = true)]
pub struct ShowArgs {
    /// The database: a path, a URL or @PROFILE; without one, what the environment names.
    pub database: Option<OsString>,
    /// The record: TABLE/KEY, such as questions/q-1 or bot_ledger/42.
    #[arg(required = true)]
    pub place: Place,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// How.
    #[arg(long, value_enum, default_value_t = ShowFormat::Table)]
    pub format: ShowFormat,
    /// Show secrets (users.password), which are masked otherwise.
    #[arg(long)]
    pub reveal: bool,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// With a header line.
    Csv,
    /// An array of objects.
    Json,
    /// An object on each line.
    Ndjson,
}

/// `reelscope export`.
#[derive(Clone, Debug, clap::Args)]
#[command(allow_missing_positional = true)]
pub struct ExportArgs {
    /// The database: a path, a URL or @PROFILE; without one, what the environment names.
    pub database: Option<OsString>,
    /// The table or view.
    #[arg(required = true)]
    pub table: String,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
    /// How.
    #[arg(long, value_enum, default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
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
    /// Of this database instead of the demo: a path, a URL, @PROFILE, or @env for what the environment names.
    #[arg(long, value_name = "DATABASE")]
    pub database: Option<OsString>,
    /// How to connect.
    #[command(flatten)]
    pub connecting: Connecting,
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
    fn commands_take_the_environment_s_database_where_none_is_named() {
        let Some(Command::Show(show)) = parse("show questions/q-1 --replica c.db").unwrap().command else {
            unreachable!()
        };
        assert_eq!((show.database, show.place.key.as_deref()), (None, Some("q-1")));
        assert_eq!(show.connecting.replica, Some("c.db".into()));
        let Some(Command::Show(show)) = parse("show @prod questions/q-1").unwrap().command else { unreachable!() };
        assert_eq!(show.database, Some("@prod".into()));
        let Some(Command::Tables(tables)) = parse("tables --insecure-http").unwrap().command else { unreachable!() };
        assert_eq!((tables.database, tables.connecting.insecure_http), (None, true));
    }

    #[test]
    fn wrong_usage_is_told_apart() {
        for (line, kind) in [
            ("--nonsense", ErrorKind::UnknownArgument),
            ("--theme blue", ErrorKind::InvalidValue),
            ("show", ErrorKind::MissingRequiredArgument),
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
