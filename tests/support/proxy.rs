//! A proxy in front of a server that counts what passes and makes every fault a network or a server can have.
//!
//! It reads as much of HTTP/1.1 as is needed to tell requests apart; what is no HTTP (TLS in a tunnel) passes as it is. A request is
//! forwarded when it is whole, so a fault belongs to a request. It is an HTTP proxy too: `CONNECT` and absolute URLs lead to its server.

#![expect(clippy::panic, reason = "tests")]

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use super::{
    http::{Message, PATIENCE},
    sqld::free_port,
};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Fault {
    /// The answer stops after so many bytes, and nothing more comes; 0: it accepts, and never answers.
    StallAfter(usize),
    /// The connection is closed after so many bytes of the answer.
    CutAfter(usize),
    /// The answer comes at one byte a second.
    Trickle,
    /// The server is not asked; this is answered: status, content type, body.
    Answer(u16, &'static str, Vec<u8>),
    /// The server is not asked; these bytes, which are no HTTP, are answered.
    Garbage(Vec<u8>),
}

/// To which requests a fault happens.
struct Rule {
    /// A piece of the request's path or body; empty: to all of them.
    piece: String,
    /// To how many more.
    left: usize,
    fault: Fault,
}

/// A request that passed.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// On which connection, from 1.
    pub(crate) connection: u64,
    /// `POST /v3/pipeline`.
    pub(crate) target: String,
    /// The `authorization` header.
    pub(crate) authorization: Option<String>,
    /// The body, its quotes as they were before they became JSON.
    pub(crate) body: String,
    /// The body's bytes, to send them again.
    pub(crate) sent: Vec<u8>,
}

/// What has passed so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Connections that were made.
    pub(crate) connections: u64,
    /// Connections that are open.
    pub(crate) open: u64,
    pub(crate) requests: u64,
    /// Bytes from the clients to the server.
    pub(crate) up: u64,
    /// Bytes from the server to the clients.
    pub(crate) down: u64,
}

/// The proxy. It ends with its owner.
pub(crate) struct Proxy {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    _reserved: File,
}

struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    Closed,
    Ended,
}

struct State {
    server: SocketAddr,
    door: Door,
    /// Whether somebody listens: the door follows its order a moment later.
    listening: bool,
    delay: Duration,
    rules: Vec<Rule>,
    /// Grows with each [`Proxy::heal`]: faults that a request caught before are over.
    health: u64,
    counts: Counts,
    requests: Vec<Request>,
    live: Vec<Live>,
}

/// An open connection.
struct Live {
    number: u64,
    ends: [TcpStream; 2],
    /// What its request caught, and in which health.
    caught: Option<(Fault, u64)>,
    /// Bytes of the answer so far.
    answered: usize,
}

