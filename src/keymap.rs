//! Which chords mean which action where. Help, palette, footer and `reelscope keys` are drawn from the same table, so no key
//! can be undocumented.
//!
//! The default table is `assets/keymap.toml`; the config file's `[keys]` change it.

mod chord;

use std::{collections::BTreeMap, fmt, str::FromStr};

pub use chord::{Chord, chords};

use crate::message::action::Action;

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// Everywhere but in prompts.
    Global,
    /// The list of tables.
    Tables,
    /// The rows of a table, or its schema.
    Table,
    /// The question.
    Question,
    /// The bots.
    Bots,
    /// The review queue.
    Review,
    /// The view of a whole cell.
    Cell,
    /// Help, messages and menus.
    List,
    /// The staged edits, and the log of what was written.
    Changes,
    /// What a recorded event changed.
    Event,
    /// The timeline of an item.
    Timeline,
    /// The alerts.
    Alerts,
    /// The editor of a value: what means nothing is typed.
    Edit,
    /// Where text is typed.
    Prompt,
}

impl Context {
    /// All of them, in the order of help.
    pub const ALL: [Self; 14] = [
        Self::Global,
        Self::Tables,
        Self::Table,
        Self::Question,
        Self::Bots,
        Self::Review,
        Self::Cell,
        Self::List,
        Self::Changes,
        Self::Event,
        Self::Timeline,
        Self::Alerts,
        Self::Edit,
        Self::Prompt,
    ];

    /// Its name in the keymap file.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Tables => "tables",
            Self::Table => "table",
            Self::Question => "question",
            Self::Bots => "bots",
            Self::Review => "review",
            Self::Cell => "cell",
            Self::List => "list",
            Self::Changes => "changes",
            Self::Event => "event",
            Self::Timeline => "timeline",
            Self::Alerts => "alerts",
            Self::Edit => "edit",
            Self::Prompt => "prompt",
        }
    }

    /// Its heading in help.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Global => "Everywhere",
            Self::Tables => "Tables",
            Self::Table => "Rows",
            Self::Question => "Question",
            Self::Bots => "Bots",
            Self::Review => "Review",
            Self::Cell => "Whole cell",
            Self::List => "Lists",
            Self::Changes => "Changes",
            Self::Event => "Event",
            Self::Timeline => "Timeline",
            Self::Alerts => "Alerts",
            Self::Edit => "Editing",
            Self::Prompt => "Typing",
        }
    }

    /// Whether keys of [`Context::Global`] count here, too. Where text is typed they do not.
    pub const fn falls_back(self) -> bool {
        !matches!(self, Self::Edit | Self::Prompt | Self::Global)
    }
}

impl FromStr for Context {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|context| context.name() == name).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|context| context.name()).collect();
            format!("[keys.{name}]: no such context; there are {}", all.join(", "))
        })
    }
}

/// What some chords mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// This action.
    Action(Action),
    /// Nothing yet: more chords may follow.
    Prefix,
    /// Nothing.
    Nothing,
}

/// A binding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The chords, one after the other.
    pub chords: Vec<Chord>,
    /// What they mean.
    pub action: Action,
}

/// Keys as a config file writes them: context → chords → action (or `none`).
pub type KeyTables = BTreeMap<String, BTreeMap<String, String>>;

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Keymap {
    contexts: BTreeMap<Context, Vec<Binding>>,
}

impl Keymap {
    /// The default table, changed by these.
    ///
    /// # Errors
    /// Words for the first context, key or action that is not known.
    pub fn with(changes: &KeyTables) -> Result<Self, String> {
        let mut keymap = Self::default();
        let defaults: KeyTables =
            toml::from_str(include_str!("../assets/keymap.toml")).map_err(|error| error.to_string())?;
        keymap.change(&defaults)?;
        keymap.change(changes)?;
        Ok(keymap)
    }

    fn change(&mut self, tables: &KeyTables) -> Result<(), String> {
        for (name, keys) in tables {
            let context: Context = name.parse()?;
            let bindings = self.contexts.entry(context).or_default();
            for (keys, action) in keys {
                let chords = chords(keys).map_err(|why| format!("[keys.{name}] \"{keys}\": {why}"))?;
                bindings.retain(|binding| binding.chords != chords);
                if action != "none" {
                    let action = action.parse().map_err(|why| format!("[keys.{name}] \"{keys}\": {why}"))?;
                    bindings.push(Binding { chords, action });
                }
            }
        }
        Ok(())
    }

    /// What these chords mean here.
    pub fn find(&self, context: Context, pressed: &[Chord]) -> Found {
        let mut prefix = false;
        for context in self.chain(context) {
            for binding in self.of(context) {
                if binding.chords == pressed {
                    return Found::Action(binding.action);
                }
                prefix |= binding.chords.starts_with(pressed);
            }
        }
        if prefix { Found::Prefix } else { Found::Nothing }
    }

