//! `adx-follower doctor`: what keeps an attachment from working, and the command that mends it. I/O.
//!
//! | Module | Owns | |
//! |---|---|---|
//! | [`checks`] | one check and how it came out | pure |
//! | `kubernetes`, `neighbours` | questions to the API server | I/O |
//! | [`installation`], [`definition`] | version, policies, objects; resource definitions: judged | pure |
//! | [`rights`], [`lease`] | rights in Kubernetes: judged | pure |
//! | [`mod@azure`] | the operator's token, ARM, subscriptions | I/O |
//! | [`identity`], [`assertion`] | credentials and what Entra says of them | pure |
//! | `object` | one object, step by step | I/O |
//! | `request` | what is asked for | pure |
//! | [`access`], [`sight`], [`plan`], [`status`] | who serves it, its clusters, its future, its present: judged | pure |
//! | [`remedy`] | commands | pure |
//! | [`output`] | how all of it is written | pure |
//!
//! Nothing is ever written, neither to Azure nor to Kubernetes: a request for a token and a question about one's own
//! rights are POSTs that change nothing. What depends on a check that failed is skipped, and says so. Access, specs and
//! plans are judged by the operator's own code.

use std::{collections::HashMap, sync::Mutex};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use kube::Client;
use tokio::time::Instant;

use crate::{
    api::AttachedDatabase,
    azure::{id::ClusterId, transport::Transport},
    cli::DoctorOutputArg,
    controller::{Tenancy, access::Kind},
};

use self::{
    azure::{Azure, Reached},
    checks::{Check, Topic, ending},
    kubernetes::Problem,
    lease::Lease,
    neighbours::{Neighbours, Unreadable},
    object::Practice,
    request::{Place, Scope},
    rights::Caller,
};
use super::{Console, Ending};

pub use request::Request;

pub mod access;
pub mod assertion;
pub mod azure;
pub mod checks;
pub mod definition;
pub mod identity;
pub mod installation;
mod kubernetes;
pub mod lease;
mod neighbours;
mod object;
pub mod output;
pub mod plan;
pub mod remedy;
mod request;
pub mod rights;
pub mod sight;
pub mod status;

/// Objects that are judged at a time.
const CONCURRENCY: usize = 8;

/// Where the doctor looks. What could not be prepared is a finding too.
pub struct Surroundings<T> {
    /// The API server, or why there is no client of one.
    pub kubernetes: Result<Client, String>,
    /// Azure, or why it can't be reached.
    pub azure: Result<Azure<T>, String>,
    /// Wall time.
    pub now: Timestamp,
}

/// Looks at everything that `request` asks for and writes what comes out.
pub async fn run<T: Transport + Clone>(
    request: &Request,
    surroundings: Surroundings<T>,
    console: &mut Console<'_>,
) -> Ending {
    let checks = examine(request, surroundings).await;
    let text = match request.output {
        DoctorOutputArg::Text => output::text(&checks),
        DoctorOutputArg::Json => output::json(&checks),
    };
    // A reader that has seen enough (`| head`) is no failure.
    let _ = console.output.write_all(text.as_bytes());
    ending(&checks)
}

async fn examine<T: Transport + Clone>(
    request: &Request,
    surroundings: Surroundings<T>,
) -> Vec<Check> {
    let Surroundings {
        kubernetes,
        azure,
        now,
    } = surroundings;
    let since = Instant::now();
    let (mut checks, cluster) = cluster(request, kubernetes).await;
    checks.push(match &cluster {
        Ok(cluster) => cluster.policies(&request.tenancy),
        Err(needed) => Check::skip(Topic::Policies, *needed),
    });
    let client = cluster.as_ref().ok().map(|cluster| cluster.client.clone());
    let (found, reached) = match azure {
        Ok(azure) => azure::reach(azure, &request.tenancy, client).await,
        Err(why) => (
            vec![
                Check::skip(Topic::Credential, Topic::Arm),
                Check::skip(Topic::Token, Topic::Arm),
                Check::fail(Topic::Arm, why),
            ],
            Err(Topic::Arm),
        ),
    };
    checks.extend(found);
    let cluster = match cluster {
        Ok(cluster) => cluster,
        Err(needed) => {
            checks.push(Check::skip(request.scope.topic(), needed));
            return checks;
        }
    };
    let reached = reached.as_ref().map_err(|needed| *needed);
    checks.extend(match request.scope {
        Scope::Installation => cluster.as_a_whole(&request.tenancy, reached, now).await,
        Scope::Everywhere | Scope::Namespace(_) | Scope::Object { .. } => {
            cluster
                .one_by_one(&request.tenancy, reached, (now, since))
                .await
        }
    });
    checks
}

/// The cluster, as far as it answers.
struct Cluster {
    client: Client,
    caller: Caller,
    place: Place,
    objects: Result<(Vec<AttachedDatabase>, Vec<Unreadable>), Problem>,
    neighbours: Neighbours,
}

