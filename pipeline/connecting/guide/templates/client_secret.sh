# The value of a secret is shown once. So a second run makes no other, unless it ended or you ask for one.
take_secret() {
  ends=$(newest_end)
  secret='there is one already, and Azure does not show it again; for another set new_secret=yes'
  if [ "$new_secret" = yes ] || [[ "$ends" < "$(date -u +%Y-%m-%dT%H:%M:%SZ)" ]]; then
    secret=$(az ad app credential reset --id "$client_id" --append --display-name "$application_name" \
      --years 1 --query password --output tsv)
    ends=$(newest_end)
  fi
}

newest_end() {
  az ad app credential list --id "$client_id" --output tsv \
    --query "[?displayName=='$application_name'].endDateTime" | sort | tail -n 1
}

main() {
  start
  enter_tenant
  take_application AzureADMyOrg
  take_principal
  assign_roles ServicePrincipal
  declare_graph
  grant_graph
  take_secret
  tell tenant_id "$tenant_id"
  tell client_id "$client_id"
  tell client_secret "$secret"
  tell secret_expires_on "${ends:0:10}"
}

main </dev/null
