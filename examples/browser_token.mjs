// A back end that keeps its secret and its token, and gives its page a lesser token: one
// that only reads, works in this page alone, and for ten minutes at most. Needs Node 18
// or later. The page's origin, http://127.0.0.1:3000 unless PORT says otherwise, must be
// on the integration's list of web pages.
import { createServer } from "node:http";

const { TEPIN_URL, TEPIN_CLIENT_ID, TEPIN_CLIENT_SECRET, TEPIN_ENVIRONMENT = "demo", PORT = "3000" } = process.env;
if (!TEPIN_URL || !TEPIN_CLIENT_ID || !TEPIN_CLIENT_SECRET) {
  console.error("TEPIN_URL, TEPIN_CLIENT_ID and TEPIN_CLIENT_SECRET must be set");
  process.exit(1);
}
const origin = `http://127.0.0.1:${PORT}`;

// ask makes one token request. None of the browser's headers are passed on.
async function ask(parameters) {
  const answer = await fetch(`${TEPIN_URL}/oauth/token`, {
    method: "POST",
    body: new URLSearchParams({ client_id: TEPIN_CLIENT_ID, client_secret: TEPIN_CLIENT_SECRET, ...parameters }),
  });
  const body = await answer.json();
  if (!answer.ok) throw new Error(`${answer.status} ${body.error}: ${body.error_description}`);
  return body;
}

async function tokenForThePage() {
  const own = await ask({ grant_type: "client_credentials" }); // the same one until an hour before its end
  return ask({
    grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
    subject_token: own.access_token,
    subject_token_type: "urn:ietf:params:oauth:token-type:access_token",
    scope: "template:list",
    origin,
  });
}

// In a real shop this stands behind the shop's own sign-in.
async function answer(request, response) {
  if (request.url === "/token") {
    const { access_token, expires_in } = await tokenForThePage();
    response.setHeader("Content-Type", "application/json");
    response.setHeader("Cache-Control", "no-store");
    return response.end(JSON.stringify({ access_token, expires_in }));
  }
  response.setHeader("Content-Type", "text/html; charset=utf-8");
  response.end(page);
}

const page = `<!doctype html>
<link rel="icon" href="data:,">
<title>Templates</title>
<ul id="templates"></ul>
<script type="module">
  const { access_token } = await (await fetch("/token")).json();
  const answer = await fetch("${TEPIN_URL}/grafx/api/v1/environment/${TEPIN_ENVIRONMENT}/templates", {
    headers: { Authorization: "Bearer " + access_token },
  });
  const { data, detail } = await answer.json();
  for (const { name } of data ?? [{ name: detail }]) {
    document.querySelector("#templates").append(Object.assign(document.createElement("li"), { textContent: name }));
  }
</script>`;

createServer((request, response) =>
  answer(request, response).catch((error) => {
    console.error(error.message);
    response.statusCode = 502;
    response.end();
  }),
).listen(Number(PORT), "127.0.0.1", () => console.log(`open ${origin}`));
