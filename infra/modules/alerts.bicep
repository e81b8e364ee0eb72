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
    title: 'No hourly sync was planned and ended well in two hours'
    severity: 1
    query: 'let ticks = toscalar(requests | where timestamp > ago(2h) and name == "plan_hourly_syncs" and success == true | count); ${events} | where timestamp > ago(2h) and event in ("syncs_planned", "sync_run_finished") | summarize due = countif(timestamp < ago(1h) and event == "syncs_planned" and message has "frequency=hourly" and not(message has "planned=0")), ended = countif(event == "sync_run_finished" and message has "trigger=hourly" and not(message has "status=failed")) | project found = iff(ticks == 0 or (due > 0 and ended == 0), 0, 1)'
    operator: 'LessThan'
    threshold: 1
    frequency: 'PT30M'
    window: 'PT2H'
    lookBack: 'PT2H'
    stateful: true
  }
  {
    name: 'daily-missing'
    title: 'No daily sync was planned and ended well in 25 hours'
    severity: 1
    query: 'let ticks = toscalar(requests | where timestamp > ago(25h) and name == "plan_daily_syncs" and success == true | count); ${events} | where timestamp > ago(25h) and event in ("syncs_planned", "sync_run_finished") | summarize due = countif(timestamp < ago(1h) and event == "syncs_planned" and message has "frequency=daily" and not(message has "planned=0")), ended = countif(event == "sync_run_finished" and message has "trigger=daily" and not(message has "status=failed")) | project found = iff(ticks == 0 or (due > 0 and ended == 0), 0, 1)'
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
