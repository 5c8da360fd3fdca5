//! Names in Kubernetes, made of names in Azure. Pure.

use std::collections::BTreeSet;

/// Longest label of a name (RFC 1123).
const MAX_LABEL: usize = 63;

/// Stands for a name of which nothing is left.
const NAMELESS: &str = "configuration";

/// Whether `text` can name a namespace.
#[must_use]
pub fn is_label(text: &str) -> bool {
    let is_inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=MAX_LABEL).contains(&text.len())
        && text.bytes().all(is_inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// A name for the object of the configuration `configuration`, which no other object in `taken` has; it is added there.
///
/// Letters become small ones, what Kubernetes does not take becomes a hyphen, and a second object of one name gets a
/// number: configurations `Sales EU` and `sales_eu` become `sales-eu` and `sales-eu-2`.
pub fn object_name(configuration: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = configuration
        .to_ascii_lowercase()
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '.' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let labels: Vec<&str> = plain
        .split('.')
        .map(|label| label.trim_matches('-'))
        .filter(|label| !label.is_empty())
        .collect();
    let base = if labels.is_empty() {
        NAMELESS.to_owned()
    } else {
        labels.join(".")
    };
    let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
    let name = std::iter::once(base.clone())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or(base);
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_and_each_is_given_once() {
        let mut taken = BTreeSet::new();
        for (configuration, expected) in [
            ("sales", "sales"),
            ("Sales", "sales-2"),
            ("Sales EU", "sales-eu"),
            ("sales_eu", "sales-eu-2"),
            ("a.-b..c-", "a.b.c"),
            ("_", "configuration"),
            ("-- --", "configuration-2"),
            ("1.2", "1.2"),
        ] {
            assert_eq!(object_name(configuration, &mut taken), expected);
        }
        assert!(taken.iter().all(|name| name.split('.').all(is_label)));
    }

    #[test]
    fn a_namespace_is_a_label() {
        for (text, expected) in [
            ("a", true),
            ("team-1", true),
            ("", false),
            ("-a", false),
            ("a-", false),
            ("a.b", false),
            ("Team", false),
        ] {
            assert_eq!(is_label(text), expected, "{text}");
        }
        assert!(!is_label(&"a".repeat(64)));
    }
}
