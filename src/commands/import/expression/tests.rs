//! What expressions stand for, and what is said when they stand for nothing.

use proptest::prelude::*;

use super::*;

fn scope() -> Scope {
    Scope {
        subscription: Some("s1".to_owned()),
        resource_group: Some("rg1".to_owned()),
        parameters: BTreeMap::from([
            ("cluster".to_owned(), json!("follower1")),
            ("lists".to_owned(), json!(["a", "[parameters('cluster')]"])),
            ("loop".to_owned(), json!("[parameters('LOOP')]")),
        ]),
        variables: BTreeMap::from([("name".to_owned(), json!("[toUpper(parameters('Cluster'))]"))]),
    }
}

#[test]
fn an_expression_stands_for_a_value() {
    for (text, expected) in [
        ("plain", json!("plain")),
        ("[[not]", json!("[not]")),
        ("[half", json!("[half")),
        (
            "[concat(parameters('cluster'), '/sales')]",
            json!("follower1/sales"),
        ),
        ("[ CONCAT ( 'a' , 'b''c' ) ]", json!("ab'c")),
        ("[variables('NAME')]", json!("FOLLOWER1")),
        ("[parameters('lists')]", json!(["a", "follower1"])),
        ("[parameters('lists')[1]]", json!("follower1")),
        (
            "[concat(parameters('lists'), createArray('z'))]",
            json!(["a", "follower1", "z"]),
        ),
        ("[format('{0}/{1}{0}', 'a', '{0}')]", json!("a/{0}a")),
        ("[format('{9} {x')]", json!("{9} {x")),
        ("[subscription().subscriptionId]", json!("s1")),
        ("[resourceGroup().name]", json!("rg1")),
        (
            "[if(equals('a', 'a'), 'yes', reference('x'))]",
            json!("yes"),
        ),
        ("[if(empty(''), null(), 'x')]", json!(null)),
        ("[coalesce(null(), 7)]", json!(7)),
        (
            "[resourceId('Microsoft.Kusto/clusters', 'leader1')]",
            json!(
                "/subscriptions/s1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/leader1"
            ),
        ),
        (
            "[resourceId('rg2', 'Microsoft.Kusto/clusters', 'leader1')]",
            json!(
                "/subscriptions/s1/resourceGroups/rg2/providers/Microsoft.Kusto/clusters/leader1"
            ),
        ),
        (
            "[resourceId('s2', 'rg2', 'Microsoft.Kusto/clusters/databases', 'leader1', 'Sales')]",
            json!(
                "/subscriptions/s2/resourceGroups/rg2/providers/Microsoft.Kusto/clusters/leader1/databases/Sales"
            ),
        ),
    ] {
        assert_eq!(scope().resolve(&json!(text)), Ok(expected), "{text}");
    }
}

#[test]
fn what_has_no_value_is_named_with_the_way_out() {
    for (text, expected) in [
        (
            "[parameters('other')]",
            "the parameter `other` has no value; give it as `--parameter other=VALUE`",
        ),
        (
            "[variables('other')]",
            "the template has no variable `other`",
        ),
        (
            "[reference('x').id]",
            "`reference(…)` has a value only when the template is deployed",
        ),
        (
            "[concat('a'",
            "`[concat('a'` is no expression of a template",
        ),
        (
            "[toLower(1)]",
            "`toLower(…)` has other arguments than it takes",
        ),
        (
            "[resourceId('a/b/c', 'x')]",
            "`resourceId(…)` has other arguments than it takes",
        ),
        (
            "[parameters('loop')]",
            "the expression goes deeper than 64 levels",
        ),
    ] {
        let text = if text.ends_with(']') {
            text.to_owned()
        } else {
            format!("{text}]")
        };
        let error = scope().resolve(&json!(text)).unwrap_err().to_string();
        assert_eq!(error, expected.replace("'a'`", "'a']`"), "{text}");
    }
    let nowhere = Scope::default();
    for (text, flag) in [
        ("[subscription().id]", "--subscription"),
        (
            "[resourceId('Microsoft.Kusto/clusters', 'x')]",
            "--subscription",
        ),
    ] {
        let error = nowhere.resolve(&json!(text)).unwrap_err().to_string();
        assert!(error.contains(flag), "{error}");
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_parser(text in "\\[[a-z'(),.\\[\\] 0-9{}-]{0,80}\\]") {
        let _ = scope().resolve(&json!(text));
    }

    #[test]
    fn a_quoted_text_stands_for_itself(text in "[^\\p{C}]{0,40}") {
        let expression = format!("[concat('{}')]", text.replace('\'', "''"));
        prop_assert_eq!(scope().resolve(&json!(expression)), Ok(json!(text)));
    }
}

#[test]
fn nesting_is_bounded() {
    for levels in [10, 10_000] {
        let text = format!("[{}'a'{}]", "concat(".repeat(levels), ")".repeat(levels));
        assert_eq!(scope().resolve(&json!(text)).is_ok(), levels == 10);
    }
}
