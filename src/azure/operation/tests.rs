//! Operation addresses that get our token, and status bodies as recorded (arm-kusto.md §3).

use proptest::prelude::*;

use super::*;
use crate::azure::{
    address::{ADDRESS_MAX, AddressError},
    cloud::Endpoint,
    id::ClusterId,
};

const PATH: &str = "/subscriptions/S-1/providers/Microsoft.Kusto/locations/East%20US/operationResults/11111111-2222-3333-4444-555555555555";

fn arm() -> Endpoint {
    Endpoint::parse("https://management.azure.com").unwrap()
}

#[test]
fn a_signed_address_of_3300_bytes_is_kept_byte_for_byte() {
    let raw = format!(
        "https://management.azure.com{PATH}?api-version=2024-04-13&t=638688&c={}&s={}&h=x_-Y",
        "MIIHpTCCBo2gAwIBAgITfw".repeat(120),
        "aB3-_".repeat(100)
    );
    assert!(raw.len() > 3300);
    assert_eq!(OperationUrl::accept(&raw, &arm()).unwrap().as_str(), raw);
}

#[test]
fn a_raw_space_becomes_percent_20() {
    let raw = "https://management.azure.com/subscriptions/S/providers/Microsoft.Kusto/locations/West US 2/operationResults/G?api-version=2022-02-01";
    let url = OperationUrl::accept(raw, &arm()).unwrap();
    assert_eq!(url.as_str(), raw.replace(' ', "%20"));
}

#[test]
fn the_configured_host_is_recognised_in_its_other_spellings() {
    for host in [
        "https://MANAGEMENT.azure.com",
        "https://management.azure.com:443",
        "HTTPS://management.azure.com",
    ] {
        assert!(
            OperationUrl::accept(&format!("{host}{PATH}?s=1"), &arm()).is_ok(),
            "{host}"
        );
    }
    let simulator = Endpoint::parse("http://127.0.0.1:8090").unwrap();
    assert!(OperationUrl::accept(&format!("http://127.0.0.1:8090{PATH}"), &simulator).is_ok());
}

#[test]
fn an_address_elsewhere_never_gets_the_token() {
    let foreign = [
        "https://evil.test",
        "https://management.azure.com.evil.test",
        "https://management.azure.com:8443",
        "http://management.azure.com",
        "https://management.azure.com.",
        "https://eastus.management.azure.com",
    ];
    for host in foreign {
        let refused = OperationUrl::accept(&format!("{host}{PATH}?s=1"), &arm());
        assert!(
            matches!(refused, Err(AddressError::Foreign { .. })),
            "{host} gave {refused:?}"
        );
    }
    let unreadable = [
        "",
        PATH,
        "https://",
        "//management.azure.com/x",
        "ftp://management.azure.com/x",
        "https://management.azure.com@evil.test/x",
        "https://user:pw@management.azure.com/x",
        r"https://management.azure.com\@evil.test/x",
        r"https://management.azure.com/\evil.test",
        "https://management.azure.com/x#y",
        "https://management.azure.com:99999/x",
        "https://management.azure.com/\u{0}x",
        "https://management.azure.com/x\r\nhost: evil.test",
        "https://management.azure.com/é",
    ];
    for raw in unreadable {
        assert_eq!(
            OperationUrl::accept(raw, &arm()),
            Err(AddressError::Unreadable),
            "{raw:?}"
        );
    }
}

#[test]
fn a_boundless_address_is_refused() {
    let raw = format!("https://management.azure.com/?{}", "x".repeat(ADDRESS_MAX));
    assert!(matches!(
        OperationUrl::accept(&raw, &arm()),
        Err(AddressError::TooLong(_))
    ));
}

#[test]
fn the_signature_is_in_no_log_line() {
    let url = OperationUrl::accept(
        &format!("https://management.azure.com{PATH}?s=SECRET"),
        &arm(),
    )
    .unwrap();
    for text in [format!("{url}"), format!("{url:?}")] {
        assert!(
            text.contains("operationResults") && !text.contains("SECRET"),
            "{text}"
        );
    }
    let refused = OperationUrl::accept("https://evil.test/x?s=SECRET", &arm())
        .unwrap_err()
        .to_string();
    assert_eq!(
        refused,
        "the address leads to https://evil.test, not to https://management.azure.com"
    );
}

