pem=$HOME/azure-evidence-connector.pem

# Certificate and private key in one file that only you can read. One that lasts is used again.
take_certificate() {
  if [ ! -s "$pem" ] || ! openssl x509 -in "$pem" -noout -checkend 2592000 >/dev/null; then
    openssl req -x509 -newkey rsa:3072 -sha256 -nodes -days 365 -subj "/CN=$application_name" \
      -keyout "$pem.key" -out "$pem.crt" 2>/dev/null
    cat "$pem.crt" "$pem.key" >"$pem.new"
    mv "$pem.new" "$pem"
    rm "$pem.crt" "$pem.key"
  fi
  chmod 600 "$pem"
}

# Azure is given the certificate without its key, once.
upload_certificate() {
  local label
  label="$application_name $(openssl x509 -in "$pem" -noout -fingerprint -sha1 | sed 's/.*=//; s/://g')"
  if [ -z "$(az ad app credential list --id "$client_id" --cert --query "[?displayName=='$label'].keyId" --output tsv)" ]; then
    openssl x509 -in "$pem" -out "$pem.crt"
    az ad app credential reset --id "$client_id" --append --display-name "$label" --cert "@$pem.crt" --output none
    rm "$pem.crt"
  fi
}

main() {
  command -v openssl >/dev/null || stop "openssl is missing. Open Cloud Shell (Bash), which has it."
  start
  enter_tenant
  take_application AzureADMyOrg
  take_principal
  assign_roles ServicePrincipal
  declare_graph
  grant_graph
  take_certificate
  upload_certificate
  tell tenant_id "$tenant_id"
  tell client_id "$client_id"
  tell certificate_pem "paste the whole text of $pem, then delete the file"
}

main </dev/null
