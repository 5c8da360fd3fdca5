// An identity that one ServiceAccount of one Kubernetes cluster may use, and nobody else.
param name string
param location string = resourceGroup().location

@description('The issuer of the Kubernetes cluster\'s ServiceAccount tokens.')
param issuer string

@description('The namespace of the ServiceAccount.')
param namespace string

@description('The name of the ServiceAccount.')
param serviceAccount string

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31' = {
  name: name
  location: location
}

resource credential 'Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials@2023-01-31' = {
  parent: identity
  name: 'kubernetes'
  properties: {
    issuer: issuer
    subject: 'system:serviceaccount:${namespace}:${serviceAccount}'
    audiences: ['api://AzureADTokenExchange']
  }
}

output clientId string = identity.properties.clientId
output principalId string = identity.properties.principalId
output tenantId string = identity.properties.tenantId
