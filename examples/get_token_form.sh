#!/bin/sh
# Asks for an access token with a form body. The body comes from standard input, so
# that the secret is not in the list of processes.
set -eu
for name in TEPIN_URL TEPIN_CLIENT_ID TEPIN_CLIENT_SECRET; do
	printenv "$name" | grep -q . || { echo 'TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set' >&2; exit 1; }
done

curl --silent --show-error --fail-with-body \
	--header 'Content-Type: application/x-www-form-urlencoded' \
	--data @- \
	"$TEPIN_URL/oauth/token" <<EOT
grant_type=client_credentials&audience=https%3A%2F%2Fchiligrafx.com&client_id=$TEPIN_CLIENT_ID&client_secret=$TEPIN_CLIENT_SECRET
EOT
