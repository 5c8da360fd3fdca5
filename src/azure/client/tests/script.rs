//! A transport that plays a script, and what the scripts are made of.

use std::{
    collections::VecDeque,
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::{FutureExt, future::BoxFuture};
use http::{Request, Response};
use serde_json::json;

use crate::azure::{
    ArmCall, ArmClient, ArmOptions, CallObserver, CallResult, Claims, ClusterId, ConfigurationId,
    ConfigurationRequest, Endpoint, Limits, OperationUrl, Sharing, Token, TokenError, TokenSource,
    Transport, TransportError,
};

pub(super) const FOLLOWER: &str =
    "/subscriptions/Sub-1/resourceGroups/rg1/providers/Microsoft.Kusto/clusters/follower1";
pub(super) const CONFIGURATION: &str = r#"{"name":"follower1/conf1","location":"East US","properties":{"clusterResourceId":"/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/Clusters/leader1","databaseName":"db1","attachedDatabaseNames":["db1"],"defaultPrincipalsModificationKind":"Union","tableLevelSharingProperties":null,"databaseNameOverride":null,"databaseNamePrefix":null,"provisioningState":"Succeeded"}}"#;
pub(super) const OPERATION: &str = "https://management.azure.com/subscriptions/Sub-1/providers/Microsoft.Kusto/locations/East%20US/operationResults/G?api-version=2024-04-13&s=SIG";

pub(super) enum Step {
    Answer(Response<Bytes>),
    Fail(TransportError),
    Hang,
}

/// Plays its steps in order, and keeps what it was sent.
#[derive(Default)]
pub(super) struct Script {
    steps: Mutex<VecDeque<Step>>,
    pub(super) seen: Mutex<Vec<Request<Bytes>>>,
    pub(super) observed: Mutex<Vec<(ArmCall, CallResult)>>,
}

impl Script {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self {
            steps: Mutex::new(steps.into_iter().collect()),
            ..Self::default()
        }
    }
}

impl Transport for Script {
    fn send(
        &self,
        request: Request<Bytes>,
        _limits: Limits,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.seen.lock().unwrap().push(request);
        let step = self
            .steps
            .lock()
            .unwrap()
            .pop_front()
            .expect("an unexpected request");
        async move {
            match step {
                Step::Answer(answer) => Ok(answer),
                Step::Fail(error) => Err(error),
                Step::Hang => pending().await,
            }
        }
        .boxed()
    }
}

impl CallObserver for Script {
    fn observe(&self, call: ArmCall, result: CallResult, _elapsed: Duration) {
        self.observed.lock().unwrap().push((call, result));
    }
}

/// Gives `t1`, and the next number after each rejection, up to a last one.
pub(super) struct Tokens {
    number: AtomicUsize,
    last: usize,
    pub(super) challenges: Mutex<Vec<Option<Claims>>>,
}

impl TokenSource for Tokens {
    fn token(&self) -> BoxFuture<'_, Result<Token, TokenError>> {
        let token = Token::new(&format!("t{}", self.number.load(Ordering::SeqCst)));
        async move { Ok(token) }.boxed()
    }

    fn in_use(&self) -> String {
        "client `c` of tenant `t`".to_owned()
    }

    fn reject(&self, _token: &Token, challenge: Option<Claims>) {
        self.challenges.lock().unwrap().push(challenge);
        let next = self.number.load(Ordering::SeqCst) + 1;
        self.number.store(next.min(self.last), Ordering::SeqCst);
    }
}

pub(super) struct Bench {
    pub(super) client: ArmClient,
    pub(super) script: Arc<Script>,
    pub(super) tokens: Arc<Tokens>,
}

impl Bench {
    pub(super) fn new(steps: impl IntoIterator<Item = Step>) -> Self {
        Self::with_tokens(steps, 2)
    }

    pub(super) fn with_tokens(steps: impl IntoIterator<Item = Step>, last: usize) -> Self {
        let script = Arc::new(Script::new(steps));
        let tokens = Arc::new(Tokens {
            number: AtomicUsize::new(1),
            last,
            challenges: Mutex::default(),
        });
        let client = ArmClient::new(ArmOptions {
            endpoint: Endpoint::parse("https://management.azure.com").unwrap(),
            api_version: "2024-04-13".to_owned(),
            transport: script.clone(),
            tokens: tokens.clone(),
            observer: script.clone(),
        });
        Self {
            client,
            script,
            tokens,
        }
    }

    pub(super) fn sent(&self) -> usize {
        self.script.seen.lock().unwrap().len()
    }
}

pub(super) fn answer(status: u16, body: &str) -> Step {
    with_headers(status, &[], body)
}

pub(super) fn with_headers(status: u16, headers: &[(&str, &str)], body: &str) -> Step {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    Step::Answer(
        builder
            .body(Bytes::copy_from_slice(body.as_bytes()))
            .unwrap(),
    )
}

pub(super) fn error(status: u16, code: &str) -> Step {
    answer(
        status,
        &json!({"error": {"code": code, "message": "m"}}).to_string(),
    )
}

pub(super) fn follower() -> ClusterId {
    FOLLOWER.parse().unwrap()
}

pub(super) fn conf1() -> ConfigurationId {
    follower().configuration("conf 1").unwrap()
}

pub(super) fn operation() -> OperationUrl {
    OperationUrl::accept(
        OPERATION,
        &Endpoint::parse("https://management.azure.com").unwrap(),
    )
    .unwrap()
}

pub(super) fn request() -> ConfigurationRequest {
    ConfigurationRequest {
        location: "East US".to_owned(),
        leader_cluster:
            "/subscriptions/S/resourceGroups/RG/providers/Microsoft.Kusto/clusters/leader1"
                .to_owned(),
        database_name: "db1".to_owned(),
        principals_modification_kind: "Union".to_owned(),
        database_name_override: None,
        database_name_prefix: None,
        sharing: Sharing::default(),
    }
}
