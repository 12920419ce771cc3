//! The least a ratatui program can do: open the file, read 50 rows, draw them. What Reelscope's start is compared with.

use std::{error::Error, io, path::Path};

use crossterm::{
    event::{self, Event, KeyCode},
    execute,
    terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate},
};
use ratatui::{
    layout::Constraint,
    widgets::{Block, Row, Table},
};
use rusqlite::{Connection, OpenFlags, types::ValueRef};

/// Rows of a page.
pub(crate) const ROWS: usize = 50;
const WIDTHS: [u16; 9] = [10, 16, 10, 12, 10, 40, 40, 30, 24];
/// No cell is wider.
const CELL: usize = 40;

/// Runs it: `G` draws the last rows, `g` the first ones, `q` ends it.
pub(crate) fn run(path: &Path) -> Result<(), Box<dyn Error>> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut rows = read(&connection, "SELECT * FROM bot_ledger ORDER BY id LIMIT 50")?;
    let mut terminal = ratatui::try_init()?;
    loop {
        // Reelscope says where a frame ends, and so does this.
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        terminal.draw(|frame| {
            let rows = rows.iter().map(|cells| Row::new(cells.iter().map(String::as_str)));
            let table = Table::new(rows, WIDTHS.map(Constraint::Length)).block(Block::bordered().title("bot_ledger"));
            frame.render_widget(table, frame.area());
        })?;
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        loop {
            let Event::Key(key) = event::read()? else { continue };
            match key.code {
                KeyCode::Char('G') => {
                    rows = read(&connection, "SELECT * FROM bot_ledger ORDER BY id DESC LIMIT 50")?;
                    rows.reverse();
                    break;
                }
                KeyCode::Char('g') => {
                    rows = read(&connection, "SELECT * FROM bot_ledger ORDER BY id LIMIT 50")?;
                    break;
                }
                KeyCode::Char('q') => {
                    ratatui::try_restore()?;
                    return Ok(());
                }
                _ => {}
            }
        }
    }
}

fn read(connection: &Connection, sql: &str) -> rusqlite::Result<Vec<Vec<String>>> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    statement.query_map([], |row| (0..columns).map(|column| Ok(text(row.get_ref(column)?))).collect())?.collect()
}

fn text(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "NULL".to_owned(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(CELL)]).into_owned(),
        ValueRef::Blob(bytes) => format!("{} bytes", bytes.len()),
    }
}
