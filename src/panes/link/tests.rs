//! The words for the way to a server, in every state and width.

use proptest::prelude::*;

use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_772_445_600 + second).unwrap_or_default()
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn error() -> Error {
    Error::new(ErrorKind::Unauthorized, "the server refuses the token", "ask for a new one")
}

fn server(state: LinkState) -> LinkStatus {
    LinkStatus { state, latency: Some(ms(34)), heard: Some(at(0)), poll: Some(ms(6000)), copy: None }
}

fn copy(state: LinkState, synced: Option<i64>) -> LinkStatus {
    let copy =
        CopyStatus { synced: synced.map(at), progress: None, shown: CopyShown::Copy, broken: None, failed: None };
    LinkStatus { copy: Some(copy), ..server(state) }
}

fn said(follows: Follows, status: &LinkStatus, second: i64) -> String {
    let words = words(follows, status, at(second));
    format!("{:?}: {}", words.role, words.forms.join(" | "))
}

fn states() -> Vec<LinkState> {
    vec![
        LinkState::Connecting,
        LinkState::Connected,
        LinkState::Slow { since: at(0) },
        LinkState::Reconnecting { since: at(0), next: at(8), why: error() },
        LinkState::Offline { since: at(0), next: at(400), why: error() },
    ]
}

#[test]
fn a_servers_states_have_a_sign_and_a_word_at_every_width() {
    let lines: Vec<String> = states().into_iter().map(|state| said(Follows::Server, &server(state), 5)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Busy: ◌ connecting | ◌ connecting | ◌ connecting
    Good: ● connected · 34 ms · every 6s | ● 34 ms · every 6s | ● 34 ms
    Busy: ◍ slow: no answer for 5s | ◍ slow 5s | ◍ slow 5s
    Busy: ↻ reconnecting in 3s · token refused | ↻ reconnecting in 3s | ↻ retry in 3s
    Bad: ✗ offline · token refused | ✗ offline · token refused | ✗ offline
    ");
    assert_eq!(said(Follows::Server, &server(LinkState::Connecting), 5).matches('◌').count(), 3);
    let later = LinkState::Offline { since: at(0), next: at(400), why: error() };
    insta::assert_snapshot!(said(Follows::Server, &server(later), 245), @"Bad: ✗ offline for 4m · token refused · data 4m old | ✗ offline for 4m · token refused | ✗ offline");
    let new = LinkStatus { latency: None, poll: None, ..server(LinkState::Connected) };
    insta::assert_snapshot!(said(Follows::Server, &new, 0), @"Good: ● connected | ● connected | ● connected");
}

#[test]
fn a_copys_states_say_how_old_it_is() {
    let lines: Vec<String> =
        states().into_iter().map(|state| said(Follows::Copy, &copy(state, Some(-10_800)), 5)).collect();
    insta::assert_snapshot!(lines.join("\n"), @"
    Busy: ◌ copy 3h old | ◌ copy 3h old | ◌ copy 3h old
    Good: ● copy 3h old · 34 ms · syncs every 6s | ● copy 3h old · 34 ms | ● copy 3h old
    Busy: ◍ slow: no answer for 5s · copy 3h old | ◍ slow 5s · copy 3h old | ◍ slow 5s
    Busy: ↻ reconnecting in 3s · token refused · copy 3h old | ↻ reconnecting in 3s · copy 3h old | ↻ retry in 3s
    Bad: ✗ offline · copy 3h old · token refused | ✗ offline · copy 3h old | ✗ copy 3h old
    ");
    insta::assert_snapshot!(said(Follows::Copy, &copy(LinkState::Connected, Some(0)), 5), @"Good: ● copy up to date · 34 ms · syncs every 6s | ● copy up to date · 34 ms | ● copy up to date");
    insta::assert_snapshot!(said(Follows::Copy, &copy(LinkState::Connected, None), 5), @"Good: ● connected · 34 ms · every 6s · no copy yet | ● 34 ms · every 6s · no copy yet | ● 34 ms");
}

#[test]
fn a_sync_says_how_far_it_is_and_a_broken_copy_what_helps() {
    let mut status = copy(LinkState::Connected, None);
    let progress = SyncProgress { bytes: 44 << 20, total: Some(104 << 20), rate: 12 << 20, left: Some(ms(5_400)) };
    let mut say = |progress, broken| {
        if let Some(copy) = &mut status.copy {
            (copy.progress, copy.broken) = (progress, broken);
        }
        said(Follows::Copy, &status, 5)
    };
    insta::assert_snapshot!(say(Some(progress), None), @"Busy: ⇣ syncing 42% 12.0 MiB/s 5s left | ⇣ syncing 42% 5s left | ⇣ syncing 42%");
    insta::assert_snapshot!(say(Some(SyncProgress { total: None, left: None, ..progress }), None), @"Busy: ⇣ syncing 44.0 MiB 12.0 MiB/s | ⇣ syncing 44.0 MiB | ⇣ syncing 44.0 MiB");
    insta::assert_snapshot!(say(Some(progress), Some(error())), @"Bad: ✗ the copy cannot be used · : rebuild-copy | ✗ copy broken · : rebuild-copy | ✗ copy broken");
}

#[test]
fn what_is_well_does_not_grow_older() {
    assert_eq!(until_other_words(&server(LinkState::Connected), at(100)), None);
    assert_eq!(until_other_words(&server(LinkState::Connecting), at(100)), None);
    let offline = server(LinkState::Offline { since: at(0), next: at(400), why: error() });
    assert_eq!(until_other_words(&offline, at(65)), Some(ms(55_000)));
}

#[test]
fn a_latency_that_looks_the_same_is_the_same() {
    assert_eq!(steady(Some(ms(34)), Some(ms(37))), Some(ms(34)));
    assert_eq!(steady(Some(ms(340)), Some(ms(370))), Some(ms(340)));
    assert_eq!(steady(Some(ms(34)), Some(ms(50))), Some(ms(50)));
    assert_eq!(steady(None, Some(ms(50))), Some(ms(50)));
}

proptest! {
    #[test]
    fn words_stand_until_it_is_said_that_they_change(
        which in 0_usize..5, second in 0_i64..100_000, synced in prop::option::of(-100_000_i64..0), follows in any::<bool>()
    ) {
        let follows = if follows { Follows::Copy } else { Follows::Server };
        let state = states().swap_remove(which);
        let status = if follows == Follows::Copy { copy(state, synced) } else { server(state) };
        let now = at(second);
        let later = match until_other_words(&status, now) {
            Some(wait) => now + wait.saturating_sub(ms(1)),
            None => at(second + 100_000),
        };
        prop_assert_eq!(words(follows, &status, now), words(follows, &status, later));
    }
}
