//! The terminal's state: raw mode, the alternate screen, mouse and paste reporting; and the way back from all of it.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use crossterm::{
    Command, cursor,
    event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste},
    queue,
    style::ResetColor,
    terminal::{EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};

use super::screen::Screen;
use crate::message::command::MouseCapture;

/// Buttons, wheel and drags (1000, 1002) in SGR coordinates (1006), but no motion (1003): a mouse that only moves wakes nobody.
struct EnableButtons;

impl Command for EnableButtons {
    fn write_ansi(&self, f: &mut impl std::fmt::Write) -> std::fmt::Result {
        f.write_str("\x1b[?1000h\x1b[?1002h\x1b[?1006h")
    }
}

/// Why there is no screen to be had here.
///
/// # Errors
/// Words for the user: what is missing, and what works without it.
pub fn usable() -> Result<(), String> {
    const WITHOUT: &str = "without a terminal these work: reelscope tables PATH · reelscope show PATH TABLE/KEY · \
                           reelscope screenshot (see reelscope --help)";
    if !io::stdin().is_terminal() {
        return Err(format!("the browser needs a terminal, and standard input is none; {WITHOUT}"));
    }
    if !io::stdout().is_terminal() {
        return Err(format!("the browser needs a terminal, and standard output is none; {WITHOUT}"));
    }
    if std::env::var("TERM").is_ok_and(|term| term == "dumb") {
        return Err(format!("the terminal calls itself dumb (TERM=dumb), so it cannot show the browser; {WITHOUT}"));
    }
    Ok(())
}

/// Brings the terminal back; cheap to clone, may be called from a panic hook, and works once for each entering.
#[derive(Clone, Debug, Default)]
pub(crate) struct Restorer {
    entered: Arc<AtomicBool>,
}

impl Restorer {
    /// Ordinary screen, cooked mode, cursor shown. Does nothing where that is so already.
    pub(crate) fn restore(&self) {
        if !self.entered.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut bytes = Vec::new();
        // Errors have nowhere to go: the terminal may be what is gone.
        let _ = queue!(
            bytes,
            EndSynchronizedUpdate,
            DisableMouseCapture,
            DisableBracketedPaste,
            ResetColor,
            cursor::Show,
            LeaveAlternateScreen
        );
        let mut stdout = io::stdout().lock();
        let _ = stdout.write_all(&bytes).and_then(|()| stdout.flush());
        let _ = disable_raw_mode();
    }
}

/// Holds the terminal; dropping it brings it back.
#[derive(Debug)]
pub(crate) struct Guard {
    restorer: Restorer,
    mouse: MouseCapture,
}

impl Guard {
    /// A guard that has not entered yet.
    pub(crate) const fn new(restorer: Restorer, mouse: MouseCapture) -> Self {
        Self { restorer, mouse }
    }

    /// Raw mode and the alternate screen.
    ///
    /// # Errors
    /// The terminal refuses, or is gone.
    pub(crate) fn enter(&self, screen: &mut Screen) -> io::Result<()> {
        self.restorer.entered.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        let mut bytes = Vec::new();
        queue!(bytes, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        if self.mouse == MouseCapture::On {
            queue!(bytes, EnableButtons)?;
        }
        screen.forget();
        screen.send(&bytes)
    }

    /// Takes the mouse, or leaves it to the terminal.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) fn capture_mouse(&mut self, mouse: MouseCapture, screen: &mut Screen) -> io::Result<()> {
        self.mouse = mouse;
        let mut bytes = Vec::new();
        match mouse {
            MouseCapture::On => queue!(bytes, EnableButtons)?,
            MouseCapture::Off => queue!(bytes, DisableMouseCapture)?,
        }
        screen.send(&bytes)
    }

    /// Takes the mouse, or leaves it, when the terminal is entered next: another program has it now.
    pub(crate) const fn capture_later(&mut self, mouse: MouseCapture) {
        self.mouse = mouse;
    }

    /// Brings the terminal back for now.
    pub(crate) fn leave(&self) {
        self.restorer.restore();
    }

    /// Brings the terminal back from what another program made of it.
    pub(crate) fn mend(&self) {
        self.restorer.entered.store(true, Ordering::SeqCst);
        self.restorer.restore();
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.restorer.restore();
    }
}
