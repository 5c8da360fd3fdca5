//! Azure on a socket with TLS and an authority of its own, and the operator's own way to it: transport, credentials, client.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use adx_follower_operator::azure::client::{ArmClient, ArmOptions, NoObserver};
use adx_follower_operator::azure::cloud::{Cloud, CloudName, CloudOverrides};
use adx_follower_operator::azure::credential::{self, CredentialEnvironment, CredentialKind};
use adx_follower_operator::azure::error::{ArmError, Class};
use adx_follower_operator::azure::id::ClusterId;
use adx_follower_operator::azure::token::{Mint, TokenCache};
use adx_follower_operator::azure::transport::{HttpTransport, Transport};
use azure_core::base64::encode_url_safe;
use jiff::{SignedDuration, Timestamp};
use kusto_arm_simulator::{Background, Clock, JournalEntry, Options, Simulator, World};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::api_server::EPOCH;
use crate::harness;
use crate::recorder::Recording;

/// The tenant of every identity here.
pub(crate) const TENANT: &str = "11111111-1111-4111-8111-111111111111";

/// The audience that ARM accepts.
pub(crate) const AUDIENCE: &str = "https://management.azure.com";

/// How long a failed exchange speaks for the next ones (`azure::token`), and a little more.
pub(crate) const HOLD: Duration = Duration::from_millis(5_300);

/// A world in which these client ids exist, each with the secret `secret-of-` and its own name.
pub(crate) fn world(clients: &[&str]) -> Value {
    let mut world = harness::world();
    let identities: Vec<Value> = clients
        .iter()
        .map(|client| json!({"clientId": client, "secret": secret_of(client)}))
        .collect();
    world["identities"] = json!(identities);
    world
}

/// The secret of `client` in [`world`].
pub(crate) fn secret_of(client: &str) -> String {
    format!("secret-of-{client}")
}

/// Settings under which nobody is throttled, with tokens of this life.
pub(crate) fn tokens_of(lifetime: Duration) -> Options {
    Options {
        clock: Clock::starting_at(EPOCH.parse().expect("a timestamp")),
        token_lifetime: lifetime,
        throttling: None,
        operation_duration: Duration::from_secs(1),
        ..Options::default()
    }
}

/// An assertion of this subject which ends an hour after the epoch, told apart by `serial`. Nobody signs it.
pub(crate) fn assertion(subject: &str, serial: u32) -> String {
    let begin: Timestamp = EPOCH.parse().expect("a timestamp");
    let end = begin + SignedDuration::from_hours(1);
    let claims = json!({
        "aud": ["api://AzureADTokenExchange"], "sub": subject, "iss": "https://issuer.example",
        "iat": begin.as_second(), "nbf": begin.as_second(), "exp": end.as_second(), "jti": format!("serial-{serial}"),
    });
    let header = json!({"alg": "RS256", "kid": "nobody"});
    [
        header.to_string(),
        claims.to_string(),
        format!("signature {serial} of nobody"),
    ]
    .map(encode_url_safe)
    .join(".")
}

/// A failure as an object's author would be told it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) class: Class,
    pub(crate) reason: &'static str,
    pub(crate) message: String,
    pub(crate) retry_after: Option<Duration>,
}

/// Azure, and all that the operator says in one test. When it goes, it checks that none of that holds a secret.
pub(crate) struct Azure {
    background: Background,
    folder: TempDir,
    transport: HttpTransport,
    log: Rc<Recording>,
    /// Every failure, as text and as `Debug` shows it.
    told: Mutex<String>,
}

impl Azure {
    /// Azure as `world` says, behind real TLS.
    pub(crate) fn start(world: &Value, options: Options) -> Self {
        Self::with(world, options, Rc::new(Recording::start()))
    }

    /// A second Azure in the same test, whose log is the same.
    pub(crate) fn beside(&self, world: &Value, options: Options) -> Self {
        Self::with(world, options, Rc::clone(&self.log))
    }

    fn with(world: &Value, options: Options, log: Rc<Recording>) -> Self {
        let folder = TempDir::new().expect("a folder");
        let world = World::from_yaml(&world.to_string()).expect("the world is valid");
        let simulator = Simulator::new(world, options);
        let background =
            Background::https(simulator, &folder.path().join("tls")).expect("a free port");
        let ca_file = background.ca_file().expect("it serves TLS");
        Self {
            transport: HttpTransport::new(Some(ca_file)).expect("the authority is there"),
            background,
            folder,
            log,
            told: Mutex::default(),
        }
    }

    pub(crate) fn simulator(&self) -> &Simulator {
        self.background.simulator()
    }

    pub(crate) fn url(&self) -> String {
        self.background.url()
    }

    pub(crate) fn address(&self) -> std::net::SocketAddr {
        self.background.address()
    }

