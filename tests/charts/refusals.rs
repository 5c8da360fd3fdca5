//! Values that are refused, with what to do.

use super::helm::{CHART, CRDS_CHART, Helm};

fn refusal(settings: &[&str]) -> String {
    let arguments: Vec<&str> = settings
        .iter()
        .flat_map(|setting| ["--set", setting])
        .collect();
    match Helm::Three.render(CHART, &arguments) {
        Ok(_) => panic!("{settings:?} is accepted"),
        Err(error) => error,
    }
}

#[test]
fn what_the_program_would_refuse_is_refused_before_it_is_installed() {
    for (settings, told) in [
        (
            &["tenancy.allowAll=true", "tenancy.defaultServiceAccount=adx"][..],
            "must not both be given",
        ),
        (
            &[
                "tenancy.defaultServiceAccount=adx",
                "tenancy.objectIdentities=false",
            ],
            "`tenancy.objectIdentities` must be true",
        ),
        (
            &["leaderElection.enabled=false"],
            "`leaderElection.enabled` must be true",
        ),
        (&["azure.cloud=custom"], "`azure.armEndpoint` must be given"),
        (
            &["azure.credential=client-secret"],
            "`azure.clientSecret.secretName` must name a Secret",
        ),
        (
            &["azure.clientSecret.secretName=s"],
            "`azure.clientId` and `azure.tenantId` must be given",
        ),
        (
            &[
                "azure.clientSecret.secretName=s",
                "azure.credential=managed-identity",
            ],
            "must be empty",
        ),
        (
            &["azure.clientId=c", "azure.workloadIdentity.webhook=false"],
            "must be given with `azure.workloadIdentity.webhook: false`",
        ),
        (
            &[
                "azure.caBundle.configMapName=a",
                "azure.caBundle.secretName=b",
            ],
            "must not both be given",
        ),
        (
            &[
                "metrics.serviceMonitor.enabled=true",
                "metrics.podMonitor.enabled=true",
            ],
            "scraped twice",
        ),
        (
            &[
                "metrics.serviceMonitor.enabled=true",
                "metrics.service.enabled=false",
            ],
            "`metrics.service.enabled` must be true",
        ),
        (
            &[
                "metrics.prometheusRule.enabled=true",
                "metrics.enabled=false",
            ],
            "`metrics.enabled` must be true",
        ),
        (
            &[
                "podDisruptionBudget.minAvailable=1",
                "podDisruptionBudget.maxUnavailable=50%",
            ],
            "must not both be given",
        ),
        (&["healthPort=8080"], "must differ"),
        (
            &["podLabels.app\\.kubernetes\\.io/component=x"],
            "which selects the Pods",
        ),
    ] {
        let refusal = refusal(settings);
        assert!(refusal.contains(told), "{settings:?}: {refusal}");
    }
}

#[test]
fn unknown_and_impossible_values_are_refused() {
    for (settings, told) in [
        (&["replicas=3"][..], "replicas"),
        (&["azure.clientID=c"], "clientID"),
        (&["metrics.serviceMonitor.enable=true"], "enable"),
        (&["replicaCount=two"], "replicaCount"),
        (&["azure.cloud=moon"], "cloud"),
        (
            &["azure.workloadIdentity.tokenExpirationSeconds=60"],
            "tokenExpirationSeconds",
        ),
        (&["interval=ten"], "interval"),
        (&["image.digest=latest"], "digest"),
        (&["watchNamespaces={Team A}"], "watchNamespaces"),
    ] {
        let refusal = refusal(settings);
        assert!(refusal.contains(told), "{settings:?}: {refusal}");
    }
    Helm::Three
        .render(CRDS_CHART, &["--set", "kept=true"])
        .unwrap_err();
}

#[test]
fn a_chart_that_contains_this_one_may_have_global_values() {
    Helm::Three
        .render(CHART, &["--set", "global.team=a"])
        .unwrap();
    Helm::Three
        .render(CRDS_CHART, &["--set", "global.team=a"])
        .unwrap();
}
