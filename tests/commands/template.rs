//! `adx-follower import --file`: exported templates and lists.

use std::fs;

use adx_follower_operator::cli::Command;
use adx_follower_operator::commands::{CommandError, Ending, import};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::harness::{cluster, configuration};
use crate::{Ran, at_once, on_console, parsed};

fn run(text: &str, arguments: &[&str]) -> Ran {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("export.json");
    fs::write(&file, text).unwrap();
    let mut words = vec!["import", "--file", file.to_str().unwrap(), "-o", "json"];
    words.extend(arguments);
    let Command::Import(arguments) = parsed(&words) else {
        panic!("import is another command");
    };
    at_once(on_console(None, async |console| {
        import::from_file(&arguments, &file, console)
    }))
}

fn items(ran: &Ran) -> Vec<Value> {
    let list: Value = serde_json::from_str(&ran.output).unwrap();
    list["items"].as_array().unwrap().clone()
}

const PLACE: [&str; 4] = [
    "--subscription",
    "00000000-0000-0000-0000-000000000001",
    "--resource-group",
    "rg1",
];

fn exported() -> Value {
    let attached = "Microsoft.Kusto/clusters/attachedDatabaseConfigurations";
    json!({
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "parameters": {
            "clusters_follower1_name": {"defaultValue": "follower1", "type": "String"},
            "clusters_leader1_externalid": {"defaultValue": cluster("leader1"), "type": "String"},
            "tables": {"defaultValue": ["Orders"], "type": "Array"},
            "unset": {"type": "String"},
        },
        "variables": {"database": "[concat('Sa', 'les')]"},
        "resources": [
            {"type": "Microsoft.Kusto/clusters", "name": "[parameters('clusters_follower1_name')]", "resources": [
                {"type": "attachedDatabaseConfigurations", "name": "nested", "properties": {
                    "clusterResourceId": "[parameters('clusters_leader1_externalid')]", "databaseName": "*",
                    "defaultPrincipalsModificationKind": "None", "databaseNamePrefix": "n_",
                }},
            ]},
            {"type": attached, "name": "[concat(parameters('clusters_follower1_name'), '/Sales')]", "properties": {
                "clusterResourceId": "[resourceId('Microsoft.Kusto/clusters', 'leader1')]",
                "databaseName": "[variables('database')]", "defaultPrincipalsModificationKind": "Union",
                "tableLevelSharingProperties": {"tablesToInclude": "[parameters('tables')]", "tablesToExclude": []},
            }},
            {"type": attached, "name": "[format('{0}/{1}', parameters('clusters_follower1_name'), 'runtime')]", "properties": {
                "clusterResourceId": "[reference('other').id]", "databaseName": "Sales",
                "defaultPrincipalsModificationKind": "Union",
            }},
            {"type": attached, "name": "follower1/open", "properties": {
                "clusterResourceId": cluster("leader1"), "databaseName": "[parameters('unset')]",
                "defaultPrincipalsModificationKind": "Union",
            }},
            {"type": attached, "name": "follower1/many", "copy": {"name": "loop", "count": 2}, "properties": {}},
            {"type": "Microsoft.Resources/deployments", "name": "inner", "properties": {}},
            {"type": "Microsoft.Kusto/clusters/databases", "name": "follower1/Own"},
        ],
    })
}

