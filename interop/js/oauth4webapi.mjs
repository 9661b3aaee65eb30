// oauth4webapi: every step checked by the library. The argument says how the client proves who it is.
import * as oauth from 'oauth4webapi'
import { audience, id, issuer, names, refusal, report, secret, templates, version, wrongSecret } from './lib.mjs'

const methods = { basic: oauth.ClientSecretBasic, post: oauth.ClientSecretPost }
const authenticate = methods[process.argv[2]]
const client = { client_id: id }

const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)

const get = async (s) => {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, authenticate(s), { audience })
  return oauth.processClientCredentialsResponse(server, client, answer)
}
const first = await get(secret)
const again = await get(secret)
const page = await oauth.protectedResourceRequest(first.access_token, 'GET', new URL(templates))

report({
  version: version('oauth4webapi'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: names(await page.json()),
  refused: {
    // The library shows the challenge of a 401 first, and the body behind it.
    'wrong secret': await refusal(() => get(wrongSecret), (e) => `${e.status} ${e.cause[0].parameters.error}`),
  },
})
