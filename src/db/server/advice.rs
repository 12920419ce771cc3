//! How many rows a page from a server should have: a pure function of what is known of the way.

use std::time::Duration;

/// From here on a round trip is long enough to be spared.
const LONG: Duration = Duration::from_millis(100);

/// How many times the rows that are on the screen a page has at most.
const MOST: u32 = 4;

/// How many bytes a page should not exceed for that.
const BYTES: usize = 256 * 1024;

/// How many rows to ask for where `limit` would do: more over a long way, as long as the page stays small; never fewer.
pub fn rows_for(limit: usize, latency: Option<Duration>, bytes_per_row: usize) -> usize {
    let Some(latency) = latency.filter(|latency| *latency > LONG) else { return limit };
    let longer = latency.as_millis().div_ceil(LONG.as_millis());
    let times = usize::try_from(longer.min(u128::from(MOST))).unwrap_or(1);
    (limit * times).min(BYTES / bytes_per_row.max(1)).max(limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ways_carry_more_rows_while_these_are_small() {
        let ms = |ms| Some(Duration::from_millis(ms));
        assert_eq!(rows_for(50, None, 100), 50);
        assert_eq!(rows_for(50, ms(30), 100), 50);
        assert_eq!(rows_for(50, ms(150), 100), 100);
        assert_eq!(rows_for(50, ms(2000), 100), 200);
        assert_eq!(rows_for(50, ms(2000), 2048), 128);
        assert_eq!(rows_for(50, ms(2000), 1_000_000), 50);
    }
}
