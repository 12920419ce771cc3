//! Messages that come and go.
