//! What the link does with servers that fail in every way, by sites that do just that.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{
    Barrier,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use super::*;
use crate::db::{
    request::{LinkState, SLOTS},
    server::{
        Plaintext,
        credentials::{Credentials, Token},
        endpoint::Endpoint,
        site::{Do, Site, http, one, select_one},
    },
};

fn ask(link: &Link) -> Result<Vec<Set>> {
    link.batch(&select_one(), &Canceller::default())
}

fn failure(site: &Site) -> Error {
    let mut server = site.server(Credentials::none());
    server.limits.request = Duration::from_millis(300);
    ask(server.link().unwrap()).unwrap_err()
}

/// A source that gives these, one after another, the last for ever.
fn tokens(texts: &'static [&'static str]) -> (Credentials, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let source = move || {
        let at = count.fetch_add(1, Ordering::SeqCst).min(texts.len() - 1);
        Token::new(texts[at]).map(Some)
    };
    (Credentials::new("TURSO_AUTH_TOKEN_RO", source), asked)
}

#[test]
fn requests_one_after_another_use_one_connection() {
    let site = Site::new(|_| Do::Send(one()));
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    for _ in 0..5 {
        assert_eq!(ask(link).unwrap()[0].rows, [[Value::Integer(1)]]);
    }
    let traffic = link.traffic();
    assert_eq!((traffic.connections, traffic.requests), (1, 5));
    assert_eq!(link.status().state, LinkState::Connected);
    assert!(link.status().latency.is_some());
}

#[test]
fn all_slots_and_the_observers_at_once_never_wait_for_each_other() {
    // None is answered before all were asked.
    let many = SLOTS.len() + 2;
    let all = Barrier::new(many);
    let site = Site::new(move |_| {
        all.wait();
        Do::Send(one())
    });
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    thread::scope(|scope| {
        let asked: Vec<_> = (0..many).map(|_| scope.spawn(|| ask(link).unwrap())).collect();
        assert!(asked.into_iter().all(|asked| asked.join().unwrap().len() == 1));
    });
    assert_eq!(link.traffic().connections, many as u64);
}

#[test]
fn a_kept_connection_that_is_dead_is_replaced_unseen_with_one_request_more_at_most() {
    // The second request over a connection ends it, unanswered.
    let first = AtomicBool::new(true);
    let site = Site::new(move |asked| {
        if asked.connection == 0 && !first.swap(false, Ordering::SeqCst) {
            Do::SendAndClose(Vec::new())
        } else {
            Do::Send(one())
        }
    });
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    ask(link).unwrap();
    ask(link).unwrap();
    let over: Vec<usize> = site.asked().iter().map(|asked| asked.connection).collect();
    assert_eq!(over, [0, 0, 1]);
}

#[test]
fn nothing_is_sent_a_third_time() {
    let first = AtomicBool::new(true);
    let site =
        Site::new(
            move |_| {
                if first.swap(false, Ordering::SeqCst) { Do::Send(one()) } else { Do::SendAndClose(Vec::new()) }
            },
        );
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    ask(link).unwrap();
    assert_eq!(ask(link).unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(site.asked().len(), 3);
    // A connection that never worked is no reason to ask again.
    assert_eq!(ask(link).unwrap_err().kind, ErrorKind::Unreachable);
    assert_eq!(site.asked().len(), 4);
}

#[test]
fn a_server_that_closes_after_each_answer_is_asked_once_each() {
    let site = Site::new(|_| Do::SendAndClose(one()));
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    for _ in 0..5 {
        ask(link).unwrap();
        site.wait_for_an_end();
    }
    assert!(site.asked().len() <= 10, "{}", site.asked().len());
}

#[test]
fn silence_ends_with_the_time_limit() {
    let error = failure(&Site::new(|_| Do::Silence));
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(error.what.contains("accepts the connection and has not answered"), "{}", error.what);
}

#[test]
fn a_trickle_ends_with_the_time_limit() {
    let error = failure(&Site::new(|_| Do::Trickle(one(), Duration::from_millis(20))));
    assert_eq!(error.kind, ErrorKind::TimedOut);
    assert!(error.what.contains("had sent only"), "{}", error.what);
}

#[test]
fn a_question_with_less_time_than_others_says_nothing_of_the_way() {
    let first = AtomicBool::new(true);
    let site = Site::new(move |_| if first.swap(false, Ordering::SeqCst) { Do::Send(one()) } else { Do::Silence });
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    ask(link).unwrap();
    let error = link.batch_within(&select_one(), &Canceller::default(), Duration::from_millis(50)).unwrap_err();
    assert_eq!((error.kind, link.status().state), (ErrorKind::TimedOut, LinkState::Connected));
    assert_eq!(link.next_try(), None);
}

#[test]
fn what_is_cancelled_is_closed() {
    let site = Site::new(|_| Do::Silence);
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    let canceller = Canceller::default();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| link.batch(&select_one(), &canceller));
        while site.asked().is_empty() {
            thread::sleep(Duration::from_millis(5));
        }
        canceller.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().kind, ErrorKind::Cancelled);
    });
    site.wait_for_an_end();
    // Before it began as well.
    assert_eq!(link.batch(&select_one(), &canceller).unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(link.cursor(&select_one(), &canceller, &mut |_| Ok(Flow::More)).unwrap_err().kind, ErrorKind::Cancelled);
    assert_eq!(site.asked().len(), 1);
}

