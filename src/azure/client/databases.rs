//! Databases, a cluster's own and those it follows.

use super::{ArmClient, Missing, read};
use crate::azure::{call::ArmCall, error::ArmError, id::ClusterId, model::Database};

impl ArmClient {
    /// All databases of a cluster; `None` when the cluster or its resource group does not exist.
    ///
    /// # Errors
    /// [`ArmError`], with reason `ClusterNotRunning` when the cluster is stopped or starting: its databases are then
    /// unknown, not absent.
    pub async fn databases(&self, cluster: &ClusterId) -> Result<Option<Vec<Database>>, ArmError> {
        self.list(
            ArmCall::ListDatabases,
            cluster,
            "databases",
            "a list of databases",
        )
        .await
    }

    /// Reads a database; `None` when the cluster has none of this name.
    ///
    /// # Errors
    /// As [`databases`](Self::databases); with reason `ParentNotFound` when the cluster or its resource group does not
    /// exist.
    pub async fn database(
        &self,
        cluster: &ClusterId,
        name: &str,
    ) -> Result<Option<Database>, ArmError> {
        // As segments of an address these name the list, or what is above it.
        if matches!(name, "" | "." | "..") {
            return Ok(None);
        }
        let call = self.cluster_call(ArmCall::GetDatabase, cluster, &["databases", name], None)?;
        let answer = self.0.send(&call).await?;
        match answer.status {
            200 => read(&answer, "a database").map(Some),
            404 if Missing::of(&answer.refusal()) == Missing::Resource => Ok(None),
            _ => Err(answer.unexpected("a database", "no database comes with this status")),
        }
    }
}
