//! The config file: TOML, flattened into a layer of texts.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::{AppStrategy as _, AppStrategyArgs, app_strategy};
use toml::Value;

use super::{ConfigError, KeyTables, Layer, Source, profile, settings::SETTINGS};

fn strategy() -> Option<impl etcetera::AppStrategy> {
    // XDG on every Unix, macOS too: what terminal programs are expected to do there.
    app_strategy::Xdg::new(AppStrategyArgs {
        top_level_domain: String::new(),
        author: String::new(),
        app_name: "reelscope".to_owned(),
    })
    .ok()
}

/// `~/.config/reelscope/config.toml`, or where XDG_CONFIG_HOME says; `None` without a home.
pub fn default_path() -> Option<PathBuf> {
    strategy().map(|folders| folders.in_config_dir("config.toml"))
}

/// `~/.cache/reelscope`, or where XDG_CACHE_HOME says; without a home, a folder under the system's temporary one.
pub fn default_cache() -> PathBuf {
    strategy().map_or_else(|| std::env::temp_dir().join("reelscope"), |folders| folders.cache_dir())
}

/// `~/.local/state/reelscope`, or where XDG_STATE_HOME says: what a session that was killed leaves; `None` without a home.
pub fn default_state() -> Option<PathBuf> {
    strategy().and_then(|folders| folders.state_dir())
}

/// The file's layer; `None` where there is no such file.
///
/// # Errors
/// A file that cannot be read, is not TOML, or holds a key that is no setting.
pub fn read(path: &Path) -> Result<Option<Layer>, ConfigError> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path.to_owned()).map(Some),
        // Nor is there one where a part of the path is no folder, such as a home of /dev/null.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(ConfigError {
            source_name: path.display().to_string(),
            words: format!("the config file cannot be read: {error}"),
        }),
    }
}

/// The layer in this text.
///
/// # Errors
/// As [`read`].
pub fn parse(text: &str, path: PathBuf) -> Result<Layer, ConfigError> {
    let source_name = path.display().to_string();
    let wrong = |words: String| ConfigError { source_name: source_name.clone(), words };
    let table: toml::Table = toml::from_str(text).map_err(|error| {
        let line = error.span().map_or(1, |span| 1 + text[..span.start.min(text.len())].matches('\n').count());
        wrong(format!("line {line}: {}", error.message().lines().next().unwrap_or("this is not TOML")))
    })?;
    let mut layer = Layer::empty(Source::File(path));
    for (key, value) in table {
        match value {
            value if key == "keys" => layer.keys = key_tables(value).map_err(wrong)?,
            value if key == "profile" => {
                layer.profiles = profile::read(value, etcetera::home_dir().ok().as_ref()).map_err(wrong)?;
            }
            Value::Table(inner) => {
                for (name, value) in inner {
                    add(&mut layer, &format!("{key}.{name}"), &value).map_err(wrong)?;
                }
            }
            value => add(&mut layer, &key, &value).map_err(wrong)?,
        }
    }
    Ok(layer)
}

fn add(layer: &mut Layer, key: &str, value: &Value) -> Result<(), String> {
    if !SETTINGS.iter().any(|setting| setting.key == key) {
        let known: Vec<_> = SETTINGS.iter().map(|setting| setting.key).collect();
        return Err(format!(
            "no setting is called '{key}': there are {} and the tables [keys] and [profile]",
            known.join(", ")
        ));
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => value.to_string(),
        other => return Err(format!("{key} takes a text, not {}", other.type_str())),
    };
    layer.set(key, text);
    Ok(())
}

fn key_tables(value: Value) -> Result<KeyTables, String> {
    const SHAPE: &str = "keys are written as \"CHORDS\" = \"ACTION\" under [keys.global] or another context";
    let Value::Table(contexts) = value else { return Err(SHAPE.to_owned()) };
    contexts
        .into_iter()
        .map(|(context, keys)| {
            let Value::Table(keys) = keys else { return Err(format!("keys.{context}: {SHAPE}")) };
            let keys = keys.into_iter().map(|(chords, action)| match action {
                Value::String(action) => Ok((chords, action)),
                _ => Err(format!("keys.{context} \"{chords}\": {SHAPE}")),
            });
            Ok((context.clone(), keys.collect::<Result<_, _>>()?))
        })
        .collect()
}
