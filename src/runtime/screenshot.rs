//! A picture of any screen, made without a terminal: the README's is made so, and whoever reports a bug can make one.

use std::path::PathBuf;

use crossterm::event::KeyEvent;
use jiff::Timestamp;
use ratatui::buffer::Buffer;

use super::{headless::Headless, picture};
use crate::{
    app::{AppOptions, DatabaseKind},
    db::location::Location,
    keymap::{Chord, chords},
    theme::ThemeName,
};

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A vector picture.
    Svg,
    /// Plain text.
    Text,
    /// Text with ANSI colours.
    Ansi,
}

/// What to picture.
#[derive(Clone, Debug)]
pub struct Picture {
    /// The database. The demo's is made for the moment [`Self::wall`].
    pub location: Location,
    /// The program's options; its theme is the picture's.
    pub app: AppOptions,
    /// Columns and rows.
    pub size: (u16, u16),
    /// Keys to press first.
    pub keys: Vec<KeyEvent>,
    /// What time it is in the picture.
    pub wall: Timestamp,
}

/// The moment of every picture of the demo, so that the same command makes the same picture.
pub fn demo_moment() -> Timestamp {
    // 2026-03-02T10:00:00Z, a Monday morning.
    Timestamp::from_second(1_772_445_600).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The presses of these keys, written as in the keymap with blanks between; none for an empty text.
///
/// # Errors
/// Words for the first one that is no key.
pub fn keys(text: &str) -> Result<Vec<KeyEvent>, String> {
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    Ok(chords(text)?.into_iter().map(Chord::event).collect())
}

/// Draws it.
///
/// # Errors
/// Words: a database that does not answer, a screen that never comes to rest.
pub fn take(picture: Picture, format: Format) -> Result<String, String> {
    let Picture { location, app, size, keys, wall } = picture;
    let theme = app.theme;
    let mut headless = Headless::open(location, app, size, wall)?;
    headless.keys(keys)?;
    Ok(write(headless.screen(), theme, format))
}

fn write(screen: &Buffer, theme: ThemeName, format: Format) -> String {
    match format {
        Format::Svg => picture::svg(screen, theme),
        Format::Text => picture::text(screen),
        Format::Ansi => picture::ansi(screen),
    }
}

/// What kind of database is there.
pub const fn kind(location: &Location) -> DatabaseKind {
    match location {
        Location::File(_) => DatabaseKind::File,
        Location::Server(_) => DatabaseKind::Server,
        Location::Replica(_) => DatabaseKind::Copy,
    }
}

/// What a database is called in the status line: the file's name, the server's host, and whether a copy of it is read.
pub fn label(location: &Location, kind: DatabaseKind) -> String {
    match (location, kind) {
        (_, DatabaseKind::Demo) => "demo".to_owned(),
        (Location::File(path), _) => path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| PathBuf::from(name).display().to_string()),
        (Location::Server(server), _) => server.endpoint.authority(),
        (Location::Replica(replica), _) => format!("{} (copy)", replica.server().endpoint.authority()),
    }
}

/// Where it is in full, and the file of a copy.
pub fn whole(location: &Location) -> (String, Option<String>) {
    match location {
        Location::File(path) => (path.display().to_string(), None),
        Location::Server(server) => (server.endpoint.to_string(), None),
        Location::Replica(replica) => {
            (replica.server().endpoint.to_string(), Some(replica.path().display().to_string()))
        }
    }
}
