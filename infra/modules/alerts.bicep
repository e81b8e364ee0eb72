// What somebody must be told of. Each rule has its entry in the runbook: docs/operations.md.
param namePrefix string
param location string
param tags object
param insightsId string
param emails array

var events = 'traces | extend event = extract("^([a-z_]+)", 1, message)'

var rules = [
  {
    name: 'sync-failed'
    title: 'A sync run failed'
    severity: 2
    query: '${events} | where event == "sync_run_finished" and message has "status=failed" | summarize found = count()'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT15M'
    lookBack: 'PT15M'
    stateful: true
  }
  {
    name: 'poison-message'
    title: 'A sync run was given up after its last attempt'
    severity: 2
    query: 'requests | where name == "give_up_sync" | summarize found = count()'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'PT15M'
    window: 'PT15M'
    lookBack: 'PT15M'
    stateful: true
  }
  {
    name: 'hourly-missing'
    title: 'Hourly syncs were not planned for two hours'
    severity: 1
    query: 'requests | where timestamp > ago(2h) and name == "plan_hourly_syncs" and success == true | summarize found = count()'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT30M'
    window: 'PT2H'
    lookBack: 'PT2H'
    stateful: true
  }
  {
    name: 'daily-missing'
    title: 'Daily syncs were not planned for 25 hours'
    severity: 1
    query: 'requests | where timestamp > ago(25h) and name == "plan_daily_syncs" and success == true | summarize found = count()'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT1H'
    window: 'P1D'
    // A window has no 25 hours: the query is given two days and looks at 25 hours of them.
    lookBack: 'P2D'
    stateful: true
  }
  {
    name: 'secret-expiring'
    title: 'A credential of a connection ends soon'
    severity: 3
    query: '${events} | where event == "secret_expiring" | summarize found = count()'
    operator: 'GreaterThan'
    threshold: 0
    frequency: 'P1D'
    window: 'P1D'
    lookBack: 'P1D'
    // Azure keeps no state of a rule that is looked at less often than every 12 hours: each day tells anew.
    stateful: false
  }
  {
    name: 'throttling'
    title: 'Azure throttles the reads of syncs'
    severity: 3
    query: '${events} | where event == "throttled" | summarize found = count()'
    operator: 'GreaterThan'
    threshold: 100
    frequency: 'PT1H'
    window: 'PT1H'
    lookBack: 'PT1H'
    stateful: true
  }
]

resource recipients 'Microsoft.Insights/actionGroups@2023-01-01' = if (!empty(emails)) {
  name: '${namePrefix}-recipients'
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'evidence'
    enabled: true
    emailReceivers: [for (address, index) in emails: {
      name: 'email-${index}'
      emailAddress: address
      useCommonAlertSchema: true
    }]
  }
}

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [for rule in rules: {
  name: '${namePrefix}-${rule.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: rule.title
    enabled: true
    severity: rule.severity
    scopes: [
      insightsId
    ]
    evaluationFrequency: rule.frequency
    windowSize: rule.window
    overrideQueryTimeRange: rule.lookBack
    autoMitigate: rule.stateful
    criteria: {
      allOf: [
        {
          query: rule.query
          timeAggregation: 'Total'
          metricMeasureColumn: 'found'
          operator: rule.operator
          threshold: rule.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    actions: {
      actionGroups: empty(emails) ? [] : [
        recipients.id
      ]
    }
  }
}]
