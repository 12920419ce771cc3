//! The bots pane: runs, queue and the tail of the ledger, live.
