//! Speaks Azure Resource Manager: ids, wire types, operations, errors, throttling, credentials. Knows nothing of Kubernetes.
//!
//! [`ArmClient`] makes the calls, through a [`Transport`] and with tokens of a [`TokenSource`]; what it returns is
//! domain types and [`ArmError`]s that say who must act. Everything else is pure.

pub mod client;
pub mod cloud;
pub mod credential;
pub mod error;
pub mod id;
pub mod model;
pub mod operation;
pub mod token;
pub mod transport;

mod address;
mod arm_call;
mod call;
mod classify;
mod entra;
mod message;
mod throttle;

pub use self::{
    address::AddressError,
    client::{ArmCall, ArmClient, ArmOptions, CallObserver, CallResult, NoObserver},
    cloud::{Cloud, CloudError, CloudName, CloudOverrides, Endpoint},
    credential::{CredentialEnvironment, CredentialError, CredentialKind},
    error::{ArmError, Class, WriteOutcome},
    id::{ClusterId, ConfigurationId, IdError, same_region},
    model::{
        Change, Cluster, ClusterState, Configuration, ConfigurationRequest, Database, DatabaseKind,
        FollowerRow, Following, ProvisioningState, ShareOrigin, Sharing,
    },
    operation::{Accepted, Deleted, OperationFailure, OperationUrl, Polled},
    token::{Mint, Minted, Token, TokenCache, TokenError, TokenSource},
    transport::{HttpTransport, Limits, Transport, TransportError, TransportSetupError},
};
