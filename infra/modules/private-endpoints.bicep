// Private endpoints, each with its DNS zone: of storage (blob, queue, table) and the vault, or of the app; '' leaves out.
param namePrefix string
param location string
param tags object
param azureCloud string
param networkId string
param subnetId string
param storageId string
param vaultId string
param siteId string

// https://learn.microsoft.com/azure/private-link/private-endpoint-dns
var zonesByCloud = {
  AzureCloud: {
    vault: 'privatelink.vaultcore.azure.net'
    site: 'privatelink.azurewebsites.net'
  }
  AzureUSGovernment: {
    vault: 'privatelink.vaultcore.usgovcloudapi.net'
    site: 'privatelink.azurewebsites.us'
  }
  AzureChinaCloud: {
    vault: 'privatelink.vaultcore.azure.cn'
    site: 'privatelink.chinacloudsites.cn'
  }
}

var dataTargets = [
  {
    name: 'blob'
    groupId: 'blob'
    resourceId: storageId
    zone: 'privatelink.blob.${environment().suffixes.storage}'
  }
  {
    name: 'queue'
    groupId: 'queue'
    resourceId: storageId
    zone: 'privatelink.queue.${environment().suffixes.storage}'
  }
  {
    name: 'table'
    groupId: 'table'
    resourceId: storageId
    zone: 'privatelink.table.${environment().suffixes.storage}'
  }
  {
    name: 'vault'
    groupId: 'vault'
    resourceId: vaultId
    zone: zonesByCloud[azureCloud].vault
  }
]

var siteTargets = [
  {
    name: 'site'
    groupId: 'sites'
    resourceId: siteId
    zone: zonesByCloud[azureCloud].site
  }
]

var targets = concat(empty(storageId) ? [] : dataTargets, empty(siteId) ? [] : siteTargets)

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [for target in targets: {
  name: target.zone
  location: 'global'
  tags: tags
}]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [for (target, index) in targets: {
  parent: zones[index]
  name: '${namePrefix}-${target.name}'
  location: 'global'
  tags: tags
  properties: {
    registrationEnabled: false
    virtualNetwork: {
      id: networkId
    }
  }
}]

// One after the other: a storage account refuses a second endpoint while it takes the first.
@batchSize(1)
resource endpoints 'Microsoft.Network/privateEndpoints@2024-05-01' = [for target in targets: {
  name: '${namePrefix}-${target.name}'
  location: location
  tags: tags
  properties: {
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: target.name
        properties: {
          privateLinkServiceId: target.resourceId
          groupIds: [
            target.groupId
          ]
        }
      }
    ]
  }
}]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-05-01' = [for (target, index) in targets: {
  parent: endpoints[index]
  name: 'default'
  properties: {
    privateDnsZoneConfigs: [
      {
        name: target.name
        properties: {
          privateDnsZoneId: zones[index].id
        }
      }
    ]
  }
}]
