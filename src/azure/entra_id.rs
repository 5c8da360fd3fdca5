//! Pure. What an id of a client or a tenant may look like, wherever it comes from: the environment, or whoever may
//! annotate a ServiceAccount.

/// Longest id: a GUID has 36 characters, but a tenant may be named by a domain.
const MAX: usize = 253;

/// The id in `raw`, without white space around it; `None` when it cannot be one: empty, longer than 253 characters, or
/// not of letters, digits, hyphens and periods after a letter or a digit.
///
/// The tenant becomes a segment of Entra's path: `..` or `/` would lead elsewhere.
#[must_use]
pub fn entra_id(raw: &str) -> Option<&str> {
    let id = raw.trim();
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    let starts_well = id.starts_with(|c: char| c.is_ascii_alphanumeric());
    (starts_well && id.len() <= MAX && id.chars().all(allowed)).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_guid_a_domain_or_the_like() {
        let longest = "a".repeat(MAX);
        for (raw, id) in [
            (
                "11111111-1111-4111-8111-111111111111",
                Some("11111111-1111-4111-8111-111111111111"),
            ),
            (
                " contoso.onmicrosoft.com\n",
                Some("contoso.onmicrosoft.com"),
            ),
            ("c", Some("c")),
            (longest.as_str(), Some(longest.as_str())),
            ("", None),
            (" \n", None),
            ("-c", None),
            (".c", None),
            ("..", None),
            ("../common", None),
            ("t/oauth2", None),
            ("t\\oauth2", None),
            ("c?d", None),
            ("c#d", None),
            ("c%2f", None),
            ("c d", None),
            ("c\0", None),
            ("ć", None),
            ("{c}", None),
        ] {
            assert_eq!(entra_id(raw), id, "{raw:?}");
        }
        assert_eq!(entra_id(&"a".repeat(MAX + 1)), None);
    }
}
