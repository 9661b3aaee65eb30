"""Asks for an access token. Needs the package requests."""

import os
import sys

import requests

answer = requests.post(
    os.environ["TEPIN_URL"] + "/oauth/token",
    json={
        "grant_type": "client_credentials",
        "audience": "https://chiligrafx.com",
        "client_id": os.environ["TEPIN_CLIENT_ID"],
        "client_secret": os.environ["TEPIN_CLIENT_SECRET"],
    },
    timeout=10,
)
if not answer.ok:
    sys.exit(f"{answer.status_code}: {answer.text}")
print(answer.text)
