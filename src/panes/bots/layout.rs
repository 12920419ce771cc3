//! Where the regions of the pane lie, for drawing and for the mouse alike.

use ratatui::layout::{Position, Rect};

use crate::panes::frame;

/// A part of the pane with rows of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Region {
    /// A line for each bot.
    Board,
    /// The ledger's tail.
    #[default]
    Ledger,
    /// The runs.
    Runs,
    /// The queue's counts.
    Queue,
}

impl Region {
    pub(super) const ALL: [Self; 4] = [Self::Board, Self::Ledger, Self::Runs, Self::Queue];
    pub(super) const NAMES: [&'static str; 4] = ["Board", "Ledger", "Runs", "Queue"];

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Board => Self::Ledger,
            Self::Ledger => Self::Runs,
            Self::Runs => Self::Queue,
            Self::Queue => Self::Board,
        }
    }

    pub(super) const fn previous(self) -> Self {
        self.next().next().next()
    }
}

/// Where a region lies. Without a body it is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Part {
    /// The line with its name; of no height where there is none.
    pub(super) head: Rect,
    /// Its rows.
    pub(super) body: Rect,
}

impl Part {
    fn with_head(area: Rect) -> Self {
        let head = Rect { height: area.height.min(1), ..area };
        Self { head, body: Rect { y: area.y + head.height, height: area.height - head.height, ..area } }
    }

    const fn bare(area: Rect) -> Self {
        Self { head: Rect { height: 0, ..area }, body: area }
    }
}

/// How the pane's area is divided. There is always one list at most: the open one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Layout {
    /// The line that sums up what is not shown; of no height where everything is.
    pub(super) summary: Rect,
    /// The board; its head are the names of the columns.
    pub(super) board: Part,
    /// The chart of actions, title and axis included.
    pub(super) actions: Rect,
    /// The chart of the queue's depth.
    pub(super) depth: Rect,
    /// The ledger.
    pub(super) ledger: Part,
    /// The runs.
    pub(super) runs: Part,
    /// The queue.
    pub(super) queue: Part,
    /// The line between the columns.
    pub(super) rule: Rect,
    /// How it is divided.
    pub(super) shape: Shape,
}

/// How the pane's area is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Shape {
    /// A single region and a line about the others.
    #[default]
    One,
    /// The board beside the open list.
    Strip,
    /// The board over charts over the open list.
    Screen,
}

/// What the layout has to divide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    /// Where the cursor is.
    pub(super) region: Region,
    /// The list that is open; never the board.
    pub(super) list: Region,
    /// How many bots there are.
    pub(super) bots: usize,
}

/// The least of a chart: title, two lines, axis.
const CHART: u16 = 4;
/// Between two things side by side.
const GAP: u16 = 2;

impl Layout {
    /// Divides the whole area of the pane, frame included.
    pub(super) fn of(area: Rect, wanted: Wanted) -> Self {
        let inner = frame::inner(area);
        // A column of air at either side, where there is room for it.
        let air = u16::from(inner.width >= 56);
        let inner = Rect { x: inner.x + air, width: inner.width - 2 * air, ..inner };
        if inner.width >= 50 && inner.height >= 18 {
            Self::screen(inner, wanted)
        } else if inner.width >= 70 && inner.height >= 3 {
            Self::strip(inner, wanted)
        } else {
            Self::one(inner, wanted)
        }
    }

    /// The board over the charts over the open list.
    fn screen(inner: Rect, wanted: Wanted) -> Self {
        let lines = board_lines(wanted.bots).min(inner.height * 2 / 5);
        let board = Rect { height: lines + 1, ..inner };
        let rest = inner.height - board.height;
        let charts = (rest * 2 / 5).min(14);
        let charts = if charts < CHART { 0 } else { charts };
        let row = Rect { y: board.bottom(), height: charts, ..inner };
        let mut layout = Self { board: Part::with_head(board), shape: Shape::Screen, ..Self::default() };
        if charts > 0 && row.width >= 60 {
            let depth = (row.width * 2 / 5).min(72);
            layout.actions = Rect { width: row.width - depth - GAP, ..row };
            layout.depth = Rect { x: row.right() - depth, width: depth, ..row };
        } else {
            layout.actions = row;
        }
        *layout.place(wanted.list) =
            Part::with_head(Rect { y: row.bottom(), height: inner.bottom() - row.bottom(), ..inner });
        layout
    }

