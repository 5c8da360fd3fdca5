//! Which object a configuration belongs to when several declare it. Pure.
//!
//! Who has attached or adopted it goes before who only asks, and of equals the older one; the others say so, and take
//! over when the first is gone. Who may not act makes no claim. Ids compare as ARM compares them, so another spelling is
//! no way around.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::azure::id::ConfigurationId;

use super::lane::ObjectKey;

/// The claims of all objects.
#[derive(Debug, Default)]
pub struct Claims {
    by_configuration: HashMap<ConfigurationId, BTreeSet<Claimant>>,
    by_object: HashMap<ObjectKey, (ConfigurationId, Claimant)>,
}

/// What a claim rests on, the better first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// The object has attached or adopted the configuration.
    Owns,
    /// The object wants it.
    Asks,
}

/// An object, in the order of precedence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claimant {
    standing: Standing,
    created: i64,
    namespace: String,
    name: String,
}

impl Claims {
    /// Notes that `key`, created at `created` (seconds of the epoch), declares `configuration`, and with which standing;
    /// `None` when it makes no claim. Returns who moved up because of it.
    #[must_use = "whoever moved up has to be woken"]
    pub fn declare(
        &mut self,
        key: &ObjectKey,
        created: i64,
        claim: Option<(ConfigurationId, Standing)>,
    ) -> Option<ObjectKey> {
        let Some((configuration, standing)) = claim else {
            return self.withdraw(key);
        };
        let claimant = Claimant {
            standing,
            created,
            namespace: key.namespace.clone(),
            name: key.name.clone(),
        };
        let known = self.by_object.get(key);
        if known.is_some_and(|known| (&known.0, &known.1) == (&configuration, &claimant)) {
            return None;
        }
        let moved = self.withdraw(key);
        self.by_configuration
            .entry(configuration.clone())
            .or_default()
            .insert(claimant.clone());
        self.by_object
            .insert(key.clone(), (configuration, claimant));
        moved.filter(|next| self.is_first(next))
    }

    /// Takes back what `key` declared. Returns who moved up because of it.
    #[must_use = "whoever moved up has to be woken"]
    pub fn withdraw(&mut self, key: &ObjectKey) -> Option<ObjectKey> {
        let (configuration, claimant) = self.by_object.remove(key)?;
        let claimants = self.by_configuration.get_mut(&configuration)?;
        let owned = claimants.first() == Some(&claimant);
        claimants.remove(&claimant);
        let next = claimants.first().map(Claimant::key);
        if claimants.is_empty() {
            self.by_configuration.remove(&configuration);
        }
        next.filter(|_| owned)
    }

    fn is_first(&self, key: &ObjectKey) -> bool {
        let claim = self.by_object.get(key);
        claim.is_some_and(|(configuration, _)| self.owner_before(key, configuration).is_none())
    }

    /// Who declares something in `namespace` (`None`: in any) and is not among `present`.
    #[must_use]
    pub fn missing(&self, namespace: Option<&str>, present: &HashSet<ObjectKey>) -> Vec<ObjectKey> {
        let keys = self.by_object.keys();
        keys.filter(|key| namespace.is_none_or(|namespace| key.namespace == namespace))
            .filter(|key| !present.contains(*key))
            .cloned()
            .collect()
    }

    /// With which standing `key` claims a configuration.
    #[must_use]
    pub fn standing(&self, key: &ObjectKey) -> Option<Standing> {
        self.by_object
            .get(key)
            .map(|(_, claimant)| claimant.standing)
    }

    /// The owner of `configuration` when it is not `key`.
    #[must_use]
    pub fn owner_before(
        &self,
        key: &ObjectKey,
        configuration: &ConfigurationId,
    ) -> Option<ObjectKey> {
        let owner = self.by_configuration.get(configuration)?.first()?.key();
        (owner != *key).then_some(owner)
    }
}

