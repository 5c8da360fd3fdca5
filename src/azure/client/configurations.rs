//! Configurations.

use bytes::Bytes;

use super::{ArmClient, Missing, read};
use crate::azure::{
    call::{ArmCall, Call},
    error::ArmError,
    id::{ClusterId, ConfigurationId},
    model::{Configuration, ConfigurationRequest, from_object},
    operation::{Accepted, Deleted},
};

impl ArmClient {
    /// Reads a configuration; `None` when the cluster has none of this name.
    ///
    /// # Errors
    /// [`ArmError`], with reason `ParentNotFound` when the cluster or its resource group does not exist.
    pub async fn configuration(
        &self,
        id: &ConfigurationId,
    ) -> Result<Option<Configuration>, ArmError> {
        let call = self.configuration_call(ArmCall::GetConfiguration, id, None)?;
        let answer = self.0.send(&call).await?;
        match answer.status {
            200 => read(&answer, "a configuration").map(|read| Some(named(read, id))),
            404 if Missing::of(&answer.refusal()) == Missing::Resource => Ok(None),
            _ => {
                Err(answer.unexpected("a configuration", "no configuration comes with this status"))
            }
        }
    }

    /// All configurations of a cluster; `None` when the cluster or its resource group does not exist.
    ///
    /// # Errors
    /// [`ArmError`]; also when one of them has no name, since it could be any.
    pub async fn configurations(
        &self,
        cluster: &ClusterId,
    ) -> Result<Option<Vec<Configuration>>, ArmError> {
        const EXPECTED: &str = "a list of configurations";
        let kind = ArmCall::ListConfigurations;
        let listed: Option<Vec<Configuration>> = self
            .list(kind, cluster, "attachedDatabaseConfigurations", EXPECTED)
            .await?;
        let is_nameless = |configuration: &Configuration| configuration.name.is_empty();
        if listed.iter().flatten().any(is_nameless) {
            return Err(ArmError::Malformed {
                intent: kind.intent(),
                status: 200,
                expected: EXPECTED,
                detail: "a configuration without a name".to_owned(),
            });
        }
        Ok(listed)
    }

    /// Creates a configuration, or replaces it as a whole: what `request` leaves out is cleared.
    ///
    /// # Errors
    /// [`ArmError`]; ask it for its [`outcome`](ArmError::outcome) before writing again.
    pub async fn put_configuration(
        &self,
        id: &ConfigurationId,
        request: &ConfigurationRequest,
    ) -> Result<Accepted, ArmError> {
        let body = Bytes::from(request.to_body().to_string());
        let call = self.configuration_call(ArmCall::PutConfiguration, id, Some(body))?;
        let answer = self.0.send(&call).await?;
        if !matches!(answer.status, 200..=202) {
            return Err(
                answer.unexpected("an accepted configuration", "no PUT ends with this status")
            );
        }
        let mut accepted = self.accepted(&answer, &call);
        accepted.configuration = match from_object(&answer.body) {
            Ok(configuration) => Some(named(configuration, id)),
            // 202 may be empty, and an operation tells more than the echo.
            Err(_)
                if accepted.operation.is_some()
                    || (answer.status == 202 && answer.body.is_empty()) =>
            {
                None
            }
            Err(error) => return Err(answer.unexpected("an accepted configuration", error)),
        };
        Ok(accepted)
    }

    /// Deletes a configuration, which detaches its databases.
    ///
    /// # Errors
    /// [`ArmError`], with reason `ParentNotFound` when the cluster or its resource group does not exist; ask it for its
    /// [`outcome`](ArmError::outcome) before writing again.
    pub async fn delete_configuration(&self, id: &ConfigurationId) -> Result<Deleted, ArmError> {
        let call = self.configuration_call(ArmCall::DeleteConfiguration, id, None)?;
        let answer = self.0.send(&call).await?;
        match answer.status {
            // A 200 with an operation is still an operation (arm-kusto.md §2.3).
            200 | 202 => Ok(Deleted::Accepted(self.accepted(&answer, &call))),
            204 => Ok(Deleted::Absent),
            404 if Missing::of(&answer.refusal()) == Missing::Resource => Ok(Deleted::Absent),
            _ => Err(answer.unexpected("an accepted deletion", "no DELETE ends with this status")),
        }
    }

    fn configuration_call<'a>(
        &self,
        kind: ArmCall,
        id: &'a ConfigurationId,
        body: Option<Bytes>,
    ) -> Result<Call<'a>, ArmError> {
        self.call(
            kind,
            &id.to_string(),
            &[],
            id.cluster().subscription(),
            body,
        )
    }
}

/// `read` with the name by which it was asked for, if the body gives none.
fn named(mut read: Configuration, id: &ConfigurationId) -> Configuration {
    if read.name.is_empty() {
        id.name().clone_into(&mut read.name);
    }
    read
}
