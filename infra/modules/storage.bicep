// The storage account of queue, tables and deployed code. No key of it works: everything goes by identity.
param name string
param location string
param tags object
param redundancy string
param publicAccess bool
param keep bool

var deploymentContainerName = 'app-package'

resource account 'Microsoft.Storage/storageAccounts@2025-06-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_35:it is Deny wherever networkIsolation is not off, which is the default
  kind: 'StorageV2'
  // checkov:skip=CKV_AZURE_206:the default is zone-redundant, which keeps the data inside its region, as evidence of EU customers often must be
  sku: {
    name: redundancy
  }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
    encryption: {
      requireInfrastructureEncryption: true
      keySource: 'Microsoft.Storage'
      services: {
        blob: {
          enabled: true
          keyType: 'Account'
        }
        queue: {
          enabled: true
          keyType: 'Account'
        }
        table: {
          enabled: true
          keyType: 'Account'
        }
      }
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-06-01' = {
  parent: account
  name: 'default'
  properties: {
    deleteRetentionPolicy: {
      enabled: true
      days: 7
    }
    containerDeleteRetentionPolicy: {
      enabled: true
      days: 7
    }
  }
}

resource deploymentContainer 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' = {
  parent: blobs
  name: deploymentContainerName
  properties: {
    publicAccess: 'None'
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (keep) {
  name: 'keep-evidence'
  scope: account
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the evidence register: see docs/deploy.md before you remove this lock.'
  }
}

output id string = account.id
output name string = account.name
output deploymentContainer string = deploymentContainer.name