    /// What can follow these chords here: the rest and what it means.
    pub fn continuations(&self, context: Context, pressed: &[Chord]) -> Vec<(String, Action)> {
        self.chain(context)
            .flat_map(|context| self.of(context))
            .filter(|binding| binding.chords.len() > pressed.len() && binding.chords.starts_with(pressed))
            .map(|binding| (written(&binding.chords[pressed.len()..]), binding.action))
            .collect()
    }

    /// The bindings of exactly this context.
    pub fn of(&self, context: Context) -> &[Binding] {
        self.contexts.get(&context).map_or(&[], Vec::as_slice)
    }

    /// The first chords that mean this action here, as the keymap writes them.
    pub fn key(&self, context: Context, action: Action) -> Option<String> {
        self.keys(context, action).into_iter().next()
    }

    /// All the chords that mean this action here.
    pub fn keys(&self, context: Context, action: Action) -> Vec<String> {
        let mut keys: Vec<String> = self
            .chain(context)
            .flat_map(|place| self.of(place))
            .filter(|binding| binding.action == action && self.find(context, &binding.chords) == Found::Action(action))
            .map(|binding| written(&binding.chords))
            .collect();
        // The shortest one first: that is the one to remember.
        keys.sort_by_key(String::len);
        keys
    }

    fn chain(&self, context: Context) -> impl Iterator<Item = Context> {
        [Some(context), context.falls_back().then_some(Context::Global)].into_iter().flatten()
    }
}

/// Chords as people read them: `g g`, `ctrl-d`.
pub fn written(chords: &[Chord]) -> String {
    chords.iter().map(Chord::to_string).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for Keymap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for context in Context::ALL {
            writeln!(f, "[{}]", context.name())?;
            for binding in self.of(context) {
                let keys = written(&binding.chords);
                writeln!(f, "{:<16} {:<18} {}", keys, binding.action.name(), binding.action.describe())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keymap() -> Keymap {
        Keymap::with(&KeyTables::new()).unwrap_or_else(|why| unreachable!("{why}"))
    }

    fn pressed(text: &str) -> Vec<Chord> {
        chords(text).unwrap_or_else(|why| unreachable!("{why}"))
    }

    #[test]
    fn the_default_table_is_whole() {
        let keymap = keymap();
        assert_eq!(keymap.find(Context::Table, &pressed("g g")), Found::Action(Action::First));
        assert_eq!(keymap.find(Context::Table, &pressed("g")), Found::Prefix);
        assert_eq!(keymap.find(Context::Tables, &pressed("s")), Found::Nothing);
        assert_eq!(keymap.find(Context::Cell, &pressed("q")), Found::Action(Action::Cancel));
        assert_eq!(keymap.find(Context::Prompt, &pressed("q")), Found::Nothing);
    }

    #[test]
    fn every_action_has_a_key_or_is_named_as_without() {
        let keymap = keymap();
        let without: Vec<&str> = Action::ALL
            .iter()
            .filter(|action| Context::ALL.iter().all(|context| keymap.key(*context, **action).is_none()))
            .map(|action| action.name())
            .collect();
        assert_eq!(without, Vec::<&str>::new());
    }

    #[test]
    fn a_context_and_the_config_win() {
        let changes = toml::from_str("[global]\nx = \"quit\"\nq = \"none\"\n[table]\nj = \"up\"\n");
        let changes: KeyTables = changes.unwrap_or_else(|why| unreachable!("{why}"));
        let keymap = Keymap::with(&changes).unwrap_or_else(|why| unreachable!("{why}"));
        assert_eq!(keymap.find(Context::Table, &pressed("j")), Found::Action(Action::Up));
        assert_eq!(keymap.find(Context::Bots, &pressed("j")), Found::Action(Action::Down));
        assert_eq!(keymap.find(Context::Bots, &pressed("q")), Found::Nothing);
        assert_eq!(keymap.key(Context::Bots, Action::Quit).as_deref(), Some("x"));
    }

    #[test]
    fn mistakes_are_named() {
        for (text, part) in [
            ("[tabel]\nx = \"quit\"\n", "tabel"),
            ("[table]\nhyper-x = \"quit\"\n", "hyper-x"),
            ("[table]\nx = \"fly\"\n", "fly"),
        ] {
            let changes: KeyTables = toml::from_str(text).unwrap_or_else(|why| unreachable!("{why}"));
            let why = Keymap::with(&changes).err().unwrap_or_default();
            assert!(why.contains(part), "{why}");
        }
    }
}
