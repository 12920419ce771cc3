//! Chords, contexts and the default table; help and palette are drawn from the same table.
