//! The words of the source that can reach a condition or an event.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A file and its code.
pub(crate) struct Source {
    pub(crate) name: String,
    code: String,
}

/// The code that can put a word into a condition or an event, without comments and tests: all of the controller, and what
/// of Azure's side and of the issuer of tokens says who must act.
pub(crate) fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    let mut paths: Vec<PathBuf> = ["controller", "azure", "identity.rs"]
        .map(|folder| root.join("src").join(folder))
        .into();
    while let Some(path) = paths.pop() {
        if path.is_dir() && !path.ends_with("tests") {
            paths.extend(
                fs::read_dir(&path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.ends_with("tests.rs")
        {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.strip_prefix(root).unwrap().display().to_string();
            let says_who_must_act = ["Class::", "TokenError::Misconfigured"]
                .iter()
                .any(|word| text.contains(word));
            if name.starts_with("src/controller") || says_who_must_act {
                files.push(Source {
                    name,
                    code: code(&text),
                });
            }
        }
    }
    files
}

impl Source {
    /// Every `CamelCase` word that stands alone between two quotes.
    pub(crate) fn literals(&self) -> BTreeSet<&str> {
        let quoted = self.code.lines().flat_map(|line| {
            let parts: Vec<&str> = line.split('"').collect();
            let inner = parts.len().saturating_sub(2);
            parts.into_iter().skip(1).take(inner)
        });
        quoted.filter(|word| is_camel_case(word)).collect()
    }
}

/// The text without comments, unit tests and the names of types that `Debug` writes.
fn code(text: &str) -> String {
    let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
    let is_silent = |line: &&str| {
        line.trim_start().starts_with("//")
            || line.contains("debug_struct(")
            || line.contains("debug_tuple(")
    };
    code.lines()
        .filter(|line| !is_silent(line))
        .collect::<Vec<_>>()
        .join("\n")
}

fn is_camel_case(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.contains(|c: char| c.is_ascii_lowercase())
        && word.chars().all(|c| c.is_ascii_alphanumeric())
}
