// Loaded before connector-cli, which knows one login host and no other: its requests go
// to the server of the test. Nothing else of the program is touched.
'use strict';
const fixed = /^https:\/\/login\.chiligrafx(-dev)?\.com\//;
const server = process.env.TEPIN_TEST_SERVER;
const fetched = globalThis.fetch;
globalThis.fetch = (url, ...rest) => {
  if (!fixed.test(url) && !String(url).startsWith(`${server}/`)) throw new Error(`a request to ${url}`);
  return fetched(String(url).replace(fixed, `${server}/`), ...rest);
};
