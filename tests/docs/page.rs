//! A page of the documentation, as a reader of Markdown sees it.

use std::{collections::BTreeSet, fs, path::Path};

/// The text of the page at `path` below the repository.
pub(crate) fn page(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The text of the section under the heading `title`.
pub(crate) fn section<'a>(page: &'a str, title: &str) -> &'a str {
    let (_, rest) = page.split_once(&format!("\n## {title}\n")).expect(title);
    rest.split("\n## ").next().unwrap()
}

/// The rows of the tables of a section, without their heads.
pub(crate) fn rows(section: &str) -> Vec<Vec<&str>> {
    let lines: Vec<&str> = section.lines().collect();
    let is_row = |line: &str| line.starts_with("| ") && line.ends_with('|');
    let body = lines
        .windows(2)
        .filter(|pair| is_row(pair[0]) && !pair[1].starts_with("|-"));
    let last = lines.last().filter(|line| is_row(line));
    body.map(|pair| pair[0])
        .chain(last.copied())
        .map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

/// The anchors of the headings of a page.
pub(crate) fn anchors(page: &str) -> BTreeSet<String> {
    outside(page, "\n```")
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(anchor)
        .collect()
}

/// A heading's anchor, as the forges make it.
fn anchor(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.collect::<String>().replace(' ', "-")
}

/// The targets of the links of a page.
pub(crate) fn links(page: &str) -> Vec<String> {
    let prose = prose(page);
    let ends = prose
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    ends.map(|(target, _)| target.to_owned()).collect()
}

/// The page without code, in blocks and in lines.
fn prose(page: &str) -> String {
    outside(&outside(page, "\n```"), "`")
}

/// Every other part of `text`, beginning with the first.
fn outside(text: &str, fence: &str) -> String {
    text.split(fence).step_by(2).collect()
}
