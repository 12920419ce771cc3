//! The bell, and notifications on the desktop: the bytes by which a terminal is told to.
//!
//! What is notified comes from the database and is hostile: nothing of it can end the sequence or be taken for one.

use super::clipboard::Multiplexer;
use crate::{message::command::NotifyHow, widgets::safe::safe};

/// The bell. A multiplexer takes it as the terminal does.
pub(crate) const BELL: &[u8] = b"\x07";

/// More characters are no notification.
const LONGEST: usize = 200;
/// Who notifies. It also keeps a text that begins with a number from being one of ConEmu's commands (`OSC 9 ; 4 ; …` is progress:
/// <https://conemu.github.io/en/AnsiEscapeCodes.html#ConEmu_specific_OSC>).
const TITLE: &str = "Reelscope";

/// The bytes that have the terminal show this.
pub(crate) fn notification(how: NotifyHow, text: &str, multiplexer: Multiplexer) -> String {
    // What is drawn for a control character is no control character. A semicolon would begin the next parameter.
    let mut words: String = safe(text).replace(';', ",").chars().filter(|letter| !letter.is_control()).collect();
    if let Some((end, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(end);
        words.push('…');
    }
    let sequence = match how {
        NotifyHow::Osc9 => format!("\x1b]9;{TITLE}: {words}\x1b\\"),
        NotifyHow::Osc777 => format!("\x1b]777;notify;{TITLE};{words}\x1b\\"),
    };
    match multiplexer {
        Multiplexer::None => sequence,
        // It knows neither, but passes on what is wrapped (`allow-passthrough on`).
        Multiplexer::Tmux => format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_terminal_gets_its_own() {
        let of = |how, multiplexer| notification(how, "verifier: run 812 failed", multiplexer);
        assert_eq!(of(NotifyHow::Osc9, Multiplexer::None), "\x1b]9;Reelscope: verifier: run 812 failed\x1b\\");
        assert_eq!(
            of(NotifyHow::Osc777, Multiplexer::None),
            "\x1b]777;notify;Reelscope;verifier: run 812 failed\x1b\\"
        );
        assert_eq!(
            of(NotifyHow::Osc9, Multiplexer::Tmux),
            "\x1bPtmux;\x1b\x1b]9;Reelscope: verifier: run 812 failed\x1b\x1b\\\x1b\\"
        );
    }

    proptest! {
        #[test]
        fn no_text_ends_the_sequence_or_adds_to_it(text in "\\PC*|[\\x00-\\x9f;\u{202e}\u{9c}\u{9d}x]{0,400}") {
            for how in [NotifyHow::Osc9, NotifyHow::Osc777] {
                let sent = notification(how, &text, Multiplexer::None);
                let inside = sent.strip_prefix('\x1b').and_then(|rest| rest.strip_suffix("\x1b\\"));
                prop_assert!(inside.is_some_and(|inside| !inside.contains(char::is_control)), "{:?}", sent);
                prop_assert_eq!(sent.matches(';').count(), if how == NotifyHow::Osc9 { 1 } else { 3 });
                prop_assert!(sent.chars().count() < LONGEST + 40);
            }
        }
    }
}
