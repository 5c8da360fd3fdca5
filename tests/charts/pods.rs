//! The Pods: what they are started with, what they may do to their node, and what surrounds them.

use adx_follower_operator::{
    cli::{Cli, Command},
    config::Config,
    controller::{OwnIdentities, Tenancy},
};
use clap::Parser as _;
use serde_json::{Value, json};

use super::helm::{NAMESPACE, profiles, rendered, rendered_with};
use super::objects::{Object, arguments, id, is_test, list, of, pods, texts, the};

/// The configuration that the program makes of a container, with the variables that the webhook adds.
pub(crate) fn config(objects: &[Object]) -> Config {
    let deployment = the(objects, "Deployment");
    let container = &deployment["spec"]["template"]["spec"]["containers"][0];
    let command = ["adx-follower"]
        .into_iter()
        .chain(texts(&container["args"]));
    let variable = |name: &str| {
        let found = list(&container["env"])
            .iter()
            .find(|variable| variable["name"] == name)?;
        let value = match found["valueFrom"]["fieldRef"]["fieldPath"].as_str() {
            Some("metadata.namespace") => NAMESPACE,
            Some(_) => "pod-1",
            None => found["value"].as_str()?,
        };
        Some(value.to_owned())
    };
    match Cli::try_parse_from(command)
        .unwrap_or_else(|error| panic!("{error}"))
        .command
    {
        Command::Run(arguments) => {
            Config::new(*arguments, variable).unwrap_or_else(|error| panic!("{error}"))
        }
        other => panic!("the Pod runs {other:?}"),
    }
}

#[test]
fn the_program_understands_what_each_profile_starts_it_with() {
    for name in profiles() {
        let found = rendered(&name);
        config(&found);
        for (pod, _, spec) in pods(&found) {
            for container in list(&spec["containers"]) {
                let command = ["adx-follower"]
                    .into_iter()
                    .chain(texts(&container["args"]));
                if let Err(error) = Cli::try_parse_from(command) {
                    panic!("{name}, {pod}: {error}");
                }
            }
        }
    }
}

#[test]
fn the_values_mean_the_same_to_the_program() {
    let found = config(&rendered("default"));
    assert_eq!(found.tenancy, Tenancy::Policies(OwnIdentities::Enabled));
    let election = found.election.unwrap();
    assert_eq!(election.name, "adx-follower-operator");
    assert_eq!(election.namespace.as_deref(), Some(NAMESPACE));
    assert_eq!(election.replica.as_deref(), Some("pod-1"));
    assert_eq!(found.health_address.unwrap().to_string(), "0.0.0.0:8081");
    assert_eq!(found.metrics_address.unwrap().to_string(), "0.0.0.0:8080");

    let found = config(&rendered("minimal"));
    assert!(found.election.is_none() && found.metrics_address.is_none());
    assert_eq!(found.tenancy, Tenancy::Policies(OwnIdentities::Disabled));
    assert_eq!(
        config(&rendered("allow-all")).tenancy,
        Tenancy::AllowAll(OwnIdentities::Disabled)
    );
    let default_account = "adx".to_owned();
    assert_eq!(
        config(&rendered("lockdown")).tenancy,
        Tenancy::Lockdown { default_account }
    );

    let found = config(&rendered("everything-on"));
    let election = found.election.unwrap();
    assert_eq!(
        (election.name.as_str(), election.namespace.as_deref()),
        ("adx-follower-a", Some("leases"))
    );
    assert_eq!(found.concurrency.get(), 16);
    assert_eq!(found.interval.as_secs(), 330);
}

#[test]
fn the_own_namespace_is_watched_wherever_it_is() {
    let found = rendered_with(&["watchNamespaces={adx-follower-system}"]);
    assert!(
        !arguments(&found)
            .iter()
            .any(|argument| argument.starts_with("--watch-namespaces"))
    );
    let variables = &the(&found, "Deployment")["spec"]["template"]["spec"]["containers"][0]["env"];
    let watched = list(variables)
        .iter()
        .find(|variable| variable["name"] == "ADX_FOLLOWER_WATCH_NAMESPACES")
        .unwrap();
    assert_eq!(
        watched["valueFrom"]["fieldRef"]["fieldPath"],
        "metadata.namespace"
    );
    let others = rendered_with(&["watchNamespaces={analytics,finance}"]);
    assert!(arguments(&others).contains(&"--watch-namespaces=analytics,finance"));
}

/// What the Pod security standard `restricted` finds, as Kubernetes 1.37 has it.
fn violations(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |is_met: bool, what: &str| {
        if !is_met {
            found.push(what.to_owned());
        }
    };
    let pod = &spec["securityContext"];
    for forbidden in ["hostNetwork", "hostPID", "hostIPC", "hostUsers"] {
        check(spec[forbidden].is_null(), forbidden);
    }
    check(pod["runAsNonRoot"] == true, "runAsNonRoot");
    check(
        pod["runAsUser"].as_u64().is_some_and(|user| user > 0),
        "runAsUser",
    );
    check(
        pod["seccompProfile"]["type"] == "RuntimeDefault",
        "seccompProfile",
    );
    for volume in list(&spec["volumes"]) {
        let kinds: Vec<&String> = volume
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "name")
            .collect();
        let allowed = [
            "configMap",
            "csi",
            "downwardAPI",
            "emptyDir",
            "ephemeral",
            "persistentVolumeClaim",
            "projected",
            "secret",
        ];
        check(
            kinds.iter().all(|kind| allowed.contains(&kind.as_str())),
            "volumes",
        );
    }
    for container in list(&spec["containers"]) {
        let context = &container["securityContext"];
        check(
            context["allowPrivilegeEscalation"] == false,
            "allowPrivilegeEscalation",
        );
        check(
            context["capabilities"] == json!({"drop": ["ALL"]}),
            "capabilities",
        );
        check(context["privileged"].is_null(), "privileged");
        check(
            list(&container["ports"])
                .iter()
                .all(|port| port["hostPort"].is_null()),
            "hostPort",
        );
        // Beyond the standard.
        check(
            context["readOnlyRootFilesystem"] == true,
            "readOnlyRootFilesystem",
        );
        check(
            container["resources"]["limits"]["memory"].is_string(),
            "memory limit",
        );
    }
    found
}

