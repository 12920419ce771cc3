//! Keys: numbers and chords become actions; what means nothing is typed where text is typed.

use crossterm::event::{KeyEvent, KeyEventKind};

use super::{App, cx};
use crate::{
    keymap::{Chord, Context, Found},
    message::action::Action,
    panes::{Now, overlay::Step},
};

/// The largest number before a key: beyond it digits are not taken.
const LARGEST_COUNT: u64 = 1 << 60;

impl App {
    pub(super) fn key(&mut self, key: KeyEvent, now: Now) {
        if key.kind == KeyEventKind::Release {
            return;
        }
        self.dirty = true;
        self.chord(Chord::from(key), now);
    }

    fn chord(&mut self, chord: Chord, now: Now) {
        let context = self.context();
        // A key with Alt that means nothing is Esc and a key that came together.
        if let Some(key) = chord.behind_esc()
            && self.keymap.find(context, &[chord]) == Found::Nothing
            && !(matches!(context, Context::Prompt | Context::Edit) && chord.edits_words())
        {
            self.chord(Chord::esc(), now);
            self.chord(key, now);
            return;
        }
        if self.takes_digit(chord, context) {
            return;
        }
        let fresh = self.pressed.is_empty();
        self.pressed.push(chord);
        match self.keymap.find(context, &self.pressed) {
            Found::Prefix => {}
            Found::Action(action) => {
                self.pressed.clear();
                match (action, self.count.take()) {
                    // Esc behind a number takes back the number.
                    (Action::Cancel, Some(_)) => {}
                    (action, count) => self.act(action, count, now),
                }
            }
            Found::Nothing => {
                self.pressed.clear();
                self.count = None;
                // A key that ends an unfinished chord without meaning is dropped; alone it is the overlay's.
                if fresh && let Some(overlay) = self.overlays.last_mut() {
                    let step = overlay.key(chord.event(), &mut cx!(self, now));
                    self.close_if(step, now);
                }
            }
        }
    }

    /// Digits before a key are its number, unless the digit is a key here itself.
    fn takes_digit(&mut self, chord: Chord, context: Context) -> bool {
        if !self.overlays.is_empty() || !self.pressed.is_empty() {
            return false;
        }
        let Some(digit) = chord.digit() else { return false };
        if self.count.is_none() && (digit == 0 || self.keymap.find(context, &[chord]) != Found::Nothing) {
            return false;
        }
        let count = self.count.unwrap_or_default() * 10 + digit;
        self.count = Some(count.min(LARGEST_COUNT));
        true
    }

    pub(super) fn paste(&mut self, text: &str, now: Now) {
        if let Some(overlay) = self.overlays.last_mut() {
            overlay.paste(text, &mut cx!(self, now));
            self.dirty = true;
        }
    }

    pub(super) fn close_if(&mut self, step: Step, now: Now) {
        if step == Step::Close {
            self.overlays.pop();
            if let Some(overlay) = self.overlays.last_mut() {
                overlay.uncovered(&mut cx!(self, now));
            }
        }
    }
}
