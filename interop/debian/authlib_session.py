"""Authlib's session for requests. The argument is its token_endpoint_auth_method."""
import json
import os
import sys

import authlib
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session

TOKEN_ENDPOINT = os.environ["TEPIN_URL"] + "/oauth/token"


def session(secret):
    return OAuth2Session(os.environ["TEPIN_CLIENT_ID"], secret, token_endpoint_auth_method=sys.argv[1])


def get(client):
    return client.fetch_token(TOKEN_ENDPOINT, grant_type="client_credentials", audience=os.environ["TEPIN_AUDIENCE"])


client = session(os.environ["TEPIN_CLIENT_SECRET"])
first = get(client)
again = get(client)
page = client.get(os.environ["TEPIN_TEMPLATES"])
page.raise_for_status()
try:
    get(session(os.environ["TEPIN_WRONG_SECRET"]))
    sys.exit("a wrong secret gives a token")
except OAuthError as e:
    refused = e.error

print(json.dumps({
    "version": authlib.__version__,
    "token": first["access_token"],
    "again": again["access_token"],
    "expiresIn": first["expires_in"],
    "names": [t["name"] for t in page.json()["data"]],
    "refused": {"wrong secret": refused},
}))