#[test]
fn every_pod_meets_the_restricted_standard() {
    for name in profiles() {
        let found = rendered(&name);
        let pods = pods(&found);
        assert!(!pods.is_empty());
        for (pod, _, spec) in pods {
            assert_eq!(violations(spec), [""; 0], "{name}: {pod}");
            assert_eq!(spec["enableServiceLinks"], false);
        }
    }
}

#[test]
fn the_pod_of_the_test_is_no_pod_of_the_operator() {
    let found = rendered("lockdown");
    let labels = |pod: &str| {
        pods(&found)
            .into_iter()
            .find(|(id, ..)| id.starts_with(pod))
            .unwrap()
            .1
            .clone()
    };
    let (operator, test) = (labels("Deployment"), labels("Pod"));
    let matches = |selector: &Value, labels: &Value| {
        selector
            .as_object()
            .unwrap()
            .iter()
            .all(|(key, value)| labels[key] == *value)
    };
    let of_deployment = &the(&found, "Deployment")["spec"]["selector"]["matchLabels"];
    for selector in [
        of_deployment,
        &the(&found, "Service")["spec"]["selector"],
        &the(&found, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        &the(&found, "PodMonitor")["spec"]["selector"]["matchLabels"],
    ] {
        assert!(
            matches(selector, &operator) && !matches(selector, &test),
            "{selector}"
        );
    }
    let policy = &the(&found, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"];
    assert!(matches(policy, &operator) && matches(policy, &test));
}

#[test]
fn a_budget_is_there_for_more_than_one_replica_only_and_lets_broken_pods_go() {
    let found = rendered("default");
    let spec = &the(&found, "PodDisruptionBudget")["spec"];
    assert_eq!(
        (&spec["maxUnavailable"], &spec["unhealthyPodEvictionPolicy"]),
        (&json!(1), &json!("AlwaysAllow"))
    );
    for settings in [
        &["replicaCount=1"][..],
        &["podDisruptionBudget.enabled=false"],
    ] {
        assert!(of(&rendered_with(settings), "PodDisruptionBudget").is_empty());
    }
    let found = rendered_with(&["podDisruptionBudget.minAvailable=1"]);
    let spec = &the(&found, "PodDisruptionBudget")["spec"];
    assert_eq!(
        (&spec["minAvailable"], &spec["maxUnavailable"]),
        (&json!(1), &Value::Null)
    );
}

#[test]
fn a_replica_that_is_not_elected_is_replaced_and_not_doubled() {
    let strategy = |settings: &[&str]| {
        the(&rendered_with(settings), "Deployment")["spec"]["strategy"]["type"].clone()
    };
    assert_eq!(strategy(&[]), "RollingUpdate");
    assert_eq!(
        strategy(&["leaderElection.enabled=false", "replicaCount=1"]),
        "Recreate"
    );
}

#[test]
fn the_network_policy_opens_what_is_needed() {
    let ports = |rules: &Value| -> Vec<u64> {
        list(rules)
            .iter()
            .flat_map(|rule| list(&rule["ports"]))
            .filter_map(|port| port["port"].as_u64())
            .collect()
    };
    let found = rendered("lockdown");
    let spec = &the(&found, "NetworkPolicy")["spec"];
    assert_eq!(spec["policyTypes"], json!(["Ingress", "Egress"]));
    assert_eq!(
        (ports(&spec["ingress"]), ports(&spec["egress"])),
        (vec![8081, 8080], vec![53, 53, 443])
    );
    assert_eq!(list(&spec["ingress"][1]["from"]).len(), 1);
    let found = rendered("allow-all");
    let spec = &the(&found, "NetworkPolicy")["spec"];
    assert_eq!(ports(&spec["egress"]), [53, 53, 443, 6443, 80]);
    assert_eq!(
        spec["egress"][2]["to"][0]["ipBlock"]["cidr"],
        "169.254.169.254/32"
    );
}

#[test]
fn the_test_looks_at_each_namespace_that_is_watched() {
    let found = rendered("namespaced");
    let test = found
        .iter()
        .find(|object| is_test(object) && object["kind"] == "Pod")
        .unwrap();
    let containers = list(&test["spec"]["containers"]);
    let asked: Vec<&str> = containers
        .iter()
        .flat_map(|container| texts(&container["args"]))
        .filter_map(|argument| argument.strip_prefix("--namespace="))
        .collect();
    assert_eq!(asked, ["analytics", "finance"], "{}", id(test));
}
