//! The view: what is seen of lines, where a search goes, what a click hits.

use proptest::prelude::*;
use ratatui::{buffer::Buffer, layout::Rect};

use super::*;
use crate::theme::{Role, Theme, ThemeName};

fn view(text: &str, width: u16, height: u16) -> RichView {
    let mut view = RichView::new();
    view.set_lines(plain(text, Role::Text));
    view.resize(width, height);
    view
}

fn drawn(view: &RichView, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    view.draw(area, &mut buf, &Theme::built_in(ThemeName::Dark));
    buf
}

fn shown(view: &RichView, width: u16, height: u16) -> Vec<String> {
    let buf = drawn(view, width, height);
    (0..height).map(|y| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>().trim_end().to_owned()).collect()
}

#[test]
fn it_scrolls_both_ways_and_stops_at_the_ends() {
    let mut view = view("one\n日本語 is wide\nthree\nfour", 6, 2);
    assert_eq!(shown(&view, 6, 2), ["one", "日 本  …"]);
    view.scroll(1, 1);
    // Half a wide character is a blank.
    assert_eq!(shown(&view, 6, 2), [" 本 語 …", "hree"]);
    view.scroll(100, 100);
    assert_eq!(shown(&view, 6, 2), ["", ""]);
    assert_eq!(view.offset(), (8, 2));
    view.leftmost();
    assert_eq!(shown(&view, 6, 2), ["three", "four"]);
    view.scroll(-5, -50);
    assert_eq!(view.offset(), (0, 0));
    assert_eq!(view.position(), crate::widgets::scrollbar::Scroll { first: 0, shown: 2, total: 4 });
}

#[test]
fn it_wraps_at_words() {
    let mut view = view("one two three\nabcdefghijkl\n\n日本語日本語", 7, 9);
    view.set_wrap(Wrap::Wrap);
    assert_eq!(shown(&view, 7, 8), ["one two", "three", "abcdefg", "hijkl", "", "日 本 語", "日 本 語", ""]);
    assert_eq!(view.row_count(), 7);
    view.resize(3, 2);
    view.bottom();
    assert_eq!(shown(&view, 3, 2), ["本", "語"]);
}

#[test]
fn the_top_line_stays_when_the_width_changes() {
    let mut view = view("a b c d e f g h\ntop\nx\ny\nz", 3, 2);
    view.set_wrap(Wrap::Wrap);
    view.go_to(4);
    assert_eq!(shown(&view, 3, 2)[0], "top");
    view.resize(9, 2);
    assert_eq!(shown(&view, 9, 2)[0], "top");
}

#[test]
fn a_search_goes_round_and_is_shown() {
    let theme = Theme::built_in(ThemeName::Dark);
    let mut view = view("x\nx\nx\nx Match\nx\nx\nmatch match", 8, 2);
    assert_eq!(view.search("match"), 3);
    assert_eq!((view.match_number(), view.match_count()), (Some(1), 3));
    assert!(shown(&view, 8, 2).contains(&"x Match".to_owned()));
    view.next_match();
    view.next_match();
    assert_eq!(view.match_number(), Some(3));
    // The last stands beyond the right edge: it is scrolled to.
    let buf = drawn(&view, 8, 2);
    let current = buf.content.iter().filter(|cell| cell.bg == theme.style(Role::MatchCurrent).bg.unwrap_or_default());
    assert_eq!(current.map(ratatui::buffer::Cell::symbol).collect::<String>(), "match");
    view.next_match();
    assert_eq!(view.match_number(), Some(1));
    view.previous_match();
    assert_eq!(view.match_number(), Some(3));
    assert_eq!(view.search("Match"), 1);
    assert_eq!(view.search("nowhere"), 0);
    view.next_match();
    assert_eq!(view.match_number(), None);
}

#[test]
fn links_are_hit_where_they_are_drawn() {
    let link = |text: &str, url: &str| RichSpan { link: Some(url.to_owned()), ..RichSpan::new(text, Role::Link) };
    let mut view = RichView::new();
    view.set_lines(vec![
        RichLine {
            spans: vec![RichSpan::new("日本 ", Role::Text), link("docs", "u:1"), link("more", "u:2")],
            ground: None,
        },
        RichLine::of("none", Role::Text),
        RichLine { spans: vec![link("again", "u:1"), link("far", "u:3")], ground: None },
    ]);
    view.resize(20, 2);
    assert_eq!(view.link_at(4, 0), None);
    assert_eq!((view.link_at(5, 0), view.link_at(8, 0), view.link_at(9, 0)), (Some("u:1"), Some("u:1"), Some("u:2")));
    assert_eq!(view.link_at(13, 0), None);
    assert_eq!(view.visible_links(), ["u:1", "u:2"]);
    view.resize(6, 2);
    view.set_wrap(Wrap::Wrap);
    assert_eq!(view.link_at(0, 1), Some("u:1"));
    assert_eq!(view.text(), "日本 docsmore\nnone\nagainfar\n");
}

proptest! {
    #[test]
    fn every_character_is_drawn_somewhere(text in "([a-z]{1,9}|[ ]{1,3}|\n|[日本語]|👍|é){0,60}", width in 2_u16..20) {
        let mut view = view(&text, width, 200);
        view.set_wrap(Wrap::Wrap);
        let rows = u16::try_from(view.row_count()).unwrap_or(u16::MAX);
        let drawn = shown(&view, width, rows).concat().replace(' ', "");
        prop_assert_eq!(drawn, text.replace([' ', '\n'], ""));
    }

    #[test]
    fn no_place_makes_it_panic(text in any::<String>(), width in 0_u16..12, height in 0_u16..6, pattern in "[a-z ]{0,2}|\\PC", moves in proptest::collection::vec((-9_i64..9, -9_i64..9), 0..9)) {
        let mut view = view(&text, width, height);
        for (columns, rows) in moves {
            view.scroll(columns, rows);
            view.search(&pattern);
            view.next_match();
            shown(&view, width, height);
            view.set_wrap(if columns > 0 { Wrap::Wrap } else { Wrap::Cut });
            shown(&view, width, height);
            view.resize(width / 2, height);
            shown(&view, width, height);
            view.link_at(3, 1);
        }
    }
}
