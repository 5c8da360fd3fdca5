//! The objects and what may happen to them: versions, generations, finalizers, preconditions. Pure: time is a value.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::merge;
use super::resources::{CRDS, Kind, Resource};

/// Names one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    kind: Kind,
    pub namespace: String,
    pub name: String,
}

impl Key {
    pub fn new(resource: Resource, namespace: &str, name: &str) -> Self {
        Self {
            kind: resource.kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }

    const fn plural(&self) -> &'static str {
        self.kind.served().plural
    }
}

/// Which half of an object a write is about; it leaves the other one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    Main,
    Status,
}

/// A refusal, as a `Status` tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub code: u16,
    pub reason: &'static str,
    pub message: String,
}

impl Refusal {
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
        }
    }

    fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "Conflict", message)
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(422, "Invalid", message)
    }

    pub fn not_found(key: &Key) -> Self {
        Self::new(
            404,
            "NotFound",
            format!("{} \"{}\" not found", key.plural(), key.name),
        )
    }
}

/// What a watch tells about one write.
#[derive(Debug, Clone)]
pub struct Change {
    pub revision: u64,
    pub key: Key,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub kind: &'static str,
    pub object: Value,
}

#[derive(Debug)]
struct Stored {
    object: Value,
    /// What each field manager applied last, so that it can take it back.
    applied: BTreeMap<(String, Part), Value>,
}

#[derive(Debug, Default)]
pub struct Store {
    revision: u64,
    /// History up to here is no longer told.
    compacted: u64,
    serial: u64,
    objects: BTreeMap<Key, Stored>,
    history: Vec<Change>,
}

impl Store {
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    pub fn get(&self, key: &Key) -> Option<Value> {
        self.objects.get(key).map(|stored| stored.object.clone())
    }

    pub fn keys(&self, resource: Resource) -> Vec<Key> {
        let keys = self.objects.keys();
        keys.filter(|key| key.kind == resource.kind)
            .cloned()
            .collect()
    }

    /// The objects of a kind, in one namespace or (if it is empty) in all.
    pub fn list(&self, resource: Resource, namespace: &str) -> Vec<Value> {
        let objects = self.objects.iter();
        objects
            .filter(|(key, _)| key.kind == resource.kind)
            .filter(|(key, _)| namespace.is_empty() || key.namespace == namespace)
            .map(|(_, stored)| stored.object.clone())
            .collect()
    }

    pub fn create(&mut self, key: &Key, mut object: Value, now: &str) -> Result<Value, Refusal> {
        if self.objects.contains_key(key) {
            let message = format!("{} \"{}\" already exists", key.plural(), key.name);
            return Err(Refusal::new(409, "AlreadyExists", message));
        }
        if object["metadata"]
            .get("resourceVersion")
            .is_some_and(|version| version != "")
        {
            let message = "resourceVersion should not be set on objects to be created";
            return Err(Refusal::new(400, "BadRequest", message));
        }
        if key.kind == Kind::AttachedDatabase {
            merge::object(&mut object).remove("status");
        }
        self.serial += 1;
        let metadata = merge::object(&mut object["metadata"]);
        metadata.remove("deletionTimestamp");
        metadata.insert("name".to_owned(), json!(key.name));
        if !key.namespace.is_empty() {
            metadata.insert("namespace".to_owned(), json!(key.namespace));
        }
        metadata.insert(
            "uid".to_owned(),
            json!(format!("00000000-0000-4000-8000-{:012x}", self.serial)),
        );
        metadata.insert("creationTimestamp".to_owned(), json!(now));
        if key.kind.counts_generations() {
            metadata.insert("generation".to_owned(), json!(1));
        } else {
            metadata.remove("generation");
        }
        self.default(key, &mut object);
        merge::tidy_metadata(&mut object);
        let applied = BTreeMap::new();
        self.objects.insert(key.clone(), Stored { object, applied });
        Ok(self.record(key, "ADDED"))
    }