#[test]
fn an_address_tells_the_subscription_it_spends_from() {
    let url = |path: &str| {
        OperationUrl::accept(&format!("https://management.azure.com{path}"), &arm()).unwrap()
    };
    assert_eq!(url(PATH).subscription(), Some("S-1"));
    let other =
        "/Subscriptions/s2/providers/microsoft.kusto/operationResults/G?x=/subscriptions/s3";
    assert_eq!(url(other).subscription(), Some("s2"));
}

#[test]
fn an_address_that_hangs_below_a_cluster_is_about_that_cluster_alone() {
    const CLUSTERS: &str =
        "/subscriptions/S-1/resourceGroups/rg/providers/Microsoft.Kusto/clusters";
    let mine: ClusterId = format!("{CLUSTERS}/follower1").parse().unwrap();
    let below = |cluster: &str| format!("{CLUSTERS}/{cluster}/attachedDatabaseConfigurations/c/G");
    for (path, is_about, reason) in [
        (PATH.to_owned(), true, "an operation of the subscription"),
        (PATH.replace("S-1", "S-2"), false, "of another one"),
        (below("follower1"), true, "below the cluster"),
        (below("follower1").to_ascii_uppercase(), true, "in any case"),
        (below("follower2"), false, "below a neighbour"),
        (below("follower11"), false, "whose name begins alike"),
        (
            below("follower1").replace("/rg/", "/rg2/"),
            false,
            "of that name in another group",
        ),
        (
            format!("{CLUSTERS}/follower2/operationResults/G"),
            false,
            "the short form below a neighbour",
        ),
        (below("f"), false, "what can be no cluster"),
    ] {
        let raw = format!("https://management.azure.com{path}");
        let url = OperationUrl::accept(&raw, &arm()).unwrap();
        assert_eq!(url.is_about(&mine), is_about, "{reason}: {path}");
    }
}

#[test]
fn only_operations_are_read() {
    const CLUSTER: &str = "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Kusto/clusters/f";
    let accept =
        |path: &str| OperationUrl::accept(&format!("https://management.azure.com{path}"), &arm());
    for path in [
        PATH.to_owned(),
        format!("{PATH}?api-version=2024-04-13&operationResultResponseType=Location"),
        PATH.to_ascii_lowercase(),
        PATH.to_ascii_uppercase(),
        "/subscriptions/S/providers/Microsoft.Kusto/locations/westus/operationStatuses/G"
            .to_owned(),
        "/subscriptions/S/providers/Microsoft.Kusto/operationresults/G".to_owned(),
        format!("{CLUSTER}/operationresults/G"),
        format!("{CLUSTER}/attachedDatabaseConfigurations/c/operations/G"),
        format!("{CLUSTER}/AttachedDatabaseConfigurations/c/G?t=1"),
    ] {
        assert!(accept(&path).is_ok(), "{path}");
    }
    for path in [
        String::new(),
        "/".to_owned(),
        "?x=1".to_owned(),
        "/subscriptions".to_owned(),
        "/subscriptions/S".to_owned(),
        "/subscriptions/S/providers/Microsoft.Kusto".to_owned(),
        "/subscriptions/S/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/a/listKeys"
            .to_owned(),
        "/subscriptions/S/providers/Microsoft.Storage/locations/l/operationresults/G".to_owned(),
        "/providers/Microsoft.Kusto/locations/l/operationresults/G".to_owned(),
        CLUSTER.to_owned(),
        format!("{CLUSTER}/databases/d"),
        format!("{CLUSTER}/databases/operationresults/principalAssignments"),
        format!("{CLUSTER}/attachedDatabaseConfigurations"),
        format!("{CLUSTER}/attachedDatabaseConfigurations/c"),
        format!("{CLUSTER}?x=/operationresults/G"),
        PATH.replace("/locations", "//locations"),
        format!("{PATH}/"),
        format!("{CLUSTER}/attachedDatabaseConfigurations/c/../../databases"),
        format!("{CLUSTER}/attachedDatabaseConfigurations/c/%2e%2E/databases"),
        format!("{CLUSTER}/attachedDatabaseConfigurations/c%2F../databases"),
        format!("{CLUSTER}/attachedDatabaseConfigurations/c/%252e%252e/databases"),
        "/subscriptions/S/../providers/Microsoft.Kusto/locations/l/operationresults/G".to_owned(),
    ] {
        assert_eq!(accept(&path), Err(AddressError::NoOperation), "{path}");
    }
}

