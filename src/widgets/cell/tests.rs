//! What cells look like, and that no value breaks its column.

use std::fmt::Write as _;

use proptest::prelude::*;
use ratatui::style::Style;

use super::*;
use crate::{
    domain::{
        catalogue::{Meaning, Tone},
        time,
        value::Bytes,
    },
    theme::{Role, ThemeName},
};

fn options(times: TimeFormat) -> CellOptions {
    CellOptions { times, secrets: Secrets::Masked, now: time::parse("2026-01-29 09:00:00").unwrap_or_default() }
}

const fn column(meaning: Meaning) -> CatalogueColumn {
    CatalogueColumn { logical: "x", physical: "x", meaning }
}

fn drawn(value: &Value, meaning: Meaning, options: &CellOptions, width: u16) -> Buffer {
    let mut buf = Buffer::filled(Rect::new(0, 0, width + 2, 1), ratatui::buffer::Cell::new("#"));
    let theme = Theme::built_in(ThemeName::Dark);
    draw(value, Some(&column(meaning)), options, Rect::new(1, 0, width, 1), &mut buf, &theme);
    buf
}

/// The row's text; the second half of a wide character is left out.
fn text(buf: &Buffer) -> String {
    use ratatui::buffer::CellWidth as _;
    let (mut x, mut out) = (0, String::new());
    while x < buf.area.width {
        let symbol = buf[(x, 0)].symbol();
        out.push_str(symbol);
        x += symbol.cell_width().max(1);
    }
    out
}

fn shown(value: &Value, width: u16) -> String {
    text(&drawn(value, Meaning::Plain, &options(TimeFormat::Raw), width))
}

/// The role a value is drawn in, by the style of its first own column.
fn style(value: &Value, meaning: Meaning) -> Style {
    let buf = drawn(value, meaning, &options(TimeFormat::Relative), 9);
    let cell = (1..10).map(|x| &buf[(x, 0)]).find(|cell| cell.symbol() != " ");
    cell.map(ratatui::buffer::Cell::style).unwrap_or_default()
}

fn is(role: Role) -> Style {
    let mut cell = ratatui::buffer::Cell::new("x");
    cell.set_style(Theme::built_in(ThemeName::Dark).style(role));
    cell.style()
}

