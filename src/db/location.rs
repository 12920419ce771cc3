//! Where a database is: a path, `file:PATH` (later: servers and replicas).
