// The app itself on Flex Consumption: its code, its settings, and Easy Auth in front of its own token check.
param name string
param location string
param tags object
param azureCloud string
param identityId string
param identityClientId string
param storageName string
param deploymentContainer string
param vaultUri string
param insightsName string
param subnetId string
param publicAccess bool
param dailySchedule string
param hourlySchedule string
param maximumInstanceCount int
param alwaysReadyCount int
param apiClientId string
param apiAllowedClientIds array
param portalOrigins array
param signInClientId string
param signInSecretName string
param signInReturnUrls array
param extraSettings object

// Demanded of every token by Easy Auth, and again by the app itself.
var apiAudience = 'api://${apiClientId}'
var blobEndpoint = 'https://${storageName}.blob.${environment().suffixes.storage}'
var queueEndpoint = 'https://${storageName}.queue.${environment().suffixes.storage}'
var tableEndpoint = 'https://${storageName}.table.${environment().suffixes.storage}'

resource insights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: insightsName
}

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: '${name}-plan'
  location: location
  tags: tags
  kind: 'functionapp'
  // checkov:skip=CKV_AZURE_225:not every region with Flex Consumption has zones; nothing is lost while it is down
  sku: {
    tier: 'FlexConsumption'
    name: 'FC1'
  }
  properties: {
    reserved: true
  }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, {
    'azd-service-name': 'api'
  })
  kind: 'functionapp,linux'
  // checkov:skip=CKV_AZURE_222:networkIsolation full makes it private; a portal outside must reach it otherwise
  // checkov:skip=CKV_AZURE_17:callers show a key and an Entra token; browsers of a portal have no certificate
  // checkov:skip=CKV_AZURE_212:Flex Consumption has no minimum of instances; alwaysReadyCount is its counterpart
  // checkov:skip=CKV_AZURE_213:Flex Consumption has no health check setting; alerts watch the runs
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: {
      '${identityId}': {}
    }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    publicNetworkAccess: publicAccess ? 'Enabled' : 'Disabled'
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}/${deploymentContainer}'
          authentication: {
            type: 'UserAssignedIdentity'
            userAssignedIdentityResourceId: identityId
          }
        }
      }
      runtime: {
        name: 'python'
        version: '3.13'
      }
      scaleAndConcurrency: {
        instanceMemoryMB: 2048
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReadyCount == 0 ? [] : [
          {
            name: 'http'
            instanceCount: alwaysReadyCount
          }
        ]
      }
    }
    siteConfig: {
      ftpsState: 'Disabled'
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
      // The platform answers preflights before Easy Auth would refuse them; the app knows the same origins.
      cors: {
        allowedOrigins: portalOrigins
        supportCredentials: false
      }
    }
  }
}

resource noFtp 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'ftp'
  properties: {
    allow: false
  }
}

resource noBasicDeployment 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = {
  parent: site
  name: 'scm'
  properties: {
    allow: false
  }
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  // checkov:skip=CKV_AZURE_222:about the site, not about a part of its configuration
  parent: site
  name: 'appsettings'
  properties: union({
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__clientId: identityClientId
    AzureWebJobsStorage__blobServiceUri: blobEndpoint
    AzureWebJobsStorage__queueServiceUri: queueEndpoint
    AzureWebJobsStorage__tableServiceUri: tableEndpoint
    APPLICATIONINSIGHTS_CONNECTION_STRING: insights.properties.ConnectionString
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${identityClientId};Authorization=AAD'
    AZURE_CLIENT_ID: identityClientId
    AZURE_CLOUD: azureCloud
    KEY_VAULT_URL: vaultUri
    DAILY_SCHEDULE: dailySchedule
    HOURLY_SCHEDULE: hourlySchedule
    PORTAL_ORIGINS: join(portalOrigins, ',')
  }, empty(apiClientId) ? {} : {
    API_AUDIENCE: apiAudience
    API_TENANT_ID: tenant().tenantId
    API_ALLOWED_CLIENT_IDS: join(apiAllowedClientIds, ',')
  }, empty(signInClientId) ? {} : {
    SIGN_IN_CLIENT_ID: signInClientId
    SIGN_IN_CLIENT_SECRET: '@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${signInSecretName})'
    SIGN_IN_REDIRECT_URL: 'https://${site.properties.defaultHostName}/api/sign-in/callback'
    SIGN_IN_RETURN_URLS: join(signInReturnUrls, ',')
  }, extraSettings)
}

resource easyAuth 'Microsoft.Web/sites/config@2024-11-01' = if (!empty(apiClientId)) {
  // checkov:skip=CKV_AZURE_222:about the site, not about a part of its configuration
  parent: site
  name: 'authsettingsV2'
  properties: {
    platform: {
      enabled: true
    }
    globalValidation: {
      requireAuthentication: true
      unauthenticatedClientAction: 'Return401'
      excludedPaths: [
        '/api/health'
        '/api/sign-in/callback'
      ]
    }
    httpSettings: {
      requireHttps: true
    }
    identityProviders: {
      azureActiveDirectory: {
        enabled: true
        registration: {
          clientId: apiClientId
          openIdIssuer: '${environment().authentication.loginEndpoint}${tenant().tenantId}/v2.0'
        }
        validation: {
          allowedAudiences: [
            apiClientId
            apiAudience
          ]
          defaultAuthorizationPolicy: {
            allowedApplications: apiAllowedClientIds
          }
        }
      }
    }
    login: {
      tokenStore: {
        enabled: false
      }
    }
  }
}

output id string = site.id
output name string = site.name
output hostName string = site.properties.defaultHostName
