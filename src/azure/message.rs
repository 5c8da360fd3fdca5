//! Pure. Makes one stable line of what a service or an error chain says.
//!
//! Conditions hold these lines, and an unchanged condition is not written: so whatever differs between two attempts at
//! the same thing (request ids, timestamps) is taken out.

use std::error::Error;

use crate::error_chain::ErrorChain;

/// Longest line handed out, in characters.
const MAX_CHARS: usize = 512;

/// Words after which a value stands that differs between attempts. Entra ends its messages with the trace, correlation
/// and time; ARM and Kusto put a request, activity or tracking id in.
const VOLATILE: [&str; 10] = [
    "trace id",
    "correlation id",
    "correlationid",
    "request id",
    "requestid",
    "activity id",
    "activityid",
    "tracking id",
    "trackingid",
    "timestamp",
];

/// `text` in one line: white space folded, ids and times of the attempt removed, cut at 512 characters.
#[must_use]
pub(super) fn stable_line(text: &str) -> String {
    // azure_identity appends a link to its own troubleshooting guide, which is about code, not about the user's set-up.
    let text = text.split("To troubleshoot, visit").next().unwrap_or(text);
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for keyword in VOLATILE {
        while let Some((start, end)) = volatile(&line, keyword) {
            line.replace_range(start..end, "");
        }
    }
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line
        .replace("()", "")
        .replace(". ,", ".")
        .replace(" .", ".");
    cut(line.trim_end_matches([' ', ',', ';']))
}

/// `error` and its causes in one stable line, each said once.
#[must_use]
pub(super) fn chain_line(error: &(dyn Error + 'static)) -> String {
    stable_line(&ErrorChain(error).to_string())
}

fn cut(line: &str) -> String {
    if line.chars().count() <= MAX_CHARS {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(MAX_CHARS - 1).collect();
    short.push('…');
    short
}

/// Where `keyword`, its separator and its value stand in `line`: byte positions.
fn volatile(line: &str, keyword: &str) -> Option<(usize, usize)> {
    // ASCII lower case keeps byte positions.
    let folded = line.to_ascii_lowercase();
    let mut from = 0;
    while let Some(found) = folded.get(from..)?.find(keyword) {
        let start = from + found;
        let after = start + keyword.len();
        if let Some(length) = volatile_value(line.get(after..)?) {
            return Some((start, after + length));
        }
        from = after;
    }
    None
}

/// Length in bytes of a separator and a value with a digit in it, such as `: 8a7d…` or `='2026-01-01 10:00:00Z'`.
fn volatile_value(rest: &str) -> Option<usize> {
    let value = rest.trim_start_matches([':', '=', ' ', '\'', '"', '[', '(']);
    let skipped = rest.len() - value.len();
    let mut length = token_length(value);
    let first = value.get(..length)?;
    if skipped == 0 || !first.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    // A time may follow a date after a blank.
    if let Some(time) = value.get(length..)?.strip_prefix(' ') {
        let time_length = token_length(time);
        let looks_like_time = time.starts_with(|c: char| c.is_ascii_digit())
            && time.get(..time_length)?.contains(':');
        if looks_like_time {
            length += 1 + time_length;
        }
    }
    let quote = value.get(length..)?.starts_with(['\'', '"', ']']);
    Some(skipped + length + usize::from(quote))
}

fn token_length(text: &str) -> usize {
    let end = text
        .find([' ', ',', ';', '\'', '"', ')', ']', '}'])
        .unwrap_or(text.len());
    // A full stop ends a sentence unless digits follow it, as in fractions of a second.
    text.get(..end)
        .map_or(end, |token| token.trim_end_matches('.').len())
}

#[cfg(test)]
mod tests {
    use std::{fmt, io};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn white_space_is_folded_and_the_troubleshooting_link_goes() {
        assert_eq!(
            stable_line(
                "a\n  b\t c\nTo troubleshoot, visit https://aka.ms/azsdk/rust/identity/troubleshoot#workload"
            ),
            "a b c"
        );
    }

    #[test]
    fn two_attempts_at_the_same_thing_read_the_same() {
        let cases = [
            (
                "AADSTS70021: No matching federated identity record found. Trace ID: 6f1c1c1f-0b5c-4f5e-a7a5-0123456789ab Correlation ID: 11111111-2222-3333-4444-555555555555 Timestamp: 2026-01-01 10:00:00Z",
                "AADSTS70021: No matching federated identity record found.",
            ),
            (
                "Server is busy. Request ID: 12ab, retry later",
                "Server is busy. retry later",
            ),
            (
                "Failed (Activity ID: 77777777-0000-0000-0000-000000000000).",
                "Failed.",
            ),
            (
                "Please provide correlationId 'a1b2c3' to support at timestamp '2026-01-01T10:00:00.123Z'.",
                "Please provide to support at.",
            ),
        ];
        for (raw, expected) in cases {
            assert_eq!(stable_line(raw), expected);
        }
    }

    #[test]
    fn ids_that_name_the_caller_or_the_scope_stay() {
        let message = "The client '0a0a' with object id '1b1b' does not have authorization to perform action 'Microsoft.Kusto/Clusters/read' over scope '/subscriptions/00000000-0000-0000-0000-000000000001'.";
        assert_eq!(stable_line(message), message);
        assert_eq!(
            stable_line("the request id is missing"),
            "the request id is missing"
        );
    }

    #[test]
    fn a_long_message_is_cut_at_512_characters() {
        let line = stable_line(&"é".repeat(600));
        assert_eq!(line.chars().count(), 512);
        assert!(line.ends_with('…'));
    }

    #[derive(Debug)]
    struct Outer(io::Error);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "no answer")
        }
    }

    impl Error for Outer {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            Some(&self.0)
        }
    }

    #[test]
    fn a_chain_is_told_from_the_outside_in_and_each_cause_once() {
        let refused = Outer(io::Error::other(Outer(io::Error::other(
            "connection refused",
        ))));
        assert_eq!(chain_line(&refused), "no answer: connection refused");
    }

    proptest! {
        #[test]
        fn any_text_gives_one_short_line_and_is_then_stable(text in ".{0,300}", keyword in 0..10_usize, value in "[ :='(]{0,3}[0-9a-f-]{0,12}[.,)]?") {
            let line = stable_line(&format!("{text}{}{value} {text}", VOLATILE[keyword]));
            prop_assert!(line.chars().count() <= MAX_CHARS);
            prop_assert!(!line.contains('\n'));
        }
    }
}
