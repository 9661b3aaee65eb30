"""requests-oauthlib. The argument "basic" has it send the Basic scheme, "post" the body."""
import json
import os
import sys

import requests_oauthlib
from oauthlib.oauth2 import BackendApplicationClient
from oauthlib.oauth2.rfc6749.errors import OAuth2Error
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

CLIENT_ID = os.environ["TEPIN_CLIENT_ID"]


def get(session, secret):
    how = {"auth": HTTPBasicAuth(CLIENT_ID, secret)}
    if sys.argv[1] == "post":
        how = {"client_id": CLIENT_ID, "client_secret": secret, "include_client_id": True}
    return session.fetch_token(os.environ["TEPIN_URL"] + "/oauth/token", audience=os.environ["TEPIN_AUDIENCE"], **how)


session = OAuth2Session(client=BackendApplicationClient(CLIENT_ID))
first = get(session, os.environ["TEPIN_CLIENT_SECRET"])
again = get(session, os.environ["TEPIN_CLIENT_SECRET"])
page = session.get(os.environ["TEPIN_TEMPLATES"])
page.raise_for_status()
try:
    get(OAuth2Session(client=BackendApplicationClient(CLIENT_ID)), os.environ["TEPIN_WRONG_SECRET"])
    sys.exit("a wrong secret gives a token")
except OAuth2Error as e:
    refused = f"{e.status_code} {e.error}"

print(json.dumps({
    "version": requests_oauthlib.__version__,
    "token": first["access_token"],
    "again": again["access_token"],
    "expiresIn": first["expires_in"],
    "names": [t["name"] for t in page.json()["data"]],
    "refused": {"wrong secret": refused},
}))
