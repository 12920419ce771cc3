//! Which pane stands where. Pure: the size, what is wanted and where the focus is make the rectangles.

use ratatui::layout::Rect;

use crate::panes::PaneId;

/// Below this there is only a polite line.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Whether a pane is shown where there is room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// It is.
    Shown,
    /// It is not.
    Hidden,
}

impl Visibility {
    /// The other one.
    pub const fn toggled(self) -> Self {
        match self {
            Self::Shown => Self::Hidden,
            Self::Hidden => Self::Shown,
        }
    }

    const fn is_shown(self) -> bool {
        matches!(self, Self::Shown)
    }
}

/// Where the preview of the question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Right of the rows.
    Right,
    /// Below the rows.
    Below,
}

/// Whether one pane has the whole screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zoom {
    /// The focused one.
    Focused,
    /// None.
    Off,
}

/// Which panes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// Tables and rows.
    Browse,
    /// The review queue in the place of both.
    Review,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which panes.
    pub desk: Desk,
    /// The tables.
    pub tables: Visibility,
    /// The bots.
    pub bots: Visibility,
    /// The question beside the rows.
    pub preview: Visibility,
    /// Where.
    pub side: Side,
    /// One pane alone.
    pub zoom: Zoom,
    /// The pane with the focus: it is always shown.
    pub focus: PaneId,
}

/// Where everything stands. An empty rectangle is a pane that is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    /// The tables.
    pub tables: Rect,
    /// The rows.
    pub table: Rect,
    /// The question.
    pub question: Rect,
    /// The bots.
    pub bots: Rect,
    /// The review queue.
    pub review: Rect,
    /// The line of hints; empty on low screens.
    pub hints: Rect,
    /// The status line.
    pub status: Rect,
}

impl Wanted {
    /// Whether it is the desk that is seen: what has the focus is always shown.
    const fn is_reviewing(&self) -> bool {
        match self.focus {
            PaneId::Review => true,
            PaneId::Tables | PaneId::Table => false,
            PaneId::Question | PaneId::Bots => matches!(self.desk, Desk::Review),
        }
    }
}

impl Layout {
    /// The layout of this screen; `None` where it is too small.
    pub fn of(width: u16, height: u16, wanted: &Wanted) -> Option<Self> {
        if width < SMALLEST.0 || height < SMALLEST.1 {
            return None;
        }
        let mut layout = Self::default();
        let lines = if height >= 20 { 2 } else { 1 };
        let body = Rect { x: 0, y: 0, width, height: height - lines };
        layout.status = Rect { x: 0, y: height - 1, width, height: 1 };
        if lines == 2 {
            layout.hints = Rect { x: 0, y: height - 2, width, height: 1 };
        }
        if wanted.zoom == Zoom::Focused || width < 72 || body.height < 13 {
            *layout.place(wanted.focus) = body;
            return Some(layout);
        }

        if wanted.is_reviewing() {
            layout.review(body, wanted);
            return Some(layout);
        }
        let mut rest = body;
        if wanted.bots.is_shown() && body.height >= 18 || wanted.focus == PaneId::Bots {
            let share = (u32::from(body.height) * 30 / 100) as u16;
            let share = if wanted.focus == PaneId::Bots { share.max(body.height * 2 / 5) } else { share };
            let bots = share.clamp(7, 18);
            layout.bots = Rect { y: body.bottom() - bots, height: bots, ..body };
            rest.height -= bots;
        }
        if wanted.tables.is_shown() || wanted.focus == PaneId::Tables {
            let side = match width {
                ..100 => 22,
                100..140 => 26,
                140..200 => 30,
                200..260 => 34,
                _ => 50,
            };
            layout.tables = Rect { width: side, ..rest };
            rest.x += side;
            rest.width -= side;
        }
        let beside = wanted.preview.is_shown() || wanted.focus == PaneId::Question;
        match wanted.side {
            Side::Right if beside && rest.width >= 86 => {
                let question = rest.width / 2;
                layout.question = Rect { x: rest.right() - question, width: question, ..rest };
                rest.width -= question;
                layout.table = rest;
            }
            Side::Below if beside && rest.height >= 18 => {
                let question = rest.height * 3 / 5;
                layout.question = Rect { y: rest.bottom() - question, height: question, ..rest };
                rest.height -= question;
                layout.table = rest;
            }
            // No room for both: the question takes the place of the rows while it has the focus.
            _ if wanted.focus == PaneId::Question => layout.question = rest,
            _ => layout.table = rest,
        }
        Some(layout)
    }

