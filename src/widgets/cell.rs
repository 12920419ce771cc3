//! One cell of the grid, drawn so that no two kinds of value look alike.
