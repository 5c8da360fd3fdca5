//! Examples of an `AttachmentPolicy`.

use serde_json::{Value, json};

use super::{Case, FOLLOWER, LEADER, SUBSCRIPTION, edited};

const FOLLOWERS: &str = "`followers` must be /subscriptions/GUID";
const SCOPE: &str = "`leaders[].scope` must be /subscriptions/GUID";
const DATABASES: &str = "`databases` must be names of databases, or beginnings";
const LABELS: &str = "`namespaces.matchLabels` must be values of labels";
const KEY: &str = "`namespaces.matchExpressions[].key` must be the name of a label";
const VALUE: &str = "`namespaces.matchExpressions[].values` must be values of labels";
const OPERATOR: &str =
    "`namespaces.matchExpressions[].values` must have entries for the operators In";
const KINDS: &str = "`principalsModificationKinds` must name each of Union, Replace and None once";
const TYPE: &str = "must be of type";
const LONG: &str = "Too long";
const MANY: &str = "Too many";
const FEW: &str = "should have at least 1";
const REQUIRED: &str = "Required value";
const UNSUPPORTED: &str = "Unsupported value";

/// The smallest valid policy, named `analytics`, with `edits` applied as [`super::object`] does.
pub(crate) fn policy(edits: &[(&str, Value)]) -> Value {
    let policy = json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachmentPolicy",
        "metadata": {"name": "analytics"},
        "spec": {
            "namespaces": {},
            "followers": [FOLLOWER],
            "leaders": [{"scope": LEADER, "databases": ["Sales"]}],
        },
    });
    edited(policy, edits)
}

fn accept(name: &str, edits: &[(&str, Value)]) -> Case {
    Case {
        name: name.to_owned(),
        object: policy(edits),
        old: None,
        rejected: None,
        server_only: false,
    }
}

fn reject(name: &str, part: &'static str, edits: &[(&str, Value)]) -> Case {
    Case {
        rejected: Some(part),
        ..accept(name, edits)
    }
}

/// All examples of an `AttachmentPolicy`.
pub(crate) fn policies() -> Vec<Case> {
    [
        presence(),
        scopes(),
        databases(),
        selectors(),
        expressions(),
        kinds(),
    ]
    .concat()
}

fn presence() -> Vec<Case> {
    let rule = |edits: &[(&str, Value)]| {
        let rule = json!({"scope": LEADER, "databases": ["Sales"]});
        [("spec.leaders", json!([edited(rule, edits)]))]
    };
    let many = |entry: Value| Value::Array(vec![entry; 65]);
    let most = |entry: Value| Value::Array(vec![entry; 64]);
    let leader = json!({"scope": LEADER, "databases": ["Sales"]});
    vec![
        accept("a policy of one follower and one database", &[]),
        reject("spec is required", REQUIRED, &[("spec", Value::Null)]),
        reject(
            "namespaces are required",
            REQUIRED,
            &[("spec.namespaces", Value::Null)],
        ),
        reject(
            "followers are required",
            REQUIRED,
            &[("spec.followers", Value::Null)],
        ),
        reject(
            "leaders are required",
            REQUIRED,
            &[("spec.leaders", Value::Null)],
        ),
        reject(
            "a scope is required",
            REQUIRED,
            &rule(&[("scope", Value::Null)]),
        ),
        reject(
            "databases are required",
            REQUIRED,
            &rule(&[("databases", Value::Null)]),
        ),
        reject("no followers", FEW, &[("spec.followers", json!([]))]),
        reject("no leaders", FEW, &[("spec.leaders", json!([]))]),
        reject("no databases", FEW, &rule(&[("databases", json!([]))])),
        accept("64 followers", &[("spec.followers", most(json!(FOLLOWER)))]),
        reject(
            "65 followers",
            MANY,
            &[("spec.followers", many(json!(FOLLOWER)))],
        ),
        accept("64 leaders", &[("spec.leaders", most(leader.clone()))]),
        reject("65 leaders", MANY, &[("spec.leaders", many(leader))]),
        accept(
            "64 databases",
            &rule(&[("databases", most(json!("Sales")))]),
        ),
        reject(
            "65 databases",
            MANY,
            &rule(&[("databases", many(json!("Sales")))]),
        ),
        reject(
            "one follower is a list too",
            TYPE,
            &[("spec.followers", json!(FOLLOWER))],
        ),
        reject(
            "a selector is no text",
            TYPE,
            &[("spec.namespaces", json!("*"))],
        ),
    ]
}

