//! Text from the database made harmless: no control byte of it reaches the terminal.
