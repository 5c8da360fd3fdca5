//! What one object cannot know: that another one declares the same. Pure.

use std::collections::{BTreeMap, btree_map::Entry};

use kube::core::ObjectMeta;

use super::{
    finding::{Finding, Problem, Rule},
    path::Path,
    yaml::{Node, Position},
};
use crate::{
    azure::id::{ClusterId, ConfigurationId},
    controller::validate::{Database, Desired, Naming},
};

/// What a valid object declares, and where.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    /// Namespace and name; no name if the API server makes one.
    id: Option<(String, String)>,
    desired: Desired,
    object_at: Position,
    configuration: Place,
    naming: Place,
}

#[derive(Clone, Debug)]
struct Place {
    field: &'static str,
    at: Position,
}

impl Declared {
    /// What the document `root` declares.
    pub(super) fn new(root: &Node, metadata: ObjectMeta, desired: Desired) -> Self {
        let spec = root.entry("spec").map(|spec| &*spec.node);
        let has = |key| spec.is_some_and(|spec| spec.entry(key).is_some());
        let place = |field: &'static str| Place {
            field,
            at: Path::parse(field).locate(root),
        };
        let is_generated = root
            .entry("metadata")
            .is_none_or(|metadata| metadata.node.entry("name").is_none());
        Self {
            id: metadata
                .name
                .filter(|_| !is_generated)
                .map(|name| (metadata.namespace.unwrap_or_default(), name)),
            object_at: place("metadata.name").at,
            configuration: place(if has("configurationName") {
                "spec.configurationName"
            } else {
                "metadata.name"
            }),
            naming: place(match &desired.naming {
                Naming::Original => "spec.leader.databaseName",
                Naming::Override(_) => "spec.databaseNameOverride",
                Naming::Prefix(_) => "spec.databaseNamePrefix",
            }),
            desired,
        }
    }

    /// An override that renames nothing.
    pub(super) fn redundant_override(&self) -> Option<Problem> {
        let (Naming::Override(new), Database::One(name)) =
            (&self.desired.naming, &self.desired.database)
        else {
            return None;
        };
        new.eq_ignore_ascii_case(name).then(|| {
            self.naming.problem(
                Rule::RedundantOverride,
                "`spec.databaseNameOverride` must differ from `spec.leader.databaseName` to have an effect; leave it out"
                    .to_owned(),
            )
        })
    }

    /// The name on the follower, in lower case, of the only database.
    fn name(&self) -> Option<String> {
        let Database::One(name) = &self.desired.database else {
            return None;
        };
        Some(match &self.desired.naming {
            Naming::Original => name.to_ascii_lowercase(),
            Naming::Override(new) => new.to_ascii_lowercase(),
            Naming::Prefix(prefix) => format!("{prefix}{name}").to_ascii_lowercase(),
        })
    }

    /// What stands before the leader's names on the follower, in lower case.
    fn prefix(&self) -> String {
        match &self.desired.naming {
            Naming::Prefix(prefix) => prefix.to_ascii_lowercase(),
            Naming::Original | Naming::Override(_) => String::new(),
        }
    }
}

impl Place {
    fn problem(&self, rule: Rule, message: String) -> Problem {
        Problem {
            rule,
            at: self.at,
            field: self.field.to_owned(),
            message,
        }
    }
}

/// Where an earlier object stands, for messages.
#[derive(Clone, Debug)]
struct Mention(String);

/// The objects that were seen so far, by what must be theirs alone.
#[derive(Debug, Default)]
pub(super) struct Relations {
    policies: BTreeMap<String, Mention>,
    objects: BTreeMap<(String, String), Mention>,
    configurations: BTreeMap<ConfigurationId, Mention>,
    names: BTreeMap<(ClusterId, String), Mention>,
    /// Followed leaders: all their databases, under names with that prefix.
    everything: BTreeMap<(ClusterId, String), Vec<(ClusterId, Mention)>>,
    /// Followed databases: follower, leader and prefix under which `*` would attach them under the same name.
    singles: BTreeMap<(ClusterId, ClusterId, String), Mention>,
}

impl Relations {
    /// Adds an object of `file`; returns what it has in common with earlier ones and should not.
    pub(super) fn add(
        &mut self,
        file: &str,
        object: Option<&str>,
        declared: &Declared,
    ) -> Vec<Finding> {
        let mention = Mention(format!(
            "`{}` ({file}:{})",
            object.unwrap_or_default(),
            declared.object_at.line
        ));
        let problem = self
            .same_object(declared, &mention)
            .or_else(|| self.same_configuration(declared, &mention))
            .or_else(|| self.same_name(declared, &mention));
        let found = problem.map(|problem| Finding::new(file, object, problem));
        found.into_iter().collect()
    }

