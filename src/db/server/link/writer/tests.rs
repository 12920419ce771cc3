//! What is said of a transaction, by what a server answers to it.

#![expect(clippy::unwrap_used, reason = "tests")]

use serde_json::json;

use super::*;
use crate::db::{
    location::Location,
    server::{
        credentials::Credentials,
        site::{Do, Site, http},
    },
    write::Grant,
};

/// What became of BEGIN and COMMIT where the server says this of each step, and this of what is open at the end.
fn became(steps: &[Result<(), &str>], is_autocommit: Json) -> Sent {
    let set = json!({"cols": [], "rows": [], "affected_row_count": 0});
    let results: Vec<Json> = steps.iter().map(|step| step.map_or(Json::Null, |()| set.clone())).collect();
    let errors: Vec<Json> = steps
        .iter()
        .map(|step| step.err().map_or(Json::Null, |code| json!({"message": "no such luck", "code": code})))
        .collect();
    let body = json!({"results": [
        {"type": "ok", "response": {"type": "batch", "result": {"step_results": results, "step_errors": errors}}},
        {"type": "ok", "response": {"type": "get_autocommit", "is_autocommit": is_autocommit}},
        {"type": "ok", "response": {"type": "close"}},
    ]});
    let site = Site::new(move |_| Do::Send(http("200 OK", body.to_string().as_bytes())));
    let server = site.server(Credentials::none());
    let grant = Grant::open(&Location::Server(server.clone())).unwrap();
    let sent = server.link().unwrap().write(&Transaction::whenever(&grant), &Canceller::default()).unwrap();
    assert_eq!(site.asked().len(), 1, "a write is sent once");
    sent
}

#[test]
fn only_what_surely_ended_is_told_as_an_end() {
    let (open, ended) = (Json::Bool(false), Json::Bool(true));
    assert!(matches!(became(&[Ok(()), Ok(())], ended.clone()), Sent::Committed(sets) if sets.len() == 1));
    // All went well, and it is open all the same, or nobody says whether: the end of the stream rolls it back, or did not have to.
    assert!(matches!(became(&[Ok(()), Ok(())], open.clone()), Sent::Lost(_)));
    assert!(matches!(became(&[Ok(())], ended.clone()), Sent::Lost(_)));
    // A statement failed: those behind it did not run, the commit least of all.
    for state in [&open, &ended] {
        let sent = became(&[Err("SQLITE_BUSY"), Ok(())], state.clone());
        assert!(
            matches!(&sent, Sent::RolledBack(Refused { step: Some(0), code, .. }) if code == "SQLITE_BUSY"),
            "{sent:?}"
        );
    }
    let refused = became(&[Ok(()), Err("SQLITE_CONSTRAINT")], open);
    assert!(matches!(&refused, Sent::RolledBack(Refused { step: None, .. })), "{refused:?}");
    for state in [ended, Json::Null] {
        let sent = became(&[Ok(()), Err("SQLITE_IOERR")], state);
        assert!(matches!(sent, Sent::Lost(_)), "the commit itself failed on the disc: {sent:?}");
    }
}
