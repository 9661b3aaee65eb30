// oauth4webapi: signs assertions with a key of its own (RFC 7523), and has no secret.
import * as oauth from 'oauth4webapi'
import { audience, id, issuer, names, ownKey, refusal, report, strangeKey, templates, version } from './lib.mjs'

const client = { client_id: id }
const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)

const get = async (key) => {
  const answer = await oauth.clientCredentialsGrantRequest(server, client, oauth.PrivateKeyJwt(key), { audience })
  return oauth.processClientCredentialsResponse(server, client, answer)
}
const key = await ownKey()
const first = await get(key)
const again = await get(key)
const page = await oauth.protectedResourceRequest(first.access_token, 'GET', new URL(templates))
const strange = await strangeKey()

report({
  version: version('oauth4webapi'),
  token: first.access_token,
  again: again.access_token,
  expiresIn: first.expires_in,
  names: names(await page.json()),
  refused: { 'another key': await refusal(() => get(strange), (e) => `${e.status} ${e.error ?? e.cause[0].parameters.error}`) },
})
