//! Scopes: what is one, what it covers, and what each wrong part is told.

use proptest::prelude::*;

use super::*;

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

fn group(name: &str) -> String {
    format!("{SUBSCRIPTION}/resourceGroups/{name}")
}

fn cluster(group_name: &str, name: &str) -> String {
    format!(
        "{}/providers/Microsoft.Kusto/clusters/{name}",
        group(group_name)
    )
}

fn covers(scope: &str, cluster: &str) -> bool {
    let scope: Scope = scope.parse().unwrap();
    scope.covers(&cluster.parse().unwrap())
}

#[test]
fn a_scope_is_printed_as_it_was_written() {
    for scope in [
        SUBSCRIPTION.to_owned(),
        group("Data_rg.(1)"),
        cluster("Data_rg.(1)", "Follower1"),
    ] {
        assert_eq!(scope.parse::<Scope>().unwrap().to_string(), scope);
    }
}

#[test]
fn a_scope_covers_what_lies_in_it_and_nothing_else() {
    let one = cluster("rg1", "leader1");
    for (reason, scope, expected) in [
        ("its subscription", SUBSCRIPTION.to_owned(), true),
        (
            "another subscription",
            SUBSCRIPTION.replace("01", "02"),
            false,
        ),
        (
            "the beginning of its subscription's id",
            SUBSCRIPTION.replace("001", "00"),
            false,
        ),
        ("its group", group("rg1"), true),
        ("its group in capitals", group("rg1").to_uppercase(), true),
        ("the beginning of its group's name", group("rg"), false),
        ("a group whose name goes on", group("rg10"), false),
        (
            "a group of that name elsewhere",
            group("rg1").replace("0001/", "0002/"),
            false,
        ),
        ("itself", one.clone(), true),
        ("itself in capitals", one.to_uppercase(), true),
        (
            "a cluster whose name goes on",
            cluster("rg1", "leader10"),
            false,
        ),
        ("the beginning of its name", cluster("rg1", "leader"), false),
        (
            "a cluster of that name in another group",
            cluster("rg2", "leader1"),
            false,
        ),
    ] {
        assert_eq!(covers(&scope, &one), expected, "{reason}");
    }
}

#[test]
fn case_is_folded_in_ascii_only() {
    // The Kelvin sign has the lower case `k` in Unicode, and `ſ` the upper case `S`; neither is that letter to ARM.
    assert!(covers(&group("KUSTO"), &cluster("kusto", "leader1")));
    assert!(!covers(
        &group("\u{212a}usto"),
        &cluster("kusto", "leader1")
    ));
    assert!(!covers(&group("ku\u{17f}to"), &cluster("kuSto", "leader1")));
    for scope in [
        cluster("rg1", "leader1").replace("Kusto", "\u{212a}usto"),
        group("rg1").replace("subscriptions", "\u{17f}ubscriptions"),
        SUBSCRIPTION.replace("000000000001", "00000000000\u{661}"),
    ] {
        assert!(scope.parse::<Scope>().is_err(), "{scope}");
    }
}

#[test]
fn every_wrong_scope_is_told_which_part_is_wrong() {
    const SHAPE: &str =
        "must be /subscriptions/{id}, /subscriptions/{id}/resourceGroups/{group}, or a cluster id";
    const SUB: &str = "must be 1 to 64 letters, digits or hyphens";
    const GROUP: &str = "must be 1 to 90 letters, digits, or the characters `-_.()`";
    const NAME: &str = "must be 4 to 22 letters, digits or hyphens";
    for (scope, expected) in [
        (String::new(), SHAPE),
        ("/".to_owned(), SHAPE),
        ("*".to_owned(), SHAPE),
        ("/subscriptions".to_owned(), SHAPE),
        (SUBSCRIPTION[1..].to_owned(), SHAPE),
        (format!("/{SUBSCRIPTION}"), SHAPE),
        (format!("{SUBSCRIPTION}/"), SHAPE),
        (format!("{SUBSCRIPTION}/resourceGroups"), SHAPE),
        (format!("{SUBSCRIPTION}/../resourceGroups/rg1"), SHAPE),
        ("/subscriptions/".to_owned(), SUB),
        ("/subscriptions/..".to_owned(), SUB),
        ("/subscriptions/*".to_owned(), SUB),
        (SUBSCRIPTION.replace("0-0", "0%2D0"), SUB),
        (format!("{SUBSCRIPTION} "), SUB),
        ("/subscriptions//resourceGroups/rg1".to_owned(), SUB),
        (
            SUBSCRIPTION.replace("subscriptions", "subscription"),
            "`/subscription` must be `/subscriptions`",
        ),
        (
            group("rg1").replace("resourceGroups", "resourceGroup"),
            "`/resourceGroup` must be `/resourceGroups`",
        ),
        (group(""), GROUP),
        (group("."), GROUP),
        (group(".."), GROUP),
        (group("rg*"), GROUP),
        (group("a%2Fb"), GROUP),
        (group("rg1?x"), GROUP),
        (group("rg\n"), GROUP),
        (group(&"g".repeat(91)), GROUP),
        (format!("{}/", group("rg1")), SHAPE),
        (group("rg1/..").clone(), SHAPE),
        (
            format!("{}/providers/Microsoft.Kusto/clusters", group("rg1")),
            SHAPE,
        ),
        (format!("{}/", cluster("rg1", "leader1")), SHAPE),
        (
            format!("{}/databases/Sales", cluster("rg1", "leader1")),
            SHAPE,
        ),
        (cluster("rg1", ""), NAME),
        (cluster("rg1", ".."), NAME),
        (cluster("rg1", "leader*"), NAME),
        (
            cluster("rg1", "leader1").replace("Kusto", "Sql"),
            "`/Microsoft.Sql` must be `/Microsoft.Kusto`",
        ),
    ] {
        let error = scope.parse::<Scope>().unwrap_err().to_string();
        assert!(error.contains(expected), "{scope}: {error}");
    }
}

