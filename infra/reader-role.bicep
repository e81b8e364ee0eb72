// The narrower variant: one custom role with exactly the actions that the collectors declare, and its assignment.
// reader-role-actions.json is made from the collectors; a test holds it to them.
targetScope = 'subscription'

@description('Object id of the service principal, managed identity, person or group that reads.')
param principalId string

@description('What the object id is of.')
@allowed([
  'ServicePrincipal'
  'User'
  'Group'
])
param principalType string = 'ServicePrincipal'

// No two custom roles of a tenant may have the same name, and each subscription gets its own.
var roleName = 'Evidence Connector Reader (${subscription().subscriptionId})'

resource role 'Microsoft.Authorization/roleDefinitions@2022-04-01' = {
  name: guid(subscription().id, roleName)
  properties: {
    roleName: roleName
    description: 'Reads exactly what the Azure Evidence Connector reads. Changes nothing.'
    type: 'CustomRole'
    permissions: [
      {
        actions: loadJsonContent('reader-role-actions.json')
        notActions: []
      }
    ]
    assignableScopes: [
      subscription().id
    ]
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(subscription().id, principalId, roleName)
  properties: {
    roleDefinitionId: role.id
    principalId: principalId
    principalType: principalType
  }
}
