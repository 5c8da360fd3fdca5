//! What people do with the operator and its commands, one story for each feature that asks Azure for something.

use std::time::Duration;

use adx_follower_operator::cli::{Cli, Command};
use adx_follower_operator::commands::followers::{self, Managers, Request};
use adx_follower_operator::commands::{CommandError, Console, import};
use adx_follower_operator::error_chain::ErrorChain;
use clap::Parser as _;
use serde_json::{Value, json};

use crate::harness::{Harness, cluster, condition, configuration, declared, message};
use crate::in_process::arm_client;

/// The subscription of every cluster here.
pub(crate) const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

/// The leader: in another resource group than the follower.
pub(crate) fn leader() -> String {
    format!("{SUBSCRIPTION}/resourceGroups/rg2/providers/Microsoft.Kusto/clusters/leader1")
}

/// A follower, a leader, and a following of its other database that the commands are for.
pub(crate) fn world() -> Value {
    json!({
        "clusters": [
            {"id": cluster("follower1"), "location": "West Europe"},
            {"id": leader(), "location": "West Europe", "databases": [{"name": "Sales", "tables": ["Orders", "Logs1"]}, {"name": "Stock"}]},
        ],
        "configurations": [{"id": configuration("follower1", "by-hand"), "properties": {
            "clusterResourceId": leader(), "databaseName": "Stock", "databaseNameOverride": "Hand",
            "defaultPrincipalsModificationKind": "Union",
        }}],
    })
}

/// Sales, and only some of its tables.
pub(crate) fn sales() -> Value {
    of(
        "Sales",
        json!({"tableLevelSharingProperties": {"tablesToInclude": ["Orders"]}}),
    )
}

fn of(database: &str, mut spec: Value) -> Value {
    spec["leader"] = json!({"clusterResourceId": leader(), "databaseName": database});
    declared("sales", &spec)
}

/// One feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Story {
    Attach,
    AttachAll,
    Update,
    Repair,
    NameClash,
    Detach,
    DetachFromLeader,
    Import,
    ListFollowers,
    DetachByHand,
}

/// How it went.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// As it should.
    Works,
    /// Not at all, and this was said.
    Says(String),
}

impl Story {
    pub(crate) const ALL: [Self; 10] = [
        Self::Attach,
        Self::AttachAll,
        Self::Update,
        Self::Repair,
        Self::NameClash,
        Self::Detach,
        Self::DetachFromLeader,
        Self::Import,
        Self::ListFollowers,
        Self::DetachByHand,
    ];

    /// Plays it to its end.
    pub(crate) async fn play(self, harness: &Harness) -> Ending {
        match self {
            Self::Attach => attach(harness, sales()).await,
            Self::AttachAll => attach(harness, of("*", json!({"databaseNamePrefix": "eu_"}))).await,
            Self::Update => {
                attached_before(harness);
                let mut object = sales();
                object["spec"]["adoptionPolicy"] = json!("Always");
                object["spec"]["defaultPrincipalsModificationKind"] = json!("None");
                attach(harness, object).await
            }
            Self::Repair => {
                attached_before(harness);
                let ending = attach(harness, sales()).await;
                assert_eq!(ending, Ending::Works, "an adoption writes nothing");
                let changed = json!({"defaultPrincipalsModificationKind": "None"});
                harness.edit_in_portal("sales", &changed);
                harness
                    .until("sales", "drifted", |object| {
                        object["status"]["drift"] != json!(null)
                    })
                    .await;
                outcome(harness).await
            }
            Self::NameClash => {
                harness.patch_cluster("follower1", &json!({"databases": [{"name": "Sales"}]}));
                match attach(harness, sales()).await {
                    Ending::Says(said) if said.contains("has a database Sales of its own") => {
                        Ending::Works
                    }
                    ending @ (Ending::Works | Ending::Says(_)) => ending,
                }
            }
            Self::Detach => {
                attached_before(harness);
                let ending = attach(harness, sales()).await;
                assert_eq!(ending, Ending::Works, "an adoption writes nothing");
                detach(harness).await
            }
            Self::DetachFromLeader => {
                attached_before(harness);
                let ending = attach(harness, sales()).await;
                assert_eq!(ending, Ending::Works, "an adoption writes nothing");
                harness.patch_cluster("follower1", &json!({"state": "Stopped"}));
                detach(harness).await
            }
            Self::Import => imported(harness).await,
            Self::ListFollowers => followed(harness, &[]).await,
            Self::DetachByHand => {
                let target = format!("{}/by-hand", cluster("follower1"));
                let ending = followed(harness, &["--detach", &target, "--yes"]).await;
                let is_there = harness.live("follower1", "by-hand").is_some();
                assert_eq!(is_there, ending != Ending::Works);
                ending
            }
        }
    }
}

