// The vault of the credentials that connections use. Access by role only; what is deleted stays recoverable.
param name string
param location string
param tags object
param publicAccess bool
param keep bool
param workspaceId string

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_109:it is Deny wherever networkIsolation is not off, which is the default
  properties: {
    tenantId: tenant().tenantId
    sku: {
      family: 'A'
      name: 'standard'
    }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 7
    enablePurgeProtection: true
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicAccess ? 'Allow' : 'Deny'
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: vault
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        categoryGroup: 'audit'
        enabled: true
      }
    ]
  }
}

resource lock 'Microsoft.Authorization/locks@2020-05-01' = if (keep) {
  name: 'keep-credentials'
  scope: vault
  properties: {
    level: 'CanNotDelete'
    notes: 'Holds the credentials of connections: see docs/deploy.md before you remove this lock.'
  }
}

output id string = vault.id
output name string = vault.name
output uri string = vault.properties.vaultUri
