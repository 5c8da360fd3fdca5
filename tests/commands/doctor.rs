//! `adx-follower doctor`: each check in turn, with its remedy, and nothing written.

use std::path::PathBuf;

use adx_follower_operator::azure::cloud::{Cloud, CloudName, CloudOverrides};
use adx_follower_operator::azure::credential::{CredentialEnvironment, CredentialKind};
use adx_follower_operator::cli::Command;
use adx_follower_operator::commands::Ending;
use adx_follower_operator::commands::doctor::azure::Azure;
use adx_follower_operator::commands::doctor::{self, Request, Surroundings};
use kube::Client;
use kube::client::Body;
use kusto_arm_simulator::{Clock, Options, Simulator, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::{EPOCH, FakeApi, Verb};
use crate::harness::{attached_database, cluster, open_policy, world};
use crate::in_process::clients;
use crate::recorder::{Recording, leaks};
use crate::{Ran, on_console, parsed, writes};

#[path = "doctor/azure.rs"]
mod azure;
#[path = "doctor/cluster.rs"]
mod cluster_checks;
#[path = "doctor/objects.rs"]
mod objects;

const TENANT: &str = "11111111-1111-4111-8111-111111111111";
const OPERATOR: &str = "22222222-2222-4222-8222-222222222222";
const CLIENT: &str = "33333333-3333-4333-8333-333333333333";
const SECRET: &str = "the-operators-own-secret";

/// A cluster and an Azure, with a doctor who may see both.
struct Ward {
    api: FakeApi,
    arm: Simulator,
    kubernetes: Result<Client, String>,
    api_version: String,
    credential: CredentialKind,
    environment: CredentialEnvironment,
    log: Recording,
    folder: TempDir,
}

/// What a check came to.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    result: String,
    message: String,
    remedies: String,
}

impl Ward {
    /// The operator has a client secret and every right, and a policy opens everything. There are no objects.
    fn new() -> Self {
        Self::in_world(&world())
    }

    fn in_world(world: &Value) -> Self {
        let log = Recording::start();
        let mut world = world.clone();
        world["identities"] = json!([
            {"clientId": OPERATOR, "secret": SECRET},
            {"clientId": CLIENT, "federatedSubjects": ["system:serviceaccount:analytics:adx"]},
        ]);
        let options = Options {
            clock: Clock::starting_at(EPOCH.parse().unwrap()),
            ..Options::default()
        };
        let arm = Simulator::new(World::from_yaml(&world.to_string()).unwrap(), options);
        let api = FakeApi::new();
        api.create_policy("open", open_policy());
        Self {
            kubernetes: Ok(api.client()),
            api,
            arm,
            api_version: "2024-04-13".to_owned(),
            credential: CredentialKind::Auto,
            environment: CredentialEnvironment {
                tenant_id: Some(TENANT.to_owned()),
                client_id: Some(OPERATOR.to_owned()),
                client_secret: Some(SECRET.to_owned().into()),
                ..CredentialEnvironment::default()
            },
            log,
            folder: TempDir::new().unwrap(),
        }
    }

    /// The same with `analytics/sales` attached and Ready, as far as its status says.
    fn with_object() -> Self {
        let ward = Self::new();
        ward.create(attached_database("sales"));
        ward
    }

    fn create(&self, object: Value) {
        let (namespace, name) = (
            object["metadata"]["namespace"].as_str().unwrap().to_owned(),
            object["metadata"]["name"].as_str().unwrap().to_owned(),
        );
        self.api.create(object);
        self.say(&namespace, &name, "True", "Attached", "Sales is attached");
    }

    /// Writes the status as an operator does; `Stalled` where it is not Ready.
    fn say(&self, namespace: &str, name: &str, ready: &str, reason: &str, message: &str) {
        self.api.edit_status(namespace, name, |object| {
            let generation = object["metadata"]["generation"].clone();
            let condition = |kind: &str, status: &str| json!({"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": EPOCH});
            let mut conditions = vec![condition("Ready", ready)];
            if ready == "False" {
                conditions.push(condition("Stalled", "True"));
            }
            object["status"] = json!({"observedGeneration": generation, "conditions": conditions});
        });
    }

    /// The ServiceAccount `analytics/adx` stands for `CLIENT`.
    fn annotate_account(&self) {
        self.api.create_service_account(
            "analytics",
            "adx",
            &[
                ("azure.workload.identity/client-id", CLIENT),
                ("azure.workload.identity/tenant-id", TENANT),
            ],
        );
    }