#[test]
fn answers_of_every_kind_of_wrong_are_told_apart() {
    let kinds = [
        (http("500 Internal Server Error", b"\xff\xfe\x00broken \x80"), ErrorKind::Server),
        (http("500 Internal Server Error", "<html>Über</html>".as_bytes()), ErrorKind::Server),
        (http("502 Bad Gateway", b"no"), ErrorKind::Server),
        (http("200 OK", b"<html>log in</html>"), ErrorKind::Server),
        (http("302 Found", b""), ErrorKind::Server),
        (http("401 Unauthorized", b""), ErrorKind::Unauthorized),
        (http("403 Forbidden", b""), ErrorKind::Forbidden),
        (http("404 Not Found", b""), ErrorKind::NoSuchDatabase),
        (http("429 Too Many Requests", b""), ErrorKind::Throttled),
        (b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(), ErrorKind::Server),
        (one()[..200].to_vec(), ErrorKind::Unreachable),
        (Vec::new(), ErrorKind::Unreachable),
    ];
    let told: Vec<String> = kinds
        .into_iter()
        .map(|(bytes, kind)| {
            let site = Site::new(move |_| Do::SendAndClose(bytes.clone()));
            let error = failure(&site);
            assert_eq!(error.kind, kind, "{error:?}");
            error.what.replace(&site.address.to_string(), "SITE")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn another_token_is_asked_for_when_one_is_refused() {
    let site = Site::new(|asked| {
        let new = asked.header("authorization") == Some("Bearer new");
        Do::Send(if new { one() } else { http("401 Unauthorized", b"The JWT has expired") })
    });
    let (credentials, asked) = tokens(&["old", "new"]);
    let server = site.server(credentials);
    let link = server.link().unwrap();
    ask(link).unwrap();
    ask(link).unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), site.asked().len()), (2, 3));
}

#[test]
fn a_source_that_is_at_work_is_not_asked_again_by_the_next() {
    let site = Site::new(|_| Do::Send(one()));
    let (gate, opened) = std::sync::mpsc::channel::<()>();
    let (asked, opened) = (Arc::new(AtomicUsize::new(0)), Mutex::new(opened));
    let count = Arc::clone(&asked);
    let server = site.server(Credentials::new("token_command of @prod", move || {
        count.fetch_add(1, Ordering::SeqCst);
        opened.lock().unwrap().recv().unwrap();
        Token::new("token").map(Some)
    }));
    let link = server.link().unwrap();
    let canceller = Canceller::default();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| link.batch(&select_one(), &canceller));
        while asked.load(Ordering::SeqCst) == 0 {
            thread::sleep(Duration::from_millis(5));
        }
        canceller.cancel();
        assert_eq!(waiting.join().unwrap().unwrap_err().kind, ErrorKind::Cancelled);
        gate.send(()).unwrap();
        ask(link).unwrap();
    });
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    assert_eq!(link.token().unwrap(), Some(Token::new("token").unwrap()));
    assert_eq!(asked.load(Ordering::SeqCst), 1, "other clients take the same");
}

