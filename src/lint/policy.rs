//! What the operator says to a policy that the API server accepts, and what its author hardly meant. Pure.

use std::rc::Rc;

use super::{
    finding::{Problem, Rule},
    path::Path,
    yaml::{Node, Yaml},
};
use crate::{
    api::{AttachmentPolicy, LeaderRule},
    azure::scope::Scope,
    controller::access::Policy,
};

mod selector;
#[cfg(test)]
mod tests;

/// What there is to say about `policy`, which stands in the document `root`.
pub(super) fn problems(root: &Node, policy: &AttachmentPolicy) -> Vec<Problem> {
    if let Err(error) = Policy::try_from(policy) {
        let message = error.to_string();
        return vec![problem(
            root,
            Rule::Spec,
            &Path::of_message(&message),
            message.clone(),
        )];
    }
    let mut found = null_labels(root);
    found.extend(no_namespace(root, policy));
    found.extend(no_pair_of_clusters(root, policy));
    found.extend(redundant_followers(root, policy));
    found.extend(redundant_databases(root, &policy.spec.leaders));
    found
}

fn problem(root: &Node, rule: Rule, path: &Path, message: String) -> Problem {
    Problem {
        rule,
        at: path.locate(root),
        field: path.to_string(),
        message,
    }
}

/// Labels without a value, beside others: what is left when the API server has dropped them matches more namespaces.
fn null_labels(root: &Node) -> Vec<Problem> {
    let child = |node: &Rc<Node>, key| node.entry(key).map(|entry| Rc::clone(&entry.node));
    let labels = root
        .entry("spec")
        .and_then(|spec| child(&spec.node, "namespaces"))
        .and_then(|namespaces| child(&namespaces, "matchLabels"));
    let Some(Yaml::Map(entries)) = labels.as_deref().map(|labels| &labels.value) else {
        return Vec::new();
    };
    let nulls = entries
        .iter()
        .filter(|(_, entry)| entry.node.value == Yaml::Null);
    nulls
        .map(|(label, _)| {
            let path = Path::parse("spec.namespaces.matchLabels").key(label);
            let message = format!(
                "`{path}` must have a value: the API server drops a null, and the policy would be for more namespaces"
            );
            problem(root, Rule::Required, &path, message)
        })
        .collect()
}

/// A selector that contradicts itself.
fn no_namespace(root: &Node, policy: &AttachmentPolicy) -> Option<Problem> {
    let key = selector::contradicted(&policy.spec.namespaces)?;
    let message = format!(
        "`spec.namespaces` must match some namespace: no namespace can have all that is asked of its label {}, and the \
         policy allows nothing",
        super::schema::shown(key)
    );
    let path = Path::parse("spec.namespaces");
    Some(problem(root, Rule::AllowsNothing, &path, message))
}

/// One cluster alone on both sides: it cannot follow itself.
fn no_pair_of_clusters(root: &Node, policy: &AttachmentPolicy) -> Option<Problem> {
    let followers = policy.spec.followers.iter();
    let leaders = policy.spec.leaders.iter().map(|rule| &rule.scope);
    let mut scopes = followers.chain(leaders).map(|text| text.parse::<Scope>());
    let Some(Ok(first @ Scope::Cluster(_))) = scopes.next() else {
        return None;
    };
    scopes.all(|scope| scope.as_ref() == Ok(&first)).then(|| {
        problem(
            root,
            Rule::AllowsNothing,
            &Path::parse("spec.leaders"),
            "`spec.leaders` must have another cluster than `spec.followers`: a cluster cannot follow itself, and the \
             policy allows nothing"
                .to_owned(),
        )
    })
}

fn redundant_followers(root: &Node, policy: &AttachmentPolicy) -> Vec<Problem> {
    let scopes: Vec<Scope> = policy
        .spec
        .followers
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect();
    let path = Path::parse("spec.followers");
    redundant(root, &path, &scopes, Scope::encloses)
}

fn redundant_databases(root: &Node, leaders: &[LeaderRule]) -> Vec<Problem> {
    let rules = leaders.iter().enumerate();
    rules
        .flat_map(|(index, rule)| {
            let path = Path::parse("spec.leaders").index(index).key("databases");
            let patterns: Vec<String> = rule
                .databases
                .iter()
                .map(|pattern| pattern.to_ascii_lowercase())
                .collect();
            redundant(root, &path, &patterns, |outer, inner| {
                includes(outer, inner)
            })
        })
        .collect()
}

/// Whether the pattern `outer` allows all that `inner` does; both in lower case.
fn includes(outer: &str, inner: &str) -> bool {
    match outer.strip_suffix('*') {
        Some("") => true,
        // `*` is more than any beginning: it allows every database at once.
        Some(beginning) => inner != "*" && inner.trim_end_matches('*').starts_with(beginning),
        None => outer == inner,
    }
}

/// The entries of the list at `path` that another one includes; of two that say the same, the second.
fn redundant<T>(
    root: &Node,
    path: &Path,
    entries: &[T],
    includes: impl Fn(&T, &T) -> bool,
) -> Vec<Problem> {
    let within = |(index, entry): (usize, &T)| {
        let (other, _) = entries.iter().enumerate().find(|(other, outer)| {
            *other != index && includes(outer, entry) && (*other < index || !includes(entry, outer))
        })?;
        let own = path.index(index);
        let message = format!(
            "`{own}` must add something: `{}` includes it; leave it out",
            path.index(other)
        );
        Some(problem(root, Rule::RedundantEntry, &own, message))
    };
    entries.iter().enumerate().filter_map(within).collect()
}
