#!/bin/sh
# curl and sed. The argument says how the client proves who it is: basic, form or json.
set -eu

request() { # SECRET
  case $how in
    basic) curl -sS -u "$TEPIN_CLIENT_ID:$1" -d grant_type=client_credentials -d audience="$TEPIN_AUDIENCE" "$TEPIN_URL/oauth/token" -w ' %{http_code}' ;;
    form) curl -sS -d grant_type=client_credentials -d audience="$TEPIN_AUDIENCE" -d client_id="$TEPIN_CLIENT_ID" -d client_secret="$1" "$TEPIN_URL/oauth/token" -w ' %{http_code}' ;;
    json) curl -sS -H 'Content-Type: application/json' -d "{\"grant_type\":\"client_credentials\",\"audience\":\"$TEPIN_AUDIENCE\",\"client_id\":\"$TEPIN_CLIENT_ID\",\"client_secret\":\"$1\"}" "$TEPIN_URL/oauth/token" -w ' %{http_code}' ;;
  esac
}
text() { sed -n 's/.*"'"$1"'":"\([^"]*\)".*/\1/p'; }
number() { sed -n 's/.*"'"$1"'":\([0-9]*\).*/\1/p'; }

how=$1
first=$(request "$TEPIN_CLIENT_SECRET")
again=$(request "$TEPIN_CLIENT_SECRET")
token=$(echo "$first" | text access_token)
page=$(curl -sSf -H "Authorization: Bearer $token" "$TEPIN_TEMPLATES")
refused=$(request "$TEPIN_WRONG_SECRET")

printf '{"version":"%s","token":"%s","again":"%s","expiresIn":%s,"names":["%s"],"refused":{"wrong secret":"%s %s"}}\n' \
  "$(curl -V | sed -n '1s/curl \([^ ]*\).*/\1/p')" "$token" "$(echo "$again" | text access_token)" \
  "$(echo "$first" | number expires_in)" "$(echo "$page" | text name)" "${refused##* }" "$(echo "$refused" | text error)"
