//! Messages that come and go, and the list of those that came.

use std::{collections::VecDeque, time::Duration};

use ratatui::{buffer::Buffer, layout::Rect, widgets::Clear, widgets::Widget};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::{
    message::severity::Severity,
    theme::{Role, Theme},
};

/// How many messages are kept for the list.
const KEPT: usize = 200;
/// How long a warning takes to be read.
const READ: Duration = Duration::from_secs(2);
/// How many are on the screen at once.
const SHOWN: usize = 3;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// How bad it is.
    pub severity: Severity,
    /// Its words, harmless.
    pub text: String,
    /// When it came, since the program started.
    pub at: Duration,
    /// How often it came in a row.
    pub times: u32,
}

impl Toast {
    const fn life(&self) -> Duration {
        match self.severity {
            Severity::Info => Duration::from_secs(3),
            Severity::Warning => Duration::from_secs(6),
            Severity::Error => Duration::from_secs(10),
        }
    }

    const fn role(&self) -> Role {
        match self.severity {
            Severity::Info => Role::ToastInfo,
            Severity::Warning => Role::ToastWarning,
            Severity::Error => Role::ToastError,
        }
    }
}

/// The messages so far.
#[derive(Clone, Debug, Default)]
pub struct Toasts {
    all: VecDeque<Toast>,
    /// Messages that came up to here were put away by hand.
    dismissed: Option<Duration>,
    /// Those that are only to be known and came up to here had to make room.
    hushed: Option<Duration>,
}

impl Toasts {
    /// Adds a message; the same one again is counted, not repeated.
    pub fn push(&mut self, severity: Severity, text: String, at: Duration) {
        if let Some(last) = self.all.back_mut()
            && last.severity == severity
            && last.text == text
        {
            last.times += 1;
            last.at = at;
            return;
        }
        if self.all.len() == KEPT {
            self.all.pop_front();
        }
        self.all.push_back(Toast { severity, text, at, times: 1 });
    }

    /// Those on the screen now, the newest last; of what is only to be known, the last word alone.
    pub fn shown(&self, now: Duration) -> impl DoubleEndedIterator<Item = &Toast> {
        let skip = self.all.len().saturating_sub(SHOWN);
        let last_word = self.all.iter().rposition(|toast| toast.severity == Severity::Info);
        self.all.iter().enumerate().skip(skip).filter_map(move |(at, toast)| {
            let stands = now < toast.at + toast.life() && self.dismissed.is_none_or(|until| toast.at > until);
            let quiet = toast.severity == Severity::Info;
            let hushed = quiet && (last_word != Some(at) || self.hushed.is_some_and(|until| toast.at <= until));
            (stands && !hushed).then_some(toast)
        })
    }

    /// How long until the next one goes.
    pub fn next_end(&self, now: Duration) -> Option<Duration> {
        self.shown(now).map(|toast| (toast.at + toast.life()).saturating_sub(now)).min()
    }

    /// Puts away what is on the screen; whether something was.
    pub fn dismiss(&mut self, now: Duration) -> bool {
        let any = self.shown(now).next().is_some();
        self.dismissed = Some(now);
        any
    }

    /// Makes room for a window: what is only to be known goes at once, a warning or an error where it could have been read.
    pub fn hush(&mut self, now: Duration) {
        self.hushed = Some(now);
        self.dismissed = self.dismissed.max(now.checked_sub(READ));
    }

    /// All that are kept, the oldest first.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Toast> + ExactSizeIterator {
        self.all.iter()
    }

    /// Draws those of now into the lower right corner of this area, the newest at the bottom, all together in at most half of its
    /// height (but two lines): what they speak of should still be seen.
    pub fn draw(&self, area: Rect, buf: &mut Buffer, theme: &Theme, now: Duration) {
        let most = (area.height / 2).max(2).min(area.height);
        let top = area.bottom() - most;
        let mut bottom = area.bottom();
        for toast in self.shown(now).rev() {
            let mut text = toast.text.clone();
            if toast.times > 1 {
                text.push_str(&format!(" (×{})", toast.times));
            }
            let width = (text.width() + 2).min(70).min(area.width as usize);
            if width < 6 {
                return;
            }
            let lines = wrap(&text, width - 2, usize::from(most.min(4)));
            let height = lines.len() as u16;
            if bottom < top + height {
                return;
            }
            bottom -= height;
            let place = Rect { x: area.right() - width as u16, y: bottom, width: width as u16, height };
            Clear.render(place, buf);
            buf.set_style(place, theme.style(toast.role()));
            for (row, line) in lines.iter().enumerate() {
                buf.set_stringn(place.x + 1, place.y + row as u16, line, width - 2, theme.style(toast.role()));
            }
            bottom = bottom.saturating_sub(1).max(top);
        }
    }
}