fn scopes() -> Vec<Case> {
    let group = format!("{SUBSCRIPTION}/resourceGroups/rg1");
    let accepted = [
        SUBSCRIPTION.to_owned(),
        SUBSCRIPTION.to_uppercase(),
        group.clone(),
        format!("{SUBSCRIPTION}/RESOURCEGROUPS/-A.b_(c)-"),
        format!("{SUBSCRIPTION}/resourceGroups/{}", "g".repeat(90)),
        LEADER.to_owned(),
        LEADER.to_uppercase(),
    ];
    let rejected = [
        String::new(),
        "*".to_owned(),
        "/".to_owned(),
        "follower1".to_owned(),
        "/subscriptions".to_owned(),
        "/subscriptions/*".to_owned(),
        "/subscriptions/my-subscription".to_owned(),
        format!("{SUBSCRIPTION}/"),
        format!("/{SUBSCRIPTION}"),
        format!(" {SUBSCRIPTION}"),
        format!("{SUBSCRIPTION}\n"),
        format!("{SUBSCRIPTION}*"),
        format!("{SUBSCRIPTION}/resourceGroups"),
        format!("{SUBSCRIPTION}/resourceGroups/"),
        format!("{SUBSCRIPTION}/resourceGroups/."),
        format!("{SUBSCRIPTION}/resourceGroups/.."),
        format!("{SUBSCRIPTION}/resourceGroups/group."),
        format!("{SUBSCRIPTION}/resourceGroups/%72g"),
        format!("{SUBSCRIPTION}/resourceGroups/a%2Fb"),
        format!("{SUBSCRIPTION}/resourceGroups/\u{212a}1"),
        format!("{SUBSCRIPTION}/resourceGroups/{}", "g".repeat(91)),
        format!("{SUBSCRIPTION}//resourceGroups/rg1"),
        format!("{SUBSCRIPTION}/../{SUBSCRIPTION}"),
        format!("{group}/"),
        format!("{group}*"),
        format!("{group}/*"),
        format!("{group}/.."),
        format!("{group}/providers/Microsoft.Kusto"),
        format!("{group}/providers/Microsoft.Kusto/clusters"),
        format!("{group}/providers/Microsoft.Kusto/clusters/*"),
        format!("{group}/providers/Microsoft.Storage/clusters/leader1"),
        format!("{LEADER}/"),
        format!("{LEADER}*"),
        format!("{LEADER}/databases/Sales"),
        format!("{LEADER}?x"),
        LEADER.replace("Kusto", "\u{212a}usto"),
    ];
    let long = "x".repeat(257);
    let mut cases = Vec::new();
    for scope in &accepted {
        let leaders = json!([{"scope": scope, "databases": ["Sales"]}]);
        cases.extend([
            accept(
                &format!("follower {scope:?}"),
                &[("spec.followers", json!([scope]))],
            ),
            accept(&format!("leader {scope:?}"), &[("spec.leaders", leaders)]),
        ]);
    }
    let rejected = rejected.iter().map(|scope| (scope, FOLLOWERS, SCOPE));
    for (scope, in_followers, in_leaders) in rejected.chain([(&long, LONG, LONG)]) {
        let leaders = json!([{"scope": scope, "databases": ["Sales"]}]);
        cases.extend([
            reject(
                &format!("follower {scope:?}"),
                in_followers,
                &[("spec.followers", json!([FOLLOWER, scope]))],
            ),
            reject(
                &format!("leader {scope:?}"),
                in_leaders,
                &[("spec.leaders", leaders)],
            ),
        ]);
    }
    cases
}

fn databases() -> Vec<Case> {
    let with = |pattern: &str| {
        let leaders = json!([{"scope": LEADER, "databases": ["Sales", pattern]}]);
        [("spec.leaders", leaders)]
    };
    let (longest, too_long) = ("n".repeat(260) + "*", "n".repeat(262));
    let accepted = [
        "*",
        "Sales*",
        "S",
        "My db-1.x_y",
        "a b*",
        ".*",
        "_",
        &longest,
    ];
    let rejected = [
        ("", DATABASES),
        (" ", DATABASES),
        ("..", DATABASES),
        ("**", DATABASES),
        ("*Sales", DATABASES),
        ("Sa*les", DATABASES),
        ("Sales**", DATABASES),
        ("Sales?", DATABASES),
        ("Sales[12]", DATABASES),
        ("a/b", DATABASES),
        ("a\nb", DATABASES),
        ("Verkäufe*", DATABASES),
        (&too_long, LONG),
    ];
    let accepted = accepted
        .iter()
        .map(|pattern| accept(&format!("database {pattern:?}"), &with(pattern)));
    let rejected = rejected
        .iter()
        .map(|(pattern, part)| reject(&format!("database {pattern:?}"), part, &with(pattern)));
    accepted.chain(rejected).collect()
}