#[test]
fn the_same_token_is_not_sent_again_and_its_source_is_named() {
    let site = Site::new(|_| Do::Send(http("401 Unauthorized", b"The JWT has expired")));
    let (credentials, asked) = tokens(&["old"]);
    let server = site.server(credentials);
    let link = server.link().unwrap();
    let error = ask(link).unwrap_err();
    assert!(error.what.contains("expired") && error.remedy.contains("TURSO_AUTH_TOKEN_RO"), "{error:?}");
    assert_eq!((asked.load(Ordering::SeqCst), site.asked().len()), (2, 1));
    assert!(matches!(link.status().state, LinkState::Offline { .. }));
    // The source was asked a moment ago: it is not asked for each request.
    assert!(ask(link).is_err());
    assert_eq!((asked.load(Ordering::SeqCst), site.asked().len()), (2, 2));
}

#[test]
fn a_token_stands_in_no_words_whatever_the_server_echoes() {
    let site = Site::new(|asked| Do::Send(http("500 Internal Server Error", asked.head.as_bytes())));
    let (credentials, _) = tokens(&["s3cr3t-t0ken"]);
    let server = site.server(credentials);
    let link = server.link().unwrap();
    let error = ask(link).unwrap_err();
    assert!(site.asked()[0].head.contains("s3cr3t-t0ken"));
    assert!(error.what.contains("Bearer"), "{error:?}");
    assert!(!format!("{error:?}{server:?}{link:?}{:?}", link.status()).contains("s3cr3t"), "{error:?}");
}

#[test]
fn no_token_travels_in_the_clear() {
    let endpoint = Endpoint::parse("http://192.0.2.1:8080").unwrap();
    let (credentials, _) = tokens(&["token"]);
    let mut server = Server::new(endpoint, credentials);
    server.limits.connect = Duration::from_millis(50);
    let link = server.link().unwrap();
    let error = ask(link).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Insecure);
    assert!(error.remedy.contains("--insecure-http"));
    // It was asked for by the flag: now it is only that nobody is there.
    let mut allowed = server.with_environment(&[]);
    allowed.plaintext = Plaintext::Allowed;
    let error = ask(allowed.link().unwrap()).unwrap_err();
    assert!(matches!(error.kind, ErrorKind::TimedOut | ErrorKind::Unreachable), "{error:?}");
}

#[test]
fn the_state_follows_what_happens() {
    let well = Arc::new(AtomicBool::new(false));
    let answers = Arc::clone(&well);
    let site = Site::new(move |_| {
        Do::Send(if answers.load(Ordering::SeqCst) { one() } else { http("503 Service Unavailable", b"") })
    });
    let server = site.server(Credentials::none());
    let link = server.link().unwrap();
    let told = Arc::new(Mutex::new(Vec::new()));
    let states = Arc::clone(&told);
    link.on_status(move |status| {
        states.lock().unwrap().push(match status.state {
            LinkState::Connecting => "connecting",
            LinkState::Connected => "connected",
            LinkState::Slow { .. } => "slow",
            LinkState::Reconnecting { .. } => "reconnecting",
            LinkState::Offline { .. } => "offline",
        });
    });
    assert_eq!(link.next_try(), None);
    for _ in 0..3 {
        assert!(ask(link).is_err());
    }
    assert!(link.next_try().is_some());
    well.store(true, Ordering::SeqCst);
    ask(link).unwrap();
    assert_eq!(link.next_try(), None);
    assert_eq!(*told.lock().unwrap(), ["reconnecting", "reconnecting", "offline", "connected"]);
}

#[test]
fn everything_ends_with_the_last_clone() {
    let site = Site::new(|_| Do::Send(one()));
    let server = site.server(Credentials::none());
    ask(server.link().unwrap()).unwrap();
    drop(server.clone());
    ask(server.link().unwrap()).unwrap();
    assert_eq!(site.asked().len(), 2);
    drop(server);
    site.wait_for_an_end();
}
