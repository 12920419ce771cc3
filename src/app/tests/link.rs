//! Servers and copies: what the status line says, what is said once, what is asked again.

use super::*;
use crate::db::request::{CopyShown, CopyStatus, LinkState, LinkStatus, SyncHow, SyncProgress};

const START: i64 = 1_772_445_600;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

pub(super) fn refused() -> Error {
    Error::new(ErrorKind::Unreachable, "db.example.org refused the connection", "start the server, or check the port")
}

fn status(state: LinkState) -> LinkStatus {
    LinkStatus {
        state,
        latency: Some(Duration::from_millis(34)),
        heard: Some(at(0)),
        poll: Some(Duration::from_secs(6)),
        copy: None,
    }
}

fn reconnecting() -> LinkState {
    LinkState::Reconnecting { since: at(0), next: at(3), why: refused() }
}

fn offline() -> LinkState {
    LinkState::Offline { since: at(-240), next: at(60), why: refused() }
}

fn copied(state: LinkState, synced: Option<i64>) -> LinkStatus {
    let copy =
        CopyStatus { synced: synced.map(at), progress: None, shown: CopyShown::Copy, broken: None, failed: None };
    LinkStatus { copy: Some(copy), ..status(state) }
}

impl Driver {
    fn of_server(kind: DatabaseKind, (width, height): (u16, u16), theme: ThemeName) -> Self {
        let mut options = options();
        options.theme = theme;
        options.label = "db.example.org".to_owned();
        options.whole = "libsql://db.example.org".to_owned();
        options.kind = kind;
        options.copy = (kind == DatabaseKind::Copy).then(|| "/data/reels.db".to_owned());
        let now = Now { elapsed: Duration::ZERO, wall: at(0) };
        let mut driver = Self { app: App::new(options), now, sent: Vec::new(), others: Vec::new() };
        let commands = driver.app.start(now, (width, height));
        driver.take(commands);
        driver.answer(Slot::Schema, Answer::Schema(schema()));
        driver.answer(Slot::Page, Answer::Page(page(80)));
        driver
    }

    fn server() -> Self {
        Self::of_server(DatabaseKind::Server, (120, 40), ThemeName::Dark)
    }

    fn link(&mut self, status: LinkStatus) {
        self.event(Event::Reply(Reply::Link(Arc::new(status))));
    }

    fn wait(&mut self, time: Duration) {
        self.now.elapsed += time;
        self.now.wall += time;
    }

    /// The server is there again, and a second later what failed is tried again.
    fn reconnected(&mut self) {
        self.link(status(LinkState::Connected));
        self.wait(Duration::from_secs(1));
        self.event(Event::Timer(Timer::Retry));
    }

    fn fail(&mut self, slot: Slot, error: Error) {
        let id = self.newest(slot).unwrap().id;
        self.event(Event::Reply(Reply::Answer { slot, id, outcome: Err(error) }));
    }

    fn status_line(&self) -> String {
        self.screen().lines().last().unwrap_or_default().trim_end().to_owned()
    }

    fn count(&self, slot: Slot) -> usize {
        self.sent.iter().filter(|request| request.slot == slot).count()
    }
}

