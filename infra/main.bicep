// Azure Evidence Connector: everything the app needs, in one resource group. docs/deploy.md says how to use it.
targetScope = 'resourceGroup'

@description('Name of this deployment, such as evidence-prod; the names of all resources begin with its first letters.')
@minLength(2)
@maxLength(64)
param environmentName string

@description('Region of all resources; it must offer Flex Consumption with Python 3.13.')
param location string = resourceGroup().location

@description('The cloud that is deployed to and read; it also decides the names of the private DNS zones.')
@allowed([
  'AzureCloud'
  'AzureUSGovernment'
  'AzureChinaCloud'
])
param azureCloud string = 'AzureCloud'

@description('Client id of the app registration whose tokens callers show; empty: a Functions key suffices.')
param apiClientId string = ''

@description('Client ids that may call, when apiClientId is set, with commas between; empty: every client of the tenant.')
param apiAllowedClientIds string = ''

@description('Origins of portals that call from a browser, such as https://portal.contoso.com, with commas between.')
param portalOrigins string = ''

@description('Client id of the sign-in application; empty: no sign-in with Microsoft.')
param signInClientId string = ''

@description('Name of the secret in the key vault that holds the client secret of the sign-in application.')
param signInSecretName string = 'sign-in-client-secret'

@description('Addresses that a sign-in may return to, with commas between.')
param signInReturnUrls string = ''

@description('data: storage and vault by private endpoints only; full: the app too; off: all by identity over public addresses.')
@allowed([
  'off'
  'data'
  'full'
])
param networkIsolation string = 'data'

@description('Address space of the virtual network; not used where networkIsolation is off, as are its subnets.')
param addressPrefix string = '10.90.0.0/24'

@description('Subnet that the app goes out by, a /27 at least; inside addressPrefix.')
param appSubnetPrefix string = '10.90.0.0/26'

@description('Subnet of the private endpoints; inside addressPrefix.')
param endpointSubnetPrefix string = '10.90.0.64/26'

@description('When daily connections are synced: NCRONTAB in six fields, UTC.')
param dailySchedule string = '0 30 2 * * *'

@description('When hourly connections are synced: NCRONTAB in six fields, UTC.')
param hourlySchedule string = '0 5 * * * *'

@description('Budget guard: the most instances that may run at one time.')
@minValue(1)
@maxValue(1000)
param maximumInstanceCount int = 40

@description('Instances that always stand ready for HTTP calls: 0 costs nothing while nobody calls.')
@minValue(0)
@maxValue(10)
param alwaysReadyCount int = 0

@description('Keep storage and vault from being deleted, also by azd down or with the resource group.')
param keepEvidence bool = true

@description('Copies of the stored data: Standard_ZRS needs a region with availability zones, Standard_LRS none.')
@allowed([
  'Standard_ZRS'
  'Standard_GZRS'
  'Standard_GRS'
  'Standard_LRS'
])
param storageRedundancy string = 'Standard_ZRS'

@description('Days that logs are kept.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('E-mail addresses that alerts go to, with commas between; empty: alerts show in the portal only.')
param alertEmails string = ''

@description('Further app settings by name, such as CHECK_THRESHOLDS; README.md lists them all.')
param extraSettings object = {}

var isolated = networkIsolation != 'off'
// Lists are texts with commas, which azd can fill in from its environment.
var allowedClientIds = empty(apiAllowedClientIds) ? [] : split(replace(apiAllowedClientIds, ' ', ''), ',')
var origins = empty(portalOrigins) ? [] : split(replace(portalOrigins, ' ', ''), ',')
var returnUrls = empty(signInReturnUrls) ? [] : split(replace(signInReturnUrls, ' ', ''), ',')
var emails = empty(alertEmails) ? [] : split(replace(alertEmails, ' ', ''), ',')
// What azd allows in a name besides letters and digits: a storage account takes none of it.
var oneWord = toLower(replace(replace(replace(environmentName, '-', ''), '_', ''), '.', ''))
var letters = replace(replace(oneWord, '(', ''), ')', '')
// The name of a vault begins with a letter. Storage accounts and vaults have 24 characters at most, suffix included.
var prefix = take(contains('0123456789', take('${letters}0', 1)) ? 'e${letters}' : letters, 10)
var suffix = uniqueString(resourceGroup().id, environmentName)
var tags = {
  application: 'azure-evidence-connector'
  'azd-env-name': environmentName
}

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: '${prefix}-identity-${suffix}'
  location: location
  tags: tags
}

