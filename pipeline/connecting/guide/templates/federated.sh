# The application is registered in the tenant of the identity, and has a service principal in the other tenant.
trust_identity() {
  local subject issuer
  find_principal "$identity"
  subject=$principal
  [ -n "$subject" ] ||
    stop "The tenant you work in has no identity $identity. Choose the Function App's subscription: az account set --subscription ID"
  issuer=$authority/$(az account show --query tenantId --output tsv)/v2.0
  take_application AzureADMultipleOrgs
  declare_graph
  if [ -z "$(az ad app federated-credential list --id "$client_id" --query "[?issuer=='$issuer' && subject=='$subject'].id" --output tsv)" ]; then
    patiently az ad app federated-credential create --id "$client_id" --output none --parameters \
      "{\"name\":\"azure-evidence-connector\",\"issuer\":\"$issuer\",\"subject\":\"$subject\",\"audiences\":[\"$audience\"]}"
  fi
  printf 'The application trusts\n  Issuer    %s\n  Subject   %s\n  Audience  %s\n' "$issuer" "$subject" "$audience"
}

main() {
  start
  [ -n "$identity" ] || stop "Write the client ID of the Function App's user-assigned identity after identity=."
  trust_identity
  enter_tenant
  take_principal
  assign_roles ServicePrincipal
  grant_graph
  tell tenant_id "$tenant_id"
  tell client_id "$client_id"
  tell identity_client_id "$identity"
}

main </dev/null
