//! The operator with the rights and the arguments that the chart gives it, and no others.

use std::time::Duration;

use adx_follower_operator::api::AttachedDatabase;
use k8s_openapi::api::{coordination::v1::Lease, events::v1::Event};
use kube::{
    Api, ResourceExt as _,
    api::{DeleteParams, ListParams, PostParams},
};
use serde_json::{Value, json};
use testbed::{
    ControlPlane, Helm, HelmVersion, NotYet, OperatorOptions, eventually, paths::Binary,
};

use crate::stage::{Stage, attached_database, ready, root};

/// Where the chart is installed.
pub(crate) const NAMESPACE: &str = "adx-follower-system";
/// The release, and with it the Deployment and the ServiceAccount.
pub(crate) const NAME: &str = "adx-follower-operator";

async fn kubectl(plane: &ControlPlane, arguments: &[&str]) -> String {
    let output = plane.kubectl().args(arguments).output().await.unwrap();
    assert!(
        output.status.success(),
        "kubectl {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Makes its namespace and two for objects, and installs the chart there: [`release`].
pub(crate) async fn install(stage: &mut Stage, settings: &[&str]) {
    for namespace in [NAMESPACE, "analytics", "finance"] {
        kubectl(&stage.control_plane, &["create", "namespace", namespace]).await;
    }
    release(stage, settings).await;
}

/// Installs the chart with `settings`, and starts an operator as its Deployment says, as its ServiceAccount.
pub(crate) async fn release(stage: &mut Stage, settings: &[&str]) {
    let plane = &stage.control_plane;
    let helm = Helm::on(HelmVersion::V3, plane).await.unwrap();
    let chart = root().join("charts/adx-follower-operator");
    let mut arguments = vec![
        "install",
        NAME,
        chart.to_str().unwrap(),
        "--namespace",
        NAMESPACE,
        "--set",
        "crds.enabled=false",
    ];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    helm.run(&arguments).await.unwrap();

    let deployment = kubectl(
        plane,
        &[
            "get",
            "deployment",
            NAME,
            "--namespace",
            NAMESPACE,
            "-o",
            "json",
        ],
    )
    .await;
    let deployment: Value = serde_json::from_str(&deployment).unwrap();
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    // What the testbed gives itself: how to reach a simulated Azure, on ports that are free.
    let of_the_testbed = [
        "run",
        "--cloud=",
        "--credential=",
        "--health-",
        "--metrics-",
        "--log-",
    ];
    let kubeconfig = plane
        .service_account_kubeconfig(NAMESPACE, NAME)
        .await
        .unwrap();
    let mut options = OperatorOptions::new(&kubeconfig, &stage.simulator)
        .env("POD_NAMESPACE", NAMESPACE)
        .env("POD_NAME", "pod-1");
    for argument in container["args"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
    {
        if !of_the_testbed
            .iter()
            .any(|start| argument.starts_with(start))
        {
            options = options.arg(argument);
        }
    }
    stage.start_operator_with(options).await;
}

/// Runs what `helm test` runs, as the operator's ServiceAccount, and returns the checks of each container.
async fn test(stage: &Stage) -> Vec<Value> {
    let plane = &stage.control_plane;
    let helm = Helm::on(HelmVersion::V3, plane).await.unwrap();
    let hooks = ["get", "hooks", NAME, "--namespace", NAMESPACE];
    let hooks = helm.run(&hooks).await.unwrap();
    let hooks: Vec<Value> = serde_saphyr::from_multiple(&hooks).unwrap();
    let (pods, others): (Vec<Value>, Vec<Value>) =
        hooks.into_iter().partition(|hook| hook["kind"] == "Pod");
    for other in others {
        let file = plane.scratch().join("hook.json");
        std::fs::write(&file, other.to_string()).unwrap();
        kubectl(plane, &["apply", "-f", file.to_str().unwrap()]).await;
    }
    let kubeconfig = plane
        .service_account_kubeconfig(NAMESPACE, NAME)
        .await
        .unwrap();
    let simulator = stage.simulator.url();
    let mut found = Vec::new();
    for container in pods[0]["spec"]["containers"].as_array().unwrap() {
        let arguments = container["args"].as_array().unwrap().iter();
        let mut command = tokio::process::Command::new(Binary::Operator.find().unwrap());
        command
            .args(arguments.filter_map(Value::as_str))
            .args(["--output=json", &format!("--arm-endpoint={simulator}")])
            .env_clear()
            .env("KUBECONFIG", &kubeconfig)
            // In a Pod the ServiceAccount's own files tell the namespace.
            .env("POD_NAMESPACE", NAMESPACE)
            .env("IDENTITY_ENDPOINT", format!("{simulator}/msi/token"))
            .env("IDENTITY_HEADER", "testbed");
        let output = command.output().await.unwrap();
        let checks = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{checks}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let checks: Vec<Value> = serde_json::from_str(&checks).unwrap();
        found.extend(checks);
    }
    found
}

/// The results of one check.
fn results<'a>(checks: &'a [Value], id: &str) -> Vec<&'a str> {
    let of_it = checks.iter().filter(|check| check["id"] == id);
    of_it
        .map(|check| check["result"].as_str().unwrap())
        .collect()
}

/// Attaches, and detaches, from `namespace`.
async fn attach_and_detach(stage: &Stage, namespace: &str) {
    let name = format!("sales-{namespace}");
    let object: AttachedDatabase = serde_json::from_value(attached_database(&name)).unwrap();
    let objects = stage.objects(namespace);
    objects
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
    let ready = stage.until_in(namespace, &name, "True", "Attached").await;
    assert_eq!(ready.finalizers(), ["adx-follower.dev/detach"]);
    let events: Api<Event> = Api::namespaced(stage.client.clone(), namespace);
    // They are published behind the status.
    eventually(
        Duration::from_secs(20),
        "an event is published",
        async || {
            let events = events.list(&ListParams::default()).await?;
            match events.items.len() {
                0 => Err(NotYet::observed("none")),
                _ => Ok(()),
            }
        },
    )
    .await
    .unwrap();
    objects
        .delete(&name, &DeleteParams::default())
        .await
        .unwrap();
    stage.until_gone_in(namespace, &name).await;
    assert!(stage.live(&name).await.is_none());
}

/// The reason of Ready, once the operator has come to a conclusion.
async fn until_judged(stage: &Stage, namespace: &str, name: &str) -> String {
    let objects = stage.objects(namespace);
    eventually(Duration::from_mins(1), "the object is judged", async || {
        let object = objects.get(name).await?;
        match ready(&object) {
            Some((status, reason)) if status != "Unknown" => Ok(reason),
            other => Err(NotYet::observed(format!("{other:?}"))),
        }
    })
    .await
    .unwrap()
}

/// The operator was refused nothing by the API server, and holds the lease.
async fn was_refused_nothing(stage: &Stage) {
    let leases: Api<Lease> = Api::namespaced(stage.client.clone(), NAMESPACE);
    let lease = leases.get(NAME).await.unwrap();
    let holder = lease.spec.unwrap().holder_identity.unwrap();
    assert!(holder.starts_with("pod-1"), "{holder}");
    let log = std::fs::read_to_string(stage.operator.as_ref().unwrap().log()).unwrap();
    let refused = log
        .lines()
        .find(|line| line.contains("forbidden") || line.contains("Forbidden"));
    assert_eq!(refused, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_chart_are_enough_for_the_whole_cluster() {
    let mut stage = Stage::without_operator("chart-cluster", Duration::from_millis(500)).await;
    install(&mut stage, &[]).await;
    attach_and_detach(&stage, "analytics").await;
    let checks = test(&stage).await;
    assert_eq!(results(&checks, "crd"), ["ok", "ok"], "{checks:#?}");
    assert_eq!(results(&checks, "rights"), ["ok"], "{checks:#?}");
    assert_eq!(results(&checks, "lease"), ["ok"], "{checks:#?}");

    // Tokens of a ServiceAccount can be asked for, whatever Azure makes of them.
    let account = json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "adx", "annotations": {
            "azure.workload.identity/client-id": "00000000-0000-0000-0000-00000000c11e",
            "azure.workload.identity/tenant-id": "00000000-0000-0000-0000-000000007e4a",
        }},
    });
    let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> =
        Api::namespaced(stage.client.clone(), "finance");
    accounts
        .create(
            &PostParams::default(),
            &serde_json::from_value(account).unwrap(),
        )
        .await
        .unwrap();
    let mut object = attached_database("own");
    object["spec"]["serviceAccountName"] = json!("adx");
    let object: AttachedDatabase = serde_json::from_value(object).unwrap();
    stage
        .objects("finance")
        .create(&PostParams::default(), &object)
        .await
        .unwrap();
    let judged = until_judged(&stage, "finance", "own").await;
    assert!(
        ![
            "TokenRequestRefused",
            "ServiceAccountNotFound",
            "ObjectIdentityDisabled"
        ]
        .contains(&judged.as_str()),
        "{judged}"
    );
    was_refused_nothing(&stage).await;
    stage.clear().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_the_chart_are_enough_for_namespaces_and_end_there() {
    let mut stage = Stage::without_operator("chart-namespaces", Duration::from_millis(500)).await;
    install(&mut stage, &["watchNamespaces={analytics,finance}"]).await;
    attach_and_detach(&stage, "analytics").await;
    attach_and_detach(&stage, "finance").await;
    let checks = test(&stage).await;
    assert_eq!(results(&checks, "rights"), ["ok", "ok"], "{checks:#?}");
    was_refused_nothing(&stage).await;
    let subject = format!("--as=system:serviceaccount:{NAMESPACE}:{NAME}");
    for (verb, resource, namespace) in [
        ("list", "attacheddatabases.adx-follower.dev", "default"),
        ("create", "serviceaccounts/token", "default"),
        ("get", "secrets", "analytics"),
        ("create", "attacheddatabases.adx-follower.dev", "analytics"),
        ("delete", "attacheddatabases.adx-follower.dev", "analytics"),
        ("update", "attachmentpolicies.adx-follower.dev", ""),
        ("get", "namespaces", ""),
    ] {
        let mut command = stage.control_plane.kubectl();
        command.args(["auth", "can-i", verb, resource, &subject]);
        if !namespace.is_empty() {
            command.args(["--namespace", namespace]);
        }
        let output = command.output().await.unwrap();
        let answer = String::from_utf8(output.stdout).unwrap();
        assert_eq!(answer.trim(), "no", "{verb} {resource} in {namespace}");
    }
    stage.clear().await;
}
