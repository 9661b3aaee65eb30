"""Authlib's session for requests: asks the server about tokens, and revokes one."""
import json
import os
import sys

import authlib
from authlib.integrations.requests_client import OAuth2Session
from requests.exceptions import HTTPError

URL = os.environ["TEPIN_URL"]


def get(client):
    return client.fetch_token(URL + "/oauth/token", grant_type="client_credentials", audience=os.environ["TEPIN_AUDIENCE"])


def ask(client, token):
    answer = client.introspect_token(URL + "/oauth/introspect", token, token_type_hint="access_token")
    answer.raise_for_status()
    return answer.json()


def use(client):
    page = client.get(os.environ["TEPIN_TEMPLATES"])
    page.raise_for_status()
    return [t["name"] for t in page.json()["data"]]


client = OAuth2Session(os.environ["TEPIN_CLIENT_ID"], os.environ["TEPIN_CLIENT_SECRET"])
token = get(client)["access_token"]
found = {"the token": ask(client, token), "a foreign token": ask(client, os.environ["TEPIN_FOREIGN_TOKEN"])}
names = use(client)
client.revoke_token(URL + "/oauth/revoke", token, token_type_hint="access_token").raise_for_status()
found["the revoked token"] = ask(client, token)
try:
    use(client)
    sys.exit("the API takes a revoked token")
except HTTPError as e:
    code = e.response.headers["WWW-Authenticate"].split('error="')[1].split('"')[0]
    refused = f"{e.response.status_code} {code}"

print(json.dumps({
    "version": authlib.__version__,
    "token": token,
    "again": get(client)["access_token"],
    "names": names,
    "introspected": found,
    "refused": {"the revoked token": refused},
}))
