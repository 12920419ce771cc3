//! Where the regions of the pane lie, for drawing and for the mouse alike.

use ratatui::layout::{Position, Rect};

use crate::panes::frame;

/// A part of the pane with rows of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) enum Region {
    /// The ledger's tail.
    #[default]
    Ledger,
    /// The runs.
    Runs,
    /// The queue's counts.
    Queue,
}

impl Region {
    pub(super) const ALL: [Self; 3] = [Self::Ledger, Self::Runs, Self::Queue];
    pub(super) const NAMES: [&'static str; 3] = ["Ledger", "Runs", "Queue"];

    pub(super) const fn next(self) -> Self {
        match self {
            Self::Ledger => Self::Runs,
            Self::Runs => Self::Queue,
            Self::Queue => Self::Ledger,
        }
    }

    pub(super) const fn previous(self) -> Self {
        self.next().next()
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

/// How the pane's area is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(super) struct Layout {
    /// The line that sums up what is not shown; of no height where everything is.
    pub(super) summary: Rect,
    /// The ledger.
    pub(super) ledger: Part,
    /// The runs.
    pub(super) runs: Part,
    /// The queue.
    pub(super) queue: Part,
    /// The line between the columns.
    pub(super) rule: Rect,
}

impl Layout {
    /// Divides the whole area of the pane, frame included; `statuses` is how many rows the queue has.
    pub(super) fn of(area: Rect, open: Region, statuses: usize) -> Self {
        let inner = frame::inner(area);
        // A column of air at either side, where there is room for it.
        let air = u16::from(inner.width >= 56);
        let inner = Rect { x: inner.x + air, width: inner.width - 2 * air, ..inner };
        let queue = (statuses.clamp(1, 6) + 1) as u16;
        if inner.width >= 96 && inner.height > queue + 3 {
            Self::columns(inner, queue)
        } else if inner.width >= 62 && inner.height >= 16 {
            Self::rows(inner, queue)
        } else {
            Self::one(inner, open)
        }
    }

    /// Runs over queue at the left, the ledger at the right.
    fn columns(inner: Rect, queue: u16) -> Self {
        let left = (inner.width * 2 / 5).clamp(44, 56);
        let column = Rect { width: left, ..inner };
        let rule = Rect { x: inner.x + left, width: 1, ..inner };
        let right = Rect { x: inner.x + left + 2, width: inner.width - left - 2, ..inner };
        let top = Rect { height: column.height - queue, ..column };
        let bottom = Rect { y: top.bottom(), height: queue, ..column };
        Self {
            ledger: Part::with_head(right),
            runs: Part::with_head(top),
            queue: Part::with_head(bottom),
            rule,
            summary: Rect::default(),
        }
    }

    /// Runs beside queue at the top, the ledger below.
    fn rows(inner: Rect, queue: u16) -> Self {
        const QUEUE_WIDTH: u16 = 28;
        let height = (inner.height / 3).clamp(queue, 10);
        let top = Rect { height, ..inner };
        let left = Rect { width: inner.width - QUEUE_WIDTH - 2, ..top };
        let rule = Rect { x: left.right(), width: 1, ..top };
        let right = Rect { x: rule.right() + 1, width: QUEUE_WIDTH, ..top };
        let below = Rect { y: top.bottom(), height: inner.height - height, ..inner };
        Self {
            ledger: Part::with_head(below),
            runs: Part::with_head(left),
            queue: Part::with_head(right),
            rule,
            summary: Rect::default(),
        }
    }

    /// One region, and a line about the others.
    fn one(inner: Rect, open: Region) -> Self {
        let summary = Rect { height: u16::from(inner.height >= 3), ..inner };
        let body = Part::bare(Rect { y: summary.bottom(), height: inner.height - summary.height, ..inner });
        let mut layout = Self { summary, ..Self::default() };
        match open {
            Region::Ledger => layout.ledger = body,
            Region::Runs => layout.runs = body,
            Region::Queue => layout.queue = body,
        }
        layout
    }

    /// Where a region lies.
    pub(super) const fn part(&self, region: Region) -> &Part {
        match region {
            Region::Ledger => &self.ledger,
            Region::Runs => &self.runs,
            Region::Queue => &self.queue,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_never_overlap_and_stay_inside() {
        for width in 0..170 {
            for height in 0..60 {
                for open in Region::ALL {
                    for statuses in [0, 4, 9] {
                        let area = Rect::new(3, 2, width, height);
                        let layout = Layout::of(area, open, statuses);
                        let mut rects = vec![layout.summary, layout.rule];
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
                            assert!(!layout.part(open).body.is_empty(), "the open region is shown: {layout:?}");
                        }
                    }
                }
            }
        }
    }
}
