//! Configuration: defaults, then the file, the environment and the flags, each over the one before, to one validated value;
//! and the variables that say which database is meant.
//!
//! Owns the list of settings ([`settings::SETTINGS`]): what each is called in the file and in the environment, what is
//! allowed, and the one small check that turns its text into a value. Reads the config file and `.env`, nothing else; must not
//! know of the command line's types or of the screen, nor choose the database: that is [`cli::target`](crate::cli::target)'s.

mod bots;
pub mod dotenv;
pub mod file;
pub mod layer;
pub mod profile;
pub mod settings;
pub mod variables;

use std::{path::PathBuf, time::Duration};

use crate::{domain::time::TimeFormat, theme::ThemeName};
pub use bots::Bots;
pub use dotenv::DotEnv;
pub use layer::{KeyTables, Layer, Source};
pub use profile::{Profile, Profiles};
pub use settings::LogLevel;
pub use variables::{Surroundings, Variables};

/// A bad setting, in one line: where it stands, what is wrong, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{source_name}: {words}")]
pub struct ConfigError {
    /// The file, or the environment or the flags.
    pub source_name: String,
    /// What is wrong there and what is allowed.
    pub words: String,
}

/// Which theme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThemeChoice {
    /// Dark or light, as the terminal's ground is; mono where `NO_COLOR` is set.
    Auto,
    /// This one.
    Named(ThemeName),
}

/// Whether something is on at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

impl Switch {
    /// Whether it is on, for interfaces that take a bool.
    pub const fn is_on(self) -> bool {
        matches!(self, Self::On)
    }
}

/// The settings of a session, all checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which theme.
    pub theme: ThemeChoice,
    /// Whether the program takes the mouse.
    pub mouse: Switch,
    /// How times are shown at the start.
    pub times: TimeFormat,
    /// Whether the preview is shown at the start.
    pub preview: Switch,
    /// How much is logged.
    pub log_level: LogLevel,
    /// Where the log goes; `None`: `reelscope.log` in the cache folder.
    pub log_file: Option<PathBuf>,
    /// The folder of the demo and the log.
    pub cache: PathBuf,
    /// How long a request to a server may take, as the environment or a flag says it: it goes before a profile's.
    pub timeout: Option<Duration>,
    /// The same as the config file says it for all servers: a profile's goes before it.
    pub timeout_in_file: Option<Duration>,
    /// Who decides and edits, as the history says it; `None`: nobody said.
    pub author: Option<String>,
    /// The command of the editor for `E`; `None`: what `VISUAL` and `EDITOR` say.
    pub editor: Option<String>,
    /// `[bots]`: what about the bots is unusual, and how one is told.
    pub bots: Bots,
    /// `[profile.NAME]`: named databases.
    pub profiles: Profiles,
    /// `[keys.CONTEXT]`: chords to actions, checked by the keymap.
    pub keys: KeyTables,
    /// The file `keys` was read from, for the keymap's messages.
    pub keys_source: Option<PathBuf>,
}

impl Config {
    /// The log's path.
    pub fn log_path(&self) -> PathBuf {
        self.log_file.clone().unwrap_or_else(|| self.cache.join("reelscope.log"))
    }

    /// Who decides and edits.
    pub fn author(&self) -> &str {
        self.author.as_deref().unwrap_or("unknown")
    }

    /// One value out of the layers, the later over the earlier.
    ///
    /// # Errors
    /// The first setting whose text is not allowed.
    pub fn from_layers(layers: Vec<Layer>, default_cache: PathBuf, colour: Colour) -> Result<Self, ConfigError> {
        let mut config = Self {
            theme: ThemeChoice::Auto,
            mouse: Switch::On,
            times: TimeFormat::default(),
            preview: Switch::On,
            log_level: LogLevel::Info,
            log_file: None,
            cache: default_cache,
            timeout: None,
            timeout_in_file: None,
            author: None,
            editor: None,
            bots: Bots::default(),
            profiles: Profiles::new(),
            keys: KeyTables::new(),
            keys_source: None,
        };
        for layer in layers {
            for (setting, text) in &layer.values {
                (setting.apply)(text, &mut config).map_err(|allowed| ConfigError {
                    source_name: layer.source.to_string(),
                    words: format!("{} = {text:?} is not allowed: {allowed}", layer.name_of(setting)),
                })?;
            }
            if matches!(layer.source, Source::File(_)) {
                config.timeout_in_file = config.timeout.take().or(config.timeout_in_file);
            }
            config.profiles.extend(layer.profiles);
            if !layer.keys.is_empty() {
                config.keys_source = layer.source.path().cloned();
                for (context, keys) in layer.keys {
                    config.keys.entry(context).or_default().extend(keys);
                }
            }
        }
        // https://no-color.org: what the user says to this program in particular goes before NO_COLOR.
        if colour == Colour::Unwanted && config.theme == ThemeChoice::Auto {
            config.theme = ThemeChoice::Named(ThemeName::Mono);
        }
        Ok(config)
    }

