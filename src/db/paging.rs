//! Keyset pages over any relation in any order.
