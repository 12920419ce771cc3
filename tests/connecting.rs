//! Ways to a server.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use support::{
    http,
    proxy::{Fault, Proxy},
    sqld::{Options, Sqld},
    token::{Access, Issuer, Life},
};

#[test]
fn the_servers_of_the_tests_are_real() {
    let issuer = Issuer::new();
    let Some(mut sqld) = Sqld::start_with(Options { key: Some(issuer.public_key()), ..Options::default() }) else {
        return;
    };
    let proxy = Proxy::before(sqld.address());
    let ask = |token: Option<&str>, sql: &str| {
        let json = serde_json::json!({"requests": [{"type": "sequence", "sql": sql}, {"type": "close"}]}).to_string();
        http::post(proxy.address(), "/v2/pipeline", token, &json)
    };
    let writer = issuer.read_write();
    assert_eq!(ask(None, "SELECT 1").unwrap().status, 401);
    assert_eq!(ask(Some("nonsense"), "SELECT 1").unwrap().status, 401);
    assert_eq!(ask(Some(&issuer.token(Access::ReadWrite, Life::Expired)), "SELECT 1").unwrap().status, 401);
    assert_eq!(ask(Some(&Issuer::new().read_write()), "SELECT 1").unwrap().status, 401);
    assert_eq!(ask(Some(&issuer.read_only()), "CREATE TABLE t(a)").unwrap().status, 403);
    assert!(!ask(Some(&writer), "CREATE TABLE t(a)").unwrap().text().contains("error"));
    assert_eq!((proxy.counts().connections, proxy.counts().requests), (6, 6));
    assert_eq!(proxy.requests()[5].authorization.as_deref(), Some(&*format!("Bearer {writer}")));

    proxy.break_next("SELECT 2", Fault::Answer(500, "text/plain", b"broken".to_vec()));
    assert_eq!(ask(Some(&writer), "SELECT 1").unwrap().status, 200);
    assert_eq!(ask(Some(&writer), "SELECT 2").unwrap().text(), "broken");
    assert_eq!(ask(Some(&writer), "SELECT 2").unwrap().status, 200);
    proxy.break_all(Fault::CutAfter(5));
    assert!(ask(Some(&writer), "SELECT 1").is_err());
    proxy.refuse();
    assert_eq!(ask(Some(&writer), "SELECT 1").unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    proxy.heal();
    assert_eq!(ask(Some(&writer), "SELECT 1").unwrap().status, 200);

    sqld.kill();
    sqld.restart();
    assert!(ask(Some(&writer), "SELECT * FROM t").unwrap().text().contains("ok"), "the rows are still there");
    proxy.until_open(0);
}