    /// Gives these identities these roles, and nobody any other.
    fn grant(&self, roles: &[(&str, &str, &[&str])]) {
        let assignments: Vec<Value> = roles
            .iter()
            .map(|(client, name, actions)| json!({"principal": client, "scope": cluster(name), "role": "custom", "actions": actions}))
            .collect();
        self.patch(json!({"roleAssignments": assignments}));
    }

    fn patch(&self, patch: Value) {
        self.arm.patch_world(patch).unwrap();
    }

    fn answer(&self, path: &str, act: &Value) {
        self.arm
            .arm_fault(json!({"match": {"path": path, "times": 0}, "act": act}))
            .unwrap();
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn run(&self, arguments: &[&str]) -> Ran {
        let mut words = vec!["doctor"];
        words.extend(arguments);
        let Command::Doctor(arguments) = parsed(&words) else {
            panic!("doctor is another command");
        };
        let surroundings = Surroundings {
            kubernetes: self.kubernetes.clone(),
            azure: Ok(Azure {
                cloud: Cloud::new(CloudName::Public, CloudOverrides::default()).unwrap(),
                api_version: self.api_version.clone(),
                transport: clients(&self.arm, self.api.client()).transport,
                credential: self.credential,
                environment: self.environment.clone(),
            }),
            now: self.api.now(),
        };
        let request = Request::new(&arguments, &|_| None).unwrap();
        let ran = on_console(None, async |console| {
            Ok(doctor::run(&request, surroundings, console).await)
        })
        .await;
        self.assert_harmless(&ran);
        ran
    }

    /// Whatever was asked: nothing was written, and no secret was told.
    fn assert_harmless(&self, ran: &Ran) {
        assert_eq!(writes(&self.arm), [""; 0]);
        let asked = self.api.requests();
        let written = asked
            .iter()
            .filter(|request| request.verb.is_write() || matches!(request.verb, Verb::Event));
        assert_eq!(written.count(), 0, "{asked:?}");
        let told = format!("{}{}{}", self.log.text(), ran.output, ran.remarks);
        assert_eq!(leaks(&self.api, &self.arm, &told), [""; 0]);
        assert!(!told.contains(SECRET));
    }

    /// The checks as `-o json` has them.
    async fn checks(&self, arguments: &[&str]) -> (Vec<Value>, Ending) {
        let mut words = arguments.to_vec();
        words.extend(["-o", "json"]);
        let ran = self.run(&words).await;
        let checks: Vec<Value> = serde_json::from_str(&ran.output).unwrap();
        (checks, ran.ending.unwrap())
    }

    /// What the check `id` came to, the first if there are several, and that the exit code is right.
    async fn told(&self, arguments: &[&str], id: &str) -> Told {
        let (checks, ending) = self.checks(arguments).await;
        let fails = checks.iter().any(|check| check["result"] == "fail");
        assert_eq!(ending == Ending::Failed, fails);
        let check = find(&checks, id).unwrap_or_else(|| panic!("no check {id}: {checks:#?}"));
        let remedies = check["remedies"].as_array().unwrap().iter();
        let remedies: Vec<&str> = remedies.filter_map(Value::as_str).collect();
        Told {
            result: check["result"].as_str().unwrap().to_owned(),
            message: check["message"].as_str().unwrap().to_owned(),
            remedies: remedies.join("\n"),
        }
    }
}

fn find<'a>(checks: &'a [Value], id: &str) -> Option<&'a Value> {
    checks.iter().find(|check| check["id"] == id)
}

impl Told {
    /// Asserts the result, a part of the message, and a part of the remedies.
    fn is(&self, result: &str, message: &str, remedy: &str) {
        assert_eq!(self.result, result, "{self:#?}");
        assert!(self.message.contains(message), "{message}: {self:#?}");
        assert!(self.remedies.contains(remedy), "{remedy}: {self:#?}");
        assert_eq!(remedy.is_empty(), self.remedies.is_empty(), "{self:#?}");
    }
}

