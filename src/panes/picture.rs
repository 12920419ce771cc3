//! For tests: what a buffer shows, as lines of text.

use ratatui::buffer::{Buffer, CellWidth as _};

/// The symbols of each row; what a wide character covers is left out.
pub(crate) fn picture(buf: &Buffer) -> String {
    let mut text = String::new();
    for row in buf.content.chunks(usize::from(buf.area.width).max(1)) {
        let mut line = String::new();
        let mut covered = 0;
        for cell in row {
            if covered == 0 {
                line.push_str(cell.symbol());
                covered = cell.symbol().cell_width();
            }
            covered = covered.saturating_sub(1);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
