//! Lists, page by page.

use std::collections::HashSet;

use bytes::Bytes;
use http::Method;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use super::{ArmClient, Missing};
use crate::azure::{
    address::trusted,
    answer::Answer,
    call::{ArmCall, Call},
    error::ArmError,
    id::ClusterId,
    model::{from_object, word},
};

/// Most pages of one list. With the smallest page of ARM's (five items, arm-kusto.md §5) half of the 10,000 databases
/// that a cluster can have, with the usual ones far more than all.
const MAX_PAGES: usize = 1000;

/// One page. A list is there even when it is empty: an answer without one must not read as "nothing exists".
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    // Maps, since serde would take an array for the fields of a struct in order.
    value: Vec<Map<String, Value>>,
    #[serde(default, deserialize_with = "word")]
    next_link: Option<String>,
}

impl ArmClient {
    /// All items of the list `path` below `cluster`; `None` when ARM says that the cluster or its resource group does
    /// not exist.
    pub(super) async fn list<T: DeserializeOwned>(
        &self,
        kind: ArmCall,
        cluster: &ClusterId,
        path: &str,
        expected: &'static str,
    ) -> Result<Option<Vec<T>>, ArmError> {
        let mut call = self.cluster_call(kind, cluster, &[path], None)?;
        let mut items = Vec::new();
        let mut asked = HashSet::new();
        for _ in 0..MAX_PAGES {
            let answer = self.0.send(&call).await?;
            match answer.status {
                200 => {}
                // On a later page it may be the link that is gone, not the cluster.
                404 if asked.is_empty() => {
                    return match Missing::of(&answer.refusal()) {
                        Missing::Resource | Missing::Parent | Missing::ResourceGroup => Ok(None),
                        Missing::Other => Err(answer.unexpected(expected, "")),
                    };
                }
                _ => return Err(answer.unexpected(expected, "no list comes with this status")),
            }
            let page: Page =
                from_object(&answer.body).map_err(|error| answer.unexpected(expected, error))?;
            for item in page.value {
                let item = T::deserialize(Value::Object(item))
                    .map_err(|error| answer.unexpected(expected, error))?;
                items.push(item);
            }
            let Some(link) = page.next_link else {
                return Ok(Some(items));
            };
            asked.insert(call.url);
            call = Call {
                kind,
                method: Method::GET,
                url: self.next_page(&link, &asked, &answer, expected)?,
                subscription: Some(cluster.subscription()),
                body: None,
            };
        }
        Err(ArmError::Malformed {
            intent: kind.intent(),
            status: 200,
            expected,
            detail: format!("it has more than {MAX_PAGES} pages"),
        })
    }

    fn next_page(
        &self,
        link: &str,
        asked: &HashSet<String>,
        answer: &Answer,
        expected: &'static str,
    ) -> Result<String, ArmError> {
        let url = trusted(link, self.endpoint())
            .map_err(|error| answer.unexpected(expected, format!("`nextLink`: {error}")))?;
        if asked.contains(&url) {
            return Err(answer.unexpected(expected, "`nextLink` leads back to an earlier page"));
        }
        Ok(url)
    }

    /// A call on what lies `below` a cluster.
    pub(super) fn cluster_call<'a>(
        &self,
        kind: ArmCall,
        cluster: &'a ClusterId,
        below: &[&str],
        body: Option<Bytes>,
    ) -> Result<Call<'a>, ArmError> {
        self.call(
            kind,
            &cluster.to_string(),
            below,
            cluster.subscription(),
            body,
        )
    }
}
