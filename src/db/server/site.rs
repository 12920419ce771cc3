//! A site on this computer that answers as a test says: what a server does wrong is easier to have in a few lines than from a real one.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use super::{Server, credentials::Credentials, endpoint::Endpoint, script::Script};

/// Both ways of a connection.
pub(super) trait Duplex: Read + Write {}

impl<T: Read + Write> Duplex for T {}

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) head: String,
    /// The connection it came over, from 0.
    pub(super) connection: usize,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }
}

/// What is done about a request.
pub(super) enum Do {
    /// These bytes are sent; the connection stays.
    Send(Vec<u8>),
    /// These bytes are sent, so slowly.
    Trickle(Vec<u8>, Duration),
    /// These bytes are sent, and the connection is closed.
    SendAndClose(Vec<u8>),
    /// Nothing is sent until the other side closes.
    Silence,
}

/// A site. It goes on until the test process ends.
pub(super) struct Site {
    pub(super) address: SocketAddr,
    asked: Arc<Mutex<Vec<Asked>>>,
    closed: Arc<AtomicBool>,
}

impl Site {
    /// Answers each request so; `wrap` makes of a connection what is spoken over it.
    pub(super) fn with(
        wrap: impl Fn(TcpStream) -> Box<dyn Duplex> + Send + Sync + 'static,
        answer: impl Fn(&Asked) -> Do + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let closed = Arc::new(AtomicBool::new(false));
        let (wrap, answer) = (Arc::new(wrap), Arc::new(answer));
        let (log, ended) = (Arc::clone(&asked), Arc::clone(&closed));
        thread::spawn(move || {
            for (connection, stream) in listener.incoming().enumerate() {
                let (wrap, answer, log, ended) =
                    (Arc::clone(&wrap), Arc::clone(&answer), Arc::clone(&log), Arc::clone(&ended));
                thread::spawn(move || {
                    serve(&mut *wrap(stream.unwrap()), connection, &log, &*answer);
                    ended.store(true, Ordering::SeqCst);
                });
            }
        });
        Self { address, asked, closed }
    }

    /// Answers each request so, unencrypted.
    pub(super) fn new(answer: impl Fn(&Asked) -> Do + Send + Sync + 'static) -> Self {
        Self::with(|stream| Box::new(stream), answer)
    }

    /// What was asked so far.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Waits until a connection has ended.
    pub(super) fn wait_for_an_end(&self) {
        while !self.closed.load(Ordering::SeqCst) {
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The server there, by plain http.
    pub(super) fn server(&self, credentials: Credentials) -> Server {
        Server::new(Endpoint::parse(&format!("http://{}", self.address)).unwrap(), credentials)
    }
}

fn serve(stream: &mut dyn Duplex, connection: usize, log: &Mutex<Vec<Asked>>, answer: &dyn Fn(&Asked) -> Do) {
    while let Some(head) = read_request(stream) {
        let asked = Asked { head, connection };
        log.lock().unwrap().push(asked.clone());
        let sent = match answer(&asked) {
            Do::Send(bytes) => stream.write_all(&bytes).and_then(|()| stream.flush()),
            Do::Trickle(bytes, pause) => bytes.iter().try_for_each(|byte| {
                thread::sleep(pause);
                stream.write_all(&[*byte]).and_then(|()| stream.flush())
            }),
            Do::SendAndClose(bytes) => {
                let _ = stream.write_all(&bytes).and_then(|()| stream.flush());
                return;
            }
            Do::Silence => {
                let _ = stream.read(&mut [0; 64]);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

/// The head of the next request, its body read as well; `None` when the other side has closed.
fn read_request(stream: &mut dyn Duplex) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let asked = Asked { head: head.clone(), connection: 0 };
    let length = asked.header("content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    Some(head)
}

/// An HTTP answer.
pub(super) fn http(status: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// What a server answers to `SELECT 1`.
pub(super) fn one() -> Vec<u8> {
    let set = r#"{"cols":[{"name":"1","decltype":null}],"rows":[[{"type":"integer","value":"1"}]],"affected_row_count":0,"last_insert_rowid":null,"replication_index":null,"rows_read":0,"rows_written":0,"query_duration_ms":0.5}"#;
    let body = format!(
        r#"{{"baton":null,"base_url":null,"results":[{{"type":"ok","response":{{"type":"batch","result":{{"step_results":[{set}],"step_errors":[null],"replication_index":null}}}}}},{{"type":"ok","response":{{"type":"get_autocommit","is_autocommit":true}}}},{{"type":"ok","response":{{"type":"close"}}}}]}}"#
    );
    http("200 OK", body.as_bytes())
}

/// `SELECT 1`.
pub(super) fn select_one() -> Script {
    let mut script = Script::default();
    script.select("SELECT 1").unwrap();
    script
}
