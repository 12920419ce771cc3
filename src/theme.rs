//! Styles by role: a pane says what a thing is, the theme says what it looks like. No colour is named anywhere else.
//!
//! The built-in themes are data under `assets/themes`. `mono` uses no colour at all (for `NO_COLOR`): it must tell apart
//! everything that matters by weight, underline and reversal.

use std::sync::{Arc, LazyLock};

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;

use crate::domain::{catalogue::Tone, syntax::Token};

macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal),+ $(,)?) => {
        /// What a thing on the screen is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role {
            $($(#[doc = $doc])+ $variant),+
        }

        impl Role {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its name in a theme file.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

roles! {
    /// Ordinary text.
    Text = "text",
    /// Less important text.
    Muted = "muted",
    /// Hardly there: separators, guides.
    Faint = "faint",
    /// A pane's border.
    Border = "border",
    /// The focused pane's border.
    BorderFocused = "border-focused",
    /// A pane's title.
    Title = "title",
    /// The focused pane's title.
    TitleFocused = "title-focused",
    /// A tab that is not open.
    Tab = "tab",
    /// The open tab.
    TabOpen = "tab-open",
    /// A column's header.
    Header = "header",
    /// The header of a column that is sorted by.
    HeaderSorted = "header-sorted",
    /// The row under the cursor (a background), in the focused pane.
    Selected = "selected",
    /// The cell under the cursor, in the focused pane.
    SelectedCell = "selected-cell",
    /// The row under the cursor in a pane without focus.
    SelectedQuiet = "selected-quiet",
    /// A marked row.
    Marked = "marked",
    /// A row that has just arrived.
    Flash = "flash",
    /// A cell that has changed.
    Changed = "changed",
    /// A search match.
    Match = "match",
    /// The search match under the cursor.
    MatchCurrent = "match-current",
    /// A key in hints and help.
    Key = "key",
    /// What a key does.
    Hint = "hint",
    /// The status line.
    Status = "status",
    /// The read-only badge.
    ReadOnly = "read-only",
    /// The demo's badge.
    Demo = "demo",
    /// The badge of a database opened for writing.
    Writing = "writing",
    /// Well, live, done.
    Good = "good",
    /// Going on.
    Busy = "busy",
    /// Waiting.
    Waiting = "waiting",
    /// Wants a look.
    Warning = "warning",
    /// Failed, deleted, wrong.
    Bad = "bad",
    /// Made anew.
    New = "new",
    /// Something to notice, neither good nor bad.
    Accent = "accent",
    /// NULL.
    Null = "null",
    /// An empty text's sign.
    Empty = "empty",
    /// An integer.
    Integer = "integer",
    /// A float.
    Real = "real",
    /// A blob.
    Blob = "blob",
    /// A sign that stands for a line break, a tab or a control character.
    Control = "control",
    /// A masked secret.
    Masked = "masked",
    /// A key in JSON.
    JsonKey = "json-key",
    /// A string in JSON.
    JsonString = "json-string",
    /// A number in JSON.
    JsonNumber = "json-number",
    /// true, false, null in JSON.
    JsonWord = "json-word",
    /// A first-level heading.
    Heading1 = "heading1",
    /// A second-level heading.
    Heading2 = "heading2",
    /// A deeper heading.
    Heading3 = "heading3",
    /// Strong text.
    Strong = "strong",
    /// Emphasised text.
    Emphasis = "emphasis",
    /// Text struck out.
    Struck = "struck",
    /// Code inside a line.
    Code = "code",
    /// A code block's background.
    CodeBlock = "code-block",
    /// A link.
    Link = "link",
    /// A quotation.
    Quote = "quote",
    /// A list's bullet.
    Bullet = "bullet",
    /// A diagram.
    Diagram = "diagram",
    /// A chip: a tag, a company.
    Chip = "chip",
    /// The full part of a bar.
    BarFull = "bar-full",
    /// The empty part of a bar.
    BarEmpty = "bar-empty",
    /// A comment in source text.
    SyntaxComment = "syntax-comment",
    /// A keyword in source text.
    SyntaxKeyword = "syntax-keyword",
    /// A string in source text.
    SyntaxString = "syntax-string",
    /// A constant in source text.
    SyntaxConstant = "syntax-constant",
    /// A function in source text.
    SyntaxFunction = "syntax-function",
    /// A type in source text.
    SyntaxType = "syntax-type",
    /// A variable in source text.
    SyntaxVariable = "syntax-variable",
    /// An operator in source text.
    SyntaxOperator = "syntax-operator",
    /// A property, tag or attribute in source text.
    SyntaxProperty = "syntax-property",
    /// The ground of a line that was added.
    DiffAdded = "diff-added",
    /// The ground of a line that was removed.
    DiffRemoved = "diff-removed",
    /// A word that was added.
    DiffAddedWord = "diff-added-word",
    /// A word that was removed.
    DiffRemovedWord = "diff-removed-word",
    /// The sign before what was added.
    DiffAddedSign = "diff-added-sign",
    /// The sign before what was removed.
    DiffRemovedSign = "diff-removed-sign",
    /// What did not change, around what did.
    DiffContext = "diff-context",
    /// What stands for unchanged parts that are left out.
    DiffFold = "diff-fold",
    /// The name of a field that changed.
    DiffField = "diff-field",
    /// An overlay's ground.
    Overlay = "overlay",
    /// What lies behind an overlay.
    Shade = "shade",
    /// A prompt's text.
    Prompt = "prompt",
    /// A toast that informs.
    ToastInfo = "toast-info",
    /// A toast that warns.
    ToastWarning = "toast-warning",
    /// A toast of an error.
    ToastError = "toast-error",
    /// A scroll bar's track.
    ScrollTrack = "scroll-track",
    /// A scroll bar's thumb.
    ScrollThumb = "scroll-thumb",
}

impl From<Tone> for Role {
    fn from(tone: Tone) -> Self {
        match tone {
            Tone::Good => Self::Good,
            Tone::Busy => Self::Busy,
            Tone::Waiting => Self::Waiting,
            Tone::Warning => Self::Warning,
            Tone::Bad => Self::Bad,
            Tone::New => Self::New,
            Tone::Neutral => Self::Muted,
        }
    }
}

impl From<Token> for Role {
    fn from(token: Token) -> Self {
        match token {
            Token::Plain => Self::Text,
            Token::Comment => Self::SyntaxComment,
            Token::Keyword => Self::SyntaxKeyword,
            Token::String => Self::SyntaxString,
            Token::Constant => Self::SyntaxConstant,
            Token::Function => Self::SyntaxFunction,
            Token::Type => Self::SyntaxType,
            Token::Variable => Self::SyntaxVariable,
            Token::Operator => Self::SyntaxOperator,
            Token::Property => Self::SyntaxProperty,
        }
    }
}

/// The built-in themes, in the order the theme key goes through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThemeName {
    /// For dark grounds.
    #[default]
    Dark,
    /// For light grounds.
    Light,
    /// Without colours.
    Mono,
}

impl ThemeName {
    /// Its name in the config file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Mono => "mono",
        }
    }

    /// The next one.
    pub const fn next(self) -> Self {
        match self {
            Self::Dark => Self::Light,
            Self::Light => Self::Mono,
            Self::Mono => Self::Dark,
        }
    }
}

