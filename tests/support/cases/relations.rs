//! Examples of fields that depend on each other.

use serde_json::{Value, json};

use super::{Case, SHARING_LISTS, accept, reject};

pub(super) fn renaming() -> Vec<Case> {
    const TOGETHER: &str =
        "`databaseNameOverride` must not be set together with `databaseNamePrefix`";
    const ALL: &str = "use `databaseNamePrefix` to rename all databases";
    const FITS: &str = "must have at most 260 characters together";
    let database = "spec.leader.databaseName";
    let (new_name, prefix) = ("spec.databaseNameOverride", "spec.databaseNamePrefix");
    vec![
        reject(
            "override and prefix exclude each other",
            TOGETHER,
            &[(new_name, json!("SalesRO")), (prefix, json!("eu_"))],
        ),
        reject(
            "one name cannot stand for all databases",
            ALL,
            &[(database, json!("*")), (new_name, json!("SalesRO"))],
        ),
        accept(
            "a prefix renames all databases",
            &[(database, json!("*")), (prefix, json!("eu_"))],
        ),
        accept(
            "prefix and name may have 260 characters",
            &[(prefix, json!("p".repeat(255)))],
        ),
        reject(
            "prefix and name may not have 261 characters",
            FITS,
            &[(prefix, json!("p".repeat(256)))],
        ),
        accept(
            "a prefix of all databases leaves one character for the name",
            &[(database, json!("*")), (prefix, json!("p".repeat(259)))],
        ),
    ]
}

pub(super) fn sharing() -> Vec<Case> {
    const SUM: &str = "must have at most 100 entries in all eight lists together";
    const ALL: &str = "`tableLevelSharingProperties` must have no entries when";
    let sharing = "spec.tableLevelSharingProperties";
    let lists = |sizes: [usize; 8]| -> Value {
        SHARING_LISTS
            .into_iter()
            .zip(sizes)
            .map(|(list, size)| (list.to_owned(), json!(vec!["T*"; size])))
            .collect()
    };
    let mut cases = vec![
        accept(
            "100 entries in all lists are accepted",
            &[(sharing, lists([13, 13, 13, 13, 12, 12, 12, 12]))],
        ),
        reject(
            "101 entries in all lists are refused",
            SUM,
            &[(sharing, lists([13, 13, 13, 13, 13, 12, 12, 12]))],
        ),
        accept(
            "empty lists may be pasted for all databases",
            &[
                ("spec.leader.databaseName", json!("*")),
                (sharing, lists([0; 8])),
            ],
        ),
        accept("no list at all is no sharing", &[(sharing, json!({}))]),
    ];
    for (index, list) in SHARING_LISTS.into_iter().enumerate() {
        let path = format!("{sharing}.{list}");
        let with = |entries: Value| vec![(sharing, json!({})), (path.as_str(), entries)];
        let other = SHARING_LISTS.into_iter().cycle().nth(index + 1);
        let full = {
            let mut document = json!({list: vec!["T"; 100]});
            document[other.unwrap_or_default()] = json!(["T"]);
            document
        };
        cases.extend([
            accept(
                format!("{list} may have 100 entries"),
                &with(json!(vec!["T"; 100])),
            ),
            reject(
                format!("{list} may not have 101 entries"),
                "Too many",
                &with(json!(vec!["T"; 101])),
            ),
            reject(
                format!("{list} counts towards the sum"),
                SUM,
                &[(sharing, full)],
            ),
            accept(
                format!("an entry of {list} may have 1024 characters"),
                &with(json!(["T".repeat(1024)])),
            ),
            reject(
                format!("an entry of {list} may not have 1025 characters"),
                "Too long",
                &with(json!(["T".repeat(1025)])),
            ),
            reject(
                format!("an entry of {list} is not empty"),
                "should be at least 1 chars",
                &with(json!([""])),
            ),
            reject(
                format!("an entry of {list} is a string"),
                "must be of type string",
                &with(json!([1])),
            ),
            accept(
                format!("{list} may be shared from one database"),
                &with(json!(["Logs*", "Orders"])),
            ),
            reject(
                format!("{list} is not shared from all databases"),
                ALL,
                &[
                    ("spec.leader.databaseName", json!("*")),
                    (sharing, json!({list: ["T"]})),
                ],
            ),
        ]);
    }
    cases
}
