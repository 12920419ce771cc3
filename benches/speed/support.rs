//! Servers and the proxy of the tests: the same ones, so that what is counted there and what is timed here are one thing.

#[path = "../../tests/support/http.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
pub(crate) mod http;
#[path = "../../tests/support/proxy.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
pub(crate) mod proxy;
#[path = "../../tests/support/sqld.rs"]
#[expect(dead_code, reason = "the tests use the rest of it")]
pub(crate) mod sqld;
