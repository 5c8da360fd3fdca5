//! Spellings that the API server does not take.

use super::ids::{Seen::NotAdmitted, Way, b, c};
use super::world::{cluster, configuration};

pub(crate) fn ways() -> Vec<Way> {
    let mut ways = ids();
    ways.extend(names());
    ways
}

/// Ids of clusters.
fn ids() -> Vec<Way> {
    let foreign = cluster("follower-a");
    let mut ways = Vec::new();
    for (spelling, id) in [
        (
            "percent-encoded letter",
            foreign.replace("follower-a", "follower%2Da"),
        ),
        (
            "percent-encoded slash",
            foreign.replace("/clusters/", "/clusters%2F"),
        ),
        (
            "twice percent-encoded",
            foreign.replace("follower-a", "follower%252Da"),
        ),
        (
            "dots",
            foreign.replace("/resourceGroups/", "/resourceGroups/rg-b/../"),
        ),
        (
            "dots at the end",
            format!("{}/../follower-a", cluster("follower-b")),
        ),
        (
            "encoded dots",
            format!("{}/%2e%2e/follower-a", cluster("follower-b")),
        ),
        ("a dot", foreign.replace("/clusters/", "/./clusters/")),
        ("two slashes", foreign.replace("/clusters/", "/clusters//")),
        ("two slashes in front", format!("/{foreign}")),
        ("a slash at the end", format!("{foreign}/")),
        (
            "a whole url",
            format!("https://management.azure.com{foreign}"),
        ),
        ("a host", format!("//management.azure.com{foreign}")),
        ("a query", format!("{foreign}?x=")),
        ("a fragment", format!("{foreign}#")),
        ("a backslash", foreign.replace("/clusters/", "/clusters\\")),
        ("a space", format!("{foreign} ")),
        ("a line end", format!("{foreign}\n")),
        ("a null", format!("{foreign}\0")),
        (
            "a cyrillic letter",
            foreign.replace("follower-a", "f\u{43e}llower-a"),
        ),
        (
            "a wide letter",
            foreign.replace("follower-a", "follower-\u{ff41}"),
        ),
        ("the kelvin sign", foreign.replace("Kusto", "\u{212a}usto")),
        (
            "a hyphen that is none",
            foreign.replace("follower-a", "follower\u{2010}a"),
        ),
        (
            "an invisible character",
            foreign.replace("follower-a", "follower-a\u{200b}"),
        ),
        ("a configuration", configuration("follower-a", "sales")),
    ] {
        for field in ["follower", "leader"] {
            ways.push((
                format!("{field}: {spelling}"),
                b(&format!("/{field}/clusterResourceId"), id.clone()),
                NotAdmitted("must be the resource ID"),
            ));
        }
    }
    ways
}

/// Names that become segments of a path, or look like patterns.
fn names() -> Vec<Way> {
    let mut ways = Vec::new();
    for name in [
        "../../../follower-a/x/sales",
        "a/b",
        "..",
        ".",
        "%2e%2e",
        "a%2fb",
        "a?b",
        "a#b",
        "a\\b",
        "sales\u{200b}",
        " sales",
        "",
    ] {
        ways.push((
            format!("configurationName: {name:?}"),
            b("/configurationName", name),
            NotAdmitted("`configurationName` must be"),
        ));
    }
    for name in [
        "**", "%2A", " *", "* ", "Logs*", "*Eu", "\u{ff0a}", "Logs/Eu", "..",
    ] {
        ways.push((
            format!("leader.databaseName: {name:?}"),
            c("/leader/databaseName", name),
            NotAdmitted("`leader.databaseName` must be"),
        ));
    }
    for name in [
        "team-a/adx",
        "../team-a/adx",
        "system:serviceaccount:team-a:adx",
        "team-a%2Fadx",
        "adx?",
    ] {
        ways.push((
            format!("serviceAccountName: {name:?}"),
            b("/serviceAccountName", name),
            NotAdmitted("`serviceAccountName` must be"),
        ));
    }
    ways
}
