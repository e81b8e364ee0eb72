// The questions of docs/operations.md with their answers, to be looked at under Application Insights > Workbooks.
param namePrefix string
param location string
param tags object
param insightsId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(resourceGroup().id, namePrefix, 'workbook')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Azure Evidence Connector'
    category: 'workbook'
    sourceId: insightsId
    serializedData: replace(loadTextContent('../../docs/workbook.json'), 'APPLICATION_INSIGHTS_ID', insightsId)
  }
}
