//! Objects that ask for what belongs to others, in every spelling: refused when they are applied, or by the operator, or
//! by Azure, and each time without a write.

use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use serde_json::{Value, json};

use super::teams::{OWN, Teams, cluster, configuration, object, with};
use super::witness::{OPERATOR, TEAM_A};

/// What has to become of an object.
#[derive(Clone, Copy)]
enum Seen {
    /// The API server does not take it, and names this.
    NotAdmitted(&'static str),
    /// Ready is False for this reason.
    Refused(&'static str),
}

use Seen::{NotAdmitted, Refused};

#[tokio::test(flavor = "multi_thread")]
async fn no_spelling_of_an_object_reaches_another_teams_clusters() {
    let teams = Teams::settle("tenancy-ids", Duration::from_secs(1)).await;
    prepare(&teams).await;
    let before = teams.configurations().await;
    let ways = ways();
    println!("{} ways", ways.len());

    // All that are taken wait side by side: a refusal is told after two looks.
    let mut created = Vec::new();
    for (number, (name, object, seen)) in ways.into_iter().enumerate() {
        let mut object = object;
        object["metadata"]["name"] = json!(format!("way-{number}"));
        match (seen, teams.try_create(object).await) {
            (Refused(reason), Ok(object)) => created.push((name, object, reason)),
            (Refused(_), Err(error)) => panic!("{name}: must be admitted, but {error}"),
            (NotAdmitted(_), Ok(_)) => panic!("{name}: must not be admitted"),
            (NotAdmitted(part), Err(error)) => {
                eprintln!("way: {name}");
                assert!(error.to_string().contains(part), "{name}: {error}");
            }
        }
    }
    for (name, object, reason) in &created {
        teams
            .way(name, async || {
                teams.until_refused(key(object), reason).await;
            })
            .await;
    }
    teams
        .way("all of them go without a trace", async || {
            for (_, object, _) in &created {
                teams.delete(key(object)).await;
            }
            for (_, object, _) in &created {
                teams.until_gone(key(object)).await;
            }
        })
        .await;
    assert_eq!(teams.configurations().await, before);
    for key in OWN {
        teams.look_again(key).await;
        teams.until_ready(key).await;
    }
    teams.stage.clear().await;
}

fn key(object: &AttachedDatabase) -> (&str, &str) {
    let namespace = object.metadata.namespace.as_deref().unwrap();
    (namespace, object.metadata.name.as_deref().unwrap())
}

/// Accounts of team b that pretend to be somebody else.
async fn prepare(teams: &Teams) {
    for (name, client_id) in [
        ("as-team-a", TEAM_A),
        ("as-operator", OPERATOR),
        ("up-and-away", "../common"),
    ] {
        teams.make_account(("team-b", name), client_id).await;
    }
    teams.make_account(("team-b", "bare"), "").await;
    teams.make_account(("team-b", "elsewhere"), TEAM_A).await;
    let elsewhere =
        json!({"metadata": {"annotations": {"azure.workload.identity/tenant-id": "x/../y?"}}});
    teams
        .accounts("team-b")
        .patch(
            "elsewhere",
            &kube::api::PatchParams::default(),
            &kube::api::Patch::Merge(elsewhere),
        )
        .await
        .unwrap();
}

type Way = (String, Value, Seen);

fn ways() -> Vec<Way> {
    let mut ways = not_admitted();
    ways.extend(with_an_own_identity());
    ways.extend(with_the_operators_identity());
    ways
}

/// Team b's object, with one field of its spec changed.
fn b(path: &str, value: impl Into<Value>) -> Value {
    with(object("b", "b", "Web"), &[(path, value.into())])
}

/// Team c's object, with one field of its spec changed.
fn c(path: &str, value: impl Into<Value>) -> Value {
    with(object("c", "c", "LogsEu"), &[(path, value.into())])
}

fn not_admitted() -> Vec<Way> {
    let foreign = cluster("follower-a");
    let mut ways = Vec::new();
    for (spelling, id) in [
        (
            "percent-encoded letter",
            foreign.replace("follower-a", "follower%2Da"),
        ),
        (
            "percent-encoded slash",
            foreign.replace("/clusters/", "/clusters%2F"),
        ),
        (
            "twice percent-encoded",
            foreign.replace("follower-a", "follower%252Da"),
        ),
        (
            "dots",
            foreign.replace("/resourceGroups/", "/resourceGroups/rg-b/../"),
        ),
        (
            "dots at the end",
            format!("{}/../follower-a", cluster("follower-b")),
        ),
        (
            "encoded dots",
            format!("{}/%2e%2e/follower-a", cluster("follower-b")),
        ),
        ("a dot", foreign.replace("/clusters/", "/./clusters/")),
        ("two slashes", foreign.replace("/clusters/", "/clusters//")),
        ("two slashes in front", format!("/{foreign}")),
        ("a slash at the end", format!("{foreign}/")),
        (
            "a whole url",
            format!("https://management.azure.com{foreign}"),
        ),
        ("a host", format!("//management.azure.com{foreign}")),
        ("a query", format!("{foreign}?x=")),
        ("a fragment", format!("{foreign}#")),
        ("a backslash", foreign.replace("/clusters/", "/clusters\\")),
        ("a space", format!("{foreign} ")),
        ("a line end", format!("{foreign}\n")),
        ("a null", format!("{foreign}\0")),
        (
            "a cyrillic letter",
            foreign.replace("follower-a", "f\u{43e}llower-a"),
        ),
        (
            "a wide letter",
            foreign.replace("follower-a", "follower-\u{ff41}"),
        ),
        ("the kelvin sign", foreign.replace("Kusto", "\u{212a}usto")),
        (
            "a hyphen that is none",
            foreign.replace("follower-a", "follower\u{2010}a"),
        ),
        (
            "an invisible character",
            foreign.replace("follower-a", "follower-a\u{200b}"),
        ),
        ("a configuration", configuration("follower-a", "sales")),
    ] {
        for field in ["follower", "leader"] {
            ways.push((
                format!("{field}: {spelling}"),
                b(&format!("/{field}/clusterResourceId"), id.clone()),
                NotAdmitted("must be the resource ID"),
            ));
        }
    }
    for name in [
        "../../../follower-a/x/sales",
        "a/b",
        "..",
        ".",
        "%2e%2e",
        "a%2fb",
        "a?b",
        "a#b",
        "a\\b",
        "sales\u{200b}",
        " sales",
        "",
    ] {
        ways.push((
            format!("configurationName: {name:?}"),
            b("/configurationName", name),
            NotAdmitted("`configurationName` must be"),
        ));
    }
    for name in [
        "**", "%2A", " *", "* ", "Logs*", "*Eu", "\u{ff0a}", "Logs/Eu", "..",
    ] {
        ways.push((
            format!("leader.databaseName: {name:?}"),
            c("/leader/databaseName", name),
            NotAdmitted("`leader.databaseName` must be"),
        ));
    }
    for name in [
        "team-a/adx",
        "../team-a/adx",
        "system:serviceaccount:team-a:adx",
        "team-a%2Fadx",
        "adx?",
    ] {
        ways.push((
            format!("serviceAccountName: {name:?}"),
            b("/serviceAccountName", name),
            NotAdmitted("`serviceAccountName` must be"),
        ));
    }
    ways
}

/// Where Azure, or Entra, is who says no.
fn with_an_own_identity() -> Vec<Way> {
    let named = |name: &str, object, reason| (name.to_owned(), object, Refused(reason));
    let at_a = |id: String| b("/follower/clusterResourceId", id);
    let take = |adoption: &str, name: &str| {
        with(
            object("b", "b", "Sales"),
            &[
                ("/follower/clusterResourceId", json!(cluster("follower-a"))),
                ("/leader/clusterResourceId", json!(cluster("leader-a"))),
                ("/configurationName", json!(name)),
                ("/adoptionPolicy", json!(adoption)),
            ],
        )
    };
    vec![
        named(
            "the other team's follower",
            at_a(cluster("follower-a")),
            "AuthorizationFailed",
        ),
        named(
            "the other team's follower in capitals",
            at_a(cluster("follower-a").to_uppercase()),
            "AuthorizationFailed",
        ),
        named(
            "the other team's leader",
            b("/leader/clusterResourceId", cluster("leader-a")),
            "AuthorizationFailed",
        ),
        named(
            "the other team's leader, all of it",
            with(
                b("/leader/clusterResourceId", cluster("leader-a")),
                &[("/leader/databaseName", json!("*"))],
            ),
            "AuthorizationFailed",
        ),
        named(
            "the other team's configuration, taken over",
            take("Always", "sales"),
            "AuthorizationFailed",
        ),
        named(
            "the same in capitals",
            take("Always", "SALES"),
            "AuthorizationFailed",
        ),
        named(
            "the same if it is equal",
            take("IfEqual", "sales"),
            "AuthorizationFailed",
        ),
        named(
            "the other team's configuration, only looked at",
            with(
                take("IfEqual", "sales"),
                &[("/driftPolicy", json!("Report"))],
            ),
            "AuthorizationFailed",
        ),
        named(
            "an account that exists in the other namespace only",
            b("/serviceAccountName", "payroll"),
            "ServiceAccountNotFound",
        ),
        named(
            "an account with the other team's client id",
            with(
                at_a(cluster("follower-a")),
                &[("/serviceAccountName", json!("as-team-a"))],
            ),
            "FederatedCredentialNotFound",
        ),
        named(
            "an account with the operator's client id",
            with(
                at_a(cluster("follower-a")),
                &[("/serviceAccountName", json!("as-operator"))],
            ),
            "FederatedCredentialNotFound",
        ),
        named(
            "an account whose client id leads elsewhere",
            b("/serviceAccountName", "up-and-away"),
            "ServiceAccountIncomplete",
        ),
        named(
            "an account whose tenant leads elsewhere",
            b("/serviceAccountName", "elsewhere"),
            "ServiceAccountIncomplete",
        ),
        named(
            "an account without an identity",
            b("/serviceAccountName", "bare"),
            "ServiceAccountIncomplete",
        ),
    ]
}

/// Where a policy is who says no.
fn with_the_operators_identity() -> Vec<Way> {
    const NOT_ALLOWED: &str = "AttachmentNotAllowed";
    let named = |name: &str, object, reason| (name.to_owned(), object, Refused(reason));
    let at = |follower: String| c("/follower/clusterResourceId", follower);
    let of = |leader: String| c("/leader/clusterResourceId", leader);
    let reading = |name: &str| c("/leader/databaseName", name);
    let next_to_d = |changes: &[(&str, Value)]| with(object("c", "c", "LogsEu"), changes);
    let mut ways = vec![
        named(
            "no account, and no policy for the namespace",
            b("/serviceAccountName", Value::Null),
            NOT_ALLOWED,
        ),
        named(
            "the same at the other team's follower",
            with(
                b("/serviceAccountName", Value::Null),
                &[("/follower/clusterResourceId", json!(cluster("follower-a")))],
            ),
            NOT_ALLOWED,
        ),
        named(
            "what another namespace is allowed",
            with(
                b("/serviceAccountName", Value::Null),
                &[
                    ("/follower/clusterResourceId", json!(cluster("follower-c"))),
                    ("/leader/clusterResourceId", json!(cluster("leader-c"))),
                    ("/leader/databaseName", json!("LogsEu")),
                ],
            ),
            NOT_ALLOWED,
        ),
        named(
            "a follower of no policy",
            at(cluster("follower-a")),
            NOT_ALLOWED,
        ),
        named(
            "the same in capitals",
            at(cluster("follower-a").to_uppercase()),
            NOT_ALLOWED,
        ),
        named(
            "a follower whose name begins alike",
            at(cluster("follower-c2")),
            NOT_ALLOWED,
        ),
        named(
            "a follower of that name in another group",
            at(cluster("follower-c").replace("rg-c", "rg-a")),
            NOT_ALLOWED,
        ),
        named(
            "a follower of that name in another subscription",
            at(cluster("follower-c").replace("-000000000001", "-000000000002")),
            NOT_ALLOWED,
        ),
        named(
            "a leader of no policy",
            of(cluster("leader-a")),
            NOT_ALLOWED,
        ),
        named(
            "a leader of a group that begins alike",
            of(cluster("leader-c").replace("rg-c", "rg-c2")),
            NOT_ALLOWED,
        ),
        named(
            "all databases, where a beginning is allowed",
            reading("*"),
            NOT_ALLOWED,
        ),
        named("another database", reading("Hidden"), NOT_ALLOWED),
        named(
            "a database that only ends so",
            reading("OtherLogs"),
            NOT_ALLOWED,
        ),
        named("a beginning of the beginning", reading("Log"), NOT_ALLOWED),
        named(
            "what another namespace may read",
            reading("Traces"),
            NOT_ALLOWED,
        ),
        named(
            "principals replaced",
            c("/defaultPrincipalsModificationKind", "Replace"),
            NOT_ALLOWED,
        ),
        named(
            "the other team's configuration, taken over",
            with(
                at(cluster("follower-a")),
                &[
                    ("/leader/clusterResourceId", json!(cluster("leader-a"))),
                    ("/leader/databaseName", json!("Sales")),
                    ("/configurationName", json!("sales")),
                    ("/adoptionPolicy", json!("Always")),
                ],
            ),
            NOT_ALLOWED,
        ),
        // Both may use this follower.
        named(
            "a neighbour's configuration",
            next_to_d(&[
                ("/configurationName", json!("TRACES")),
                ("/adoptionPolicy", json!("Always")),
            ]),
            "ConfigurationClaimed",
        ),
        named(
            "a neighbour's database, by another name",
            next_to_d(&[("/databaseNameOverride", json!("EU_LOGSEU"))]),
            "DatabaseNameTaken",
        ),
        named(
            "a neighbour's database, by a prefix",
            next_to_d(&[("/databaseNamePrefix", json!("eu_"))]),
            "DatabaseNameTaken",
        ),
    ];
    for (name, account) in [
        (
            "an account of another namespace that is allowed nothing",
            "payroll",
        ),
        ("an account that is nowhere", "nobody"),
    ] {
        ways.push(named(
            name,
            c("/serviceAccountName", account),
            "ServiceAccountNotFound",
        ));
    }
    ways
}
