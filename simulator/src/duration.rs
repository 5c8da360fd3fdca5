//! Durations as people write them: `20s`, `500ms`, `1h 30m`. Pure.

use std::time::Duration;

/// Reads a duration; the error says what one looks like.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    text.trim()
        .parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| {
            format!("must be a duration such as `20s`, `500ms` or `1h 30m`, not `{text}`")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_people_write() {
        for (text, milliseconds) in [
            ("20s", 20_000),
            ("500ms", 500),
            ("1h 30m", 5_400_000),
            ("1h", 3_600_000),
            ("0s", 0),
        ] {
            assert_eq!(
                parse(text),
                Ok(Duration::from_millis(milliseconds)),
                "{text}"
            );
        }
    }

    #[test]
    fn refuses_what_is_no_duration() {
        for text in ["", "20", "soon", "-5s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
