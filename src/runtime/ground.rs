//! Whether the terminal's ground is dark or light.

use std::time::Duration;

use terminal_colorsaurus::{QueryOptions, ThemeMode, theme_mode};

use crate::theme::ThemeName;

/// Terminals that answer do so in a millisecond, over a slow line in a tenth of a second.
const PATIENCE: Duration = Duration::from_millis(200);

/// Asks the terminal, else `COLORFGBG`, else assumes dark. The terminal's input must not be read by another meanwhile.
pub(crate) fn theme() -> ThemeName {
    if std::env::var("TERM").is_ok_and(|term| term != "linux" && !term.is_empty()) {
        let mut options = QueryOptions::default();
        options.timeout = PATIENCE;
        match theme_mode(options) {
            Ok(ThemeMode::Light) => return ThemeName::Light,
            Ok(ThemeMode::Dark) => return ThemeName::Dark,
            Err(error) => tracing::debug!("the terminal does not say its colours: {error}"),
        }
    }
    std::env::var("COLORFGBG").ok().and_then(|colours| from_colorfgbg(&colours)).unwrap_or_default()
}

/// `15;0`, `0;default;15`: the last is the ground's number among the sixteen colours; 7 and 9 to 15 are light.
fn from_colorfgbg(colours: &str) -> Option<ThemeName> {
    let ground: u8 = colours.rsplit(';').next()?.parse().ok()?;
    match ground {
        0..=6 | 8 => Some(ThemeName::Dark),
        7 | 9..=15 => Some(ThemeName::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colorfgbg_names_the_ground_last() {
        assert_eq!(from_colorfgbg("15;0"), Some(ThemeName::Dark));
        assert_eq!(from_colorfgbg("0;default;15"), Some(ThemeName::Light));
        assert_eq!(from_colorfgbg("0;default"), None);
    }
}
