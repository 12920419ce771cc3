//! The screen as ratatui's backend: a frame is collected and goes out in one write, inside a synchronized update.
//!
//! It is also the last belt around hostile text: a cell whose symbol holds a control or bidi character is replaced here,
//! whatever the widgets did.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Write},
    os::fd::AsFd as _,
    rc::Rc,
};

use ratatui::{
    backend::{Backend, ClearType, CrosstermBackend, WindowSize},
    buffer::Cell,
    layout::{Position, Size},
};

const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// Bytes shared between the backend, which fills them, and the screen, which sends them.
#[derive(Clone, Debug, Default)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    // ratatui flushes several times in a frame; only `Screen::commit` ends one.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Where the cursor is known to be, so that it is not said again in every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cursor {
    Unknown,
    Hidden,
    At(Position),
}

/// The terminal, as what is drawn on.
#[derive(Debug)]
pub(crate) struct Screen<W: Write = File> {
    backend: CrosstermBackend<Frame>,
    frame: Frame,
    out: W,
    cursor: Cursor,
    shown: bool,
    frames: u64,
}

impl Screen<File> {
    /// Standard output, unbuffered: frames are whole when they are written.
    ///
    /// # Errors
    /// Standard output is closed.
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self::new(File::from(io::stdout().as_fd().try_clone_to_owned()?)))
    }
}

impl<W: Write> Screen<W> {
    /// A screen that writes to this.
    pub(crate) fn new(out: W) -> Self {
        let frame = Frame::default();
        Self {
            backend: CrosstermBackend::new(frame.clone()),
            frame,
            out,
            cursor: Cursor::Unknown,
            shown: false,
            frames: 0,
        }
    }

    /// Sends the frame that was collected; nothing where nothing changed.
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        let mut frame = self.frame.0.borrow_mut();
        if frame.is_empty() {
            return Ok(());
        }
        frame.splice(0..0, BEGIN.iter().copied());
        frame.extend_from_slice(END);
        self.frames += 1;
        let written = self.out.write_all(&frame).and_then(|()| self.out.flush());
        frame.clear();
        // A frame of a whole big screen must not be carried along for ever.
        frame.shrink_to(256 * 1024);
        written
    }

    /// Sends bytes that are not part of a frame (OSC 52, mouse reporting).
    ///
    /// # Errors
    /// The terminal is gone.
    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        self.out.flush()
    }

    /// Frames sent so far.
    pub(crate) const fn frames(&self) -> u64 {
        self.frames
    }

    /// Forgets where the cursor is: something else wrote to the terminal.
    pub(crate) const fn forget(&mut self) {
        self.cursor = Cursor::Unknown;
        self.shown = false;
    }
}

/// Whether a symbol must not reach the terminal: control characters, bidi controls, invisible format characters that
/// reorder what is around them (Unicode TR #36, 3.2; TR #9).
fn is_hostile(symbol: &str) -> bool {
    // All of them are below 0x20, 0x7f, or start with 0xC2 (C1), 0xD8 (ALM) or 0xE2 (the others).
    if symbol.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return false;
    }
    symbol.chars().any(|letter| {
        letter.is_control()
            || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    })
}

impl<W: Write> Backend for Screen<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut cells: Vec<(u16, u16, &Cell)> = content.collect();
        if cells.is_empty() {
            return Ok(());
        }
        let cleaned: Vec<(usize, Cell)> = cells
            .iter()
            .enumerate()
            .filter(|(_, (.., cell))| is_hostile(cell.symbol()))
            .map(|(at, (.., cell))| {
                let mut cell = (*cell).clone();
                cell.set_symbol("\u{fffd}");
                (at, cell)
            })
            .collect();
        for (at, cell) in &cleaned {
            cells[*at].2 = cell;
        }
        // Writing cells moves the cursor.
        if matches!(self.cursor, Cursor::At(_)) {
            self.cursor = Cursor::Unknown;
        }
        self.backend.draw(cells.into_iter())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor == Cursor::Hidden {
            return Ok(());
        }
        self.cursor = Cursor::Hidden;
        self.shown = false;
        self.backend.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.shown {
            return Ok(());
        }
        self.shown = true;
        self.cursor = Cursor::Unknown;
        self.backend.show_cursor()
    }

    // The cursor is where we put it: asking the terminal would block, and its answer arrives among the keys.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(match self.cursor {
            Cursor::At(position) => position,
            Cursor::Unknown | Cursor::Hidden => Position::ORIGIN,
        })
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Cursor::At(position) {
            return Ok(());
        }
        if self.cursor != Cursor::Hidden {
            self.cursor = Cursor::At(position);
        }
        self.backend.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.backend.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.backend.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        let (width, height) = size()?;
        Ok(Size { width, height })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize { columns_rows: self.size()?, pixels: Size::default() })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Columns and rows of the terminal on standard output. crossterm's own would start `tput` where the terminal says nothing.
///
/// # Errors
/// Standard output is no terminal (any more).
pub(crate) fn size() -> io::Result<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout())?;
    Ok((size.ws_col, size.ws_row))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn draw(screen: &mut Screen<Vec<u8>>, symbol: &str) -> String {
        let mut cell = Cell::default();
        cell.set_symbol(symbol);
        screen.draw([(0, 0, &cell)].into_iter()).unwrap();
        screen.hide_cursor().unwrap();
        screen.commit().unwrap();
        String::from_utf8(std::mem::take(&mut screen.out)).unwrap()
    }

    #[test]
    fn a_frame_is_one_synchronized_update() {
        let mut screen = Screen::new(Vec::new());
        let sent = draw(&mut screen, "x");
        assert!(sent.starts_with("\x1b[?2026h") && sent.ends_with("\x1b[?2026l"), "{sent:?}");
        assert!(sent.contains('x'));
        screen.draw(std::iter::empty()).unwrap();
        screen.hide_cursor().unwrap();
        screen.commit().unwrap();
        assert!(screen.out.is_empty(), "a frame in which nothing changed sends nothing");
        assert_eq!(screen.frames(), 1);
    }

    #[test]
    fn hostile_symbols_never_arrive() {
        let mut screen = Screen::new(Vec::new());
        for symbol in ["\x1b", "a\x07", "\u{9b}", "\u{202e}", "\u{2066}", "\x7f", "\n"] {
            let sent = draw(&mut screen, symbol);
            assert!(!sent.contains(symbol) || symbol == "\x1b", "{sent:?}");
            assert!(sent.contains('\u{fffd}'), "{sent:?}");
        }
        assert!(draw(&mut screen, "👩‍👩‍👧").contains("👩‍👩‍👧"));
    }
}
