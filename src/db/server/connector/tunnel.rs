//! Through a proxy: CONNECT (RFC 9110, section 9.3.6).

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{environment::Proxy, wire::Stream};
use crate::db::{
    error::{Error, ErrorKind, Result},
    server::words,
};

/// The longest answer of a proxy that is read.
const LONGEST: usize = 8 << 10;

/// Has the proxy at the other end connect us with this host.
pub(super) async fn open(mut stream: Stream, proxy: &Proxy, host: &str, port: u16) -> Result<Stream> {
    let login = proxy.login().map_or_else(String::new, |login| format!("Proxy-Authorization: {login}\r\n"));
    let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}\r\n");
    let cut = |error: std::io::Error| refuses(proxy, host, &error.to_string());
    stream.write_all(request.as_bytes()).await.map_err(cut)?;
    stream.flush().await.map_err(cut)?;
    // Byte by byte: what follows the answer belongs to the other side.
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() == LONGEST {
            return Err(refuses(proxy, host, "its answer has no end"));
        }
        answer.push(stream.read_u8().await.map_err(cut)?);
    }
    let first = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let first = String::from_utf8_lossy(first);
    match first.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)).and_then(|status| status.parse::<u16>().ok()) {
        Some(200..=299) => Ok(stream),
        Some(407) => Err(words::proxy_wants_a_login(host)),
        Some(_) => Err(refuses(proxy, host, first.get(9..).unwrap_or_default())),
        None => Err(refuses(proxy, host, "it does not speak HTTP")),
    }
}

fn refuses(proxy: &Proxy, host: &str, why: &str) -> Error {
    Error::new(
        ErrorKind::Unreachable,
        format!("{} does not connect to {host}: {}", proxy.shown(), words::short(why)),
        "ask who runs the proxy, or name the server in NO_PROXY",
    )
}
