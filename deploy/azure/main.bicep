// The roles, an identity for one ServiceAccount, and its rights on given clusters and nothing else.
//
// Deploy it once for the operator, and once for each ServiceAccount whose objects have an identity of their own.
targetScope = 'subscription'

@description('The resource group of the identity. It must exist.')
param identityResourceGroup string

@description('The name of the identity.')
param identityName string = 'adx-follower-operator'

@description('The region of the identity.')
param location string = deployment().location

@description('The issuer of the Kubernetes cluster\'s ServiceAccount tokens.')
param issuer string

@description('The namespace of the ServiceAccount.')
param namespace string = 'adx-follower-system'

@description('The ServiceAccount: the operator\'s, or the one that objects name in spec.serviceAccountName.')
param serviceAccount string = 'adx-follower-operator'

@description('Resource ids of the clusters that may follow, in this subscription or, if assignableScopes has it, in another.')
param followers array

@description('Resource ids of the clusters that may be followed.')
param leaders array

@description('Subscriptions of the clusters, as /subscriptions/GUID.')
param assignableScopes array = [subscription().id]

module followerRole 'role.bicep' = {
  name: 'adx-follower-role-follower'
  params: {
    definition: loadJsonContent('roles/follower.json')
    assignableScopes: assignableScopes
  }
}

module leaderRole 'role.bicep' = {
  name: 'adx-follower-role-leader'
  params: {
    definition: loadJsonContent('roles/leader.json')
    assignableScopes: assignableScopes
  }
}

module operationsRole 'role.bicep' = {
  name: 'adx-follower-role-operations'
  params: {
    definition: loadJsonContent('roles/operations.json')
    assignableScopes: assignableScopes
  }
}

module identity 'identity.bicep' = {
  name: 'adx-follower-identity-${uniqueString(identityResourceGroup, identityName)}'
  scope: resourceGroup(identityResourceGroup)
  params: {
    name: identityName
    location: location
    issuer: issuer
    namespace: namespace
    serviceAccount: serviceAccount
  }
}

// A cluster id is /subscriptions/[2]/resourceGroups/[4]/providers/Microsoft.Kusto/clusters/[8].
module onFollowers 'cluster-assignment.bicep' = [for id in followers: {
  name: 'adx-follower-${uniqueString(identityName, id, 'follower')}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    clusterName: split(id, '/')[8]
    principalId: identity.outputs.principalId
    roleDefinitionId: followerRole.outputs.id
  }
}]

module onLeaders 'cluster-assignment.bicep' = [for id in leaders: {
  name: 'adx-follower-${uniqueString(identityName, id, 'leader')}'
  scope: resourceGroup(split(id, '/')[2], split(id, '/')[4])
  params: {
    clusterName: split(id, '/')[8]
    principalId: identity.outputs.principalId
    roleDefinitionId: leaderRole.outputs.id
  }
}]

var groups = union(
  map(followers, id => '${split(id, '/')[2]}/${split(id, '/')[4]}'),
  map(leaders, id => '${split(id, '/')[2]}/${split(id, '/')[4]}')
)

module onGroups 'group-assignment.bicep' = [for group in groups: {
  name: 'adx-follower-${uniqueString(identityName, group, 'operations')}'
  scope: resourceGroup(split(group, '/')[0], split(group, '/')[1])
  params: {
    principalId: identity.outputs.principalId
    roleDefinitionId: operationsRole.outputs.id
  }
}]

@description('For the annotation azure.workload.identity/client-id of the ServiceAccount.')
output clientId string = identity.outputs.clientId

@description('For the annotation azure.workload.identity/tenant-id of the ServiceAccount.')
output tenantId string = identity.outputs.tenantId
