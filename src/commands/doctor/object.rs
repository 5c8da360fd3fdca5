//! One object, from its spec to what the operator says of it. I/O: reads only.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    api::AttachedDatabase,
    azure::{error::ArmError, id::ClusterId},
    commands::forecast::{Forecaster, Stance},
    controller::{
        Account, Identity, Tenancy,
        access::Kind,
        look::{glance, look_at_leader},
        sessions::Session,
        snapshot::Operation,
        validate::{Desired, validate},
    },
};

use super::{
    access,
    azure::Reached,
    checks::{Check, Topic},
    identity,
    neighbours::Neighbours,
    plan,
    rights::Caller,
    sight::{self, Asker},
    status,
};

/// What is looked at in Azure, in order.
const IN_AZURE: [Topic; 6] = [
    Topic::Follower,
    Topic::Configuration,
    Topic::Leader,
    Topic::Region,
    Topic::LeaderDatabase,
    Topic::Plan,
];

/// All that objects are judged with.
pub(super) struct Practice<'a> {
    /// How the operator is shared.
    pub(super) tenancy: &'a Tenancy,
    /// Policies, namespaces and ServiceAccounts.
    pub(super) neighbours: &'a Neighbours,
    /// Azure, or the check that tells why it was not reached.
    pub(super) azure: Result<&'a Reached, Topic>,
    /// Who runs this.
    pub(super) caller: &'a Caller,
    /// Who issues the tokens of ServiceAccounts.
    pub(super) issuer: Option<&'a str>,
    /// Wall time.
    pub(super) now: Timestamp,
    /// What was read from then on is new enough.
    pub(super) since: Instant,
    /// Forecasters by identity, since they share what they read.
    pub(super) forecasters: Mutex<HashMap<(Identity, bool), Arc<Forecaster>>>,
}