    /// The authority to trust.
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.background.ca_file().expect("it serves TLS").to_owned()
    }

    /// A file with this text; written again, it is replaced.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    }

    /// The operator's own transport, which all identities share.
    pub(crate) fn transport(&self) -> HttpTransport {
        self.transport.clone()
    }

    /// ARM and Entra at this address.
    pub(crate) fn cloud(&self) -> Cloud {
        self.cloud_with(&self.url(), AUDIENCE)
    }

    /// ARM here, Entra and the audience elsewhere.
    pub(crate) fn cloud_with(&self, authority: &str, audience: &str) -> Cloud {
        let endpoint = self.url();
        let overrides = CloudOverrides {
            endpoint: Some(&endpoint),
            authority_host: Some(authority),
            audience: Some(audience),
        };
        Cloud::new(CloudName::Public, overrides).expect("a valid cloud")
    }

    /// A client of ARM that proves itself with the secret of `client`.
    pub(crate) fn client(&self, client: &str) -> ArmClient {
        self.client_with(
            CredentialKind::ClientSecret,
            &environment(client, Proof::Secret),
        )
    }

    /// A client of ARM with the credential that the operator would choose.
    pub(crate) fn client_with(
        &self,
        kind: CredentialKind,
        environment: &CredentialEnvironment,
    ) -> ArmClient {
        self.client_at(&self.cloud(), kind, environment, &self.transport())
    }

    /// The same in another cloud, or over another network.
    pub(crate) fn client_at<T: Transport + Clone>(
        &self,
        cloud: &Cloud,
        kind: CredentialKind,
        environment: &CredentialEnvironment,
        transport: &T,
    ) -> ArmClient {
        let minted = credential::mint(kind, environment, cloud, transport);
        let (_, mint) = minted.expect("the credential is complete");
        self.client_of(cloud, mint, transport)
    }

    fn client_of<T: Transport + Clone>(
        &self,
        cloud: &Cloud,
        mint: Arc<dyn Mint>,
        transport: &T,
    ) -> ArmClient {
        let tokens = Arc::new(TokenCache::new(mint));
        self.tell(&format!("{tokens:?}"));
        ArmClient::new(ArmOptions {
            endpoint: cloud.endpoint.clone(),
            api_version: "2024-04-13".to_owned(),
            transport: Arc::new(transport.clone()),
            tokens,
            observer: Arc::new(NoObserver),
        })
    }

    /// Reads a cluster as `arm`, and notes how that fails.
    pub(crate) async fn look(&self, arm: &ArmClient) -> Result<(), Told> {
        let looked = arm.cluster(&follower()).await;
        looked
            .map(|found| assert!(found.is_some(), "the follower exists"))
            .map_err(|error| self.noted(&error))
    }

    /// Reads a cluster as `arm`, which must fail.
    pub(crate) async fn refusal(&self, arm: &ArmClient) -> Told {
        self.look(arm).await.expect_err("it must fail")
    }

    fn noted(&self, error: &ArmError) -> Told {
        self.tell(&format!("{error:?} {error}"));
        let told = Told {
            class: error.class(),
            reason: error.reason(),
            message: error.user_message(),
            retry_after: error.retry_after(),
        };
        self.tell(&told.message);
        told
    }

    /// Counts `text` among what the operator says.
    pub(crate) fn tell(&self, text: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(told, "{text}").expect("memory");
    }

    /// Checks that `secret`, which the simulator may never have seen, was not told either.
    pub(crate) fn assert_untold(&self, secret: &str) {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        assert!(!told.contains(secret) && !self.log.text().contains(secret));
    }

    /// Merges `patch` into the world.
    pub(crate) fn patch(&self, patch: Value) {
        self.simulator()
            .patch_world(patch)
            .expect("the patch is valid");
    }

    /// Breaks every token call of `client` until the fault is disarmed by the client's name.
    pub(crate) fn break_tokens(&self, client: &str, act: &Value) {
        let matching = json!({"path": "/*/oauth2/v2.0/token", "clientId": client, "times": 0});
        self.simulator()
            .arm_fault(json!({"name": client, "match": matching, "act": act}))
            .expect("the fault is valid");
    }

    /// Heals the token calls of `client`.
    pub(crate) fn heal_tokens(&self, client: &str) {
        assert_eq!(self.simulator().disarm_faults(Some(client)), 1);
    }

    /// The exchanges that `client` asked for.
    pub(crate) fn exchanges(&self, client: &str) -> Vec<JournalEntry> {
        let mut calls = self.simulator().journal_with_tokens();
        calls.retain(|entry| is_exchange(entry) && entry.principal.as_deref() == Some(client));
        calls
    }

    /// Checks that no call was made with a token that had ended or was not wanted.
    pub(crate) fn assert_no_unauthorized_call(&self) {
        let journal = self.simulator().journal();
        assert!(!journal.is_empty(), "there were calls");
        let refused = journal.iter().find(|entry| entry.status() == Some(401));
        assert_eq!(refused, None);
    }
}

impl Drop for Azure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let log = self.log.text();
        assert!(!log.is_empty(), "what is checked was recorded");
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let secrets = self.simulator().secrets();
        assert!(secrets.all().next().is_some(), "there are secrets to leak");
        for secret in secrets.all() {
            assert!(!log.contains(secret), "the log holds {secret}");
            assert!(!told.contains(secret), "a failure holds {secret}");
        }
    }
}

/// Whether a call is one for a token.
pub(crate) fn is_exchange(entry: &JournalEntry) -> bool {
    entry.request.url.contains("/oauth2/v2.0/token")
}

/// What a client proves itself with.
#[derive(Debug, Clone)]
pub(crate) enum Proof {
    /// Its secret in [`world`].
    Secret,
    SecretFile(PathBuf),
    TokenFile(PathBuf),
}

/// The environment of `client`.
pub(crate) fn environment(client: &str, proof: Proof) -> CredentialEnvironment {
    let mut environment = CredentialEnvironment {
        tenant_id: Some(TENANT.to_owned()),
        client_id: Some(client.to_owned()),
        ..CredentialEnvironment::default()
    };
    match proof {
        Proof::Secret => environment.client_secret = Some(secret_of(client).into()),
        Proof::SecretFile(path) => environment.client_secret_file = Some(path),
        Proof::TokenFile(path) => environment.federated_token_file = Some(path),
    }
    environment
}

/// Lets the operator's time jump ahead; Azure's own goes on as it did.
pub(crate) async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// The cluster that every test reads.
pub(crate) fn follower() -> ClusterId {
    harness::cluster("follower1").parse().expect("an id")
}