/// Breaks a text at word borders into lines of at most this width, at most so many; what does not fit ends in `…`.
pub fn wrap(text: &str, width: usize, most: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_word_bounds() {
        let wide = word.width();
        if used + wide > width && used > 0 {
            lines.push(String::new());
            used = 0;
            if word.trim().is_empty() {
                continue;
            }
        }
        if wide > width {
            for letter in word.graphemes(true) {
                if used + letter.width() > width {
                    lines.push(String::new());
                    used = 0;
                }
                used += letter.width();
                if let Some(line) = lines.last_mut() {
                    line.push_str(letter);
                }
            }
            continue;
        }
        used += wide;
        if let Some(line) = lines.last_mut() {
            line.push_str(word);
        }
    }
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            while last.width() + 1 > width && last.pop().is_some() {}
            last.push('…');
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn they_go_and_are_kept() {
        let mut toasts = Toasts::default();
        toasts.push(Severity::Info, "copied".into(), SECOND);
        toasts.push(Severity::Info, "copied".into(), 2 * SECOND);
        assert_eq!(toasts.shown(2 * SECOND).map(|toast| toast.times).collect::<Vec<_>>(), [2]);
        assert_eq!(toasts.next_end(2 * SECOND), Some(3 * SECOND));
        assert_eq!(toasts.shown(5 * SECOND).count(), 0);
        toasts.push(Severity::Error, "locked".into(), 6 * SECOND);
        assert!(toasts.dismiss(7 * SECOND));
        assert_eq!((toasts.shown(7 * SECOND).count(), toasts.all().len()), (0, 2));
    }

    #[test]
    fn a_word_takes_the_place_of_the_one_before_and_a_warning_stays() {
        let mut toasts = Toasts::default();
        toasts.push(Severity::Info, "taken back".into(), SECOND);
        toasts.push(Severity::Warning, "slow".into(), SECOND);
        toasts.push(Severity::Info, "done again".into(), SECOND);
        let shown: Vec<_> = toasts.shown(2 * SECOND).map(|toast| toast.text.as_str()).collect();
        assert_eq!(shown, ["slow", "done again"]);
        toasts.hush(2 * SECOND);
        assert_eq!(toasts.shown(2 * SECOND).map(|toast| toast.text.as_str()).collect::<Vec<_>>(), ["slow"]);
        toasts.hush(4 * SECOND);
        assert_eq!(toasts.shown(4 * SECOND).count(), 0, "it was read by then");
    }

    #[test]
    fn they_leave_half_of_the_screen() {
        let long = "what happened, what it means and what to do, in words that take several lines of a small terminal";
        let mut toasts = Toasts::default();
        for severity in [Severity::Info, Severity::Warning, Severity::Error] {
            toasts.push(severity, format!("{} {long}", severity as u8), SECOND);
        }
        let theme = Theme::built_in(crate::theme::ThemeName::Mono);
        for (width, height) in [(40, 8), (40, 9), (60, 20), (20, 3), (20, 1), (6, 40), (0, 0)] {
            let area = Rect { x: 0, y: 0, width, height };
            let mut buf = Buffer::filled(area, ratatui::buffer::Cell::new("."));
            toasts.draw(area, &mut buf, &theme, SECOND);
            let row = |y: u16| (0..width).map(|x| buf[(x, y)].symbol()).collect::<String>();
            let covered: Vec<u16> = (0..height).filter(|y| !row(*y).trim_matches('.').is_empty()).collect();
            let most = (height / 2).max(2);
            assert!(covered.len() <= usize::from(most), "{width}×{height}: {covered:?}");
            assert!(covered.iter().all(|y| y + most >= height), "{width}×{height}: {covered:?}");
            assert!(width < 6 || height < 2 || !covered.is_empty(), "{width}×{height}: the newest is shown");
        }
    }

    #[test]
    fn words_wrap_and_the_rest_is_marked() {
        assert_eq!(wrap("the file is locked", 9, 4), ["the file ", "is locked"]);
        assert_eq!(wrap("aaaaaaaa", 3, 2), ["aaa", "aa…"]);
        assert_eq!(wrap("", 3, 2), [""]);
    }
}