module network 'modules/network.bicep' = if (isolated) {
  name: 'network'
  params: {
    name: '${prefix}-network-${suffix}'
    location: location
    tags: tags
    addressPrefix: addressPrefix
    appSubnetPrefix: appSubnetPrefix
    endpointSubnetPrefix: endpointSubnetPrefix
  }
}

module storage 'modules/storage.bicep' = {
  name: 'storage'
  params: {
    name: take('${prefix}${suffix}', 24)
    location: location
    tags: tags
    redundancy: storageRedundancy
    publicAccess: !isolated
    keep: keepEvidence
  }
}

module vault 'modules/key-vault.bicep' = {
  name: 'key-vault'
  params: {
    name: take('${prefix}-${suffix}', 24)
    location: location
    tags: tags
    publicAccess: !isolated
    keep: keepEvidence
    workspaceId: monitoring.outputs.workspaceId
  }
}

module monitoring 'modules/monitoring.bicep' = {
  name: 'monitoring'
  params: {
    name: '${prefix}-logs-${suffix}'
    location: location
    tags: tags
    retentionDays: logRetentionDays
  }
}

module roles 'modules/roles.bicep' = {
  name: 'roles'
  params: {
    principalId: identity.properties.principalId
    storageName: storage.outputs.name
    vaultName: vault.outputs.name
    insightsName: monitoring.outputs.insightsName
  }
}

// Before the app: its first start needs the storage, and its settings the vault.
module dataEndpoints 'modules/private-endpoints.bicep' = if (isolated) {
  name: 'data-endpoints'
  params: {
    namePrefix: '${prefix}-${suffix}'
    location: location
    tags: tags
    azureCloud: azureCloud
    networkId: isolated ? network.outputs.id : ''
    subnetId: isolated ? network.outputs.endpointSubnetId : ''
    storageId: storage.outputs.id
    vaultId: vault.outputs.id
    siteId: ''
  }
}

module app 'modules/function-app.bicep' = {
  name: 'function-app'
  params: {
    name: '${prefix}-app-${suffix}'
    location: location
    tags: tags
    azureCloud: azureCloud
    identityId: identity.id
    identityClientId: identity.properties.clientId
    storageName: storage.outputs.name
    deploymentContainer: storage.outputs.deploymentContainer
    vaultUri: vault.outputs.uri
    insightsName: monitoring.outputs.insightsName
    subnetId: isolated ? network.outputs.appSubnetId : ''
    publicAccess: networkIsolation != 'full'
    dailySchedule: dailySchedule
    hourlySchedule: hourlySchedule
    maximumInstanceCount: maximumInstanceCount
    alwaysReadyCount: alwaysReadyCount
    apiClientId: apiClientId
    apiAllowedClientIds: allowedClientIds
    portalOrigins: origins
    signInClientId: signInClientId
    signInSecretName: signInSecretName
    signInReturnUrls: returnUrls
    extraSettings: extraSettings
  }
  dependsOn: [
    roles
    dataEndpoints
  ]
}

module siteEndpoint 'modules/private-endpoints.bicep' = if (networkIsolation == 'full') {
  name: 'site-endpoint'
  params: {
    namePrefix: '${prefix}-${suffix}'
    location: location
    tags: tags
    azureCloud: azureCloud
    networkId: isolated ? network.outputs.id : ''
    subnetId: isolated ? network.outputs.endpointSubnetId : ''
    storageId: ''
    vaultId: ''
    siteId: app.outputs.id
  }
}

module alerts 'modules/alerts.bicep' = {
  name: 'alerts'
  params: {
    namePrefix: '${prefix}-${suffix}'
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
    emails: emails
  }
}

module workbook 'modules/workbook.bicep' = {
  name: 'workbook'
  params: {
    namePrefix: '${prefix}-${suffix}'
    location: location
    tags: tags
    insightsId: monitoring.outputs.insightsId
  }
}

@description('Base address of the HTTP API.')
output API_URL string = 'https://${app.outputs.hostName}/api'

@description('Name of the function app, for az functionapp commands.')
output FUNCTION_APP_NAME string = app.outputs.name

@description('Name of the vault that keeps the credentials of connections.')
output KEY_VAULT_NAME string = vault.outputs.name

@description('Object id of the identity of the app: infra/reader-access.bicep gives it access to subscriptions.')
output IDENTITY_PRINCIPAL_ID string = identity.properties.principalId

@description('Client id of the identity of the app: the subject of a federated credential is its object id.')
output IDENTITY_CLIENT_ID string = identity.properties.clientId
