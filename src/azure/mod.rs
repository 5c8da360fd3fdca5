//! Speaks Azure Resource Manager: ids, wire types, operations, errors, throttling, credentials. Knows nothing of Kubernetes.
//!
//! [`ArmClient`] makes the calls, through a [`Transport`] and with tokens of a [`TokenSource`]; what it returns is
//! domain types and [`ArmError`]s that say who must act. Everything else is pure.

pub mod actions;
pub mod client;
pub mod cloud;
pub mod credential;
pub mod discovery;
pub mod error;
pub mod id;
pub mod model;
pub mod operation;
pub mod scope;
pub mod token;
pub mod transport;

mod address;
mod answer;
mod arm_call;
mod call;
mod challenge;
mod classify;
mod entra;
mod entra_id;
mod message;
mod redact;
mod throttle;

pub use self::{
    address::AddressError,
    client::{ArmCall, ArmClient, ArmOptions, CallObserver, CallResult, NoObserver},
    cloud::{Cloud, CloudError, CloudName, CloudOverrides, Endpoint},
    credential::{AssertionSource, CredentialEnvironment, CredentialError, CredentialKind},
    discovery::{CloudSource, CustomCloud, DiscoveryError},
    entra_id::entra_id,
    error::{ArmError, Class, Unaccepted, WriteOutcome},
    id::{ClusterId, ConfigurationId, IdError, same_region},
    model::{
        Change, Cluster, ClusterState, Configuration, ConfigurationRequest, Database, DatabaseKind,
        FollowerRow, Following, ProvisioningState, ShareOrigin, Sharing,
    },
    operation::{Accepted, Deleted, OperationFailure, OperationUrl, Polled},
    token::{Claims, Mint, Minted, Token, TokenCache, TokenError, TokenSource},
    transport::{HttpTransport, Limits, Transport, TransportError, TransportSetupError},
};