    /// Adds the policy `name` of `file`, which stands at `at`; returns that there was one of that name already.
    pub(super) fn add_policy(&mut self, file: &str, name: &str, at: Position) -> Option<Finding> {
        let mention = Mention(format!("`{name}` ({file}:{})", at.line));
        let earlier = claim(&mut self.policies, name.to_owned(), &mention)?;
        Some(Finding::new(file, Some(name), duplicate(at, &earlier)))
    }

    fn same_object(&mut self, declared: &Declared, mention: &Mention) -> Option<Problem> {
        let earlier = claim(&mut self.objects, declared.id.clone()?, mention)?;
        Some(duplicate(declared.object_at, &earlier))
    }

    fn same_configuration(&mut self, declared: &Declared, mention: &Mention) -> Option<Problem> {
        let id = declared.desired.configuration.clone();
        let earlier = claim(&mut self.configurations, id, mention)?;
        let Place { field, .. } = declared.configuration;
        Some(declared.configuration.problem(
            Rule::SameConfiguration,
            format!(
                "`{field}` must name a configuration that no other object declares: {} declares the same on this \
                 follower; set another `spec.configurationName`",
                earlier.0
            ),
        ))
    }

    fn same_name(&mut self, declared: &Declared, mention: &Mention) -> Option<Problem> {
        let follower = declared.desired.configuration.cluster().clone();
        let leader = declared.desired.leader.clone();
        match declared.name() {
            Some(name) => {
                let among_all = self.among_all(&follower, &leader, declared, &name, mention);
                let earlier = claim(&mut self.names, (follower, name), mention).or(among_all)?;
                Some(clash(declared, &earlier))
            }
            None => self.all(follower, leader, declared, mention),
        }
    }

    /// An earlier object that follows all databases of this leader, under the same names.
    fn among_all(
        &mut self,
        follower: &ClusterId,
        leader: &ClusterId,
        declared: &Declared,
        name: &str,
        mention: &Mention,
    ) -> Option<Mention> {
        let original = declared.desired.database.as_str().to_ascii_lowercase();
        let prefix = name.strip_suffix(&original)?.to_owned();
        let all = self.everything.get(&(follower.clone(), prefix.clone()));
        let earlier = all
            .into_iter()
            .flatten()
            .find(|(other, _)| other == leader)
            .map(|(_, mention)| mention.clone());
        self.singles
            .entry((follower.clone(), leader.clone(), prefix))
            .or_insert_with(|| mention.clone());
        earlier
    }

    /// An object that follows all databases.
    fn all(
        &mut self,
        follower: ClusterId,
        leader: ClusterId,
        declared: &Declared,
        mention: &Mention,
    ) -> Option<Problem> {
        let prefix = declared.prefix();
        let key = (follower.clone(), leader.clone(), prefix.clone());
        let single = self.singles.get(&key).cloned();
        let all = self.everything.entry((follower, prefix)).or_default();
        let same_leader = all.iter().find(|(other, _)| *other == leader);
        let certain = same_leader.map(|(_, mention)| mention.clone()).or(single);
        let other_leader = all.first().map(|(_, mention)| mention.clone());
        if same_leader.is_none() {
            all.push((leader, mention.clone()));
        }
        certain
            .map(|earlier| clash(declared, &earlier))
            .or_else(|| other_leader.map(|earlier| possible_clash(declared, &earlier)))
    }
}

/// Notes who has `key`; returns who had it before.
fn claim<K: Ord>(claims: &mut BTreeMap<K, Mention>, key: K, mention: &Mention) -> Option<Mention> {
    match claims.entry(key) {
        Entry::Occupied(earlier) => Some(earlier.get().clone()),
        Entry::Vacant(free) => {
            free.insert(mention.clone());
            None
        }
    }
}

fn duplicate(at: Position, earlier: &Mention) -> Problem {
    Problem {
        rule: Rule::DuplicateObject,
        at,
        field: "metadata.name".to_owned(),
        message: format!(
            "`metadata.name` must be unique: {} is the same object, and the one that is applied last replaces the other",
            earlier.0
        ),
    }
}

fn clash(declared: &Declared, earlier: &Mention) -> Problem {
    let Place { field, .. } = declared.naming;
    declared.naming.problem(
        Rule::NameClash,
        format!(
            "`{field}` must lead to names of its own on the follower: {} attaches a database of the same name; set \
             `spec.databaseNameOverride` or `spec.databaseNamePrefix`",
            earlier.0
        ),
    )
}

fn possible_clash(declared: &Declared, earlier: &Mention) -> Problem {
    let Place { field, .. } = declared.naming;
    declared.naming.problem(
        Rule::PossibleNameClash,
        format!(
            "`{field}` should lead to names of its own on the follower: {} attaches all databases of another leader in \
             the same way, and of two of one name Azure attaches either; set different `spec.databaseNamePrefix`",
            earlier.0
        ),
    )
}
