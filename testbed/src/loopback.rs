//! HTTP with the child processes on this machine: no proxy, no system certificates.

use std::{fs, path::Path, time::Duration};

use reqwest::{Certificate, Client, Method};
use serde_json::Value;

use crate::{error::TestbedError, wait};

/// Longer than any answer that a local process has reason to take.
const DEADLINE: Duration = Duration::from_secs(30);

/// A client that trusts the authority in the PEM file `authority`, and nobody else.
pub(crate) fn client(authority: Option<&Path>) -> Result<Client, TestbedError> {
    let doing = "make an HTTP client";
    let mut roots = Vec::new();
    if let Some(path) = authority {
        let pem = fs::read(path).map_err(TestbedError::io(format!("read {}", path.display())))?;
        roots = Certificate::from_pem_bundle(&pem).map_err(TestbedError::http(doing))?;
    }
    Client::builder()
        .no_proxy()
        .tls_certs_only(roots)
        .timeout(DEADLINE)
        .build()
        .map_err(TestbedError::http(doing))
}

/// An answer with a JSON body; an empty body is `null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The body.
    pub body: Value,
}

/// One exchange of JSON, with headers as given.
pub(crate) async fn exchange(
    client: &Client,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Result<Answer, TestbedError> {
    let doing = || format!("{method} {url}");
    let mut request = client.request(method.clone(), url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request
            .header("content-type", "application/json")
            .body(body.to_string());
    }
    let response = request.send().await.map_err(TestbedError::http(doing()))?;
    let status = response.status().as_u16();
    let text = response.text().await.map_err(TestbedError::http(doing()))?;
    let body = if text.is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&text).map_err(|error| {
            let cause = wait::with_causes(&error);
            TestbedError::unexpected(doing(), format!("{status}, no JSON ({cause}): {text}"))
        })?
    };
    Ok(Answer { status, body })
}
