#!/bin/sh
# Asks for an access token with a JSON body. The body comes from standard input, so
# that the secret is not in the list of processes.
set -eu

curl --silent --show-error --fail-with-body \
	--header 'Content-Type: application/json' \
	--data @- \
	"$TEPIN_URL/oauth/token" <<EOT
{
  "grant_type": "client_credentials",
  "audience": "https://chiligrafx.com",
  "client_id": "$TEPIN_CLIENT_ID",
  "client_secret": "$TEPIN_CLIENT_SECRET"
}
EOT
