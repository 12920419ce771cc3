//! Noticing changes: `data_version`, the file itself, the write-ahead log.
