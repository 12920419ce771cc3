//! The question that comes next is there before it is wanted.

use super::*;
use crate::db::request::{Freshness, QuestionRecord};

fn question(id: &str, answer: &str) -> Answer {
    let record = QuestionRecord { record: record(&item(id), answer), mappings: Vec::new() };
    Answer::Question(Some(Arc::new(record)))
}

impl Driver {
    /// At the desk, the first question shown and the second read ahead.
    fn reading_ahead(kind: DatabaseKind) -> Self {
        let mut driver = Self::writing(120, 40);
        driver.app.kind = kind;
        driver.press("Q");
        driver.answer(Slot::Review, list(&IDS));
        assert!(driver.newest(Slot::Next).is_none(), "the one that is wanted now goes first");
        driver.read_question("42");
        for (id, answer) in [("q-2", "the one after"), ("q-3", "the third"), ("q-4", "the fourth")] {
            assert_eq!(driver.asked(Slot::Next), id, "one after another");
            driver.answer(Slot::Next, question(id, answer));
            assert!(!driver.shows(answer));
        }
        driver
    }

    fn asked(&self, slot: Slot) -> &str {
        let Query::Question(id) = &self.newest(slot).unwrap().query else { unreachable!() };
        id
    }

    fn requests(&self, slot: Slot) -> usize {
        self.sent.iter().filter(|request| request.slot == slot).count()
    }

    fn guard(&self, name: &str) -> Value {
        let Change::Update { relation, shown, .. } = &self.batch().entries[0].change else { unreachable!() };
        let column = relation.column(name);
        shown.iter().find(|(at, _)| Some(*at) == column).unwrap().1.clone()
    }
}

#[test]
fn a_decision_shows_the_next_question_without_asking_for_it() {
    let mut driver = Driver::reading_ahead(DatabaseKind::File);
    let before = driver.sent.len();
    driver.press("a");
    assert!(driver.shows("the one after"), "{}", driver.screen());
    let slots: Vec<_> = driver.sent[before..].iter().map(|request| request.slot).collect();
    assert_eq!(slots, [Slot::Write], "the file is the write's until that is done");
    driver.commit();
    let look = driver.newest(Slot::Question).unwrap();
    assert_eq!((driver.asked(Slot::Question), look.freshness), ("q-2", Freshness::Now), "whether it is still so");
}

#[test]
fn who_decides_faster_than_the_disk_writes_is_shown_the_next_one_all_the_same() {
    let mut driver = Driver::reading_ahead(DatabaseKind::File);
    let before = driver.sent.len();
    driver.press("a a d");
    assert!(driver.shows("the fourth"), "{}", driver.screen());
    let slots: Vec<_> = driver.sent[before..].iter().map(|request| request.slot).collect();
    assert_eq!(slots, [Slot::Write], "one write after another, and nothing but them");
}

#[test]
fn on_a_server_what_comes_next_is_read_while_the_decision_is_written() {
    let mut driver = Driver::reading_ahead(DatabaseKind::Server);
    let before = driver.sent.len();
    driver.press("a");
    assert!(driver.shows("the one after"), "{}", driver.screen());
    let slots: Vec<_> = driver.sent[before..].iter().map(|request| request.slot).collect();
    assert_eq!(slots, [Slot::Write, Slot::Question]);
    assert_eq!(driver.asked(Slot::Question), "q-2");
    // Leaving one as it is shows the next one as fast.
    driver.answer(Slot::Question, question("q-2", "the one after"));
    driver.press("x");
    assert!(driver.shows("the third"), "{}", driver.screen());
}

#[test]
fn what_is_decided_is_what_was_shown() {
    // Before the look: the guard is what was read ahead.
    let mut driver = Driver::reading_ahead(DatabaseKind::File);
    driver.press("a");
    driver.commit();
    driver.press("a");
    assert_eq!(driver.guard("answer"), Value::text("the one after"));
    // After it: what it found, which is shown.
    let mut driver = Driver::reading_ahead(DatabaseKind::File);
    driver.press("a");
    driver.commit();
    driver.answer(Slot::Question, question("q-2", "a bot was here"));
    assert!(driver.shows("a bot was here") && !driver.shows("the one after"), "{}", driver.screen());
    driver.press("a");
    assert_eq!(driver.guard("answer"), Value::text("a bot was here"));
}

#[test]
fn a_key_that_is_faster_shows_whichever_answer_is_first() {
    let mut driver = Driver::desk(120, 40);
    driver.read_question("42");
    driver.press("x");
    assert_eq!((driver.asked(Slot::Question), driver.asked(Slot::Next)), ("q-2", "q-2"));
    driver.answer(Slot::Next, question("q-2", "the one after"));
    assert!(driver.shows("the one after"), "{}", driver.screen());
    driver.answer(Slot::Question, question("q-2", "changed since"));
    assert!(driver.shows("changed since"), "{}", driver.screen());
    assert_eq!(driver.asked(Slot::Next), "q-3");
}

#[test]
fn what_cannot_be_read_ahead_is_read_when_it_is_wanted() {
    let mut driver = Driver::desk(120, 40);
    driver.read_question("42");
    let (slot, id) = (Slot::Next, driver.newest(Slot::Next).unwrap().id);
    driver.event(Event::Reply(Reply::Answer { slot, id, outcome: Err(link::refused()) }));
    assert_eq!(driver.asked(Slot::Next), "q-3", "once is enough");
    driver.press("x");
    assert_eq!(driver.asked(Slot::Question), "q-2");
}

#[test]
fn changes_read_neither_the_queue_nor_what_comes_next_more_than_now_and_then() {
    let mut driver = Driver::reading_ahead(DatabaseKind::File);
    let (lists, nexts) = (driver.requests(Slot::Review), driver.requests(Slot::Next));
    let mut read = Duration::ZERO;
    // Five seconds of somebody who writes ten times a second, and a queue that takes half a second to read.
    for _ in 0..50 {
        driver.now.elapsed += Duration::from_millis(97);
        driver.event(Event::Reply(Reply::Changed { schema: false }));
        driver.event(Event::Timer(Timer::Refresh));
        if driver.app.progress.is_under_way(Slot::Review) {
            read += Duration::from_millis(100);
        }
        if read >= Duration::from_millis(500) {
            read = Duration::ZERO;
            driver.answer(Slot::Review, list(&IDS));
        }
    }
    assert_eq!(driver.requests(Slot::Review) - lists, 1, "after three seconds without a calm");
    driver.now.elapsed += Duration::from_secs(6);
    driver.event(Event::Timer(Timer::Refresh));
    assert_eq!(driver.requests(Slot::Review) - lists, 2, "once it is calm");
    assert_eq!(driver.requests(Slot::Next) - nexts, 1, "the one that comes next is looked at again");
}
