#!/usr/bin/env python3
"""From a template to a PDF: token, project, variables, output, download.

Reads TEPIN_URL, TEPIN_ENVIRONMENT (default: demo), TEPIN_CLIENT_ID and
TEPIN_CLIENT_SECRET; takes the name of the file to write as its argument.
"""

import os
import sys
import time

import requests

if len(sys.argv) != 2:
    sys.exit("usage: render.py FILE.pdf")
needed = ("TEPIN_URL", "TEPIN_CLIENT_ID", "TEPIN_CLIENT_SECRET")
if not all(os.environ.get(name) for name in needed):
    sys.exit("TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set")

url = os.environ["TEPIN_URL"]
api = f"{url}/grafx/api/v1/environment/{os.environ.get('TEPIN_ENVIRONMENT', 'demo')}"
session = requests.Session()


def call(method, link, **options):
    answer = session.request(method, link, timeout=60, **options)
    if not answer.ok:
        sys.exit(f"{method} {link}: {answer.status_code} {answer.text}")
    return answer


token = call("POST", f"{url}/oauth/token", data={
    "grant_type": "client_credentials",
    "audience": "https://chiligrafx.com",
    "client_id": os.environ["TEPIN_CLIENT_ID"],
    "client_secret": os.environ["TEPIN_CLIENT_SECRET"],
}).json()["access_token"]
session.headers["Authorization"] = f"Bearer {token}"

# A project is your own copy of a template.
templates = call("GET", f"{api}/templates", params={"limit": 1}).json()["data"]
if not templates:
    sys.exit("this environment has no template yet: upload one, or use the demo's environment")
template = templates[0]
project = call("POST", f"{api}/projects", json={"name": "From Python", "template": {"id": template["id"]}}).json()

# Its document holds the variables; change values, keep everything else as it is.
document = call("GET", f"{api}/projects/{project['id']}/document").json()
for variable in document["variables"]:
    if variable["type"] == "shortText" and variable["name"] == "Headline":
        variable["value"] = "Hello, Tepin"
call("PUT", f"{api}/projects/{project['id']}/document", json=document)

# An output is a task: start it, ask for it while it is pending (202), download it.
task = call("POST", f"{api}/output/pdf", json={"projectId": project["id"]}).json()
while (answer := call("GET", task["links"]["taskInfo"])).status_code == 202:
    time.sleep(0.2)
pdf = call("GET", answer.json()["links"]["download"]).content

with open(sys.argv[1], "wb") as out:
    out.write(pdf)
print(f"{len(pdf)} bytes in {sys.argv[1]}")