#[test]
fn the_status_line_says_how_the_server_is_at_every_width() {
    let mut lines = Vec::new();
    for width in [40, 80, 200] {
        for state in [LinkState::Connected, LinkState::Slow { since: at(-5) }, reconnecting(), offline()] {
            let mut driver = Driver::of_server(DatabaseKind::Server, (width, 24), ThemeName::Mono);
            driver.link(status(state));
            lines.push(driver.status_line());
        }
        let mut driver = Driver::of_server(DatabaseKind::Copy, (width, 24), ThemeName::Mono);
        for state in [LinkState::Connected, offline()] {
            driver.link(copied(state, Some(-10_800)));
            lines.push(driver.status_line());
        }
        let mut syncing = copied(LinkState::Connected, None);
        if let Some(copy) = &mut syncing.copy {
            let left = Some(Duration::from_secs(8));
            copy.progress = Some(SyncProgress { bytes: 42 << 20, total: Some(100 << 20), rate: 12 << 20, left });
        }
        driver.link(syncing);
        lines.push(driver.status_line());
    }
    insta::assert_snapshot!(lines.join("\n"), @"
    READ-ONLY  db.example.org      ● 34 ms
    READ-ONLY  db.example.org    ◍ slow 5s
    READ-ONLY  …xample.org   ↻ retry in 3s
    READ-ONLY  db.example.org    ✗ offline
    READ-ONLY  …xample.org   ● copy 3h old
    READ-ONLY  …xample.org   ✗ copy 3h old
    READ-ONLY  …xample.org   ⇣ syncing 42%
    READ-ONLY  db.example.org                                   ● 34 ms · every 6s
    READ-ONLY  db.example.org                                            ◍ slow 5s
    READ-ONLY  db.example.org                                 ↻ reconnecting in 3s
    READ-ONLY  db.example.org                       ✗ offline for 4m · unreachable
    READ-ONLY  db.example.org                                ● copy 3h old · 34 ms
    READ-ONLY  db.example.org                              ✗ offline · copy 3h old
    READ-ONLY  db.example.org                                ⇣ syncing 42% 8s left
    READ-ONLY  db.example.org                                                                                                                                               ● connected · 34 ms · every 6s
    READ-ONLY  db.example.org                                                                                                                                                     ◍ slow: no answer for 5s
    READ-ONLY  db.example.org                                                                                                                                           ↻ reconnecting in 3s · unreachable
    READ-ONLY  db.example.org                                                                                                                                               ✗ offline for 4m · unreachable
    READ-ONLY  db.example.org                                                                                                                                       ● copy 3h old · 34 ms · syncs every 6s
    READ-ONLY  db.example.org                                                                                                                                        ✗ offline · copy 3h old · unreachable
    READ-ONLY  db.example.org                                                                                                                                █████······· ⇣ syncing 42% 12.0 MiB/s 8s left
    ");
}

#[test]
fn a_server_that_lets_one_wait_for_the_first_answer_is_told_of_and_what_to_do() {
    let mut driver = Driver::of_server(DatabaseKind::Server, (120, 40), ThemeName::Mono);
    driver.app = App::new(AppOptions { kind: DatabaseKind::Server, ..options() });
    driver.sent.clear();
    let commands = driver.app.start(driver.now, (120, 40));
    driver.take(commands);
    driver.wait(Duration::from_secs(5));
    driver.link(status(LinkState::Slow { since: at(0) }));
    assert!(driver.shows("The server has not answered for 5s"), "{}", driver.screen());
    assert!(driver.shows("check the"), "{}", driver.screen());
    driver.answer(Slot::Schema, Answer::Schema(schema()));
    driver.link(status(LinkState::Slow { since: at(0) }));
    driver.press("g n");
    assert!(!driver.shows("has not answered") && driver.shows("Esc gives a reading up"), "{}", driver.screen());
}

#[test]
fn a_copy_that_another_program_keeps_is_not_said_to_be_connecting() {
    let mut driver = Driver::of_server(DatabaseKind::Copy, (120, 40), ThemeName::Mono);
    driver.link(copied(LinkState::Connecting, Some(-3)));
    assert!(driver.status_line().ends_with("● copy up to date"), "{}", driver.status_line());
    driver.link(copied(LinkState::Connecting, Some(-30)));
    assert!(driver.status_line().ends_with("◌ copy 30s old"), "{}", driver.status_line());
}

#[test]
fn an_outage_is_said_once_and_its_end_once() {
    let mut driver = Driver::server();
    driver.link(status(reconnecting()));
    assert!(driver.shows("refused the connection: start the server"), "{}", driver.screen());
    for _ in 0..20 {
        driver.wait(Duration::from_secs(2));
        driver.link(status(offline()));
        driver.event(Event::Reply(Reply::Health(Err(refused()))));
    }
    assert_eq!(driver.app.toasts.all().map(|toast| toast.times).collect::<Vec<_>>(), [1]);
    driver.link(status(LinkState::Connected));
    driver.event(Event::Reply(Reply::Health(Ok(()))));
    let said: Vec<_> = driver.app.toasts.all().map(|toast| toast.text.as_str()).collect();
    assert_eq!(said.last(), Some(&"connected again"));
    assert_eq!(said.len(), 2);
}

#[test]
fn a_steady_connection_costs_no_frame() {
    let mut driver = Driver::server();
    driver.link(status(LinkState::Connected));
    driver.app.take_dirty();
    driver.others.clear();
    for latency in [35, 36, 33, 38] {
        let latency = Some(Duration::from_millis(latency));
        driver.link(LinkStatus { latency, heard: Some(at(latency.map_or(0, |_| 9))), ..status(LinkState::Connected) });
        assert!(!driver.app.take_dirty());
    }
    assert!(!driver.others.iter().any(|command| matches!(command, Command::After(_, Timer::Link))));
    driver.link(status(reconnecting()));
    assert!(driver.app.take_dirty());
    assert!(driver.others.iter().any(|command| matches!(command, Command::After(_, Timer::Link))));
    driver.wait(Duration::from_secs(1));
    driver.event(Event::Timer(Timer::Link));
    assert!(driver.app.take_dirty(), "the seconds are counted down");
}

#[test]
fn a_jump_that_failed_is_made_although_the_screen_is_read_anew_before() {
    let mut driver = Driver::server();
    driver.press("G");
    driver.fail(Slot::Page, refused());
    driver.press("r");
    driver.fail(Slot::Page, refused());
    driver.press("r");
    driver.answer(Slot::Page, Answer::Page(page(80)));
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_eq!(query.at, PageAt::Last);
    // Whoever went elsewhere meanwhile stays there.
    driver.fail(Slot::Page, refused());
    driver.press("j r");
    driver.answer(Slot::Page, Answer::Page(page(80)));
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_ne!(query.at, PageAt::Last);
}

#[test]
fn what_failed_is_asked_for_once_when_the_server_is_back() {
    let mut driver = Driver::server();
    driver.press("G");
    driver.link(status(reconnecting()));
    driver.fail(Slot::Page, refused());
    driver.press("enter");
    driver.fail(Slot::Question, refused());
    assert!(driver.shows("q-80") || driver.shows("q-1"), "the rows stay: {}", driver.screen());
    let before = (driver.count(Slot::Page), driver.count(Slot::Question));
    driver.link(status(LinkState::Connected));
    driver.event(Event::Reply(Reply::Health(Ok(()))));
    assert_eq!((driver.count(Slot::Page), driver.count(Slot::Question)), before, "not at once");
    driver.wait(Duration::from_secs(1));
    driver.event(Event::Timer(Timer::Retry));
    driver.event(Event::Timer(Timer::Retry));
    assert_eq!((driver.count(Slot::Page), driver.count(Slot::Question)), (before.0 + 1, before.1 + 1));
    let Query::Page(query) = &driver.newest(Slot::Page).unwrap().query else { unreachable!() };
    assert_eq!(query.at, PageAt::Last, "the jump that failed");
}

#[test]
fn what_fails_again_and_again_is_asked_for_ever_more_rarely() {
    let mut driver = Driver::server();
    driver.press("G");
    let mut asked = driver.count(Slot::Page);
    let mut waits = Vec::new();
    for _ in 0..6 {
        driver.link(status(reconnecting()));
        driver.fail(Slot::Page, refused());
        driver.others.clear();
        driver.link(status(LinkState::Connected));
        let wait = driver.others.iter().find_map(|command| match command {
            Command::After(wait, Timer::Retry) => Some(*wait),
            _ => None,
        });
        waits.push(wait.unwrap().as_secs());
        driver.wait(wait.unwrap());
        driver.event(Event::Timer(Timer::Retry));
        asked += 1;
        assert_eq!(driver.count(Slot::Page), asked);
    }
    assert_eq!(waits, [0, 2, 8, 30, 120, 120]);
}

#[test]
fn a_schema_that_could_not_be_read_says_why_and_is_read_when_the_server_is_there() {
    let mut driver = Driver::of_server(DatabaseKind::Server, (80, 24), ThemeName::Dark);
    driver.app = App::new(AppOptions { kind: DatabaseKind::Server, ..options() });
    let commands = driver.app.start(driver.now, (80, 24));
    driver.sent.clear();
    driver.take(commands);
    driver.wait(Duration::from_secs(1));
    driver.fail(Slot::Schema, refused());
    driver.link(status(offline()));
    driver.wait(Duration::from_secs(20));
    driver.event(Event::Timer(Timer::Toast));
    assert!(driver.shows("refused the connection"), "{}", driver.screen());
    assert!(driver.shows("check the port · r tries again"), "{}", driver.screen());
    driver.reconnected();
    assert_eq!(driver.count(Slot::Schema), 2);
    driver.answer(Slot::Schema, Answer::Schema(schema()));
    driver.answer(Slot::Page, Answer::Page(page(80)));
    assert!(driver.shows("q-1"));
}

#[test]
fn counting_waits_for_the_server_instead_of_failing_table_by_table() {
    let mut driver = Driver::server();
    let before = driver.count(Slot::Count);
    driver.fail(Slot::Count, refused());
    driver.link(status(offline()));
    assert_eq!(driver.count(Slot::Count), before);
    driver.reconnected();
    assert_eq!(driver.count(Slot::Count), before + 1);
}

#[test]
fn a_count_that_takes_too_long_does_not_keep_the_others_waiting_for_a_server_that_is_there() {
    let mut driver = Driver::server();
    driver.link(status(LinkState::Connected));
    let before = driver.count(Slot::Count);
    driver.fail(Slot::Count, Error::new(ErrorKind::TimedOut, "no answer within 120 s", ""));
    assert_eq!(driver.count(Slot::Count), before + 1, "the others are counted");
    driver.fail(Slot::Count, Error::new(ErrorKind::Forbidden, "this may not be read", ""));
    assert_eq!(driver.count(Slot::Count), before + 2);
}

#[test]
fn everything_anew_syncs_first_and_esc_stops_it() {
    let mut driver = Driver::server();
    let before = driver.count(Slot::Page);
    driver.press("R");
    assert_eq!(driver.newest(Slot::Sync).unwrap().query, Query::Sync(SyncHow::Now));
    assert_eq!(driver.count(Slot::Page), before);
    driver.answer(Slot::Sync, Answer::Synced);
    assert_eq!(driver.count(Slot::Page), before + 1);
    driver.answer(Slot::Page, Answer::Page(page(80)));
    driver.press("R");
    driver.press("esc");
    assert!(driver.others.contains(&Command::Cancel(Slot::Sync)));
}

#[test]
fn a_broken_copy_is_rebuilt_only_after_a_yes() {
    let mut driver = Driver::of_server(DatabaseKind::Copy, (80, 24), ThemeName::Dark);
    let mut broken = copied(LinkState::Connected, Some(-60));
    if let Some(copy) = &mut broken.copy {
        copy.broken = Some(Error::new(ErrorKind::Damaged, "it is the copy of another server", ""));
    }
    driver.link(broken.clone());
    insta::assert_snapshot!(driver.screen(), @"
    ╭─ Tables ──────── 4 ╮╭─ questions  Rows  Schema ──────────────────────────────╮
    │  users           … ││ id    question  answer  explanation  status            │
    │  questions       … ││ q-1   q-1       q-1     q-1          q-1               │
    │  bot_ledger      … ││ q-2   q-2       q-2     q-2          q-2               │
    │ tables             ││ q-3   q-3       q-3     q-3          q-3               │
    │  blog␛[31m posts … ││ q-4   q-4       q-4     q-4          q-4               │
    │                    ││ q-5   q-5       q-5     q-5          q-5               │
    │                    ││ q-6   q-6       q-6     q-6          q-6               │
    │                    ││ q-7   q-7       q-7     q-7          q-7               │
    │    ╭─ Rebuild the copy? ────────────────────────────────────────────────╮    │
    │    │ The copy cannot be used: it is the copy of another server          │    │
    │────│                                                                    │    │
    │ int│ Rebuild /data/reels.db? Nothing is thrown away before y is         │    │
    │ id,│ pressed; the server is not changed.                                │    │
    ╰────╰────────────────────────────────────────────────────── y yes · n no ╯w 1 ╯
    ╭─ Bots  Board  Ledger  Runs  Queue ───────────────────────────────────────────╮
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
     esc back                                                                       
     READ-ONLY  db.example.org                       ✗ copy broken · : rebuild-copy
    ");
    driver.press("enter space x");
    assert_eq!(driver.count(Slot::Sync), 0);
    driver.press("n");
    assert!(!driver.shows("Rebuild"));
    driver.link(broken);
    assert!(!driver.shows("Rebuild"), "it is offered once");
    assert!(driver.status_line().contains("copy broken"), "{}", driver.status_line());
    driver.press("R");
    assert!(
        driver.shows("Rebuild") && driver.count(Slot::Sync) == 0,
        "there is nothing else to sync: {}",
        driver.screen()
    );
    driver.press("n");
    driver.press(": r e b u i l d enter");
    driver.press("y");
    assert_eq!(driver.newest(Slot::Sync).unwrap().query, Query::Sync(SyncHow::Rebuild));
}

#[test]
fn a_sync_that_fails_by_itself_is_said_once_and_stays_in_the_status_line() {
    let mut driver = Driver::of_server(DatabaseKind::Copy, (80, 24), ThemeName::Dark);
    let mut full = copied(LinkState::Connected, Some(-60));
    if let Some(copy) = &mut full.copy {
        copy.failed = Some(Error::new(ErrorKind::Io, "the disk is full", "make room"));
    }
    for _ in 0..3 {
        driver.link(full.clone());
    }
    assert_eq!(
        driver.app.toasts.all().map(|toast| (toast.text.as_str(), toast.times)).collect::<Vec<_>>(),
        [("the disk is full: make room", 1)]
    );
    assert!(driver.status_line().contains("! copy 1m old · sync fails"), "{}", driver.status_line());
}

#[test]
fn the_connection_is_told_in_full_words() {
    let mut driver = Driver::of_server(DatabaseKind::Copy, (80, 24), ThemeName::Dark);
    driver.link(copied(offline(), Some(-10_800)));
    driver.wait(Duration::from_secs(20));
    driver.event(Event::Timer(Timer::Toast));
    driver.press("g n");
    insta::assert_snapshot!(driver.screen(), @"
    ╭─ Tables ──────── 4 ╮╭─ questions  Rows  Schema ──────────────────────────────╮
    │  users           … ││ id    question  answer  explanation  status            │
    │  questions       … ││ q-1   q-1       q-1     q-1          q-1               │
    │  bot_ledger      … ││ q-2   q-2       q-2     q-2          q-2               │
    │ tables             ││ q-3   q-3       q-3     q-3          q-3               │
    │╭─ Connection ───────────────────────────────────────────────────────────────╮│
    ││ server    libsql://db.example.org                                          ││
    ││ state     ✗ offline for 4m                                                 ││
    ││ since     2026-03-02 09:56:00 UTC                                          ││
    ││ next try  in 40s                                                           ││
    ││ error     db.example.org refused the connection                            ││
    ││ to do     start the server, or check the port                              ││
    ││ heard     2026-03-02 10:00:00 UTC                                          ││
    ││ latency   34 ms a round trip                                               ││
    ╰│ looks     every 6s for changes                                             │╯
    ╭│ copy      /data/reels.db                                                   │╮
    ││ age       3h old · 2026-03-02 07:00:00 UTC                                 ││
    ││ rows      read from the copy                                               ││
    │╰───────────────────────────────────────────────────── y copies · esc closes ╯│
    │                                                                              │
    │                                                                              │
    ╰──────────────────────────────────────────────────────────────────────────────╯
     esc back                                                            : palette  
     READ-ONLY  db.example.org             counting 20.0 s  ✗ offline · copy 3h old
    ");
    driver.event(Event::Resize(40, 10));
    insta::assert_snapshot!(driver.screen(), @"
    ╭─ questions  Rows  Schema ───── 1–4/5 ╮
    │╭─ Connection ───────────────────────╮│
    ││ server    libsql://db.example.org  ││
    ││ state     ✗ offline for 4m         ││
    ││ since     2026-03-02 09:56:00 UTC  ││
    ││ next try  in 40s                   ││
    ││ error     db.example.org refused   ││
    ││           the connection           ││
    ╰╰──────────────── j k · 9 more · esc ╯╯
     READ-ONLY  …rg   20.0 s  ✗ copy 3h old
    ");
    driver.press("G");
    insta::assert_snapshot!(driver.screen(), @r"
    ╭─ questions  Rows  Schema ───── 1–4/5 ╮
    │╭─ Connection ───────────────────────╮│
    ││ latency   34 ms a round trip       ││
    ││ looks     every 6s for changes     ││
    ││ copy      /data/reels.db           ││
    ││ age       3h old · 2026-03-02      ││
    ││           07:00:00 UTC             ││
    ││ rows      read from the copy       ││
    ╰╰───────────── y copies · esc closes ╯╯
     READ-ONLY  …rg   20.0 s  ✗ copy 3h old
    ");
    driver.press("esc");
    driver.event(Event::Resize(80, 24));
    assert!(!driver.shows("next try"));
}

#[test]
fn the_start_is_greeted_with_what_is_worth_knowing() {
    let mut options = options();
    options.hint = Some("demo data – set TURSO_DATABASE_URL".to_owned());
    options.notes = vec!["reading with the read-write token\u{1b}[2J".to_owned()];
    let mut app = App::new(options);
    app.start(Now { elapsed: Duration::ZERO, wall: at(0) }, (120, 40));
    let said: Vec<_> = app.toasts.all().map(|toast| toast.text.as_str()).collect();
    assert_eq!(said, ["reading with the read-write token␛[2J", "demo data – set TURSO_DATABASE_URL"]);
}

/// Any state a server or a copy can be in.
pub(super) fn any_status() -> impl Strategy<Value = LinkStatus> {
    let state = prop_oneof![
        Just(LinkState::Connecting),
        Just(LinkState::Connected),
        (-100_i64..100).prop_map(|second| LinkState::Slow { since: at(second) }),
        (-100_i64..100).prop_map(|second| LinkState::Reconnecting { since: at(0), next: at(second), why: refused() }),
        (-100_i64..100).prop_map(|second| LinkState::Offline { since: at(second), next: at(0), why: refused() }),
    ];
    let copy = prop::option::of((prop::option::of(-9_999_i64..99), any::<bool>(), any::<bool>(), any::<u32>()));
    (state, prop::option::of(0_u64..4_000), copy).prop_map(|(state, latency, copy)| {
        let copy = copy.map(|(synced, syncs, broken, bytes)| CopyStatus {
            synced: synced.map(at),
            progress: syncs.then_some(SyncProgress {
                bytes: bytes.into(),
                total: (bytes % 3 > 0).then_some(u64::from(bytes) / 2 * u64::from(bytes % 3)),
                rate: bytes.into(),
                left: None,
            }),
            shown: CopyShown::Server,
            broken: broken.then(refused),
            failed: None,
        });
        LinkStatus { latency: latency.map(Duration::from_millis), copy, ..status(state) }
    })
}

impl Driver {
    fn kept(&mut self, slot: Slot, answer: Answer, second: i64) {
        let id = self.newest(slot).unwrap().id;
        self.event(Event::Reply(Reply::Kept { slot, id, answer, read: at(second) }));
    }
}

/// Rows from this id on, so many.
fn rows(from: i64, many: i64) -> Arc<Page> {
    let mut page = Page::clone(&page(from + many - 1));
    page.rows.drain(..usize::try_from(from - 1).unwrap());
    page.first = Some(Anchor { key: RowKey::Rowid(from), sort: Vec::new() });
    page.at_start = from == 1;
    page.position = Position::Exact(u64::try_from(from - 1).unwrap());
    Arc::new(page)
}

#[test]
fn a_page_from_memory_is_shown_with_its_age_until_the_true_one_takes_its_place() {
    let mut driver = Driver::server();
    driver.link(status(LinkState::Connected));
    driver.press("G");
    driver.kept(Slot::Page, Answer::Page(rows(201, 80)), -40);
    assert!(driver.shows("q-280") && driver.shows("40s old"), "{}", driver.screen());
    assert!(driver.app.progress.is_under_way(Slot::Page), "the true one is still to come");
    driver.press("k k");
    let before = driver.screen();
    driver.answer(Slot::Page, Answer::Page(rows(201, 80)));
    let after = driver.screen();
    assert!(!after.contains("old"), "{after}");
    let table = |screen: &str| screen.lines().take(20).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(table(&before), table(&after), "nothing moves");
}

#[test]
fn a_page_from_memory_that_was_not_true_gives_way_in_place() {
    let mut driver = Driver::server();
    driver.press("G");
    driver.kept(Slot::Page, Answer::Page(rows(201, 80)), -40);
    driver.press("k k k");
    assert_eq!(driver.app.table.place().unwrap().key.as_deref(), Some("277"));
    let mut newer = Page::clone(&rows(201, 80));
    newer.rows.remove(3);
    newer.rows.push(Row { key: RowKey::Rowid(281), cells: vec![Value::text("q-281"); 5].into_boxed_slice() });
    driver.answer(Slot::Page, Answer::Page(Arc::new(newer)));
    assert_eq!(driver.app.table.place().unwrap().key.as_deref(), Some("277"));
    assert!(!driver.shows("old"), "{}", driver.screen());
    driver.press("j j j j");
    assert!(driver.shows("q-281"), "{}", driver.screen());
}

#[test]
fn a_page_from_memory_stays_where_the_true_one_cannot_be_read() {
    let mut driver = Driver::server();
    driver.press("G");
    driver.kept(Slot::Page, Answer::Page(rows(201, 80)), -40);
    driver.link(status(reconnecting()));
    driver.fail(Slot::Page, refused());
    assert!(driver.shows("q-280") && driver.shows("40s old · not read anew"), "{}", driver.screen());
    assert!(!driver.app.progress.is_under_way(Slot::Page));
    driver.others.clear();
    driver.wait(Duration::from_secs(20));
    driver.event(Event::Timer(Timer::Ages));
    assert!(driver.shows("1m old"), "{}", driver.screen());
    let pages = driver.count(Slot::Page);
    driver.reconnected();
    assert_eq!(driver.count(Slot::Page), pages + 1);
}

#[test]
fn memory_answers_for_questions_counts_and_the_schema_too() {
    let mut driver = Driver::of_server(DatabaseKind::Server, (120, 40), ThemeName::Dark);
    driver.app = App::new(AppOptions { kind: DatabaseKind::Server, ..options() });
    let commands = driver.app.start(driver.now, (120, 40));
    driver.sent.clear();
    driver.take(commands);
    driver.kept(Slot::Schema, Answer::Schema(schema()), -5);
    assert_eq!((driver.count(Slot::Page), driver.count(Slot::Count), driver.count(Slot::Activity)), (1, 1, 1));
    driver.kept(Slot::Count, Answer::Count { relation: "users".to_owned(), rows: 4_321 }, -5);
    assert!(driver.shows("4,321"), "{}", driver.screen());
    driver.answer(Slot::Schema, Answer::Schema(schema()));
    assert_eq!((driver.count(Slot::Page), driver.count(Slot::Count), driver.count(Slot::Activity)), (1, 1, 1));
    driver.answer(Slot::Count, Answer::Count { relation: "users".to_owned(), rows: 4_322 });
    assert!(driver.shows("4,322"), "{}", driver.screen());
}

#[test]
fn on_a_slow_line_the_cursor_goes_on_over_rows_that_are_still_to_come() {
    let mut driver = Driver::of_server(DatabaseKind::Server, (80, 24), ThemeName::Dark);
    let latency = Some(Duration::from_secs(3));
    driver.link(LinkStatus { latency, ..status(LinkState::Connected) });
    let before = driver.sent.len();
    for _ in 0..100 {
        driver.press("j");
    }
    assert!(driver.shows("row 101") && driver.shows("···"), "{}", driver.screen());
    let asked: Vec<_> = driver.sent[before..].iter().map(|request| request.slot).collect();
    assert!(asked.len() <= 2, "holding a key is no storm of requests: {asked:?}");
    driver.press("enter");
    assert_eq!(driver.sent[before..].len(), asked.len(), "what is not here is not opened");
    driver.press("k");
    assert!(driver.shows("row 100"));
    let slot = *asked.first().unwrap();
    driver.answer(slot, Answer::Page(rows(81, 80)));
    assert!(driver.shows("q-100") && driver.shows("row 100") && !driver.shows("···"), "{}", driver.screen());
}

#[test]
fn the_preview_waits_longer_on_a_slow_line() {
    let wait = |driver: &mut Driver| {
        driver.others.clear();
        driver.press("j");
        driver.others.iter().find_map(|command| match command {
            Command::After(wait, Timer::Preview) => Some(*wait),
            _ => None,
        })
    };
    let mut driver = Driver::server();
    assert_eq!(wait(&mut driver), Some(Duration::from_millis(60)));
    driver.link(LinkStatus { latency: Some(Duration::from_millis(300)), ..status(LinkState::Connected) });
    assert_eq!(wait(&mut driver), Some(Duration::from_millis(300)));
    driver.link(LinkStatus { latency: Some(Duration::from_secs(3)), ..status(LinkState::Connected) });
    assert_eq!(wait(&mut driver), Some(Duration::from_millis(350)));
}