fn selectors() -> Vec<Case> {
    let labels = |labels: Value| [("spec.namespaces.matchLabels", labels)];
    let numbered = |count: usize| -> Value {
        let labels = (0..count).map(|number| (format!("label{number}"), json!("x")));
        Value::Object(labels.collect())
    };
    let long = "v".repeat(64);
    vec![
        accept(
            "a namespace by its name",
            &labels(json!({"kubernetes.io/metadata.name": "analytics"})),
        ),
        accept("a label without a value", &labels(json!({"adx": ""}))),
        accept(
            "a value of 63 characters",
            &labels(json!({"adx": "v".repeat(63)})),
        ),
        accept("16 labels", &labels(numbered(16))),
        reject("17 labels", MANY, &labels(numbered(17))),
        reject(
            "a label without its value is not every namespace",
            FEW,
            &labels(json!({"adx": null})),
        ),
        // Whoever leaves a template without its value means anything but every namespace.
        reject("no labels are not every namespace", FEW, &labels(json!({}))),
        reject(
            "a value with a space",
            LABELS,
            &labels(json!({"adx": "a b"})),
        ),
        reject(
            "a value that is a pattern",
            LABELS,
            &labels(json!({"adx": "team*"})),
        ),
        reject(
            "a value that ends with a dash",
            LABELS,
            &labels(json!({"adx": "a-"})),
        ),
        reject(
            "a value of 64 characters",
            LONG,
            &labels(json!({"adx": long})),
        ),
        reject(
            "a value that is no text",
            TYPE,
            &labels(json!({"adx": true})),
        ),
    ]
}

fn expressions() -> Vec<Case> {
    let path = "spec.namespaces.matchExpressions";
    let with = |expression: Value| [(path, json!([expression]))];
    let list = |count: usize| vec![json!({"key": "adx", "operator": "Exists"}); count];
    let values =
        |count: usize| with(json!({"key": "adx", "operator": "In", "values": vec!["x"; count]}));
    let key = |key: &str| with(json!({"key": key, "operator": "NotIn", "values": ["x"]}));
    let value = |value: &str| with(json!({"key": "adx", "operator": "In", "values": ["x", value]}));
    let of = |operator: &str, values: Value| {
        with(json!({"key": "adx", "operator": operator, "values": values}))
    };
    let absent = |operator: &str| with(json!({"key": "adx", "operator": operator}));
    let long = format!("{}/{}", "k".repeat(254), "n".repeat(63));
    vec![
        accept("In with values", &of("In", json!(["a", "b"]))),
        accept("NotIn with values", &of("NotIn", json!(["a"]))),
        accept("Exists", &absent("Exists")),
        accept("DoesNotExist", &absent("DoesNotExist")),
        accept("Exists with an empty list", &of("Exists", json!([]))),
        accept("an empty value", &value("")),
        accept("16 expressions", &[(path, json!(list(16)))]),
        accept("64 values", &values(64)),
        accept("a key with a prefix", &key("example.com/Team_1.x")),
        reject("In without values", OPERATOR, &absent("In")),
        reject("In with an empty list", OPERATOR, &of("In", json!([]))),
        reject("NotIn without values", OPERATOR, &absent("NotIn")),
        reject("Exists with values", OPERATOR, &of("Exists", json!(["a"]))),
        reject(
            "DoesNotExist with values",
            OPERATOR,
            &of("DoesNotExist", json!(["a"])),
        ),
        reject("no such operator", UNSUPPORTED, &absent("Gt")),
        reject("no operator", REQUIRED, &with(json!({"key": "adx"}))),
        reject("no key", REQUIRED, &with(json!({"operator": "Exists"}))),
        reject("an empty key", KEY, &key("")),
        reject("a key with a space", KEY, &key("a b")),
        reject("a key with two slashes", KEY, &key("a/b/c")),
        reject("a key with an empty prefix", KEY, &key("/a")),
        reject("a key with a prefix in capitals", KEY, &key("A/b")),
        reject("a key of 64 characters", KEY, &key(&"k".repeat(64))),
        reject("a key of 318 characters", LONG, &key(&long)),
        reject("a value that is a pattern", VALUE, &value("team*")),
        reject("a value of 64 characters", LONG, &value(&"v".repeat(64))),
        reject("65 values", MANY, &values(65)),
        reject("17 expressions", MANY, &[(path, json!(list(17)))]),
        reject(
            "no expressions are not every namespace",
            FEW,
            &[(path, json!([]))],
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let with = |kinds: Value| [("spec.principalsModificationKinds", kinds)];
    vec![
        accept("one kind", &with(json!(["None"]))),
        accept("all kinds", &with(json!(["Replace", "Union", "None"]))),
        reject("no kind", FEW, &with(json!([]))),
        reject("no such kind", UNSUPPORTED, &with(json!(["union"]))),
        reject(
            "a kind twice",
            KINDS,
            &with(json!(["None", "Union", "None"])),
        ),
        reject(
            "four kinds",
            MANY,
            &with(json!(["None", "Union", "Replace", "Union"])),
        ),
    ]
}
