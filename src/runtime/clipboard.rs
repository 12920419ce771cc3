//! Copying: by OSC 52 through the terminal (works over SSH) and by the system's clipboard, whichever works.

use std::{
    sync::mpsc::{self, Sender},
    thread,
};

use crossterm::{Command as _, clipboard::CopyToClipboard};

/// Terminals drop longer OSC 52 sequences (xterm, kitty and tmux have limits from 74,994 bytes up), so it is not tried.
pub(crate) const OSC52_LIMIT: usize = 74_994 / 4 * 3;

/// What is there to copy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Multiplexer {
    /// The terminal itself.
    None,
    /// tmux, which passes a sequence on only when it is wrapped.
    Tmux,
}

/// The bytes that put this on the terminal's clipboard; `None` where it is too long for one.
pub(crate) fn osc52(text: &str, multiplexer: Multiplexer) -> Option<String> {
    if text.len() > OSC52_LIMIT {
        return None;
    }
    let mut sequence = String::new();
    CopyToClipboard::to_clipboard_from(text).write_ansi(&mut sequence).ok()?;
    Some(match multiplexer {
        Multiplexer::None => sequence,
        // Plain for `set-clipboard on`, wrapped for `allow-passthrough on`: which of them tmux takes cannot be known.
        Multiplexer::Tmux => format!("{sequence}\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")),
    })
}

/// The system's clipboard, held by a thread of its own: it may hang or not be there.
#[derive(Debug, Default)]
pub(crate) struct System {
    thread: Option<Sender<String>>,
}

impl System {
    /// Whether there is a display whose clipboard could be reached.
    pub(crate) fn is_there() -> bool {
        cfg!(not(all(unix, not(target_os = "macos"))))
            || ["WAYLAND_DISPLAY", "DISPLAY"].iter().any(|name| std::env::var_os(name).is_some_and(|at| !at.is_empty()))
    }

    /// Hands the text over, and returns at once.
    pub(crate) fn copy(&mut self, text: String) {
        let thread = self.thread.get_or_insert_with(|| {
            let (sender, texts) = mpsc::channel::<String>();
            let started = thread::Builder::new().name("clipboard".to_owned()).spawn(move || {
                // Kept for the whole session: on X11 and Wayland the one who copied has to hand it out.
                let mut clipboard = match arboard::Clipboard::new() {
                    Ok(clipboard) => clipboard,
                    Err(error) => return tracing::info!("no system clipboard: {error}"),
                };
                for text in texts {
                    if let Err(error) = clipboard.set_text(text) {
                        tracing::info!("the system clipboard did not take it: {error}");
                    }
                }
            });
            if let Err(error) = started {
                tracing::warn!("no thread for the clipboard: {error}");
            }
            sender
        });
        let _ = thread.send(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn osc_52_carries_base64() {
        assert_eq!(osc52("hé", Multiplexer::None).as_deref(), Some("\x1b]52;c;aMOp\x1b\\"));
        assert_eq!(
            osc52("h", Multiplexer::Tmux).as_deref(),
            Some("\x1b]52;c;aA==\x1b\\\x1bPtmux;\x1b\x1b]52;c;aA==\x1b\x1b\\\x1b\\")
        );
        assert_eq!(osc52(&"x".repeat(OSC52_LIMIT + 1), Multiplexer::None), None);
    }
}
