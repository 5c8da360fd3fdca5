//! The arguments that say how Azure is reached, the same for every command that asks it. Pure.

use clap::{Args, ValueEnum};

/// How Azure is reached, as typed or as found in the environment.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct AzureArgs {
    /// Azure cloud: sets the ARM endpoint, the authority host and the token audience; `custom` asks the ARM endpoint for
    /// the other two, unless they are given
    #[arg(
        long,
        env = "ADX_FOLLOWER_CLOUD",
        value_name = "CLOUD",
        value_enum,
        default_value_t = CloudArg::Public,
        help_heading = "Azure"
    )]
    pub cloud: CloudArg,

    /// How the operator proves who it is; `auto` takes workload identity if `AZURE_FEDERATED_TOKEN_FILE` is set,
    /// else a client secret if there is one, else managed identity
    #[arg(
        long,
        env = "ADX_FOLLOWER_CREDENTIAL",
        value_name = "KIND",
        value_enum,
        default_value_t = CredentialArg::Auto,
        help_heading = "Azure"
    )]
    pub credential: CredentialArg,

    /// File with the client secret, instead of `AZURE_CLIENT_SECRET`; read again for each token
    #[arg(
        long,
        env = "ADX_FOLLOWER_CLIENT_SECRET_FILE",
        value_name = "FILE",
        help_heading = "Azure"
    )]
    pub client_secret_file: Option<String>,

    /// Azure Resource Manager's URL, instead of the cloud's; plain http is accepted for a loopback address only
    #[arg(
        long,
        env = "ADX_FOLLOWER_ARM_ENDPOINT",
        value_name = "URL",
        help_heading = "Azure"
    )]
    pub arm_endpoint: Option<String>,

    /// Audience of the tokens for ARM, instead of the cloud's
    #[arg(
        long,
        env = "ADX_FOLLOWER_ARM_AUDIENCE",
        value_name = "URL",
        help_heading = "Azure"
    )]
    pub arm_audience: Option<String>,

    /// Version of the Microsoft.Kusto API
    #[arg(
        long,
        env = "ADX_FOLLOWER_ARM_API_VERSION",
        value_name = "YYYY-MM-DD",
        default_value = "2024-04-13",
        help_heading = "Azure"
    )]
    pub arm_api_version: String,

    /// Microsoft Entra's URL, instead of `AZURE_AUTHORITY_HOST` and the cloud's
    #[arg(
        long,
        env = "ADX_FOLLOWER_AUTHORITY_HOST",
        value_name = "URL",
        help_heading = "Azure"
    )]
    pub authority_host: Option<String>,

    /// File with PEM certificates to trust for ARM and Entra besides the system's
    #[arg(
        long,
        env = "ADX_FOLLOWER_AZURE_CA_FILE",
        value_name = "FILE",
        help_heading = "Azure"
    )]
    pub azure_ca_file: Option<String>,
}

/// An Azure cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CloudArg {
    /// Azure, management.azure.com
    Public,
    /// Azure Government, management.usgovcloudapi.net
    #[value(name = "usgovernment")]
    UsGovernment,
    /// Azure operated by 21Vianet, management.chinacloudapi.cn
    China,
    /// Any other, found at --arm-endpoint
    Custom,
}

/// A way to prove the operator's identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CredentialArg {
    /// The first that the environment has the values for
    Auto,
    /// The Pod's service account token, exchanged with Microsoft Entra
    WorkloadIdentity,
    /// The identity of the virtual machine or service that the operator runs on
    ManagedIdentity,
    /// A client secret of an app registration
    ClientSecret,
}
