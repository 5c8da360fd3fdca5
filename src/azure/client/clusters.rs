//! Clusters, and who follows one.

use bytes::Bytes;
use serde_json::json;

use super::{ArmClient, Missing, read};
use crate::azure::{
    call::ArmCall,
    error::ArmError,
    id::{ClusterId, ConfigurationId},
    model::{Cluster, FollowerRow},
    operation::Deleted,
};

impl ArmClient {
    /// Reads a cluster; `None` when it or its resource group does not exist.
    ///
    /// # Errors
    /// [`ArmError`]; also when the subscription is not known, since that is as well what a wrong tenant sees.
    pub async fn cluster(&self, id: &ClusterId) -> Result<Option<Cluster>, ArmError> {
        let call = self.cluster_call(ArmCall::GetCluster, id, &[], None)?;
        let answer = self.0.send(&call).await?;
        match answer.status {
            200 => read(&answer, "a cluster").map(Some),
            404 => match Missing::of(&answer.refusal()) {
                Missing::Resource | Missing::ResourceGroup => Ok(None),
                Missing::Parent | Missing::Other => Err(answer.unexpected("a cluster", "")),
            },
            _ => Err(answer.unexpected("a cluster", "no cluster comes with this status")),
        }
    }

    /// Who follows `leader`, of any origin; `None` when the leader or its resource group does not exist.
    ///
    /// Being a POST, it spends ARM's budget of writes, not that of reads (arm-kusto.md §4.1, §8).
    ///
    /// # Errors
    /// [`ArmError`]. Without `Microsoft.Kusto/Clusters/ListFollowerDatabases/action`, which a reader lacks, 403.
    pub async fn followers(
        &self,
        leader: &ClusterId,
    ) -> Result<Option<Vec<FollowerRow>>, ArmError> {
        self.list(
            ArmCall::ListFollowers,
            leader,
            "listFollowerDatabases",
            "a list of followers",
        )
        .await
    }

    /// Detaches `configuration` from the side of `leader`, whether or not its follower answers.
    ///
    /// [`Deleted::Absent`] means that ARM found no such leader, or no such follower of it. It does not say that the
    /// configuration on the follower is gone.
    ///
    /// # Errors
    /// [`ArmError`]; ask it for its [`outcome`](ArmError::outcome) before writing again. A leader that has no such
    /// follower may well refuse with 400: no recorded answer tells (arm-kusto.md §4.2).
    pub async fn detach_follower(
        &self,
        leader: &ClusterId,
        configuration: &ConfigurationId,
    ) -> Result<Deleted, ArmError> {
        let body = json!({
            "clusterResourceId": configuration.cluster().to_string(),
            "attachedDatabaseConfigurationName": configuration.name(),
        });
        let call = self.cluster_call(
            ArmCall::DetachFollower,
            leader,
            &["detachFollowerDatabases"],
            Some(Bytes::from(body.to_string())),
        )?;
        let answer = self.0.send(&call).await?;
        match answer.status {
            200 | 202 => Ok(Deleted::Accepted(self.accepted(&answer, &call))),
            204 => Ok(Deleted::Absent),
            404 => match Missing::of(&answer.refusal()) {
                Missing::Resource | Missing::Parent | Missing::ResourceGroup => Ok(Deleted::Absent),
                Missing::Other => Err(answer.unexpected("an accepted detach", "")),
            },
            _ => Err(answer.unexpected("an accepted detach", "no detach ends with this status")),
        }
    }
}
