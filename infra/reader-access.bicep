// What a connection needs in one subscription: three roles that read, and nothing else.
// Management groups: reader-access-management-group.bicep. One narrower role instead: reader-role.bicep.
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

// Names and ids: https://learn.microsoft.com/azure/role-based-access-control/built-in-roles
var reader = 'acdd72a7-3385-48ef-bd42-f606fba81ae7'
var securityReader = '39bc4728-0917-49c7-9d2c-d95423bc2eb4'
var monitoringReader = '43d0d8ad-25c7-4714-9337-8ba259a9fe05'

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [for role in [
  reader
  securityReader
  monitoringReader
]: {
  name: guid(subscription().id, principalId, role)
  properties: {
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', role)
    principalId: principalId
    principalType: principalType
  }
}]