/// The styles of a built-in theme.
type BuiltIn = LazyLock<Arc<[Style]>>;

fn read(text: &str) -> Arc<[Style]> {
    // A test reads every built-in theme: what cannot be read here cannot be shipped.
    styles(text).unwrap_or_else(|_| vec![Style::new(); Role::ALL.len()]).into()
}

/// A style for each role.
#[derive(Clone, Debug)]
pub struct Theme {
    /// Its name.
    pub name: ThemeName,
    styles: Arc<[Style]>,
}

impl Theme {
    /// A built-in theme, read from its text once.
    pub fn built_in(name: ThemeName) -> Self {
        static DARK: BuiltIn = BuiltIn::new(|| read(include_str!("../assets/themes/dark.toml")));
        static LIGHT: BuiltIn = BuiltIn::new(|| read(include_str!("../assets/themes/light.toml")));
        static MONO: BuiltIn = BuiltIn::new(|| read(include_str!("../assets/themes/mono.toml")));
        let styles = match name {
            ThemeName::Dark => &DARK,
            ThemeName::Light => &LIGHT,
            ThemeName::Mono => &MONO,
        };
        Self { name, styles: Arc::clone(styles) }
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct ThemeFile {
    #[serde(default)]
    palette: std::collections::BTreeMap<String, String>,
    roles: std::collections::BTreeMap<String, RoleEntry>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct RoleEntry {
    fg: Option<String>,
    bg: Option<String>,
    add: Vec<String>,
}

/// Reads a theme file: a palette of named colours, and for each role `fg`, `bg` (names or `#rrggbb`) and modifiers.
///
/// # Errors
/// Words for the first role, colour or modifier that is not known, or role that is missing.
fn styles(text: &str) -> Result<Vec<Style>, String> {
    let file: ThemeFile = toml::from_str(text).map_err(|error| error.to_string())?;
    if let Some(unknown) = file.roles.keys().find(|name| !Role::ALL.iter().any(|role| role.name() == name.as_str())) {
        return Err(format!("no role is called '{unknown}'"));
    }
    let colour = |name: &str| -> Result<Color, String> {
        let text = file.palette.get(name).map_or(name, String::as_str);
        text.parse().map_err(|_| format!("no colour is called '{name}'"))
    };
    Role::ALL
        .iter()
        .map(|role| {
            let entry = file.roles.get(role.name()).ok_or_else(|| format!("role '{}' is missing", role.name()))?;
            let mut style = Style::new();
            if let Some(fg) = &entry.fg {
                style = style.fg(colour(fg)?);
            }
            if let Some(bg) = &entry.bg {
                style = style.bg(colour(bg)?);
            }
            for word in &entry.add {
                style = style.add_modifier(match word.as_str() {
                    "bold" => Modifier::BOLD,
                    "dim" => Modifier::DIM,
                    "italic" => Modifier::ITALIC,
                    "underlined" => Modifier::UNDERLINED,
                    "reversed" => Modifier::REVERSED,
                    "crossed-out" => Modifier::CROSSED_OUT,
                    other => return Err(format!("no modifier is called '{other}'")),
                });
            }
            Ok(style)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_styles_every_role() {
        for text in [
            include_str!("../assets/themes/dark.toml"),
            include_str!("../assets/themes/light.toml"),
            include_str!("../assets/themes/mono.toml"),
        ] {
            let styles = styles(text).unwrap_or_else(|why| unreachable!("{why}"));
            assert_eq!(styles.len(), Role::ALL.len());
        }
    }

    #[test]
    fn mono_has_no_colour() {
        let theme = Theme::built_in(ThemeName::Mono);
        for role in Role::ALL {
            let style = theme.style(*role);
            assert_eq!((style.fg, style.bg), (None, None), "{}", role.name());
        }
    }
}
