//! The workers: a thread and a connection for each slot, cancelled by newer requests.