    /// The board at the left, the open list at the right.
    fn strip(inner: Rect, wanted: Wanted) -> Self {
        let left = (inner.width * 2 / 5).clamp(34, 60);
        let column = Rect { width: left, ..inner };
        let rule = Rect { x: inner.x + left, width: 1, ..inner };
        let right = Rect { x: rule.right() + 1, width: inner.width - left - GAP, ..inner };
        // Where it is low, the lines themselves are worth more than what stands over them.
        let part = if inner.height >= 7 { Part::with_head } else { Part::bare };
        let mut layout = Self { board: part(column), rule, shape: Shape::Strip, ..Self::default() };
        *layout.place(wanted.list) = part(right);
        layout
    }

    /// One region, and a line about the others.
    fn one(inner: Rect, wanted: Wanted) -> Self {
        let summary = Rect { height: u16::from(inner.height >= 3), ..inner };
        let body = Part::bare(Rect { y: summary.bottom(), height: inner.height - summary.height, ..inner });
        let mut layout = Self { summary, ..Self::default() };
        *layout.place(wanted.region) = body;
        layout
    }

    /// Where a region lies.
    pub(super) const fn part(&self, region: Region) -> &Part {
        match region {
            Region::Board => &self.board,
            Region::Ledger => &self.ledger,
            Region::Runs => &self.runs,
            Region::Queue => &self.queue,
        }
    }

    const fn place(&mut self, region: Region) -> &mut Part {
        match region {
            Region::Board => &mut self.board,
            Region::Ledger => &mut self.ledger,
            Region::Runs => &mut self.runs,
            Region::Queue => &mut self.queue,
        }
    }

    /// Which region is at this place of the screen, and which of its rows (its head is none).
    pub(super) fn hit(&self, at: Position) -> Option<(Region, Option<usize>)> {
        Region::ALL.into_iter().find_map(|region| {
            let part = self.part(region);
            if part.body.contains(at) {
                Some((region, Some((at.y - part.body.y) as usize)))
            } else {
                part.head.contains(at).then_some((region, None))
            }
        })
    }
}

/// Lines that the board wants: one for each bot, and the sums where there is more than one.
fn board_lines(bots: usize) -> u16 {
    u16::try_from(bots + usize::from(bots > 1)).unwrap_or(u16::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_never_overlap_and_stay_inside() {
        for (width, height) in (0..220).flat_map(|width| (0..64).map(move |height| (width, height))) {
            for region in Region::ALL {
                for (list, bots) in [(Region::Ledger, 0), (Region::Queue, 5), (Region::Runs, 90)] {
                    let list = if region == Region::Board { list } else { region };
                    let area = Rect::new(3, 2, width, height);
                    let layout = Layout::of(area, Wanted { region, list, bots });
                    let mut rects = vec![layout.summary, layout.rule, layout.actions, layout.depth];
                    for region in Region::ALL {
                        rects.extend([layout.part(region).head, layout.part(region).body]);
                    }
                    rects.retain(|rect| !rect.is_empty());
                    let inner = frame::inner(area);
                    for (at, rect) in rects.iter().enumerate() {
                        assert_eq!(inner.intersection(*rect), *rect, "{layout:?} in {area:?}");
                        assert!(rects[at + 1..].iter().all(|other| !rect.intersects(*other)), "{layout:?}");
                    }
                    if !inner.is_empty() {
                        assert!(!layout.part(region).body.is_empty(), "where the cursor is, is shown: {layout:?}");
                    }
                    if layout.shape != Shape::One {
                        assert!(!layout.part(list).body.is_empty(), "the open list is shown: {layout:?}");
                    }
                }
            }
        }
    }
}
