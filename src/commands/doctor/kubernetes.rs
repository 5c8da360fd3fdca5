//! What the API server tells. I/O: reads, and questions about the caller that change nothing.

use std::{fmt, future::Future, time::Duration};

use futures::future::join_all;
use http::Request;
use k8s_openapi::{
    api::{
        authentication::v1::SelfSubjectReview,
        authorization::v1::{
            ResourceAttributes, SelfSubjectAccessReview, SelfSubjectAccessReviewSpec,
        },
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{Api, Client, ResourceExt as _, api::PostParams};
use serde::Deserialize;
use tokio::time::timeout;

use crate::{
    api::{POLICY_KIND, crds},
    controller::Tenancy,
    error_chain::ErrorChain,
};

use super::{
    checks::{Check, Topic},
    definition::{self, Service},
    installation,
    lease::{self, Lease, Use},
    rights::{self, Caller, Right},
};

/// How long one answer may take.
const DEADLINE: Duration = Duration::from_secs(20);

/// Why the API server did not tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Problem {
    /// The caller may not know.
    Forbidden(String),
    /// Anything else.
    Other(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forbidden(message) | Self::Other(message) => f.write_str(message),
        }
    }
}

impl Problem {
    /// As a check of what `caller` wanted to know.
    pub(super) fn check(&self, topic: Topic, caller: &Caller) -> Check {
        match self {
            Self::Forbidden(message) => caller.check(topic, message.clone()),
            Self::Other(message) => Check::fail(topic, message.clone()),
        }
    }
}

/// Waits for an answer, for so long and no longer.
pub(super) async fn within<T>(
    asked: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, Problem> {
    match timeout(DEADLINE, asked).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) if status.is_forbidden() => {
            Err(Problem::Forbidden(status.message))
        }
        Ok(Err(kube::Error::Api(status))) => Err(Problem::Other(format!(
            "the API server answered {}: {}",
            status.code, status.message
        ))),
        Ok(Err(error)) => Err(Problem::Other(ErrorChain(&error).to_string())),
        Err(_elapsed) => Err(Problem::Other(format!(
            "the API server did not answer within {} s",
            DEADLINE.as_secs()
        ))),
    }
}

/// Which API server there is; the error is that of one that does not answer.
pub(super) async fn version(client: &Client) -> Result<Check, Check> {
    match within(client.apiserver_version()).await {
        Ok(info) => Ok(installation::version(&info.major, &info.minor)),
        Err(problem) => Err(Check::fail(Topic::Kubernetes, problem.to_string())
            .mended_by("kubectl config current-context\nkubectl cluster-info")),
    }
}

/// The resource definitions that are installed, and whether those that matter are served.
pub(super) async fn definitions(client: &Client, tenancy: &Tenancy) -> (Vec<Check>, bool) {
    let api = Api::<CustomResourceDefinition>::all(client.clone());
    let ours = crds();
    let checks = ours.iter().map(|ours| async {
        let name = ours.name_any();
        let matters = ours.spec.names.kind != POLICY_KIND || tenancy.heeds_policies();
        match within(api.get_opt(&name)).await {
            Ok(live) => {
                let (check, service) = definition::judge(ours, live.as_ref());
                (check, !matters || service == Service::Served)
            }
            // The operator never reads them, and what they define may well be there.
            Err(problem) => (
                Check::warn(Topic::Crd, problem.to_string()).about(name),
                true,
            ),
        }
    });
    let (checks, served): (Vec<Check>, Vec<bool>) = join_all(checks).await.into_iter().unzip();
    (checks, served.into_iter().all(|served| served))
}

/// Who asks.
pub(super) async fn caller(client: &Client) -> Caller {
    let api = Api::<SelfSubjectReview>::all(client.clone());
    let (params, review) = (PostParams::default(), SelfSubjectReview::default());
    let asked = api.create(&params, &review);
    let user = within(asked).await.ok().and_then(|review| {
        let user = review.status?.user_info?;
        user.username
    });
    user.map_or(Caller::Unknown, |user| Caller::named(&user))
}

/// Which of the operator's rights the caller has: in `namespace`, or everywhere.
pub(super) async fn rights(
    client: &Client,
    caller: &Caller,
    tenancy: &Tenancy,
    namespace: Option<&str>,
) -> Check {
    let all = rights::needed(tenancy);
    match lacking(client, &all, |right| attributes(right, namespace)).await {
        Err(problem) => unknown(Topic::Rights, &problem),
        Ok(lacking) => rights::judge(caller, namespace, &all, &lacking),
    }
}

/// Which rights to `lease` the caller has.
pub(super) async fn lease(client: &Client, caller: &Caller, lease: &Lease) -> Check {
    let attributes = |usage: Use| ResourceAttributes {
        group: Some(lease::GROUP.to_owned()),
        resource: Some(lease::RESOURCE.to_owned()),
        verb: Some(usage.verb().to_owned()),
        namespace: Some(lease.namespace.clone()),
        name: usage.is_by_name().then(|| lease.name.clone()),
        ..ResourceAttributes::default()
    };
    match lacking(client, &Use::ALL, attributes).await {
        Err(problem) => unknown(Topic::Lease, &problem),
        Ok(lacking) => lease::judge(caller, lease, &lacking),
    }
}

fn unknown(topic: Topic, problem: &Problem) -> Check {
    Check::warn(
        topic,
        format!("the caller's rights are not known: {problem}"),
    )
}

/// Those of `all` that the caller may not do.
async fn lacking<T: Copy>(
    client: &Client,
    all: &[T],
    attributes: impl Fn(T) -> ResourceAttributes,
) -> Result<Vec<T>, Problem> {
    let api = Api::<SelfSubjectAccessReview>::all(client.clone());
    let asked = all.iter().map(|right| {
        let review = SelfSubjectAccessReview {
            spec: SelfSubjectAccessReviewSpec {
                resource_attributes: Some(attributes(*right)),
                non_resource_attributes: None,
            },
            ..SelfSubjectAccessReview::default()
        };
        let api = api.clone();
        async move {
            let answer = within(api.create(&PostParams::default(), &review)).await?;
            let allowed = answer.status.is_some_and(|status| status.allowed);
            Ok((!allowed).then_some(*right))
        }
    });
    let answers: Result<Vec<Option<T>>, Problem> = join_all(asked).await.into_iter().collect();
    Ok(answers?.into_iter().flatten().collect())
}

fn attributes(right: Right, namespace: Option<&str>) -> ResourceAttributes {
    let text = |text: &str| Some(text.to_owned());
    ResourceAttributes {
        group: text(right.group),
        resource: text(right.resource),
        subresource: right.subresource.and_then(text),
        verb: text(right.verb),
        namespace: namespace.and_then(text),
        // An operator of some namespaces may look at those alone, by their names.
        name: namespace
            .filter(|_| right.resource == "namespaces")
            .and_then(text),
        ..ResourceAttributes::default()
    }
}

/// Who issues the tokens of ServiceAccounts, if the caller may know.
pub(super) async fn issuer(client: &Client) -> Option<String> {
    #[derive(Deserialize)]
    struct Document {
        issuer: String,
    }
    let request = Request::get("/.well-known/openid-configuration")
        .body(Vec::new())
        .ok()?;
    let asked = client.request::<Document>(request);
    within(asked).await.ok().map(|document| document.issuer)
}
