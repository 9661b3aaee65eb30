// Asks for an access token. Needs Node 18 or later.
const { TEPIN_URL, TEPIN_CLIENT_ID, TEPIN_CLIENT_SECRET } = process.env;
if (!TEPIN_URL || !TEPIN_CLIENT_ID || !TEPIN_CLIENT_SECRET) {
  console.error("TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set");
  process.exit(1);
}

const answer = await fetch(`${TEPIN_URL}/oauth/token`, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({
    grant_type: "client_credentials",
    audience: "https://chiligrafx.com",
    client_id: TEPIN_CLIENT_ID,
    client_secret: TEPIN_CLIENT_SECRET,
  }),
});
const body = await answer.text();
if (answer.ok) {
  console.log(body);
} else {
  console.error(`${answer.status}: ${body}`);
  process.exitCode = 1;
}