#[test]
fn no_two_kinds_look_alike() {
    let values = [
        Value::Null,
        Value::text(""),
        Value::text("NULL"),
        Value::text("''"),
        Value::text("42"),
        Value::Integer(42),
        Value::Integer(i64::MIN),
        Value::Real(42.0),
        Value::Real(f64::NEG_INFINITY),
        Value::text("a\tb\nc\0d\u{1b}[1m"),
        Value::Text(Bytes::whole(*b"ok\xff\xfe!")),
        Value::Blob(Bytes::default()),
        Value::Blob(Bytes::whole(*b"\x0a\x1b\x2c")),
        Value::Blob(Bytes::cut(&[0xab; 12_600], 64)),
        Value::text("x'0a1b2c' 3 B"),
        Value::text("日本語のとても長い文章です、本当に"),
    ];
    let mut out = String::new();
    for value in &values {
        let _ = writeln!(out, "{}", shown(value, 24));
    }
    insta::assert_snapshot!(out, @r"
    #NULL                    #
    #''                      #
    #NULL                    #
    #''                      #
    #42                      #
    #                      42#
    #    -9223372036854775808#
    #                    42.0#
    #                    -Inf#
    #a␉b⏎c␀d␛[1m             #
    #ok��!                   #
    #x'' 0 B                 #
    #x'0a1b2c' 3 B           #
    #x'abababababababab…' 12…#
    #x'0a1b2c' 3 B           #
    #日本語のとても長い文章 …#
    ");
    // What reads the same has another style.
    assert_eq!(style(&Value::Null, Meaning::Plain), is(Role::Null));
    assert_eq!(style(&Value::text("NULL"), Meaning::Plain), is(Role::Text));
    assert_eq!(style(&Value::text(""), Meaning::Plain), is(Role::Empty));
    assert_eq!(style(&Value::text("''"), Meaning::Plain), is(Role::Text));
    assert_eq!(style(&Value::Integer(42), Meaning::Plain), is(Role::Integer));
    assert_eq!(style(&Value::Real(42.0), Meaning::Plain), is(Role::Real));
    assert_eq!(style(&Value::Blob(Bytes::whole(*b"1")), Meaning::Plain), is(Role::Blob));
    assert_eq!(style(&Value::text("\n"), Meaning::Plain), is(Role::Control));
}

#[test]
fn what_does_not_fit_is_cut_in_the_last_column() {
    let out: Vec<String> = [
        (Value::text("abcdef"), 6),
        (Value::text("abcdef"), 5),
        (Value::text("日本語"), 5),
        (Value::text("日本語"), 4),
        (Value::text("日本語"), 1),
        (Value::Integer(123_456), 4),
        (Value::text("x"), 0),
        (Value::Text(Bytes::cut(b"abcdef", 3)), 9),
    ]
    .iter()
    .map(|(value, width)| shown(value, *width))
    .collect();
    assert_eq!(out, ["#abcdef#", "#abcd…#", "#日本…#", "#日 …#", "#…#", "#123…#", "##", "#abc…     #"]);
}

#[test]
fn times_follow_the_format() {
    let value = Value::text("2026-01-29 08:03:07");
    let shown = |value: &Value, times| text(&drawn(value, Meaning::Time, &options(times), 24));
    assert_eq!(shown(&value, TimeFormat::Raw), "#2026-01-29 08:03:07     #");
    assert_eq!(shown(&value, TimeFormat::Iso), "#2026-01-29T08:03:07.000Z#");
    assert_eq!(shown(&value, TimeFormat::Relative).trim_end_matches([' ', '#']), "#56m");
    // No time: as it is, and marked.
    assert!(shown(&Value::text("soon"), TimeFormat::Relative).starts_with("#soon "));
    assert_eq!(style(&Value::text("soon"), Meaning::Time), is(Role::Warning));
    assert!(shown(&Value::Integer(1_769_673_787), TimeFormat::Iso).ends_with("1769673787#"));
}

#[test]
fn a_secret_does_not_even_show_its_length() {
    let mut options = options(TimeFormat::Raw);
    for secret in [Value::text("pw"), Value::text("$2b$10$abcdefghijklmnopqrstuv"), Value::Integer(1), Value::text("")]
    {
        assert_eq!(text(&drawn(&secret, Meaning::Secret, &options, 10)), "#••••••    #");
        assert_eq!(width(&secret, Some(&column(Meaning::Secret)), &options, 50), 6);
    }
    options.secrets = Secrets::Revealed;
    assert_eq!(text(&drawn(&Value::text("pw"), Meaning::Secret, &options, 4)), "#pw  #");
}

#[test]
fn enumerated_values_have_their_tone() {
    const VALUES: &[(&str, Tone)] = &[("active", Tone::Good), ("deleted", Tone::Bad)];
    assert_eq!(style(&Value::text("active"), Meaning::Enumerated(VALUES)), is(Role::Good));
    assert_eq!(style(&Value::text("deleted"), Meaning::Enumerated(VALUES)), is(Role::Bad));
    assert_eq!(style(&Value::text("Active"), Meaning::Enumerated(VALUES)), is(Role::Warning));
    assert_eq!(style(&Value::Integer(101), Meaning::Percent), is(Role::Warning));
    assert_eq!(style(&Value::Integer(7), Meaning::Flag), is(Role::Warning));
}

#[test]
fn a_rows_ground_stays() {
    let theme = Theme::built_in(ThemeName::Dark);
    let area = Rect::new(0, 0, 8, 1);
    let mut buf = Buffer::empty(area);
    buf.set_style(area, Style::new().bg(ratatui::style::Color::Red));
    draw(&Value::text("日x"), None, &options(TimeFormat::Raw), area, &mut buf, &theme);
    assert!((0..8).all(|x| buf[(x, 0)].bg == ratatui::style::Color::Red));
}

#[test]
fn widths_are_what_is_drawn_up_to_the_cap() {
    let options = options(TimeFormat::Raw);
    let wide = |value: &Value| width(value, None, &options, 40);
    assert_eq!(wide(&Value::Null), 4);
    assert_eq!(wide(&Value::Integer(-42)), 3);
    assert_eq!(wide(&Value::text("日本\n")), 5);
    assert_eq!(wide(&Value::Text(Bytes::whole(vec![b'x'; 10_000_000]))), 40);
}

fn value() -> impl Strategy<Value = Value> {
    let bytes = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..40),
        "(\\PC|\\p{C}|\\p{M}|[日本\u{200d}\u{fe0f}\u{1f468}]){0,20}".prop_map(String::into_bytes),
    ];
    let bytes = (bytes, 0_usize..50).prop_map(|(bytes, limit)| Bytes::cut(&bytes, limit));
    prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_map(Value::Real),
        bytes.clone().prop_map(Value::Text),
        bytes.prop_map(Value::Blob),
    ]
}

fn meaning() -> impl Strategy<Value = Meaning> {
    prop_oneof![
        Just(Meaning::Plain),
        Just(Meaning::Time),
        Just(Meaning::Secret),
        Just(Meaning::Flag),
        Just(Meaning::Url)
    ]
}

proptest! {
    #[test]
    fn no_value_leaves_its_cell(value in value(), meaning in meaning(), columns in 0_u16..30) {
        use ratatui::buffer::CellWidth as _;
        let buf = drawn(&value, meaning, &options(TimeFormat::Relative), columns);
        prop_assert_eq!(buf[(0, 0)].symbol(), "#");
        prop_assert_eq!(buf[(columns + 1, 0)].symbol(), "#");
        let mut x = 1;
        while x <= columns {
            let symbol = buf[(x, 0)].symbol();
            prop_assert!(!symbol.chars().any(char::is_control), "{:?}", symbol);
            prop_assert!(!symbol.contains(['\u{202e}', '\u{200b}', '\u{feff}', '\u{2066}']), "{:?}", symbol);
            let wide = symbol.cell_width();
            prop_assert!(wide > 0 && x + wide <= columns + 1, "{:?} at {}", symbol, x);
            // Behind a wide character stand blanks only.
            for behind in x + 1..x + wide {
                prop_assert_eq!(buf[(behind, 0)].symbol(), " ");
            }
            x += wide;
        }
        prop_assert!(width(&value, Some(&column(meaning)), &options(TimeFormat::Relative), 20) <= 20);
    }

    #[test]
    fn what_has_its_width_is_not_cut(value in value()) {
        let options = options(TimeFormat::Raw);
        let columns = width(&value, None, &options, 500);
        let buf = drawn(&value, Meaning::Plain, &options, columns);
        let narrow = drawn(&value, Meaning::Plain, &options, columns.saturating_sub(1));
        prop_assert!(value.is_cut() || !text(&buf).contains('…') || value.to_plain().contains('…') || matches!(value, Value::Blob(_)));
        prop_assert!(columns < 2 || text(&narrow).ends_with("…#"));
    }
}
