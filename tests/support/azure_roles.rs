//! Writes the roles of `deploy/azure/` and the table of `docs/security.md` from the operator's own list of actions.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use adx_follower_operator::azure::actions::{ACTIONS, Action, Needed, Place, ROLE, Source};
use serde_json::json;

/// Each role definition, as the name of its file and its content, in the form that `az role definition create` takes.
pub(crate) fn roles() -> Vec<(String, String)> {
    let all = definition(
        ROLE,
        "All that adx-follower-operator asks for, on followers and leaders alike.",
        |_| true,
    );
    let parts = Place::ALL.map(|place| {
        let (word, about) = match place {
            Place::Follower => ("follower", "a follower cluster"),
            Place::Leader => ("leader", "a leader cluster"),
            Place::ResourceGroup => ("operations", "the resource group of a cluster"),
        };
        let role = definition(
            &format!("{ROLE} ({word})"),
            &format!("What adx-follower-operator asks for on {about}, and no more."),
            |action| action.place == place,
        );
        (format!("roles/{word}.json"), role)
    });
    std::iter::once(("role.json".to_owned(), all))
        .chain(parts)
        .collect()
}

fn definition(name: &str, description: &str, takes: impl Fn(&Action) -> bool) -> String {
    let actions: BTreeSet<&str> = ACTIONS
        .iter()
        .filter(|action| takes(action))
        .map(|action| action.name)
        .collect();
    let role = json!({
        "Name": name,
        "IsCustom": true,
        "Description": description,
        "Actions": actions,
        "NotActions": [],
        "DataActions": [],
        "NotDataActions": [],
        "AssignableScopes": ["/subscriptions/SUBSCRIPTION_ID"],
    });
    serde_json::to_string_pretty(&role).unwrap() + "\n"
}

/// The table of the actions.
pub(crate) fn table() -> String {
    let mut out = String::from(
        "| Action | On | Needed for | What the operator does with it |\n|---|---|---|---|\n",
    );
    for action in ACTIONS {
        let needed = match action.needed {
            Needed::Always => "everything",
            Needed::For(feature) => feature.as_str(),
        };
        let doubt = match action.source {
            Source::Documented => "",
            Source::Unconfirmed => " **Unconfirmed**, see below",
        };
        let (name, place, purpose) = (action.name, action.place.as_str(), action.purpose);
        writeln!(out, "| `{name}` | {place} | {needed} | {purpose}.{doubt} |").unwrap();
    }
    out
}
