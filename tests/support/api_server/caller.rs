//! What the server says of itself and of who asks: its version, its issuer, and the caller's name and rights.

use http::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{FakeApi, tokens};

/// Who the clients are, and what they may not do. Nothing that is asked for is refused because of it: a question about
/// one's rights is not an attempt.
#[derive(Debug)]
pub struct Caller {
    user: String,
    minor: String,
    /// Verb and resource, such as `create serviceaccounts/token`.
    denied: Vec<String>,
}

impl Default for Caller {
    fn default() -> Self {
        Self {
            user: "system:serviceaccount:adx-follower-system:adx-follower-operator".to_owned(),
            minor: "33".to_owned(),
            denied: Vec::new(),
        }
    }
}

impl FakeApi {
    /// The clients are this user from now on; the operator's service account until then.
    pub fn call_as(&self, user: &str) {
        user.clone_into(&mut self.lock().caller.user);
    }

    /// The clients lack this right, such as `create serviceaccounts/token`, says the server when it is asked.
    pub fn deny(&self, right: &str) {
        self.lock().caller.denied.push(right.to_owned());
    }

    /// The server is Kubernetes 1 of this minor version; 33 until then.
    pub fn be_version(&self, minor: &str) {
        minor.clone_into(&mut self.lock().caller.minor);
    }
}

/// The answer to a question about the server or the caller; `None` if it is none.
pub fn answer(
    server: &FakeApi,
    method: &Method,
    path: &str,
    body: Option<&Value>,
) -> Option<Response<axum::body::Body>> {
    let state = server.lock();
    let caller = &state.caller;
    let (code, answer) = match (method, path) {
        (&Method::GET, "/version") => (200, version(&caller.minor)),
        (&Method::GET, "/.well-known/openid-configuration") => {
            (200, json!({"issuer": tokens::ISSUER}))
        }
        (&Method::POST, "/apis/authentication.k8s.io/v1/selfsubjectreviews") => {
            let user = json!({"userInfo": {"username": caller.user}});
            (201, json!({"metadata": {}, "status": user}))
        }
        (&Method::POST, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews") => {
            let mut review = body?.clone();
            let asked = right(&review["spec"]["resourceAttributes"]);
            let allowed = !caller.denied.contains(&asked);
            review["status"] = json!({"allowed": allowed});
            (201, review)
        }
        _ => return None,
    };
    let mut response = Response::new(axum::body::Body::from(answer.to_string()));
    *response.status_mut() = StatusCode::from_u16(code).expect("a status code");
    Some(response)
}

fn right(attributes: &Value) -> String {
    let text = |name: &str| attributes[name].as_str().unwrap_or_default().to_owned();
    let below = match text("subresource") {
        below if below.is_empty() => below,
        below => format!("/{below}"),
    };
    format!("{} {}{below}", text("verb"), text("resource"))
}

fn version(minor: &str) -> Value {
    json!({
        "major": "1", "minor": minor, "gitVersion": format!("v1.{minor}.0"), "gitCommit": "", "gitTreeState": "clean",
        "buildDate": "2026-01-01T00:00:00Z", "goVersion": "", "compiler": "gc", "platform": "linux/amd64",
    })
}