/// The ids and results, in order.
fn course(checks: &[Value]) -> Vec<(&str, &str)> {
    checks
        .iter()
        .map(|check| {
            (
                check["id"].as_str().unwrap(),
                check["result"].as_str().unwrap(),
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn all_is_well() {
    let ward = Ward::with_object();
    let ran = ward.run(&["sales", "-n", "analytics"]).await;
    assert_eq!(ran.ending.unwrap(), Ending::Done);
    let expected = format!(
        "ok    kubernetes: Kubernetes 1.33 answers\n\
         ok    crd attacheddatabases.adx-follower.dev: installed, established, and as this program has it (v1alpha1)\n\
         ok    crd attachmentpolicies.adx-follower.dev: installed, established, and as this program has it (v1alpha1)\n\
         ok    rights: the ServiceAccount adx-follower-system/adx-follower-operator has all 17 rights that the operator needs in namespace analytics\n\
         ok    policies: 1 policy says who may use the operator's identity\n\
         ok    credential: client-secret, because `AZURE_CLIENT_SECRET` is set\n\
         ok    token: got one: client `{OPERATOR}` of tenant `{TENANT}` at authority `https://login.microsoftonline.com`, for audience `https://management.azure.com`\n\
         ok    arm: https://management.azure.com answers\n\
         ok    spec analytics/sales: it can be acted on\n\
         ok    access analytics/sales: the operator's identity, by the policy open\n\
         ok    follower analytics/sales: follower1 is Running in West Europe\n\
         ok    configuration analytics/sales: follower1 has no configuration sales yet\n\
         ok    leader analytics/sales: leader1 is Running in West Europe\n\
         ok    region analytics/sales: both clusters are in West Europe\n\
         ok    leader-database analytics/sales: leader1 has the database Sales\n\
         ok    plan analytics/sales: it can be attached: attaching Sales of leader1 on follower1\n\
         ok    status analytics/sales: Ready, Attached: Sales is attached\n\
         17 checks: 17 ok\n"
    );
    assert_eq!(ran.output, expected);
}

#[tokio::test(start_paused = true)]
async fn the_scope_is_what_is_asked_for() {
    let ward = Ward::with_object();
    let mut other = attached_database("stock");
    other["metadata"]["namespace"] = json!("other");
    ward.create(other);
    let subjects = |checks: &[Value]| -> Vec<String> {
        let of_status = checks.iter().filter(|check| check["id"] == "status");
        of_status
            .map(|check| check["subject"].as_str().unwrap().to_owned())
            .collect()
    };
    let (checks, _) = ward.checks(&["-A"]).await;
    assert_eq!(subjects(&checks), ["analytics/sales", "other/stock"]);
    let (checks, _) = ward.checks(&["-n", "other"]).await;
    assert_eq!(subjects(&checks), ["other/stock"]);
    // The namespace of the kubeconfig is `default`, and there is no such object.
    ward.told(&["sales"], "object").await.is(
        "fail",
        "no AttachedDatabase sales in namespace default",
        "kubectl get attdb -A",
    );
    ward.told(&["-n", "default"], "objects").await.is(
        "warn",
        "there are none in namespace default",
        "kubectl get attdb -A",
    );

    let (checks, ending) = ward.checks(&[]).await;
    assert_eq!(ending, Ending::Done);
    assert_eq!(
        course(&checks),
        [
            "kubernetes",
            "crd",
            "crd",
            "rights",
            "policies",
            "credential",
            "token",
            "arm",
            "subscription",
            "objects"
        ]
        .map(|id| (id, "ok"))
    );
    assert_eq!(
        find(&checks, "objects").unwrap()["message"],
        "2 objects: 2 Ready"
    );
}

#[tokio::test(start_paused = true)]
async fn what_depends_on_a_failure_is_skipped_and_says_so() {
    let mut ward = Ward::with_object();
    let away = tower::service_fn(|_: http::Request<Body>| async {
        Err::<http::Response<Body>, _>(std::io::Error::other("connection refused"))
    });
    ward.kubernetes = Ok(Client::new(away, "default"));
    let (checks, ending) = ward.checks(&["sales", "-n", "analytics"]).await;
    assert_eq!(ending, Ending::Failed);
    assert_eq!(
        course(&checks),
        [
            ("kubernetes", "fail"),
            ("crd", "skip"),
            ("rights", "skip"),
            ("policies", "skip"),
            ("credential", "ok"),
            ("token", "ok"),
            ("arm", "ok"),
            ("object", "skip"),
        ]
    );
    assert_eq!(
        find(&checks, "object").unwrap()["message"],
        "needs `kubernetes`"
    );
    let ran = ward.run(&["sales", "-n", "analytics"]).await;
    assert!(
        ran.output.contains("fail  kubernetes: ") && ran.output.contains("connection refused"),
        "{}",
        ran.output
    );
    assert!(
        ran.output
            .contains("\n# kubernetes\nkubectl config current-context\n")
    );

    ward.kubernetes = Err("cannot find out how to connect".to_owned());
    ward.told(&[], "kubernetes").await.is(
        "fail",
        "cannot find out how to connect",
        "kubectl config get-contexts",
    );
}