impl Claimant {
    fn key(&self) -> ObjectKey {
        ObjectKey {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> ObjectKey {
        in_namespace("ns", name)
    }

    fn in_namespace(namespace: &str, name: &str) -> ObjectKey {
        ObjectKey {
            namespace: namespace.into(),
            name: name.into(),
        }
    }

    fn configuration(name: &str) -> ConfigurationId {
        let id = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg/providers/Microsoft.Kusto/clusters/follower1";
        format!("{id}/attachedDatabaseConfigurations/{name}")
            .parse()
            .unwrap()
    }

    fn declare(claims: &mut Claims, name: &str, created: i64, what: &str) -> Option<ObjectKey> {
        claims.declare(
            &key(name),
            created,
            Some((configuration(what), Standing::Asks)),
        )
    }

    #[test]
    fn the_older_owns_and_the_next_moves_up_when_it_goes() {
        let mut claims = Claims::default();
        assert_eq!(declare(&mut claims, "young", 20, "sales"), None);
        assert_eq!(declare(&mut claims, "old", 10, "SALES"), None);
        let sales = configuration("Sales");
        assert_eq!(claims.owner_before(&key("young"), &sales), Some(key("old")));
        assert_eq!(claims.owner_before(&key("old"), &sales), None);
        assert_eq!(claims.withdraw(&key("old")), Some(key("young")));
        assert_eq!(claims.owner_before(&key("young"), &sales), None);
        assert_eq!(claims.withdraw(&key("young")), None);
        assert!(claims.by_configuration.is_empty() && claims.by_object.is_empty());
    }

    #[test]
    fn the_second_in_line_may_go_unnoticed_and_names_decide_between_twins() {
        let mut claims = Claims::default();
        for name in ["b", "a", "c"] {
            assert_eq!(declare(&mut claims, name, 10, "sales"), None);
        }
        assert_eq!(claims.withdraw(&key("b")), None);
        assert_eq!(
            declare(&mut claims, "a", 10, "sales"),
            None,
            "saying it again changes nothing"
        );
        assert_eq!(
            claims.declare(&key("a"), 10, None),
            Some(key("c")),
            "an unusable spec claims nothing"
        );
    }

    #[test]
    fn another_spelling_is_no_way_around() {
        let sales = configuration("sales");
        let spelt: ConfigurationId = sales.to_string().to_uppercase().parse().unwrap();
        let mut claims = Claims::default();
        assert_eq!(
            claims.declare(&key("old"), 10, Some((sales.clone(), Standing::Asks))),
            None
        );
        assert_eq!(
            claims.declare(
                &in_namespace("other", "young"),
                20,
                Some((spelt.clone(), Standing::Asks))
            ),
            None
        );
        for id in [&sales, &spelt] {
            assert_eq!(
                claims.owner_before(&in_namespace("other", "young"), id),
                Some(key("old"))
            );
        }
    }

    #[test]
    fn other_configurations_are_no_matter() {
        let mut claims = Claims::default();
        assert_eq!(declare(&mut claims, "old", 10, "sales"), None);
        assert_eq!(declare(&mut claims, "young", 20, "web"), None);
        assert_eq!(
            claims.owner_before(&key("young"), &configuration("web")),
            None
        );
        assert_eq!(
            claims.owner_before(&key("young"), &configuration("new")),
            None
        );
        assert_eq!(claims.withdraw(&key("unknown")), None);
    }

    #[test]
    fn who_declares_something_else_hands_on_what_it_had() {
        let mut claims = Claims::default();
        for (name, created) in [("old", 10), ("young", 20)] {
            assert_eq!(declare(&mut claims, name, created, "sales"), None);
        }
        assert_eq!(declare(&mut claims, "old", 10, "web"), Some(key("young")));
        assert_eq!(
            claims.owner_before(&key("young"), &configuration("sales")),
            None
        );
        assert_eq!(
            declare(&mut claims, "old", 30, "sales"),
            None,
            "created anew under its name, it is the younger one"
        );
        assert_eq!(
            claims.owner_before(&key("old"), &configuration("sales")),
            Some(key("young"))
        );
    }

    #[test]
    fn who_is_missing_from_a_list_is_told_for_its_namespace_alone() {
        let mut claims = Claims::default();
        for (namespace, name) in [("a", "stays"), ("a", "went"), ("b", "elsewhere")] {
            let key = in_namespace(namespace, name);
            assert_eq!(
                claims.declare(&key, 10, Some((configuration(name), Standing::Asks))),
                None
            );
        }
        let present = HashSet::from([in_namespace("a", "stays")]);
        assert_eq!(
            claims.missing(Some("a"), &present),
            [in_namespace("a", "went")]
        );
        assert_eq!(claims.missing(None, &present).len(), 2);
        assert!(claims.missing(Some("c"), &present).is_empty());
    }

    #[test]
    fn of_twins_the_namespace_decides_first() {
        let mut claims = Claims::default();
        let (first, second) = (in_namespace("a", "z"), in_namespace("b", "a"));
        for key in [&second, &first] {
            assert_eq!(
                claims.declare(key, 10, Some((configuration("sales"), Standing::Asks))),
                None
            );
        }
        assert_eq!(
            claims.owner_before(&second, &configuration("sales")),
            Some(first)
        );
    }

    #[test]
    fn who_has_attached_goes_before_an_older_one_that_only_asks() {
        let mut claims = Claims::default();
        let sales = || configuration("sales");
        assert_eq!(declare(&mut claims, "old", 10, "sales"), None);
        let owns = Some((sales(), Standing::Owns));
        assert_eq!(claims.declare(&key("young"), 20, owns.clone()), None);
        assert_eq!(
            claims.owner_before(&key("old"), &sales()),
            Some(key("young"))
        );
        assert_eq!(
            claims.declare(&key("young"), 20, Some((sales(), Standing::Asks))),
            Some(key("old")),
            "who owns no more is the younger one again"
        );
        assert_eq!(
            claims.declare(&key("young"), 20, owns),
            None,
            "nobody moves up when somebody is overtaken"
        );
    }

    #[test]
    fn a_claim_that_gets_better_wakes_nobody() {
        let mut claims = Claims::default();
        for (name, created) in [("old", 10), ("young", 20)] {
            assert_eq!(declare(&mut claims, name, created, "sales"), None);
        }
        let owns = Some((configuration("sales"), Standing::Owns));
        assert_eq!(claims.declare(&key("old"), 10, owns), None);
    }
}
