//! A session for reading: the one object that holds a connection, and has no method that writes.
