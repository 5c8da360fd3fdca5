// A custom role from a file in the form that `az role definition create` takes.
targetScope = 'subscription'

@description('The content of role.json, or of a file in roles/.')
param definition object

@description('Where the role may be assigned: subscriptions, or resource groups in them.')
param assignableScopes array = [subscription().id]

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  // The same id each time in one subscription, so that a second deployment updates the role.
  name: guid(subscription().id, definition.Name)
  properties: {
    roleName: definition.Name
    description: definition.Description
    type: 'CustomRole'
    permissions: [
      {
        actions: definition.Actions
        notActions: definition.NotActions
      }
    ]
    assignableScopes: assignableScopes
  }
}

output id string = role.id
