//! A simulator with two leaders and a follower, and short ways to call it.

use std::time::Duration;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use kusto_arm_simulator::{Aborted, Clock, Options, Simulator, World};
use serde_json::{Value, json};
use tower::ServiceExt;

pub(crate) const HOST: &str = "https://management.azure.com";
pub(crate) const AUDIENCE: &str = "https://management.azure.com";
pub(crate) const GROUP: &str = "/subscriptions/S1/resourceGroups/Rg1";
pub(crate) const OPERATION: Duration = Duration::from_secs(20);

pub(crate) fn cluster(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Kusto/clusters/{name}")
}

pub(crate) fn configuration(name: &str) -> String {
    format!(
        "{}/attachedDatabaseConfigurations/{name}",
        cluster("follower1")
    )
}

/// The body of a PUT that attaches `database` of leader1, with further properties.
pub(crate) fn attach(database: &str, more: Value) -> Value {
    let mut properties = json!({
        "databaseName": database,
        "clusterResourceId": cluster("leader1"),
        "defaultPrincipalsModificationKind": "Union",
    });
    properties
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    json!({"location": "West Europe", "properties": properties})
}

pub(crate) fn world() -> Value {
    json!({"clusters": [
        {"id": cluster("leader1"), "location": "West Europe", "databases": [{"name": "Sales", "sizeBytes": 7}, {"name": "Stock"}]},
        {"id": cluster("leader2"), "location": "westeurope", "databases": [{"name": "sales"}]},
        {"id": cluster("faraway"), "location": "East US", "databases": [{"name": "Sales"}]},
        {"id": cluster("follower1"), "location": "West Europe", "databases": [{"name": "Local"}]},
    ]})
}

pub(crate) struct Harness {
    pub(crate) simulator: Simulator,
    pub(crate) clock: Clock,
    token: String,
}

/// An answer, its body read as JSON where it is JSON.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.body
            .pointer("/error/code")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn message(&self) -> &str {
        self.body
            .pointer("/error/message")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.body
            .pointer(pointer)
            .unwrap_or_else(|| panic!("no {pointer} in {}", self.text))
    }

    pub(crate) fn poll_url(&self) -> String {
        self.header("azure-asyncoperation")
            .expect("an operation")
            .to_owned()
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        self.at("/value")
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap())
            .collect()
    }
}

impl Harness {
    pub(crate) fn new() -> Self {
        Self::with(world(), Options::default())
    }

    pub(crate) fn with(world: Value, options: Options) -> Self {
        let clock = options.clock;
        let simulator = Simulator::new(World::from_json(world).unwrap(), options);
        let token = simulator.mint_token("me", AUDIENCE);
        Self {
            simulator,
            clock,
            token,
        }
    }

    /// The same simulator, called by another client.
    pub(crate) fn as_client(&self, client_id: &str) -> Self {
        self.with_token(&self.simulator.mint_token(client_id, AUDIENCE))
    }

    /// The same simulator, called with another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self {
            simulator: self.simulator.clone(),
            clock: self.clock,
            token: token.to_owned(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, Some(body)).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", path, Some(body)).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", path, None).await
    }

    /// Calls a path (the api-version is added) or a whole URL (used as it is).
    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.send(self.request(method, path, body)).await
    }

    pub(crate) fn request(&self, method: &str, path: &str, body: Option<Value>) -> Request<Body> {
        let uri = match (path.starts_with("http"), path.contains('?')) {
            (true, _) => path.to_owned(),
            (false, true) => format!("{HOST}{path}"),
            (false, false) => format!("{HOST}{path}?api-version=2024-04-13"),
        };
        Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", format!("Bearer {}", self.token))
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        self.try_send(request)
            .await
            .expect("an answer that is not aborted")
    }

    /// The answer, or `None` when the connection would have been reset or the body ends too soon.
    pub(crate) async fn try_send(&self, request: Request<Body>) -> Option<Answer> {
        let response = self.simulator.service().oneshot(request).await.unwrap();
        let aborted = response.extensions().get::<Aborted>().is_some();
        let (parts, body) = response.into_parts();
        let body = body.collect().await;
        assert!(
            !aborted || body.is_err(),
            "an aborted answer must not have a body"
        );
        let bytes = body.ok()?.to_bytes();
        Some(Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        })
    }

    /// Lets a started operation run to its end and gives its last status.
    pub(crate) async fn finish(&self, started: &Answer) -> Answer {
        tokio::time::advance(OPERATION).await;
        self.get(&started.poll_url()).await
    }

    /// Attaches, to the end.
    pub(crate) async fn attached(&self, name: &str, body: Value) {
        let started = self.put(&configuration(name), body).await;
        assert_eq!(
            self.finish(&started).await.at("/status"),
            "Succeeded",
            "{started:?}"
        );
    }
}