/// What the object declares is there already, by somebody else's hand.
fn attached_before(harness: &Harness) {
    harness.patch(json!({"configurations": [{"id": configuration("follower1", "sales"), "properties": {
        "clusterResourceId": leader(), "databaseName": "Sales", "defaultPrincipalsModificationKind": "Union",
        "tableLevelSharingProperties": {"tablesToInclude": ["Orders"]},
    }}]}));
}

async fn attach(harness: &Harness, object: Value) -> Ending {
    harness.api.create(object);
    outcome(harness).await
}

/// Waits until the object is Ready or given up.
async fn outcome(harness: &Harness) -> Ending {
    let object = harness
        .until("sales", "Ready or Stalled", |object| {
            let is_current =
                object["status"]["observedGeneration"] == object["metadata"]["generation"];
            let is_ready = condition(object, "Ready").is_some_and(|(status, _)| status == "True")
                && object["status"]["drift"] == json!(null);
            is_current && (is_ready || condition(object, "Stalled").is_some())
        })
        .await;
    match condition(&object, "Stalled") {
        None => Ending::Works,
        Some(_) => Ending::Says(message(&object, "Ready").unwrap().to_owned()),
    }
}

async fn detach(harness: &Harness) -> Ending {
    harness.api.delete("analytics", "sales");
    let deadline = Duration::from_hours(2);
    let left = harness
        .api
        .wait_for(
            ("analytics", "sales"),
            "gone or stuck",
            deadline,
            |object| object.is_none_or(|object| condition(object, "Stalled").is_some()),
        )
        .await;
    match left {
        None => {
            assert_eq!(harness.live("follower1", "sales"), None, "it is detached");
            Ending::Works
        }
        Some(object) => Ending::Says(message(&object, "Ready").unwrap().to_owned()),
    }
}

fn parsed(arguments: &[&str]) -> Command {
    let words = std::iter::once("adx-follower").chain(arguments.iter().copied());
    Cli::try_parse_from(words).unwrap().command
}

/// Runs a command; what it said on standard error is how it ends, if it fails.
async fn on_console(
    command: impl AsyncFnOnce(
        &mut Console<'_>,
    ) -> Result<adx_follower_operator::commands::Ending, CommandError>,
) -> Ending {
    let (mut output, mut remarks) = (Vec::new(), Vec::new());
    let ending = command(&mut Console {
        input: &mut &b""[..],
        interactive: false,
        output: &mut output,
        remarks: &mut remarks,
    })
    .await;
    let remarks = String::from_utf8(remarks).unwrap();
    match ending {
        Ok(adx_follower_operator::commands::Ending::Done)
            if !remarks.contains("warning: cannot") =>
        {
            Ending::Works
        }
        Ok(_) => Ending::Says(remarks),
        Err(error) => Ending::Says(ErrorChain(&error).to_string()),
    }
}

async fn imported(harness: &Harness) -> Ending {
    let id = cluster("follower1");
    let Command::Import(arguments) = parsed(&["import", "--cluster", &id]) else {
        panic!("import is another command");
    };
    let (id, arm) = (id.parse().unwrap(), arm_client(&harness.arm));
    on_console(async |console| import::from_cluster(&arguments, &id, &arm, console).await).await
}

async fn followed(harness: &Harness, arguments: &[&str]) -> Ending {
    let leader = leader();
    let mut words = vec!["followers", "--leader", &leader];
    words.extend(arguments);
    let Command::Followers(arguments) = parsed(&words) else {
        panic!("followers is another command");
    };
    let arm = arm_client(&harness.arm);
    on_console(async |console| {
        let request = Request::new(&arguments)?;
        followers::run(&request, &arm, Managers::NotAsked, console).await
    })
    .await
}
