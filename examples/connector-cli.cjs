// Has the connector tool sign in at your server: it knows one login host and no other.
//
//   TEPIN_URL=https://tepin.example.com NODE_OPTIONS="--require ./connector-cli.cjs" connector-cli login
//
// Requests to any other host are refused. Nothing else of the program is touched.
'use strict';
const fixed = /^https:\/\/login\.chiligrafx(-dev)?\.com\//;
const server = process.env.TEPIN_URL;
const fetched = globalThis.fetch;
if (server) {
  globalThis.fetch = (url, ...rest) => {
    if (!fixed.test(url) && !String(url).startsWith(`${server}/`)) throw new Error(`a request to ${url}`);
    return fetched(String(url).replace(fixed, `${server}/`), ...rest);
  };
}
