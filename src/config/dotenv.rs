//! `.env`: found from the working folder upwards, read without touching the environment of this process.
//!
//! The nearest file counts, and no folder above the repository's root is looked into: what lies there belongs to others. What
//! stands in the file is secret: neither `Debug` nor a warning shows it. Nothing is put in the place of `$NAME`: a repository of others
//! could have the variables of this process sent to a host of its own that way.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Larger files are no `.env`.
const LIMIT: u64 = 1 << 20;

/// Stands for `$` while the text is read: the parser would put the process's variables there. For private use, so in no file.
const DOLLAR: char = '\u{f0024}';

/// What a `.env` file says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DotEnv {
    /// Where it is.
    pub path: PathBuf,
    variables: Vec<(String, String)>,
    /// What could not be read in it: the file and the lines, never their content.
    pub warning: Option<String>,
}

impl DotEnv {
    /// The value of this variable; of several the last, as in a shell.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.variables.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The file's variables, in its order.
    pub fn variables(&self) -> &[(String, String)] {
        &self.variables
    }

    /// Reads a file's text. A line that is none is left out, and the warning names it.
    pub fn parse(text: &str, path: PathBuf) -> Self {
        let text = &without_dollars(text.strip_prefix('\u{feff}').unwrap_or(text));
        let (mut variables, mut broken, mut from) = (Vec::new(), Vec::new(), 0);
        for item in dotenvy::Iter::new(text.as_bytes()) {
            match item {
                Ok((name, value)) => variables.push((name, value.replace(DOLLAR, "$"))),
                Err(dotenvy::Error::LineParse(line, _)) => {
                    let number = number_of(text, &line, from);
                    from = number;
                    broken.push(number.to_string());
                }
                // Text in memory gives no other errors.
                Err(_) => {}
            }
        }
        let shown = path.display();
        let warning = match broken.as_slice() {
            [] => None,
            [line] => Some(format!("{shown}: line {line} is not NAME=VALUE (quote a value with blanks in it)")),
            lines => Some(format!(
                "{shown}: lines {} are not NAME=VALUE (quote values with blanks in them)",
                lines.join(", ")
            )),
        };
        Self { path, variables, warning }
    }
}

impl fmt::Debug for DotEnv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.variables.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("DotEnv").field("path", &self.path).field("names", &names).finish_non_exhaustive()
    }
}

/// The text with [`DOLLAR`] in the place of each `$`, also of one behind a backslash.
fn without_dollars(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '$' => plain.push(DOLLAR),
            '\\' => match letters.next() {
                Some('$') => plain.push(DOLLAR),
                next => plain.extend([letter].into_iter().chain(next)),
            },
            _ => plain.push(letter),
        }
    }
    plain
}

/// The number of the line, counted from 1, behind line `from`, that begins what could not be read: the line, or its value only.
fn number_of(text: &str, broken: &str, from: usize) -> usize {
    let first = broken.lines().next().unwrap_or_default().trim_end();
    let found = text.lines().enumerate().skip(from).find(|(_, line)| line.contains(first));
    found.map_or(from.max(1), |(index, _)| index + 1)
}

/// The nearest `.env` in this folder or above it, up to the repository's root; without a repository only in the folder itself.
pub fn find(folder: &Path) -> Option<PathBuf> {
    let root = folder.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(folder);
    folder
        .ancestors()
        .take_while(|folder| folder.starts_with(root))
        .map(|folder| folder.join(".env"))
        // A folder of that name is somebody's Python.
        .find(|path| path.is_file())
}

