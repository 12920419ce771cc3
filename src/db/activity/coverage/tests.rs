//! Tests of what is told: against plain sets of ids.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn mark(id: i64) -> u64 {
    (id as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The parts are in order, disjoint, and hold these rows.
fn check(coverage: &Coverage, known: &BTreeSet<i64>) {
    for two in coverage.parts.windows(2) {
        assert!(two[0].last < two[1].first);
    }
    let mut from = i64::MIN;
    let mut rows = 0;
    while let Some((stretch, sum)) = coverage.to_audit(from) {
        let mut expected = Sum::default();
        known.range(stretch.first..=stretch.last).for_each(|id| expected.add(mark(*id)));
        assert_eq!(sum, expected);
        assert!(sum.rows <= FULL);
        rows += sum.rows;
        from = stretch.last + 1;
    }
    assert_eq!(rows, known.len() as u64);
}

#[test]
fn writers_with_ids_of_their_own_have_a_gap_each() {
    let mut coverage = Coverage::default();
    for row in 0..10_000 {
        coverage.changed();
        for writer in 1..=4 {
            let id = writer * 1_000_000 + row;
            assert!(coverage.gaps(64).iter().any(|gap| gap.first <= id && id <= gap.last));
            coverage.add(id, mark(id));
        }
    }
    assert_eq!(coverage.rows(), 40_000);
    assert!(coverage.parts.len() <= 8, "{}", coverage.parts.len());
}

#[test]
fn every_gap_gets_its_turn_and_those_where_something_came_every_time() {
    let mut coverage = Coverage::default();
    coverage.changed();
    for id in 0..300 {
        coverage.add(id * 10, mark(id * 10));
    }
    coverage.changed();
    coverage.add(1001, mark(1001));
    let mut asked = BTreeSet::new();
    let mut turns = 0;
    while coverage.has_unasked() {
        let gaps = coverage.gaps(64);
        assert!(gaps.len() <= 64);
        assert!(gaps.iter().any(|gap| gap.first == 1002) && gaps.iter().any(|gap| gap.last == i64::MAX));
        asked.extend(gaps.iter().map(|gap| gap.first));
        turns += 1;
    }
    assert_eq!(asked.len(), 301);
    assert!(turns <= 12, "{turns}");
}

#[test]
fn a_gap_keeps_its_turn_though_others_come_before_it() {
    let mut coverage = Coverage::default();
    for id in 0..80 {
        coverage.add(1000 + id * 10, 0);
    }
    coverage.changed();
    let mut asked = coverage.gaps(64);
    for id in 0..200 {
        coverage.add(2000 + id * 10, 0);
    }
    while coverage.has_unasked() {
        asked.extend(coverage.gaps(64));
    }
    for id in 0..79 {
        assert!(asked.iter().any(|gap| gap.first == 1001 + id * 10), "{id}");
    }
}

#[test]
fn however_many_gaps_there_are_some_are_kept() {
    let mut coverage = Coverage::owing(Stretch::ALL);
    let rows: Vec<(i64, u64)> = (0..100_000).rev().map(|n| (n * 3, mark(n * 3))).collect();
    for chunk in rows.chunks(4096) {
        let owed = coverage.owed().map(|(owed, _)| owed).unwrap_or(Stretch::ALL);
        let down_to = if chunk.len() == 4096 { chunk[4095].0 } else { i64::MIN };
        coverage.read(owed, down_to, chunk);
    }
    assert_eq!(coverage.owed(), None);
    assert!(coverage.parts.len() <= GAPS + 40, "{}", coverage.parts.len());
    check(&coverage, &rows.iter().map(|(id, _)| *id).collect());
}

#[derive(Clone, Debug)]
enum Step {
    Add(i64),
    Turn,
    Owe(i64, i64),
}

proptest! {
    #[test]
    fn what_is_told_is_in_the_sums(steps in prop::collection::vec(prop_oneof![
        4 => (0..3000_i64).prop_map(Step::Add),
        1 => Just(Step::Turn),
        1 => (0..3000_i64, 0..100_i64).prop_map(|(first, length)| Step::Owe(first, first + length)),
    ], 0..2000)) {
        let mut table: BTreeSet<i64> = (0..500).map(|n| n * 2).collect();
        let mut known = BTreeSet::new();
        let mut coverage = Coverage::owing(Stretch { first: i64::MIN, last: 1000 });
        for step in steps {
            coverage.changed();
            match step {
                Step::Add(id) => {
                    let new = table.insert(id);
                    if new && coverage.place(id) != Place::Owed {
                        coverage.add(id, mark(id));
                        known.insert(id);
                    }
                }
                Step::Turn => {
                    if let Some((owed, _)) = coverage.owed() {
                        let rows: Vec<(i64, u64)> =
                            table.range(owed.first..=owed.last).rev().take(50).map(|id| (*id, mark(*id))).collect();
                        let down_to = if rows.len() == 50 { rows[49].0 } else { owed.first };
                        coverage.read(owed, down_to, &rows);
                        known.extend(rows.iter().map(|(id, _)| *id));
                    }
                }
                Step::Owe(first, last) => {
                    // Only what lies in one gap can be owed.
                    let end = coverage.at(first);
                    if coverage.parts.get(end).is_none_or(|part| last < part.first)
                        && table.range(first..=last).next().is_none()
                    {
                        table.extend(first..=last);
                        coverage.owe(Stretch { first, last }, Owed::Came);
                    }
                }
            }
            coverage.tighten();
        }
        check(&coverage, &known);
    }
}
