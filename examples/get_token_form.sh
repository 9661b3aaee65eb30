#!/bin/sh
# Asks for an access token with a form body. The body comes from standard input, so
# that the secret is not in the list of processes.
set -eu

curl --silent --show-error --fail-with-body \
	--header 'Content-Type: application/x-www-form-urlencoded' \
	--data @- \
	"$TEPIN_URL/oauth/token" <<EOT
grant_type=client_credentials&audience=https%3A%2F%2Fchiligrafx.com&client_id=$TEPIN_CLIENT_ID&client_secret=$TEPIN_CLIENT_SECRET
EOT
