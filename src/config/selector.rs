//! Recognises Kubernetes names and label selectors, so that a mistake is told at the start and not by an endless
//! series of refused watches. Pure.

/// Whether `text` can be the name of a namespace (RFC 1123 label).
#[must_use]
pub fn is_dns_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether `text` may name an object of most kinds: labels separated by periods.
#[must_use]
pub fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// Whether `text` is a list of requirements: `key`, `!key`, `key=value` (also `==`, `!=`), `key in (a,b)`,
/// `key notin (a,b)`.
pub(super) fn is_label_selector(text: &str) -> bool {
    let mut rest = text;
    loop {
        let (requirement, behind) = split_requirement(rest);
        if !is_requirement(requirement.trim()) {
            return false;
        }
        match behind {
            Some(behind) => rest = behind,
            None => return true,
        }
    }
}

/// Splits at the first comma outside parentheses.
fn split_requirement(text: &str) -> (&str, Option<&str>) {
    let mut inside = false;
    for (index, character) in text.char_indices() {
        match character {
            '(' => inside = true,
            ')' => inside = false,
            ',' if !inside => {
                let (requirement, behind) = text.split_at(index);
                return (requirement, behind.get(1..));
            }
            _ => {}
        }
    }
    (text, None)
}

fn is_requirement(text: &str) -> bool {
    if let Some(key) = text.strip_prefix('!') {
        return is_key(key.trim());
    }
    if let Some(list) = text.strip_suffix(')') {
        let Some((left, values)) = list.split_once('(') else {
            return false;
        };
        let mut words = left.split_whitespace();
        let key = words.next().is_some_and(is_key);
        let operator = matches!(words.next(), Some("in" | "notin"));
        return key
            && operator
            && words.next().is_none()
            && values.split(',').all(|value| is_value(value.trim()));
    }
    for operator in ["!=", "==", "="] {
        if let Some((key, value)) = text.split_once(operator) {
            return is_key(key.trim()) && is_value(value.trim());
        }
    }
    is_key(text)
}

/// A qualified name: an optional DNS subdomain and a slash, then up to 63 characters.
fn is_key(text: &str) -> bool {
    let (prefix, name) = match text.split_once('/') {
        Some((prefix, name)) => (Some(prefix), name),
        None => (None, text),
    };
    let prefix_fits =
        prefix.is_none_or(|prefix| prefix.len() <= 253 && prefix.split('.').all(is_dns_label));
    prefix_fits && !name.is_empty() && is_value(name)
}

fn is_value(text: &str) -> bool {
    let is_end = |byte: Option<u8>| byte.is_none_or(|byte| byte.is_ascii_alphanumeric());
    text.len() <= 63
        && is_end(text.bytes().next())
        && is_end(text.bytes().next_back())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_that_the_api_server_reads_are_recognised() {
        for text in [
            "shard",
            "!shard",
            "shard=a",
            "shard==a",
            "shard = a",
            "shard!=a",
            "shard=",
            "example.com/shard=a-1_b.c",
            "shard in (a, b),tier notin (gold),!legacy,x=y",
            "shard in (a),shard",
            "shard in ()",
        ] {
            assert!(is_label_selector(text), "{text}");
        }
    }

    #[test]
    fn what_it_would_refuse_is_not() {
        for text in [
            "",
            ",",
            "shard,",
            "=a",
            "shard=a b",
            "shard=-a",
            "shard in a",
            "shard in (a",
            "shard of (a)",
            "shard in (a b)",
            "shard in x (a)",
            "(a)",
            "a)b",
            "/shard",
            "Example.com/shard",
            "shärd=a",
            "shard=a=b",
        ] {
            assert!(!is_label_selector(text), "{text}");
        }
        assert!(!is_label_selector(&"a".repeat(64)));
        assert!(!is_label_selector(&format!("a={}", "b".repeat(64))));
    }
}
