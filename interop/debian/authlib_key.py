"""Authlib's session for requests: signs assertions with a key of its own (RFC 7523). The
argument is the algorithm."""
import json
import os
import sys

import authlib
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey
from authlib.oauth2.rfc7523 import PrivateKeyJWT

TOKEN_ENDPOINT = os.environ["TEPIN_URL"] + "/oauth/token"
ALG = sys.argv[1]


def session(key):
    client = OAuth2Session(os.environ["TEPIN_CLIENT_ID"], key, token_endpoint_auth_method="private_key_jwt")
    client.register_client_auth_method(PrivateKeyJWT(TOKEN_ENDPOINT, headers={"kid": own["kid"]}, alg=ALG))
    return client


def get(client):
    return client.fetch_token(TOKEN_ENDPOINT, grant_type="client_credentials", audience=os.environ["TEPIN_AUDIENCE"])


own = json.loads(os.environ["TEPIN_PRIVATE_KEY"])
if ALG == "ES256":
    strange = JsonWebKey.generate_key("EC", "P-256", is_private=True)
else:
    strange = JsonWebKey.generate_key("RSA", 2048, is_private=True)

client = session(JsonWebKey.import_key(own))
first = get(client)
again = get(client)
page = client.get(os.environ["TEPIN_TEMPLATES"])
page.raise_for_status()
try:
    get(session(strange))
    sys.exit("another key gets a token")
except OAuthError as e:
    refused = e.error

print(json.dumps({
    "version": authlib.__version__,
    "token": first["access_token"],
    "again": again["access_token"],
    "expiresIn": first["expires_in"],
    "names": [t["name"] for t in page.json()["data"]],
    "refused": {"another key": refused},
}))