impl Proxy {
    /// A proxy in front of the server there.
    pub(crate) fn before(server: SocketAddr) -> Self {
        let (address, reserved) = free_port();
        let state = State {
            server,
            door: Door::Open,
            listening: false,
            delay: Duration::ZERO,
            rules: Vec::new(),
            health: 0,
            counts: Counts::default(),
            requests: Vec::new(),
            live: Vec::new(),
        };
        let shared = Arc::new(Shared { address, state: Mutex::new(state), changed: Condvar::new() });
        let serving = Arc::clone(&shared);
        let accepting = Some(thread::spawn(move || accept(&serving)));
        let proxy = Self { shared, accepting, _reserved: reserved };
        proxy.until("the proxy listens", |state| state.listening);
        proxy
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The URL of the server behind it.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.shared.address)
    }

    /// Every round trip takes this much longer from now on, that of a new connection too.
    pub(crate) fn delay(&self, delay: Duration) {
        self.shared.lock().delay = delay;
    }

    /// Leads new connections to another server.
    pub(crate) fn lead_to(&self, server: SocketAddr) {
        self.shared.lock().server = server;
    }

    /// From now on this happens to every request, also to those under way.
    pub(crate) fn break_all(&self, fault: Fault) {
        self.rule("", usize::MAX, fault);
    }

    /// From now on this happens to every request with this piece in its path or body.
    pub(crate) fn break_those(&self, piece: &str, fault: Fault) {
        self.rule(piece, usize::MAX, fault);
    }

    /// This happens to the next request with this piece in its path or body.
    pub(crate) fn break_next(&self, piece: &str, fault: Fault) {
        self.rule(piece, 1, fault);
    }

    fn rule(&self, piece: &str, left: usize, fault: Fault) {
        self.shared.lock().rules.push(Rule { piece: piece.to_owned(), left, fault });
        self.shared.changed.notify_all();
    }

    /// Cuts all connections and listens no more: connecting is refused.
    pub(crate) fn refuse(&self) {
        self.door(Door::Closed);
        self.cut();
    }

    /// Cuts all connections; new ones can be made.
    pub(crate) fn cut(&self) {
        for live in &self.shared.lock().live {
            live.close();
        }
        self.until("the connections are cut", |state| state.live.is_empty());
    }

    /// All is well again: no faults, and it listens.
    pub(crate) fn heal(&self) {
        let mut state = self.shared.lock();
        state.rules.clear();
        state.health += 1;
        drop(state);
        self.door(Door::Open);
    }

    fn door(&self, door: Door) {
        let mut state = self.shared.lock();
        if state.door == door {
            return;
        }
        state.door = door;
        drop(state);
        self.shared.changed.notify_all();
        if door == Door::Closed {
            // Wakes whoever accepts.
            let _ = TcpStream::connect(self.shared.address);
        }
        self.until("the door is as it was ordered", |state| state.listening == (door == Door::Open));
    }

    /// What has passed so far.
    pub(crate) fn counts(&self) -> Counts {
        self.shared.lock().counts
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Waits until this many requests have come in all.
    pub(crate) fn until_requests(&self, count: u64) {
        self.until(&format!("{count} requests have come"), |state| state.counts.requests >= count);
    }

    /// Waits until a request with this piece in its path or body has come.
    pub(crate) fn until_asked(&self, piece: &str) {
        self.until(&format!("{piece:?} was asked for"), |state| {
            state.requests.iter().any(|request| request.has(piece))
        });
    }

    /// Waits until no more than this many connections are open.
    pub(crate) fn until_open(&self, most: u64) {
        self.until(&format!("at most {most} connections are open"), |state| state.counts.open <= most);
    }

    fn until(&self, what: &str, wanted: impl Fn(&State) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while !wanted(&state) {
            let now = Instant::now();
            if now >= deadline {
                let counts = state.counts;
                drop(state);
                panic!("time is up before {what}: {counts:?}");
            }
            state = self.shared.wait(state, deadline - now);
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.door = Door::Ended;
        for live in &state.live {
            live.close();
        }
        drop(state);
        self.shared.changed.notify_all();
        let _ = TcpStream::connect(self.shared.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Request {
    fn has(&self, piece: &str) -> bool {
        self.target.contains(piece) || self.body.contains(piece)
    }
}

impl Live {
    fn close(&self) {
        for end in &self.ends {
            let _ = end.shutdown(Shutdown::Both);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>, time: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner).0
    }
}

impl State {
    fn live(&mut self, number: u64) -> Option<&mut Live> {
        self.live.iter_mut().find(|live| live.number == number)
    }

    /// Takes note of a request; what happens to it.
    fn take(&mut self, request: Request) -> Option<Fault> {
        let rule = self.rules.iter_mut().find(|rule| rule.left > 0 && request.has(&rule.piece));
        let fault = rule.map(|rule| {
            rule.left -= 1;
            rule.fault.clone()
        });
        let (number, health) = (request.connection, self.health);
        if let Some(live) = self.live(number) {
            live.answered = 0;
            live.caught = fault.clone().map(|fault| (fault, health));
        }
        self.counts.requests += 1;
        self.requests.push(request);
        fault
    }

    /// What happens to the answer that passes on this connection.
    fn fault(&mut self, number: u64) -> Option<Fault> {
        let health = self.health;
        let caught = self.live(number)?.caught.clone().filter(|(_, then)| *then == health).map(|(fault, _)| fault);
        caught.or_else(|| {
            let all = self.rules.iter().find(|rule| rule.piece.is_empty() && rule.left > 1);
            all.map(|rule| rule.fault.clone())
        })
    }
}

fn accept(shared: &Arc<Shared>) {
    loop {
        let listener = loop {
            match TcpListener::bind(shared.address) {
                Ok(listener) => break listener,
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        };
        shared.lock().listening = true;
        shared.changed.notify_all();
        while let Ok((client, _)) = listener.accept() {
            let mut state = shared.lock();
            if state.door != Door::Open {
                break;
            }
            state.counts.connections += 1;
            let (number, server) = (state.counts.connections, state.server);
            drop(state);
            let shared = Arc::clone(shared);
            thread::spawn(move || serve(&shared, number, client, server));
        }
        drop(listener);
        let mut state = shared.lock();
        state.listening = false;
        shared.changed.notify_all();
        while state.door == Door::Closed {
            state = shared.wait(state, PATIENCE);
        }
        if state.door == Door::Ended {
            return;
        }
    }
}

/// One connection: this thread passes requests on, another the answers.
fn serve(shared: &Arc<Shared>, number: u64, client: TcpStream, server: SocketAddr) {
    let Ok(server) = TcpStream::connect_timeout(&server, PATIENCE) else { return };
    let _ = client.set_nodelay(true);
    let _ = server.set_nodelay(true);
    let (Ok(one), Ok(other)) = (client.try_clone(), server.try_clone()) else { return };
    let mut state = shared.lock();
    if state.door != Door::Open {
        return;
    }
    state.live.push(Live { number, ends: [one, other], caught: None, answered: 0 });
    state.counts.open += 1;
    let delay = state.delay;
    drop(state);
    shared.changed.notify_all();
    thread::sleep(delay);
    if let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) {
        let answers = Arc::clone(shared);
        thread::spawn(move || {
            pass_answers(&answers, number, from, &to);
            end(&answers, number);
        });
        pass_requests(shared, number, client, server);
    }
    end(shared, number);
}

/// Closes both sides.
fn end(shared: &Shared, number: u64) {
    let mut state = shared.lock();
    if let Some(at) = state.live.iter().position(|live| live.number == number) {
        state.live.swap_remove(at).close();
        state.counts.open -= 1;
    }
    drop(state);
    shared.changed.notify_all();
}

fn pass_requests(shared: &Shared, number: u64, mut client: TcpStream, mut server: TcpStream) {
    let mut buffer = [0; 65_536];
    let mut message = Message::default();
    // What the next request is made of, as it came.
    let mut raw = Vec::new();
    let mut plain = true;
    loop {
        let Ok(count @ 1..) = client.read(&mut buffer) else { return };
        shared.lock().counts.up += count as u64;
        if raw.is_empty() && (buffer[0] == 0x16 || buffer[..count].starts_with(b"PRI * HTTP/2")) {
            plain = false;
        }
        if !plain {
            if server.write_all(&buffer[..count]).is_err() {
                return;
            }
            continue;
        }
        raw.extend_from_slice(&buffer[..count]);
        message.feed(&buffer[..count]);
        while message.is_whole() {
            let whole = std::mem::take(&mut message);
            let request = Request {
                connection: number,
                target: whole.line().trim_end_matches(" HTTP/1.1").to_owned(),
                authorization: whole.header("authorization").map(str::to_owned),
                body: String::from_utf8_lossy(&whole.body).replace("\\\"", "\""),
                sent: whole.body.clone(),
            };
            let rest = whole.into_rest();
            let bytes = raw[..raw.len() - rest.len()].to_vec();
            raw.clone_from(&rest);
            message.feed(&rest);
            if !pass_request(shared, request, &bytes, &mut client, &mut server) {
                return;
            }
        }
    }
}

/// Passes one request on; whether the connection goes on.
fn pass_request(
    shared: &Shared,
    request: Request,
    bytes: &[u8],
    client: &mut TcpStream,
    server: &mut TcpStream,
) -> bool {
    if request.target.starts_with("CONNECT ") {
        return client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").is_ok();
    }
    let target = request.target.clone();
    let mut state = shared.lock();
    let (fault, delay) = (state.take(request), state.delay);
    drop(state);
    shared.changed.notify_all();
    thread::sleep(delay);
    match fault {
        Some(Fault::Answer(status, kind, body)) => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
            client.write_all(head.as_bytes()).and_then(|()| client.write_all(&body)).is_ok()
        }
        Some(Fault::Garbage(bytes)) => {
            let _ = client.write_all(&bytes);
            false
        }
        _ => server.write_all(&origin_form(&target, bytes)).is_ok(),
    }
}

/// The request for the server itself: without the scheme and the host that are for a proxy.
fn origin_form(target: &str, bytes: &[u8]) -> Vec<u8> {
    let Some((method, url)) = target.split_once(" http://") else { return bytes.to_vec() };
    let path = url.find('/').map_or("/", |at| &url[at..]);
    let mut changed = format!("{method} {path}").into_bytes();
    changed.extend_from_slice(&bytes[target.len()..]);
    changed
}

fn pass_answers(shared: &Shared, number: u64, mut server: TcpStream, mut client: &TcpStream) {
    let mut buffer = [0; 65_536];
    loop {
        let Ok(count @ 1..) = server.read(&mut buffer) else { return };
        let mut at = 0;
        while at < count {
            let mut state = shared.lock();
            let fault = state.fault(number);
            let Some(live) = state.live(number) else { return };
            let left = |limit: usize| limit.saturating_sub(live.answered).min(count - at);
            let (take, then) = match fault {
                Some(Fault::StallAfter(limit)) => (left(limit), Then::Wait(PATIENCE)),
                Some(Fault::CutAfter(limit)) if left(limit) < count - at => (left(limit), Then::Cut),
                Some(Fault::Trickle) => (1, Then::Wait(Duration::from_secs(1))),
                _ => (count - at, Then::Go),
            };
            live.answered += take;
            state.counts.down += take as u64;
            drop(state);
            shared.changed.notify_all();
            if client.write_all(&buffer[at..at + take]).is_err() {
                return;
            }
            at += take;
            match then {
                Then::Go => {}
                Then::Cut => return,
                // The end of the connection and of the fault wake it, too.
                Then::Wait(time) if at < count => drop(shared.wait(shared.lock(), time)),
                Then::Wait(_) => {}
            }
        }
    }
}

/// What follows a piece of an answer.
enum Then {
    Go,
    Wait(Duration),
    Cut,
}
