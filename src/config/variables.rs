//! Variables: the process's, and under them those of `.env`, variable by variable.
//!
//! Nothing here changes the process's environment. The values are secret: `Debug` shows names only.

use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::dotenv::{self, DotEnv};

/// Where variables come from. Cheap to clone; `.env` can be read anew at any time.
#[derive(Clone)]
pub struct Surroundings {
    process: Arc<[(String, String)]>,
    folder: Option<PathBuf>,
}

impl Surroundings {
    /// The process's variables, and the folder it works in, if there is one.
    pub fn new(process: Vec<(String, String)>, folder: Option<PathBuf>) -> Self {
        Self { process: process.into(), folder }
    }

    /// The process's variables alone: what `.env` must not say (proxies, certificates).
    pub fn process(&self) -> &[(String, String)] {
        &self.process
    }

    /// The variables as they are now: reads `.env`.
    pub fn read(&self) -> Variables {
        let file = self.folder.as_deref().and_then(dotenv::read);
        Variables { process: Arc::clone(&self.process), file }
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// A variable with its value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its value, never empty.
    pub text: &'a str,
    /// The `.env` file it stands in; `None` for the process's.
    pub file: Option<&'a Path>,
}

/// The variables at one moment.
#[derive(Clone)]
pub struct Variables {
    process: Arc<[(String, String)]>,
    file: Option<DotEnv>,
}

impl Variables {
    /// Of these.
    pub fn new(process: &[(String, String)], file: Option<DotEnv>) -> Self {
        Self { process: process.into(), file }
    }

    /// This variable; an empty one counts as unset, and lets that of `.env` through.
    pub fn get(&self, name: &str) -> Option<Variable<'_>> {
        let process = self.process.iter().find(|(key, value)| key == name && !value.trim().is_empty());
        match process {
            Some((_, text)) => Some(Variable { text: text.trim(), file: None }),
            None => {
                let file = self.file.as_ref()?;
                let text = file.get(name)?.trim();
                (!text.is_empty()).then_some(Variable { text, file: Some(&file.path) })
            }
        }
    }

    /// The `.env` file, where there is one.
    pub const fn file(&self) -> Option<&DotEnv> {
        self.file.as_ref()
    }
}

impl fmt::Debug for Variables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Variables").field("file", &self.file).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_process_wins_variable_by_variable() {
        let file = DotEnv::parse("A=file\nB=file\nC=file\nD=", "/code/.env".into());
        let variables = Variables::new(&owned(&[("A", "process"), ("B", ""), ("D", "  ")]), Some(file));
        assert_eq!(variables.get("A").unwrap().text, "process");
        assert_eq!(variables.get("A").unwrap().file, None);
        // An empty variable is unset.
        assert_eq!(variables.get("B").unwrap().text, "file");
        assert_eq!(variables.get("C").unwrap().file, Some(Path::new("/code/.env")));
        assert!(variables.get("D").is_none() && variables.get("E").is_none());
    }

    #[test]
    fn the_file_is_read_anew() {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings::new(Vec::new(), Some(folder.path().to_owned()));
        assert!(surroundings.read().get("A").is_none());
        fs::write(folder.path().join(".env"), "A=1").unwrap();
        assert_eq!(surroundings.read().get("A").unwrap().text, "1");
        fs::write(folder.path().join(".env"), "A=2").unwrap();
        assert_eq!(surroundings.read().get("A").unwrap().text, "2");
    }

    #[test]
    fn debug_shows_no_values() {
        let surroundings = Surroundings::new(owned(&[("A", "s3cret")]), None);
        let variables = surroundings.read();
        assert!(!format!("{surroundings:?} {variables:?}").contains("s3cret"));
    }
}
