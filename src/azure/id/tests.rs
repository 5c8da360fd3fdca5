//! Ids: round trip, case, and what each wrong part is told.

use std::hash::{DefaultHasher, Hash, Hasher};

use proptest::prelude::*;

use super::*;

const CLUSTER: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/Data_rg.(1)/providers/Microsoft.Kusto/clusters/follower1";

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

#[test]
fn a_cluster_id_gives_its_parts_in_the_callers_case() {
    let id: ClusterId = CLUSTER.parse().unwrap();
    assert_eq!(id.subscription(), "00000000-0000-0000-0000-000000000001");
    assert_eq!(id.resource_group(), "Data_rg.(1)");
    assert_eq!(id.name(), "follower1");
    assert_eq!(id.to_string(), CLUSTER);
}

#[test]
fn fixed_words_are_accepted_in_any_case_and_printed_in_one() {
    let recased = CLUSTER
        .replace("clusters", "Clusters")
        .replace("resourceGroups", "RESOURCEGROUPS")
        .replace("Microsoft", "microsoft");
    let id: ClusterId = recased.parse().unwrap();
    assert_eq!(id.to_string(), CLUSTER);
}

#[test]
fn every_wrong_cluster_id_is_told_which_part_is_wrong() {
    let long = "g".repeat(91);
    let cases = [
        ("", "must be a cluster id"),
        ("follower1", "must be a cluster id"),
        (&format!("{CLUSTER}/"), "must be a cluster id"),
        (&CLUSTER[1..], "must be a cluster id"),
        (&format!("{CLUSTER}/databases/x"), "must be a cluster id"),
        (
            &CLUSTER.replace("/clusters/", "//clusters/"),
            "must be a cluster id",
        ),
        (
            &CLUSTER.replace("subscriptions", "subscription"),
            "`/subscription` must be `/subscriptions`",
        ),
        (
            &CLUSTER.replace("Kusto", "Sql"),
            "`/Microsoft.Sql` must be `/Microsoft.Kusto`",
        ),
        (
            &CLUSTER.replace("00000000-", "00000000%2D"),
            "`/subscriptions/00000000%2D",
        ),
        (
            &CLUSTER.replace("00000000-0000-0000-0000-000000000001", ""),
            "`/subscriptions/` must be",
        ),
        (
            &CLUSTER.replace("Data_rg.(1)", ".."),
            "`/resourceGroups/..` must be",
        ),
        (
            &CLUSTER.replace("Data_rg.(1)", "rg."),
            "must not end with a period",
        ),
        (
            &CLUSTER.replace("Data_rg.(1)", "r g"),
            "`/resourceGroups/r g` must be",
        ),
        (&CLUSTER.replace("Data_rg.(1)", &long), "must be 1 to 90"),
        (
            &CLUSTER.replace("follower1", "abc"),
            "`/clusters/abc` must be 4 to 22",
        ),
        (
            &CLUSTER.replace("follower1", "1follower"),
            "must start with a letter",
        ),
        (
            &CLUSTER.replace("follower1", "follower?x"),
            "`/clusters/follower?x` must be",
        ),
        (
            &CLUSTER.replace("follower1", "abcdefghijklmnopqrstuvw"),
            "must be 4 to 22",
        ),
    ];
    for (raw, expected) in cases {
        let message = raw.parse::<ClusterId>().unwrap_err().to_string();
        assert!(
            message.contains(expected),
            "{raw:?} gave {message:?}, not {expected:?}"
        );
    }
}

#[test]
fn a_configuration_id_round_trips_and_knows_its_cluster() {
    let cluster: ClusterId = CLUSTER.parse().unwrap();
    let id = cluster.configuration("sales EU-1.x").unwrap();
    assert_eq!(
        id.to_string(),
        format!("{CLUSTER}/attachedDatabaseConfigurations/sales EU-1.x")
    );
    let back: ConfigurationId = id.to_string().parse().unwrap();
    assert_eq!(back, id);
    assert_eq!(back.cluster(), &cluster);
    assert_eq!(back.name(), "sales EU-1.x");
}

#[test]
fn arms_own_casing_is_the_same_configuration() {
    let ours: ConfigurationId = format!("{CLUSTER}/attachedDatabaseConfigurations/conf1")
        .parse()
        .unwrap();
    let arms: ConfigurationId = format!(
        "{}/AttachedDatabaseConfigurations/Conf1",
        CLUSTER.replace("clusters", "Clusters")
    )
    .parse()
    .unwrap();
    assert_eq!(ours, arms);
    assert_eq!(hash(&ours), hash(&arms));
}

#[test]
fn every_wrong_configuration_name_is_refused() {
    let cluster: ClusterId = CLUSTER.parse().unwrap();
    let long = "n".repeat(41);
    for name in [
        "", " ", "   ", ".", "..", ".x", "a/b", "a%2fb", "naïve", "a\n", &long,
    ] {
        assert!(
            matches!(
                cluster.configuration(name),
                Err(IdError::ConfigurationName(_))
            ),
            "{name:?} was accepted"
        );
    }
    let other = format!("{CLUSTER}/databases/x").parse::<ConfigurationId>();
    assert_eq!(
        other.unwrap_err().to_string(),
        "`/databases` must be `/attachedDatabaseConfigurations`"
    );
    assert!(matches!(
        CLUSTER.parse::<ConfigurationId>(),
        Err(IdError::NotAConfiguration(_))
    ));
}

#[test]
fn regions_compare_without_case_and_spaces() {
    assert!(same_region("West Europe", "westeurope"));
    assert!(same_region("EAST US", "East US"));
    assert!(!same_region("East US", "East US 2"));
}

#[test]
fn parts_do_not_run_into_each_other() {
    let id = |group: &str, name: &str| -> ClusterId {
        format!("/subscriptions/s/resourceGroups/{group}/providers/Microsoft.Kusto/clusters/{name}")
            .parse()
            .unwrap()
    };
    assert_ne!(id("rga", "bcde"), id("rg", "abcde"));
}

proptest! {
    #[test]
    fn any_valid_id_round_trips_and_ignores_case(
        subscription in "[A-Za-z0-9-]{1,64}",
        group in "[A-Za-z0-9_éß日().-]{0,89}[A-Za-z0-9_éß日()-]",
        name in "[A-Za-z][A-Za-z0-9-]{3,21}",
        configuration in "[A-Za-z0-9_-][A-Za-z0-9 ._-]{0,39}",
    ) {
        let raw = format!(
            "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Kusto/clusters/{name}/attachedDatabaseConfigurations/{configuration}"
        );
        let id: ConfigurationId = raw.parse().unwrap();
        prop_assert_eq!(id.to_string(), raw.clone());
        for other in [raw.to_ascii_lowercase(), raw.to_ascii_uppercase()] {
            let other: ConfigurationId = other.parse().unwrap();
            prop_assert_eq!(&other, &id);
            prop_assert_eq!(hash(&other), hash(&id));
            prop_assert!(other.cmp(&id).is_eq());
        }
    }

    #[test]
    fn no_input_panics(raw in ".{0,200}") {
        let _ = raw.parse::<ClusterId>();
        let _ = raw.parse::<ConfigurationId>();
    }
}
