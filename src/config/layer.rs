//! A layer: settings as text, from one place.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use super::{
    Profiles,
    dotenv::DotEnv,
    settings::{SETTINGS, Says, Setting},
};

/// Keys as the file writes them: context → chords → action's name (or `none`).
pub type KeyTables = BTreeMap<String, BTreeMap<String, String>>;

/// Where a layer comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A config file.
    File(PathBuf),
    /// Variables `REELSCOPE_…` in a `.env` file.
    DotEnv(PathBuf),
    /// Variables `REELSCOPE_…`.
    Environment,
    /// The command line.
    Flags,
}

impl Source {
    /// The file, where it is one.
    pub const fn path(&self) -> Option<&PathBuf> {
        match self {
            Self::File(path) | Self::DotEnv(path) => Some(path),
            Self::Environment | Self::Flags => None,
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::DotEnv(path) => write!(f, "{}", path.display()),
            Self::Environment => f.write_str("environment"),
            Self::Flags => f.write_str("command line"),
        }
    }
}

/// Settings as text, from one place; not checked yet.
#[derive(Clone, Debug)]
pub struct Layer {
    /// From where.
    pub source: Source,
    /// What stands there.
    pub values: Vec<(&'static Setting, String)>,
    /// `[keys.CONTEXT]`; contexts, chords and actions are the keymap's to check.
    pub keys: KeyTables,
    /// `[profile.NAME]`.
    pub profiles: Profiles,
}

impl Layer {
    /// A layer without settings.
    pub fn empty(source: Source) -> Self {
        Self { source, values: Vec::new(), keys: KeyTables::new(), profiles: Profiles::new() }
    }

    /// The command line's layer, empty.
    pub fn flags() -> Self {
        Self::empty(Source::Flags)
    }

    /// The settings among these variables. An empty variable counts as unset.
    pub fn environment(variables: &[(String, String)]) -> Self {
        let mut layer = Self::empty(Source::Environment);
        layer.take(variables);
        layer
    }

    /// The settings in a `.env` file, but those that name files to write or programs to run.
    pub fn dotenv(file: &DotEnv) -> Self {
        let mut layer = Self::empty(Source::DotEnv(file.path.clone()));
        layer.take(file.variables());
        layer.values.retain(|(setting, _)| setting.says == Says::How);
        layer
    }

    fn take(&mut self, variables: &[(String, String)]) {
        for setting in &SETTINGS {
            let name = setting.variable();
            self.values.extend(
                variables
                    .iter()
                    .filter(|(key, value)| *key == name && !value.is_empty())
                    .map(|(_, value)| (setting, value.clone())),
            );
        }
    }

    /// Adds a setting by its key in the file; a key that is none is left out.
    pub fn set(&mut self, key: &str, text: impl Into<String>) {
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.key == key) {
            self.values.push((setting, text.into()));
        }
    }

    /// What the setting is called in this layer's place.
    pub fn name_of(&self, setting: &Setting) -> String {
        match self.source {
            Source::File(_) => setting.key.to_owned(),
            Source::Environment | Source::DotEnv(_) => setting.variable(),
            Source::Flags => format!("--{}", setting.flag),
        }
    }
}