    /// Replaces one part by what `object` has there. Its uid and resourceVersion, where given, must be the live ones.
    pub fn replace(&mut self, key: &Key, part: Part, object: Value) -> Result<Value, Refusal> {
        let live = self.get(key).ok_or_else(|| Refusal::not_found(key))?;
        check_identity(key, &live, &object["metadata"])?;
        let mut next = match part {
            Part::Main => with_system_fields(object, &live),
            Part::Status => {
                let mut next = live.clone();
                next["status"] = object["status"].clone();
                next
            }
        };
        if next["status"].is_null() {
            merge::object(&mut next).remove("status");
        }
        self.default(key, &mut next);
        merge::tidy_metadata(&mut next);
        if key.kind.counts_generations() && merge::declared(&next) != merge::declared(&live) {
            next["metadata"]["generation"] = json!(generation(&live) + 1);
        }
        if being_deleted(&live)
            && finalizers(&next)
                .iter()
                .any(|one| !finalizers(&live).contains(one))
        {
            let message = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted";
            return Err(Refusal::invalid(message));
        }
        if next == live {
            return Ok(live);
        }
        self.put(key, next);
        if being_deleted(&live) && finalizers(&self.objects[key].object).is_empty() {
            return Ok(self.record(key, "DELETED"));
        }
        Ok(self.record(key, "MODIFIED"))
    }

    pub fn merge(&mut self, key: &Key, part: Part, patch: &Value) -> Result<Value, Refusal> {
        let live = self.get(key).ok_or_else(|| Refusal::not_found(key))?;
        // Before the merge: afterwards a removed field looks like one that was never given.
        check_identity(key, &live, &patch["metadata"])?;
        let mut next = live;
        merge::merge_patch(&mut next, patch);
        self.replace(key, part, next)
    }

