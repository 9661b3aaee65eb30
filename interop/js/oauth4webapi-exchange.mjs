// oauth4webapi: swaps a token for one that a web page may have (RFC 8693).
import * as oauth from 'oauth4webapi'
import { audience, id, issuer, names, origin, refusal, report, secret, templates, version } from './lib.mjs'

const client = { client_id: id }
const authenticate = oauth.ClientSecretBasic(secret)
const discovery = await oauth.discoveryRequest(new URL(issuer), { algorithm: 'oauth2' })
const server = await oauth.processDiscoveryResponse(new URL(issuer), discovery)

const granted = await oauth.clientCredentialsGrantRequest(server, client, authenticate, { audience })
const parent = await oauth.processClientCredentialsResponse(server, client, granted)

const accessToken = 'urn:ietf:params:oauth:token-type:access_token'
const exchange = async (subject_token) => {
  const parameters = { subject_token, subject_token_type: accessToken, scope: 'template:read template:list', origin }
  const grant = 'urn:ietf:params:oauth:grant-type:token-exchange'
  const answer = await oauth.genericTokenEndpointRequest(server, client, authenticate, grant, parameters)
  return oauth.processGenericTokenEndpointResponse(server, client, answer)
}
const lesser = await exchange(parent.access_token)

// The page's requests, of which the browser says where they come from.
const use = async (method, headers) => {
  const answer = await oauth.protectedResourceRequest(lesser.access_token, method, new URL(templates), new Headers(headers))
  if (!answer.ok) throw Object.assign(new Error(), { status: answer.status })
  return names(await answer.json())
}
const say = (e) => [e.status, e.error ?? e.cause?.[0]?.parameters.error].filter(Boolean).join(' ')
const found = {
  version: version('oauth4webapi'),
  token: lesser.access_token,
  again: parent.access_token,
  expiresIn: lesser.expires_in,
  type: lesser.issued_token_type,
  names: await use('GET', { origin }),
  refused: {
    'another page': await refusal(() => use('GET', { origin: 'https://evil.example' }), say),
    'no page': await refusal(() => use('GET', {}), say),
    'a write': await refusal(() => use('POST', { origin }), say),
    'the lesser token again': await refusal(() => exchange(lesser.access_token), say),
  },
}
await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, authenticate, parent.access_token))
found.refused['a token whose parent is revoked'] = await refusal(() => use('GET', { origin }), say)
report(found)
