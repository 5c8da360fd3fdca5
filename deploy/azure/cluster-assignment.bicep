// Assigns a role on one cluster, and on nothing beside it.
param clusterName string
param principalId string
param roleDefinitionId string

resource cluster 'Microsoft.Kusto/clusters@2024-04-13' existing = {
  name: clusterName
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(cluster.id, principalId, roleDefinitionId)
  scope: cluster
  properties: {
    roleDefinitionId: roleDefinitionId
    principalId: principalId
    // Without it a new identity, not yet known everywhere in Entra, makes the assignment fail.
    principalType: 'ServicePrincipal'
  }
}
