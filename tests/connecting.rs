//! Ways to a server.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest of it")]
mod support;

use std::process::{Command, Stdio};

use support::{
    http,
    proxy::{Fault, Proxy},
    sqld::{Options, Sqld},
    tls::{TlsDoor, Validity},
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

/// Runs a command on this database; its exit status, what it printed and what it said.
fn tables(url: &str, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_reelscope"));
    command.args(["tables", url, "--format", "json", "--timeout", "5"]).args(arguments).env_clear();
    command.env("HOME", home.path()).current_dir(home.path());
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn with_rows() -> Option<Sqld> {
    let sqld = Sqld::start()?;
    sqld.run("CREATE TABLE reached(id INTEGER PRIMARY KEY); INSERT INTO reached VALUES (1), (2)");
    Some(sqld)
}

#[test]
fn every_way_to_write_the_address() {
    let Some(sqld) = with_rows() else { return };
    let address = sqld.address();
    for url in [
        format!("http://{address}"),
        format!("http://{address}/"),
        format!("HTTP://{address}"),
        format!("http://localhost:{}", address.port()),
        format!("libsql://{address}?tls=0"),
    ] {
        let (status, out, words) = tables(&url, &[], &[]);
        assert_eq!(status, Some(0), "{url}: {words}");
        assert!(out.contains("\"reached\""), "{url}: {out}");
    }
    // Encrypted where nothing else is said; and here nobody speaks TLS.
    for url in [format!("libsql://{address}"), format!("https://{address}")] {
        let (status, out, words) = tables(&url, &[], &[]);
        assert_eq!((status, out.as_str()), (Some(3), ""), "{url}: {words}");
    }
}

#[test]
fn through_a_proxy() {
    let Some(sqld) = with_rows() else { return };
    let proxy = Proxy::before(sqld.address());
    // Nobody resolves this name: the proxy is asked to go there.
    let url = "http://db.reelscope.invalid:8080";
    let through = proxy.url();
    for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
        let before = proxy.counts().connections;
        let (status, out, words) = tables(url, &[], &[(name, &through)]);
        assert_eq!(status, Some(0), "{name}: {words}");
        assert!(out.contains("\"reached\""), "{name}: {out}");
        assert!(proxy.counts().connections > before);
    }
    // Not to this computer, and not where it is excepted.
    let before = proxy.counts();
    let (status, _, words) = tables(&sqld.url(), &[], &[("http_proxy", &through)]);
    assert_eq!(status, Some(0), "{words}");
    let excepted = [("http_proxy", through.as_str()), ("no_proxy", ".invalid")];
    assert_eq!(tables(url, &[], &excepted).0, Some(3));
    assert_eq!(proxy.counts(), before);
    // A proxy that is not there is named.
    proxy.refuse();
    let (status, _, words) = tables(url, &[], &[("http_proxy", &through)]);
    assert_eq!(status, Some(3), "{words}");
    assert!(words.contains("proxy"), "{words}");
}

#[test]
fn certificates() {
    let Some(sqld) = with_rows() else { return };
    let door = |name: &str, validity| TlsDoor::before(sqld.address(), name, validity);
    let (right, other, old) = (
        door("localhost", Validity::Good),
        door("other.example", Validity::Good),
        door("localhost", Validity::Expired),
    );
    let ask = |door: &TlsDoor, trusted: bool| {
        let roots = door.roots();
        let variables = [("SSL_CERT_FILE", roots.to_str().unwrap())];
        tables(&format!("https://localhost:{}", door.port()), &[], if trusted { &variables } else { &[] })
    };
    let (status, out, words) = ask(&right, true);
    assert_eq!(status, Some(0), "{words}");
    assert!(out.contains("\"reached\""), "{out}");
    for (what, door, trusted) in [("unknown", &right, false), ("another's", &other, true), ("expired", &old, true)] {
        let (status, out, words) = ask(door, trusted);
        assert_eq!((status, out.as_str()), (Some(3), ""), "{what}: {words}");
        assert!(words.contains("certificate"), "{what}: {words}");
    }
    // Roots that cannot be read are no reason to trust nobody, or everybody, in silence.
    let (status, _, words) =
        tables(&format!("https://localhost:{}", right.port()), &[], &[("SSL_CERT_FILE", "/nonexistent/roots.pem")]);
    assert_ne!(status, Some(0));
    assert!(words.contains("roots.pem") || words.contains("SSL_CERT_FILE") || words.contains("certificate"), "{words}");
}