impl Practice<'_> {
    /// Judges `object`.
    pub(super) async fn examine(&self, object: &AttachedDatabase) -> Vec<Check> {
        let metadata = &object.metadata;
        let subject = format!(
            "{}/{}",
            metadata.namespace.as_deref().unwrap_or_default(),
            metadata.name.as_deref().unwrap_or_default()
        );
        let checks = self.judge(object).await;
        checks
            .into_iter()
            .map(|check| check.about(subject.clone()))
            .collect()
    }

    async fn judge(&self, object: &AttachedDatabase) -> Vec<Check> {
        let desired = match validate(object) {
            Ok(desired) => desired,
            Err(invalid) => {
                let metadata = &object.metadata;
                let check = Check::fail(Topic::Spec, invalid.to_string()).mended_by(format!(
                    "kubectl edit attdb {} -n {}",
                    metadata.name.as_deref().unwrap_or_default(),
                    metadata.namespace.as_deref().unwrap_or_default()
                ));
                let mut checks = vec![check, Check::skip(Topic::Access, Topic::Spec)];
                checks.extend(IN_AZURE.map(|topic| Check::skip(topic, Topic::Spec)));
                checks.push(status::judge(object, self.now, None, &[]));
                return checks;
            }
        };
        let mut checks = vec![Check::ok(Topic::Spec, "it can be acted on")];
        let (access, identity) = self.access(object, &desired);
        checks.push(access);
        let client = match (&identity, self.azure) {
            (Some(Identity::Account(account)), _) => Some(account.client_id.clone()),
            (Some(Identity::Operator), Ok(reached)) => reached.client.clone(),
            (Some(Identity::Operator), Err(_)) | (None, _) => None,
        };
        let client = client.as_deref();
        let clusters: [&ClusterId; 2] = [desired.configuration.cluster(), &desired.leader];
        // Nobody is told to hand out a role on what a refused author named, whatever the status says.
        let clusters = match identity {
            None => {
                checks.extend(IN_AZURE.map(|topic| Check::skip(topic, Topic::Access)));
                &[][..]
            }
            Some(identity) => {
                checks.extend(self.in_azure(object, &desired, &identity, client).await);
                &clusters
            }
        };
        checks.push(status::judge(object, self.now, client, clusters));
        checks
    }

    /// Who serves `object`. Where the caller may not read what decides, that is all there is to say.
    fn access(&self, object: &AttachedDatabase, desired: &Desired) -> (Check, Option<Identity>) {
        let (check, identity) =
            access::served(self.tenancy, &self.neighbours.known, object, desired);
        let kinds = [Kind::Policies, Kind::Namespaces, Kind::Accounts];
        let unknown = kinds
            .into_iter()
            .filter(|_| identity.is_none())
            .filter(|kind| access::depends(self.tenancy, object, *kind))
            .find_map(|kind| self.neighbours.problem(kind));
        match unknown {
            Some(problem) => (problem.check(Topic::Access, self.caller), None),
            None => (check, identity),
        }
    }

    async fn in_azure(
        &self,
        object: &AttachedDatabase,
        desired: &Desired,
        identity: &Identity,
        client: Option<&str>,
    ) -> Vec<Check> {
        let skipped = |needed| IN_AZURE.map(|topic| Check::skip(topic, needed)).to_vec();
        let reached = match (self.azure, identity) {
            (Err(needed), _) => return skipped(needed),
            (Ok(reached), Identity::Operator) => match reached.operator {
                Err(needed) => return skipped(needed),
                Ok(_) => reached,
            },
            (Ok(reached), Identity::Account(_)) => reached,
        };
        let Some(sessions) = &reached.sessions else {
            return skipped(Topic::Kubernetes);
        };
        let session = match sessions.of(identity) {
            Ok(session) => session,
            Err(error) => {
                let mut checks = vec![Check::fail(Topic::Identity, error.to_string())];
                checks.extend(skipped(Topic::Identity));
                return checks;
            }
        };
        let mut checks = Vec::new();
        if let Identity::Account(account) = identity {
            let check = self.token(&session, account, reached).await;
            let holds = check.holds() && check.remedies.is_empty();
            checks.push(check);
            if !holds {
                checks.extend(skipped(Topic::Identity));
                return checks;
            }
        }
        let asker = Asker {
            identity,
            client,
            endpoint: &reached.endpoint,
        };
        checks.extend(self.look(object, desired, &session, asker).await);
        checks
    }

    /// A token for the identity of `account`.
    async fn token(&self, session: &Session, account: &Account, reached: &Reached) -> Check {
        let Account {
            namespace,
            name,
            client_id,
            tenant_id,
            ..
        } = account;
        match session.arm.authenticate().await {
            Ok(()) => Check::ok(
                Topic::Identity,
                format!(
                    "got a token for client {client_id} of tenant {tenant_id}, by ServiceAccount {namespace}/{name}"
                ),
            ),
            Err(ArmError::Token(error)) => identity::account(
                account,
                self.issuer,
                self.caller,
                &reached.authority,
                &error,
            ),
            Err(error) => Check::fail(Topic::Identity, error.user_message()),
        }
    }

    async fn look(
        &self,
        object: &AttachedDatabase,
        desired: &Desired,
        session: &Session,
        asker: Asker<'_>,
    ) -> Vec<Check> {
        let (mut sight, _) = glance(desired, Operation::None, self.since, &session.reads).await;
        look_at_leader(&mut sight, desired, self.since, &session.reads).await;
        let mut checks = sight::judge(desired, &sight, asker);
        let failed = checks.iter().find(|check| !check.holds());
        let plan = match failed {
            Some(check) => Check::skip(Topic::Plan, check.id),
            None if object.metadata.deletion_timestamp.is_some() => {
                Check::skipped(Topic::Plan, "the object is being deleted")
            }
            None => {
                let forecaster = self.forecaster(object, session, asker.identity);
                plan::judge(&forecaster.forecast(object).await, desired)
            }
        };
        checks.push(plan);
        checks
    }

    fn forecaster(
        &self,
        object: &AttachedDatabase,
        session: &Session,
        identity: &Identity,
    ) -> Arc<Forecaster> {
        let status = object.status.as_ref();
        let is_owned = status.is_some_and(|status| status.ownership.is_some());
        let stance = if is_owned {
            Stance::Owned
        } else {
            Stance::Unowned
        };
        let mut known = self
            .forecasters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let known = known
            .entry((identity.clone(), is_owned))
            .or_insert_with(|| Arc::new(Forecaster::new(session.arm.clone(), stance, self.now)));
        Arc::clone(known)
    }
}