/// Reads the `.env` that counts in this folder; `None` where there is none.
pub fn read(folder: &Path) -> Option<DotEnv> {
    let path = find(folder)?;
    let warned = |why: &str| DotEnv { warning: Some(format!("{}: {why}", path.display())), ..DotEnv::default() };
    if fs::metadata(&path).is_ok_and(|facts| facts.len() > LIMIT) {
        return Some(warned("too large for a file of variables: it is not read"));
    }
    Some(match fs::read(&path) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => DotEnv::parse(&text, path),
            Err(_) => warned("it is not UTF-8 text: it is not read"),
        },
        Err(error) => warned(&format!("it cannot be read: {error}")),
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn parsed(text: &str) -> DotEnv {
        DotEnv::parse(text, "/code/.env".into())
    }

    #[test]
    fn variables_are_read_as_other_tools_read_them() {
        let file = parsed(
            "\u{feff}# comment\nexport TURSO_DATABASE_URL=libsql://a.turso.io\r\nTURSO_AUTH_TOKEN = \"a.b-c_d\" # mine\n\n\
             EMPTY=\nQUOTED='with $NOTHING in it'\nTURSO_AUTH_TOKEN=second\n",
        );
        assert_eq!(file.get("TURSO_DATABASE_URL"), Some("libsql://a.turso.io"));
        assert_eq!(file.get("TURSO_AUTH_TOKEN"), Some("second"));
        assert_eq!(file.get("EMPTY"), Some(""));
        assert_eq!(file.get("QUOTED"), Some("with $NOTHING in it"));
        assert_eq!((file.get("NONE"), &file.warning), (None, &None));
    }

    #[test]
    fn a_dollar_is_a_dollar_and_no_variable_of_the_process() {
        let path = std::env::var("PATH").unwrap();
        let file = parsed(
            "A=$PATH\nB=https://${PATH}.example\nC=\"a$PATH\"\nD='$PATH'\nE=\\$PATH\nF=\"\\$\\\\\"\nG=1\nH=$G\nI=a$\n",
        );
        assert_eq!(file.warning, None);
        let want = [
            ("A", "$PATH"),
            ("B", "https://${PATH}.example"),
            ("C", "a$PATH"),
            ("D", "$PATH"),
            ("E", "$PATH"),
            ("F", "$\\"),
            ("G", "1"),
            ("H", "$G"),
            ("I", "a$"),
        ];
        for (name, value) in want {
            assert_eq!(file.get(name), Some(value), "{name}");
        }
        assert!(!file.variables().iter().any(|(_, value)| value.contains(&path)));
    }

    #[test]
    fn a_broken_line_is_named_and_its_content_is_not() {
        let file = parsed("A=1\nTURSO_AUTH_TOKEN secret-one\nB=2\nC=secret two three\nD=4\n");
        assert_eq!(
            file.warning.as_deref().unwrap(),
            "/code/.env: lines 2, 4 are not NAME=VALUE (quote values with blanks in them)"
        );
        assert_eq!((file.get("A"), file.get("B"), file.get("D")), (Some("1"), Some("2"), Some("4")));
        // An open quote takes the rest of the file with it.
        let file = parsed("A=1\n\nT=\"secret\nB=2\n");
        assert!(file.warning.as_deref().unwrap().contains("line 3 is"), "{:?}", file.warning);
        assert_eq!(file.get("A"), Some("1"));
        assert!(!format!("{file:?} {:?}", file.warning).contains("secret"));
    }

    #[test]
    fn debug_shows_names_only() {
        let shown = format!("{:?}", parsed("TURSO_AUTH_TOKEN=ey-secret"));
        assert!(shown.contains("TURSO_AUTH_TOKEN") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn the_nearest_file_counts_up_to_the_repository_s_root() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("repo/.git")).unwrap();
        fs::create_dir_all(at("repo/one/two")).unwrap();
        fs::write(at(".env"), "A=above").unwrap();
        // Above the root it is somebody else's.
        assert_eq!(find(&at("repo/one/two")), None);
        fs::write(at("repo/.env"), "A=root").unwrap();
        assert_eq!(find(&at("repo/one/two")), Some(at("repo/.env")));
        // A folder of that name is none.
        fs::create_dir_all(at("repo/one/.env")).unwrap();
        assert_eq!(find(&at("repo/one/two")), Some(at("repo/.env")));
        fs::write(at("repo/one/two/.env"), "A=near").unwrap();
        assert_eq!(find(&at("repo/one/two")), Some(at("repo/one/two/.env")));
        assert_eq!(read(&at("repo/one/two")).unwrap().get("A"), Some("near"));
    }

    #[test]
    fn a_worktree_s_root_has_a_file_of_that_name_and_without_a_repository_only_the_folder_counts() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir_all(at("tree/deep")).unwrap();
        fs::write(at("tree/.env"), "A=1").unwrap();
        assert_eq!(find(&at("tree/deep")), None);
        assert_eq!(find(&at("tree")), Some(at("tree/.env")));
        fs::write(at("tree/.git"), "gitdir: /elsewhere").unwrap();
        assert_eq!(find(&at("tree/deep")), Some(at("tree/.env")));
    }

    #[test]
    fn what_is_no_text_is_told() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(".env"), b"A=\xff\xfe").unwrap();
        let file = read(folder.path()).unwrap();
        assert!(file.warning.unwrap().contains("not UTF-8") && file.variables.is_empty());
    }
}
