//! Times as the database stores them, in two forms, and as people read them.