    /// The desk: the queue beside the question where both have room, else above it, else the one with the focus alone. The bots are
    /// no part of it, but for who looks at them, or has room.
    fn review(&mut self, body: Rect, wanted: &Wanted) {
        let mut rest = body;
        if wanted.focus == PaneId::Bots || wanted.bots.is_shown() && body.height >= 44 {
            let most = if wanted.focus == PaneId::Bots { 18 } else { 9 };
            let bots = (body.height * 2 / 5).clamp(7, most);
            self.bots = Rect { y: body.bottom() - bots, height: bots, ..body };
            rest.height -= bots;
        }
        let both = wanted.preview.is_shown() || wanted.focus == PaneId::Question;
        if both && wanted.side == Side::Right && rest.width >= 100 {
            let list = (rest.width * 2 / 5).clamp(40, 72);
            self.review = Rect { width: list, ..rest };
            self.question = Rect { x: rest.x + list, width: rest.width - list, ..rest };
        } else if both && rest.height >= 18 {
            let list = (rest.height * 2 / 5).clamp(8, 16);
            self.review = Rect { height: list, ..rest };
            self.question = Rect { y: rest.y + list, height: rest.height - list, ..rest };
        } else if wanted.focus == PaneId::Question {
            self.question = rest;
        } else {
            self.review = rest;
        }
    }

    /// The rectangle of a pane.
    pub const fn area(&self, pane: PaneId) -> Rect {
        match pane {
            PaneId::Tables => self.tables,
            PaneId::Table => self.table,
            PaneId::Question => self.question,
            PaneId::Bots => self.bots,
            PaneId::Review => self.review,
        }
    }

    const fn place(&mut self, pane: PaneId) -> &mut Rect {
        match pane {
            PaneId::Tables => &mut self.tables,
            PaneId::Table => &mut self.table,
            PaneId::Question => &mut self.question,
            PaneId::Bots => &mut self.bots,
            PaneId::Review => &mut self.review,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PANES: [PaneId; 5] = [PaneId::Tables, PaneId::Table, PaneId::Question, PaneId::Bots, PaneId::Review];

    fn every_wish() -> impl Iterator<Item = Wanted> {
        use Visibility::{Hidden, Shown};
        let both = [Shown, Hidden];
        let desks = PANES.into_iter().flat_map(|focus| [Desk::Browse, Desk::Review].map(|desk| (desk, focus)));
        desks.flat_map(move |(desk, focus)| {
            both.into_iter().flat_map(move |tables| {
                both.into_iter().flat_map(move |bots| {
                    both.into_iter().flat_map(move |preview| {
                        [Side::Right, Side::Below].into_iter().flat_map(move |side| {
                            [Zoom::Off, Zoom::Focused].into_iter().map(move |zoom| Wanted {
                                desk,
                                tables,
                                bots,
                                preview,
                                side,
                                zoom,
                                focus,
                            })
                        })
                    })
                })
            })
        })
    }

    #[test]
    fn panes_fill_the_screen_without_overlap_and_show_the_focus() {
        for wanted in every_wish() {
            for (width, height) in [(40, 10), (71, 13), (72, 15), (80, 24), (100, 20), (120, 40), (200, 60), (400, 120)]
            {
                let layout = Layout::of(width, height, &wanted).unwrap_or_default();
                assert!(!layout.area(wanted.focus).is_empty(), "{wanted:?} at {width}×{height}");
                let mut areas: Vec<Rect> = PANES.iter().map(|pane| layout.area(*pane)).collect();
                areas.extend([layout.hints, layout.status]);
                let sum: u32 = areas.iter().map(|area| area.area()).sum();
                assert_eq!(sum, u32::from(width) * u32::from(height), "{wanted:?} at {width}×{height}: {layout:?}");
                for (index, one) in areas.iter().enumerate() {
                    assert!(areas[index + 1..].iter().all(|other| !one.intersects(*other)), "{layout:?}");
                }
            }
        }
    }

    #[test]
    fn the_desk_shows_queue_and_question_and_neither_tables_nor_rows() {
        let wanted = Wanted {
            desk: Desk::Review,
            tables: Visibility::Shown,
            bots: Visibility::Shown,
            preview: Visibility::Shown,
            side: Side::Right,
            zoom: Zoom::Off,
            focus: PaneId::Review,
        };
        for (width, height, both, bots) in
            [(40, 10, false, false), (80, 24, true, false), (120, 40, true, false), (160, 50, true, true)]
        {
            for focus in [PaneId::Review, PaneId::Question] {
                let layout = Layout::of(width, height, &Wanted { focus, ..wanted }).unwrap_or_default();
                assert!(layout.tables.is_empty() && layout.table.is_empty(), "{layout:?}");
                assert_eq!(!layout.review.is_empty() && !layout.question.is_empty(), both, "{layout:?}");
                assert_eq!(!layout.bots.is_empty(), bots, "{layout:?}");
            }
        }
    }

    #[test]
    fn too_small_is_none() {
        let wanted = every_wish().next();
        assert!(
            wanted.is_some_and(|wanted| Layout::of(39, 10, &wanted).is_none() && Layout::of(40, 9, &wanted).is_none())
        );
    }
}
