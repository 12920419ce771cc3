//! What is remembered beside a copy between two runs: whose copy it is, and whether it has everything.
//!
//! libSQL's own index beside the copy says how far it has come, but neither of which server it is nor whether the first sync was ever
//! finished. Holds no secrets: an [`Endpoint`](crate::db::server::endpoint::Endpoint) has none.

use std::{fs, io::Write as _, path::Path};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::db::{
    error::{Result, of_io},
    replica::files::LogId,
};

/// The form of the file; another one is not read.
const FORM: u32 = 1;

/// What is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Sidecar {
    pub(super) form: u32,
    /// The URL of the server.
    pub(super) server: String,
    /// Whether the copy once had everything, and nothing was done to it since that could leave it half done.
    pub(super) whole: bool,
    /// When it was last up to date.
    #[serde(with = "as_text")]
    pub(super) synced: Option<Timestamp>,
    /// Which of the server's logs it follows: a server that was wiped, or killed, begins another one.
    pub(super) log: Option<LogId>,
}

impl Sidecar {
    /// For a copy that has nothing yet.
    pub(super) const fn new(server: String) -> Self {
        Self { form: FORM, server, whole: false, synced: None, log: None }
    }

    /// Reads it; `None` where there is none that this program can read.
    pub(super) fn read(path: &Path) -> Option<Self> {
        let text = fs::read_to_string(path).ok()?;
        serde_json::from_str(&text).ok().filter(|sidecar: &Self| sidecar.form == FORM)
    }

    /// Writes it, whole or not at all.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let words = |error| of_io(&error, path);
        let mut text = serde_json::to_string(self).map_err(|error| words(error.into()))?;
        text.push('\n');
        let mut aside = path.as_os_str().to_owned();
        aside.push(".new");
        let mut file = fs::File::create(&aside).map_err(words)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(words)?;
        fs::rename(&aside, path).map_err(words)
    }
}

/// A time as its text.
mod as_text {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        time.map(|time| time.to_string()).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(D::Error::custom)).transpose()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_was_written_is_read_back_and_anything_else_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.db-reelscope");
        assert_eq!(Sidecar::read(&path), None);
        let sidecar = Sidecar {
            whole: true,
            synced: Some("2026-01-29T08:03:07.5Z".parse().unwrap()),
            log: Some(LogId([7; 16])),
            ..Sidecar::new("libsql://reels.example".to_owned())
        };
        sidecar.write(&path).unwrap();
        assert_eq!(Sidecar::read(&path), Some(sidecar));
        let text = fs::read_to_string(&path).unwrap();
        insta::assert_snapshot!(text, @r#"{"form":1,"server":"libsql://reels.example","whole":true,"synced":"2026-01-29T08:03:07.5Z","log":"07070707070707070707070707070707"}"#);
        fs::write(&path, text.replace("\"form\":1", "\"form\":2")).unwrap();
        assert_eq!(Sidecar::read(&path), None);
        fs::write(&path, &text[..text.len() / 2]).unwrap();
        assert_eq!(Sidecar::read(&path), None);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left behind");
    }
}