#[test]
fn a_scope_encloses_those_below_it() {
    let scopes = [
        SUBSCRIPTION.to_owned(),
        group("rg1"),
        cluster("rg1", "leader1"),
    ];
    for (above, outer) in scopes.iter().enumerate() {
        for (below, inner) in scopes.iter().enumerate() {
            let (outer, inner): (Scope, Scope) = (
                outer.parse().unwrap(),
                inner.to_uppercase().parse().unwrap(),
            );
            assert_eq!(outer.encloses(&inner), above <= below, "{outer} {inner}");
        }
    }
    let encloses = |outer: &str, inner: &str| {
        let (outer, inner): (Scope, Scope) = (outer.parse().unwrap(), inner.parse().unwrap());
        outer.encloses(&inner)
    };
    assert!(!encloses(&group("rg1"), &group("rg10")));
    assert!(!encloses(&group("rg1"), &cluster("rg2", "leader1")));
    assert!(!encloses(
        SUBSCRIPTION,
        &group("rg1").replace("0001/", "0002/")
    ));
}

/// Few names, so that equal ones and beginnings of each other are met often.
fn any_scope() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["1", "2", "12"]),
        prop::option::of((
            prop::sample::select(vec!["rg", "RG", "rg1", "rg.1", "\u{212a}"]),
            prop::option::of(prop::sample::select(vec!["lead", "LEAD", "lead1", "le-ad"])),
        )),
    )
        .prop_map(|(subscription, below)| {
            let subscription = format!("/subscriptions/{subscription}");
            let Some((group, cluster)) = below else {
                return subscription;
            };
            let group = format!("{subscription}/resourceGroups/{group}");
            match cluster {
                Some(name) => format!("{group}/providers/Microsoft.Kusto/clusters/{name}"),
                None => group,
            }
        })
}

proptest! {
    /// What a scope covers is what ARM would put below it: its segments are the first of the cluster's.
    #[test]
    fn covering_is_having_the_same_first_segments(scope in any_scope(), cluster in any_scope()) {
        let Ok(id) = cluster.parse::<ClusterId>() else { return Ok(()) };
        let segments = |text: &str| -> Vec<String> {
            text.split('/').map(str::to_ascii_lowercase).collect()
        };
        let expected = segments(&cluster).starts_with(&segments(&scope));
        prop_assert_eq!(scope.parse::<Scope>().unwrap().covers(&id), expected);
    }

    #[test]
    fn what_encloses_covers_all_that_is_covered(outer in any_scope(), inner in any_scope(), cluster in any_scope()) {
        let (outer, inner): (Scope, Scope) = (outer.parse().unwrap(), inner.parse().unwrap());
        if let Ok(id) = cluster.parse::<ClusterId>()
            && outer.encloses(&inner)
            && inner.covers(&id)
        {
            prop_assert!(outer.covers(&id));
        }
    }

    #[test]
    fn whatever_is_read_is_printed_as_an_equal_scope(text in "(/subscriptions|/resourceGroups|/providers/Microsoft[.]Kusto|/clusters|/[a-zK%. ]{0,4}){1,6}/?") {
        if let Ok(scope) = text.parse::<Scope>() {
            prop_assert_eq!(scope.to_string(), text.clone());
            prop_assert!(!text.contains("..") && !text.contains('%') && !text.contains("//") && !text.ends_with('/'));
        }
    }
}
