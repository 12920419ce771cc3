//! Opening a file so that reading leaves no trace: flags, write-ahead logs, limits, deadlines.
