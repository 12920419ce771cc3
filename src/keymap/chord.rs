//! A key with its modifiers, as the keymap file writes it and as the terminal sends it.

use std::{fmt, str::FromStr};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// One key press. Shift is kept only where the character does not show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl From<KeyEvent> for Chord {
    fn from(key: KeyEvent) -> Self {
        Self::new(key.code, key.modifiers)
    }
}

impl Chord {
    /// A chord, brought to the one form that compares equal however a terminal reports it.
    pub fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = modifiers & known;
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(letter.to_ascii_lowercase())
            }
            KeyCode::Char(letter) => {
                let letter = if modifiers.contains(KeyModifiers::SHIFT) { letter.to_ascii_uppercase() } else { letter };
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(letter)
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// The digit, where the chord is one.
    pub fn digit(self) -> Option<u64> {
        match self.code {
            KeyCode::Char(letter) if self.modifiers.is_empty() => letter.to_digit(10).map(u64::from),
            _ => None,
        }
    }

    /// The character it types into a text, where it types one.
    pub fn typed(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if self.modifiers.is_empty() => Some(letter),
            _ => None,
        }
    }

    /// The key behind Esc, where the chord is one with Alt: terminals send the same bytes for both, and over a slow line Esc and
    /// the next key arrive together.
    pub fn behind_esc(self) -> Option<Self> {
        let plain = Self { modifiers: self.modifiers - KeyModifiers::ALT, ..self };
        self.modifiers.contains(KeyModifiers::ALT).then_some(plain)
    }

    /// Esc.
    pub const fn esc() -> Self {
        Self { code: KeyCode::Esc, modifiers: KeyModifiers::NONE }
    }

    /// Whether it moves or deletes by words in a text field.
    pub const fn edits_words(self) -> bool {
        matches!(
            self.code,
            KeyCode::Char('b' | 'd' | 'f') | KeyCode::Backspace | KeyCode::Delete | KeyCode::Left | KeyCode::Right
        )
    }

    /// The key press, for a text field.
    pub const fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.modifiers)
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flag, word) in
            [(KeyModifiers::CONTROL, "ctrl-"), (KeyModifiers::ALT, "alt-"), (KeyModifiers::SHIFT, "shift-")]
        {
            if self.modifiers.contains(flag) {
                f.write_str(word)?;
            }
        }
        match self.code {
            KeyCode::Char(' ') => f.write_str("space"),
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            other => match NAMED.iter().find(|(_, code)| *code == other) {
                Some((name, _)) => f.write_str(name),
                None => f.write_str("?"),
            },
        }
    }
}

const NAMED: [(&str, KeyCode); 15] = [
    ("space", KeyCode::Char(' ')),
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
];

impl FromStr for Chord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        loop {
            let (flag, word) = match rest {
                _ if rest.chars().count() == 1 => break,
                _ if rest.starts_with("ctrl-") => (KeyModifiers::CONTROL, "ctrl-"),
                _ if rest.starts_with("alt-") => (KeyModifiers::ALT, "alt-"),
                _ if rest.starts_with("shift-") => (KeyModifiers::SHIFT, "shift-"),
                _ => break,
            };
            modifiers |= flag;
            rest = &rest[word.len()..];
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(letter), None) => KeyCode::Char(letter),
            _ => match NAMED.iter().find(|(name, _)| *name == rest.to_ascii_lowercase()) {
                Some((_, code)) => *code,
                None => rest
                    .strip_prefix(['f', 'F'])
                    .and_then(|number| number.parse().ok())
                    .filter(|number| (1..=24).contains(number))
                    .map(KeyCode::F)
                    .ok_or_else(|| {
                        format!("'{text}' is no key: write it as j, ctrl-d, shift-tab, space, enter, pagedown or f5")
                    })?,
            },
        };
        Ok(Self::new(code, modifiers))
    }
}

/// Reads chords with blanks between: `g g`, `ctrl-d`.
///
/// # Errors
/// Words for the first one that is no key, or where there is none.
pub fn chords(text: &str) -> Result<Vec<Chord>, String> {
    let chords: Vec<Chord> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    if chords.is_empty() { Err("a key is missing".to_owned()) } else { Ok(chords) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chords_are_written_as_they_are_read() {
        for text in ["j", "G", "ctrl-d", "shift-tab", "space", "enter", "pagedown", "f5", "-", "?", "alt-x", "ctrl--"] {
            let chord: Chord = text.parse().unwrap_or_else(|why| unreachable!("{why}"));
            assert_eq!(chord.to_string(), text);
        }
        assert!("hyper-x".parse::<Chord>().is_err());
        assert!("f99".parse::<Chord>().is_err());
        assert!(chords(" ").is_err());
    }

    #[test]
    fn terminals_report_the_same_key_differently() {
        let shifted = Chord::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(shifted, Chord::new(KeyCode::Char('G'), KeyModifiers::NONE));
        assert_eq!(shifted, Chord::new(KeyCode::Char('g'), KeyModifiers::SHIFT));
        assert_eq!(Chord::new(KeyCode::BackTab, KeyModifiers::NONE), "shift-tab".parse().unwrap_or(shifted));
    }
}
