# Only roles: what signing in needs, the app has. The person then signs in from the connect page.
main() {
  start
  enter_tenant
  if [ -n "$person" ]; then
    principal=$(az ad user show --id "$person" --query id --output tsv)
  else
    principal=$(az ad signed-in-user show --query id --output tsv)
  fi
  assign_roles User
  printf 'The roles are assigned. Now sign in from the connect page.\n'
}

main </dev/null
