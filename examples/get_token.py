"""Asks for an access token. Needs the package requests."""

import os
import sys

import requests

needed = ("TEPIN_URL", "TEPIN_CLIENT_ID", "TEPIN_CLIENT_SECRET")
if not all(os.environ.get(name) for name in needed):
    sys.exit("TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set")

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