#[test]
fn recorded_and_crooked_status_bodies_are_read() {
    let running = Polled::Running { retry_after: None };
    let failed = |code: &str, message: &str| {
        Polled::Failed(OperationFailure {
            code: code.to_owned(),
            message: message.to_owned(),
        })
    };
    let cases = [
        (
            r#"{"id":"/subscriptions/S/providers/Microsoft.Kusto/locations/East US/operationresults/GUID","name":"GUID","status":"Running","startTime":"2024-12-01T02:07:25Z","endTime":"2024-12-01T02:07:26Z","percentComplete":0.5,"properties":{"operationKind":"ClusterSuspend","provisioningState":"Running","operationState":"InProgress"}}"#,
            running.clone(),
        ),
        (
            r#"{"status":"Succeeded","percentComplete":1.0,"properties":{"operationKind":"FollowerDatabaseCreate","provisioningState":"Succeeded","operationState":"Completed"}}"#,
            Polled::Succeeded,
        ),
        (
            r#"{"status":"Failed","percentComplete":1,"properties":{"operationKind":"FollowerDatabaseCreate","operationState":"BadInput"},"error":{"code":"CannotAlterFollowerDatabase","message":"[BadRequest] Cannot alter leader cluster 'test' for resource name 'adc'."}}"#,
            failed(
                "CannotAlterFollowerDatabase",
                "[BadRequest] Cannot alter leader cluster 'test' for resource name 'adc'.",
            ),
        ),
        (
            r#"{"status":"Failed","error":null}"#,
            failed("Failed", "the service gave no reason"),
        ),
        (
            r#"{"status":"Failed"}"#,
            failed("Failed", "the service gave no reason"),
        ),
        (r#"{"status":"Canceled"}"#, Polled::Canceled),
        (r#"{"status":"Contemplating"}"#, running.clone()),
        (r#"{"status":2}"#, running.clone()),
        (r#"{"status":"succeeded","error":{}}"#, Polled::Succeeded),
        ("", Polled::Succeeded),
        (
            r#"{"name":"follower1/conf1","properties":{"provisioningState":"Creating"}}"#,
            running,
        ),
        (
            r#"{"name":"follower1/conf1","properties":{"provisioningState":"Succeeded"}}"#,
            Polled::Succeeded,
        ),
        (
            r#"{"status":"Running","properties":{"provisioningState":"Succeeded"}}"#,
            Polled::Running { retry_after: None },
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(read_status(body.as_bytes()).unwrap(), expected, "{body}");
    }
    for body in ["<html>", "null", "[]", "{", " "] {
        assert!(read_status(body.as_bytes()).is_err(), "{body}");
    }
}

#[test]
fn a_failure_is_judged_by_the_same_table_as_an_answer() {
    let cases = [
        (
            "ServiceIsInMaintenance",
            "[Conflict] Cluster 'X' is in process of maintenance",
            Class::Busy,
            "ClusterBusy",
        ),
        (
            "CannotAlterFollowerDatabase",
            "[BadRequest] Cannot alter",
            Class::Rejected,
            "CannotAlterFollowerDatabase",
        ),
        (
            "TooManyScripts",
            "[BadRequest] Cannot create new script",
            Class::Rejected,
            "RequestRejected",
        ),
        (
            "Failed",
            "Internal Server Error",
            Class::Transient,
            "OperationFailed",
        ),
        ("NewCode", "no bracket", Class::Transient, "OperationFailed"),
    ];
    for (code, message, class, reason) in cases {
        let failure = OperationFailure {
            code: code.to_owned(),
            message: message.to_owned(),
        };
        assert_eq!(
            (failure.class(), failure.reason()),
            (class, reason),
            "{code}"
        );
        assert_eq!(failure.user_message(), format!("{code}: {message}"));
    }
}

proptest! {
    #[test]
    fn what_is_accepted_leads_to_the_endpoint(start in "(https?://)?(management\\.azure\\.com|evil\\.test)?[a-z0-9@:/\\\\?#. ]{0,12}", plain in any::<bool>()) {
        let start = if plain { "https://management.azure.com" } else { start.as_str() };
        let raw = format!("{start}{PATH}?s=1");
        if let Ok(url) = OperationUrl::accept(&raw, &arm()) {
            let parsed = url::Url::parse(url.as_str()).unwrap();
            prop_assert_eq!(parsed.host_str(), Some("management.azure.com"));
            prop_assert_eq!(parsed.scheme(), "https");
            prop_assert_eq!(parsed.port_or_known_default(), Some(443));
            prop_assert_eq!(parsed.username(), "");
            // What is kept is taken again after a restart, unchanged.
            prop_assert_eq!(OperationUrl::accept(url.as_str(), &arm()).unwrap(), url);
        }
    }
}
