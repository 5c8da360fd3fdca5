//! Azure's answers that are not as wished: at every kind of call, in every form, with every code that has a reason.

use serde_json::{Value, json};

use crate::harness::{Harness, cluster};
use crate::story::{Story, Trouble};

const CONFIGURATIONS: &str = "**/attachedDatabaseConfigurations/*";

/// A status of HTTP and the code in ARM's envelope.
const REFUSALS: [(u16, &str); 24] = [
    (400, "BadRequest"),
    (400, "CannotAlterFollowerDatabase"),
    (400, "InvalidApiVersionParameter"),
    (401, "ExpiredAuthenticationToken"),
    (401, "InvalidAuthenticationTokenAudience"),
    (401, "InvalidAuthenticationTokenTenant"),
    (403, "AuthorizationFailed"),
    (403, "LinkedAuthorizationFailed"),
    (403, "RequestDisallowedByPolicy"),
    (404, "ParentResourceNotFound"),
    (404, "ResourceGroupNotFound"),
    (404, "ResourceNotFound"),
    (404, "SubscriptionNotFound"),
    (409, "Conflict"),
    (409, "MissingSubscriptionRegistration"),
    (409, "OperationInProgress"),
    (409, "ReadOnlyDisabledSubscription"),
    (409, "ScopeLocked"),
    (409, "ServiceIsInMaintenance"),
    (413, "RequestEntityTooLarge"),
    (418, "Teapot"),
    (429, "TooManyRequests"),
    (500, "InternalServerError"),
    (503, "ServiceUnavailable"),
];

/// All stories of this kind.
pub(crate) fn stories() -> Vec<Story> {
    let mut stories = forms();
    for (status, code) in REFUSALS {
        let error = json!({"code": code, "message": format!("The request ended with {code}.")});
        let act = json!({"status": status, "body": {"error": error}});
        let writes = format!("writes are answered {status} {code}");
        stories.push(broken(writes, &["PUT", "DELETE"], CONFIGURATIONS, &act));
        // A conflict is about a change, and only a change can be too large.
        if ![409, 413].contains(&status) {
            let reads = format!("reads are answered {status} {code}");
            stories.push(broken(reads, &["GET"], CONFIGURATIONS, &act));
        }
    }
    for code in ["ServiceIsInMaintenance", "AuthorizationFailed", "Failed"] {
        let error = json!({"code": code, "message": "It did not work."});
        stories.push(ending(&json!({"status": "Failed", "error": error})));
    }
    stories.push(ending(&json!({"status": "Canceled"})));
    // `{"access_token":{}}`, in base64.
    let challenge = r#"Bearer error="insufficient_claims", claims="eyJhY2Nlc3NfdG9rZW4iOnt9fQ==""#;
    let act = json!({"status": 401, "headers": {"WWW-Authenticate": challenge}});
    let name = "more is asked for in the token".to_owned();
    stories.push(broken(
        name,
        &["GET", "PUT", "DELETE"],
        CONFIGURATIONS,
        &act,
    ));
    stories.extend(shown());
    stories
}

/// Each call in each form of going wrong.
fn forms() -> Vec<Story> {
    let mut stories = Vec::new();
    for (method, path) in [
        ("PUT", CONFIGURATIONS),
        ("GET", CONFIGURATIONS),
        ("GET", "**/operationResults/*"),
        ("GET", "**/clusters/*"),
        ("GET", "**/follower1/databases"),
        ("DELETE", CONFIGURATIONS),
    ] {
        for act in [
            json!({"status": 400}),
            json!({"status": 403}),
            json!({"status": 404, "body": "nginx"}),
            json!({"status": 429, "headers": {"Retry-After": "60"}}),
            json!({"status": 504, "after": true}),
            json!({"reset": true}),
            json!({"hang": true, "after": true}),
            json!({"status": 307, "headers": {"Location": "https://elsewhere.example/x"}}),
            json!({"status": 200, "body": "<html>"}),
        ] {
            stories.push(broken(
                format!("{method} {path} {act}"),
                &[method],
                path,
                &act,
            ));
        }
    }
    stories
}

/// What Azure shows of a configuration that is not as one would think.
fn shown() -> [Story; 3] {
    let body = |state: &str, kind: &str| {
        json!({"body": {"location": "West Europe", "properties": {
            "clusterResourceId": cluster("leader1"), "databaseName": "Sales",
            "defaultPrincipalsModificationKind": kind, "provisioningState": state,
        }}})
    };
    let stuck = |harness: &Harness, act: &Value| {
        harness.break_calls("shown", ("GET", CONFIGURATIONS), act);
    };
    let story = |name: &str, act: Value| {
        let begin = move |harness: &Harness| stuck(harness, &act);
        Story::ordeal(name, Trouble::new(begin, end))
    };
    [
        story("a change in Azure lasts", body("Updating", "Union")),
        story("a change in Azure has failed", body("Failed", "Union")),
        story(
            "what was written is not there",
            body("Succeeded", "Replace"),
        ),
    ]
}

fn end(harness: &Harness) {
    harness.arm.disarm_faults(None);
}

/// Each of these calls is answered with `act`.
fn broken(name: String, methods: &[&'static str], path: &'static str, act: &Value) -> Story {
    let (methods, act) = (methods.to_vec(), act.clone());
    let begin = move |harness: &Harness| {
        for method in &methods {
            harness.break_calls(method, (method, path), &act);
        }
    };
    Story::ordeal(name, Trouble::new(begin, end))
}

/// Each operation ends so.
fn ending(operation: &Value) -> Story {
    let act = json!({"operation": operation});
    let name = format!("operations end with {operation}");
    broken(name, &["PUT", "DELETE"], CONFIGURATIONS, &act)
}