    /// Reads the config file and puts `.env`, environment and flags over it. Which config file is not for `.env` to say.
    ///
    /// # Errors
    /// A file that was named but cannot be read, or a setting that is not allowed.
    pub fn load(
        environment: &[(String, String)],
        dotenv: Option<&DotEnv>,
        named_file: Option<PathBuf>,
        flags: Layer,
    ) -> Result<Self, ConfigError> {
        let variable = |name: &str| {
            environment.iter().find(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.clone())
        };
        let mut layers = Vec::new();
        layers.extend(match named_file.or_else(|| variable("REELSCOPE_CONFIG").map(PathBuf::from)) {
            Some(named) => Some(file::read(&named)?.ok_or_else(|| ConfigError {
                source_name: named.display().to_string(),
                words: "no such file (named by --config or REELSCOPE_CONFIG)".to_owned(),
            })?),
            None => match file::default_path() {
                Some(path) => file::read(&path)?,
                None => None,
            },
        });
        layers.extend(dotenv.map(Layer::dotenv));
        layers.push(Layer::environment(environment));
        layers.push(flags);
        let colour = if variable("NO_COLOR").is_some() { Colour::Unwanted } else { Colour::Wanted };
        let mut config = Self::from_layers(layers, file::default_cache(), colour)?;
        // Whoever is logged in, where no setting says more.
        let login = || {
            ["USER", "LOGNAME"]
                .into_iter()
                .filter_map(variable)
                .find_map(|name| settings::checked_author(&name).map(str::to_owned))
        };
        config.author = config.author.or_else(login);
        Ok(config)
    }
}

