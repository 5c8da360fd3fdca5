//! A machine with a managed identity: its metadata service is at a fixed address, so requests for it are led to the
//! simulator. All others go where they say.

use adx_follower_operator::azure::transport::{HttpTransport, Limits, Transport, TransportError};
use bytes::Bytes;
use futures::future::BoxFuture;

use crate::azure::Azure;

const METADATA_SERVICE: &str = "http://169.254.169.254";

#[derive(Clone)]
pub(crate) struct Machine {
    network: HttpTransport,
    url: String,
}

impl Machine {
    pub(crate) fn of(azure: &Azure) -> Self {
        Self {
            network: azure.transport(),
            url: azure.url(),
        }
    }
}

impl Transport for Machine {
    fn send(
        &self,
        mut request: http::Request<Bytes>,
        limits: Limits,
    ) -> BoxFuture<'_, Result<http::Response<Bytes>, TransportError>> {
        let uri = request.uri().to_string();
        if let Some(path) = uri.strip_prefix(METADATA_SERVICE) {
            *request.uri_mut() = format!("{}{path}", self.url).parse().expect("an address");
        }
        self.network.send(request, limits)
    }
}
