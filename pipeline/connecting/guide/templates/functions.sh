# What every way to connect needs. The variables above are the app's; Azure keeps everything else.
set -euo pipefail
umask 077

graph_id=00000003-0000-0000-c000-000000000000 # Microsoft Graph, in every cloud

stop() {
  printf 'Stopped: %s\n' "$1" >&2
  exit 1
}

# Write one value that the connect form asks for.
tell() {
  printf '%-20s %s\n' "$1" "$2"
}

# What was made a moment ago may not be known everywhere yet: try again for a minute.
patiently() {
  local try
  for try in 1 2 3 4 5 6; do
    "$@" && return 0
    [ "$try" = 6 ] || sleep 10
  done
  stop "This failed again and again; the message above says why: $*"
}

# Check what is needed, choose the cloud, and leave the chosen subscription of the Azure CLI as it was.
start() {
  [ "${#subscriptions[@]}" -gt 0 ] || stop "Write your subscription IDs between the brackets of subscriptions=()."
  command -v az >/dev/null || stop "The Azure CLI is missing. Open Cloud Shell (Bash), or see https://aka.ms/azure-cli."
  [ "$(az cloud show --query name --output tsv)" = "$cloud" ] || az cloud set --name "$cloud"
  before=$(az account show --query id --output tsv) || stop "Sign in first: az login"
  trap 'az account set --subscription "$before" </dev/null' EXIT
}

# Find the one tenant of all subscriptions, and work in it.
enter_tenant() {
  local subscription found
  tenant_id=''
  for subscription in "${subscriptions[@]}"; do
    found=$(az account show --subscription "$subscription" --query tenantId --output tsv) ||
      stop "You do not see subscription $subscription. Sign in to its tenant too: az login --tenant TENANT_ID"
    [ -z "$tenant_id" ] || [ "$tenant_id" = "$found" ] ||
      stop "The subscriptions are in several tenants. Run this once for each tenant."
    tenant_id=$found
  done
  az account set --subscription "${subscriptions[0]}"
}

# Take the application of this name, or register it. Takes who may use it.
take_application() {
  client_id=$(az ad app list --filter "displayName eq '$application_name'" --query '[].appId' --output tsv)
  case $client_id in
  *$'\n'*) stop "There are several applications named $application_name. Choose another application_name." ;;
  '') client_id=$(az ad app create --display-name "$application_name" --sign-in-audience "$1" --query appId --output tsv) ;;
  esac
}

# Take the service principal of an application or identity. Takes the client ID.
find_principal() {
  principal=$(az ad sp list --filter "appId eq '$1'" --query '[].id' --output tsv)
}

# Take the service principal of the application in this tenant, or create it.
take_principal() {
  find_principal "$client_id"
  if [ -z "$principal" ]; then
    patiently az ad sp create --id "$client_id" --output none
    find_principal "$client_id"
  fi
  [ -n "$principal" ] || stop "The service principal is not there yet. Run this again in a minute."
}

# Assign what is not assigned yet. Takes what the principal is.
assign_roles() {
  local subscription role scope held
  for subscription in "${subscriptions[@]}"; do
    scope=/subscriptions/$subscription
    held=$(az role assignment list --scope "$scope" --query "[?principalId=='$principal'].roleDefinitionId" --output tsv)
    for role in "${roles[@]}"; do
      case $held in
      *"$role"*) ;;
      *) patiently az role assignment create --assignee-object-id "$principal" --assignee-principal-type "$1" \
        --role "$role" --scope "$scope" --output none ;;
      esac
    done
  done
}

# Find the ids of the permissions of Microsoft Graph by name: they differ between clouds.
find_permissions() {
  local permission id known
  permission_ids=''
  known=$(az ad sp show --id "$graph_id" --output tsv \
    --query "appRoles[?contains(allowedMemberTypes, 'Application')].[value, id]")
  for permission in "${graph_permissions[@]}"; do
    id=$(printf '%s\n' "$known" | awk -F '\t' -v name="$permission" '$1 == name { print $2 }')
    [ -n "$id" ] || printf 'This cloud has no permission %s: its checks stay unknown.\n' "$permission" >&2
    permission_ids="$permission_ids $id"
  done
}

# Show the permissions under API permissions of the application, where an administrator looks for them.
declare_graph() {
  local id listed
  [ "$graph" = yes ] || return 0
  find_permissions
  listed=$(az ad app permission list --id "$client_id" --query "[?resourceAppId=='$graph_id'].resourceAccess[].id" --output tsv)
  for id in $permission_ids; do
    case $listed in
    *"$id"*) ;;
    *) az ad app permission add --id "$client_id" --api "$graph_id" --api-permissions "$id=Role" --output none ;;
    esac
  done
}

# Consent to what is not consented to yet, for this principal.
grant_graph() {
  local id held resource url
  [ "$graph" = yes ] || return 0
  [ -n "${permission_ids:-}" ] || find_permissions
  url=$graph_url/v1.0/servicePrincipals/$principal/appRoleAssignments
  resource=$(az ad sp show --id "$graph_id" --query id --output tsv)
  held=$(az rest --method get --url "$url" --query 'value[].appRoleId' --output tsv)
  for id in $permission_ids; do
    case $held in
    *"$id"*) ;;
    *) az rest --method post --url "$url" --headers Content-Type=application/json --output none \
      --body "{\"principalId\":\"$principal\",\"resourceId\":\"$resource\",\"appRoleId\":\"$id\"}" ;;
    esac
  done
}
