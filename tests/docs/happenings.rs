//! What can happen to an object, one of each kind.

use adx_follower_operator::{
    api::{AttachedDatabase, Drift, OperationKind, OperationStatus},
    azure::{
        credential::CredentialError,
        error::{ArmError, Class, Intent, Refusal, Unaccepted},
        model::{Configuration, Database, DatabaseKind, Following, ProvisioningState},
        operation::OperationFailure,
        token::TokenError,
    },
    controller::{
        access::{self, CLIENT_ID_ANNOTATION, Flaw, Kind, NamedBy},
        block::{Block, Holder},
        decide::Attached,
        failure::Failure,
        lane::ObjectKey,
        outcome::Outcome,
    },
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::Time, jiff::Timestamp};
use serde_json::json;

/// ARM's answer `status` with `code`.
pub(crate) fn refused(status: u16, code: &str, message: &str) -> ArmError {
    ArmError::Refused(Refusal {
        intent: Intent::Write,
        status,
        code: code.to_owned(),
        message: message.to_owned(),
        retry_after: None,
        unaccepted: Unaccepted::Unexplained,
    })
}

/// Everything that can stand in an object's way.
pub(crate) fn blocks() -> Vec<Block> {
    let text = String::new;
    let mut blocks = vec![
        Block::FollowerNotFound,
        Block::FollowerNotRunning {
            state: text(),
            reason: None,
        },
        Block::LeaderNotFound,
        Block::LeaderNotRunning { state: text() },
        Block::RegionMismatch {
            follower: text(),
            leader: text(),
        },
        Block::LeaderDatabaseNotFound,
        Block::NameTaken {
            name: text(),
            holder: Holder::Local,
        },
        Block::ProvisioningStuck { state: text() },
        Block::DatabaseNotShown { missing: vec![] },
        Block::DatabaseSuspended { suspended: vec![] },
        Block::ForeignOrigin { origin: text() },
        Block::Claimed {
            by: ObjectKey {
                namespace: text(),
                name: text(),
            },
        },
        Block::Conflict(vec![]),
        Block::Exists,
        Block::ExistsAndDiffers(vec![]),
        Block::NotApplied(vec![]),
        Block::Drifted(vec![]),
        Block::NotAttached,
        Block::Contested {
            differences: vec![],
            corrections: 5,
        },
        Block::Failure(Failure {
            class: Class::Transient,
            reason: "OperationCanceled",
            message: text(),
            retry_after: None,
        }),
    ];
    let unnamed = OperationFailure {
        code: text(),
        message: text(),
    };
    blocks.push(Block::Failure(Failure::from(&unnamed)));
    blocks.push(Block::Failure(Failure::from(&CredentialError::NotAnId {
        name: "AZURE_CLIENT_ID",
        value: text(),
    })));
    blocks.extend(refusals().into_iter().map(Block::Refused));
    blocks.extend(
        errors()
            .iter()
            .map(|error| Block::Failure(Failure::from(error))),
    );
    blocks
}

/// One for each reason why nobody acts for an object.
fn refusals() -> Vec<access::Refusal> {
    use access::Refusal::{
        AccountIncomplete, AccountNotFound, NotAllowed, OwnIdentityDisabled, Unknown,
    };
    vec![
        NotAllowed,
        Unknown(Kind::Policies),
        AccountNotFound {
            name: String::new(),
            named_by: NamedBy::Object,
        },
        AccountIncomplete {
            name: String::new(),
            annotation: CLIENT_ID_ANNOTATION,
            flaw: Flaw::Missing,
        },
        OwnIdentityDisabled,
    ]
}

/// One error for each reason that Azure, Entra or the issuer of a token can be the cause of.
fn errors() -> Vec<ArmError> {
    let denied = |code| {
        ArmError::Token(TokenError::Refused {
            code,
            message: String::new(),
        })
    };
    let misfit = |reason| {
        ArmError::Token(TokenError::Misconfigured {
            reason,
            message: String::new(),
        })
    };
    // What `identity` makes of an API server that refuses, and of one that knows no such account.
    let unissued = |class, reason| {
        ArmError::Token(TokenError::Assertion {
            class,
            reason,
            message: String::new(),
        })
    };
    vec![
        refused(503, "", ""),
        refused(302, "", ""),
        refused(404, "", ""),
        refused(429, "", ""),
        refused(400, "BadRequest", "while resource is in state 'Stopped'"),
        refused(409, "ServiceIsInMaintenance", ""),
        refused(409, "", ""),
        refused(401, "", ""),
        refused(403, "", ""),
        refused(403, "LinkedAuthorizationFailed", ""),
        refused(403, "RequestDisallowedByPolicy", ""),
        refused(403, "ReadOnlyDisabledSubscription", ""),
        refused(423, "", ""),
        refused(400, "", ""),
        refused(400, "CannotAlterFollowerDatabase", ""),
        refused(400, "InvalidApiVersionParameter", ""),
        refused(404, "ResourceNotFound", ""),
        refused(404, "ResourceGroupNotFound", ""),
        refused(404, "SubscriptionNotFound", ""),
        refused(409, "MissingSubscriptionRegistration", ""),
        refused(413, "", ""),
        denied(Some(70_021)),
        denied(None),
        ArmError::Token(TokenError::DeadlineExceeded),
        ArmError::Token(TokenError::ClaimsUnsupported),
        misfit("WrongAudience"),
        misfit("WrongCloud"),
        misfit("WrongTenant"),
        unissued(Class::Denied, "TokenRequestRefused"),
        unissued(Class::Rejected, "ServiceAccountNotFound"),
    ]
}

/// An object that follows `database`.
pub(crate) fn object(database: &str) -> AttachedDatabase {
    let cluster = |name: &str| {
        format!(
            "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/adx/providers/Microsoft.Kusto/clusters/{name}"
        )
    };
    let object = json!({
        "apiVersion": "adx-follower.dev/v1alpha1",
        "kind": "AttachedDatabase",
        "metadata": {"name": "sales", "namespace": "analytics", "generation": 1},
        "spec": {
            "follower": {"clusterResourceId": cluster("follower1")},
            "leader": {"clusterResourceId": cluster("leader1"), "databaseName": database},
        },
    });
    serde_json::from_value(object).unwrap()
}

/// The follower shows `database` as declared.
pub(crate) fn settled(database: &str) -> Outcome {
    let database = Database {
        name: database.to_owned(),
        location: String::new(),
        kind: DatabaseKind::Following(Following::default()),
        provisioning_state: ProvisioningState::Succeeded,
    };
    Outcome::Settled(Box::new(Attached {
        live: Configuration::default(),
        databases: vec![database],
    }))
}

/// An operation that runs.
pub(crate) fn operation(kind: OperationKind) -> OperationStatus {
    OperationStatus {
        kind,
        started_at: Time(Timestamp::UNIX_EPOCH),
        generation: 1,
        url: Some("https://example".to_owned()),
    }
}

/// A field that somebody changed.
pub(crate) fn drift() -> Drift {
    Drift {
        field: "tablesToInclude".to_owned(),
        desired: "Orders".to_owned(),
        ..Drift::default()
    }
}