/// Whether `NO_COLOR` is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// It is not.
    Wanted,
    /// It is.
    Unwanted,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn load(layers: Vec<Layer>, colour: Colour) -> Result<Config, String> {
        Config::from_layers(layers, PathBuf::from("/cache"), colour).map_err(|error| error.to_string())
    }

    fn environment(pairs: &[(&str, &str)]) -> Layer {
        Layer::environment(&pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn a_dotenv_stands_between_file_and_environment_and_names_no_files() -> Result<(), String> {
        let dotenv = DotEnv::parse(
            "REELSCOPE_THEME=light\nREELSCOPE_TIMES=iso\nREELSCOPE_LOG_FILE=/home/ann/.bashrc\nREELSCOPE_CACHE=/x",
            "/code/.env".into(),
        );
        let layers = vec![
            parsed("theme = 'dark'\ntimes = 'raw'")?,
            Layer::dotenv(&dotenv),
            environment(&[("REELSCOPE_TIMES", "raw")]),
        ];
        let config = load(layers, Colour::Wanted)?;
        assert_eq!((config.theme, config.times), (ThemeChoice::Named(ThemeName::Light), TimeFormat::Raw));
        assert_eq!((config.log_file, config.cache), (None, PathBuf::from("/cache")));
        let wrong = DotEnv::parse("REELSCOPE_TIMES=soon", "/code/.env".into());
        assert_eq!(
            load(vec![Layer::dotenv(&wrong)], Colour::Wanted).unwrap_err(),
            "/code/.env: REELSCOPE_TIMES = \"soon\" is not allowed: raw, iso or relative"
        );
        Ok(())
    }

    #[test]
    fn a_profile_s_timeout_stands_between_the_file_s_and_the_environment_s() -> Result<(), String> {
        let file = || parsed("timeout = 7\n[profile.p]\nurl = 'libsql://a'\ntimeout = 8");
        let config = load(vec![file()?], Colour::Wanted)?;
        assert_eq!((config.timeout, config.timeout_in_file), (None, Some(Duration::from_secs(7))));
        assert_eq!(config.profiles["p"].timeout, Some(Duration::from_secs(8)));
        let config = load(vec![file()?, environment(&[("REELSCOPE_TIMEOUT", "9")])], Colour::Wanted)?;
        assert_eq!(config.timeout, Some(Duration::from_secs(9)));
        for wrong in ["0", "3601", "-1", "2.5", "soon", ""] {
            let error = load(vec![parsed(&format!("timeout = '{wrong}'"))?], Colour::Wanted).unwrap_err();
            assert!(error.contains("whole seconds, 1 to 3600"), "{error}");
        }
        Ok(())
    }

    fn parsed(text: &str) -> Result<Layer, String> {
        file::parse(text, "/etc/r.toml".into()).map_err(|error| error.to_string())
    }

    #[test]
    fn later_layers_win_and_untouched_settings_keep_the_earlier() -> Result<(), String> {
        let file = parsed(
            "theme = 'dark'\nmouse = false\ntimes = 'raw'\n[log]\nlevel = 'debug'\n[keys.global]\n'ctrl-x' = 'quit'",
        )?;
        let mut flags = Layer::flags();
        flags.set("times", "iso");
        let config = load(
            vec![file, environment(&[("REELSCOPE_THEME", "light"), ("REELSCOPE_TIMES", "relative")]), flags],
            Colour::Wanted,
        )?;
        assert_eq!(config.theme, ThemeChoice::Named(ThemeName::Light));
        assert_eq!(config.times, TimeFormat::Iso);
        assert_eq!(config.mouse, Switch::Off);
        assert_eq!(config.log_level, LogLevel::Debug);
        assert_eq!(config.keys["global"]["ctrl-x"], "quit");
        assert_eq!(config.keys_source, Some("/etc/r.toml".into()));
        assert_eq!(config.log_path(), PathBuf::from("/cache/reelscope.log"));
        Ok(())
    }

    #[test]
    fn no_color_is_mono_unless_a_theme_was_chosen() -> Result<(), String> {
        assert_eq!(load(vec![], Colour::Unwanted)?.theme, ThemeChoice::Named(ThemeName::Mono));
        assert_eq!(load(vec![], Colour::Wanted)?.theme, ThemeChoice::Auto);
        let chosen = environment(&[("REELSCOPE_THEME", "dark")]);
        assert_eq!(load(vec![chosen], Colour::Unwanted)?.theme, ThemeChoice::Named(ThemeName::Dark));
        Ok(())
    }

    #[test]
    fn a_bad_setting_names_place_key_and_what_is_allowed() {
        assert_eq!(
            parsed("theme = 'blue'").and_then(|layer| load(vec![layer], Colour::Wanted)).unwrap_err(),
            "/etc/r.toml: theme = \"blue\" is not allowed: auto, dark, light or mono"
        );
        assert_eq!(
            load(vec![environment(&[("REELSCOPE_LOG_LEVEL", "loud")])], Colour::Wanted).unwrap_err(),
            "environment: REELSCOPE_LOG_LEVEL = \"loud\" is not allowed: off, error, warn, info, debug or trace"
        );
        let mut flags = Layer::flags();
        flags.set("times", "yesterday");
        assert_eq!(
            load(vec![flags], Colour::Wanted).unwrap_err(),
            "command line: --times = \"yesterday\" is not allowed: raw, iso or relative"
        );
        assert!(parsed("thema = 'dark'").unwrap_err().contains("no setting is called 'thema'"));
        assert!(parsed("theme = ").unwrap_err().starts_with("/etc/r.toml: line 1"));
        assert!(parsed("[keys]\nx = 'quit'").unwrap_err().contains("[keys.global]"));
        assert!(parsed("theme = ['dark']").unwrap_err().contains("theme"));
    }

    #[test]
    fn the_author_is_the_setting_s_or_who_is_logged_in() -> Result<(), String> {
        let author = |pairs: &[(&str, &str)], flags: Layer| {
            let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("c.toml");
            std::fs::write(&file, "").unwrap();
            Config::load(&pairs, None, Some(file), flags).map(|config| config.author().to_owned())
        };
        let none = Layer::flags;
        let mut flags = Layer::flags();
        flags.set("author", " Ann ");
        let user = ("USER", "ann");
        assert_eq!(author(&[user], none()).unwrap(), "ann");
        assert_eq!(author(&[("USER", "a\u{1b}[m"), ("LOGNAME", "bob")], none()).unwrap(), "bob");
        assert_eq!(author(&[user, ("REELSCOPE_AUTHOR", "maintainers")], none()).unwrap(), "maintainers");
        assert_eq!(author(&[user], flags).unwrap(), "Ann");
        assert_eq!(author(&[], none()).unwrap(), "unknown");
        let long = "x".repeat(101);
        for wrong in ["a\nb", "\u{202e}", &long] {
            let error = author(&[("REELSCOPE_AUTHOR", wrong)], none()).unwrap_err();
            assert!(error.to_string().contains("1 to 100 characters"), "{error}");
        }
        Ok(())
    }

    #[test]
    fn an_editor_is_not_for_a_repository_to_choose() -> Result<(), String> {
        let dotenv = DotEnv::parse("REELSCOPE_EDITOR=rm\nREELSCOPE_AUTHOR=ann", "/code/.env".into());
        let config = load(vec![Layer::dotenv(&dotenv)], Colour::Wanted)?;
        assert_eq!((config.editor, config.author), (None, Some("ann".to_owned())));
        let config = load(vec![parsed("editor = 'code --wait'")?], Colour::Wanted)?;
        assert_eq!(config.editor.as_deref(), Some("code --wait"));
        Ok(())
    }

    #[test]
    fn a_named_file_must_be_there() {
        let error = Config::load(&[], None, Some("/no/such/reelscope.toml".into()), Layer::flags()).unwrap_err();
        assert_eq!(error.to_string(), "/no/such/reelscope.toml: no such file (named by --config or REELSCOPE_CONFIG)");
    }
}
