//! Patterns of paths and of actions. Pure.

/// Whether `path` matches `pattern`: `*` is any text within a segment, `**` any number of segments. Both are split at `/`; letters compare without case, as in ARM paths.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    let path = path.to_ascii_lowercase();
    let pattern: Vec<&str> = pattern.trim_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_matches('/').split('/').collect();
    segments(&pattern, &path)
}

fn segments(pattern: &[&str], path: &[&str]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((&"**", rest)), None) => segments(rest, path),
        (Some((&"**", rest)), Some((_, further))) => {
            segments(rest, path) || segments(pattern, further)
        }
        (Some(_), None) => false,
        (Some((first, rest)), Some((segment, further))) => {
            text_matches(first, segment) && segments(rest, further)
        }
    }
}

/// Whether `text` matches `pattern`, in which `*` stands for any text.
pub(crate) fn text_matches(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    text.strip_prefix(head).is_some_and(|rest| {
        let mut ends = rest.char_indices().map(|(at, _)| at).chain([rest.len()]);
        ends.any(|at| rest.get(at..).is_some_and(|rest| text_matches(tail, rest)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_documented() {
        let configuration = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.Kusto/clusters/f/attachedDatabaseConfigurations/sales";
        for (pattern, path, expected, reason) in [
            (
                "**/attachedDatabaseConfigurations/*",
                configuration,
                true,
                "a configuration anywhere",
            ),
            (
                "**/ATTACHEDDATABASECONFIGURATIONS/Sales",
                configuration,
                true,
                "case does not matter",
            ),
            (
                "**/attachedDatabaseConfigurations",
                configuration,
                false,
                "the list is another path",
            ),
            ("**", configuration, true, "everything"),
            (
                "**/clusters/*",
                configuration,
                false,
                "one star is one segment",
            ),
            (
                "**/clusters/f/**",
                configuration,
                true,
                "anything below a cluster",
            ),
            ("/a/*-*/c", "/a/x-y/c", true, "stars within a segment"),
            ("/a/*-*/c", "/a/xy/c", false, "the dash is needed"),
            ("/a/**/b", "/a/b", true, "two stars match nothing too"),
        ] {
            assert_eq!(matches(pattern, path), expected, "{reason}");
        }
    }
}
