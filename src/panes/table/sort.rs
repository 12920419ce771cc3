//! What the sort keys of the user do to the sort order.

use crate::domain::page::{Direction, SortKey};

/// Sorted by this column alone: ascending, then descending, then not at all.
pub(super) fn by(sort: &[SortKey], column: usize) -> Vec<SortKey> {
    match sort {
        [key] if key.column == column => next(*key).into_iter().collect(),
        _ => vec![SortKey { column, direction: Direction::Ascending }],
    }
}

/// This column is added behind the others; where it is among them already, it is reversed, then taken away.
pub(super) fn and(sort: &[SortKey], column: usize) -> Vec<SortKey> {
    let mut keys = sort.to_vec();
    match keys.iter().position(|key| key.column == column) {
        None => keys.push(SortKey { column, direction: Direction::Ascending }),
        Some(at) => match next(keys[at]) {
            Some(key) => keys[at] = key,
            None => {
                keys.remove(at);
            }
        },
    }
    keys
}

fn next(key: SortKey) -> Option<SortKey> {
    (key.direction == Direction::Ascending).then(|| SortKey { direction: key.direction.reversed(), ..key })
}

/// How the column is sorted by: the direction, and its rank from 1 where there are several.
pub(super) fn of(sort: &[SortKey], column: usize) -> Option<(Direction, Option<usize>)> {
    let at = sort.iter().position(|key| key.column == column)?;
    Some((sort[at].direction, (sort.len() > 1).then_some(at + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(keys: &[SortKey]) -> String {
        keys.iter()
            .map(|key| format!("{}{}", key.column, if key.direction == Direction::Ascending { '+' } else { '-' }))
            .collect()
    }

    #[test]
    fn one_column_goes_up_down_off() {
        let mut keys = Vec::new();
        let mut seen = Vec::new();
        for _ in 0..4 {
            keys = by(&keys, 3);
            seen.push(words(&keys));
        }
        assert_eq!(seen, ["3+", "3-", "", "3+"]);
        assert_eq!(words(&by(&and(&keys, 5), 3)), "3+", "alone again");
    }

    #[test]
    fn more_columns_are_added_reversed_and_removed() {
        let keys = and(&and(&[], 3), 5);
        assert_eq!(words(&keys), "3+5+");
        assert_eq!(of(&keys, 5), Some((Direction::Ascending, Some(2))));
        let keys = and(&keys, 3);
        assert_eq!(words(&keys), "3-5+");
        assert_eq!(words(&and(&keys, 3)), "5+");
    }
}
