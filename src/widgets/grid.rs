//! The grid: columns, widths, frozen and hidden ones, drawn for what is visible.