/// Looks at the API server, and reads what there is; else the check that tells why not.
async fn cluster(
    request: &Request,
    kubernetes: Result<Client, String>,
) -> (Vec<Check>, Result<Cluster, Topic>) {
    let answer = match kubernetes {
        Ok(client) => kubernetes::version(&client)
            .await
            .map(|check| (client, check)),
        Err(why) => {
            let check = Check::fail(Topic::Kubernetes, why);
            Err(check.mended_by("kubectl config get-contexts"))
        }
    };
    let (client, version) = match answer {
        Ok(answer) => answer,
        Err(version) => {
            let mut checks = vec![version];
            checks.extend([Topic::Crd, Topic::Rights].map(|id| Check::skip(id, Topic::Kubernetes)));
            let lease = request.election.as_ref().map(|_| Topic::Lease);
            checks.extend(lease.map(|id| Check::skip(id, Topic::Kubernetes)));
            return (checks, Err(Topic::Kubernetes));
        }
    };
    let mut checks = vec![version];
    let caller = kubernetes::caller(&client).await;
    let (definitions, served) = kubernetes::definitions(&client, &request.tenancy).await;
    checks.extend(definitions);
    let place = request.scope.place(client.default_namespace());
    let rights = kubernetes::rights(&client, &caller, &request.tenancy, place.namespace()).await;
    checks.push(rights);
    if let Some(election) = &request.election {
        let namespace = election.namespace.as_deref();
        let lease = Lease {
            namespace: namespace
                .unwrap_or_else(|| client.default_namespace())
                .to_owned(),
            name: election.name.clone(),
        };
        checks.push(kubernetes::lease(&client, &caller, &lease).await);
    }
    if !served {
        return (checks, Err(Topic::Crd));
    }
    let objects = neighbours::objects(&client, &place).await;
    let listed = objects.as_ref().map_or(&[][..], |(objects, _)| objects);
    let cluster = Cluster {
        neighbours: neighbours::neighbours(&client, &request.tenancy, listed).await,
        client,
        caller,
        place,
        objects,
    };
    (checks, Ok(cluster))
}

impl Cluster {
    fn policies(&self, tenancy: &Tenancy) -> Check {
        match self.neighbours.problem(Kind::Policies) {
            Some(problem) => problem.check(Topic::Policies, &self.caller),
            None => installation::policies(tenancy, &self.neighbours.policies),
        }
    }

    /// The objects, counted, and the subscriptions that the operator's identity is used for.
    async fn as_a_whole(
        &self,
        tenancy: &Tenancy,
        reached: Result<&Reached, Topic>,
        now: Timestamp,
    ) -> Vec<Check> {
        let (objects, unreadable) = match &self.objects {
            Ok(found) => found,
            Err(problem) => {
                return vec![
                    Check::skip(Topic::Subscription, Topic::Objects),
                    problem.check(Topic::Objects, &self.caller),
                ];
            }
        };
        let mut checks = match reached {
            Ok(reached) => match self.lent(tenancy, objects) {
                Ok(clusters) => azure::subscriptions(reached, &clusters).await,
                Err(problem) => vec![problem.check(Topic::Subscription, &self.caller)],
            },
            Err(needed) => vec![Check::skip(Topic::Subscription, needed)],
        };
        checks.push(installation::objects(objects, unreadable.len(), now));
        checks
    }

    /// The clusters that the operator's identity may be used on. An administrator names those of policies; those of an
    /// object count where a policy allows it, since an author may name what they like.
    fn lent(
        &self,
        tenancy: &Tenancy,
        objects: &[AttachedDatabase],
    ) -> Result<Vec<ClusterId>, &Problem> {
        let Neighbours {
            known, followers, ..
        } = &self.neighbours;
        let clusters: Vec<ClusterId> = objects
            .iter()
            .flat_map(|object| access::lent(tenancy, known, object))
            .chain(followers.iter().cloned())
            .collect();
        let unknown = [Kind::Policies, Kind::Namespaces]
            .into_iter()
            .find_map(|kind| self.neighbours.problem(kind));
        match unknown {
            Some(problem) if clusters.is_empty() => Err(problem),
            Some(_) | None => Ok(clusters),
        }
    }

    /// Each object by itself.
    async fn one_by_one(
        &self,
        tenancy: &Tenancy,
        azure: Result<&Reached, Topic>,
        (now, since): (Timestamp, Instant),
    ) -> Vec<Check> {
        let (objects, unreadable) = match &self.objects {
            Ok(found) => found,
            Err(problem) => return vec![problem.check(Topic::Object, &self.caller)],
        };
        if objects.is_empty() && unreadable.is_empty() {
            return vec![self.place.nothing()];
        }
        let mut checks: Vec<Check> = unreadable.iter().map(Unreadable::check).collect();
        let issuer = kubernetes::issuer(&self.client).await;
        let practice = Practice {
            tenancy,
            neighbours: &self.neighbours,
            azure,
            caller: &self.caller,
            issuer: issuer.as_deref(),
            now,
            since,
            forecasters: Mutex::new(HashMap::new()),
        };
        let examined = stream::iter(objects).map(|object| practice.examine(object));
        let examined: Vec<Vec<Check>> = examined.buffered(CONCURRENCY).collect().await;
        checks.extend(examined.into_iter().flatten());
        checks
    }
}
