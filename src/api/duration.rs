//! Reads `spec.interval`. Pure.

use std::time::Duration;

/// The shortest interval.
pub const MIN_INTERVAL: Duration = Duration::from_secs(1);

/// The longest interval: a day.
pub const MAX_INTERVAL: Duration = Duration::from_hours(24);

/// Why a text is not an interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IntervalError {
    /// Not numbers with units.
    #[error("must be a duration such as 90s, 10m or 1h30m")]
    Malformed,
    /// A duration, but too short or too long.
    #[error("must be a duration from 1s to 24h")]
    OutOfRange,
}

/// Reads a duration from 1s to 24h in the notation of Go and `metav1.Duration`: numbers, each with a unit `h`, `m`, `s`
/// or `ms`, as in `1h30m` or `1.5s`. At most five digits before the dot and three behind it, as the CEL rule has it.
///
/// # Errors
/// [`IntervalError::Malformed`] for another notation, [`IntervalError::OutOfRange`] for a duration outside the bounds.
pub fn parse_interval(text: &str) -> Result<Duration, IntervalError> {
    let mut rest = text;
    let mut total = Duration::ZERO;
    while !rest.is_empty() {
        let (term, behind) = split_term(rest).ok_or(IntervalError::Malformed)?;
        total = total.saturating_add(term);
        rest = behind;
    }
    if text.is_empty() {
        Err(IntervalError::Malformed)
    } else if (MIN_INTERVAL..=MAX_INTERVAL).contains(&total) {
        Ok(total)
    } else {
        Err(IntervalError::OutOfRange)
    }
}

/// Splits one number with its unit off the front.
fn split_term(text: &str) -> Option<(Duration, &str)> {
    let (whole, rest) = split_digits(text, 5)?;
    let (thousandths, rest) = match rest.strip_prefix('.') {
        Some(fraction) => {
            let (digits, rest) = split_digits(fraction, 3)?;
            (format!("{digits:0<3}").parse::<u64>().ok()?, rest)
        }
        None => (0, rest),
    };
    // "ms" before "m": the longer unit wins.
    let (unit_millis, rest) = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000_u64)]
        .into_iter()
        .find_map(|(unit, millis)| Some((millis, rest.strip_prefix(unit)?)))?;
    let micros = (whole.parse::<u64>().ok()? * 1_000 + thousandths) * unit_millis;
    Some((Duration::from_micros(micros), rest))
}

/// Splits one to `most` ASCII digits off the front.
fn split_digits(text: &str, most: usize) -> Option<(&str, &str)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    (1..=most).contains(&end).then(|| text.split_at(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_go_notation_are_read() {
        for (text, millis) in [
            ("1s", 1_000),
            ("1000ms", 1_000),
            ("90s", 90_000),
            ("10m", 600_000),
            ("1h30m", 5_400_000),
            ("1h0m0s", 3_600_000),
            ("1.5s", 1_500),
            ("1.05m", 63_000),
            ("24h", 86_400_000),
            ("23h59m59.999s", 86_399_999),
            ("00010s", 10_000),
        ] {
            assert_eq!(
                parse_interval(text),
                Ok(Duration::from_millis(millis)),
                "{text}"
            );
        }
    }

    #[test]
    fn other_notations_are_malformed() {
        for text in [
            "", "10", "m", "10 m", " 10m", "10m ", "-10m", "+10m", "10d", "10M", "1h30", ".5s",
            "1.s", "1.2345s", "100000s", "1e3s", "PT10M", "١٠s", "10µs", "10ns", "s10",
        ] {
            assert_eq!(
                parse_interval(text),
                Err(IntervalError::Malformed),
                "{text}"
            );
        }
    }

    #[test]
    fn durations_outside_the_bounds_are_out_of_range() {
        for text in ["0s", "999ms", "0.999s", "24h1ms", "86401s", "99999h99999h"] {
            assert_eq!(
                parse_interval(text),
                Err(IntervalError::OutOfRange),
                "{text}"
            );
        }
    }
}
