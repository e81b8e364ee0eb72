main() {
  start
  [ -n "$identity" ] || stop "Write the client ID of the Function App's identity after identity= (Identity > User assigned)."
  enter_tenant
  find_principal "$identity"
  [ -n "$principal" ] ||
    stop "The tenant of these subscriptions has no identity $identity. For another tenant than the app's, connect by federated."
  assign_roles ServicePrincipal
  grant_graph
  tell client_id "$identity"
}

main </dev/null