    /// Server-side apply. Without a live object it creates one, unless the status is applied or a uid is demanded.
    pub fn apply(
        &mut self,
        key: &Key,
        part: Part,
        manager: &str,
        applied: Value,
        now: &str,
    ) -> Result<Value, Refusal> {
        let owner = (manager.to_owned(), part);
        let Some(live) = self.get(key) else {
            if part == Part::Status {
                return Err(Refusal::not_found(key));
            }
            if let Some(uid) = applied["metadata"].get("uid") {
                let message = format!(
                    "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                );
                return Err(Refusal::conflict(message));
            }
            let created = self.create(key, applied.clone(), now)?;
            self.remember(key, owner, applied);
            return Ok(created);
        };
        check_identity(key, &live, &applied["metadata"])?;
        let before = self.objects[key]
            .applied
            .get(&owner)
            .cloned()
            .unwrap_or_default();
        let mut next = live;
        merge::apply(&mut next, &before, &applied);
        let replaced = self.replace(key, part, next)?;
        self.remember(key, owner, applied);
        Ok(replaced)
    }

    /// Deletes, or marks as being deleted while there are finalizers. Answers the object as it is then.
    pub fn delete(&mut self, key: &Key, options: &Value, now: &str) -> Result<Value, Refusal> {
        let mut live = self.get(key).ok_or_else(|| Refusal::not_found(key))?;
        check_identity(key, &live, &options["preconditions"])?;
        if finalizers(&live).is_empty() {
            return Ok(self.record(key, "DELETED"));
        }
        if being_deleted(&live) {
            return Ok(live);
        }
        live["metadata"]["deletionTimestamp"] = json!(now);
        live["metadata"]["deletionGracePeriodSeconds"] = json!(0);
        if key.kind.counts_generations() {
            live["metadata"]["generation"] = json!(generation(&live) + 1);
        }
        self.put(key, live);
        Ok(self.record(key, "MODIFIED"))
    }

    /// Takes an object away without asking anybody.
    pub fn erase(&mut self, key: &Key) {
        if self.objects.contains_key(key) {
            self.record(key, "DELETED");
        }
    }

    /// Every remembered version of the objects of a kind, oldest first.
    pub fn versions(&self, resource: Resource) -> Vec<Value> {
        let changes = self.history.iter();
        changes
            .filter(|change| change.revision > self.compacted)
            .filter(|change| change.key.kind == resource.kind)
            .map(|change| change.object.clone())
            .collect()
    }

    /// Every version that there ever was of the objects of a kind, oldest first.
    pub fn all_versions(&self, resource: Resource) -> impl Iterator<Item = &Value> {
        let changes = self.history.iter();
        changes
            .filter(|change| change.key.kind == resource.kind)
            .map(|change| &change.object)
    }

    /// Whether a watch may start after `revision`.
    pub const fn remembers(&self, revision: u64) -> bool {
        revision >= self.compacted
    }

    /// The first change after `revision` that `wanted` takes.
    pub fn change_after(&self, revision: u64, wanted: impl Fn(&Change) -> bool) -> Option<&Change> {
        let start = self
            .history
            .partition_point(|change| change.revision <= revision);
        self.history
            .iter()
            .skip(start)
            .find(|change| wanted(change))
    }

    /// Tells nobody the history so far again.
    pub const fn compact(&mut self) {
        // One more, so that even a client that is up to date has to list again.
        self.revision += 1;
        self.compacted = self.revision;
    }

    fn put(&mut self, key: &Key, object: Value) {
        if let Some(stored) = self.objects.get_mut(key) {
            stored.object = object;
        }
    }

    fn remember(&mut self, key: &Key, owner: (String, Part), applied: Value) {
        if let Some(stored) = self.objects.get_mut(key) {
            stored.applied.insert(owner, applied);
        }
    }

    /// Gives the object a new version and tells the watches.
    fn record(&mut self, key: &Key, kind: &'static str) -> Value {
        self.revision += 1;
        let version = json!(self.revision.to_string());
        let stored = self.objects.get_mut(key).expect("a change is of an object");
        stored.object["metadata"]["resourceVersion"] = version;
        let object = stored.object.clone();
        if kind == "DELETED" {
            self.objects.remove(key);
        }
        self.history.push(Change {
            revision: self.revision,
            key: key.clone(),
            kind,
            object: object.clone(),
        });
        object
    }

    /// Fills in what the schema of the kind, or the server itself, holds.
    fn default(&self, key: &Key, object: &mut Value) {
        if key.kind.needs_crd() {
            for crd in self.list(CRDS, "") {
                if crd["spec"]["names"]["plural"] == key.plural() {
                    let version = &crd["spec"]["versions"][0];
                    merge::default(object, &version["schema"]["openAPIV3Schema"]);
                }
            }
        }
        if key.kind == Kind::Namespace {
            object["metadata"]["labels"]["kubernetes.io/metadata.name"] = json!(key.name);
        }
    }

    /// Whether a CRD of this kind is installed, or none is needed.
    pub fn serves(&self, resource: Resource) -> bool {
        let crds = || self.list(CRDS, "");
        !resource.kind.needs_crd()
            || crds()
                .iter()
                .any(|crd| crd["spec"]["names"]["plural"] == resource.plural)
    }
}

/// A write of the main part cannot touch what the server itself keeps.
fn with_system_fields(mut object: Value, live: &Value) -> Value {
    object["status"] = live["status"].clone();
    for name in ["apiVersion", "kind"] {
        object[name] = live[name].clone();
    }
    for name in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "resourceVersion",
    ] {
        let metadata = merge::object(&mut object["metadata"]);
        match live["metadata"].get(name) {
            Some(value) => metadata.insert(name.to_owned(), value.clone()),
            None => metadata.remove(name),
        };
    }
    object
}

/// Refuses a write that was meant for another object of the same name, or for an older version of this one.
fn check_identity(key: &Key, live: &Value, demanded: &Value) -> Result<(), Refusal> {
    let live = &live["metadata"];
    if let Some(uid) = demanded.get("uid").and_then(Value::as_str)
        && live["uid"] != uid
    {
        let message = format!(
            "Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            live["uid"]
        );
        return Err(Refusal::conflict(message));
    }
    if let Some(version) = demanded.get("resourceVersion").and_then(Value::as_str)
        && !version.is_empty()
        && live["resourceVersion"] != version
    {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": the object has been modified; please apply your changes to the latest version and try again",
            key.plural(),
            key.name
        );
        return Err(Refusal::conflict(message));
    }
    Ok(())
}

fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"]
        .as_i64()
        .unwrap_or_default()
}

fn being_deleted(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

fn finalizers(object: &Value) -> Vec<&Value> {
    object["metadata"]["finalizers"]
        .as_array()
        .into_iter()
        .flatten()
        .collect()
}