#[test]
fn a_template_is_read_as_far_as_it_says_what_it_means() {
    let ran = run(&exported().to_string(), &PLACE);
    let specs: Vec<Value> = items(&ran)
        .iter()
        .map(|item| item["spec"].clone())
        .collect();
    let follower = json!({"clusterResourceId": cluster("follower1")});
    assert_eq!(
        specs,
        [
            json!({
                "follower": follower, "defaultPrincipalsModificationKind": "None", "databaseNamePrefix": "n_",
                "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "*"},
            }),
            json!({
                "follower": follower, "configurationName": "Sales", "defaultPrincipalsModificationKind": "Union",
                "leader": {"clusterResourceId": cluster("leader1"), "databaseName": "Sales"},
                "tableLevelSharingProperties": {"tablesToInclude": ["Orders"]},
            }),
        ]
    );
    assert_eq!(
        ran.remarks,
        "not imported: follower1/runtime: `reference(…)` has a value only when the template is deployed\n\
         not imported: follower1/open: the parameter `unset` has no value; give it as `--parameter unset=VALUE`\n\
         not imported: follower1/many: it stands for several (`copy`), which is not read\n\
         not imported: the nested deployment inner: its template has to be imported by itself\n\
         error: 4 of 6 configurations could not be written as manifests\n"
    );
    assert_eq!(ran.ending.unwrap(), Ending::Failed);

    let mut more = PLACE.to_vec();
    more.extend([
        "--parameter",
        "Unset=Stock",
        "--parameter",
        "tables=[\"A\",\"B\"]",
    ]);
    let items = items(&run(&exported().to_string(), &more));
    assert_eq!(items[2]["spec"]["leader"]["databaseName"], "Stock");
    assert_eq!(
        items[1]["spec"]["tableLevelSharingProperties"]["tablesToInclude"],
        json!(["A", "B"])
    );
}

#[test]
fn a_template_does_not_say_where_it_is_deployed() {
    let ran = run(&exported().to_string(), &[]);
    assert!(items(&ran).is_empty());
    assert!(
        ran.remarks
            .contains("`the subscription` is not in the template; give `--subscription`")
    );
}

#[test]
fn symbolic_names_lists_and_single_resources_are_read_too() {
    let properties = json!({
        "clusterResourceId": cluster("leader1"), "databaseName": "Sales",
        "defaultPrincipalsModificationKind": "Union", "databaseNameOverride": null,
    });
    let kind = "Microsoft.Kusto/Clusters/AttachedDatabaseConfigurations";
    let resource = json!({
        "id": configuration("follower1", "sales"), "name": "follower1/sales", "type": kind, "properties": properties,
    });
    let mut flat = properties.clone();
    flat["id"] = json!(configuration("follower1", "sales"));
    flat["name"] = json!("follower1/sales");
    flat["type"] = json!(kind);
    for (case, document) in [
        ("a REST list", json!({"value": [resource]})),
        ("a list of az", json!([flat])),
        ("one resource", resource.clone()),
        (
            "symbolic names",
            json!({"languageVersion": "2.0", "resources": {"sales": resource}}),
        ),
    ] {
        let ran = run(&format!("\u{feff}{document}"), &[]);
        let items = items(&ran);
        assert_eq!(items.len(), 1, "{case}: {}", ran.remarks);
        assert_eq!(items[0]["metadata"]["name"], "sales", "{case}");
        assert_eq!(ran.ending.unwrap(), Ending::Done, "{case}");
    }
}

#[test]
fn a_text_in_a_template_cannot_become_a_line_of_a_manifest() {
    let hostile = json!([{
        "type": "Microsoft.Kusto/clusters/attachedDatabaseConfigurations",
        "name": "follower1/x\n---\nkind: Secret",
        "properties": {},
    }]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("export.json");
    fs::write(&file, hostile.to_string()).unwrap();
    let Command::Import(arguments) = parsed(&["import", "--file", file.to_str().unwrap()]) else {
        panic!("import is another command");
    };
    let ran = at_once(on_console(None, async |console| {
        import::from_file(&arguments, &file, console)
    }));
    assert!(
        ran.output.lines().all(|line| line.starts_with("# ")),
        "{}",
        ran.output
    );
}

#[test]
fn what_is_no_json_is_refused() {
    let error = run("resources: []", &[]).ending.unwrap_err();
    assert!(matches!(error, CommandError::NotJson { .. }), "{error}");
    assert_eq!(error.code(), 1);
    let error = run("{}", &["--parameter", "x"]).ending.unwrap_err();
    assert_eq!(error.code(), 2);
    let ran = run("{}", &[]);
    assert!(items(&ran).is_empty());
    assert_eq!(ran.ending.unwrap(), Ending::Done);
}
